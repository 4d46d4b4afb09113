"""Grocery: cases and pieces, labels of scales, and the price by the kilogram."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from sqlalchemy import select
from stdnum import ean

from retail.catalog import services as catalog
from retail.catalog.models import Barcode, ScaleRule, Variant
from retail.catalog.queries import scanned, unit_price
from retail.core.db import session, unit_of_work
from retail.core.errors import Refused
from retail.till import services as till
from retail.till.services import carts
from retail.till.services.carts import Cart
from tests import make

CASE = "14006381333938"


def label(prefix, item, value):
    body = f"{prefix}{item:05}{value:05}"
    return body + ean.calc_check_digit(body)


def cheese(price="18.90", number="42"):
    """Cheese by the kilogram, with its number on the scale. Inside a tenant; commits."""
    variant = make.product("Cheddar", price=price, stock=10)
    with unit_of_work():
        catalog.add_barcode(variant.id, number)
        catalog.set_scale_rule("21", "weight", 5, 5, 3)
        catalog.set_scale_rule("22", "price", 5, 5, 2)
    return variant.id


def test_a_case_is_received_and_sold_as_what_is_in_it(app, shop):
    with make.within(shop):
        water = make.product("Water", price="0.80", stock=24)
        variant_id, url = water.id, f"/products/{water.product_id}"
        make.open_till(shop)
    clerk, cashier = make.client(app, shop, "clerk"), make.client(app, shop, "cashier")
    make.post(clerk, f"{url}/barcodes", {"variant_id": variant_id, "code": CASE, "pack_size": "12"})
    assert "pack of 12" in clerk.get(url).text
    make.post(cashier, f"/till/registers/{shop.register_id}/use")
    cart = make.post(cashier, "/till/cart", {"key": "k" * 20, "do": "find", "q": CASE}).text
    assert re.search(r'name="lines-0-quantity" value="12"', cart)
    assert "£9.60" in cart
    paper = {"key": "p" * 20, "location": shop.location_id, "do": "find", "q": CASE}
    assert re.search(r'value="12"', make.post(clerk, "/stock/receive", paper).text)
    with make.within(shop):
        barcode_id = session.scalars(select(Barcode.id)).one()
    gone = make.post(clerk, f"{url}/barcodes/{barcode_id}/remove", headers={"HX-Request": "true"})
    undo = re.search(r'"undo_url": "([^"]+)"', gone.headers["HX-Trigger"])
    make.post(clerk, undo[1])
    with make.within(shop):
        assert session.scalars(select(Barcode.pack_size)).one() == 12


def test_a_label_with_a_weight_sells_that_weight_each_on_a_line_of_its_own(shop):
    variant_id = cheese()
    found = scanned(label("21", 42, 1250))
    assert (found.variant.id, found.quantity) == (variant_id, Decimal("1.25"))
    cart, at = carts.with_scanned(Cart("k"), found)
    cart, after = carts.with_scanned(cart, scanned(label("21", 42, 400)))
    assert (at, after) == (0, 1)
    priced = till.price_cart(shop.tenant, cart.lines).priced
    assert [one.gross for one in priced.lines] == [Decimal("23.63"), Decimal("7.56")]


@pytest.mark.parametrize("pence", [1, 100, 757, 4999, 99999])
@pytest.mark.parametrize("price", ["18.90", "1.00", "0.07", "249.99"])
def test_a_label_with_a_price_costs_exactly_that(shop, price, pence):
    cheese(price)
    cart, _at = carts.with_scanned(Cart("k"), scanned(label("22", 42, pence)))
    assert till.price_cart(shop.tenant, cart.lines).priced.gross == Decimal(pence) / 100


def test_what_is_no_label_of_the_shop_means_nothing(shop):
    variant_id = cheese()
    good = label("21", 42, 1250)
    assert scanned(good[:-1] + str((int(good[-1]) + 1) % 10)) is None
    assert scanned(label("23", 42, 1250)) is None
    assert scanned(label("21", 43, 1250)) is None
    with unit_of_work():
        catalog.add_barcode(variant_id, label("23", 1, 1))
    assert scanned(label("23", 1, 1)).quantity == 1
    with pytest.raises(Refused, match="weight of nothing"):
        carts.with_scanned(Cart("k"), scanned(label("21", 42, 0)))


@pytest.mark.parametrize(
    ("unit", "content", "of", "expected"),
    [
        ("piece", "500", "g", (Decimal("4.80"), "kg")),
        ("piece", "200", "g", (Decimal("1.20"), "100 g")),
        ("piece", "75", "cl", (Decimal("3.20"), "l")),
        ("kg", None, "", (Decimal("2.40"), "kg")),
        ("piece", None, "", None),
    ],
)
def test_the_price_of_a_kilogram_or_liter_follows_from_the_content(unit, content, of, expected):
    variant = Variant(price=Decimal("2.40"), unit=unit, content=content and Decimal(content), content_unit=of)
    assert unit_price(variant) == expected


def test_rules_of_scales_are_kept_on_their_page_and_refuse_what_makes_no_barcode(app, shop):
    clerk = make.client(app, shop, "clerk")
    rule = {"prefix": "21", "holds": "weight", "item_digits": "5", "value_digits": "5", "decimals": "3"}
    assert make.post(clerk, "/products/scales", rule).status_code == 303
    for wrong, words in (
        ({"prefix": "30"}, "A prefix of scales"),
        ({"item_digits": "6"}, "14 digits together; they must be 13"),
        ({"decimals": "4"}, "between 0 and 3"),
    ):
        answer = make.post(clerk, "/products/scales", {**rule, **wrong})
        assert answer.status_code == 422
        assert words in answer.text
    assert "21 · NNNNN · WWWWW · C" in clerk.get("/products/scales").text
    with make.within(shop):
        rule_id = session.scalars(select(ScaleRule.id)).one()
    make.post(clerk, f"/products/scales/{rule_id}/remove")
    assert "No rules yet" in clerk.get("/products/scales").text


def test_a_content_is_typed_into_the_form_and_tells_the_price_by_the_kilogram(app, shop):
    with make.within(shop):
        oats = make.product("Oats", price="2.40", sku="OATS")
        variant_id, url = oats.id, f"/products/{oats.product_id}"
    clerk = make.client(app, shop, "clerk")
    head = f"variant-{variant_id}-"
    form = {"name": "Oats", f"{head}price": "2.40", f"{head}sku": "OATS", f"{head}unit": "piece"}
    make.post(clerk, f"{url}/edit", {**form, f"{head}content": "500", f"{head}content_unit": "g"})
    assert "£4.80 per kg" in clerk.get(url).text
    answer = make.post(clerk, f"{url}/edit", {**form, f"{head}content": "500", f"{head}content_unit": ""})
    assert "has a unit, such as 500 g" in answer.text
