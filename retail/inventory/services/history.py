"""Moves of the past, in bulk: the ledger and its levels as `ledger.move` would leave them, a chunk at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import bindparam, select, update

from retail.core.audit import current_actor
from retail.core.db import session, table_of
from retail.core.money import ZERO
from retail.core.tenancy import current_tenant_id, insert_owned
from retail.inventory.models import StockLevel, StockMove
from retail.inventory.services.lot_repairing import even_out
from retail.inventory.services.reckoning import forget_months_from


@dataclass(frozen=True, slots=True)
class PastMove:
    """One move as another system recorded it. Its cost is not known, so it is worth nothing."""

    variant_id: int
    quantity: Decimal
    counterpart: str
    reason: str
    source: str
    source_id: int
    business_date: date
    occurred_at: datetime
    note: str = ""


def book_past_moves(location_id: int, moves: Sequence[PastMove]) -> None:
    """Write moves of the past and keep the levels. Nothing is announced: what ran low years ago is no news."""
    if not moves:
        return
    forget_months_from(min(one.business_date for one in moves))
    user_id = current_actor().user_id
    insert_owned(
        StockMove,
        [
            {
                "variant_id": one.variant_id,
                "location_id": location_id,
                "counterpart": one.counterpart,
                "quantity": one.quantity,
                "value": ZERO,
                "reason": one.reason,
                "source": one.source,
                "source_id": one.source_id,
                "note": one.note,
                "business_date": one.business_date,
                "occurred_at": one.occurred_at,
                "user_id": user_id,
            }
            for one in moves
        ],
    )
    changes: dict[int, Decimal] = defaultdict(lambda: ZERO)
    for one in moves:
        changes[one.variant_id] += one.quantity
    known = set(
        session.scalars(
            select(StockLevel.variant_id).where(
                StockLevel.location_id == location_id, StockLevel.variant_id.in_(changes)
            )
        )
    )
    insert_owned(
        StockLevel,
        [
            {"variant_id": variant_id, "location_id": location_id, "on_hand": ZERO, "value": ZERO}
            for variant_id in sorted(set(changes) - known)
        ],
    )
    table = table_of(StockLevel)
    session.execute(
        update(table)
        .where(
            table.c.tenant_id == current_tenant_id(),
            table.c.variant_id == bindparam("changed_variant"),
            table.c.location_id == location_id,
        )
        .values(on_hand=table.c.on_hand + bindparam("change", type_=table.c.on_hand.type)),
        [{"changed_variant": variant_id, "change": change} for variant_id, change in sorted(changes.items()) if change],
        execution_options={"stamped": True},
    )
    even_out(sorted(changes))
