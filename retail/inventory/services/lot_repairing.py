"""Lots and pieces made to agree again with what lies there."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import func, select

from retail.core.clock import now
from retail.core.db import session
from retail.core.money import ZERO, QuantityType
from retail.core.tenancy import insert_owned
from retail.inventory.models import StockLevel, StockLot, StockLotLevel, StockMove
from retail.inventory.services.lots import Pick, taken_from
from retail.tenancy.queries import current_tenant


def even_out(variant_ids: Collection[int] | None = None) -> list[tuple[str, Pick]]:
    """Where lots have more than lies there, what left was of a lot nobody named: it is taken from those that expire
    first, by moves that change neither the level nor its worth. Returns the numbers, and how much left of each. The
    levels are locked by the caller."""
    held = (
        select(
            StockLotLevel.variant_id,
            StockLotLevel.location_id,
            func.sum(StockLotLevel.on_hand, type_=QuantityType).label("held"),
        )
        .group_by(StockLotLevel.variant_id, StockLotLevel.location_id)
        .subquery()
    )
    wanted = select(held, StockLevel.on_hand).join(
        StockLevel,
        (StockLevel.variant_id == held.c.variant_id) & (StockLevel.location_id == held.c.location_id),
    )
    if variant_ids is not None:
        wanted = wanted.where(held.c.variant_id.in_(variant_ids))
    done: list[tuple[str, Pick]] = []
    for row in session.execute(wanted).all():
        excess = row.held - max(row.on_hand, ZERO)
        if excess <= 0:
            continue
        lots = session.execute(
            select(StockLotLevel, StockLot.number)
            .join(StockLot, StockLot.id == StockLotLevel.lot_id)
            .where(
                StockLotLevel.variant_id == row.variant_id,
                StockLotLevel.location_id == row.location_id,
                StockLotLevel.on_hand > 0,
            )
            .order_by(StockLot.expires_on.is_(None), StockLot.expires_on, StockLot.received_at, StockLot.id)
            .execution_options(populate_existing=True)
        ).all()
        levels = {level.lot_id: (level, number) for level, number in lots}
        picks = taken_from([Pick(level.lot_id, level.on_hand) for level, _number in lots], excess)
        for one in picks:
            level, number = levels[one.lot_id or 0]
            level.on_hand -= one.quantity
            done.append((number, one))
        _write(
            row,
            [
                Pick(None, sum((one.quantity for one in picks), ZERO)),
                *(Pick(one.lot_id, -one.quantity) for one in picks),
            ],
        )
    session.flush()
    return done


def _write(row: Any, parts: Collection[Pick]) -> None:
    instant, today = now(), current_tenant().today()
    insert_owned(
        StockMove,
        [
            {
                "variant_id": row.variant_id,
                "location_id": row.location_id,
                "lot_id": one.lot_id,
                "counterpart": "adjustment",
                "quantity": one.quantity,
                "value": ZERO,
                "reason": "numbered",
                "source": "repair",
                "source_id": None,
                "note": "",
                "business_date": today,
                "occurred_at": instant,
                "user_id": None,
            }
            for one in parts
        ],
    )


def lots_of_lost(row: Any) -> tuple[Pick, ...]:
    """The lots a paper that is gone was of; of those it brought, as much as is still there."""
    moved = session.execute(
        select(StockMove.lot_id, func.sum(StockMove.quantity, type_=QuantityType).label("quantity"))
        .where(
            StockMove.source == row.source,
            StockMove.source_id == row.source_id,
            StockMove.counterpart == row.counterpart,
            StockMove.variant_id == row.variant_id,
            StockMove.location_id == row.location_id,
            StockMove.lot_id.is_not(None),
        )
        .group_by(StockMove.lot_id)
        .order_by(StockMove.lot_id)
    ).all()
    there = dict(
        session.execute(
            select(StockLotLevel.lot_id, StockLotLevel.on_hand).where(
                StockLotLevel.variant_id == row.variant_id, StockLotLevel.location_id == row.location_id
            )
        ).all()
    )
    picks = [
        Pick(one.lot_id, min(one.quantity, there.get(one.lot_id, ZERO)) if row.quantity > 0 else -one.quantity)
        for one in moved
        if one.quantity * row.quantity > 0
    ]
    return taken_from([one for one in picks if one.quantity > 0], abs(row.quantity))
