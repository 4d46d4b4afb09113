"""Reading lists: typed filters in the address, pages both ways, columns, saved views, and few statements for each."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import select

from retail.catalog.models import Product
from retail.core import saved_lists as saved
from retail.core.clock import now
from retail.core.db import reading, session, unit_of_work
from retail.core.errors import Refused
from retail.core.tables import answering, filters
from retail.identity.models import User
from tests import make
from tests.lists.support import HTMX, names
from tests.support.queries import count_queries


@pytest.fixture
def goods(app: Flask, shop: make.Cast) -> None:
    for name, price, brand in (
        ("Cup", "4.00", "Aldo"),
        ("Mug", "8.50", "Aldo"),
        ("Tea", "2.40", "Leaf"),
        ("Urn", "95", ""),
    ):
        make.product(name, price=price, brand=brand)


def test_ranges_stand_in_the_address_and_can_be_taken_away_one_by_one(app, shop, goods):
    clerk = make.client(app, shop, "clerk")
    assert names(clerk, "/products/?price=4..10") == ["Cup", "Mug"]
    assert names(clerk, "/products/?price=8.50..") == ["Mug", "Urn"]
    assert names(clerk, "/products/?price-from=&price-to=4") == ["Cup", "Tea"]
    assert names(clerk, "/products/?brand=ald&price=..5") == ["Cup"]
    page = clerk.get("/products/?brand=ald&price=..5").text
    chips = re.findall(r'<a class="chip" href="([^"]+)"', page)
    assert [names(clerk, url.replace("&amp;", "&")) for url in chips] == [["Cup", "Mug"], ["Cup", "Tea"]]
    assert "up to 5" in page
    assert names(clerk, "/products/?price=nonsense..&brand=") == ["Cup", "Mug", "Tea", "Urn"], "nonsense is passed over"


def test_days_are_named_and_mean_the_readers_days(app, shop, goods):
    clerk = make.client(app, shop, "clerk")
    today = now().date()
    assert len(names(clerk, "/products/?added=this-year")) == 4
    assert len(names(clerk, f"/products/?added={today - timedelta(days=1)}..{today + timedelta(days=1)}")) == 4
    assert names(clerk, "/products/?added=last-year") == []
    assert names(clerk, f"/products/?added=..{today - timedelta(days=3)}") == []
    assert "This year" in clerk.get("/products/?added=this-year").text


def test_days_end_at_the_readers_midnight(app, shop, goods):
    with make.within(shop), unit_of_work():
        session.get_one(User, shop.users["clerk"]).timezone = "Asia/Kolkata"
        # Half past one on the third where the clerk is.
        session.scalars(select(Product).where(Product.name == "Cup")).one().created_at = datetime(
            2026, 3, 2, 20, tzinfo=UTC
        )
    clerk = make.client(app, shop, "clerk")
    assert names(clerk, "/products/?added=2026-03-03..2026-03-03") == ["Cup"]
    assert names(clerk, "/products/?added=2026-03-02..2026-03-02") == []
    assert names(clerk, "/products/?added=..2026-03-02") == []
    for beyond in ("0001-01-01..", "..9999-12-31", "0001-01-01..9999-12-31"):
        assert len(names(clerk, f"/products/?added={beyond}")) == 4, "a day no calendar has is passed over"


def test_numbers_may_have_more_places_than_what_they_are_held_against(app, shop):
    for name, stock in (("Less", "1.234"), ("More", "1.235")):
        make.product(name, stock=Decimal(stock))
    clerk = make.client(app, shop, "clerk")

    def found(between: str) -> list[str]:
        return re.findall(r"\b(Less|More)\b", clerk.get(f"/stock/?on_hand={between}&format=csv").text)

    assert found("1.2345..") == ["More"]
    assert found("..1.2345") == ["Less"]
    assert found("1.2345..1.2349") == []


def test_periods_begin_and_end_where_people_expect():
    day = date(2026, 3, 31)
    assert filters.period("this-month", day) == (date(2026, 3, 1), day)
    assert filters.period("last-month", day) == (date(2026, 2, 1), date(2026, 2, 28))
    assert filters.period("this-week", day) == (date(2026, 3, 30), date(2026, 4, 5))
    assert filters.period("last-7-days", day) == (date(2026, 3, 25), day)
    assert filters.period("this-month", date(2026, 12, 5)) == (date(2026, 12, 1), date(2026, 12, 31))
    assert filters.period("next-month", day) is None


def _place(page: str, to: str) -> str:
    found = re.search(rf'href="([^"]+)"[^>]*rel="{to}"', page)
    return found[1].replace("&amp;", "&") if found else ""


@pytest.mark.parametrize("sort", ["name", "-name", "price", "-added"])
def test_pages_are_turned_both_ways(app, shop, monkeypatch, sort):
    monkeypatch.setattr(answering, "PAGE_SIZE", 3)
    with make.within(shop):
        for number in range(8):
            make.product(f"Tea {number}", price=str(number % 3))
    clerk = make.client(app, shop, "clerk")
    url, forwards, last = f"/products/?sort={sort}", [], ""
    while url:
        page = clerk.get(url, headers=HTMX).text
        forwards.append(names(clerk, url))
        last, url = url, _place(page, "next")
    assert [len(part) for part in forwards] == [3, 3, 2]
    assert len({name for part in forwards for name in part}) == 8
    middle = _place(clerk.get(last, headers=HTMX).text, "prev")
    assert names(clerk, middle) == forwards[1]
    first = _place(clerk.get(middle, headers=HTMX).text, "prev")
    assert names(clerk, first) == forwards[0]
    assert _place(clerk.get(first, headers=HTMX).text, "prev") == ""


def test_a_long_list_says_what_it_cannot_be_sorted_by(app, shop, goods, monkeypatch):
    monkeypatch.setattr(answering, "SORT_LIMIT", 3)
    clerk = make.client(app, shop, "clerk")
    page = clerk.get("/products/?sort=-price").text
    assert "Narrow this one by a search or filter first." in page
    assert names(clerk, "/products/?sort=-price") == ["Cup", "Mug", "Tea", "Urn"], "it keeps its usual order"
    assert names(clerk, "/products/?sort=-name") == ["Urn", "Tea", "Mug", "Cup"], "an index serves this one"
    assert names(clerk, "/products/?sort=-price&brand=ald") == ["Mug", "Cup"]


def test_a_list_longer_than_it_counts_says_more_than(app, shop, goods, monkeypatch):
    monkeypatch.setattr(answering, "PAGE_SIZE", 2)
    monkeypatch.setattr(answering, "COUNT_LIMIT", 3)
    assert "more than 3 entries" in make.client(app, shop, "clerk").get("/products/").text


def test_columns_are_chosen_for_oneself_and_leave_in_the_file(app, shop, goods):
    clerk, owner = make.client(app, shop, "clerk"), make.client(app, shop, "owner")

    def heads(client, url="/products/"):
        return re.findall(r'<td class="align[^>]*data-label="([^"]+)"', client.get(url).text)[:4]

    assert heads(clerk) == ["Product", "Category", "SKU", "Price"]
    form = {"path": "/products/", "state": "", "columns": ["price", "brand"]}
    assert make.post(clerk, "/lists/products/columns", form).headers["Location"] == "/products/"
    assert heads(clerk)[:3] == ["Product", "Price", "Brand"]
    assert clerk.get("/products/?format=csv").text.splitlines()[0].lstrip("\ufeff") == "Product,Price,Brand"
    assert heads(owner)[1] == "Category", "only for the one who chose"
    make.post(clerk, "/lists/products/columns", {**form, "reset": "1"})
    assert heads(clerk)[1] == "Category"
    assert make.post(clerk, "/lists/products/columns", {**form, "path": "//evil.example/"}).status_code == 422


def _views(client) -> list[str]:
    found = re.search(r'aria-label="Saved views">(.*?)</nav>', client.get("/products/").text, re.DOTALL)
    return re.findall(r">([A-Z][\w ]+)<", found[1]) if found else []


def test_a_view_is_saved_shared_renamed_and_deleted_with_a_way_back(app, shop, goods):
    clerk, owner = make.client(app, shop, "clerk"), make.client(app, shop, "owner")
    form = {"path": "/products/", "state": "brand=Aldo&sort=-name", "name": "Aldo", "shared": ""}
    to = make.post(clerk, "/lists/products/views", form).headers["Location"]
    assert names(clerk, to) == ["Mug", "Cup"]
    assert _views(clerk) == ["All", "Aldo"]
    assert _views(owner) == [], "it is one's own"
    again = make.post(clerk, "/lists/products/views", form)
    assert again.status_code == 422
    assert "You have a view called “Aldo” already." in again.text
    number = re.search(r"view=(\d+)", to)[1]
    make.post(clerk, f"/lists/views/{number}", {"name": "Aldo things", "shared": "1"})
    assert _views(owner) == ["All", "Aldo things"]
    assert f"view={number}" in owner.get("/palette?q=aldo+th").text
    for path in ("", "/delete", "/keep"):
        assert make.post(owner, f"/lists/views/{number}{path}", {"name": "Mine"}).status_code == 404, (
            "not hers to change"
        )
    gone = make.post(clerk, f"/lists/views/{number}/delete", headers=HTMX)
    assert f"/lists/views/{number}/restore" in gone.headers["HX-Trigger"]
    assert _views(owner) == []
    make.post(clerk, f"/lists/views/{number}/restore")
    assert _views(owner) == ["All", "Aldo things"]


def test_a_list_opens_with_the_view_one_chose(app, shop, goods):
    clerk = make.client(app, shop, "clerk")
    form = {"path": "/products/", "state": "brand=Leaf", "name": "Leaf", "default": "1"}
    to = make.post(clerk, "/lists/products/views", form).headers["Location"]
    answer = clerk.get("/products/")
    assert (answer.status_code, answer.headers["Location"]) == (302, to)
    assert len(names(clerk, "/products/?view=all")) == 4
    number = re.search(r"view=(\d+)", to)[1]
    kept = {"path": "/products/", "state": f"brand=Aldo&view={number}"}
    make.post(clerk, f"/lists/views/{number}/keep", kept)
    assert names(clerk, clerk.get("/products/").headers["Location"]) == ["Cup", "Mug"]
    make.post(clerk, f"/lists/views/{number}/default")
    assert clerk.get("/products/").status_code == 200


def test_a_list_whose_filters_are_too_long_to_be_passed_on_says_so(app, shop, goods):
    clerk = make.client(app, shop, "clerk")
    state = f"q={'x' * 9000}&brand=Leaf"
    for path, more in (("views", {"name": "Leaf"}), ("columns", {"columns": ["price"]})):
        answer = make.post(clerk, f"/lists/products/{path}", {"path": "/products/", "state": state, **more})
        assert answer.status_code == 422
        assert "too long to be passed on" in answer.text
    strange = {"path": "/products/", "state": f"view={'9' * 20}", "columns": ["price"]}
    assert make.post(clerk, "/lists/products/columns", strange).status_code == 303, "no such view: one's own columns"


def test_views_and_columns_of_another_business_are_not_there(app, shop, rival, goods):
    clerk = make.client(app, shop, "clerk")
    to = make.post(clerk, "/lists/products/views", {"path": "/products/", "name": "Secret", "shared": "1"}).headers[
        "Location"
    ]
    theirs = make.client(app, rival, "owner")
    assert "Secret" not in theirs.get(to).text
    number = re.search(r"view=(\d+)", to)[1]
    assert make.post(theirs, f"/lists/views/{number}/default").status_code == 404
    assert theirs.get("/lists/nothing/jobs/price").status_code == 404


def test_a_list_page_asks_few_statements_however_long_it_is(app, shop, goods):
    clerk = make.client(app, shop, "clerk")
    with make.within(shop):
        for number in range(60):
            make.product(f"More {number:02}")
    clerk.get("/products/")
    with count_queries() as asked:
        assert clerk.get("/products/?price=1..").status_code == 200
    asked = [one for one in asked if not one.startswith("SET TRANSACTION")]
    assert len(asked) <= 9, "\n".join(asked)


def test_saved_views_have_a_limit_and_a_name(context, shop, monkeypatch):
    monkeypatch.setattr(saved, "MOST_VIEWS", 1)
    owner = shop.users["owner"]
    with unit_of_work():
        saved.save_view("orders", owner, "One", "/orders/", {})
    with unit_of_work():
        with pytest.raises(Refused, match="delete one first"):
            saved.save_view("orders", owner, "Two", "/orders/", {})
        monkeypatch.setattr(saved, "MOST_VIEWS", 9)
        for name, problem in ((" ", "Give the view a name"), ("x" * 41, "at most 40"), ("ONE", "already")):
            with pytest.raises(Refused, match=problem):
                saved.save_view("orders", owner, name, "/orders/", {})
    with reading():
        assert session.scalars(select(saved.SavedView.name)).all() == ["One"]
