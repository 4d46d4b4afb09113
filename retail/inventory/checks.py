"""What must be true of stock."""

from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy import and_, func, or_, select

from retail.catalog.models import Variant
from retail.core.checks import Fault, check, faults_in
from retail.core.db import session
from retail.core.money import ZERO, AmountType, QuantityType
from retail.finance.queries import balance
from retail.inventory.models import StockLevel, StockMove


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


@check("stock value", "What the stock is worth is what the books say it is worth.")
def value_is_the_stock_account() -> list[Fault]:
    """Compare the sum of all levels with account 1200."""
    worth = session.scalar(select(func.sum(StockLevel.value, type_=AmountType))) or ZERO
    booked = balance("1200")
    if worth == booked:
        return []
    return [Fault(1, _("levels %(worth)s, account 1200 %(booked)s", worth=f"{worth:f}", booked=f"{booked:f}"))]
