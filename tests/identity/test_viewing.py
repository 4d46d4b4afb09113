"""Looking at the program as somebody else: their view, nothing changed, a way back, and written down."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from retail.core.audit import AuditEntry
from retail.core.db import session, unit_of_work
from retail.identity.models import Role, User
from tests import make


@pytest.fixture
def owner(app, shop):
    return make.client(app, shop, "owner")


def role_id(shop: make.Cast, name: str) -> int:
    with make.within(shop):
        return session.scalars(select(Role.id).where(Role.name == name)).one()


def test_the_owner_sees_what_a_cashier_sees_and_goes_back(app: Flask, shop: make.Cast, owner) -> None:
    assert owner.get("/audit").status_code == 200
    assert make.post(owner, f"/people/{shop.users['cashier']}/look-as").status_code == 303
    page = owner.get("/till/").text
    assert "You see what Corner Shop cashier sees" in page
    assert 'action="/look-as/stop"' in page
    for path in ("/audit", "/people/", "/settings/", "/reports/"):
        assert owner.get(path).status_code == 403, path
    assert make.post(owner, "/look-as/stop").status_code == 303
    assert owner.get("/audit").status_code == 200


def test_a_role_is_looked_through_as_well(app: Flask, shop: make.Cast, owner) -> None:
    make.post(owner, f"/roles/{role_id(shop, 'clerk')}/look-as")
    assert "You see what clerk sees" in owner.get("/products/").text
    assert owner.get("/till/").status_code == 403


def test_nothing_can_be_changed_meanwhile(app: Flask, shop: make.Cast, owner) -> None:
    make.post(owner, f"/people/{shop.users['manager']}/look-as")
    for path, data in (
        (f"/people/{shop.users['clerk']}/deactivate", {}),
        (f"/people/{shop.users['clerk']}", {"name": "Eve", "role_id": "1"}),
        ("/profile/", {"name": "Eve"}),
        ("/profile/theme", {"theme": "dark"}),
        (f"/people/{shop.users['cashier']}/look-as", {}),
    ):
        answer = make.post(owner, path, data)
        assert answer.status_code in {403, 422}, path
    with make.within(shop):
        assert session.get_one(User, shop.users["clerk"]).active
        assert session.get_one(User, shop.users["clerk"]).name == "Corner Shop clerk"


def test_the_account_of_another_stays_theirs(app: Flask, shop: make.Cast, owner) -> None:
    make.post(owner, f"/people/{shop.users['manager']}/look-as")
    for path in ("/profile/", "/profile/security", "/profile/second-factor", "/notifications/preferences"):
        assert owner.get(path).status_code == 422, path


def test_only_owners_look_and_only_at_their_own_business(app: Flask, shop: make.Cast, rival: make.Cast, owner) -> None:
    for role in ("manager", "cashier"):
        assert make.post(make.client(app, shop, role), f"/people/{shop.users['clerk']}/look-as").status_code == 403
    assert make.post(owner, f"/people/{rival.users['clerk']}/look-as").status_code == 404
    assert make.post(owner, f"/roles/{role_id(rival, 'clerk')}/look-as").status_code == 404
    assert make.post(owner, f"/people/{shop.users['owner']}/look-as").status_code == 422


def test_the_audit_names_who_looked_and_for_whom_they_acted(app: Flask, shop: make.Cast, owner) -> None:
    make.post(owner, f"/people/{shop.users['manager']}/look-as")
    assert owner.get("/people/?format=csv").status_code == 200
    with make.within(shop):
        looked = session.scalars(select(AuditEntry).where(AuditEntry.action == "looked_as")).one()
        assert (looked.user_id, looked.subject_id) == (shop.users["owner"], shop.users["manager"])
        export = session.scalars(select(AuditEntry).where(AuditEntry.action == "export")).one()
        assert (export.user_id, export.acting_for) == (shop.users["owner"], shop.users["manager"])


def test_looking_gives_no_more_than_one_has(app: Flask, shop: make.Cast, owner) -> None:
    """A change of the roles meanwhile must not lift anybody above themselves."""
    make.post(owner, f"/people/{shop.users['manager']}/look-as")
    with make.within(shop), unit_of_work():
        mine = session.scalars(select(Role).where(Role.name == "owner")).one()
        mine.permissions = [one for one in mine.permissions if one != "operations:audit:view"]
    assert owner.get("/audit").status_code == 403


def test_a_role_that_is_looked_through_can_be_removed(app: Flask, shop: make.Cast, owner) -> None:
    made = make.post(owner, f"/roles/{role_id(shop, 'clerk')}/copy", {"name": "Spare"}).location
    make.post(owner, f"{made}/look-as")
    other = make.client(app, shop, "owner")
    assert make.post(other, f"{made}/remove").status_code == 303
    assert owner.get("/audit").status_code == 200, "one is oneself again"
