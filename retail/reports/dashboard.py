"""The parts of the dashboard as plain values, each made by as few statements as it takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date as babel_date
from flask_babel import format_datetime, get_locale, ngettext
from flask_babel import gettext as _
from markupsafe import Markup

from retail.core import shown
from retail.core.charts import Chart, Series, figure
from retail.core.clock import as_utc, now
from retail.core.module import can
from retail.core.money import to_minor
from retail.permissions import Can
from retail.reports import feed, queries
from retail.reports.queries import Taken
from retail.tenancy.models import Tenant

WEEK = timedelta(days=7)
SMALLEST_CHANGE = Decimal("0.005")
OPENING, CLOSING = 8, 19
"""The hours a chart shows at least."""


@dataclass(frozen=True)
class Stat:
    """One figure with its change against last week; `tone` and `trend` as the macro `ui.stat` takes them."""

    label: str
    value: str
    delta: str | None = None
    tone: str | None = None
    trend: str | None = None
    hint: str | None = None


@dataclass(frozen=True)
class Figures:
    """The head of the dashboard: four figures and the day by the hour."""

    stats: list[Stat]
    chart: Markup
    day_name: str
    last_week_total: str
    quiet: bool


def change(value: Decimal | int, before: Decimal | int) -> Decimal | None:
    """How much more than before, as a share; None where there is nothing to compare with."""
    return Decimal(value - before) / Decimal(before) if before > 0 else None


def _compared(value: Decimal | int, before: Decimal | int, hint: str) -> dict[str, str | None]:
    share = change(value, before)
    if share is None:
        return {"hint": None}
    if abs(share) < SMALLEST_CHANGE:
        return {"delta": "±" + shown.percent(Decimal(0), 0), "hint": hint}
    better = share >= 0
    return {
        "delta": ("+" if better else "−") + shown.percent(abs(share), 0),
        "tone": "success" if better else "danger",
        "trend": "up" if better else "down",
        "hint": hint,
    }


def figures(tenant: Tenant, location_id: int | None) -> Figures:
    """Sales today against the same weekday last week, up to the same minute."""
    instant = now()
    today = tenant.business_date(instant)
    before = today - WEEK
    hours = queries.by_hour([today, before], location_id)
    so_far = sum((taken for (day, _hour), taken in hours.items() if day == today), Taken())
    whole_before = sum((taken for (day, _hour), taken in hours.items() if day == before), Taken())
    then = as_utc(instant.astimezone(ZoneInfo(tenant.timezone)).replace(tzinfo=None) - WEEK, tenant.timezone)
    gross_then, sales_then = queries.until(before, then, location_id)
    customers = queries.customers_on(today, location_id)
    day_name = str(babel_date(today, "EEEE", locale=get_locale()))
    hint = _("on last %(day)s", day=day_name)
    stats = [
        Stat(_("Sales today"), shown.figure(so_far.gross), **_compared(so_far.gross, gross_then, hint)),
        Stat(
            _("Orders"),
            shown.quantity(so_far.sales),
            **{
                **_compared(so_far.sales, sales_then, ""),
                "hint": ngettext("%(num)s known customer", "%(num)s known customers", customers),
            },
        ),
        _basket(so_far, gross_then / sales_then if sales_then else None),
    ]
    if can(Can.VIEW_COSTS):
        stats.append(_margin(so_far))
    else:
        stats.append(Stat(_("Units sold"), shown.quantity(so_far.units)))
    return Figures(
        stats=stats,
        chart=figure(by_the_hour(hours, today, before, tenant, until=instant), wide=980),
        day_name=day_name,
        last_week_total=shown.figure(whole_before.gross),
        quiet=not hours,
    )


def _margin(so_far: Taken) -> Stat:
    if so_far.margin is None:
        return Stat(_("Margin"), "–", hint=_("No cost prices known"))
    share = so_far.margin / so_far.net if so_far.net > 0 else None
    hint = _("%(share)s of net sales", share=shown.percent(share)) if share is not None else None
    return Stat(_("Margin"), shown.figure(so_far.margin), hint=hint)


def _basket(so_far: Taken, before: Decimal | None) -> Stat:
    if so_far.basket is None:
        return Stat(_("Average basket"), "–")
    compared = _compared(so_far.basket, before or 0, "")
    units = shown.quantity((so_far.units / so_far.sales).quantize(Decimal("0.1")))
    return Stat(
        _("Average basket"), shown.figure(so_far.basket), **{**compared, "hint": _("%(units)s items each", units=units)}
    )


def by_the_hour(
    hours: dict[tuple[date, int], Taken], day: date, before: date, tenant: Tenant, *, until: datetime | None = None
) -> Chart:
    """A day against another by the hour, in the order of the business day; with `until` the first stops there."""
    begin = tenant.day_start.hour
    places = [(hour - begin) % 24 for _day, hour in hours]
    present = (until.astimezone(ZoneInfo(tenant.timezone)).hour - begin) % 24 if until else 23
    first = min([*places, (OPENING - begin) % 24])
    last = max([*places, (CLOSING - begin) % 24])
    shown_hours = [(begin + place) % 24 for place in range(first, last + 1)]

    def gross(day: date, hour: int) -> Decimal:
        return to_minor(hours.get((day, hour), Taken()).gross, tenant.currency)

    def name(day: date) -> str:
        return str(babel_date(day, "EEE d MMM", locale=get_locale() or tenant.locale))

    return Chart(
        "line",
        _("Sales by hour"),
        [
            Series(name(day), [gross(day, hour) if (hour - begin) % 24 <= present else None for hour in shown_hours]),
            Series(name(before), [gross(before, hour) for hour in shown_hours], muted=True),
        ],
        [f"{hour:02d}:00" for hour in shown_hours],
        # The picture is drawn for a phone and for a desk and told in a table: the same amounts three times.
        format=cache(lambda value: shown.money(Decimal(str(value)), tenant.currency)),
        height=250,
    )


@dataclass(frozen=True)
class Ranked:
    """A product among the best of a period; `share` is its part of the first one's, in percent."""

    name: str
    amount: str
    units: str
    share: int
    product_id: int


def products(tenant: Tenant, days: int, location_id: int | None) -> list[Ranked]:
    """What sold best within the last `days` business dates, today included."""
    today = tenant.today()
    rows = queries.top_products(today - timedelta(days=days - 1), today, location_id)
    best = rows[0].gross if rows else Decimal(1)
    return [
        Ranked(
            row.name,
            shown.figure(row.gross),
            shown.quantity(row.units),
            max(1, int(100 * row.gross / best)),
            row.id,
        )
        for row in rows
    ]


def happened(tenant: Tenant) -> list[feed.Line]:
    """The newest events in words."""
    return feed.in_words(queries.latest(feed.KINDS), tenant.business_date(now()))


def _since(instant: datetime) -> str:
    """The time of day, with the date when it was longer ago than half a day."""
    recent = now() - instant < timedelta(hours=12)
    return str(format_datetime(instant, "HH:mm" if recent else "d MMM HH:mm"))


def shifts(location_id: int | None) -> list[dict[str, Any]]:
    """The open shifts: who, where, since when, what was taken."""
    return [
        {
            "register": row.register,
            "text": _("%(cashier)s, since %(time)s", cashier=row.cashier, time=_since(row.opened_at)),
            "location": row.location,
            "taken": shown.figure(row.taken or 0),
        }
        for row in queries.shifts_open(location_id)
    ]
