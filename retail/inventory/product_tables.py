"""What the list of products shows of their stock."""

from __future__ import annotations

from decimal import Decimal

from flask_babel import lazy_gettext as _l
from sqlalchemy import case, func, literal, select
from sqlalchemy.orm import aliased

from retail.catalog.models import Product, Variant
from retail.catalog.tables import show_beside_price
from retail.core.money import ZERO
from retail.core.tables import Column, Filter
from retail.inventory.models import StockLevel
from retail.permissions import Can

_variant = aliased(Variant)
_on_hand = (
    select(func.sum(StockLevel.on_hand))
    .where(StockLevel.variant_id.in_(select(_variant.id).where(_variant.product_id == Product.id).correlate(Product)))
    .correlate(Product)
    .scalar_subquery()
)
_low = (
    select(_variant.product_id)
    .join(StockLevel, StockLevel.variant_id == _variant.id)
    .where(StockLevel.is_low, _variant.archived_at.is_(None))
)


def _tone(on_hand: Decimal | None) -> str | None:
    return "danger" if on_hand is not None and on_hand <= 0 else None


show_beside_price(
    "on_hand",
    Column(
        _l("On hand"),
        case((Product.is_stocked, func.coalesce(_on_hand, literal(ZERO, StockLevel.on_hand.type)))),
        "quantity",
        tone=_tone,
        needs=Can.VIEW_STOCK,
    ),
    {"low": Filter(_l("Running low"), lambda statement, _value: statement.where(Product.id.in_(_low)))},
)
