"""Customers: adding, changing, finding them."""

from __future__ import annotations

import re

from flask import Flask
from sqlalchemy import select

from retail.core.db import session, unit_of_work
from retail.customers.models import Customer
from retail.customers.queries import find_customers
from tests import make
from tests.integrations.support import taken_in


def test_a_customer_is_added_with_a_code_of_the_shop_and_changed(app: Flask, shop: make.Cast) -> None:
    owner = make.client(app, shop, "owner")
    page = make.post(owner, "/customers/new", {"name": "Ada  Byron", "email": "ada@example.com"}).location
    shown = owner.get(page).text
    assert "Ada Byron" in shown
    assert "C-1" in shown
    data = {"name": "Ada Lovelace", "code": "", "email": "ada@example.com", "phone": "", "country": "", "note": "kind"}
    make.post(owner, page, data)
    with make.within(shop):
        row = session.scalars(select(Customer)).one()
        assert (row.name, row.code, row.note) == ("Ada Lovelace", "C-1", "kind")
    assert "name: Ada Byron → Ada Lovelace" in owner.get(page).text


def test_a_code_belongs_to_one_customer(app: Flask, shop: make.Cast) -> None:
    owner = make.client(app, shop, "owner")
    make.post(owner, "/customers/new", {"name": "One", "code": "VIP"})
    answer = make.post(owner, "/customers/new", {"name": "Two", "code": "VIP"})
    assert answer.status_code == 422
    assert "Another customer has the code" in answer.text


ADDRESSES = {
    "o'neil+shop@sub.example.co.uk": True,
    "": True,
    "ada@example": False,
    "ada;ben@example.com": False,
    "Ada <ada@example.com>": False,
}


def test_a_mail_address_is_one_or_is_none_whichever_way_it_comes_in(app: Flask, shop: make.Cast) -> None:
    ada = make.customer("Ada Byron", email="was@example.com")
    owner = make.client(app, shop, "owner")
    page, cell = f"/customers/{ada.id}", f"/lists/customers/cells/{ada.id}/email"
    for number, (address, is_one) in enumerate(ADDRESSES.items()):
        answers = [
            make.post(owner, "/customers/new", {"name": "Somebody", "email": address}),
            make.post(owner, page, {"name": "Ada Byron", "email": address}),
            make.post(owner, cell, {"value": address}, headers={"HX-Request": "true"}),
        ]
        assert [answer.status_code < 400 for answer in answers] == [is_one] * 3, address
        assert all(("write it as name@example.com." in answer.text) != is_one for answer in answers), address
        with make.within(shop):
            taken_in(f'Code,Name,E-mail\nX{number},From file {number},"{address}"\n', "customers")
            found = session.scalars(select(Customer.email).where(Customer.code == f"X{number}")).all()
        assert found == ([address] if is_one else []), address
    with make.within(shop):
        assert session.get_one(Customer, ada.id).email == "", "the last that was one"


def test_a_name_may_be_as_long_in_the_list_as_on_its_page(app: Flask, shop: make.Cast) -> None:
    ada = make.customer("Ada Byron")
    owner = make.client(app, shop, "owner")
    cell = f"/lists/customers/cells/{ada.id}/name"
    for name, status in (("x" * 160, 200), ("x" * 161, 422)):
        assert make.post(owner, cell, {"value": name}, headers={"HX-Request": "true"}).status_code == status
    assert make.post(owner, f"/customers/{ada.id}", {"name": "y" * 161}).status_code == 422


def test_whoever_may_only_look_does_not_change(app: Flask, shop: make.Cast) -> None:
    one = make.customer("Ada Byron")
    cashier = make.client(app, shop, "cashier")
    assert cashier.get(f"/customers/{one.id}").status_code == 200
    assert make.post(cashier, f"/customers/{one.id}", {"name": "Eve"}).status_code == 403
    assert make.post(cashier, "/customers/new", {"name": "Eve"}).status_code == 403
    assert make.client(app, shop, "clerk").get("/customers/").status_code == 403


def test_customers_of_another_business_are_not_there(app: Flask, shop: make.Cast, rival: make.Cast) -> None:
    one = make.customer("Ada Byron")
    theirs = make.client(app, rival, "owner")
    assert theirs.get(f"/customers/{one.id}").status_code == 404
    assert make.post(theirs, f"/customers/{one.id}/archive").status_code == 404
    assert "Ada Byron" not in theirs.get("/customers/").text


def test_archived_customers_leave_the_list_and_come_back(app: Flask, shop: make.Cast) -> None:
    one = make.customer("Ada Byron")
    owner = make.client(app, shop, "owner")
    make.post(owner, f"/customers/{one.id}/archive")
    assert "Ada Byron" not in owner.get("/customers/").text.partition("listing")[2]
    assert "Ada Byron" in owner.get("/customers/?archived=1").text
    make.post(owner, f"/customers/{one.id}/restore")
    assert "Ada Byron" in owner.get("/customers/").text


def test_customers_are_found_by_name_code_mail_and_telephone(shop: make.Cast) -> None:
    ada = make.customer("Ada Byron", email="ada@example.com", phone="020 7946 0000")
    make.customer("Grace Hopper")
    with unit_of_work():
        session.get_one(Customer, ada.id).code = "50%_off"
    for q in ("ada", "byr ada", "7946", "example.com", "50%_off"):
        assert [one.name for one in find_customers(q)] == ["Ada Byron"], q
    assert find_customers("%") == find_customers("50%")
    assert find_customers("") == []


def test_the_menu_says_where_one_is_also_below_a_list(app: Flask, shop: make.Cast) -> None:
    owner = make.client(app, shop, "owner")
    page = make.post(owner, "/customers/new", {"name": "Ada Byron"}).location
    marked = re.findall(r'<a class="menu-link" href="([^"]+)"[^>]*aria-current="page"', owner.get(page).text)
    assert marked == ["/customers/"]
