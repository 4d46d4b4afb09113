"""The figures of stock: what lies where now, and what moved when and why."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, case, func, select

from retail.catalog.models import Category, Product, Variant
from retail.core.datasets import Dataset, Dimension, Measure
from retail.inventory.models import StockLevel, StockMove
from retail.permissions import Can
from retail.tenancy.models import Location

_GOODS = {
    "product": Dimension(_l("Product"), Product.name),
    "sku": Dimension(_l("SKU"), Variant.sku),
    "category": Dimension(_l("Category"), func.coalesce(Category.path, "")),
    "location": Dimension(_l("Location"), Location.name),
}


def _with_goods(ledger: type[StockLevel] | type[StockMove]) -> Select[Any]:
    return (
        select()
        .select_from(ledger)
        .join(Variant, Variant.id == ledger.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .outerjoin(Category, Category.id == Product.category_id)
        .join(Location, Location.id == ledger.location_id)
    )


STOCK = Dataset(
    name="stock",
    label=_l("Stock on hand"),
    about=_l("What lies where now, and its worth at cost. It has no dates: it is always the present."),
    source=lambda: _with_goods(StockLevel),
    needs=Can.VIEW_STOCK,
    default_measures=("variants", "on_hand"),
    measures={
        "on_hand": Measure(
            _l("On hand"), func.sum(StockLevel.on_hand), "quantity", about=_l("What lies there, whatever for.")
        ),
        "available": Measure(
            _l("Available"),
            func.sum(StockLevel.available),
            "quantity",
            about=_l("What may be promised: on hand less what is held and the safety stock."),
        ),
        "held": Measure(
            _l("Held"),
            func.sum(StockLevel.on_hand - StockLevel.sellable),
            "quantity",
            about=_l("Reserved, promised to orders, damaged, or in quality control."),
        ),
        "incoming": Measure(
            _l("On the way"), func.sum(StockLevel.incoming), "quantity", about=_l("Ordered, or sent from elsewhere.")
        ),
        "value": Measure(
            _l("Worth at cost"),
            func.sum(StockLevel.value),
            "money",
            about=_l("The sum of the worth of all movements: what came in at its cost, less what left at its cost."),
            needs=Can.VIEW_COSTS,
        ),
        "variants": Measure(_l("Variants"), func.count(StockLevel.variant_id.distinct())),
        "low": Measure(
            _l("Running low"),
            func.count(case((StockLevel.is_low, 1))),
            about=_l("Levels at or below their reorder point."),
        ),
        "below_zero": Measure(
            _l("Below zero"),
            func.count(case((StockLevel.on_hand < 0, 1))),
            about=_l("Levels of fewer than none: more was sold than was ever received."),
        ),
    },
    dimensions=_GOODS,
)

STOCK_MOVES = Dataset(
    name="stock_moves",
    label=_l("Stock movements"),
    about=_l("Everything that came into a location or left it, and why."),
    source=lambda: _with_goods(StockMove),
    needs=Can.VIEW_STOCK,
    at=StockMove.business_date,
    default_measures=("moves", "quantity"),
    measures={
        "quantity": Measure(
            _l("Quantity"), func.sum(StockMove.quantity), "quantity", about=_l("What came in less what left.")
        ),
        "came_in": Measure(
            _l("Came in"), func.sum(case((StockMove.quantity > 0, StockMove.quantity), else_=0)), "quantity"
        ),
        "left": Measure(_l("Left"), func.sum(case((StockMove.quantity < 0, -StockMove.quantity), else_=0)), "quantity"),
        "value": Measure(
            _l("Worth at cost"),
            func.sum(StockMove.value),
            "money",
            about=_l("What the moves added to the worth of the stock."),
            needs=Can.VIEW_COSTS,
        ),
        "moves": Measure(_l("Movements"), func.count(StockMove.id)),
    },
    dimensions={
        **_GOODS,
        "reason": Dimension(_l("Reason"), StockMove.reason),
        "counterpart": Dimension(_l("From or to"), StockMove.counterpart),
        "source": Dimension(_l("Document"), StockMove.source),
    },
)
