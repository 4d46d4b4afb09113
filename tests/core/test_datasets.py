"""Figures: what a statement reads follows from what is asked."""

from __future__ import annotations

from decimal import Decimal

import pytest

from retail.core import datasets
from retail.core.db import reading
from tests import make


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("measures", "limits", "read"),
    [
        (["units"], {}, {"order_lines", "orders"}),
        (["units"], {"by": ["month"], "where": {"kind": "sale"}}, {"order_lines", "orders"}),
        (["units"], {"by": ["customer"]}, {"order_lines", "orders", "customers"}),
        (["units"], {"where": {"merchandise": "yes"}}, {"order_lines", "orders", "variants", "products"}),
        (["units"], {"by": ["category"]}, {"order_lines", "orders", "variants", "products", "categories"}),
    ],
)
def test_only_what_is_asked_for_is_read(app, measures, limits, read):
    words = str(datasets.get("sales").statement(measures, **limits)).split()
    tables = {"order_lines", "orders", "customers", "variants", "products", "categories", "locations", "users"}
    assert tables & set(words) == read


def test_leaving_tables_out_changes_no_figure(shop):
    tea, cup = make.product("Tea", stock=9), make.product("Cup", stock=9)
    ada = make.customer("Ada Byron")
    make.sale(shop, (tea, 2), (cup, 1), customer_id=ada.id)
    make.sale(shop, (cup, 3))
    with reading():
        whole = datasets.get("sales").one(["lines", "units"])
        for name in ("product", "customer", "category", "location", "cashier", "day"):
            parts = datasets.get("sales").ask(["lines", "units"], by=[name])
            assert sum(part["lines"] for part in parts) == whole["lines"] == 3
            assert sum(part["units"] for part in parts) == whole["units"] == Decimal(6)
