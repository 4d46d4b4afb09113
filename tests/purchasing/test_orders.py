"""Orders from draft to bill: what they add up to, what the books say, and what is refused."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from retail.core.audit import Actor, act_as
from retail.core.checks import CHECKS
from retail.core.db import session, unit_of_work
from retail.core.errors import Refused
from retail.core.mail import Mail
from retail.core.money import AmountType
from retail.finance.queries import balance
from retail.inventory.models import StockLevel
from retail.purchasing import services as purchasing
from retail.purchasing.costing import Charge, Load, in_packs, spread_landed
from retail.purchasing.models import PurchaseOrder, PurchaseRevision, ReceivedLine, SupplierBill
from retail.purchasing.services import Arrival, Billed, OrderedLine
from tests import make

D = Decimal
CLERK = D(100)


@pytest.fixture
def within(shop):
    with make.within(shop):
        yield shop


def supplier(name="Mill & Sons", currency="GBP", **more):
    with unit_of_work():
        return purchasing.create_supplier(name, currency, email=more.pop("email", "orders@mill.example"), **more)


def ordered(shop, *lines, of=None, limit=None, **more):
    """An order of (article, quantity, cost), approved."""
    of = of or supplier()
    with unit_of_work():
        order = purchasing.draw_up(
            of.id, shop.location_id, [OrderedLine(one.id, D(n), D(cost)) for one, n, cost in lines], **more
        )
        purchasing.submit(order, limit)
    return order.id


def take_in(order_id, *quantities, damaged=(), **more):
    with unit_of_work():
        order = purchasing.locked(order_id)
        wrong = dict(enumerate(damaged))
        return purchasing.receive_order(
            order,
            [
                Arrival(line.id, D(n), D(wrong.get(at, 0)))
                for at, (line, n) in enumerate(zip(order.lines, quantities, strict=False))
            ],
            **more,
        )


def bill(order_id, *claims, total, reference="INV-1", **more):
    """A bill of (quantity, cost), line by line."""
    with unit_of_work():
        order = purchasing.locked(order_id)
        lines = [Billed(line.id, D(n), D(cost)) for line, (n, cost) in zip(order.lines, claims, strict=False)]
        more.setdefault("billed_on", order.business_date)
        return purchasing.enter_bill(order, reference, lines, total=D(total), **more).id


def approve(bill_id, accepted=""):
    with unit_of_work():
        purchasing.approve_bill(purchasing.bill_numbered(bill_id, lock=True), accepted)


def state(order_id):
    session.expire_all()
    return session.get_one(PurchaseOrder, order_id).state


def books(*codes):
    return [balance(code) for code in codes]


def sound():
    for name in ("stock levels", "stock value", "clearing account", "purchase orders"):
        assert not CHECKS[name].find(), name


def test_an_order_goes_from_draft_to_billed_and_the_clearing_account_ends_at_nothing(within):
    tea, jam = make.product("Tea"), make.product("Jam")
    order_id = ordered(within, (tea, "10", "1.2345"), (jam, "3", "3.3333"))
    assert state(order_id) == "approved"
    with unit_of_work():
        purchasing.send_order(purchasing.locked(order_id))
    mail = session.scalars(select(Mail)).one()
    assert mail.to_address == "orders@mill.example"
    assert mail.attachments[0].file.name == "PO-1.pdf"
    take_in(order_id, "4", "1")
    assert state(order_id) == "part_received"
    take_in(order_id, "6", "2")
    assert state(order_id) == "received"
    assert balance("2100") == -(D("12.3450") + D("9.9999"))
    sound()
    approve(bill(order_id, ("10", "1.2345"), ("3", "3.3333"), total="22.35"))
    assert state(order_id) == "billed"
    assert books("2100", "2000") == [D(0), D("-22.35")]
    sound()


def test_an_order_beyond_the_limit_waits_for_somebody_else(within):
    tea = make.product("Tea")
    with unit_of_work():
        act_as(Actor(user_id=within.users["clerk"], name="clerk"))
    order_id = ordered(within, (tea, "100", "1.01"), limit=CLERK)
    assert state(order_id) == "to_approve"
    with unit_of_work(), pytest.raises(Refused, match="somebody else"):
        purchasing.approve(purchasing.locked(order_id), None)
    act_as(Actor(user_id=within.users["manager"], name="manager"))
    with unit_of_work(), pytest.raises(Refused, match="beyond your own limit"):
        purchasing.approve(purchasing.locked(order_id), CLERK)
    with unit_of_work():
        purchasing.approve(purchasing.locked(order_id), None)
    assert state(order_id) == "approved"
    act_as(Actor())


def test_what_is_amended_keeps_its_history_and_is_sent_again(within):
    tea = make.product("Tea")
    order_id = ordered(within, (tea, "10", "2"))
    with unit_of_work():
        purchasing.send_order(purchasing.locked(order_id))
    with unit_of_work():
        order = purchasing.locked(order_id)
        (line,) = order.lines
        assert not purchasing.amend(order, {line.id: D(60)}, {}, "more visitors", CLERK)
    assert state(order_id) == "to_approve"
    with unit_of_work():
        purchasing.approve(purchasing.locked(order_id), None)
        purchasing.send_order(purchasing.locked(order_id))
    kept = session.scalars(select(PurchaseRevision)).one()
    assert kept.changes == [{"line": "Tea", "quantity": ["10", "60"], "cost": ["2", "2"]}]
    assert (kept.net_before, kept.net_after, kept.reason) == (D(20), D(120), "more visitors")
    assert session.scalars(select(Mail).order_by(Mail.id.desc())).first().attachments[0].file.name == "PO-1-1.pdf"


def test_more_than_the_tolerance_is_refused_and_damaged_goods_cost_nothing(within):
    tea = make.product("Tea")
    of = supplier(over_tolerance=D("0.1"))
    order_id = ordered(within, (tea, "10", "2"), of=of)
    with pytest.raises(Refused, match="at most 11 are taken"):
        take_in(order_id, "12")
    session.rollback()
    take_in(order_id, "7", damaged=("3",))
    level = session.scalars(select(StockLevel)).one()
    assert (level.on_hand, level.value) == (D(7), D(14))
    assert state(order_id) == "part_received"
    with unit_of_work():
        purchasing.close_short(purchasing.locked(order_id), "sold out there")
    assert state(order_id) == "received"
    sound()


def test_landed_costs_are_in_the_stock_to_the_cent_and_leave_their_own_account(within):
    goods = [make.product(f"Cup {n}") for n in range(3)]
    order_id = ordered(within, *[(one, "3", "1") for one in goods])
    take_in(
        order_id, "3", "3", "3", charges=[Charge("freight", D("10.00"), "value"), Charge("duty", D("0.01"), "quantity")]
    )
    assert session.scalar(select(func.sum(ReceivedLine.landed, type_=AmountType))) == D("10.01")
    assert books("1200", "2100", "2110") == [D("19.01"), D(-9), D("-10.01")]
    sound()
    approve(bill(order_id, *[("3", "1")] * 3, total="19.01", charges=D("10.01")))
    assert books("2100", "2110", "2000", "5400") == [D(0), D(0), D("-19.01"), D(0)]
    sound()


def test_a_dearer_bill_is_held_and_its_difference_goes_to_what_is_still_there(within):
    tea = make.product("Tea")
    order_id = ordered(within, (tea, "10", "2"))
    take_in(order_id, "10")
    make.sale(within, (tea, 4))
    held = bill(order_id, ("10", "2.50"), total="25")
    row = session.get_one(SupplierBill, held)
    assert row.state == "held"
    (difference,) = purchasing.differences_of(row)
    assert (difference.kind, difference.expected, difference.billed, difference.amount) == (
        "price",
        D(2),
        D("2.5"),
        D(5),
    )
    with unit_of_work(), pytest.raises(Refused, match="Say why"):
        purchasing.approve_bill(purchasing.bill_numbered(held))
    approve(held, "agreed by telephone")
    assert books("2100", "5400", "1200", "2000") == [D(0), D(2), D(15), D(-25)]
    sound()


def test_a_bill_for_more_than_came_waits_for_the_goods(within):
    tea = make.product("Tea")
    order_id = ordered(within, (tea, "10", "2"))
    take_in(order_id, "6")
    early = bill(order_id, ("10", "2"), total="20")
    with unit_of_work(), pytest.raises(Refused, match="10 are billed and 6 came"):
        purchasing.approve_bill(purchasing.bill_numbered(early), "never mind")
    take_in(order_id, "4")
    assert session.get_one(SupplierBill, early, populate_existing=True).state == "matched"
    approve(early)
    again = bill(order_id, ("0", "2"), total="3", charges=D(3), reference="inv-1")
    with unit_of_work(), pytest.raises(Refused, match="here already as BILL-1"):
        purchasing.approve_bill(purchasing.bill_numbered(again), "never mind")


def test_another_currency_is_worth_what_it_is_on_the_day(within):
    tea = make.product("Tea")
    of = supplier("Mühle", "EUR")
    order_id = ordered(within, (tea, "10", "2"), of=of, rate=D("0.8"))
    take_in(order_id, "10", rate=D("0.85"))
    assert books("1200", "2100") == [D(17), D(-17)]
    approve(bill(order_id, ("10", "2"), total="24", tax=D(4), rate=D("0.9")))
    assert books("2100", "1300", "2000", "5450", "5400", "1200") == [D(0), D("3.6"), D("-21.6"), D(1), D(0), D(17)]
    sound()


def test_goods_go_back_at_the_cost_they_came_in_at(within):
    tea = make.product("Tea")
    dear = ordered(within, (tea, "10", "3"))
    take_in(dear, "10")
    cheap = ordered(within, (tea, "10", "1"), of=supplier("Other", email="o@o.example"))
    take_in(cheap, "10")
    approve(bill(dear, ("4", "3"), total="12"))
    with unit_of_work():
        order = purchasing.locked(dear)
        row = session.scalars(select(ReceivedLine).where(ReceivedLine.receipt_id == 1)).one()
        with pytest.raises(Refused, match="10 of this delivery"):
            purchasing.send_goods_back(order, {row.id: D(11)}, "faulty")
        back = purchasing.send_goods_back(order, {row.id: D(8)}, "faulty")
        assert (back.number, back.net, back.value) == ("DN-1", D(24), D(24))
    # Six were not billed and leave the clearing account, for two the supplier owes; what stays cost 16, not the mean.
    assert books("1200", "2100", "2000", "5400") == [D(16), D(-10), D(-6), D(0)]
    sound()


def test_the_same_form_twice_receives_once(within):
    tea = make.product("Tea")
    order_id = ordered(within, (tea, "10", "2"))
    assert take_in(order_id, "4", key="k").id == take_in(order_id, "4", key="k").id
    assert session.scalars(select(StockLevel)).one().on_hand == D(4)


def test_a_landed_cost_is_spread_without_losing_a_cent():
    loads = [Load(D(1), D(7)), Load(D(2), D(7)), Load(D(4), D(7))]
    assert spread_landed(loads, [Charge("freight", D("0.10"), "value")], D("0.01")) == [D("0.04"), D("0.03"), D("0.03")]
    by_weight = [Load(D(1), D(1), D(3)), Load(D(1), D(1), D(1))]
    assert spread_landed(by_weight, [Charge("duty", D(1), "weight")], D("0.01")) == [D("0.75"), D("0.25")]
    assert (in_packs(D(13), D(6)), in_packs(D(1), D(6), D(20)), in_packs(D(13), D(6), most=D(14))) == (
        D(18),
        D(24),
        D(12),
    )


def test_what_was_late_is_known(within):
    tea = make.product("Tea")
    order_id = ordered(within, (tea, "1", "1"))
    with unit_of_work():
        order = purchasing.locked(order_id)
        order.expected_on = order.business_date - timedelta(days=1)
    assert not take_in(order_id, "1").on_time
