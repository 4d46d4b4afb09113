"""What must be true of lots and pieces."""

from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy import Subquery, and_, func, or_, select

from retail.catalog.models import Product, Variant
from retail.core.checks import Fault, check, faults_in
from retail.core.money import ZERO, QuantityType
from retail.inventory.models import StockLevel, StockLot, StockLotLevel, StockMove


def lot_sums() -> Subquery:
    """What the moves of each lot come to at each location."""
    return (
        select(
            StockMove.lot_id,
            StockMove.location_id,
            func.sum(StockMove.quantity, type_=QuantityType).label("quantity"),
        )
        .where(StockMove.lot_id.is_not(None))
        .group_by(StockMove.lot_id, StockMove.location_id)
        .subquery()
    )


@check("lots", "What lies of each lot is the sum of its moves, and never below nothing.")
def lots_are_their_moves() -> list[Fault]:
    """Compare every lot at every location with its moves."""
    moved = lot_sums()
    same = and_(moved.c.lot_id == StockLotLevel.lot_id, moved.c.location_id == StockLotLevel.location_id)
    wrong = (
        select(StockLot.number, Variant.sku)
        .select_from(StockLotLevel)
        .join(StockLot, StockLot.id == StockLotLevel.lot_id)
        .join(Variant, Variant.id == StockLot.variant_id)
        .outerjoin(moved, same)
        .where(
            or_(
                StockLotLevel.on_hand != func.coalesce(moved.c.quantity, ZERO, type_=QuantityType),
                StockLotLevel.on_hand < 0,
                StockLotLevel.variant_id != StockLot.variant_id,
            )
        )
        .order_by(StockLotLevel.id)
    )
    unkept = (
        select(StockLot.number, Variant.sku)
        .select_from(moved)
        .join(StockLot, StockLot.id == moved.c.lot_id)
        .join(Variant, Variant.id == StockLot.variant_id)
        .outerjoin(StockLotLevel, same)
        .where(StockLotLevel.id.is_(None), moved.c.quantity != 0)
        .order_by(StockLot.id)
    )
    return [
        fault
        for statement in (wrong, unkept)
        for fault in faults_in(
            statement,
            lambda row: _("number %(number)s of %(sku)s is not what its moves say", number=row[0], sku=row[1]),
        )
    ]


@check("lots in levels", "A piece lies in one place, once, and no level has more in its lots than lies there.")
def lots_are_in_their_levels() -> list[Fault]:
    """Look for pieces that are there twice, and compare the lots of a level with the level."""
    pieces = (
        select(StockLot.number, Variant.sku)
        .join(StockLotLevel, StockLotLevel.lot_id == StockLot.id)
        .join(Variant, Variant.id == StockLot.variant_id)
        .where(StockLot.kind == "serial")
        .group_by(StockLot.id, StockLot.number, Variant.sku)
        .having(func.sum(StockLotLevel.on_hand, type_=QuantityType) > 1)
        .order_by(StockLot.id)
    )
    sums = (
        select(
            StockLotLevel.variant_id,
            StockLotLevel.location_id,
            func.sum(StockLotLevel.on_hand, type_=QuantityType).label("quantity"),
        )
        .group_by(StockLotLevel.variant_id, StockLotLevel.location_id)
        .subquery()
    )
    levels = (
        select(Variant.sku, sums.c.location_id)
        .select_from(sums)
        .join(Variant, Variant.id == sums.c.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .outerjoin(
            StockLevel,
            and_(StockLevel.variant_id == sums.c.variant_id, StockLevel.location_id == sums.c.location_id),
        )
        .where(
            Product.tracking != "none",
            sums.c.quantity > 0,
            sums.c.quantity > func.coalesce(StockLevel.on_hand, ZERO, type_=QuantityType),
        )
        .order_by(Variant.sku)
    )
    return [
        *faults_in(
            pieces, lambda row: _("serial number %(number)s of %(sku)s is there twice", number=row[0], sku=row[1])
        ),
        *faults_in(
            levels,
            lambda row: _("%(sku)s at location %(place)s has more in lots than lies there", sku=row[0], place=row[1]),
        ),
    ]
