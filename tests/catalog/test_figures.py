"""The dataset of products."""

from __future__ import annotations

from decimal import Decimal

from retail.catalog import services as catalog
from retail.core import datasets
from retail.core.db import unit_of_work
from tests import make


def test_products_are_counted_with_their_variants_and_prices(shop, goods):
    goods("Tea", price="2.40")
    goods("Shirt", price="20", options={"Size": ["S", "M"]})
    old = goods("Old cup", price="1")
    with make.within(shop), unit_of_work():
        catalog.archive_product(old.id)
    with make.within(shop):
        make.product("Unknown", price="3", cost=None)
        figures = datasets.get("products").ask(
            ["products", "variants", "without_cost", "lowest_price", "highest_price"], by=["status"]
        )
    assert figures == [
        {
            "status": "active",
            "products": 3,
            "variants": 4,
            "without_cost": 1,
            "lowest_price": Decimal("2.40"),
            "highest_price": Decimal(20),
        },
        {
            "status": "archived",
            "products": 1,
            "variants": 1,
            "without_cost": 0,
            "lowest_price": Decimal(1),
            "highest_price": Decimal(1),
        },
    ]
