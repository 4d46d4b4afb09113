"""The list of documents, the page of one, its receipt on screen and as a file."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from retail.core.clock import frozen, now
from retail.core.db import session, unit_of_work
from retail.orders.models import Order
from retail.orders.queries import lines_of
from retail.pricing.services import Discount
from retail.till import services as till
from tests import make
from tests.support.queries import count_queries


@pytest.fixture
def sale(shop):
    """Make a sale between requests; answers id and number."""

    def made(name="Tea", quantity=1, **more):
        with make.within(shop):
            goods = make.product(name, price="2.40", cost="1.10", stock=20)
            sold = make.sale(shop, (goods, quantity), **more)
            return sold.order_id, sold.number

    return made


def printed(shop, order_id):
    with make.within(shop):
        return session.scalar(select(Order.copies_printed).where(Order.id == order_id))


def give_back(shop, order_id, quantity="1"):
    with make.within(shop), unit_of_work():
        (line,) = lines_of(order_id)
        station = make.open_till(shop)
    with make.within(shop), unit_of_work():
        return till.refund(
            shop.tenant,
            station,
            order_id,
            {line.id: Decimal(quantity)},
            "refund-for-a-test",
            "faulty",
            "cash",
            allowance=till.WITHOUT_LIMITS,
        )


def test_the_list_shows_and_finds_documents(app, shop, sale):
    with frozen(now() - timedelta(days=3)):
        _old, old_number = sale("Cup")
    with make.within(shop):
        ada = make.customer("Ada Byron").id
    new, new_number = sale("Tea", 2, customer_id=ada)
    back = give_back(shop, new)
    browser = make.client(app, shop, "cashier")

    whole = browser.get("/orders/").text
    assert all(text in whole for text in (old_number, new_number, back.number, "Ada Byron", "£4.80", "Partly refunded"))

    today = now().date().isoformat()
    for query, shown, hidden in (
        ("kind=return", back.number, new_number),
        ("state=part_refunded", new_number, old_number),
        (f"day-from={today}", new_number, old_number),
        (f"day=..{(now() - timedelta(days=2)).date().isoformat()}", old_number, new_number),
        (f"q={old_number}", old_number, new_number),
        ("q=Byron", new_number, old_number),
    ):
        page = browser.get(f"/orders/?{query}").text
        assert f">{shown}<" in page, query
        assert f">{hidden}<" not in page, query
    assert f">{new_number}<" not in browser.get(f"/orders/?location={shop.warehouse_id}").text
    assert f">{new_number}<" in browser.get("/orders/?from=never&location=").text


def test_the_list_asks_the_same_of_the_database_however_much_was_sold(app, shop, sale):
    browser = make.client(app, shop, "manager")
    sale()
    browser.get("/orders/")
    with count_queries() as few:
        browser.get("/orders/")
    for _turn in range(6):
        sale("")
    with count_queries() as many:
        browser.get("/orders/")
    assert len(many) == len(few)


def test_the_page_of_a_sale_tells_all_of_it(app, shop, sale):
    order_id, number = sale("Tea", 3, discount=Discount("amount", Decimal("1.20"), "scratched"))
    page = make.client(app, shop, "manager").get(f"/orders/{order_id}").text
    for text in (number, "Tea", "£6.00", "-£1.20", "VAT 20 %", "£1.00", "Cash", "1000 Cash in drawers", "4000 Sales"):
        assert text in page, text


def test_the_books_are_shown_to_whoever_may_see_them(app, shop, sale):
    order_id, _number = sale()
    assert "In the books" in make.client(app, shop, "manager").get(f"/orders/{order_id}").text
    assert "In the books" not in make.client(app, shop, "cashier").get(f"/orders/{order_id}").text


def test_what_was_given_back_is_shown_with_the_sale(app, shop, sale):
    order_id, _number = sale("Tea", 2)
    back = give_back(shop, order_id)
    page = make.client(app, shop, "manager").get(f"/orders/{order_id}").text
    assert back.number in page
    assert "1 given back" in page
    assert "faulty" in page


def test_the_first_receipt_is_the_original_and_all_others_are_copies(app, shop, sale):
    order_id, number = sale("Tea", 2)
    browser = make.client(app, shop, "cashier")

    seen = browser.get(f"/orders/{order_id}/receipt").text
    first = make.post(browser, f"/orders/{order_id}/printed").text
    again = make.post(browser, f"/orders/{order_id}/printed").text

    assert number in seen
    assert "£4.80" in seen
    assert "data-print-now" in first
    assert "receipt-mark" not in seen + first
    assert "receipt-mark" in again
    assert "copy" in again.lower()
    assert printed(shop, order_id) == 2


def test_looking_at_a_receipt_counts_nothing(app, shop, sale):
    order_id, _number = sale()
    browser = make.client(app, shop, "cashier")
    for _turn in range(2):
        assert browser.get(f"/orders/{order_id}/receipt").status_code == 200
        assert browser.get(f"/orders/{order_id}/receipt.pdf").status_code == 200
    assert printed(shop, order_id) == 0


def test_a_receipt_as_a_file_is_counted_when_it_is_taken(app, shop, sale):
    order_id, number = sale()
    browser = make.client(app, shop, "cashier")
    taken = [make.post(browser, f"/orders/{order_id}/receipt.pdf") for _turn in range(2)]
    assert all(one.data.startswith(b"%PDF-") and one.mimetype == "application/pdf" for one in taken)
    assert number in taken[0].headers["Content-Disposition"]
    assert printed(shop, order_id) == 2
    # The copy says so, which makes it another file.
    assert len(taken[1].data) != len(taken[0].data)


def test_a_return_has_a_receipt_that_names_the_sale(app, shop, sale):
    order_id, number = sale("Tea", 2)
    back = give_back(shop, order_id)
    page = make.client(app, shop, "cashier").get(f"/orders/{back.order_id}/receipt").text
    assert number in page
    assert "£2.40" in page
    assert "-£2.40" not in page


def test_the_other_tenants_documents_do_not_exist(app, shop, rival):
    with make.within(rival):
        theirs = make.sale(rival, (make.product("Theirs", stock=3), 1)).order_id
    browser = make.client(app, shop, "owner")
    for path in ("", "/receipt", "/receipt.pdf"):
        assert browser.get(f"/orders/{theirs}{path}").status_code == 404
    assert make.post(browser, f"/orders/{theirs}/printed").status_code == 404
    assert printed(rival, theirs) == 0


def test_whoever_may_not_see_sales_sees_none(app, shop, sale):
    order_id, _number = sale()
    browser = make.client(app, shop, "clerk")
    for path in ("/orders/", f"/orders/{order_id}", f"/orders/{order_id}/receipt"):
        assert browser.get(path).status_code == 403
