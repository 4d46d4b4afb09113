"""Customer segments: who buys how recently, how often and for how much."""

from __future__ import annotations

from typing import Any

from flask import abort, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retail.core import html, shown, tables
from retail.core.links import link
from retail.intelligence import insight_queries, labels, module, queries, services
from retail.intelligence.insight_queries import ScoreMeaning
from retail.intelligence.labels import SEGMENTS
from retail.intelligence.services import FORECASTING, SCORING
from retail.intelligence.tables import ScoredCustomersTable
from retail.permissions import Can

PAGES = {SCORING: "intelligence.customers", FORECASTING: "intelligence.forecasts"}


def work_shown(name: str) -> dict[str, Any]:
    """How far the work of this name is, if it waits or runs, and when it comes by itself."""
    task = queries.running_task(name)
    return {
        "url": url_for("intelligence.scoring_work" if name == SCORING else "intelligence.forecasting_work"),
        "ended": False,
        "task": task,
        "task_url": link("operations.task_page", task_id=task.id) if task else None,
        "next_run": queries.next_run(name),
    }


@module.get("/customers", needs=Can.VIEW_SCORES)
def customers() -> Any:
    """Segments as a grid of recency and frequency, what they mean, and everybody in them."""
    context: dict[str, Any] = {}
    if not html.wants_fragment() and "format" not in request.args:
        run = queries.latest_score_run()
        context = {
            "work": work_shown(SCORING),
            "run": run,
            "grid": insight_queries.heat_cells() if run else [],
            "shares": insight_queries.segment_shares() if run else [],
            "words": SEGMENTS,
            "money_whole": labels.money_whole,
            "money_compact": labels.money_compact,
            "meanings": [_meaning(one) for one in insight_queries.score_meanings(run)] if run else [],
            "chosen": {name: request.args.get(name, "") for name in ("r", "f", "segment")},
        }
    return tables.table_page(ScoredCustomersTable(), "intelligence/customers.html", **context)


def _meaning(one: ScoreMeaning) -> tuple[str, ...]:
    return (str(one.score), _days(one), _purchases(one), _money(one))


def _days(one: ScoreMeaning) -> str:
    if one.days_to is None:
        return str(_("from %(count)s", count=shown.quantity(one.days_from)))
    return _range(one.days_from, one.days_to)


def _purchases(one: ScoreMeaning) -> str:
    if one.purchases_to is None:
        return str(_("from %(count)s", count=shown.quantity(one.purchases_from)))
    return _range(one.purchases_from, one.purchases_to)


def _range(first: int, last: int) -> str:
    if last < first:
        return str(_("nobody"))
    return shown.quantity(first) if first == last else f"{shown.quantity(first)} – {shown.quantity(last)}"


def _money(one: ScoreMeaning) -> str:
    low, high = (None if limit is None else labels.money_limit(limit) for limit in (one.money_from, one.money_to))
    if high is None:
        return str(_("over %(amount)s", amount=low))
    if low is None:
        return str(_("up to %(amount)s", amount=high))
    return str(_("nobody")) if one.money_from == one.money_to else f"{low} – {high}"


def _work(name: str) -> Response:
    found = work_shown(name)
    found["ended"] = found["task"] is None and html.wants_fragment()
    response = html.page("intelligence/work.html", fragment="work", work=found)
    if found["ended"] and "ended" in request.args:
        # Everything else on the page has changed as well. Said once and not to each look at the progress: where a page
        # takes longer than the pause between two looks, the one would forever cut off the other.
        response.headers["HX-Redirect"] = url_for(PAGES[name])
    return response


@module.get("/customers/work", needs=Can.VIEW_SCORES)
def scoring_work() -> Response:
    """How far the scoring is; asks again by itself until it has ended."""
    return _work(SCORING)


@module.get("/forecasts/work", needs=Can.VIEW_INTELLIGENCE)
def forecasting_work() -> Response:
    """How far the forecasting is; asks again by itself until it has ended."""
    return _work(FORECASTING)


@module.post("/<any(customers,forecasts):subject>/run", needs=Can.MANAGE_SCHEDULES)
def run_now(subject: str) -> Response:
    """Do tonight's work now."""
    name = {"customers": SCORING, "forecasts": FORECASTING}.get(subject) or abort(404)
    services.compute_now(name)
    return html.done(_("It was started."), to=url_for(PAGES[name]))
