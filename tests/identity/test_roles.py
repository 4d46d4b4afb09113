"""The pages of roles: limits, comparing, who may do what; and being asked again before what matters."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from decimal import Decimal

import pyotp
import pytest
from flask import Flask
from sqlalchemy import select

from retail.core.clock import frozen, now
from retail.core.db import session, unit_of_work
from retail.identity import second_factor, services, signing_in
from retail.identity.access import routes_of
from retail.identity.models import Role, User
from retail.permissions import ROLES, Can
from tests import make


def role(shop: make.Cast, name: str) -> Role:
    with make.within(shop):
        found = session.scalars(select(Role).where(Role.name == name)).one()
        session.expunge_all()
        return found


def as_sent(one: Role, **changes: object) -> dict[str, object]:
    """The form of a role as its page would send it."""
    sent: dict[str, object] = {
        "name": one.name,
        "largest_discount_percent": str(one.largest_discount_percent),
        "largest_refund": "" if one.largest_refund is None else str(one.largest_refund),
        "largest_void": "" if one.largest_void is None else str(one.largest_void),
        "largest_purchase": "" if one.largest_purchase is None else str(one.largest_purchase),
        "largest_adjustment": "" if one.largest_adjustment is None else str(one.largest_adjustment),
        "permissions": one.permissions,
    }
    return sent | changes


def test_limits_are_set_where_the_role_is(app: Flask, shop: make.Cast) -> None:
    owner, cashier = make.client(app, shop, "owner"), role(shop, "cashier")
    assert cashier.largest_refund == 0
    assert "refunds with a manager" in owner.get("/roles/").text
    sent = as_sent(cashier, largest_refund="20.00", largest_void="", largest_discount_percent="15")
    assert make.post(owner, f"/roles/{cashier.id}", sent).status_code == 303
    changed = role(shop, "cashier")
    assert (changed.largest_discount_percent, changed.largest_refund, changed.largest_void) == (15, Decimal(20), None)
    assert "refunds up to £20.00" in owner.get("/roles/").text
    assert make.post(owner, f"/roles/{cashier.id}", as_sent(cashier, largest_refund="-1")).status_code == 422


def test_nobody_sets_a_limit_beyond_their_own(app: Flask, shop: make.Cast) -> None:
    with make.within(shop), unit_of_work():
        manager = session.scalars(select(Role).where(Role.name == "manager")).one()
        manager.permissions = [*manager.permissions, Can.MANAGE_ROLES]
        manager.largest_refund = Decimal(100)
    browser, cashier = make.client(app, shop, "manager"), role(shop, "cashier")
    answer = make.post(browser, f"/roles/{cashier.id}", as_sent(cashier, largest_refund="101"))
    assert answer.status_code == 422
    assert "more than your own role allows" in answer.text
    assert make.post(browser, f"/roles/{cashier.id}", as_sent(cashier, largest_refund="")).status_code == 422
    assert make.post(browser, f"/roles/{cashier.id}", as_sent(cashier, largest_refund="100")).status_code == 303


@pytest.fixture
def held_back(shop: make.Cast) -> make.Cast:
    """A shop whose manager also manages roles and gives back 100 at most, with a role of cashiers that goes further."""
    with make.within(shop), unit_of_work():
        manager = session.scalars(select(Role).where(Role.name == "manager")).one()
        manager.permissions = [*manager.permissions, Can.MANAGE_ROLES]
        manager.largest_refund = Decimal(100)
        cashier = session.scalars(select(Role).where(Role.name == "cashier")).one()
        chief = Role(name="chief cashier", permissions=cashier.permissions, largest_refund=None)
        session.add(chief)
        session.flush()
        cashier_user = session.get_one(User, shop.users["cashier"])
        shop.users["chief"] = services.add_user("chief@corner.example", "Chief", "chief cashier").id
        assert cashier_user.role_id == cashier.id
    return shop


def test_nobody_gives_or_copies_a_role_that_goes_further_than_their_own(app: Flask, held_back: make.Cast) -> None:
    shop = held_back
    browser, chief = make.client(app, shop, "manager"), role(shop, "chief cashier")
    clerk = {"name": "Clerk", "role_id": str(chief.id)}
    assert make.post(browser, f"/people/{shop.users['clerk']}", clerk).status_code == 422
    invited = {"email": "new@corner.example", "name": "New", "role_id": str(chief.id)}
    assert make.post(browser, "/people/invite", invited).status_code == 422
    assert make.post(browser, f"/roles/{chief.id}/copy", {"name": "mine"}).status_code == 422
    page = browser.get("/people/invite").text
    assert "chief cashier" not in page
    assert "cashier" in page
    kept = as_sent(role(shop, "clerk"))
    clerks = {**clerk, "role_id": str(role(shop, "read-only").id)}
    assert make.post(browser, f"/people/{shop.users['clerk']}", clerks).status_code == 303, (
        "a limit without its permission is none"
    )
    permissions = [*role(shop, "clerk").permissions, Can.REFUND]
    answer = make.post(browser, f"/roles/{role(shop, 'clerk').id}", kept | {"permissions": permissions})
    assert answer.status_code == 422, "nor lets such a limit count"
    sent = kept | {"permissions": permissions, "largest_refund": "100"}
    assert make.post(browser, f"/roles/{role(shop, 'clerk').id}", sent).status_code == 303


@pytest.mark.parametrize("path", ["pin", "pin/remove", "deactivate", "link", "second-factor/off", "sign-out"])
def test_nobody_touches_those_who_go_further_than_they_do(app: Flask, held_back: make.Cast, path: str) -> None:
    browser, chief = make.client(app, held_back, "manager"), held_back.users["chief"]
    sent = {"pin": "2580", "pin_again": "2580"} if path == "pin" else {}
    assert make.post(browser, f"/people/{chief}/{path}", sent).status_code == 422
    with make.within(held_back):
        row = session.get_one(User, chief)
        assert (row.pin_hash, row.active) == (None, True)


def test_the_page_of_a_role_names_who_has_it(app: Flask, shop: make.Cast) -> None:
    page = make.client(app, shop, "owner").get(f"/roles/{role(shop, 'clerk').id}").text
    assert "Corner Shop clerk" in page
    assert "Corner Shop cashier" not in page


def test_two_roles_are_compared_by_what_tells_them_apart(app: Flask, shop: make.Cast) -> None:
    owner, a, b = make.client(app, shop, "owner"), role(shop, "cashier").id, role(shop, "clerk").id
    page = owner.get(f"/roles/compare?a={a}&b={b}").text
    assert f"{len(ROLES['cashier'] ^ ROLES['clerk'])} differences" in page
    assert "Correct stock" in page
    assert "See products" not in page, "both may"
    assert "See products" in owner.get(f"/roles/compare?a={a}&b={b}&all=1").text
    assert "Both roles may do the same" in owner.get(f"/roles/compare?a={a}&b={a}").text
    assert owner.get("/roles/compare?a=999999&b=x").status_code == 200


def test_who_may_do_what_is_read_from_the_program(app: Flask, shop: make.Cast) -> None:
    page = make.client(app, shop, "owner").get("/roles/access").text
    for route in routes_of(app):
        if route.need == "platform":
            assert f"<code>{route.rule}</code>" not in page, "of the platform no business is told"
        elif route.endpoint != "static":
            assert re.escape(route.rule.replace("<", "&lt;").replace(">", "&gt;")).replace("\\", "") in page, route.rule
    for one in Can:
        assert f"<code>{one.value}</code>" in page


def test_every_route_with_its_need_comes_out_of_the_command(app: Flask, shop: make.Cast) -> None:
    found = json.loads(app.test_cli_runner().invoke(args=["routes", "--needs", "--json"]).output)
    by_endpoint = {(one["rule"], one["endpoint"]): one for one in found}
    pay = by_endpoint["/till/pay", "till.pay"]
    assert (pay["methods"], pay["needs"], pay["permission"]) == (["POST"], "till:sale:make", "till:sale:make")
    assert by_endpoint["/health", "core_health"]["permission"] is None
    assert {one["needs"] for one in found} <= {str(can) for can in Can} | {"public", "signed-in", "platform"}
    assert len(found) == len(list(app.url_map.iter_rules()))
    table = app.test_cli_runner().invoke(args=["routes", "--needs"]).output
    assert re.search(r"^/till/pay +POST +till\.pay +till:sale:make$", table, re.MULTILINE)


LATER = timedelta(minutes=20)


@pytest.mark.parametrize(
    "path",
    [
        "/roles/{role}",
        "/roles/{role}/copy",
        "/people/{clerk}",
        "/people/{clerk}/pin",
        "/profile/pin",
        "/profile/recovery-codes",
    ],
)
def test_what_matters_asks_again_who_it_is(app: Flask, shop: make.Cast, path: str) -> None:
    owner = make.client(app, shop, "owner")
    address = path.format(role=role(shop, "clerk").id, clerk=shop.users["clerk"])
    with frozen(now() + LATER):
        answer = make.post(owner, address, {"name": "kept over the question"})
    assert answer.status_code == 422
    assert "Is it you?" in answer.text
    assert 'name="name" value="kept over the question"' in answer.text


def test_the_answer_goes_on_with_what_was_sent(app: Flask, shop: make.Cast) -> None:
    owner, clerk = make.client(app, shop, "owner"), role(shop, "clerk")
    with frozen(now() + LATER):
        sent = as_sent(clerk, largest_discount_percent="7")
        wrong = make.post(owner, f"/roles/{clerk.id}", {**sent, "proof-secret": "not my password"})
        assert wrong.status_code == 422
        assert role(shop, "clerk").largest_discount_percent == 0
        assert make.post(owner, f"/roles/{clerk.id}", {**sent, "proof-secret": make.PASSWORD}).status_code == 303
        assert make.post(owner, f"/roles/{clerk.id}", sent).status_code == 303, "and not again for a while"
    assert role(shop, "clerk").largest_discount_percent == 7


def test_a_code_of_the_app_is_an_answer_too(app: Flask, shop: make.Cast) -> None:
    with make.within(shop), unit_of_work():
        user = session.get_one(User, shop.users["owner"])
        second_factor.begin_setup(user)
        totp = pyotp.TOTP(second_factor.seed_of(user))
        second_factor.turn_on(user, totp.at(now()))
    owner, clerk = make.client(app, shop, "owner"), role(shop, "clerk")
    with frozen(now() + LATER) as _then:
        sent = {**as_sent(clerk, largest_discount_percent="7"), "proof-secret": totp.at(now())}
        assert make.post(owner, f"/roles/{clerk.id}", sent).status_code == 303


def test_reading_asks_nobody(app: Flask, shop: make.Cast) -> None:
    owner = make.client(app, shop, "owner")
    with frozen(now() + LATER):
        assert owner.get(f"/roles/{role(shop, 'clerk').id}").status_code == 200
        assert owner.get("/profile/second-factor").location.startswith("/profile/confirm?next=")


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/profile/confirm", {"proof-secret": "{secret}"}),
        ("/profile/pin", {"pin": "2580", "pin_again": "2580", "proof-secret": "{secret}"}),
        (
            "/profile/password",
            {"current": "{secret}", "password": "tide quilt lantern", "again": "tide quilt lantern"},
        ),
    ],
)
def test_who_has_to_wait_is_told_so_and_for_how_long(
    app: Flask, shop: make.Cast, path: str, sent: dict[str, str]
) -> None:
    browser = make.client(app, shop, "cashier")

    def answer(secret: str) -> str:
        filled = {name: value.replace("{secret}", secret) for name, value in sent.items()}
        return str(make.post(browser, path, filled).text)

    with frozen(now() + LATER):
        for _try in range(signing_in.FREE_TRIES):
            assert "That is not" in answer("not this one")
        assert re.search(r"Too many tries\. Wait \d+ seconds", answer(make.PASSWORD))
    with frozen(now() + 2 * LATER):
        assert "Too many tries" not in answer(make.PASSWORD)
