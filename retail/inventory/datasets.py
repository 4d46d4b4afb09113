"""The figures of stock as it lies now: what is on hand, and what it is worth."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, case, func, select

from retail.catalog.models import Category, Product, Variant
from retail.core.datasets import Dataset, Dimension, Measure
from retail.inventory.models import StockLevel
from retail.permissions import Can
from retail.tenancy.models import Location


def _levels() -> Select[Any]:
    return (
        select()
        .select_from(StockLevel)
        .join(Variant, Variant.id == StockLevel.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .outerjoin(Category, Category.id == Product.category_id)
        .join(Location, Location.id == StockLevel.location_id)
    )


STOCK = Dataset(
    name="stock",
    label=_l("Stock on hand"),
    about=_l("What lies where now, and its worth at cost. It has no dates: it is always the present."),
    source=_levels,
    needs=Can.VIEW_STOCK,
    default_measures=("variants", "on_hand"),
    measures={
        "on_hand": Measure(_l("On hand"), func.sum(StockLevel.on_hand), "quantity"),
        "value": Measure(_l("Worth at cost"), func.sum(StockLevel.value), "money", needs=Can.VIEW_COSTS),
        "variants": Measure(_l("Variants"), func.count(StockLevel.variant_id.distinct())),
        "low": Measure(
            _l("Running low"),
            func.count(case((StockLevel.on_hand <= StockLevel.reorder_point, 1))),
            about=_l("Levels at or below their reorder point."),
        ),
    },
    dimensions={
        "product": Dimension(_l("Product"), Product.name),
        "sku": Dimension(_l("SKU"), Variant.sku),
        "category": Dimension(_l("Category"), func.coalesce(Category.path, "")),
        "location": Dimension(_l("Location"), Location.name),
    },
)
