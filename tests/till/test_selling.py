"""Selling, giving back, and what must be true afterwards."""

from __future__ import annotations

import inspect
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from retail.core.db import session, unit_of_work
from retail.core.errors import NeedsApproval, Refused
from retail.finance.models import Account, JournalLine
from retail.inventory.models import StockLevel, StockMove
from retail.orders.models import Order
from retail.orders.queries import lines_of, sold_as
from retail.payments.services import Tender
from retail.pricing.services import Discount
from retail.till import services as till
from retail.till.services import Allowance
from retail.till.services.cart_prices import Wanted
from tests import make


def on_hand(variant):
    return session.scalar(select(StockLevel.on_hand).where(StockLevel.variant_id == variant.id))


def balance(code):
    total = select(func.sum(JournalLine.amount)).join(Account, Account.id == JournalLine.account_id)
    return session.scalar(total.where(Account.code == code)) or Decimal(0)


def test_pressing_pay_twice_sells_once(shop):
    tea = make.product("Tea", price="2.40", stock=4)

    first = make.sale(shop, (tea, 3), key="till-1-0007")
    again = make.sale(shop, (tea, 3), key="till-1-0007")

    assert again.order_id == first.order_id
    assert on_hand(tea) == 1
    assert balance("4000") == Decimal("-6.00")
    assert balance("2200") == Decimal("-1.20")


def test_a_sale_moves_stock_books_and_money_together(shop):
    tea = make.product("Tea", price="2.40", cost="1.10", stock=4)

    make.sale(shop, (tea, 3), tender="card")

    assert balance("1010") == Decimal("7.20")
    assert balance("5000") == Decimal("3.30")
    assert balance("1200") == session.scalar(select(func.sum(StockMove.value))) == Decimal("1.10")
    assert session.scalar(select(func.sum(JournalLine.amount))) == 0


def test_cash_gives_change_and_cards_do_not(shop):
    tea = make.product("Tea", price="2.40", stock=4)
    station = make.open_till(shop)
    with unit_of_work():
        sold = till.ring_up(
            shop.tenant,
            station,
            [Wanted(tea.id, Decimal(1))],
            [Tender("cash", Decimal(5))],
            "a",
            allowance=till.WITHOUT_LIMITS,
        )
    assert sold.change == Decimal("2.60")
    with unit_of_work(), pytest.raises(Refused, match="only cash gives change"):
        till.ring_up(
            shop.tenant,
            station,
            [Wanted(tea.id, Decimal(1))],
            [Tender("card", Decimal(5))],
            "b",
            allowance=till.WITHOUT_LIMITS,
        )


def test_a_refused_sale_leaves_nothing_behind(shop):
    tea = make.product("Tea", price="2.40", stock=4)
    station = make.open_till(shop)
    with pytest.raises(Refused, match="still to pay"), unit_of_work():
        till.ring_up(
            shop.tenant,
            station,
            [Wanted(tea.id, Decimal(1))],
            [Tender("cash", Decimal(1))],
            "a",
            allowance=till.WITHOUT_LIMITS,
        )
    assert on_hand(tea) == 4
    assert sold_as("a") is None


def test_partial_refunds_of_a_discounted_line_sum_to_what_was_paid(shop):
    tea = make.product("Tea", price="3.33", cost="1.11", stock=10)
    sold = make.sale(shop, (tea, 3), discount=Discount("amount", Decimal("1.00")))
    station = make.open_till(shop)
    (line,) = lines_of(sold.order_id)
    paid_back = []
    for turn in range(3):
        with unit_of_work():
            back = till.refund(
                shop.tenant,
                station,
                sold.order_id,
                {line.id: Decimal(1)},
                f"r{turn}",
                "faulty",
                "cash",
                allowance=till.WITHOUT_LIMITS,
            )
        paid_back.append(-back.total)
    assert sum(paid_back) == sold.total == Decimal("8.99")
    assert balance("4000") == balance("2200") == balance("5000") == 0
    assert on_hand(tea) == 10
    assert session.scalar(select(StockLevel.value)) == Decimal("11.10")
    assert session.get_one(Order, sold.order_id).state == "refunded"
    with unit_of_work(), pytest.raises(Refused, match="given back already"):
        till.refund(
            shop.tenant,
            station,
            sold.order_id,
            {line.id: Decimal(1)},
            "r9",
            "faulty",
            "cash",
            allowance=till.WITHOUT_LIMITS,
        )


def test_a_void_turns_every_figure_around(shop):
    tea = make.product("Tea", price="2.40", stock=4)
    sold = make.sale(shop, (tea, 2), tender="card")
    with unit_of_work():
        till.void(
            shop.tenant, make.open_till(shop), sold.order_id, "v1", "wrong customer", allowance=till.WITHOUT_LIMITS
        )
    assert on_hand(tea) == 4
    assert balance("1010") == balance("4000") == 0
    assert session.get_one(Order, sold.order_id).state == "voided"


def test_a_discount_beyond_the_cashiers_limit_needs_a_manager(shop):
    tea = make.product("Tea", price="10.00", stock=4)
    with pytest.raises(NeedsApproval, match="ask a manager"):
        make.sale(
            shop,
            (tea, 1),
            discount=Discount("percent", Decimal(20)),
            allowance=Allowance(Decimal(10), refund=None, void=None),
        )


def test_closing_freezes_what_was_expected_and_counted(shop):
    tea = make.product("Tea", price="2.40", stock=4)
    make.sale(shop, (tea, 2))
    station = make.open_till(shop)
    with unit_of_work():
        till.move_cash(station.shift_id, "pay_out", Decimal("3.00"), "milk")
    with unit_of_work():
        shift = till.close_shift(station.shift_id, {"50": 1, "1": 1})
    assert (shift.expected, shift.counted, shift.difference) == (Decimal("51.80"), Decimal(51), Decimal("-0.80"))
    assert shift.number == "Z-1"
    assert balance("1000") == 0
    assert balance("5200") == Decimal("0.80")


@pytest.mark.parametrize("verb", [till.ring_up, till.refund, till.void])
def test_how_far_one_goes_alone_is_said_and_never_presumed(verb):
    allowance = inspect.signature(verb).parameters["allowance"]
    assert allowance.default is inspect.Parameter.empty
    with pytest.raises(TypeError):
        Allowance()
