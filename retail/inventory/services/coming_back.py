"""Of which lots and pieces the goods are that a customer brings back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import select

from retail.core.db import session
from retail.core.places import everywhere
from retail.inventory.models import StockLot, StockMove
from retail.inventory.services.lots import Pick, taken_from


@dataclass(frozen=True)
class SoldLine:
    """A line of a sale: how many it was of, how many of these came back before, and how many come back now."""

    variant_id: int
    sold: Decimal
    returned: Decimal
    back: Decimal


def picks_returned(order_id: int, lines: Sequence[SoldLine]) -> list[tuple[Pick, ...]]:
    """Of which lots the goods are that come back, for each of all lines of a sale in their order.

    The moves of a sale follow its lines, so each line has its own lots and pieces; they come back the last to expire
    first, what has no number last, wherever earlier ones were brought back.
    """
    with everywhere():
        rows = session.execute(
            select(StockMove.variant_id, StockMove.lot_id, StockMove.quantity, StockLot.expires_on)
            .outerjoin(StockLot, StockLot.id == StockMove.lot_id)
            .where(StockMove.source == "order", StockMove.source_id == order_id, StockMove.quantity < 0)
            .order_by(StockMove.id)
        ).all()
    left: dict[int, list[Pick]] = {}
    expiry = {row.lot_id: row.expires_on for row in rows}
    for row in rows:
        left.setdefault(row.variant_id, []).append(Pick(row.lot_id, -row.quantity))
    found = []
    for line in lines:
        of_variant = left.get(line.variant_id, [])
        own, left[line.variant_id] = taken_from(of_variant, line.sold), list(_after(of_variant, line.sold))
        own = tuple(sorted(own, key=lambda one: _comes_back(one, expiry)))
        picks = taken_from(_after(own, line.returned), line.back)
        found.append(tuple(one for one in picks if one.lot_id is not None))
    return found


def _comes_back(one: Pick, expiry: Mapping[int | None, date | None]) -> tuple[bool, bool, int, int]:
    day = expiry.get(one.lot_id)
    return one.lot_id is None, day is not None, -day.toordinal() if day else 0, one.lot_id or 0


def _after(picks: Sequence[Pick], quantity: Decimal) -> Sequence[Pick]:
    """What is left of picks behind the first that make up a quantity."""
    found, past = [], quantity
    for one in picks:
        gone = min(past, one.quantity)
        past -= gone
        if one.quantity > gone:
            found.append(Pick(one.lot_id, one.quantity - gone))
    return found
