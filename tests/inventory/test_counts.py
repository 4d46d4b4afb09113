"""Counts go on beside sales: what is booked is what really differed at the instant of the scan, once."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from retail.core.checks import run_checks
from retail.core.clock import frozen, now
from retail.core.db import session, unit_of_work
from retail.core.errors import Refused
from retail.finance.queries import balance
from retail.inventory import services as inventory
from retail.inventory.count_queries import due_for_counting, variances
from retail.inventory.models import StockCount, StockCountEntry, StockCountLine, StockLevel
from retail.inventory.services import Counted
from tests import make
from tests.support.till import HTMX


def product(name, stock, cost="1.00", **more):
    return make.product(name, stock=stock, cost=cost, **more).id


def begin(shop, kind="full", **more):
    with unit_of_work():
        return inventory.start_count(shop.location_id, kind, **more).id


def see(count, variant, quantity, key, at=None):
    with unit_of_work():
        return inventory.enter_counts(count, [Counted(key, variant, Decimal(quantity), at or now())])


def book(count, **more):
    with unit_of_work():
        inventory.finish_count(count)
    with unit_of_work():
        paper = inventory.post_count(count, **more)
        return paper.id if paper else None


def level(variant):
    session.rollback()
    return session.scalars(select(StockLevel.on_hand).where(StockLevel.variant_id == variant)).one()


def sell(shop, variant, quantity):
    class Goods:
        id = variant

    return make.sale(shop, (Goods, quantity))


def sound(shop):
    session.rollback()
    assert not [(one.name, one.first) for one in run_checks([shop.tenant_id]) if one.faults]


def test_what_is_sold_before_and_after_the_scan_is_neither_missing_nor_found(shop):
    tea = product("Tea", 10)
    count = begin(shop)
    sell(shop, tea, 2)
    see(count, tea, 7, "scan")
    sell(shop, tea, 3)
    with unit_of_work():
        inventory.finish_count(count)
    sell(shop, tea, 1)
    with unit_of_work():
        inventory.post_count(count)
    assert level(tea) == 10 - 2 - 3 - 1 - 1
    line = session.scalars(select(StockCountLine)).one()
    assert (line.counted, line.expected, line.variance, line.value) == (7, 8, -1, -1)
    assert balance("5100") == 1
    sound(shop)


def test_a_scan_that_arrives_late_counts_as_of_when_it_was_made(shop):
    tea = product("Tea", 10)
    count = begin(shop)
    scanned = now()
    sell(shop, tea, 4)
    see(count, tea, 10, "kept on the phone", at=scanned)
    assert book(count) is None, "nothing differed when it was scanned"
    assert level(tea) == 6


def test_a_scan_sent_twice_counts_once_and_several_add_up(shop):
    tea = product("Tea", 10)
    count = begin(shop)
    assert see(count, tea, 4, "one") == 1
    assert see(count, tea, 4, "one") == 0
    assert see(count, tea, 5, "two") == 1
    book(count)
    assert level(tea) == 9
    assert session.scalar(select(func.count(StockCountEntry.id))) == 2


def test_a_device_whose_clock_is_wrong_counts_neither_the_future_nor_before_the_beginning(shop):
    tea = product("Tea", 10)
    count = begin(shop)
    see(count, tea, 1, "early", at=now() - timedelta(days=3))
    see(count, tea, 1, "late", at=now() + timedelta(days=3))
    line = session.scalars(select(StockCountLine)).one()
    row = session.scalars(select(StockCount)).one()
    assert row.started_at == line.first_at <= line.counted_at <= now()


def test_goods_that_moved_between_two_scans_of_them_are_pointed_out(shop):
    tea = product("Tea", 10)
    count = begin(shop)
    see(count, tea, 4, "shelf")
    sell(shop, tea, 1)
    see(count, tea, 5, "back room")
    (line,) = variances(count)
    assert line.meanwhile == 1


def test_a_recount_forgets_what_was_seen_and_a_booked_count_is_frozen(shop):
    tea = product("Tea", 10)
    count = begin(shop)
    see(count, tea, 3, "wrong")
    with unit_of_work():
        inventory.finish_count(count)
    with pytest.raises(Refused, match="not open any more"):
        see(count, tea, 3, "too late")
    session.rollback()
    line = session.scalars(select(StockCountLine.id)).one()
    with unit_of_work():
        inventory.count_again(count, [line])
    see(count, tea, 9, "right")
    book(count)
    assert level(tea) == 9
    for verb in (inventory.cancel_count, inventory.finish_count, inventory.post_count):
        with pytest.raises(Refused, match="cannot become"), unit_of_work():
            verb(count)
    sell(shop, tea, 2)
    session.rollback()
    assert session.scalars(select(StockCountLine.expected)).one() == 10, "it stays as it was booked"
    sound(shop)


def test_what_nobody_counted_stays_unless_it_is_said_to_be_gone(shop):
    tea, jam = product("Tea", 10), product("Jam", 4)
    count = begin(shop)
    see(count, tea, 10, "tea")
    book(count)
    assert level(jam) == 4
    count = begin(shop)
    see(count, tea, 10, "tea again")
    book(count, rest_is_none=True)
    assert (level(tea), level(jam)) == (10, 0)
    sound(shop)


def test_an_article_nobody_expected_joins_the_count(shop):
    tea, jam = product("Tea", 10), product("Jam", 0)
    count = begin(shop)
    see(count, jam, 2, "found behind the shelf")
    see(count, tea, 10, "tea")
    book(count)
    assert level(jam) == 2
    sound(shop)


def test_it_is_the_turn_of_what_sells_most_and_was_counted_longest_ago(shop):
    dear, cheap, still = product("Dear", 100, "50"), product("Cheap", 100, "1"), product("Still", 100, "9")
    sell(shop, dear, 5)
    sell(shop, cheap, 1)
    assert [(one.variant_id, one.grade) for one in due_for_counting(shop.location_id, 9)] == [
        (dear, "A"),
        (cheap, "C"),
        (still, "C"),
    ]
    count = begin(shop, "cyclic", most=1)
    assert session.scalars(select(StockCountLine.variant_id)).all() == [dear]
    see(count, dear, 95, "dear")
    book(count)
    assert dear not in {one.variant_id for one in due_for_counting(shop.location_id, 9)}
    with frozen(now() + timedelta(days=31)):
        assert due_for_counting(shop.location_id, 1)[0].variant_id == dear, "what matters most is due again first"


def test_a_count_of_a_category_needs_one(shop):
    product("Tea", 10)
    with pytest.raises(Refused, match="Choose the category"):
        begin(shop, "category")
    with pytest.raises(Refused, match="Nothing of that"), unit_of_work():
        inventory.start_count(shop.warehouse_id, "cyclic")


def test_somebody_counts_on_a_page_and_somebody_else_books_it(app, shop):
    make.product("Tea", stock=10, sku="TEA", cost="1.00")
    make.product("Jam", stock=5, sku="JAM", cost="1.00")
    clerk, manager = make.client(app, shop, "clerk"), make.client(app, shop, "manager")
    form = {"key": "c1", "location": shop.location_id, "kind": "full", "category": "0", "blind": "y"}
    url = make.post(clerk, "/stock/counts/new", form).headers["Location"]
    assert make.post(clerk, "/stock/counts/new", form).headers["Location"] == url
    page = clerk.get(url).text
    assert "Tea" in page
    assert "10 expected" not in page, "who counts does not see how many there should be"
    assert "10 expected" in manager.get(url).text
    seen = make.post(clerk, f"{url}/entries", {"q": "TEA", "quantity": "8", "key": "e1", "age": "500"}, headers=HTMX)
    assert seen.status_code == 200
    assert "+8" in seen.text
    assert "<html" not in seen.text
    unknown = make.post(clerk, f"{url}/entries", {"q": "WHAT", "key": "e2"}, headers=HTMX)
    assert unknown.status_code == 422
    assert "Nothing was counted" in unknown.text
    assert "is not a number" in make.post(clerk, f"{url}/entries", {"q": "TEA", "key": "e3", "quantity": "x"}).text
    with make.within(shop):
        jam = session.scalars(select(StockCountLine.variant_id).where(StockCountLine.counted.is_(None))).one()
    assert make.post(clerk, f"{url}/none/{jam}").status_code == 303
    assert make.post(clerk, f"{url}/finish").status_code == 303
    assert make.post(clerk, f"{url}/post").status_code == 403
    assert "-£7.00" in manager.get(url).text
    assert "-£7.00" not in clerk.get(url).text
    assert make.post(manager, f"{url}/post", {"rest": "leave"}).status_code == 303
    assert "As it was booked" in manager.get(url).text
    assert make.client(app, make.rival(), "manager").get(url).status_code == 404
    assert make.client(app, shop, "cashier").get(url).status_code == 403
    with make.within(shop):
        sound(shop)
