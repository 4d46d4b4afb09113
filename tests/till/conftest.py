"""A cashier's browser at an open register, and goods to sell."""

from __future__ import annotations

import pytest

from tests import make
from tests.support.till import Goods


@pytest.fixture
def till(app, shop):
    """A cashier's browser at the open register."""
    make.open_till(shop)
    browser = make.client(app, shop, "cashier")
    make.post(browser, f"/till/registers/{shop.register_id}/use")
    return browser


@pytest.fixture
def stock(shop):
    """Make goods of the shop, between requests."""

    def made(name="", **more):
        with make.within(shop):
            row = make.product(name, **{"stock": 9, **more})
            return Goods(row.id, row.sku)

    return made
