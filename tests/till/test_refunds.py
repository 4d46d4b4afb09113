"""Giving back and voiding over HTTP: what was paid, to the penny, and only once."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from retail.core.clock import frozen, now
from retail.core.db import session, unit_of_work
from retail.identity.models import Role
from retail.orders.models import Order
from retail.orders.queries import lines_of
from retail.payments.queries import payments_of
from retail.permissions import Can
from retail.pricing.services import Discount
from tests import make
from tests.support.till import HTMX, on_hand, orders

KEY = "key-of-the-refund-page"


@pytest.fixture
def manager(app, shop):
    """A manager's browser at the open register."""
    make.open_till(shop)
    browser = make.client(app, shop, "manager")
    make.post(browser, f"/till/registers/{shop.register_id}/use")
    return browser


@pytest.fixture
def sold(shop):
    """Make a sale between requests: its id and the ids of its lines."""

    def made(*wanted, **more):
        with make.within(shop):
            order_id = make.sale(shop, *wanted, **more).order_id
            return order_id, [line.id for line in lines_of(order_id)]

    return made


def tea(shop, **more):
    with make.within(shop):
        return make.product("Tea", **{"price": "3.33", "stock": 10, **more})


def give_back(browser, order_id, *lines, key=KEY, reason="faulty", method="cash"):
    form = {f"line-{line}": str(quantity) for line, quantity in lines}
    return make.post(browser, f"/till/refunds/{order_id}", {**form, "key": key, "reason": reason, "method": method})


def void(browser, order_id, key=KEY, reason="wrong customer"):
    return make.post(browser, f"/till/voids/{order_id}", {"key": key, "reason": reason})


def test_the_page_says_what_comes_back_before_it_is_given(shop, manager, sold):
    order_id, (line,) = sold((tea(shop), 3), discount=Discount("amount", Decimal("1.00")))
    page = manager.get(f"/till/refunds/{order_id}")
    assert "Tea" in page.text
    assert "3 sold" in page.text

    some = manager.get(f"/till/refunds/{order_id}/sum?line-{line}=2", headers=HTMX)
    many = manager.get(f"/till/refunds/{order_id}/sum?line-{line}=4", headers=HTMX)

    given = give_back(manager, order_id, (line, 2))
    with make.within(shop):
        back = -session.scalars(select(Order.total).where(Order.kind == "return")).one()
    assert f"£{back:.2f}" in some.text
    assert "only 3 can still be given back" in many.text
    assert given.status_code == 303


def test_goods_and_money_go_back_once_however_often_it_is_pressed(shop, manager, sold):
    goods = tea(shop)
    order_id, (line,) = sold((goods, 3))
    answers = [give_back(manager, order_id, (line, 2)) for _press in range(2)]
    assert [one.status_code for one in answers] == [303, 303]
    assert answers[0].location == answers[1].location
    assert on_hand(shop, goods) == 9
    with make.within(shop):
        back = session.scalars(select(Order).where(Order.kind == "return")).one()
        assert (back.total, back.reason, back.state) == (Decimal("-6.66"), "faulty", "closed")
        assert [(one.method, one.amount) for one in payments_of(back.id)] == [("cash", Decimal("-6.66"))]
        assert session.get_one(Order, order_id).state == "part_refunded"
    page = manager.get(answers[0].location).text
    assert "This takes back" in page
    assert "faulty" in page


def test_no_more_comes_back_than_was_sold(shop, manager, sold):
    order_id, (line,) = sold((tea(shop), 3))
    give_back(manager, order_id, (line, 2))
    again = give_back(manager, order_id, (line, 2), key="another-key-of-the-page")
    assert again.status_code == 422
    assert "only 1 can still be given back" in again.text
    assert orders(shop) == 2


@pytest.mark.parametrize(
    ("quantity", "reason", "sentence"),
    [
        ("-1", "faulty", "give a quantity above zero"),
        ("lots", "faulty", "is not a number"),
        ("0", "faulty", "Choose what is given back"),
        ("1", "", "required"),
    ],
    ids=["below zero", "no number", "nothing", "no reason"],
)
def test_what_makes_no_sense_gives_nothing_back(shop, manager, sold, quantity, reason, sentence):
    order_id, (line,) = sold((tea(shop), 3))
    answer = give_back(manager, order_id, (line, quantity), reason=reason)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert orders(shop) == 1


def test_a_line_of_another_receipt_does_not_come_back(shop, manager, sold):
    goods = tea(shop)
    order_id, _lines = sold((goods, 1))
    _other, (line,) = sold((goods, 1))
    assert "not on this receipt" in give_back(manager, order_id, (line, 1)).text
    assert on_hand(shop, goods) == 8


def test_money_needs_a_drawer_to_come_from(app, shop, sold):
    order_id, (line,) = sold((tea(shop), 1))
    browser = make.client(app, shop, "manager")
    assert "No register is open on this device" in browser.get(f"/till/refunds/{order_id}").text
    assert give_back(browser, order_id, (line, 1)).status_code == 422
    assert orders(shop) == 1


def test_who_may_not_give_back_is_neither_offered_nor_allowed_it(shop, till, sold):
    order_id, (line,) = sold((tea(shop), 1))
    with make.within(shop), unit_of_work():
        cashier = session.scalars(select(Role).where(Role.name == "cashier")).one()
        cashier.permissions = [one for one in cashier.permissions if one not in {Can.REFUND, Can.VOID}]
    assert f"/till/refunds/{order_id}" not in till.get(f"/orders/{order_id}").text
    assert till.get(f"/till/refunds/{order_id}").status_code == 403
    assert give_back(till, order_id, (line, 1)).status_code == 403
    assert void(till, order_id).status_code == 403
    assert orders(shop) == 1


def test_the_other_tenants_receipts_do_not_exist(shop, rival, manager):
    with make.within(rival):
        theirs = make.sale(rival, (make.product("Theirs", stock=3), 1)).order_id
    for path in (f"/till/refunds/{theirs}", f"/till/voids/{theirs}", f"/till/refunds/{theirs}/sum"):
        assert manager.get(path, headers=HTMX).status_code == 404
    assert give_back(manager, theirs, (1, 1)).status_code in {404, 422}
    assert void(manager, theirs).status_code in {404, 422}
    assert orders(rival) == 1


def test_a_void_gives_back_by_the_tenders_that_paid(shop, manager, sold):
    goods = tea(shop)
    order_id, _lines = sold((goods, 2), tender="card")
    assert f"/till/voids/{order_id}" in manager.get(f"/orders/{order_id}").text

    answers = [void(manager, order_id) for _press in range(2)]

    assert [one.status_code for one in answers] == [303, 303]
    assert on_hand(shop, goods) == 10
    with make.within(shop):
        back = session.scalars(select(Order).where(Order.kind == "void")).one()
        assert [(one.method, one.amount) for one in payments_of(back.id)] == [("card", Decimal("-6.66"))]
        assert session.get_one(Order, order_id).state == "voided"


def test_a_sale_of_yesterday_is_not_voided_but_refunded(shop, manager, sold):
    with frozen(now() - timedelta(days=1)):
        order_id, _lines = sold((tea(shop), 2))
    assert f"/till/voids/{order_id}" not in manager.get(f"/orders/{order_id}").text
    answer = void(manager, order_id)
    assert answer.status_code == 422
    assert "Only a sale of today can be voided" in answer.text
    assert orders(shop) == 1


def test_what_was_partly_refunded_is_not_voided(shop, manager, sold):
    order_id, (line,) = sold((tea(shop), 2))
    give_back(manager, order_id, (line, 1))
    answer = void(manager, order_id, key="another-key-of-the-page")
    assert answer.status_code == 422
    assert "refund the rest instead" in answer.text


def test_the_money_goes_back_by_card_when_a_card_paid(shop, manager, sold):
    order_id, _lines = sold((tea(shop), 1), tender="card")
    page = manager.get(f"/till/refunds/{order_id}").text
    assert re.search(r'<option selected value="card">', page)
