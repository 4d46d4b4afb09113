"""Cells that are changed where they stand, and the keys each person chooses."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import select

from retail.core.audit import AuditEntry
from retail.core.db import session
from retail.inventory.models import StockLevel
from tests import make
from tests.lists.support import HTMX, prices, product_id


@pytest.fixture
def clerk(app: Flask, shop: make.Cast):
    make.product("Cup", price="4.00", stock=3)
    return make.client(app, shop, "clerk")


def test_a_price_is_changed_in_the_list_and_written_down(clerk, shop):
    url = f"/lists/products/cells/{product_id(shop, 'Cup')}/price"
    assert url in clerk.get("/products/").text
    assert 'value="4.00"' in clerk.get(url, headers=HTMX).text
    drawn = make.post(clerk, url, {"value": "4.50", "was": "4.00"}, headers=HTMX).text
    assert drawn.strip().startswith("<td")
    assert "£4.50" in drawn
    assert prices(shop)["Cup"] == Decimal("4.50")
    with make.within(shop):
        found = session.scalars(select(AuditEntry.changes).where(AuditEntry.action == "update")).all()
        assert [Decimal(one["price"][1]) for one in found] == [Decimal("4.50")]


@pytest.mark.parametrize(
    ("value", "said"), [("abc", "is not a number"), ("-1", "cannot be below zero"), ("", "Type an amount.")]
)
def test_what_is_no_price_is_refused_where_it_was_typed(clerk, shop, value, said):
    url = f"/lists/products/cells/{product_id(shop, 'Cup')}/price"
    answer = make.post(clerk, url, {"value": value}, headers=HTMX)
    assert answer.status_code == 422
    assert said in answer.text
    assert f'value="{value}"' in answer.text
    assert prices(shop)["Cup"] == Decimal(4)


def test_somebody_elses_change_is_not_overwritten_unseen(clerk, shop):
    url = f"/lists/products/cells/{product_id(shop, 'Cup')}/price"
    make.post(clerk, url, {"value": "5", "was": "4.00"}, headers=HTMX)
    answer = make.post(clerk, url, {"value": "6", "was": "4.00"}, headers=HTMX)
    assert answer.status_code == 422
    assert "Somebody changed this to “5.00” meanwhile." in answer.text
    assert prices(shop)["Cup"] == Decimal(5)
    make.post(clerk, url, {"value": "6", "was": "5.00"}, headers=HTMX)
    assert prices(shop)["Cup"] == Decimal(6)


def test_names_and_reorder_points_are_changed_in_their_lists(clerk, shop):
    make.post(clerk, f"/lists/products/cells/{product_id(shop, 'Cup')}/name", {"value": "Blue  cup"}, headers=HTMX)
    assert prices(shop) == {"Blue cup": Decimal(4)}, "the variant is called after it"
    with make.within(shop):
        level = session.scalars(select(StockLevel.id)).one()
    url = f"/lists/levels/cells/{level}/reorder_point"
    make.post(clerk, url, {"value": "2.5", "was": ""}, headers=HTMX)
    with make.within(shop):
        assert session.scalars(select(StockLevel.reorder_point)).one() == Decimal("2.5")
    make.post(clerk, url, {"value": "", "was": "2.5"}, headers=HTMX)
    with make.within(shop):
        assert session.scalars(select(StockLevel.reorder_point)).one() is None


def test_cells_are_for_who_may_change_them_and_of_ones_own_business(app, shop, rival, clerk):
    cup = product_id(shop, "Cup")
    cashier, theirs = make.client(app, shop, "cashier"), make.client(app, rival, "owner")
    assert "data-edit-url" not in cashier.get("/products/").text
    for method in ("get", "post"):
        for client, status in ((cashier, 403), (theirs, 404)):
            url = f"/lists/products/cells/{cup}/price"
            answer = client.get(url) if method == "get" else make.post(client, url, {"value": "1"})
            assert answer.status_code == status
    for url in (
        f"/lists/products/cells/{cup}/sku",
        "/lists/products/cells/x/price",
        "/lists/products/cells/99999/price",
    ):
        assert clerk.get(url).status_code == 404
    assert prices(shop)["Cup"] == Decimal(4)


def test_keys_are_ones_own_and_may_not_collide(app, shop):
    clerk, owner = make.client(app, shop, "clerk"), make.client(app, shop, "owner")
    answer = make.post(clerk, "/profile/shortcuts", {"list.next": "k"})
    assert answer.status_code == 422
    assert "The same key is for: Previous row" in answer.text
    for wrong, said in (("gg", "Type one sign"), ("g", "G begins the way to a page")):
        answer = make.post(clerk, "/profile/shortcuts", {"list.next": wrong})
        assert answer.status_code == 422
        assert said in answer.text
    for name in ("list.next", "notice.away"):
        answer = make.post(clerk, "/profile/shortcuts", {name: "u"})
        assert "The same key is for: Mark as read or unread" in answer.text
    make.post(clerk, "/profile/shortcuts", {"notice.away": "z"})
    assert re.search(r"<kbd[^>]*>Z</kbd>\s*(</span>)?\s*put away", clerk.get("/notifications/").text)
    make.post(clerk, "/profile/shortcuts", {"list.next": "m", "go.catalog.product_list": "w", "list.choose_all": ""})
    page = clerk.get("/products/").text
    assert '"list.next": "m"' in page
    assert '"list.choose_all": ""' in page
    assert 'data-shortcut="w"' in page
    assert '"list.next": "j"' in owner.get("/products/").text
    make.post(clerk, "/profile/shortcuts", {"reset": "1"})
    assert '"list.next": "j"' in clerk.get("/products/").text
