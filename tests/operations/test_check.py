"""`flask check` finds every kind of damage, names it, and says nothing about a healthy shop."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from flask import current_app
from sqlalchemy import delete, update

from retail.core import events, files, tasks
from retail.core.checks import CHECKS, run_checks
from retail.core.clock import now
from retail.core.db import session, unit_of_work
from retail.core.events import Delivery, Event
from retail.core.numbers import NumberSeries
from retail.core.tasks import Task
from retail.core.tenancy import inside
from retail.finance.models import JournalLine
from retail.inventory.models import StockLevel, StockMove
from retail.orders.models import Order, OrderLine
from retail.orders.queries import lines_of
from retail.payments.models import Payment
from retail.pricing.services import Discount
from retail.till import services as till
from retail.till.models import Shift
from tests import make


@pytest.fixture
def busy(shop):
    """A shop that has sold, given back, voided and closed a shift, with everything told."""
    tea = make.product("Tea", price="3.33", cost="1.11", stock=20, sku="TEA")
    sold = make.sale(shop, (tea, 3), discount=Discount("amount", Decimal("1.00")))
    make.sale(shop, (tea, 2), tender="card")
    other = make.sale(shop, (tea, 1))
    station = make.open_till(shop)
    (line,) = lines_of(sold.order_id)
    with unit_of_work():
        till.refund(
            shop.tenant,
            station,
            sold.order_id,
            {line.id: Decimal(2)},
            "r",
            "faulty",
            "cash",
            allowance=till.WITHOUT_LIMITS,
        )
    with unit_of_work():
        till.void(shop.tenant, station, other.order_id, "v", "mistake", allowance=till.WITHOUT_LIMITS)
    with unit_of_work():
        till.close_shift(station.shift_id, {"50": 1})
        files.store("note.txt", "text/plain", b"hello")
    events.drain()
    tasks.run_due()
    return shop


def faults(shop):
    return {one.name: (one.faults, one.first) for one in run_checks([shop.tenant_id]) if one.faults}


def test_a_healthy_shop_has_no_faults(busy):
    assert faults(busy) == {}


def change(model, column, by=1):
    def damage():
        row = session.scalars(update(model).values({column: getattr(model, column) + by}).returning(model.id)).first()
        assert row

    return damage


def first_sale():
    return session.query(Order).order_by(Order.id).first()


def lose_a_payment():
    session.execute(delete(Payment).where(Payment.document_id == first_sale().id))


def orphan_a_payment():
    session.execute(update(Payment).where(Payment.document_id == first_sale().id).values(document_id=987654))


def lose_a_level():
    session.execute(delete(StockLevel))


def lose_a_number():
    session.execute(update(Order).where(Order.number == "S-2").values(number="X-2"))


def shift_a_series():
    session.execute(update(NumberSeries).where(NumberSeries.name == "sale").values(last=2))


def move_to_another_order():
    second = session.query(Order).order_by(Order.id).offset(1).first()
    session.execute(update(OrderLine).where(OrderLine.order_id == first_sale().id).values(order_id=second.id))


def give_back_more():
    session.execute(update(OrderLine).where(OrderLine.order_id == first_sale().id).values(returned=Decimal(3)))


def park():
    session.add(Delivery(event_id=1, handler="a.b", due_at=now()))
    session.flush()
    session.execute(update(Delivery).values(state="parked"))


def never_relay():
    session.execute(update(Event).values(relayed_at=None, occurred_at=now() - timedelta(minutes=6)))


def break_a_task():
    session.add(Task(name="mail.send", due_at=now(), ended_at=now(), state="failed", error="Traceback: no", attempts=1))


def forget_a_task():
    session.add(Task(name="mail.send", due_at=now() - timedelta(hours=1)))


def lose_a_file():
    for row in session.query(files.StoredFile):
        files.path_of(row).unlink()


@pytest.mark.parametrize(
    ("name", "first", "damage"),
    [
        ("stock levels", "TEA at location", change(StockLevel, "on_hand")),
        ("stock levels", "TEA at location", change(StockMove, "quantity")),
        ("stock levels", "TEA at location", lose_a_level),
        ("stock value", "account 1200", change(StockLevel, "value")),
        ("journal", "entry", change(JournalLine, "amount")),
        ("order totals", "S-1: gross 8.99", change(OrderLine, "line_discount")),
        ("order totals", "S-1: gross 8.99", move_to_another_order),
        ("returns", "S-1, Tea: 3", give_back_more),
        ("tenders", "S-1: total 8.9900, paid 0.0000", lose_a_payment),
        ("tenders", "S-1: total 8.99", change(Payment, "amount")),
        ("payments", "8.99", orphan_a_payment),
        ("sales in the books", "account 4000", change(JournalLine, "amount")),
        ("document numbers", "S-2 is missing", lose_a_number),
        ("document numbers", "S-3 is beyond", shift_a_series),
        ("shifts", "Z-1", change(Shift, "counted")),
        ("events", "parked", park),
        ("events", "waits for the scheduler", never_relay),
        ("tasks", "is failed", break_a_task),
        ("tasks", "is queued", forget_a_task),
        ("files", "note.txt", lose_a_file),
    ],
    ids=lambda value: value.__name__ if callable(value) else None,
)
def test_damage_is_found_and_named(busy, name, first, damage):
    with unit_of_work():
        damage()
    found = faults(busy)
    assert name in found
    assert first in found[name][1]


def test_the_damage_of_one_business_is_not_anothers(busy, rival):
    session.rollback()
    with inside(rival.tenant_id):
        tea = make.product("Tea", price="3.33", stock=5, sku="THEIRS")
        make.sale(rival, (tea, 1))
        with unit_of_work():
            session.execute(update(StockLevel).values(on_hand=99))
        events.drain()
    assert faults(busy) == {}
    assert faults(rival)["stock levels"][0] == 1


@pytest.mark.sqlite_only
def test_a_row_that_points_nowhere_is_found(busy):
    connection = session.connection().connection.dbapi_connection
    session.rollback()
    connection.execute("pragma query_only=0")
    connection.execute("pragma foreign_keys=off")
    connection.execute("update payments set location_id = 4711 where id = 1")
    connection.execute("pragma foreign_keys=on")
    assert faults(busy)["references"] == (1, "row 1 of payments")


def test_every_check_says_what_it_proves(context):
    for one in CHECKS.values():
        assert one.proves.endswith("."), one.name


def test_the_command_ends_with_0_or_1_and_speaks_json(busy):
    session.rollback()
    runner = make_runner()
    well = runner("--json")
    assert (well.exit_code, json.loads(well.output)["ok"]) == (0, True)
    assert "all hold" in runner("--tenant", "corner-shop").output

    with unit_of_work():
        session.execute(update(StockLevel).values(on_hand=99))
    ill = runner("--json")
    report = json.loads(ill.output)
    assert (ill.exit_code, report["ok"]) == (1, False)
    (fault,) = [one for one in report["checks"] if one["faults"]]
    assert (fault["name"], fault["tenant"], fault["faults"]) == ("stock levels", "corner-shop", 1)
    assert "TEA" in fault["first"]
    assert "FAULT  corner-shop: stock levels: 1 × TEA" in runner().output

    unknown = runner("--tenant", "nobody")
    assert unknown.exit_code == 1
    assert "nobody" in unknown.output


def make_runner():
    app = current_app._get_current_object()
    return lambda *arguments: app.test_cli_runner().invoke(args=["check", *arguments])
