"""Taking back what an import gave new products: their opening stock, by moves the other way, and empty levels."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from sqlalchemy import delete, func, select

from retail.core.clock import now
from retail.core.db import in_chunks, session
from retail.core.money import AmountType, QuantityType
from retail.inventory.models import StockLevel, StockMove
from retail.inventory.services.ledger import Document, Movement, move, post_stock
from retail.tenancy.queries import current_tenant

LOOKED_UP = 500


def moved_by(source: str, source_id: int, variant_ids: Collection[int]) -> tuple[set[int], set[int]]:
    """Of these variants, those this document moved, and those anything else moved."""
    ours: set[int] = set()
    others: set[int] = set()
    for chunk in in_chunks(sorted(variant_ids), LOOKED_UP):
        rows = session.execute(
            select(StockMove.variant_id, StockMove.source, StockMove.source_id)
            .where(StockMove.variant_id.in_(chunk))
            .distinct()
        )
        for row in rows:
            (ours if (row.source, row.source_id) == (source, source_id) else others).add(row.variant_id)
    return ours, others


def take_back(source: str, source_id: int, variant_ids: Collection[int], memo: str) -> None:
    """Book the opening stock an import gave these variants the other way round, at what it was worth."""
    movements: list[Movement] = []
    for chunk in in_chunks(sorted(variant_ids), LOOKED_UP):
        rows = session.execute(
            select(
                StockMove.variant_id,
                StockMove.location_id,
                func.sum(StockMove.quantity, type_=QuantityType).label("quantity"),
                func.sum(StockMove.value, type_=AmountType).label("value"),
            )
            .where(StockMove.variant_id.in_(chunk), StockMove.source == source, StockMove.source_id == source_id)
            .group_by(StockMove.variant_id, StockMove.location_id)
            .order_by(StockMove.variant_id, StockMove.location_id)
        )
        movements.extend(
            Movement(row.variant_id, row.location_id, -row.quantity, value=-row.value) for row in rows if row.quantity
        )
    set_aside(variant_ids)
    if movements:
        today, instant = current_tenant().today(), now()
        moved = move(movements, Document("opening", "opening stock", source, source_id, today, instant))
        post_stock("opening", moved, source, source_id, memo, today, instant)


def set_aside(variant_ids: Collection[int]) -> None:
    """Nothing of these variants is to be ordered again: they have no reorder point any more."""
    for chunk in in_chunks(sorted(variant_ids), LOOKED_UP):
        for level in session.scalars(
            select(StockLevel).where(StockLevel.variant_id.in_(chunk), StockLevel.reorder_point.is_not(None))
        ):
            level.reorder_point = None
    session.flush()


def forget_levels(variant_ids: Collection[int]) -> None:
    """Remove the levels of variants that never moved."""
    for chunk in in_chunks(sorted(variant_ids), LOOKED_UP):
        session.execute(delete(StockLevel).where(StockLevel.variant_id.in_(chunk), StockLevel.on_hand == Decimal(0)))


def restore_reorder_points(location_id: int, points: dict[int, Decimal | None]) -> None:
    """Set reorder points, or take them away, at a location where these variants have levels."""
    for level in session.scalars(
        select(StockLevel).where(StockLevel.location_id == location_id, StockLevel.variant_id.in_(sorted(points)))
    ):
        level.reorder_point = points[level.variant_id]
    session.flush()
