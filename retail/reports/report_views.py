"""Reports: the ready-made ones, and any question to a dataset, as picture, table and file."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from babel.dates import format_skeleton, get_day_names
from flask import abort, g, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retail.core import audit, datasets, html, shown
from retail.core.charts import Chart, Kind, Series, figure
from retail.core.datasets import Dataset
from retail.core.errors import Refused
from retail.core.exports import ask_page, expect, is_made_later
from retail.core.module import allowed, can, person_or_none
from retail.core.table_files import FORMS, check_length, table_file
from retail.permissions import Can
from retail.reports import module
from retail.reports.asking import MOST_ROWS, Answer, Question, answer, summed
from retail.reports.drilling import Drill
from retail.reports.ready_made import BY_KEY, READY_MADE, ReadyMade, periods
from retail.tenancy.queries import current_tenant, locations

SHOWN_ROWS, DRAWN_BARS, DRAWN_POINTS = 500, 12, 370
ACROSS_TIME = {"day", "week", "month", "quarter", "year"}


def _may_ask(dataset: Dataset) -> bool:
    return allowed(dataset.needs, person_or_none())


def _measures(dataset: Dataset) -> dict[str, datasets.Measure]:
    return {name: one for name, one in dataset.measures.items() if one.needs is None or can(one.needs)}


def address_of(report: ReadyMade) -> str:
    """Where a ready-made report is shown."""
    return url_for(
        "reports.show",
        dataset=report.dataset,
        report=report.key,
        measures=report.measures,
        by=report.by,
        period=report.period or None,
        order=report.order,
        where=[f"{name}={value}" for name, values in report.where.items() for value in values],
    )


@module.get("/reports/", needs=Can.VIEW_REPORTS)
def index() -> Response:
    """All reports: those ready to be read, and the datasets to ask oneself."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for report in READY_MADE:
        if (report.needs is None or can(report.needs)) and _may_ask(datasets.get(report.dataset)):
            groups.setdefault(str(report.group), []).append({"report": report, "url": address_of(report)})
    own = [
        {"label": one.label, "about": one.about, "url": url_for("reports.show", dataset=one.name)}
        for one in datasets.DATASETS.values()
        if _may_ask(one)
    ]
    return html.page("reports/index.html", groups=groups, datasets=own)


def _question(dataset: Dataset) -> tuple[Question, str]:
    """What the address asks, limited to what this person may see; and the key of its period."""
    permitted = _measures(dataset)
    measures = tuple(dict.fromkeys(name for name in request.args.getlist("measures") if name in permitted))
    measures = measures or tuple(name for name in dataset.default_measures if name in permitted)
    by = tuple(dict.fromkeys(name for name in request.args.getlist("by") if name in dataset.all_dimensions))[:3]
    known = periods(g.person.tenant.today())
    chosen = request.args.get("period", "30d")
    first, last = _day("from"), _day("to")
    if dataset.at is None:
        chosen, first, last = "", None, None
    elif first or last:
        chosen = "custom"
    else:
        chosen = chosen if chosen in known else "30d"
        _label, first, last = known[chosen]
    where = datasets.read_conditions(
        [condition for condition in request.args.getlist("where") if not condition.endswith("=")]
    )
    added, value = request.args.get("only", ""), request.args.get("is", "").strip()
    if added and value:
        where[added] = [*where.get(added, []), value]
    place = _place(dataset)
    if place:
        where["location"] = [place]
    order = request.args.get("order", "")
    if order.lstrip("-") not in {*measures, *by}:
        order = ""
    return Question(dataset.name, measures, by, first, last, where, order or None), chosen


def _place(dataset: Dataset) -> str:
    """The location the address names, else the one the person works at; empty for all of them."""
    if "location" not in dataset.all_dimensions:
        return ""
    if wanted := request.args.get("location", ""):
        return "" if wanted == "all" else wanted
    here = g.person.location_id
    return next((place.name for place in locations() if place.id == here), "") if here else ""


def _day(name: str) -> date | None:
    text = request.args.get(name, "")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Refused(_("“%(text)s” is no date.", text=text), field=name) from None


@module.get("/reports/<dataset>", needs=Can.VIEW_REPORTS)
def show(dataset: str) -> Any:
    """One question and its answer; with `format` as a file."""
    if dataset not in datasets.DATASETS:
        abort(404)
    source = datasets.get(dataset)
    if not _may_ask(source):
        abort(403)
    tenant = g.person.tenant
    question, period = _question(source)
    answered = answer(question, currency=tenant.currency, totals=True)
    ready = BY_KEY.get(request.args.get("report", ""))
    title = str(ready.label if ready and ready.dataset == dataset else source.label)
    form = request.args.get("format")
    if form:
        return _file(answered, title, form)
    known = periods(tenant.today())
    place = _place(source)
    places = [place.name for place in locations()] if "location" in source.all_dimensions else []
    return html.page(
        "reports/show.html",
        fragment="answer",
        title=title,
        about=ready.about if ready and ready.dataset == dataset else source.about,
        source=source,
        question=question,
        answered=answered,
        measures=_measures(source),
        period=period,
        periods=[(key, label) for key, (label, _first, _last) in known.items()],
        places=places,
        place=place,
        conditions=[
            (name, value)
            for name, values in question.where.items()
            for value in values
            if not (name == "location" and place)
        ],
        address=_address,
        without=lambda name, value: [
            f"{one}={kept}" for one, values in question.where.items() for kept in values if (one, kept) != (name, value)
        ],
        totals=[
            (column.label, _written(answered.totals[column.key], kind))
            for column, kind in list(zip(answered.columns, answered.kinds, strict=True))[len(question.by) :]
        ],
        chart=_picture(answered, title, ready.chart if ready and ready.by == question.by else None),
        cells=_cells(answered),
        drills=_drills(answered),
        meanings=[(one.label, one.about) for one in (source.measure(name) for name in question.measures) if one.about],
        choices={name: list(values()) for name, values in source.choices.items()},
        hidden_rows=max(0, len(answered.rows) - SHOWN_ROWS),
        most_rows=shown.quantity(MOST_ROWS) if answered.is_cut else "",
        exports={form: _address(format=form) for form in FORMS} if can(Can.EXPORT) else {},
        exported_later={form for form in FORMS if is_made_later(len(answered.rows), form)},
    )


def _address(**changes: Any) -> str:
    """The present address with something changed; None takes it away."""
    kept: dict[str, Any] = {key: values for key, values in request.args.to_dict(flat=False).items() if key != "format"}
    if kept.get("only") and kept.get("is", [""])[0]:
        kept["where"] = [*kept.get("where", []), f"{kept['only'][0]}={kept['is'][0]}"]
    kept.pop("only", None)
    kept.pop("is", None)
    assert request.view_args is not None
    return url_for("reports.show", **{**kept, **request.view_args, **changes})


def _cells(answered: Answer) -> list[list[str]]:
    keys = [column.key for column in answered.columns]
    return [
        [said(key, row[key], kind) for key, kind in zip(keys, answered.kinds, strict=True)]
        for row in answered.rows[:SHOWN_ROWS]
    ]


def _drills(answered: Answer) -> list[str | None]:
    drill = Drill(answered)
    return [drill.address(row) for row in answered.rows[:SHOWN_ROWS]]


def said(key: str, value: Any, kind: datasets.Kind, *, brief: bool = False) -> str:
    """A value of a column as people say it: days, months and weekdays by name."""
    if value in {None, ""}:
        return "–"
    if key == "day":
        day = date.fromisoformat(str(value))
        return shown.day_and_month(day) if brief else shown.value(day, "date")
    if key == "month":
        month = date.fromisoformat(f"{value}-01")
        return str(format_skeleton("yMMM", month, locale=get_locale()))
    if key == "weekday":
        return str(get_day_names("abbreviated" if brief else "wide", locale=get_locale())[int(value) - 1])
    if key == "age":
        youngest, _dash, oldest = str(value).partition("-")
        return f"{int(youngest)}–{int(oldest)}" if oldest else _("over %(days)s", days=int(youngest) - 1)
    if key == "hour":
        return f"{int(value):02d}:00"
    return _written(value, kind)


def _written(value: Any, kind: datasets.Kind) -> str:
    if kind == "money":
        return shown.figure(value)
    return shown.value(value, kind) if value not in {None, ""} else "–"


def _picture(answered: Answer, title: str, kind: Kind | None) -> Any:
    """A chart of the first measure in money, or the first there is; None where there is nothing to compare."""
    by = answered.question.by
    measures = [(column, kind) for column, kind in zip(answered.columns, answered.kinds, strict=True)][len(by) :]
    drawable = [pair for pair in measures if pair[1] in {"money", "quantity", "integer"}]
    if not by or not drawable or len(answered.rows) < 2:
        return None
    column, form = next((pair for pair in drawable if pair[1] == "money"), drawable[0])
    if answered.question.order and (asked := answered.question.order.lstrip("-")) in {one.key for one, _k in drawable}:
        column, form = next(pair for pair in drawable if pair[0].key == asked)
    over_time = by[0] in ACROSS_TIME and len(by) == 1
    kind = kind or ("line" if over_time else "bar" if by[0] in {"hour", "weekday"} else "horizontal_bar")
    rows = answered.rows[-DRAWN_POINTS:] if kind == "line" else answered.rows[: 24 if kind == "bar" else DRAWN_BARS]
    kinds = dict(zip(by, answered.kinds, strict=False))
    labels = [" · ".join(said(name, row[name], kinds[name], brief=True) for name in by) for row in rows]
    chart = Chart(
        kind,
        title,
        [Series(column.label, [row[column.key] for row in rows])],
        labels,
        format=lambda value: _written(Decimal(str(value)), form),
    )
    return figure(chart, wide=960, table=False)


def _file(answered: Answer, title: str, form: str) -> Response:
    """The whole answer as a file; leaves an audit entry."""
    if form not in FORMS:
        abort(404)
    if not can(Can.EXPORT):
        abort(403)
    if answered.is_cut:
        raise Refused(
            _(
                "There are more than %(n)s rows; narrow the period or break it down by less.",
                n=shown.quantity(MOST_ROWS),
            )
        )
    check_length(form, len(answered.rows))
    if is_made_later(len(answered.rows), form):
        return ask_page(title, form, len(answered.rows))
    expect(len(answered.rows))
    file = table_file(
        answered.columns,
        answered.rows,
        form,
        name=export_name(title.lower().replace(" ", "-")),
        title=title,
        shop=current_tenant().name,
        totals=summed(answered),
    )
    audit.record_apart("export", answered.question.dataset, label=f"{title}: {file.rows} rows as {form}")
    return file.response


def export_name(name: str) -> str:
    """A name of a file that every system takes, from one that may hold any letter."""
    return "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-._") else "-" for letter in name)
