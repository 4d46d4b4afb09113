"""What tests of lists share."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select

from retail.catalog.models import Product, Variant
from retail.core.db import session
from tests import make

HTMX = {"HX-Request": "true"}


def names(client: FlaskClient, url: str) -> list[str]:
    """What a list shows in its first column, in order."""
    page = client.get(url, headers=HTMX).get_data(as_text=True)
    return re.findall(r'data-select-row aria-label="Select ([^"]+)"', page)


def prices(shop: make.Cast) -> dict[str, Decimal]:
    """The price of every variant by its name."""
    with make.within(shop):
        return {row.name: row.price for row in session.execute(select(Variant.name, Variant.price))}


def product_id(shop: make.Cast, name: str) -> int:
    """A product by its name."""
    with make.within(shop):
        return session.scalars(select(Product.id).where(Product.name == name)).one()


def change_price(client: FlaskClient, shop: make.Cast, data: dict[str, Any], **more: Any) -> Any:
    """Send the job that changes prices."""
    return make.post(client, "/lists/products/jobs/price", {"percent": "10", "rounding": "exact", **data}, **more)
