"""What a sale asks of the database, beside many products and a long history."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import Engine, event, func, insert, select

from retail.catalog.models import Barcode, Product, Variant
from retail.core import search
from retail.core.clock import now
from retail.core.db import count_anew, session, table_of, unit_of_work
from retail.core.tenancy import current_tenant_id
from retail.orders.models import Order, OrderLine
from tests import make
from tests.support.queries import count_queries
from tests.support.till import cart, change, pay

PRODUCTS, SALES = 10_000, 2_000


def write(model, rows):
    """Write rows of this tenant in bulk."""
    stamped = [{"tenant_id": current_tenant_id(), **row} for row in rows]
    session.execute(insert(table_of(model)), stamped, execution_options={"stamped": True})


@pytest.fixture
def many(shop):
    """Ten thousand products with codes, and two thousand sales of the past."""
    with make.within(shop):
        first = make.product("First", stock=5)
        with unit_of_work():
            rate = session.scalar(select(Product.tax_rate_id).where(Product.id == first.product_id))
            numbers = range(1, PRODUCTS)
            write(
                Product,
                [
                    {"id": first.product_id + n, "name": f"Product {n:05}", "tax_rate_id": rate, "created_at": now()}
                    for n in numbers
                ],
            )
            write(
                Variant,
                [
                    {
                        "id": first.id + n,
                        "product_id": first.product_id + n,
                        "sku": f"MANY-{n:05}",
                        "name": f"Product {n:05}",
                        "price": 2,
                        "cost": 1,
                    }
                    for n in numbers
                ],
            )
            write(Barcode, [{"code": f"{5_000_000_000_000 + n}", "variant_id": first.id + n} for n in numbers])
            search.touch("variants", [first.id + n for n in numbers])
        with unit_of_work():
            _history(shop, first.id)
            count_anew()
        return first.id


def _history(shop, variant_id):
    past = now() - timedelta(days=30)
    same = {
        "kind": "sale",
        "channel": "history",
        "state": "closed",
        "location_id": shop.location_id,
        "currency": "GBP",
        "business_date": past.date(),
        "hour": 9,
        "occurred_at": past,
        "received_at": past,
        "net": 2,
        "tax": 0,
        "gross": 2,
        "total": 2,
    }
    write(Order, [{**same, "number": f"H-{n}", "key": f"history-of-the-shop-{n}"} for n in range(SALES)])
    ids = session.scalars(select(Order.id).where(Order.channel == "history")).all()
    write(
        OrderLine,
        [
            {
                "order_id": order_id,
                "position": at,
                "variant_id": variant_id + (order_id + at) % 50,
                "sku": "",
                "description": "",
                "quantity": 1,
                "list_price": 2,
                "net": 2,
                "tax": 0,
                "gross": 2,
            }
            for order_id in ids
            for at in range(2)
        ],
    )


def five_of(first, key):
    return cart(*((first + n * 7, 1) for n in range(5)), key=key)


def test_five_lines_beside_ten_thousand_products_take_at_most_thirty_statements(shop, till, many):
    pay(till, five_of(many, "warm-up-of-the-till"))
    with count_queries() as asked:
        answer = pay(till, five_of(many, "key-of-the-browser-1"))
    assert answer.status_code == 200
    assert len(asked) <= 30, "\n".join(asked)
    with make.within(shop):
        assert session.scalar(select(func.count(Order.id)).where(Order.channel == "pos")) == 2


def test_a_code_is_found_among_ten_thousand_and_the_page_stays_small(till, many):
    answer = change(till, cart(), "find", q="5000000009999")
    assert "Product 09999" in answer.text
    page = till.get("/till/")
    assert page.text.count('class="tile"') <= 60
    assert till.get("/till/products?q=Product").text.count('class="tile"') <= 60


@contextmanager
def explained():
    """What SQLite says it does for each statement: rows of plans that read a whole table."""
    found: list[tuple[str, str]] = []

    def note(connection, _cursor, statement, parameters, _context, many):
        if statement.split(None, 1)[0].upper() in {"SELECT", "UPDATE", "DELETE", "WITH"}:
            one = parameters[0] if many else parameters
            plan = connection.connection.driver_connection.execute(f"EXPLAIN QUERY PLAN {statement}", one).fetchall()
            found.extend((step[3], statement) for step in plan if step[3].startswith("SCAN "))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)


LARGE = {"orders", "order_lines", "payments", "journal_entries", "journal_lines", "stock_moves", "variants", "products"}


@pytest.mark.sqlite_only
def test_no_statement_of_a_sale_reads_a_whole_table(till, many):
    pay(till, five_of(many, "warm-up-of-the-till"))
    with explained() as scans:
        assert change(till, five_of(many, "key-of-the-browser-1"), "find", q="MANY-00042").status_code == 200
        assert pay(till, five_of(many, "key-of-the-browser-1")).status_code == 200
    whole = [(step, text) for step, text in scans if step.split()[1] in LARGE]
    assert whole == []
