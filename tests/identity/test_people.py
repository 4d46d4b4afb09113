"""People and roles: who may change whom, and that nobody locks the shop."""

from __future__ import annotations

import re

import pyotp
import pytest
from flask import Flask
from sqlalchemy import select

from retail.core.audit import AuditEntry
from retail.core.db import session, unit_of_work
from retail.core.errors import Refused
from retail.core.mail import Mail
from retail.identity import services
from retail.identity.limits import NO_LIMITS, Powers
from retail.identity.models import Role, User
from retail.permissions import Can
from tests import make
from tests.support.queries import count_queries


def role_id(shop: make.Cast, name: str) -> int:
    with make.within(shop):
        return session.scalars(select(Role.id).where(Role.name == name)).one()


def user(shop: make.Cast, role: str) -> User:
    with make.within(shop):
        found = session.get_one(User, shop.users[role])
        session.expunge_all()
        return found


def test_somebody_invited_sets_a_password_and_comes_in(app: Flask, shop: make.Cast) -> None:
    owner = make.client(app, shop, "owner")
    new = {"name": "Nora New", "email": "nora@corner.example", "role_id": role_id(shop, "cashier")}
    answer = make.post(owner, "/people/invite", new)
    assert answer.status_code == 303
    assert "invited" in owner.get(answer.location).text
    with make.within(shop):
        mail = session.scalars(select(Mail)).one()
        path = re.search(r"/set-password/invitation/\S+", mail.text)
        assert mail.to_address == "nora@corner.example"
    assert path
    browser = app.test_client()
    words = {"password": "a few long words", "again": "a few long words"}
    assert make.post(browser, path[0], words).status_code == 303
    assert make.post(browser, "/sign-in", {"email": new["email"], **words}).status_code == 303
    assert browser.get("/profile/").status_code == 200


def test_an_address_in_use_anywhere_is_refused_in_place(app: Flask, shop: make.Cast) -> None:
    answer = make.post(
        make.client(app, shop, "owner"),
        "/people/invite",
        {"name": "X", "email": "owner@rival.example", "role_id": role_id(shop, "cashier")},
    )
    assert answer.status_code == 422
    assert "This address is in use already." in answer.text


def test_nobody_without_the_permission_sees_or_changes_people(app: Flask, shop: make.Cast) -> None:
    cashier = make.client(app, shop, "cashier")
    assert cashier.get("/people/").status_code == 403
    assert make.post(cashier, f"/people/{shop.users['clerk']}/deactivate").status_code == 403
    assert user(shop, "clerk").active


@pytest.mark.parametrize("path", ["", "/deactivate", "/reactivate", "/link", "/sign-out", "/second-factor/off"])
def test_people_of_another_business_are_not_there(app: Flask, shop: make.Cast, rival: make.Cast, path: str) -> None:
    owner = make.client(app, shop, "owner")
    assert make.post(owner, f"/people/{rival.users['clerk']}{path}").status_code == 404


def test_roles_of_another_business_are_not_there(app: Flask, shop: make.Cast, rival: make.Cast) -> None:
    theirs = role_id(rival, "clerk")
    owner = make.client(app, shop, "owner")
    assert owner.get(f"/roles/{theirs}").status_code == 404
    answer = make.post(owner, f"/people/{shop.users['clerk']}", {"name": "Clerk", "role_id": theirs})
    assert answer.status_code == 422


def test_deactivating_signs_out_at_once_and_can_be_undone(app: Flask, shop: make.Cast) -> None:
    clerk, owner = make.client(app, shop, "clerk"), make.client(app, shop, "owner")
    assert clerk.get("/profile/").status_code == 200
    make.post(owner, f"/people/{shop.users['clerk']}/deactivate")
    assert "/sign-in" in clerk.get("/profile/").location
    make.post(owner, f"/people/{shop.users['clerk']}/reactivate")
    assert user(shop, "clerk").active
    assert "/sign-in" in clerk.get("/profile/").location, "the old session stays ended"


def test_a_manager_cannot_touch_the_owner_nor_make_one(app: Flask, shop: make.Cast) -> None:
    manager = make.client(app, shop, "manager")
    assert make.post(manager, f"/people/{shop.users['owner']}/deactivate").status_code == 422
    assert make.post(manager, f"/people/{shop.users['owner']}/second-factor/off").status_code == 422
    data = {"name": "Clerk", "role_id": role_id(shop, "owner")}
    assert make.post(manager, f"/people/{shop.users['clerk']}", data).status_code == 422
    assert user(shop, "owner").active
    assert user(shop, "clerk").role_id != role_id(shop, "owner")


def test_nobody_changes_their_own_role_or_deactivates_themselves(app: Flask, shop: make.Cast) -> None:
    owner = make.client(app, shop, "owner")
    mine = shop.users["owner"]
    answer = make.post(owner, f"/people/{mine}", {"name": "Me", "role_id": role_id(shop, "clerk")})
    assert "cannot change your own role" in answer.text
    assert "cannot deactivate yourself" in make.post(owner, f"/people/{mine}/deactivate").text


def test_the_last_who_can_manage_stays(shop: make.Cast) -> None:
    everything = Powers(frozenset(Can), NO_LIMITS)
    with pytest.raises(Refused, match="Somebody must be left"), unit_of_work():
        services.deactivate(session.get_one(User, shop.users["owner"]), everything, shop.users["clerk"])
    with pytest.raises(Refused, match="Somebody must be left"), unit_of_work():
        services.change_role(
            session.get_one(Role, session.get_one(User, shop.users["owner"]).role_id),
            name="owner",
            permissions=[Can.SELL],
            limits=NO_LIMITS,
            requires_second_factor=False,
            mine=everything,
        )


def test_a_changed_role_holds_at_the_next_request(app: Flask, shop: make.Cast) -> None:
    owner, cashier = make.client(app, shop, "owner"), make.client(app, shop, "cashier")
    assert cashier.get("/people/").status_code == 403
    number = role_id(shop, "cashier")
    data = {"name": "cashier", "largest_discount_percent": "15", "permissions": [Can.SELL.value, Can.VIEW_USERS.value]}
    assert make.post(owner, f"/roles/{number}", data).status_code == 303
    assert cashier.get("/people/").status_code == 200
    with make.within(shop):
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.subject == "roles", AuditEntry.action == "update")
        ).one()
        assert entry.changes["largest_discount_percent"] == [10, 15]


def test_a_role_is_copied_and_removed_but_not_while_people_have_it(app: Flask, shop: make.Cast) -> None:
    owner = make.client(app, shop, "owner")
    made = make.post(owner, f"/roles/{role_id(shop, 'cashier')}/copy", {"name": "Weekend"}).location
    assert "weekend" in owner.get(made).text
    assert make.post(owner, f"{made}/remove").status_code == 303
    assert make.post(owner, f"/roles/{role_id(shop, 'clerk')}/remove").status_code == 422


def test_a_role_can_demand_a_second_factor(app: Flask, shop: make.Cast) -> None:
    with make.within(shop), unit_of_work():
        session.scalars(select(Role).where(Role.name == "clerk")).one().requires_second_factor = True
    clerk = make.client(app, shop, "clerk")
    assert clerk.get("/profile/").location == "/profile/security"
    assert "Your role needs a second factor" in clerk.get("/profile/security").text
    assert clerk.get("/profile/second-factor").status_code == 200


def test_ones_own_profile_and_theme(app: Flask, shop: make.Cast) -> None:
    clerk = make.client(app, shop, "clerk")
    data = {"name": "Clara Clerk", "locale": "es_ES", "timezone": "Europe/Madrid", "theme": "dark"}
    assert make.post(clerk, "/profile/", data).status_code == 303
    page = clerk.get("/profile/").text
    assert 'data-theme="dark"' in page
    assert "Clara Clerk" in page
    assert make.post(clerk, "/profile/theme", {"theme": "light"}).status_code == 204
    assert 'data-theme="light"' in clerk.get("/profile/").text
    assert make.post(clerk, "/profile/theme", {"theme": "javascript:"}).status_code == 422


def test_changing_the_password_needs_the_present_one_and_ends_other_devices(app: Flask, shop: make.Cast) -> None:
    here, there = make.client(app, shop, "clerk"), make.client(app, shop, "clerk")
    new = {"password": "another long password", "again": "another long password"}
    refused = make.post(here, "/profile/password", {"current": "not this", **new})
    assert refused.status_code == 422
    assert "not your present password" in refused.text
    assert make.post(here, "/profile/password", {"current": make.PASSWORD, **new}).status_code == 303
    assert here.get("/profile/").status_code == 200
    assert "/sign-in" in there.get("/profile/").location
    sign_in = {"email": "clerk@corner.example", "password": new["password"]}
    assert make.post(app.test_client(), "/sign-in", sign_in).status_code == 303


def test_devices_of_others_cannot_be_signed_out(app: Flask, shop: make.Cast) -> None:
    make.client(app, shop, "owner")
    clerk = make.client(app, shop, "clerk")
    assert make.post(clerk, "/profile/sessions/1/end").status_code == 404


def test_the_switch_of_locations_is_remembered_and_never_reaches_another_business(
    app: Flask, shop: make.Cast, rival: make.Cast
) -> None:
    owner = make.client(app, shop, "owner")
    answer = make.post(owner, "/location", {"location": shop.warehouse_id, "next": "/people/?"})
    assert answer.location == "/people/"
    assert "Location: Corner Shop warehouse" in owner.get("/people/").text
    assert make.post(owner, "/location", {"location": rival.location_id}).status_code == 404
    assert make.post(owner, "/location", {"location": "", "next": "//evil.example"}).location == "/"
    assert "Location: All locations" in owner.get("/people/").text


def test_setting_up_the_second_factor_by_the_pages(app: Flask, shop: make.Cast) -> None:
    clerk = make.client(app, shop, "clerk")
    make.post(clerk, "/profile/second-factor")
    page = clerk.get("/profile/second-factor").text
    assert 'src="data:image/svg+xml' in page
    wrong = make.post(clerk, "/profile/second-factor/on", {"code": "000000"})
    assert wrong.status_code == 422
    seed = re.search(r"<code>([A-Z2-7 ]+)</code>", page)
    assert seed
    code = pyotp.TOTP(seed[1].replace(" ", "")).now()
    shown = make.post(clerk, "/profile/second-factor/on", {"code": code})
    codes = re.search(r'<pre id="recovery-codes"[^>]*>([^<]*)<', shown.text)
    assert codes
    assert len(re.findall(r"^[a-z2-7]{5}-[a-z2-7]{5}$", codes[1], re.MULTILINE)) == 10
    assert "On since" in clerk.get("/profile/security").text


def test_the_list_of_people_costs_the_same_however_many_there_are(app: Flask, shop: make.Cast) -> None:
    owner = make.client(app, shop, "owner")
    with count_queries() as few:
        owner.get("/people/")
    with make.within(shop), unit_of_work():
        for number in range(30):
            services.add_user(f"p{number}@corner.example", f"Person {number}", "cashier")
    with count_queries() as many:
        owner.get("/people/")
    assert len(many) == len(few) <= 12
