"""What tills send and answer, for tests that sell over HTTP."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import func, select

from retail.core.db import session
from retail.inventory.models import StockLevel
from retail.orders.models import Order
from tests import make

HTMX = {"HX-Request": "true"}
KEY = "key-of-the-browser-1"


@dataclass(frozen=True)
class Goods:
    """A variant by what a page knows of it, so that it can be used between requests and in any thread."""

    id: int
    sku: str


def cart(*lines, key=KEY, **more):
    form = {"key": key}
    for at, (variant, quantity) in enumerate(lines):
        form |= {f"lines-{at}-variant": str(getattr(variant, "id", variant)), f"lines-{at}-quantity": str(quantity)}
    return form | {name.replace("__", "-"): value for name, value in more.items()}


def change(browser, form, do, **more):
    return make.post(browser, "/till/cart", {**form, "do": do, **more}, headers=HTMX)


def pay(browser, form, tender="cash", **more):
    return make.post(browser, "/till/pay", {**form, "tender": tender, **more}, headers=HTMX)


def fields(answer):
    """What the form of an answer carries."""
    return dict(re.findall(r'name="([\w-]+)" value="([^"]*)"', answer.text))


def orders(shop):
    with make.within(shop):
        return session.scalar(select(func.count(Order.id)))


def on_hand(shop, variant):
    with make.within(shop):
        return session.scalar(select(StockLevel.on_hand).where(StockLevel.variant_id == variant.id))
