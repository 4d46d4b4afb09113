"""Lots and pieces: what expires first leaves first, what expired is not sold, and a piece is in one place only."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select, update

from retail.core import events
from retail.core.checks import run_checks
from retail.core.clock import now
from retail.core.db import session, unit_of_work
from retail.core.errors import Refused
from retail.core.events import Event
from retail.inventory import gs1
from retail.inventory import services as inventory
from retail.inventory.models import StockLot, StockLotLevel, StockMove
from retail.inventory.services import Arrival, Movement, Named
from retail.inventory.transfer_queries import transfer_numbered
from retail.orders.queries import lines_of
from retail.payments.services import Tender
from retail.till import services as till
from retail.till.services.selling import Wanted
from tests import make
from tests.inventory.test_ledger import at_once


def tracked(name, tracking, warranty=0):
    variant = make.product(name, cost="1.00", price="2.40")
    variant_id, product_id = variant.id, variant.product_id
    session.rollback()
    with unit_of_work():
        inventory.set_tracking(product_id, tracking, warranty)
    return variant_id


def receive(shop, variant_id, *named, at=None):
    place = at or shop.location_id
    quantity = sum((one.quantity for one in named), Decimal(0))
    with unit_of_work():
        inventory.receive(place, [Movement(variant_id, place, quantity, Decimal(1), named=named)])


def lot(number, quantity, days=None):
    return Named(number, Decimal(quantity), None if days is None else now().date() + timedelta(days=days))


def lies(variant_id, place=None):
    """What lies of each number, at a place or anywhere."""
    statement = select(StockLot.number, func.sum(StockLotLevel.on_hand, type_=StockLotLevel.on_hand.type)).join(
        StockLotLevel, StockLotLevel.lot_id == StockLot.id
    )
    if place is not None:
        statement = statement.where(StockLotLevel.location_id == place)
    rows = session.execute(
        statement.where(StockLot.variant_id == variant_id).group_by(StockLot.number).order_by(StockLot.number)
    ).all()
    session.rollback()
    return {row[0]: int(row[1]) for row in rows if row[1]}


def sell(shop, variant_id, quantity, number=""):
    station = make.open_till(shop)
    with unit_of_work():
        price = Decimal("2.40") * quantity
        return till.ring_up(
            shop.tenant,
            station,
            [Wanted(variant_id, Decimal(quantity), number=number)],
            [Tender("cash", price)],
            f"sale-{variant_id}-{number}-{quantity}-{session.scalar(select(func.count(StockMove.id)))}",
            allowance=till.WITHOUT_LIMITS,
        )


def sound(shop):
    session.rollback()
    events.drain()
    return [one for one in run_checks([shop.tenant_id]) if one.faults] == []


def test_what_expires_first_is_sold_first_and_expired_goods_are_not(shop):
    milk = tracked("Milk", "lot")
    receive(shop, milk, lot("LATE", 5, 30), lot("SOON", 3, 2), lot("GONE", 4, -1))
    sell(shop, milk, 4)
    assert lies(milk) == {"GONE": 4, "LATE": 4}
    with pytest.raises(Refused, match="expired on"):
        sell(shop, milk, 5)
    with pytest.raises(Refused, match="GONE expired on"):
        sell(shop, milk, 1, "GONE")
    sell(shop, milk, 2, "LATE")
    with unit_of_work():
        inventory.set_policy(20, sells_expired=True, expiry_days=14)
    sell(shop, milk, 1, "GONE")
    assert lies(milk) == {"GONE": 3, "LATE": 2}
    with unit_of_work():
        inventory.adjust(shop.location_id, milk, Decimal(-3), "expired", number="GONE")
    assert lies(milk) == {"LATE": 2}
    assert sound(shop)


def test_what_a_customer_brings_back_is_of_the_lot_they_bought(shop):
    milk = tracked("Milk", "lot")
    receive(shop, milk, lot("A", 2, 5), lot("B", 5, 9))
    sold = sell(shop, milk, 3)
    line = lines_of(sold.order_id)[0].id
    session.rollback()
    station = make.open_till(shop)
    for key, left in (("one", {"B": 5}), ("two", {"A": 1, "B": 5})):
        with unit_of_work():
            till.refund(
                shop.tenant,
                station,
                sold.order_id,
                {line: Decimal(1)},
                f"refund-{key}",
                "sour",
                "cash",
                allowance=till.WITHOUT_LIMITS,
            )
        assert lies(milk) == left
    assert sound(shop)


def test_a_transfer_takes_its_lots_along_and_loses_one_of_them(shop):
    milk = tracked("Milk", "lot")
    receive(shop, milk, lot("A", 2, 5), lot("B", 5, 9))
    with unit_of_work():
        sent = inventory.send(shop.location_id, shop.warehouse_id, [(milk, Decimal(4))]).id
    assert lies(milk) == {"B": 3}
    (line,) = transfer_numbered(sent).lines
    line_id = line.line.id
    session.rollback()
    with unit_of_work():
        inventory.receive_transfer(sent, {line_id: Arrival(Decimal(2), Decimal(0), Decimal(1))})
    assert sum(lies(milk, shop.warehouse_id).values()) == 2
    with unit_of_work():
        inventory.call_back(sent, "wrong van")
    assert sum(lies(milk).values()) == 6
    with unit_of_work():
        inventory.transfer(shop.location_id, shop.warehouse_id, [(milk, Decimal(1))], numbers={milk: [lot("B", 1)]})
    assert lies(milk, shop.warehouse_id)["B"] >= 1
    assert sound(shop)


def test_goods_from_before_get_numbers_and_leave_first_until_then(shop):
    milk = make.product("Milk", stock=5, cost="1.00", price="2.40")
    milk_id, product_id = milk.id, milk.product_id
    session.rollback()
    with unit_of_work():
        inventory.set_tracking(product_id, "lot")
    receive(shop, milk_id, lot("NEW", 2, 9))
    sell(shop, milk_id, 2)
    assert lies(milk_id) == {"NEW": 2}
    with unit_of_work():
        inventory.name_goods(shop.location_id, milk_id, [lot("OLD", 3, 1)])
    with pytest.raises(Refused, match="Only 0 lie there without"), unit_of_work():
        inventory.name_goods(shop.location_id, milk_id, [lot("OLD", 1)])
    sell(shop, milk_id, 3)
    assert lies(milk_id) == {"NEW": 2}
    with pytest.raises(Refused, match="2 of it lie there under numbers"), unit_of_work():
        inventory.set_tracking(product_id, "none")
    assert sound(shop)


def test_somebody_is_told_once_before_a_lot_expires(shop):
    milk = tracked("Milk", "lot")
    receive(shop, milk, lot("A", 2, 5), lot("B", 5, 60))
    for told in (1, 0):
        with unit_of_work():
            assert inventory.watch_expiry() == told
    said = session.scalars(select(Event).where(Event.kind == "stock.expires")).one().data
    session.rollback()
    assert (said["number"], said["on_hand"]) == ("A", "2")


def test_a_piece_is_sold_once_and_comes_back_as_itself(shop):
    ring = tracked("Ring", "serial", warranty=24)
    receive(shop, ring, Named("R1", Decimal(1)), Named("R2", Decimal(1)))
    with pytest.raises(Refused, match="Scan the serial number of Ring; 2"):
        sell(shop, ring, 1)
    sold = sell(shop, ring, 1, "R1")
    piece = session.scalars(select(StockLot).where(StockLot.number == "R1")).one()
    assert piece.warranty_until.year == now().date().year + 2
    session.rollback()
    with pytest.raises(Refused, match="number R1, are here"):
        sell(shop, ring, 1, "R1")
    with pytest.raises(Refused, match="in stock already"):
        receive(shop, ring, Named("R2", Decimal(1)), at=shop.warehouse_id)
    line = lines_of(sold.order_id)[0].id
    session.rollback()
    station = make.open_till(shop)
    with unit_of_work():
        till.void(shop.tenant, station, sold.order_id, "void-1", "mistake", allowance=till.WITHOUT_LIMITS)
    assert line
    assert lies(ring) == {"R1": 1, "R2": 1}
    with pytest.raises(Refused, match="Scan the serial number"), unit_of_work():
        inventory.transfer(shop.location_id, shop.warehouse_id, [(ring, Decimal(1))])
    with unit_of_work():
        inventory.transfer(
            shop.location_id, shop.warehouse_id, [(ring, Decimal(1))], numbers={ring: [Named("R2", Decimal(1))]}
        )
    assert lies(ring, shop.warehouse_id) == {"R2": 1}
    with pytest.raises(Refused, match="of one piece"):
        receive(shop, ring, Named("R3", Decimal(2)))
    assert sound(shop)


def test_two_tills_cannot_sell_one_piece(app, shop):
    ring = tracked("Ring", "serial")
    receive(shop, ring, Named("R1", Decimal(1)), Named("R2", Decimal(1)))
    station = make.open_till(shop)
    lines, due = [Wanted(ring, Decimal(1), number="R1")], [Tender("cash", Decimal("2.40"))]

    def buy(number):
        return lambda: (
            till.ring_up(
                shop.tenant, station, lines, due, f"both-{number}-0123456789", allowance=till.WITHOUT_LIMITS
            ).order_id
        )

    came_to = at_once(app, shop, [buy(number) for number in range(3)])
    assert sum(isinstance(one, int) for one in came_to) == 1
    assert {one for one in came_to if isinstance(one, str)} == {"Only 0 of Ring, number R1, are here."}
    assert lies(ring) == {"R2": 1}
    assert sound(shop)


def test_damage_to_lots_is_found_and_put_right(shop):
    milk, ring = tracked("Milk", "lot"), tracked("Ring", "serial")
    receive(shop, milk, lot("A", 2, 5))
    receive(shop, ring, Named("R1", Decimal(1)))
    with unit_of_work():
        session.execute(
            update(StockLotLevel).values(on_hand=StockLotLevel.on_hand + 1),
            execution_options={"synchronize_session": False},
        )
    session.rollback()
    found = {one.name: one.first for one in run_checks([shop.tenant_id]) if one.faults}
    assert "number A of" in found["lots"]
    assert "R1" in found["lots in levels"]
    with unit_of_work():
        assert [one.label for one in inventory.repair()] == ["A", "R1"]
    assert sound(shop)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("(01)04006381333931(10)AB-1(17)261231", ("04006381333931", "AB-1", date(2026, 12, 31), "")),
        ("]C1010400638133393117261200" + "10LOT7\x1d21S9", ("04006381333931", "LOT7", date(2026, 12, 31), "S9")),
        ("01040063813339313103001250" + "21XYZ", ("04006381333931", "", None, "XYZ")),
        ("4006381333931", None),
        ("0104006381333931", None),
        ("hello", None),
        ("(10)AB", None),
        ("(01)04006381333931(17)269931", ("04006381333931", "", None, "")),
    ],
)
def test_what_a_scanner_reads_from_a_gs1_code(text, found):
    element = gs1.parse(text)
    assert (element and (element.gtin, element.lot, element.expires_on, element.serial)) == found
