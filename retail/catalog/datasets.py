"""The figures of what is sold: how many products and variants there are, and at what prices."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, case, func, select

from retail.catalog.models import Category, Product, Variant
from retail.core.datasets import Dataset, Dimension, Measure
from retail.permissions import Can


def _variants() -> Select[Any]:
    return (
        select()
        .select_from(Variant)
        .join(Product, Product.id == Variant.product_id)
        .outerjoin(Category, Category.id == Product.category_id)
    )


PRODUCTS = Dataset(
    name="products",
    label=_l("Products"),
    about=_l("What is sold and was sold. It has no dates: it is always the present."),
    source=_variants,
    needs=Can.VIEW_PRODUCTS,
    default_measures=("products", "variants"),
    measures={
        "products": Measure(_l("Products"), func.count(Product.id.distinct())),
        "variants": Measure(_l("Variants"), func.count(Variant.id)),
        "without_cost": Measure(
            _l("Without a cost"),
            func.count(case((Variant.cost.is_(None), 1))),
            about=_l("Variants whose cost is not known, so that their margin is not either."),
            needs=Can.VIEW_COSTS,
        ),
        "lowest_price": Measure(_l("Lowest price"), func.min(Variant.price), "money"),
        "highest_price": Measure(_l("Highest price"), func.max(Variant.price), "money"),
    },
    dimensions={
        "category": Dimension(_l("Category"), func.coalesce(Category.path, "")),
        "brand": Dimension(_l("Brand"), Product.brand),
        "product": Dimension(_l("Product"), Product.name),
        "status": Dimension(
            _l("Status"),
            case((Variant.archived_at.is_(None), "active"), else_="archived"),
        ),
    },
)
