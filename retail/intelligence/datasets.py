"""The figures of scores and forecasts."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, case, func, select

from retail.catalog.models import Category, Product, Variant
from retail.core.datasets import Dataset, Dimension, Lookup, Measure
from retail.customers.models import Customer
from retail.intelligence.models import CustomerScore, ProductForecast
from retail.permissions import Can


def _scores() -> Select[Any]:
    return select().select_from(CustomerScore)


def _forecasts() -> Select[Any]:
    return select().select_from(ProductForecast)


CUSTOMER_SCORES = Dataset(
    name="customer_scores",
    label=_l("Customers by score"),
    about=_l("Everybody who bought under a name, as of last night: how recently, how often and for how much."),
    source=_scores,
    lookups=(Lookup(Customer, Customer.id == CustomerScore.customer_id),),
    needs=Can.VIEW_SCORES,
    default_measures=("customers", "monetary"),
    measures={
        "customers": Measure(_l("Customers"), func.count(CustomerScore.id)),
        "monetary": Measure(
            _l("Net revenue"), func.sum(CustomerScore.monetary), "money", _l("Of everything they ever bought.")
        ),
        "purchases": Measure(_l("Purchases"), func.sum(CustomerScore.frequency)),
    },
    dimensions={
        "segment": Dimension(_l("Segment"), CustomerScore.segment),
        "r": Dimension(_l("Recency score"), CustomerScore.r, "integer"),
        "f": Dimension(_l("Frequency score"), CustomerScore.f, "integer"),
        "m": Dimension(_l("Money score"), CustomerScore.m, "integer"),
        "country": Dimension(_l("Country"), Customer.country),
    },
)

DEMAND_FORECASTS = Dataset(
    name="demand_forecasts",
    label=_l("Expected demand"),
    about=_l("Units expected in the days ahead, of every product that still sells."),
    source=_forecasts,
    lookups=(
        Lookup(Variant, Variant.id == ProductForecast.variant_id),
        Lookup(Product, Product.id == Variant.product_id),
        Lookup(Category, Category.id == Product.category_id),
    ),
    needs=Can.VIEW_INTELLIGENCE,
    default_measures=("products", "expected_7", "expected_28", "sold_28"),
    measures={
        "products": Measure(_l("Products"), func.count(ProductForecast.id)),
        "expected_7": Measure(_l("Next 7 days"), func.sum(ProductForecast.expected_7), "quantity"),
        "expected_28": Measure(_l("Next 28 days"), func.sum(ProductForecast.expected_28), "quantity"),
        "mean_28": Measure(
            _l("Next 28 days, long-run mean"),
            func.sum(ProductForecast.mean_28),
            "quantity",
            _l("With giant orders counted as often as they come."),
        ),
        "needed_28": Measure(
            _l("Needed for 28 days"),
            func.sum(ProductForecast.needed_28),
            "quantity",
            _l("The long-run mean and the usual error of the forecast."),
        ),
        "sold_28": Measure(_l("Last 28 days"), func.sum(ProductForecast.sold_28), "quantity"),
    },
    dimensions={
        "sku": Dimension(_l("SKU"), Variant.sku),
        "product": Dimension(_l("Product"), Product.name),
        "category": Dimension(_l("Category"), func.coalesce(Category.path, "")),
        "method": Dimension(_l("Method"), ProductForecast.method),
        "baseline": Dimension(
            _l("Simple rule kept"), case((ProductForecast.baseline_kept.is_(True), "yes"), else_="no")
        ),
    },
)
