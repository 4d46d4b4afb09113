"""Lots and pieces where they are easily mixed up: several on a receipt, losses on the way, repairs, others' places."""

from __future__ import annotations

import dataclasses
import html
import re
from decimal import Decimal

import pytest
from sqlalchemy import delete, func, select, update

from retail.catalog.models import Variant
from retail.core.checks import run_checks
from retail.core.db import session, unit_of_work
from retail.core.errors import Refused
from retail.core.places import limited_to
from retail.inventory import services as inventory
from retail.inventory.models import StockDocument, StockLot, StockMove
from retail.inventory.services import Arrival, Named
from retail.inventory.transfer_queries import transfer_numbered
from retail.orders.models import Order
from retail.orders.queries import lines_of
from retail.payments.services import Tender
from retail.till import services as till
from retail.till.services.selling import Wanted
from tests import make
from tests.inventory.test_lots import lies, lot, receive, sell, sound, tracked

pytestmark = pytest.mark.usefixtures("shop")
ONE, TWO = Decimal(1), Decimal(2)


def pieces(*numbers):
    return [Named(number, ONE) for number in numbers]


def sell_lines(shop, *lines):
    """One receipt with a line for each (variant, quantity, number)."""
    station = make.open_till(shop)
    wanted = [Wanted(variant_id, Decimal(quantity), number=number) for variant_id, quantity, number in lines]
    due = Decimal("2.40") * sum(quantity for _variant, quantity, _number in lines)
    with unit_of_work():
        sold = till.ring_up(
            shop.tenant, station, wanted, [Tender("cash", due)], "several-0123456789", allowance=till.WITHOUT_LIMITS
        )
    return sold.order_id, [one.id for one in lines_of(sold.order_id)]


def give_back(shop, order_id, quantities, key, station=None):
    session.rollback()
    station = station or make.open_till(shop)
    with unit_of_work():
        till.refund(shop.tenant, station, order_id, quantities, key, "sour", "cash", allowance=till.WITHOUT_LIMITS)


def set_tracking(variant_id, tracking):
    product_id = session.get_one(Variant, variant_id).product_id
    session.rollback()
    with unit_of_work():
        inventory.set_tracking(product_id, tracking)


def test_each_line_gives_back_what_it_sold(shop):
    ring = tracked("Ring", "serial")
    receive(shop, ring, *pieces("R1", "R2"))
    order_id, (_first, second) = sell_lines(shop, (ring, 1, "R1"), (ring, 1, "R2"))
    give_back(shop, order_id, {second: ONE}, "back-1")
    assert lies(ring) == {"R2": 1}
    milk = tracked("Milk", "lot")
    receive(shop, milk, lot("A", 2, 5), lot("B", 2, 9))
    with unit_of_work():
        sold = till.ring_up(
            shop.tenant,
            make.open_till(shop),
            [Wanted(milk, TWO, number="A"), Wanted(milk, TWO, number="B")],
            [Tender("cash", Decimal("9.60"))],
            "milk-0123456789",
            allowance=till.WITHOUT_LIMITS,
        )
    ids = [one.id for one in lines_of(sold.order_id)]
    give_back(shop, sold.order_id, dict.fromkeys(ids, ONE), "back-2")
    assert lies(milk) == {"A": 1, "B": 1}
    give_back(shop, sold.order_id, dict.fromkeys(ids, ONE), "back-3")
    assert lies(milk) == {"A": 2, "B": 2}
    assert sound(shop)


def test_a_voided_receipt_brings_all_its_pieces_back(shop):
    ring = tracked("Ring", "serial")
    receive(shop, ring, *pieces("R1", "R2"))
    order_id, _lines = sell_lines(shop, (ring, 1, "R1"), (ring, 1, "R2"))
    session.rollback()
    station = make.open_till(shop)
    with unit_of_work():
        till.void(shop.tenant, station, order_id, "void-1", "mistake", allowance=till.WITHOUT_LIMITS)
    assert lies(ring) == {"R1": 1, "R2": 1}


@pytest.mark.parametrize("tracking", ["lot", "serial"])
def test_what_was_lost_on_the_way_does_not_arrive(shop, tracking):
    goods = tracked("Goods", tracking)
    named = pieces("A", "B") if tracking == "serial" else [lot("A", 1, 5), lot("B", 1, 9)]
    receive(shop, goods, *named)
    with unit_of_work():
        sent = inventory.send(shop.location_id, shop.warehouse_id, [(goods, TWO)], numbers={goods: named}).id
    line = transfer_numbered(sent).lines[0].line.id
    session.rollback()
    with unit_of_work():
        inventory.receive_transfer(sent, {line: Arrival(missing=ONE)})
    with unit_of_work():
        inventory.receive_transfer(sent, {line: Arrival(good=ONE)})
    assert sum(lies(goods).values()) == 1
    lots = session.execute(
        select(StockMove.lot_id, func.sum(StockMove.quantity, type_=StockMove.quantity.type))
        .where(StockMove.variant_id == goods)
        .group_by(StockMove.lot_id)
    ).all()
    assert sorted(row[1] for row in lots) == [0, 1], "each lot is there or lost, never both"
    assert sound(shop)


def test_two_lines_of_one_article_carry_their_own_lots(shop):
    milk = tracked("Milk", "lot")
    receive(shop, milk, lot("A", 1, 5), lot("B", 1, 9))
    with unit_of_work():
        inventory.transfer(
            shop.location_id, shop.warehouse_id, [(milk, ONE), (milk, ONE)], numbers={milk: [lot("A", 1), lot("B", 1)]}
        )
    assert lies(milk, shop.warehouse_id) == {"A": 1, "B": 1}


def _lose_last_paper():
    last = session.scalar(select(func.max(StockDocument.id)))
    session.rollback()
    with unit_of_work():
        session.execute(delete(StockDocument).where(StockDocument.id == last))
    with unit_of_work():
        inventory.repair()


def test_a_repair_takes_the_lot_that_came_with_the_lost_paper(shop):
    milk = tracked("Milk", "lot")
    receive(shop, milk, lot("A", 3, 5))
    receive(shop, milk, lot("B", 3, 90))
    _lose_last_paper()
    assert lies(milk) == {"A": 3}
    ring = tracked("Ring", "serial")
    receive(shop, ring, *pieces("R1", "R2"))
    _lose_last_paper()
    assert lies(ring) == {}
    session.rollback()
    # The numbers of the papers that are gone stay missing: no repair makes a paper up.
    assert {one.name for one in run_checks([shop.tenant_id]) if one.faults} == {"document numbers"}


def test_a_recall_names_who_bought_that_article_of_that_lot(app, shop):
    milk, tea = tracked("Milk", "lot"), tracked("Tea", "lot")
    receive(shop, milk, lot("7", 3))
    receive(shop, tea, lot("7", 3))
    sold = [sell(shop, milk, 1).order_id, sell(shop, tea, 2).order_id]
    number = {one: session.get_one(Order, one).number for one in sold}
    lot_id = session.scalars(select(StockLot.id).where(StockLot.variant_id == milk)).one()
    session.rollback()
    client = make.client(app, shop, "owner")
    link = re.search(r'href="(/orders/\?lot=[^"]+)"', client.get(f"/stock/lots/{lot_id}").text)
    listed = client.get(html.unescape(link[1])).text
    assert number[sold[0]] in listed
    assert number[sold[1]] not in listed
    both = client.get("/orders/?lot=7").text
    assert number[sold[0]] in both
    assert number[sold[1]] in both, "a number alone asks for all lots of it"


def test_a_move_that_lost_its_lot_is_evened_out(shop):
    milk = tracked("Milk", "lot")
    receive(shop, milk, lot("A", 3, 5))
    sell(shop, milk, 2)
    with unit_of_work():
        lost = update(StockMove).where(StockMove.quantity < 0).values(lot_id=None)
        session.execute(lost, execution_options={"synchronize_session": False})
    assert not sound(shop)
    with unit_of_work():
        inventory.repair()
    assert sound(shop)
    assert lies(milk) == {"A": 1}


def test_a_piece_is_in_one_place_whoever_looks(shop):
    ring = tracked("Ring", "serial")
    receive(shop, ring, *pieces("R1", "R2"), at=shop.location_id)
    receive(shop, ring, *pieces("R3"), at=shop.warehouse_id)
    here = frozenset({shop.location_id})
    with limited_to(here), pytest.raises(Refused, match="in stock already"):
        receive(shop, ring, *pieces("R3"))
    with limited_to(here), pytest.raises(Refused):
        set_tracking(ring, "lot")
    order_id, (first, second) = sell_lines(shop, (ring, 1, "R1"), (ring, 1, "R2"))
    session.rollback()
    station = make.open_till(shop)
    give_back(shop, order_id, {first: ONE}, "there", dataclasses.replace(station, location_id=shop.warehouse_id))
    with limited_to(here):
        give_back(shop, order_id, {second: ONE}, "here", station)
    assert lies(ring) == {"R1": 1, "R2": 1, "R3": 1}
    assert lies(ring, shop.location_id) == {"R2": 1}


def test_a_piece_is_whole_and_counted_before_it_has_a_number(shop):
    ring = tracked("Ring", "serial")
    receive(shop, ring, *pieces("R1"))
    with pytest.raises(Refused, match="is of one piece"):
        sell(shop, ring, Decimal("0.5"), "R1")
    owed = make.product("Owed", cost="1.00", price="2.40").id
    session.rollback()
    sell(shop, owed, 2)
    session.rollback()
    with pytest.raises(Refused, match="count it first"):
        set_tracking(owed, "serial")


def test_goods_come_back_though_they_are_told_apart_otherwise_by_now(shop):
    ring = tracked("Ring", "lot")
    receive(shop, ring, lot("L", 3))
    order_id, (line,) = sell_lines(shop, (ring, 3, "L"))
    session.rollback()
    set_tracking(ring, "serial")
    give_back(shop, order_id, {line: TWO}, "back-1")
    give_back(shop, order_id, {line: ONE}, "back-2")
    assert sound(shop)
