"""Goods on their way: never nowhere, never twice, and whatever differs is said and booked."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from sqlalchemy import func, select, update

from retail.core.checks import run_checks
from retail.core.db import session, unit_of_work
from retail.core.errors import Refused
from retail.finance.queries import balance
from retail.inventory import services as inventory
from retail.inventory.models import StockHold, StockLevel, StockMove, StockTransfer, StockTransferLine
from retail.inventory.services import Arrival
from retail.tenancy.models import Location
from tests import make
from tests.inventory.test_ledger import at_once
from tests.support.till import HTMX


def at(shop, variant):
    """What lies in the shop and the warehouse, and what is on its way to the warehouse."""
    session.rollback()
    rows = {one.location_id: one for one in session.scalars(select(StockLevel).where(StockLevel.variant_id == variant))}
    there = rows.get(shop.warehouse_id)
    return rows[shop.location_id].on_hand, there.on_hand if there else 0, there.in_transit if there else 0


def sent(shop, variant, quantity=10, **more):
    with unit_of_work():
        return inventory.send(shop.location_id, shop.warehouse_id, [(variant, Decimal(quantity))], **more).id


def line_of(row):
    return session.scalars(select(StockTransferLine).where(StockTransferLine.transfer_id == row)).one()


def take_in(row, key="", **arrival):
    with unit_of_work():
        counts = {name: Decimal(count) for name, count in arrival.items()}
        return inventory.receive_transfer(row, {line_of(row).id: Arrival(**counts)}, key=key)


def sound(shop):
    session.rollback()
    assert not [(one.name, one.first) for one in run_checks([shop.tenant_id]) if one.faults]


def test_goods_on_their_way_lie_nowhere_and_stay_in_the_books(shop):
    tea = make.product("Tea", stock=10, cost="1.10").id
    row = sent(shop, tea, 4)
    assert at(shop, tea) == (6, 0, 4)
    assert (balance("1200"), balance("1210")) == (Decimal("6.60"), Decimal("4.40"))
    sound(shop)
    take_in(row, good=4)
    assert at(shop, tea) == (6, 4, 0)
    assert (balance("1200"), balance("1210")) == (Decimal("11.00"), 0)
    assert session.get_one(StockTransfer, row).state == "received"
    sound(shop)


def test_what_differs_is_booked_with_its_reason(shop):
    tea = make.product("Tea", stock=10, cost="1.00").id
    row = sent(shop, tea)
    take_in(row, good=5, damaged=2, missing=1)
    assert session.get_one(StockTransfer, row).state == "partly received"
    assert at(shop, tea) == (0, 7, 2)
    lost = select(func.sum(StockMove.quantity)).where(StockMove.reason == "lost in transit")
    assert session.scalar(lost) == -1
    assert session.execute(select(StockHold.kind, StockHold.left)).one() == ("damaged", 2)
    assert balance("5100") == 1
    sound(shop)
    take_in(row, good=2)
    assert at(shop, tea) == (0, 9, 0)
    assert session.get_one(StockTransfer, row).state == "received"
    sound(shop)


def test_what_is_on_its_way_can_be_called_back(shop):
    tea, jam = make.product("Tea", stock=10, cost="1.00").id, make.product("Jam", stock=5, cost="2.00").id
    whole, part = sent(shop, tea), sent(shop, jam, 5)
    with pytest.raises(Refused, match="Say why"), unit_of_work():
        inventory.call_back(whole, " ")
    with unit_of_work():
        inventory.call_back(whole, "wrong van")
    take_in(part, good=2)
    with unit_of_work():
        inventory.call_back(part, "road closed")
    assert (at(shop, tea), at(shop, jam)) == ((10, 0, 0), (3, 2, 0))
    assert set(session.scalars(select(StockTransfer.state))) == {"cancelled", "received"}
    assert balance("1210") == 0
    sound(shop)


def test_a_request_moves_nothing_until_it_is_sent_and_may_be_sent_in_part(shop):
    tea = make.product("Tea", stock=10).id
    with unit_of_work():
        row = inventory.request_transfer(shop.location_id, shop.warehouse_id, [(tea, Decimal(8))], key="asked").id
        again = inventory.request_transfer(shop.location_id, shop.warehouse_id, [(tea, Decimal(8))], key="asked").id
    assert row == again
    assert at(shop, tea) == (10, 0, 0)
    with unit_of_work():
        inventory.ship(row, {line_of(row).id: Decimal(3)})
    assert at(shop, tea) == (7, 0, 3)
    with pytest.raises(Refused, match="call it back instead"), unit_of_work():
        inventory.cancel_transfer(row)
    with pytest.raises(Refused, match="cannot become"), unit_of_work():
        inventory.ship(row)
    with unit_of_work():
        other = inventory.request_transfer(shop.location_id, shop.warehouse_id, [(tea, Decimal(1))])
        inventory.cancel_transfer(other.id)
    sound(shop)


def test_no_more_comes_than_is_on_its_way_however_often_it_is_booked(app, shop):
    tea = make.product("Tea", stock=10).id
    row = sent(shop, tea, 4)
    with pytest.raises(Refused, match="Only 4 are on their way"):
        take_in(row, good=5)
    line_id, row_id = line_of(row).id, row

    def receive(key):
        return lambda: inventory.receive_transfer(row_id, {line_id: Arrival(good=Decimal(4))}, key=key).id

    came = at_once(app, shop, [receive("pressed twice")] * 2 + [receive("other")])
    assert at(shop, tea) == (6, 4, 0)
    assert any(isinstance(one, str) for one in came)
    sound(shop)


def test_what_is_held_does_not_travel_where_nothing_may_go_below_nothing(shop):
    tea = make.product("Tea", stock=5).id
    with unit_of_work():
        session.execute(update(Location).values(allows_negative_stock=False))
        inventory.set_aside(shop.location_id, tea, Decimal(3), "reserved", "Mrs Byron")
    with pytest.raises(Refused, match="Only 2 of Tea can be sold"):
        sent(shop, tea, 3)
    assert session.scalar(select(func.count(StockTransfer.id))) == 0


def test_goods_that_arrive_where_too_many_were_sold_fill_the_hole(shop):
    tea = make.product("Tea", stock=10, cost="1.00").id
    with unit_of_work():
        inventory.adjust(shop.warehouse_id, tea, Decimal(-3), "lost")
    row = sent(shop, tea, 5)
    take_in(row, good=5)
    assert at(shop, tea) == (5, 2, 0)
    sound(shop)


def lines(answer):
    return dict(re.findall(r'name="(lines-\d+-\w+)" value="([^"]*)"', answer.text))


def test_a_transfer_is_made_sent_and_taken_in_by_scan_on_its_pages(app, shop):
    tea, jam = make.product("Tea", stock=10, sku="TEA").id, make.product("Jam", stock=10, sku="JAM").id
    make.product("Salt", sku="SALT")
    clerk = make.client(app, shop, "clerk")
    form = {"key": "k1", "location": shop.location_id, "to_location": shop.warehouse_id, "how": "request"}
    form |= {"lines-0-variant": tea, "lines-0-quantity": "3", "lines-1-variant": jam, "lines-1-quantity": "2"}
    made = make.post(clerk, "/stock/transfer", {**form, "do": "book"})
    url = made.headers["Location"]
    assert "3 asked for" in clerk.get(url).text
    with make.within(shop):
        (first, second) = session.scalars(select(StockTransferLine.id).order_by(StockTransferLine.id)).all()
    nothing = make.post(clerk, f"{url}/ship", {f"line-{first}": "0", f"line-{second}": "0"})
    assert nothing.status_code == 422
    assert "Send at least one piece" in nothing.text
    assert make.post(clerk, f"{url}/ship", {f"line-{first}": "3", f"line-{second}": "2"}).status_code == 303
    assert clerk.get(f"{url}/note.pdf").data.startswith(b"%PDF")
    page = clerk.get(f"{url}/receive")
    typed = lines(page) | {"key": "k2"}
    typed |= lines(make.post(clerk, f"{url}/receive", {**typed, "do": "find", "q": "TEA"}, headers=HTMX))
    assert typed["lines-0-quantity"] == "1"
    unknown = make.post(clerk, f"{url}/receive", {**typed, "do": "find", "q": "SALT"}, headers=HTMX)
    assert unknown.status_code == 422
    assert "is not among what is on its way" in unknown.text
    much = make.post(clerk, f"{url}/receive", {**typed, "lines-1-quantity": "9", "do": "book"})
    assert "Jam: only 2 are on their way." in much.text
    typed |= lines(make.post(clerk, f"{url}/receive", {**typed, "lines-1-missing": "1", "do": "all"}, headers=HTMX))
    assert (typed["lines-0-quantity"], typed["lines-1-quantity"]) == ("3", "1")
    assert make.post(clerk, f"{url}/receive", {**typed, "do": "book"}).status_code == 303
    page = clerk.get(url).text
    assert "Received" in page
    assert "1 missing" in page
    with make.within(shop):
        assert at(shop, tea) == (7, 3, 0)
        assert at(shop, jam) == (8, 1, 0)
    assert make.client(app, make.rival(), "clerk").get(url).status_code == 404
    assert make.post(make.client(app, shop, "cashier"), f"{url}/receive", typed).status_code == 403
