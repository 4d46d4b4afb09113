"""Lots and pieces on the pages: scanned at the delivery, sold at the till, found again for a recall."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from sqlalchemy import select

from retail.catalog.models import Barcode
from retail.core.clock import now
from retail.core.db import session, unit_of_work
from retail.customers.services import create_customer
from retail.inventory import services as inventory
from retail.inventory.models import StockDocument, StockLevel, StockLot, StockLotLevel, StockPolicy, StockTransferLine
from retail.purchasing import services as purchasing
from retail.purchasing.services import OrderedLine
from tests import make
from tests.inventory.test_pages import Goods, fields
from tests.support import till as cashing

HTMX = {"HX-Request": "true"}
GTIN = "04006381333931"


@pytest.fixture
def owner(app, shop):
    return make.client(app, shop, "owner")


@pytest.fixture
def apart(shop, owner):
    """Make an article whose goods are told apart, as its page does."""

    def made(name, tracking, code="", **more):
        with make.within(shop):
            row = make.product(name, price="2.40", cost="1.00", **more)
            if code:
                with unit_of_work():
                    session.add(Barcode(code=code, variant_id=row.id))
            goods = Goods(row.id, row.product_id, row.sku)
        answer = make.post(
            owner, f"/stock/articles/{goods.id}/tracking", {"tracking": tracking, "warranty_months": "24"}
        )
        assert answer.status_code == 303
        return goods

    return made


def scanned(browser, url, form, code):
    """The lines of the page after a scan."""
    answer = make.post(browser, url, {**form, "do": "find", "q": code}, headers=HTMX)
    return answer, {name: value for name, value in fields(answer).items() if name.startswith("lines-")}


def at_the_till(shop, browser):
    with make.within(shop):
        make.open_till(shop)
    make.post(browser, f"/till/registers/{shop.register_id}/use")


def lot_of(shop, number):
    with make.within(shop):
        return session.scalar(select(StockLot.id).where(StockLot.number == number))


def test_a_delivery_is_scanned_by_lot_and_sold_first_to_expire_first(app, shop, owner, apart):
    milk = apart("Milk", "lot", GTIN)
    base = {"key": "lots-1", "location": str(shop.location_id)}
    _answer, lines = scanned(owner, "/stock/receive", base, f"(01){GTIN}(10)LATE(17)991231")
    assert (lines["lines-0-numbers"], lines["lines-0-expires"]) == ("LATE", "1999-12-31")
    _answer, lines = scanned(owner, "/stock/receive", {**base, **lines}, f"(01){GTIN}(10)SOON(17)491231")
    _answer, lines = scanned(owner, "/stock/receive", {**base, **lines}, f"(01){GTIN}(10)SOON(17)491231")
    assert [lines[f"lines-{at}-numbers"] for at in (0, 1)] == ["LATE", "SOON"]
    assert lines["lines-1-quantity"] == "2"
    lines["lines-0-numbers"] = ""
    refused = make.post(owner, "/stock/receive", {**base, **lines, "do": "book"}, headers=HTMX)
    assert "Milk: Scan or type its lot." in refused.text
    assert refused.status_code == 422
    lines |= {"lines-0-numbers": "LATE", "lines-0-expires": "2049-12-31", "lines-1-expires": "2049-01-31"}
    booked = make.post(owner, "/stock/receive", {**base, **lines, "do": "book"})
    assert booked.status_code == 303
    at_the_till(shop, owner)
    with make.within(shop), unit_of_work():
        customer = create_customer("Mina Doe", email="mina@example.org").id
    paid = cashing.pay(owner, cashing.cart((milk.id, 1), customer=str(customer)))
    assert paid.status_code == 200
    page = owner.get(f"/stock/lots/{lot_of(shop, 'SOON')}").text
    assert "Who bought it" in page
    buyers = owner.get(re.search(r'href="(/orders/\?lot=[^"]*)"', page)[1]).text
    assert "Mina Doe" in buyers
    assert "Mina Doe" not in owner.get("/orders/?lot=LATE").text
    listed = owner.get("/stock/lots?q=SOON").text
    assert "SOON" in listed
    assert "LATE" not in listed


def test_expired_goods_are_listed_refused_at_the_till_and_scrapped(app, shop, owner, apart):
    milk = apart("Milk", "lot")
    with make.within(shop), unit_of_work():
        named = (inventory.Named("OLD", Decimal(3), now().date().replace(year=2020)),)
        goods = [inventory.Movement(milk.id, shop.location_id, Decimal(3), Decimal(1), named=named)]
        inventory.receive(shop.location_id, goods)
    at_the_till(shop, owner)
    refused = cashing.pay(owner, cashing.cart((milk.id, 1)))
    assert refused.status_code == 422
    assert "expired on 2020" in refused.headers["HX-Trigger"]
    assert "OLD" in owner.get("/stock/lots?expiry=expired").text
    lot_id = lot_of(shop, "OLD")
    assert "Take it off the shelf" in owner.get(f"/stock/lots/{lot_id}").text
    form = {"key": "scrap-1", "location": str(shop.location_id), "quantity": "3", "reason": "expired"}
    assert make.post(owner, f"/stock/lots/{lot_id}/scrap", {**form, "quantity": "9"}).status_code == 422
    assert make.post(owner, f"/stock/lots/{lot_id}/scrap", form).status_code == 303
    with make.within(shop):
        assert session.scalar(select(StockLotLevel.on_hand).where(StockLotLevel.lot_id == lot_id)) == 0
        assert session.scalar(select(StockDocument.value).order_by(StockDocument.id.desc())) == -3


def test_a_piece_is_scanned_in_and_out_and_once_only(app, shop, owner, apart):
    ring = apart("Ring", "serial", GTIN)
    base = {"key": "piece-1", "location": str(shop.location_id)}
    _answer, lines = scanned(owner, "/stock/receive", base, f"(01){GTIN}(21)R-1")
    twice, _same = scanned(owner, "/stock/receive", {**base, **lines}, f"(01){GTIN}(21)R-1")
    assert "R-1 is on the paper already" in twice.text
    lines |= {"lines-0-numbers": "R-1, R-2", "lines-0-quantity": "3"}
    assert (
        "there must be one for each piece" in make.post(owner, "/stock/receive", {**base, **lines, "do": "book"}).text
    )
    lines["lines-0-quantity"] = "2"
    assert make.post(owner, "/stock/receive", {**base, **lines, "do": "book"}).status_code == 303
    at_the_till(shop, owner)
    found = make.post(owner, "/till/cart", {**cashing.cart(), "do": "find", "q": "R-1"}, headers=HTMX)
    assert "No. R-1" in found.text
    line = {name: value for name, value in fields(found).items() if name.startswith("lines-")}
    again = make.post(owner, "/till/cart", {**cashing.cart(), **line, "do": "find", "q": "R-1"}, headers=HTMX)
    assert "in the cart already" in again.headers["HX-Trigger"]
    assert cashing.pay(owner, {**cashing.cart(), **line}).status_code == 200
    without = cashing.pay(owner, cashing.cart((ring.id, 1), key="another-key-0123456789"))
    assert "Scan the serial number of Ring" in without.headers["HX-Trigger"]
    page = owner.get(f"/stock/lots/{lot_of(shop, 'R-1')}").text
    assert f"{now().year + 2}" in page
    assert "None of it is here" in page


def test_a_transfer_page_takes_the_lot_a_person_chose(app, shop, owner, apart):
    milk = apart("Milk", "lot")
    with make.within(shop), unit_of_work():
        named = tuple(inventory.Named(number, Decimal(2)) for number in ("A", "B"))
        goods = [inventory.Movement(milk.id, shop.location_id, Decimal(4), Decimal(1), named=named)]
        inventory.receive(shop.location_id, goods)
    form = {
        "key": "choose-1",
        "location": str(shop.location_id),
        "to_location": str(shop.warehouse_id),
        "how": "now",
        "lines-0-variant": str(milk.id),
        "lines-0-quantity": "1",
        "lines-0-numbers": "B",
        "do": "book",
    }
    assert make.post(owner, "/stock/transfer", form).status_code == 303
    with make.within(shop):
        there = select(StockLot.number).join(StockLotLevel, StockLotLevel.lot_id == StockLot.id)
        there = there.where(StockLotLevel.location_id == shop.warehouse_id)
        assert session.scalars(there).all() == ["B"]


def test_goods_from_before_get_their_number_on_the_page_of_their_article(shop, owner, apart):
    milk = apart("Milk", "lot", stock=5)
    page = owner.get(f"/stock/articles/{milk.id}").text
    assert "Without a number" in page
    form = {"key": "name-1", "location": str(shop.location_id), "quantity": "5", "numbers": "OLD"}
    assert make.post(owner, f"/stock/articles/{milk.id}/numbers", {**form, "quantity": "6"}).status_code == 422
    assert make.post(owner, f"/stock/articles/{milk.id}/numbers", form).status_code == 303
    assert "Without a number" not in owner.get(f"/stock/articles/{milk.id}").text


def test_what_a_business_decides_about_its_stock_is_kept(app, shop, owner):
    form = {"carrying_percent": "25", "expiry_days": "30", "sells_expired": "1"}
    assert make.post(owner, "/stock/settings", {**form, "expiry_days": "999"}).status_code == 422
    assert make.post(owner, "/stock/settings", form).status_code == 303
    with make.within(shop):
        row = session.scalars(select(StockPolicy)).one()
        assert (row.carrying_percent, row.expiry_days, row.sells_expired) == (25, 30, True)
    assert make.client(app, shop, "clerk").get("/stock/settings").status_code == 403


def test_what_came_damaged_is_scrapped_in_one_step(shop, owner, apart):
    milk = apart("Milk", "none", stock=5)
    with make.within(shop), unit_of_work():
        hold = inventory.set_aside(shop.location_id, milk.id, Decimal(2), "damaged", "wet").id
        kept = inventory.set_aside(shop.location_id, milk.id, Decimal(1), "reserved", "Mina").id
    assert "Scrap" in owner.get(f"/stock/articles/{milk.id}").text
    assert make.post(owner, f"/stock/held/{kept}/scrap").status_code == 422
    assert make.post(owner, f"/stock/held/{hold}/scrap").status_code == 303
    assert make.post(owner, f"/stock/held/{hold}/scrap").status_code == 422
    with make.within(shop):
        level = session.scalars(select(StockLevel).where(StockLevel.variant_id == milk.id)).one()
        assert (level.on_hand, level.damaged, level.reserved) == (3, 0, 1)


def test_a_delivery_against_an_order_asks_for_the_lot_of_the_code(shop, owner, apart):
    milk = apart("Milk", "lot", GTIN)
    with make.within(shop), unit_of_work():
        supplier = purchasing.create_supplier("Dairy", "GBP", email="dairy@example.org").id
        order = purchasing.draw_up(supplier, shop.location_id, [OrderedLine(milk.id, Decimal(4), Decimal(1))])
        purchasing.submit(order, None)
        page, line = f"/purchasing/orders/{order.id}/receive", f"lines-{order.lines[0].id}"
    base = {"key": "order-lots-1", "spread": "value", "rate": "1"}
    scan = make.post(owner, page, {**base, "do": "find", "q": f"(01){GTIN}(10)L9(17)491231"}, headers=HTMX)
    typed = {name: value for name, value in fields(scan).items() if name.startswith(line)}
    assert (typed[f"{line}-numbers"], typed[f"{line}-expires"]) == ("L9", "2049-12-31")
    typed = {**base, **typed, f"{line}-good": "4", "do": "book"}
    typed.pop(f"{line}-over", None)
    without = make.post(owner, page, {**typed, f"{line}-numbers": ""})
    assert without.status_code == 422
    assert "scan or type its lot" in without.text
    assert make.post(owner, page, typed).status_code == 303
    with make.within(shop):
        assert session.scalars(select(StockLotLevel.on_hand)).all() == [4]


def test_a_piece_that_was_asked_for_is_named_when_it_is_sent(shop, owner, apart):
    ring = apart("Ring", "serial")
    with make.within(shop), unit_of_work():
        named = tuple(inventory.Named(number, Decimal(1)) for number in ("R1", "R2"))
        goods = [inventory.Movement(ring.id, shop.location_id, Decimal(2), Decimal(1), named=named)]
        inventory.receive(shop.location_id, goods)
        row = inventory.request_transfer(shop.location_id, shop.warehouse_id, [(ring.id, Decimal(1))])
        transfer_id, line_id = row.id, session.scalars(select(StockTransferLine.id)).one()
    page = f"/stock/transfers/{transfer_id}"
    assert "Serial numbers" in owner.get(page).text
    form = {"key": "ship-1", f"line-{line_id}": "1"}
    refused = make.post(owner, f"{page}/ship", form)
    assert refused.status_code == 422
    assert "Scan the serial number of Ring" in refused.text
    assert make.post(owner, f"{page}/ship", {**form, f"numbers-{line_id}": "R2"}).status_code == 303
    with make.within(shop):
        left = select(StockLot.number).join(StockLotLevel, StockLotLevel.lot_id == StockLot.id)
        assert session.scalars(left.where(StockLotLevel.on_hand > 0)).all() == ["R1"]
