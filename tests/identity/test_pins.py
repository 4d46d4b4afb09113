"""PINs: changing places at a till in a second, what they open and what not, and locking."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from retail.core.audit import AuditEntry
from retail.core.db import session, unit_of_work
from retail.core.module import registry_of
from retail.identity import signing_in
from retail.identity.models import User, UserSession
from retail.orders.models import Order
from retail.permissions import SIGNED_IN
from tests import make
from tests.support.till import cart, pay

PIN = "2580"


@pytest.fixture
def register(app, shop):
    """A browser on which the manager signed in and sells."""
    make.open_till(shop)
    browser = make.client(app, shop, "manager")
    make.post(browser, f"/till/registers/{shop.register_id}/use")
    return browser


def switch(browser, user_id: int, pin: str = PIN, **more: str):
    return make.post(browser, "/switch", {"person": str(user_id), "pin": pin, **more})


def test_a_pin_is_set_by_oneself_and_kept_as_a_hash(app: Flask, shop: make.Cast) -> None:
    cashier = make.client(app, shop, "cashier")
    assert make.post(cashier, "/profile/pin", {"pin": PIN, "pin_again": PIN}).status_code == 303
    with make.within(shop):
        user = session.get_one(User, shop.users["cashier"])
        assert (user.pin_hash or "").startswith("$argon2id$")
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "pin_set")).one()
        assert PIN not in str(entry.changes)
    assert "Change the PIN" in cashier.get("/profile/security").text
    assert make.post(cashier, "/profile/pin/remove").status_code == 303
    with make.within(shop):
        assert session.get_one(User, shop.users["cashier"]).pin_hash is None


@pytest.mark.parametrize("pin", ["1234", "0000", "987654", "12", "123456789", "12ab", "٣٤٥٦"])
def test_pins_anybody_would_guess_are_refused(app: Flask, shop: make.Cast, pin: str) -> None:
    cashier = make.client(app, shop, "cashier")
    answer = make.post(cashier, "/profile/pin", {"pin": pin, "pin_again": pin}, follow_redirects=True)
    assert "PIN" in answer.text
    with make.within(shop):
        assert session.get_one(User, shop.users["cashier"]).pin_hash is None


def test_whoever_manages_people_sets_pins_but_not_of_those_above(app: Flask, shop: make.Cast) -> None:
    manager, words = make.client(app, shop, "manager"), {"pin": PIN, "pin_again": PIN}
    assert make.post(manager, f"/people/{shop.users['cashier']}/pin", words).status_code == 303
    assert make.post(manager, f"/people/{shop.users['owner']}/pin", words).status_code == 422
    assert make.post(make.client(app, shop, "cashier"), f"/people/{shop.users['clerk']}/pin", words).status_code == 403
    with make.within(shop):
        having = session.scalars(select(User.id).where(User.pin_hash.is_not(None))).all()
    assert having == [shop.users["cashier"]]


def test_the_sale_is_that_of_whoever_took_over(app, shop, register) -> None:
    cashier = make.give_pin(shop, "cashier")
    with make.within(shop):
        tea = make.product("Tea", stock=5).id
    assert switch(register, cashier).location == "/till/"
    assert pay(register, cart((tea, 1))).status_code == 200
    with make.within(shop):
        assert session.scalars(select(Order.user_id)).one() == cashier
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "till_taken_over")).one()
        assert entry.user_id == cashier


def test_a_pin_opens_the_till_and_nothing_else(app, shop, register) -> None:
    manager = make.give_pin(shop, "manager")
    assert register.get("/people/").status_code == 200
    switch(register, manager)
    assert register.get("/till/").status_code == 200
    for path in ("/people/", "/settings/", "/audit"):
        assert register.get(path).status_code == 403, path


OPEN_BY_PIN = {
    *("identity.theme", "identity.work_at", "identity.stop_looking", "identity.leave_support", "identity.sign_out"),
    *("identity.lock", "identity.switch", "identity.unlock_with_password"),
    *(f"notifications.{name}" for name in ("index", "drawer", "bell", "go", "open_it")),
    *(f"notifications.{name}" for name in ("read", "read_all", "unread", "archive", "restore")),
}
"""What is nobody's account: the device itself, the look of its pages, and the news of whoever works at it."""


def test_every_page_of_an_account_says_that_it_is_one(app: Flask) -> None:
    registry = registry_of(app)
    personal = {
        endpoint
        for endpoint, need in registry.needs.items()
        if need == SIGNED_IN and endpoint.split(".")[0] in {"identity", "notifications"}
    }
    assert personal - registry.own == OPEN_BY_PIN


def test_a_pin_opens_no_page_of_an_account(app, shop, register) -> None:
    switch(register, make.give_pin(shop, "manager"))
    address = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        if rule.endpoint in registry_of(app).own:
            path = address.build(rule.endpoint, dict.fromkeys(rule.arguments, 1))
            for method in (rule.methods or set()) & {"GET", "POST"}:
                answer = register.get(path) if method == "GET" else make.post(register, path)
                assert answer.status_code == 422, (method, path)
                assert "A PIN opens the till only" in answer.text, (method, path)


def test_with_the_password_the_device_is_wholly_ones_own_again(app, shop, register) -> None:
    switch(register, make.give_pin(shop, "cashier"))
    assert make.post(register, "/switch/password", {"password": "not this one"}).status_code == 422
    assert register.get("/people/").status_code == 403
    assert make.post(register, "/switch/password", {"password": make.PASSWORD}).status_code == 303
    assert register.get("/people/").status_code == 200


def test_a_locked_device_shows_nothing_until_somebody_unlocks_it(app, shop, register) -> None:
    cashier = make.give_pin(shop, "cashier")
    assert make.post(register, "/lock").location == "/switch"
    for path in ("/till/", "/orders/", "/profile/", "/notifications/drawer"):
        answer = register.get(path)
        assert answer.status_code in {303, 403}, path
        assert "Tea" not in answer.text
    assert "This device is locked" in register.get("/switch").text
    assert switch(register, cashier, "1357").status_code == 422
    assert switch(register, cashier).status_code == 303
    assert register.get("/till/").status_code == 200


def test_wrong_pins_have_to_wait(app, shop, register) -> None:
    cashier = make.give_pin(shop, "cashier")
    for _try in range(signing_in.FREE_TRIES):
        assert "not right" in switch(register, cashier, "1357").text
    assert "Too many tries. Wait" in switch(register, cashier).text


def test_only_colleagues_who_sell_and_have_a_pin_take_over(app, shop, rival, register) -> None:
    theirs, clerk = make.give_pin(rival, "cashier"), make.give_pin(shop, "clerk")
    for user_id in (theirs, clerk, shop.users["cashier"]):
        assert switch(register, user_id).status_code == 422
    page = register.get("/switch").text
    assert "Rival" not in page
    assert "Corner Shop clerk" not in page


def test_who_is_deactivated_or_gets_another_pin_loses_the_till(app, shop, register) -> None:
    cashier = make.give_pin(shop, "cashier")
    switch(register, cashier)
    make.give_pin(shop, "cashier", "8642")
    assert register.get("/till/").status_code in {303, 403}
    switch(register, cashier, "8642")
    assert register.get("/till/").status_code == 200
    make.post(make.client(app, shop, "owner"), f"/people/{cashier}/deactivate")
    assert register.get("/till/").location.startswith(("/sign-in", "/switch"))


def test_the_next_address_stays_on_this_site(app, shop, register) -> None:
    cashier = make.give_pin(shop, "cashier")
    assert switch(register, cashier, next="//evil.example").location == "/till/"
    assert switch(register, cashier, next="/till/shifts").location == "/till/shifts"


def test_a_session_taken_over_is_still_the_owners_to_end(app, shop, register) -> None:
    switch(register, make.give_pin(shop, "cashier"))
    with make.within(shop), unit_of_work():
        row = session.scalars(select(UserSession).where(UserSession.cashier_id.is_not(None))).one()
        assert row.user_id == shop.users["manager"]
    make.post(make.client(app, shop, "owner"), f"/people/{shop.users['manager']}/sign-out")
    assert register.get("/till/").location.startswith("/sign-in")
