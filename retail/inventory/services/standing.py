"""How every level stood last night: how it sells, which class that makes it, and how old what lies there is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from statistics import fmean, pstdev
from typing import Any

from sqlalchemy import delete, func, select

from retail.core.db import session
from retail.core.money import ZERO, AmountType, QuantityType, round_to, share_out
from retail.core.tenancy import insert_owned
from retail.inventory.models import AGES, OLDEST, StockAge, StockLevel, StockMove, StockStanding
from retail.inventory.services.reckoning import PIECE, UNIT, Key

CLASS_ENDS = (("A", Decimal("0.8")), ("B", Decimal("0.95")), ("C", Decimal(1)))
"""Which share of what was sold, at cost, the articles of a class and those before it make up."""
STEADY, CHANGING = 0.5, 1.0
"""Up to which ratio of deviation to mean the weeks of an article are steady (X), and changing but not wild (Y)."""
WINDOW, YEAR, FOUR_WEEKS = 90, 365, 28
WEEKS = 13


@dataclass
class _Past:
    """The last year of a level: what moved by day, newest first when it is read."""

    quantity: dict[int, Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))
    sold: dict[int, Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))
    cost: dict[int, Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))
    came: dict[int, Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))


def grades(sold: Iterable[tuple[Any, Decimal]]) -> dict[Any, str]:
    """Class A, B or C of each by what was sold of it at cost; an article belongs to the class in which it begins, so
    that the first is always A. What did not sell has none."""
    ranked = sorted(((key, value) for key, value in sold if value > 0), key=lambda one: (-one[1], one[0]))
    total, reached, found = sum((value for _key, value in ranked), ZERO), ZERO, {}
    for key, value in ranked:
        found[key] = next((name for name, end in CLASS_ENDS if reached / total < end), "C")
        reached += value
    return found


def make_standings(until: date) -> int:
    """Say of every level how it stood on the evening of a day; returns how many there are."""
    last = until.toordinal()
    pasts, levels = _read_year(until), _levels(until)
    older = _last_days()
    standings, ages = [], []
    cost_of: list[tuple[Key, Decimal]] = []
    for key, (on_hand, value) in sorted(levels.items()):
        past = pasts.get(key, _Past())
        if not on_hand and not value and not past.sold:
            continue
        figures = _standing(past, on_hand, last)
        received, sold = older.get(key, (None, None))
        cost_of.append((key, figures["cost_90"]))
        standings.append(
            {
                "variant_id": key[0],
                "location_id": key[1],
                "as_of": until,
                "on_hand": on_hand,
                "value": value,
                "last_received_on": received,
                "last_sold_on": sold,
                "idle_days": (until - max(received or date.min, sold or date.min)).days if received or sold else 0,
                **figures,
            }
        )
        ages += _ages(key, past, on_hand, value, last)
    graded = grades(cost_of)
    for row in standings:
        row["grade"] = graded.get((row["variant_id"], row["location_id"]), "")
    for model in (StockStanding, StockAge):
        session.execute(delete(model), execution_options={"synchronize_session": False})
    insert_owned(StockStanding, standings)
    insert_owned(StockAge, ages)
    return len(standings)


def _levels(until: date) -> dict[Key, tuple[Decimal, Decimal]]:
    """What lay where on an evening: what lies there now less what moved since."""
    found = {
        (row.variant_id, row.location_id): (row.on_hand, row.value)
        for row in session.execute(
            select(StockLevel.variant_id, StockLevel.location_id, StockLevel.on_hand, StockLevel.value)
        )
    }
    since = session.execute(
        select(
            StockMove.variant_id,
            StockMove.location_id,
            func.sum(StockMove.quantity, type_=QuantityType).label("quantity"),
            func.sum(StockMove.value, type_=AmountType).label("value"),
        )
        .where(StockMove.business_date > until)
        .group_by(StockMove.variant_id, StockMove.location_id)
    )
    for row in since:
        on_hand, value = found.get((row.variant_id, row.location_id), (ZERO, ZERO))
        found[row.variant_id, row.location_id] = on_hand - row.quantity, value - row.value
    return found


def _read_year(until: date) -> dict[Key, _Past]:
    rows = session.execute(
        select(
            StockMove.variant_id,
            StockMove.location_id,
            StockMove.business_date,
            StockMove.counterpart,
            func.sum(StockMove.quantity, type_=QuantityType).label("quantity"),
            func.sum(StockMove.value, type_=AmountType).label("value"),
        )
        .where(StockMove.business_date > until - timedelta(days=YEAR), StockMove.business_date <= until)
        .group_by(StockMove.variant_id, StockMove.location_id, StockMove.business_date, StockMove.counterpart)
        .execution_options(yield_per=5000)
    )
    found: dict[Key, _Past] = defaultdict(_Past)
    for row in rows:
        past, day = found[row.variant_id, row.location_id], row.business_date.toordinal()
        past.quantity[day] += row.quantity
        if row.counterpart == "customer":
            past.sold[day] -= row.quantity
            past.cost[day] -= row.value
        elif row.quantity > 0:
            past.came[day] += row.quantity
    return found


def _last_days() -> dict[Key, tuple[date | None, date | None]]:
    """When each level last took something in, and last sold something."""
    found: dict[Key, tuple[date | None, date | None]] = {}
    for place, which in ((0, StockMove.quantity > 0), (1, StockMove.quantity < 0)):
        rows = session.execute(
            select(StockMove.variant_id, StockMove.location_id, func.max(StockMove.business_date).label("day"))
            .where(which, (StockMove.counterpart == "customer") if place else (StockMove.counterpart != "customer"))
            .group_by(StockMove.variant_id, StockMove.location_id)
        )
        for row in rows:
            was = found.get((row.variant_id, row.location_id), (None, None))
            found[row.variant_id, row.location_id] = (was[0], row.day) if place else (row.day, was[1])
    return found


def _within(figures: Mapping[int, Decimal], last: int, days: int) -> Decimal:
    return sum((figure for day, figure in figures.items() if day > last - days), ZERO)


def _standing(past: _Past, on_hand: Decimal, last: int) -> dict[str, Any]:
    there, evening = 0, on_hand
    # Back from evening to evening; the first day that anything is known of ends it.
    begins = max(min(past.quantity, default=last + 1), last - WINDOW + 1) if not on_hand else last - WINDOW + 1
    for day in range(last, begins - 1, -1):
        there += evening > 0 or past.sold.get(day, ZERO) > 0
        evening -= past.quantity.get(day, ZERO)
    sold, cost = _within(past.sold, last, WINDOW), _within(past.cost, last, WINDOW)
    weeks = [
        float(sum((past.sold.get(last - 7 * week - day, ZERO) for day in range(7)), ZERO)) for week in range(WEEKS)
    ]
    mean = fmean(weeks)
    ratio = pstdev(weeks) / mean if mean > 0 else None
    return {
        "sold_28": _within(past.sold, last, FOUR_WEEKS),
        "sold_90": sold,
        "sold_365": _within(past.sold, last, YEAR),
        "cost_90": cost,
        "received_90": _within(past.came, last, WINDOW),
        "daily": round_to(sold / there, PIECE) if there and sold > 0 else ZERO,
        "daily_cost": round_to(cost / there, UNIT) if there and cost > 0 else ZERO,
        "steadiness": "" if ratio is None else "X" if ratio <= STEADY else "Y" if ratio <= CHANGING else "Z",
    }


def _ages(key: Key, past: _Past, on_hand: Decimal, value: Decimal, last: int) -> list[dict[str, Any]]:
    """The goods that lie there by when they came: the newest first, until all are told of."""
    if on_hand <= 0:
        return []
    left, parts = on_hand, dict.fromkeys([*(name for _days, name in AGES), OLDEST], ZERO)
    for day in sorted(past.came, reverse=True):
        name = next((name for days, name in AGES if last - day <= days), OLDEST)
        taken = min(left, past.came[day])
        parts[name] += taken
        left -= taken
    parts[OLDEST] += left
    named = [(name, quantity) for name, quantity in parts.items() if quantity]
    worth = share_out(value, [quantity for _name, quantity in named], UNIT)
    return [
        {"variant_id": key[0], "location_id": key[1], "age": name, "quantity": quantity, "value": share}
        for (name, quantity), share in zip(named, worth, strict=True)
    ]
