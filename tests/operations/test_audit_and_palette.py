"""The audit page, the command palette and the start page: each shows only what a person may see."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

from flask import Flask

from retail.core import clock
from retail.core.db import session, unit_of_work
from retail.identity.models import User
from tests import make


def test_the_audit_tells_who_changed_what(app: Flask, shop: make.Cast) -> None:
    owner = make.client(app, shop, "owner")
    make.post(owner, f"/people/{shop.users['clerk']}/deactivate")
    page = owner.get("/audit").text
    assert "changed person Corner Shop clerk" in page
    assert "active: yes → no" in page


def test_the_audit_is_narrowed_by_person_action_and_day(app: Flask, shop: make.Cast) -> None:
    owner = make.client(app, shop, "owner")
    make.post(owner, f"/people/{shop.users['clerk']}/deactivate")
    change = "active: yes → no"
    today = clock.now().date()
    tomorrow = (today + timedelta(days=2)).isoformat()
    assert change in owner.get(f"/audit?person={shop.users['owner']}&subject=users").text
    assert change not in owner.get(f"/audit?person={shop.users['cashier']}").text
    assert change not in owner.get("/audit?action=create").text
    assert change in owner.get(f"/audit?when={today - timedelta(days=1)}..{tomorrow}").text
    assert change not in owner.get(f"/audit?when={tomorrow}..").text
    assert owner.get("/audit?when=nonsense&person=x").status_code == 200


def test_the_audit_goes_into_a_file_in_the_same_words(app: Flask, shop: make.Cast) -> None:
    owner = make.client(app, shop, "owner")
    make.post(owner, f"/people/{shop.users['clerk']}/deactivate")
    rows = list(csv.reader(io.StringIO(owner.get("/audit?format=csv").data.decode("utf-8-sig"))))
    assert any("changed person Corner Shop clerk" in row for row in rows)
    assert "exported" in owner.get("/audit").text


def test_the_audit_of_another_business_stays_there(app: Flask, shop: make.Cast, rival: make.Cast) -> None:
    with unit_of_work():
        session.get_one(User, shop.users["clerk"]).name = "Unmistakable Name"
    assert "Unmistakable Name" not in make.client(app, rival, "owner").get("/audit").text
    assert make.client(app, shop, "cashier").get("/audit").status_code == 403


def test_the_palette_finds_records_and_actions(app: Flask, shop: make.Cast) -> None:
    make.customer("Ada Byron")
    number = make.sale(shop, (make.product("Earl Grey", stock=3), 1)).number
    owner = make.client(app, shop, "owner")
    assert "/customers/" in owner.get("/palette?q=byron").text
    assert number in owner.get(f"/palette?q={number.lower()}").text
    assert "/settings/tax-rates" in owner.get("/palette?q=vat").text
    assert owner.get("/palette?q=").text.strip() == ""
    assert owner.get("/palette?q=%25%25").text.strip() == ""


def test_the_palette_shows_nobody_what_they_may_not_open(app: Flask, shop: make.Cast, rival: make.Cast) -> None:
    make.customer("Ada Byron")
    clerk = make.client(app, shop, "clerk")
    assert "Byron" not in clerk.get("/palette?q=byron").text
    assert "/settings/" not in clerk.get("/palette?q=settings").text
    assert "Byron" not in make.client(app, rival, "owner").get("/palette?q=byron").text


def test_everybody_starts_where_they_work(app: Flask, shop: make.Cast) -> None:
    assert make.client(app, shop, "owner").get("/").location == "/dashboard"
    assert make.client(app, shop, "cashier").get("/").location.startswith("/till")
    assert "/sign-in" in app.test_client().get("/").location
