"""Where a cashier's limit ends, a manager's PIN goes on: for this cart, this amount, this once, and written down."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from retail.core.audit import AuditEntry
from retail.core.clock import frozen, now
from retail.core.db import session, unit_of_work
from retail.identity import signing_in
from retail.identity.models import Approval, Role, SignInAttempt
from retail.orders.models import Order
from retail.orders.queries import lines_of
from tests import make
from tests.support.browser import axe, signed_in_browser
from tests.support.till import KEY, cart, change, fields, orders, pay

PIN = "2580"


@pytest.fixture
def manager(shop):
    """The id of a manager who has a PIN."""
    return make.give_pin(shop, "manager", PIN)


@pytest.fixture
def deep(stock):
    """A cart with 30 % off, where the cashier may give 10."""
    return cart((stock("Tea", price="10.00"), 1), lines__0__discount_kind="percent", lines__0__discount_value="30")


def approved(till, form, manager, **more):
    """The cart as the page shows it after the manager approved."""
    answer = change(till, form, "update", approver=str(manager), pin=PIN, **more)
    assert answer.status_code == 200, answer.text
    return {**form, "approval": fields(answer)["approval"]}


def entries(shop, action):
    with make.within(shop):
        found = session.scalars(select(AuditEntry).where(AuditEntry.action == action)).all()
        session.expunge_all()
        return found


def test_the_question_names_the_amount_and_who_may_answer(shop, till, deep, manager):
    make.give_pin(shop, "clerk", PIN)
    question = change(till, deep, "update")
    assert question.status_code == 422
    assert question.headers["HX-Retarget"] == "#approval"
    assert "£3.00" in question.text
    assert "Corner Shop manager" in question.text
    assert "clerk" not in question.text, "who may not give so much is not asked"
    assert 'name="lines-0-discount_value" value="30"' in question.text, "what was sent travels along"


def test_with_the_pin_the_discount_stands_and_the_sale_is_made(app, shop, till, deep, manager):
    form = approved(till, deep, manager)
    assert "£7.00" in change(till, form, "pay").text, "asked once, not at every step"
    assert pay(till, form).status_code == 200
    assert orders(shop) == 1
    (said,) = entries(shop, "approved")
    assert (said.user_id, said.acting_for) == (manager, shop.users["cashier"])
    assert said.changes["amount"] == [None, "3.00"]
    (done,) = entries(shop, "done_with_approval")
    assert done.user_id == shop.users["cashier"]
    assert done.changes["approved_by"] == [None, "Corner Shop manager"]
    page = make.client(app, shop, "manager").get(f"/orders/{done.subject_id}").text
    assert re.search(r"Approved by</dt><dd>Corner Shop manager", page)


def test_an_approval_is_used_once(shop, till, deep, manager):
    form = approved(till, deep, manager)
    assert pay(till, form).status_code == 200
    again = {**form, "key": "key-of-the-browser-2"}
    assert pay(till, again).status_code == 422
    assert pay(till, {**again, "key": KEY}).status_code == 200, "the same press again shows the same sale"
    assert orders(shop) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"lines-0-quantity": "2"},
        {"lines-0-discount_value": "31"},
        {"lines-0-discount_value": "29"},
        {"key": "key-of-another-cart"},
        {"discount_kind": "percent", "discount_value": "5"},
    ],
)
def test_an_approval_fits_no_other_cart_or_amount(shop, till, deep, manager, other):
    form = {**approved(till, deep, manager), **other}
    assert pay(till, form).status_code == 422
    assert orders(shop) == 0


def test_other_goods_at_their_price_need_no_new_approval(shop, till, stock, deep, manager):
    form = approved(till, deep, manager)
    cup = stock("Cup", price="5.00")
    form |= {"lines-1-variant": str(cup.id), "lines-1-quantity": "1"}
    assert pay(till, form).status_code == 200
    with make.within(shop):
        assert session.scalars(select(Order.total)).one() == Decimal(12)


def test_an_approval_is_forgotten_after_minutes(shop, till, deep, manager):
    form = approved(till, deep, manager)
    with frozen(now() + timedelta(minutes=6)):
        assert pay(till, form).status_code == 422
    assert orders(shop) == 0


def test_paying_in_parts_goes_on_after_an_approval_that_grew_old_was_given_anew(shop, till, deep, manager):
    form = approved(till, deep, manager)
    with frozen(now() + timedelta(minutes=6)):
        assert pay(till, form, amount="3.00").status_code == 422
        part = pay(till, form, amount="3.00", approver=str(manager), pin=PIN)
        assert part.status_code == 200
        carried = fields(part)
        assert carried["approval"] not in {"", form["approval"]}
        rest = pay(till, {**form, **{name: value for name, value in carried.items() if name != "csrf_token"}})
        assert rest.status_code == 200
    assert orders(shop) == 1


def test_a_cart_that_comes_back_later_keeps_its_goods_and_loses_what_is_no_longer_approved(shop, till, deep, manager):
    form = approved(till, deep, manager)
    assert "£7.00" in change(till, form, "restore").text
    with frozen(now() + timedelta(minutes=6)):
        late = change(till, form, "restore")
    assert late.status_code == 200
    assert "£10.00" in late.text
    assert "has to be approved again" in late.text


def test_a_colleague_cannot_use_what_was_approved_for_another(app, shop, till, deep, manager):
    form = approved(till, deep, manager)
    with make.within(shop), unit_of_work():
        clerk = session.scalars(select(Role).where(Role.name == "clerk")).one()
        cashier = session.scalars(select(Role).where(Role.name == "cashier")).one()
        clerk.permissions, clerk.largest_discount_percent = list(cashier.permissions), 10
    other = make.client(app, shop, "clerk")
    make.post(other, f"/till/registers/{shop.register_id}/use")
    assert pay(other, form).status_code == 422
    assert orders(shop) == 0


def test_a_wrong_pin_approves_nothing_and_has_to_wait_in_the_end(shop, till, deep, manager):
    for _try in range(signing_in.FREE_TRIES):
        wrong = change(till, deep, "update", approver=str(manager), pin="1357")
        assert wrong.status_code == 422
        assert "not right" in wrong.text
    waits = change(till, deep, "update", approver=str(manager), pin=PIN)
    assert "Too many tries. Wait" in waits.text
    assert not entries(shop, "approved")


def test_nobody_approves_more_than_they_may_give_themselves(shop, till, stock, manager):
    form = cart((stock("Tea", price="10.00"), 1), lines__0__discount_kind="percent", lines__0__discount_value="60")
    question = change(till, form, "update", approver=str(manager), pin=PIN)
    assert question.status_code == 422
    assert "Nobody who may approve" in question.text
    assert not entries(shop, "approved")
    owner = make.give_pin(shop, "owner", PIN)
    assert change(till, form, "update", approver=str(owner), pin=PIN).status_code == 200


def test_a_manager_of_another_business_approves_nothing_here(shop, rival, till, deep):
    theirs = make.give_pin(rival, "manager", PIN)
    assert change(till, deep, "update", approver=str(theirs), pin=PIN).status_code == 422
    with make.within(shop):
        assert session.scalars(select(Approval)).all() == []
        tries = session.scalars(select(SignInAttempt.email_hash)).all()
        assert signing_in.email_hash(f"pin:{theirs}") not in tries, "nor does anybody there have to wait for it"


def sold_tea(shop, quantity=2):
    with make.within(shop):
        order_id = make.sale(shop, (make.product("Tea", price="3.00", stock=9), quantity)).order_id
        return order_id, lines_of(order_id)[0].id


def back(line, quantity=1, **more):
    return {f"line-{line}": str(quantity), "key": "key-of-the-refund-page", "reason": "torn", "method": "cash", **more}


def limit(shop, **limits):
    with make.within(shop), unit_of_work():
        cashier = session.scalars(select(Role).where(Role.name == "cashier")).one()
        for name, value in limits.items():
            setattr(cashier, name, None if value is None else Decimal(value))


def test_a_refund_goes_alone_up_to_the_limit_and_beyond_it_with_a_pin(shop, till, manager):
    limit(shop, largest_refund="3.00")
    order_id, line = sold_tea(shop, 3)
    assert make.post(till, f"/till/refunds/{order_id}", back(line)).status_code == 303
    form = back(line, 2, key="key-of-another-page")
    asked = make.post(till, f"/till/refunds/{order_id}", form)
    assert asked.status_code == 422
    assert "A manager must approve this refund" in asked.text
    assert orders(shop) == 2
    answer = make.post(till, f"/till/refunds/{order_id}", {**form, "approver": str(manager), "pin": PIN})
    assert answer.status_code == 303
    (done,) = entries(shop, "done_with_approval")
    assert Decimal(done.changes["amount"][1]) == 6


def test_a_large_refund_is_not_made_of_small_ones(shop, till, manager):
    limit(shop, largest_refund="5.00")
    order_id, line = sold_tea(shop, 3)
    assert make.post(till, f"/till/refunds/{order_id}", back(line)).status_code == 303
    asked = make.post(till, f"/till/refunds/{order_id}", back(line, key="key-of-another-page"))
    assert "A manager must approve this refund" in asked.text
    assert orders(shop) == 2


def test_the_question_comes_as_a_page_without_javascript_and_as_a_dialog_with_it(shop, till, manager):
    order_id, line = sold_tea(shop)
    page = make.post(till, f"/till/refunds/{order_id}", back(line))
    assert "<!doctype html>" in page.text
    assert re.search(r'name="line-\d+" value="1"', page.text)
    fragment = make.post(till, f"/till/refunds/{order_id}", back(line), headers={"HX-Request": "true"})
    assert "<dialog" in fragment.text
    assert fragment.headers["HX-Retarget"] == "#approval"


def test_a_void_is_approved_like_a_refund(shop, till, manager):
    order_id, _line = sold_tea(shop)
    form = {"key": "key-of-the-void-page", "reason": "wrong customer"}
    assert make.post(till, f"/till/voids/{order_id}", form).status_code == 422
    assert orders(shop) == 1
    assert make.post(till, f"/till/voids/{order_id}", {**form, "approver": str(manager), "pin": PIN}).status_code == 303
    with make.within(shop):
        assert session.get_one(Order, order_id).state == "voided"


def test_without_a_limit_nobody_is_asked(shop, till):
    limit(shop, largest_refund=None, largest_void=None)
    order_id, line = sold_tea(shop)
    assert make.post(till, f"/till/refunds/{order_id}", back(line)).status_code == 303


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.sqlite_only
def test_approving_by_keyboard_in_a_browser(app, shop, till, stock, manager):
    stock("Tea", price="10.00")
    with signed_in_browser(app, till) as visit:
        page = visit("/till/")
        page.keyboard.type("Tea")
        page.keyboard.press("Enter")
        page.locator(".cart-line").wait_for()
        page.keyboard.press("F4")
        page.keyboard.type("30")
        page.keyboard.press("Enter")
        dialog = page.locator("#approval-dialog")
        expect(dialog).to_be_visible()
        expect(dialog.get_by_label("PIN", exact=True)).to_be_focused()
        assert axe(page) == []
        page.keyboard.type("1357")
        page.keyboard.press("Enter")
        expect(dialog).to_contain_text("not right")
        expect(dialog.get_by_label("PIN", exact=True)).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.locator(".cart-total dd")).to_have_text("£10.00")
        page.keyboard.press("F4")
        page.keyboard.type("30")
        page.keyboard.press("Enter")
        expect(dialog.get_by_label("PIN", exact=True)).to_be_focused()
        page.keyboard.type(PIN)
        page.keyboard.press("Enter")
        expect(page.locator(".cart-total dd")).to_have_text("£7.00")
        expect(dialog).to_have_count(0)
        page.keyboard.press("Control+z")
        expect(page.locator(".cart-total dd"), "what was approved is undone, and nothing else").to_have_text("£10.00")
        page.keyboard.press("F4")
        page.keyboard.type("30")
        page.keyboard.press("Enter")
        expect(dialog.get_by_label("PIN", exact=True)).to_be_focused()
        page.keyboard.type(PIN)
        page.keyboard.press("Enter")
        expect(page.locator(".cart-total dd")).to_have_text("£7.00")
        page.keyboard.press("F8")
        expect(page.locator(".change-due")).to_contain_text("£7.00")
        page.keyboard.press("Alt+L")
        expect(page.get_by_role("heading", name="Who works here now?")).to_be_visible()
        assert axe(page) == []
        page.get_by_role("radio", name="Corner Shop manager").check(force=True)
        page.get_by_label("PIN", exact=True).fill(PIN)
        page.keyboard.press("Enter")
        expect(page.locator("[data-till]")).to_be_visible()
    assert orders(shop) == 1
