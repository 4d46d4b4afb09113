"""The till over HTTP: a cart that travels in the page, and a sale that happens once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from retail.catalog.models import Barcode, Variant
from retail.core.clock import frozen, now
from retail.core.db import session, unit_of_work
from retail.identity.models import Role
from retail.orders.models import Order
from retail.payments.models import Payment
from retail.permissions import Can
from retail.till.models import Shift
from tests import make
from tests.support.queries import count_queries
from tests.support.till import HTMX, KEY, cart, change, fields, on_hand, orders, pay


def test_a_register_is_opened_with_its_float_and_then_sells(app, shop, stock):
    stock("Tea", stock=3)
    browser = make.client(app, shop, "cashier")
    assert "Choose a register" in browser.get("/till/").text

    answer = make.post(browser, f"/till/registers/{shop.register_id}/open", {"opening_float": "80"})

    assert answer.status_code == 303
    page = browser.get("/till/").text
    assert "Till 1" in page
    assert "Tea" in page
    with make.within(shop):
        assert session.scalar(select(Shift.opening_float)) == 80


def test_a_float_that_is_no_number_is_said_at_its_field(app, shop):
    browser = make.client(app, shop, "cashier")
    answer = make.post(browser, f"/till/registers/{shop.register_id}/open", {"opening_float": "lots"})
    assert answer.status_code == 422
    assert "is not a number" in answer.text


def test_scanning_adds_and_scanning_again_makes_two(shop, till, stock):
    tea = stock("Tea", price="2.40", sku="TEA-1")
    with make.within(shop), unit_of_work():
        session.add(Barcode(code="05012345678900", variant_id=tea.id))

    once = change(till, cart(), "find", q="5012345678900")
    twice = change(till, fields(once), "find", q="tea-1")

    assert fields(once)["lines-0-variant"] == str(tea.id)
    assert fields(twice)["lines-0-quantity"] == "2"
    assert "£4.80" in twice.text
    assert orders(shop) == 0


def test_an_unknown_code_is_said_and_the_cart_stays(shop, till, stock):
    tea = stock("Tea")
    answer = change(till, cart((tea, 2)), "find", q="0000000000000")
    assert answer.status_code == 422
    assert "0000000000000" in answer.text
    assert fields(answer)["lines-0-quantity"] == "2"


def test_the_number_of_a_receipt_leads_to_it(app, shop, till, stock):
    tea = stock("Tea")
    with make.within(shop):
        sold = make.sale(shop, (make.product("Cup", stock=3), 1))
    answer = change(till, cart((tea, 2)), "find", q=sold.number.lower())
    assert f'href="/orders/{sold.order_id}"' in answer.text
    assert f"/till/refunds/{sold.order_id}" in answer.text
    assert fields(answer)["lines-0-quantity"] == "2"
    with make.within(shop), unit_of_work():
        cashier = session.scalars(select(Role).where(Role.name == "cashier")).one()
        cashier.permissions = [one for one in cashier.permissions if one != Can.REFUND]
    assert f"/till/refunds/{sold.order_id}" not in change(till, cart(), "find", q=sold.number).text


def test_a_customer_is_chosen_and_stands_on_the_sale(shop, till, stock):
    tea = stock("Tea")
    with make.within(shop):
        ada = make.customer("Ada Byron").id
    found = till.get("/till/customers?customer_q=byr", headers=HTMX)
    assert f'value="customer:{ada}"' in found.text
    chosen = change(till, cart((tea, 1)), f"customer:{ada}")
    assert "Ada Byron" in chosen.text
    pay(till, fields(chosen))
    with make.within(shop):
        assert session.scalar(select(Order.customer_id)) == ada


def test_another_tenants_customer_cannot_be_chosen(shop, rival, till, stock):
    tea = stock("Tea")
    with make.within(rival):
        theirs = make.customer("Theirs").id
    for answer in (change(till, cart((tea, 1)), f"customer:{theirs}"), pay(till, cart((tea, 1), customer=str(theirs)))):
        assert answer.status_code == 404
    assert orders(shop) == 0


def test_a_sale_over_http_moves_everything_and_shows_the_change(shop, till, stock):
    tea = stock("Tea", price="2.40")
    answer = pay(till, cart((tea, 2)), "cash:10.00")
    assert answer.status_code == 200
    assert "£5.20" in answer.text
    assert on_hand(shop, tea) == 7
    assert fields(answer)["key"] != KEY


def test_pressing_pay_twice_sells_once_and_says_the_same_change(shop, till, stock):
    tea = stock("Tea", price="2.40")
    first = pay(till, cart((tea, 2)), "cash:10.00")
    again = pay(till, cart((tea, 2)), "cash:10.00")
    assert (first.status_code, again.status_code) == (200, 200)
    assert "£5.20" in again.text
    assert orders(shop) == 1
    assert on_hand(shop, tea) == 7


def test_a_split_payment_waits_for_the_rest(shop, till, stock):
    tea = stock("Tea", price="10.00")
    part = pay(till, cart((tea, 1)), "card", amount="4")
    assert orders(shop) == 0
    assert "£6.00" in part.text

    rest = pay(till, {**cart((tea, 1)), "tenders-0-method": "card", "tenders-0-amount": "4"}, "cash", amount="10")

    assert "£4.00" in rest.text
    with make.within(shop):
        paid = dict(session.execute(select(Payment.method, Payment.amount)).all())
    assert paid == {"card": Decimal(4), "cash": Decimal(6)}


def test_a_card_pays_no_more_than_is_due(shop, till, stock):
    tea = stock("Tea", price="10.00")
    answer = pay(till, cart((tea, 1)), "card", amount="40")
    assert answer.status_code == 422
    assert "only cash gives change" in answer.headers["HX-Trigger"]
    assert orders(shop) == 0


@pytest.mark.parametrize("quantity", ["-1", "0", "many", "1e9", "0.0001"])
def test_a_quantity_that_makes_no_sense_sells_nothing(shop, till, quantity, stock):
    tea = stock("Tea")
    for answer in (pay(till, cart((tea, quantity))), change(till, cart((tea, quantity)), "update")):
        assert answer.status_code == 422
        assert answer.headers["HX-Reswap"] == "none"
        assert "toast" in answer.headers["HX-Trigger"]
    assert orders(shop) == 0
    assert on_hand(shop, tea) == 9


def test_another_tenants_product_cannot_be_sold(shop, rival, till):
    with make.within(rival):
        theirs = make.product("Theirs", stock=5)
    for answer in (pay(till, cart((theirs, 1))), change(till, cart(), f"add:{theirs.id}")):
        assert answer.status_code == 404
    assert orders(shop) == 0


def test_a_session_that_ended_leads_to_sign_in_and_sells_nothing(app, shop, stock):
    tea = stock("Tea")
    stranger = app.test_client()
    answer = pay(stranger, cart((tea, 1)))
    assert answer.status_code == 204
    assert "/sign-in" in answer.headers["HX-Redirect"]
    assert orders(shop) == 0


def test_a_cashier_gives_ten_percent_and_no_more(shop, till, stock):
    tea = stock("Tea", price="2.45")
    # A tenth of 2.45 is rounded to 25 pence, which is a little more than a tenth.
    fine = cart((tea, 1), lines__0__discount_kind="percent", lines__0__discount_value="10")
    assert "£2.20" in change(till, fine, "update").text
    deep = {**fine, "lines-0-discount_value": "30"}
    for answer in (change(till, deep, "update"), pay(till, deep)):
        assert answer.status_code == 422
        assert "ask a manager" in answer.text
        assert answer.headers["HX-Retarget"] == "#approval"
    assert orders(shop) == 0


def test_a_discount_on_the_cart_is_shared_and_stands_on_the_receipt(shop, till, stock):
    tea, cup = stock("Tea", price="10.00"), stock("Cup", price="5.00")
    form = cart((tea, 1), (cup, 1), discount_kind="amount", discount_value="1", discount_reason="scratched")
    answer = change(till, form, "update")
    assert "£14.00" in answer.text
    assert "scratched" in answer.text


def test_the_page_works_without_javascript(shop, till, stock):
    tea = stock("Tea", price="2.40")
    page = make.post(till, "/till/cart", {**cart(), "do": f"add:{tea.id}"})
    assert "<!doctype html>" in page.text
    assert f'name="lines-0-variant" value="{tea.id}"' in page.text
    bad = make.post(till, "/till/cart", {**cart((tea, "lots")), "do": "update"})
    assert bad.status_code == 422
    assert "not a number" in bad.text
    sold = make.post(till, "/till/pay", {**cart((tea, 1)), "tender": "cash"})
    assert "New sale" in sold.text


def test_what_was_archived_meanwhile_leaves_a_restored_cart_with_a_word(shop, till, stock):
    tea, cup = stock("Tea"), stock("Cup")
    with make.within(shop), unit_of_work():
        session.get_one(Variant, cup.id).archived_at = now()
    answer = change(till, cart((tea, 1), (cup, 1)), "restore")
    assert answer.status_code == 200
    assert "can no longer be sold" in answer.text
    assert "lines-1-variant" not in answer.text


def test_a_till_whose_shift_was_closed_goes_back_to_the_register(shop, till, stock):
    tea = stock("Tea")
    with make.within(shop), unit_of_work():
        make.till.close_shift(make.open_till(shop).shift_id, {})
    answer = pay(till, cart((tea, 1)))
    assert answer.headers["HX-Redirect"] == "/till/"
    assert orders(shop) == 0


def test_two_tills_selling_the_same_goods_at_once_lose_nothing(app, shop, stock):
    tea, cup = stock("Tea", price="2.00", stock=100), stock("Cup", price="1.00", stock=100)
    make.open_till(shop)
    browsers = [make.client(app, shop, role) for role in ("cashier", "manager")]
    for browser in browsers:
        make.post(browser, f"/till/registers/{shop.register_id}/use")

    def sell(at):
        mine = []
        for turn in range(10):
            lines = ((tea, 1), (cup, 2)) if at else ((cup, 2), (tea, 1))
            mine.append(pay(browsers[at], cart(*lines, key=f"till-{at}-number-{turn:05}"), "cash").status_code)
        return mine

    with ThreadPoolExecutor(2) as both:
        answers = [code for codes in both.map(sell, range(2)) for code in codes]

    assert answers == [200] * 20
    assert orders(shop) == 20
    assert (on_hand(shop, tea), on_hand(shop, cup)) == (80, 60)
    with make.within(shop):
        numbers = sorted(int(one.removeprefix("S-")) for one in session.scalars(select(Order.number)))
    assert numbers == list(range(numbers[0], numbers[0] + 20))


def test_the_same_press_in_two_threads_sells_once(app, shop, stock):
    tea = stock("Tea", price="2.00", stock=100)
    make.open_till(shop)
    browsers = [make.client(app, shop, "cashier") for _turn in range(2)]
    for browser in browsers:
        make.post(browser, f"/till/registers/{shop.register_id}/use")
    with ThreadPoolExecutor(2) as both:
        answers = list(both.map(lambda browser: pay(browser, cart((tea, 1)), "cash:5.00"), browsers))
    assert [one.status_code for one in answers] == [200, 200]
    assert all("£3.00" in one.text for one in answers)
    assert orders(shop) == 1


def test_five_lines_are_sold_in_at_most_thirty_statements(shop, till, stock):
    goods = [stock() for _turn in range(5)]
    pay(till, cart(*((one, 1) for one in goods), key="warm-up-of-the-till"), "cash")
    with count_queries() as asked:
        answer = pay(till, cart(*((one, 2) for one in goods)), "cash")
    assert answer.status_code == 200
    assert len(asked) <= 30, "\n".join(asked)


def test_a_scan_asks_little_of_the_database(shop, till, stock):
    goods = [stock() for _turn in range(5)]
    form = cart(*((one, 1) for one in goods))
    with count_queries() as asked:
        assert change(till, form, "find", q=goods[0].sku).status_code == 200
    assert len(asked) <= 8, "\n".join(asked)


def test_a_sale_counts_for_the_business_day(shop, till, stock):
    tea = stock("Tea")
    with frozen(now() + timedelta(minutes=1)):
        pay(till, cart((tea, 1)))
    with make.within(shop):
        assert session.scalar(select(Order.business_date)) == shop.tenant.today()
