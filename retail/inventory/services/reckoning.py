"""The night reckons what reports read: a row for each level and month, how each level stands, and how old it is.

`months_of` and the rest are pure but for their reads, so that `flask check` can reckon again and compare.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, func, select

from retail.core.db import session
from retail.core.money import ZERO, AmountType, QuantityType, round_to
from retail.core.tenancy import insert_owned, update_owned
from retail.inventory.models import StockMonth, StockMove, StockPolicy

UNIT, PIECE = Decimal("0.0001"), Decimal("0.001")
MONTHS_OF_DEMAND = 2
"""Of so many months before, and the month itself, it is told how fast an article sells."""
Key = tuple[int, int]
"""Variant and location."""
COLUMNS = {
    "supplier": ("received", "received_value", 1),
    "opening": ("received", "received_value", 1),
    "customer": ("sold", "sold_cost", -1),
    "transit": ("transferred", "transferred_value", 1),
    "adjustment": ("adjusted", "adjusted_value", 1),
    "scrap": ("adjusted", "adjusted_value", 1),
}
"""Where a month keeps what moved from or to a counterpart: quantity, worth, and which sign counts above zero."""


@dataclass
class Day:
    """What one day did to a level."""

    quantity: Decimal = ZERO
    value: Decimal = ZERO
    sold: Decimal = ZERO


@dataclass
class Reckoned:
    """A month of a level while it is being reckoned; see `StockMonth`."""

    figures: dict[str, Any]
    days: dict[int, Day] = field(default_factory=lambda: defaultdict(Day))


def first_of_next(month: date) -> date:
    """The first day of the month after."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def first_of_last(month: date) -> date:
    """The first day of the month before."""
    return (month.replace(day=1) - timedelta(days=1)).replace(day=1)


def carrying_percent() -> int:
    """What keeping goods for a year costs, in percent of their worth."""
    known = session.scalar(select(StockPolicy.carrying_percent))
    return 20 if known is None else known


def month_to_begin_with(until: date) -> date | None:
    """The first month that is not reckoned to its end, for figures until the evening of a day; None where nothing ever
    moved, or all of it was reckoned."""
    first: date | None = session.scalar(select(func.min(StockMove.business_date)))
    last = session.execute(
        select(StockMonth.month, func.max(StockMonth.last_day)).group_by(StockMonth.month).order_by(StockMonth.month)
    ).all()
    if first is None or first > until:
        return None
    if not last:
        return first.replace(day=1)
    month, last_day = last[-1]
    begin: date = first_of_next(month) if last_day == first_of_next(month).toordinal() - 1 else month
    return begin if last_day < until.toordinal() else None


def forget_months_from(day: date) -> None:
    """A move of the past is being booked: what was reckoned from its month on is no longer true; the night makes it
    anew."""
    session.execute(
        delete(StockMonth).where(StockMonth.month >= day.replace(day=1)),
        execution_options={"synchronize_session": False},
    )


def make_month(month: date, until: date) -> int:
    """Reckon one month again, after those before it, until the evening of a day; returns how many levels it has."""
    forget_months_from(month)
    rows = list(reckon_month(month, until, _closings(first_of_last(month)), _demand(month), carrying_percent()))
    insert_owned(StockMonth, rows)
    return len(rows)


def reckon_again() -> Iterator[tuple[date, dict[Key, dict[str, Any]]]]:
    """Every month there is a figure of, reckoned anew from the moves alone."""
    months = session.execute(
        select(StockMonth.month, func.max(StockMonth.last_day)).group_by(StockMonth.month).order_by(StockMonth.month)
    ).all()
    if not months:
        return
    first = session.scalar(select(func.min(StockMove.business_date)))
    month = min(first.replace(day=1) if first else months[0][0], months[0][0])
    opening: dict[Key, tuple[Decimal, Decimal]] = {}
    before: list[dict[Key, tuple[Decimal, int]]] = []
    while month <= months[-1][0]:
        demand: dict[Key, tuple[Decimal, int]] = {}
        for one in before[-MONTHS_OF_DEMAND:]:
            for key, (sold, days) in one.items():
                had = demand.get(key, (ZERO, 0))
                demand[key] = had[0] + sold, had[1] + days
        until = date.fromordinal(months[-1][1])
        rows = {
            (row["variant_id"], row["location_id"]): row
            for row in reckon_month(month, until, opening, demand, carrying_percent())
        }
        yield month, rows
        opening = {key: (row["closing"], row["closing_value"]) for key, row in rows.items()}
        before.append(
            {key: (row["sold"], row["last_day"] - row["first_day"] + 1 - row["days_out"]) for key, row in rows.items()}
        )
        month = first_of_next(month)


def keep_revenue(first: date, net: Mapping[tuple[date, int, int], Decimal]) -> None:
    """Write what was earned with each variant at each location into its months, from the first on."""
    months = StockMonth.month >= first.replace(day=1)
    known = {
        (row.month, row.variant_id, row.location_id): (row.id, row.net)
        for row in session.execute(
            select(
                StockMonth.id, StockMonth.month, StockMonth.variant_id, StockMonth.location_id, StockMonth.net
            ).where(months)
        )
    }
    update_owned(
        StockMonth,
        {row_id: {"net": net.get(key, ZERO)} for key, (row_id, was) in known.items() if net.get(key, ZERO) != was},
    )


def _closings(month: date) -> dict[Key, tuple[Decimal, Decimal]]:
    rows = session.execute(
        select(StockMonth.variant_id, StockMonth.location_id, StockMonth.closing, StockMonth.closing_value).where(
            StockMonth.month == month
        )
    )
    return {(row.variant_id, row.location_id): (row.closing, row.closing_value) for row in rows}


def _demand(month: date) -> dict[Key, tuple[Decimal, int]]:
    """What was sold of each level in the months before, and on how many days there was something to sell."""
    first = month
    for _turn in range(MONTHS_OF_DEMAND):
        first = first_of_last(first)
    rows = session.execute(
        select(
            StockMonth.variant_id,
            StockMonth.location_id,
            func.sum(StockMonth.sold, type_=QuantityType).label("sold"),
            func.sum(StockMonth.last_day - StockMonth.first_day + 1 - StockMonth.days_out).label("days"),
        )
        .where(StockMonth.month >= first, StockMonth.month < month)
        .group_by(StockMonth.variant_id, StockMonth.location_id)
    )
    return {(row.variant_id, row.location_id): (row.sold, int(row.days)) for row in rows}


def reckon_month(
    month: date,
    until: date,
    opening: Mapping[Key, tuple[Decimal, Decimal]],
    demand: Mapping[Key, tuple[Decimal, int]],
    percent: int,
) -> Iterator[dict[str, Any]]:
    """The rows of a month, until a day if it is not over, from what lay there before and what moved in it."""
    first, last = month.toordinal(), min(first_of_next(month) - timedelta(days=1), until).toordinal()
    found: dict[Key, Reckoned] = {}
    for key, (on_hand, value) in opening.items():
        if on_hand or value or demand.get(key, (ZERO, 0))[0] > 0:
            found[key] = Reckoned(_empty(month, key, first, last, on_hand, value))
    for row in _moved(month, date.fromordinal(last)):
        key = row.variant_id, row.location_id
        one = found.get(key)
        if one is None:
            one = found[key] = Reckoned(_empty(month, key, first, last, ZERO, ZERO))
        _add(one, row)
    for key in sorted(found):
        one = found[key]
        _walk(one, first, last, demand.get(key), percent)
        yield one.figures


def _empty(month: date, key: Key, first: int, last: int, on_hand: Decimal, value: Decimal) -> dict[str, Any]:
    nothing = {name: ZERO for names in COLUMNS.values() for name in names[:2]}
    return {
        "month": month,
        "variant_id": key[0],
        "location_id": key[1],
        "first_day": first,
        "last_day": last,
        "opening": on_hand,
        "opening_value": value,
        **nothing,
        "net": ZERO,
        "moves": 0,
        "first_at": None,
        "last_at": None,
    }


def _moved(first: date, last: date) -> Iterable[Any]:
    return session.execute(
        select(
            StockMove.variant_id,
            StockMove.location_id,
            StockMove.business_date,
            StockMove.counterpart,
            func.sum(StockMove.quantity, type_=QuantityType).label("quantity"),
            func.sum(StockMove.value, type_=AmountType).label("value"),
            func.count().label("moves"),
            func.min(StockMove.occurred_at).label("first_at"),
            func.max(StockMove.occurred_at).label("last_at"),
        )
        .where(StockMove.business_date >= first, StockMove.business_date <= last)
        .group_by(StockMove.variant_id, StockMove.location_id, StockMove.business_date, StockMove.counterpart)
        .execution_options(yield_per=5000)
    )


def _add(one: Reckoned, row: Any) -> None:
    quantity_name, value_name, sign = COLUMNS[row.counterpart]
    figures = one.figures
    figures[quantity_name] += sign * row.quantity
    figures[value_name] += sign * row.value
    figures["moves"] += row.moves
    figures["first_at"] = min(figures["first_at"] or row.first_at, row.first_at)
    figures["last_at"] = max(figures["last_at"] or row.last_at, row.last_at)
    day = one.days[row.business_date.toordinal()]
    day.quantity += row.quantity
    day.value += row.value
    if row.counterpart == "customer":
        day.sold -= row.quantity


def _walk(one: Reckoned, first: int, last: int, demand: tuple[Decimal, int] | None, percent: int) -> None:
    """Go from evening to evening: what lay there, and on which days there was nothing to sell."""
    figures, days = one.figures, one.days
    on_hand, value = figures["opening"], figures["opening_value"]
    known = demand is not None
    if not known and not on_hand and not value:
        figures["first_day"] = first = min(days)
    quantity_days, value_days, empty, outs, there = ZERO, ZERO, 0, 0, 0
    before = first
    # Between two days on which something moved every evening is the same.
    for ordinal in [*sorted(days), last + 1]:
        still = ordinal - before
        quantity_days += on_hand * still
        value_days += value * still
        if on_hand > 0:
            there += still
        elif known:
            empty += still
        if ordinal > last:
            break
        day = days[ordinal]
        had = on_hand > 0
        on_hand += day.quantity
        value += day.value
        known = True
        outs += had and on_hand <= 0
        quantity_days += on_hand
        value_days += value
        if on_hand > 0 or day.sold > 0:
            there += 1
        else:
            empty += 1
        before = ordinal + 1
    sold_before, days_before = demand or (ZERO, 0)
    sold, selling_days = sold_before + figures["sold"], days_before + there
    rate = sold / selling_days if sold > 0 and selling_days > 0 else ZERO
    figures |= {
        "closing": on_hand,
        "closing_value": value,
        "quantity_days": quantity_days,
        "value_days": value_days,
        "carrying_cost": round_to(value_days * percent / 36500, UNIT),
        "days_out": empty if rate else 0,
        "outs": outs,
        "lost": round_to(rate * empty, PIECE),
    }
