"""Support looks into a business by consent alone: asked, allowed, seen by the owner, ended at once or by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from retail.core import clock, events
from retail.core.audit import AuditEntry
from retail.core.db import session, unit_of_work
from retail.core.screens import NotAdmitted
from retail.identity.administrator_models import SupportAccess
from retail.identity.models import Role, User
from retail.notifications.models import Notification
from retail.notifications.sockets import admit
from tests import make

ASKED = {"purpose": "The stock of tea looks wrong", "hours": "1"}


@pytest.fixture
def keeper(app, context):
    return make.administrator(app)


@pytest.fixture
def owner(app, shop):
    return make.client(app, shop, "owner")


def access_id(shop) -> int:
    with make.within(shop):
        return session.scalars(select(SupportAccess.id).order_by(SupportAccess.id.desc())).first()


def ask(keeper, shop, **more):
    return make.post(keeper, f"/platform/tenants/{shop.tenant_id}/support", {**ASKED, **more})


def consent(keeper, owner, shop, **more) -> str:
    """Asked and allowed; returns the address at which support comes in."""
    assert ask(keeper, shop).status_code == 303
    number = access_id(shop)
    assert make.post(owner, f"/settings/support/{number}/allow", more).status_code == 303
    return f"/platform/tenants/{shop.tenant_id}/support/{number}/enter"


def come_in(keeper, owner, shop, **more) -> int:
    assert make.post(keeper, consent(keeper, owner, shop, **more)).status_code == 303
    return access_id(shop)


# -- asking and answering ---------------------------------------------------------------------------------------------
def test_who_is_asked_is_told_and_decides(app, keeper, owner, shop):
    assert ask(keeper, shop, purpose=" ").status_code == 422
    assert ask(keeper, shop, hours="99").status_code == 422
    assert ask(keeper, shop).status_code == 303
    assert "already" in ask(keeper, shop).text, "one question at a time"
    session.rollback()
    events.drain()
    with make.within(shop):
        told = session.scalars(select(Notification).where(Notification.category == "support")).all()
        assert [one.user_id for one in told] == [shop.users["owner"]]
        assert "Root Keeper" in told[0].title
        assert "The stock of tea looks wrong" in told[0].text
    number = access_id(shop)
    page = owner.get(f"/settings/support/{number}").text
    assert "The stock of tea looks wrong" in page
    enter = f"/platform/tenants/{shop.tenant_id}/support/{number}/enter"
    assert make.post(keeper, enter).status_code == 422, "nobody has consented"
    assert make.post(owner, f"/settings/support/{number}/refuse").status_code == 303
    assert make.post(keeper, enter).status_code == 422
    assert "refused what you asked" in keeper.get(f"/platform/tenants/{shop.tenant_id}").text
    assert make.post(owner, f"/settings/support/{number}/allow").status_code == 422, "an answer is an answer"


def test_only_owners_answer_and_only_for_their_own_business(app, keeper, shop, rival):
    ask(keeper, shop)
    number = access_id(shop)
    for role in ("manager", "cashier", "clerk"):
        assert make.post(make.client(app, shop, role), f"/settings/support/{number}/allow").status_code == 403
    assert make.post(make.client(app, rival, "owner"), f"/settings/support/{number}/allow").status_code == 404


def test_allowing_asks_for_the_password_again(app, keeper, shop):
    ask(keeper, shop)
    with clock.frozen(clock.now() - timedelta(minutes=20)):
        tired = make.client(app, shop, "owner")
    allow = f"/settings/support/{access_id(shop)}/allow"
    asked = make.post(tired, allow, {"may_change": "y"})
    assert asked.status_code == 422
    assert "Is it you?" in asked.text
    assert make.post(tired, allow, {"may_change": "y", "proof-secret": make.PASSWORD}).status_code == 303
    with make.within(shop):
        assert session.scalars(select(SupportAccess)).one().may_change


def test_another_administrator_cannot_use_the_consent(app, keeper, owner, shop):
    enter = consent(keeper, owner, shop)
    other = make.administrator(app, "other@platform.example")
    assert make.post(other, enter).status_code == 404


def test_a_question_can_be_taken_back(keeper, owner, shop):
    ask(keeper, shop)
    place = f"/platform/tenants/{shop.tenant_id}/support/{access_id(shop)}"
    assert make.post(keeper, f"{place}/withdraw").status_code == 303
    assert make.post(owner, f"/settings/support/{access_id(shop)}/allow").status_code == 422
    assert ask(keeper, shop).status_code == 303


# -- looking ----------------------------------------------------------------------------------------------------------
def test_support_sees_what_the_owner_sees_under_a_banner_and_changes_nothing(app, keeper, owner, shop):
    with make.within(shop):
        tea = make.product("Darjeeling", stock=3)
    come_in(keeper, owner, shop)
    page = keeper.get(f"/products/{tea.product_id}")
    assert "Darjeeling" in page.text
    assert "only looking · by the consent of Corner Shop owner" in page.text
    for path, data in (
        (f"/products/{tea.product_id}", {"name": "Assam"}),
        ("/settings/", {"name": "Mine"}),
        ("/sign-out", {}),
        ("/look-as/stop", {}),
        ("/location", {"location": shop.warehouse_id}),
        ("/lock", {}),
    ):
        assert make.post(keeper, path, data).status_code in {403, 422}, path
    for path in ("/profile/", "/profile/security", "/notifications/", "/notifications/bell"):
        assert keeper.get(path).status_code == 422, path
    letters = ("/mailbox/", "/notifications/deliveries")
    for path in ("/people/invite", "/settings/support", "/products/?format=csv", *letters):
        assert keeper.get(path).status_code == 403, path
    assert keeper.get("/platform/").status_code == 404, "one is in one place at a time"
    assert owner.get("/products/").status_code == 200, "the owner's own session is not touched"
    assert make.post(keeper, "/support/leave").status_code == 303
    assert keeper.get("/platform/").status_code == 200
    assert keeper.get("/products/").status_code == 404


def test_with_leave_to_change_it_changes_things_but_no_money_and_no_access(app, keeper, owner, shop):
    come_in(keeper, owner, shop, may_change="y")
    assert "with leave to change things" in keeper.get("/customers/").text
    made = make.post(keeper, "/customers/new", {"name": "Ada Byron"})
    assert made.status_code == 303
    with make.within(shop):
        entry = session.scalars(select(AuditEntry).where(AuditEntry.subject == "customers")).one()
        assert entry.user_name == "Root Keeper of support, with the consent of Corner Shop owner"
        assert (entry.user_id, entry.acting_for) == (None, shop.users["owner"])
    assert keeper.get("/till/").status_code == 403
    for path in ("/people/invite", f"/people/{shop.users['clerk']}/deactivate", "/profile/password", "/roles/1/copy"):
        assert make.post(keeper, path, {"name": "x"}).status_code in {403, 422}, path
    assert make.post(keeper, f"/settings/support/{access_id(shop)}/allow").status_code == 403


def test_the_owner_sees_what_was_looked_at(app, keeper, owner, shop):
    number = come_in(keeper, owner, shop)
    keeper.get("/customers/?q=ada")
    keeper.get("/customers/?q=ada")
    keeper.get("/customers/99999")
    page = owner.get(f"/settings/support/{number}").text
    assert page.count("<td") > 0
    assert page.count("/customers/?q=ada</a>") == 1, "what is read again at once stands there once"
    assert "/customers/99999" not in page, "it was not shown"
    assert "Root Keeper of support" in owner.get("/audit?q=support").text
    assert "opened support access of Root Keeper" in owner.get("/audit?q=support").text


# -- the end ----------------------------------------------------------------------------------------------------------
def test_it_ends_by_itself(app, keeper, owner, shop):
    come_in(keeper, owner, shop)
    with clock.frozen(clock.now() + timedelta(minutes=20)):
        assert keeper.get("/customers/").status_code == 200
    with clock.frozen(clock.now() + timedelta(minutes=40)):
        assert keeper.get("/customers/").status_code == 200
    with clock.frozen(clock.now() + timedelta(minutes=61)):
        over = keeper.get("/customers/")
        assert over.status_code == 404
        assert "Your access to this business has ended" in over.text
        assert keeper.get("/platform/").status_code == 200
        assert "Ended" in make.client(app, shop, "owner").get("/settings/support").text


@pytest.mark.parametrize("how", ["ended", "suspended", "role", "left", "administrator"])
def test_it_ends_with_the_next_request(app, keeper, owner, shop, how):
    number = come_in(keeper, owner, shop)
    assert keeper.get("/customers/").status_code == 200
    if how == "ended":
        assert make.post(owner, f"/settings/support/{number}/end").status_code == 303
        assert make.post(owner, f"/settings/support/{number}/end").status_code == 422
    elif how == "suspended":
        app.test_cli_runner().invoke(args=["tenant", "suspend", "--tenant", "corner-shop", "--reason", "x"])
    elif how == "administrator":
        app.test_cli_runner().invoke(args=["platform", "admin", "remove", "--email", "root@platform.example"])
    else:
        with make.within(shop), unit_of_work():
            if how == "role":
                role = session.scalars(select(Role).where(Role.name == "owner")).one()
                role.permissions = [one for one in role.permissions if one != "identity:support:answer"]
            else:
                session.get_one(User, shop.users["owner"]).active = False
    assert keeper.get("/customers/").status_code == (303 if how == "administrator" else 404)


def listens(app, keeper):
    """To which rooms a screen of this browser is let, and for how many seconds."""
    cookie = keeper.get_cookie(app.config["SESSION_COOKIE_NAME"])
    with app.test_request_context(headers={"Cookie": f"{cookie.key}={cookie.value}"}):
        admitted = admit(None)
    return set(admitted.rooms), admitted.seconds


def test_its_screens_hear_the_business_until_the_consent_ends(app, keeper, owner, shop, monkeypatch):
    closed = []
    monkeypatch.setattr("retail.core.push.close", closed.append)
    number = come_in(keeper, owner, shop)
    rooms, seconds = listens(app, keeper)
    all_of_it = {f"tenant:{shop.tenant_id}", f"everywhere:{shop.tenant_id}"}
    assert rooms == {*all_of_it, f"support:{number}"}, "not what the owner alone is told"
    assert 3500 < seconds <= 3600
    make.post(owner, f"/settings/support/{number}/end")
    assert closed == [f"support:{number}"]
    with pytest.raises(NotAdmitted):
        listens(app, keeper)
