"""What must be true of stock."""

from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy import and_, case, func, or_, select

from retail.catalog.models import Variant
from retail.core.checks import Fault, check, faults_in
from retail.core.db import session
from retail.core.money import ZERO, AmountType, QuantityType
from retail.finance.queries import balance
from retail.inventory.models import (
    HOLD,
    HOLD_KINDS,
    TRANSFER,
    StockDocument,
    StockExpectation,
    StockHold,
    StockLevel,
    StockMove,
    StockTransfer,
    StockTransferLine,
)
from retail.tenancy.models import Location


@check("stock levels", "Every level is the sum of its moves, in quantity and in value.")
def levels_are_sums_of_moves() -> list[Fault]:
    """Compare every level with its moves, and every move with a level."""
    moved = (
        select(
            StockMove.variant_id,
            StockMove.location_id,
            func.sum(StockMove.quantity, type_=QuantityType).label("quantity"),
            func.sum(StockMove.value, type_=AmountType).label("value"),
        )
        .group_by(StockMove.variant_id, StockMove.location_id)
        .subquery()
    )
    same_place = and_(
        StockLevel.variant_id == moved.c.variant_id,
        StockLevel.location_id == moved.c.location_id,
    )
    quantity, value = func.coalesce(moved.c.quantity, ZERO), func.coalesce(moved.c.value, ZERO)
    wrong = (
        select(Variant.sku, StockLevel.location_id, StockLevel.on_hand, StockLevel.value, quantity, value)
        .join(Variant, Variant.id == StockLevel.variant_id)
        .outerjoin(moved, same_place)
        .where(or_(StockLevel.on_hand != quantity, StockLevel.value != value))
        .order_by(StockLevel.id)
    )
    unkept = (
        select(Variant.sku, moved.c.location_id)
        .select_from(moved)
        .join(Variant, Variant.id == moved.c.variant_id)
        .outerjoin(StockLevel, same_place)
        .where(StockLevel.id.is_(None))
    )
    return [
        *faults_in(
            wrong,
            lambda row: _(
                "%(sku)s at location %(place)s: %(hand)s worth %(worth)s, its moves make %(sum)s worth %(value)s",
                sku=row[0],
                place=row[1],
                hand=f"{row[2]:f}",
                worth=f"{row[3]:f}",
                sum=f"{row[4]:f}",
                value=f"{row[5]:f}",
            ),
        ),
        *faults_in(
            unkept, lambda row: _("%(sku)s at location %(place)s has moves, no level", sku=row[0], place=row[1])
        ),
    ]


@check("held stock", "What levels hold back, by kind, is the sum of the reservations that stand.")
def holds_are_kept() -> list[Fault]:
    """Compare the holds of every level, by kind, with the rows that hold them."""
    sums = (
        select(
            StockHold.variant_id,
            StockHold.location_id,
            *(
                func.sum(case((StockHold.kind == kind, StockHold.left), else_=ZERO), type_=QuantityType).label(kind)
                for kind in HOLD_KINDS
            ),
        )
        .where(StockHold.state == HOLD.start)
        .group_by(StockHold.variant_id, StockHold.location_id)
        .subquery()
    )
    differs = [
        getattr(StockLevel, kind) != func.coalesce(sums.c[kind], ZERO, type_=QuantityType) for kind in HOLD_KINDS
    ]
    wrong = (
        select(Variant.sku, Location.name, *(getattr(StockLevel, kind) for kind in HOLD_KINDS))
        .join(Variant, Variant.id == StockLevel.variant_id)
        .join(Location, Location.id == StockLevel.location_id)
        .outerjoin(sums, and_(sums.c.variant_id == StockLevel.variant_id, sums.c.location_id == StockLevel.location_id))
        .where(or_(*differs))
        .order_by(StockLevel.id)
    )
    odd = (
        select(StockHold.id, Variant.sku)
        .join(Variant, Variant.id == StockHold.variant_id)
        .where(
            or_(
                StockHold.left < 0,
                StockHold.left > StockHold.quantity,
                and_(StockHold.state == HOLD.start, StockHold.left == 0),
                and_(StockHold.state != HOLD.start, StockHold.ended_at.is_(None)),
            )
        )
        .order_by(StockHold.id)
    )
    return [
        *faults_in(
            wrong, lambda row: _("%(sku)s at %(place)s holds other than its reservations", sku=row[0], place=row[1])
        ),
        *faults_in(odd, lambda row: _("reservation %(id)s of %(sku)s makes no sense", id=row[0], sku=row[1])),
    ]


@check("expected stock", "What levels say is on order is the sum of what is expected of suppliers.")
def expectations_are_kept() -> list[Fault]:
    """Compare `on_order` of every level with the expectations."""
    sums = (
        select(
            StockExpectation.variant_id,
            StockExpectation.location_id,
            func.sum(StockExpectation.quantity, type_=QuantityType).label("quantity"),
        )
        .group_by(StockExpectation.variant_id, StockExpectation.location_id)
        .subquery()
    )
    wrong = (
        select(Variant.sku, Location.name)
        .select_from(StockLevel)
        .join(Variant, Variant.id == StockLevel.variant_id)
        .join(Location, Location.id == StockLevel.location_id)
        .outerjoin(sums, and_(sums.c.variant_id == StockLevel.variant_id, sums.c.location_id == StockLevel.location_id))
        .where(StockLevel.on_order != func.coalesce(sums.c.quantity, ZERO, type_=QuantityType))
        .order_by(StockLevel.id)
    )
    return faults_in(
        wrong, lambda row: _("%(sku)s at %(place)s expects other than was ordered", sku=row[0], place=row[1])
    )


@check("stock in transit", "What is on its way is what left and did not come, in quantity, worth and books.")
def transit_is_what_left() -> list[Fault]:
    """Compare lines of transfers with their moves, with the levels they go to, and with account 1210."""
    moved = (
        select(
            StockDocument.transfer_id,
            StockMove.variant_id,
            func.sum(-StockMove.quantity, type_=QuantityType).label("quantity"),
            func.sum(-StockMove.value, type_=AmountType).label("value"),
        )
        .join(StockMove, and_(StockMove.source == StockDocument.kind, StockMove.source_id == StockDocument.id))
        .where(StockDocument.transfer_id.is_not(None), StockMove.counterpart == "transit")
        .group_by(StockDocument.transfer_id, StockMove.variant_id)
        .subquery()
    )
    quantity = func.coalesce(moved.c.quantity, ZERO, type_=QuantityType)
    value = func.coalesce(moved.c.value, ZERO, type_=AmountType)
    lines = (
        select(StockTransfer.number, Variant.sku)
        .select_from(StockTransferLine)
        .join(StockTransfer, StockTransfer.id == StockTransferLine.transfer_id)
        .join(Variant, Variant.id == StockTransferLine.variant_id)
        .outerjoin(
            moved,
            and_(
                moved.c.transfer_id == StockTransferLine.transfer_id,
                moved.c.variant_id == StockTransferLine.variant_id,
            ),
        )
        .where(
            or_(
                StockTransferLine.in_transit != quantity,
                StockTransferLine.value_left != value,
                StockTransferLine.in_transit < 0,
                and_(StockTransfer.state.in_(TRANSFER.ends), StockTransferLine.in_transit != 0),
            )
        )
        .order_by(StockTransferLine.id)
    )
    coming = (
        select(
            StockTransferLine.variant_id,
            StockTransfer.to_location_id,
            func.sum(StockTransferLine.in_transit, type_=QuantityType).label("quantity"),
        )
        .join(StockTransfer, StockTransfer.id == StockTransferLine.transfer_id)
        .group_by(StockTransferLine.variant_id, StockTransfer.to_location_id)
        .subquery()
    )
    levels = (
        select(Variant.sku, Location.name)
        .select_from(StockLevel)
        .join(Variant, Variant.id == StockLevel.variant_id)
        .join(Location, Location.id == StockLevel.location_id)
        .outerjoin(
            coming,
            and_(coming.c.variant_id == StockLevel.variant_id, coming.c.to_location_id == StockLevel.location_id),
        )
        .where(StockLevel.in_transit != func.coalesce(coming.c.quantity, ZERO, type_=QuantityType))
        .order_by(StockLevel.id)
    )
    worth = session.scalar(select(func.sum(StockTransferLine.value_left, type_=AmountType))) or ZERO
    booked = balance("1210")
    faults = [
        *faults_in(lines, lambda row: _("%(number)s: %(sku)s is not what its moves say", number=row[0], sku=row[1])),
        *faults_in(levels, lambda row: _("%(sku)s at %(place)s awaits other than was sent", sku=row[0], place=row[1])),
    ]
    if worth != booked:
        said = _("transfers %(worth)s, account 1210 %(booked)s", worth=f"{worth:f}", booked=f"{booked:f}")
        faults.append(Fault(1, said))
    return faults


@check("stock value", "What the stock is worth is what the books say it is worth.")
def value_is_the_stock_account() -> list[Fault]:
    """Compare the sum of all levels with account 1200."""
    worth = session.scalar(select(func.sum(StockLevel.value, type_=AmountType))) or ZERO
    booked = balance("1200")
    if worth == booked:
        return []
    return [Fault(1, _("levels %(worth)s, account 1200 %(booked)s", worth=f"{worth:f}", booked=f"{booked:f}"))]
