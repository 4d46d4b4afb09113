"""Administrators of the platform: how they come in, what they see and do, what stays closed to them and to others."""

from __future__ import annotations

import json
import re

import pyotp
import pytest
from sqlalchemy import select

from retail.core import audit_proof, chain, troubles
from retail.core.audit import AuditEntry, PlatformEntry
from retail.core.db import reading, session
from retail.core.mail import Mail
from retail.core.tenancy import across_tenants
from retail.identity.administrator_models import Administrator
from tests import make

EMAIL = "ada@platform.example"


def run(app, *arguments):
    session.rollback()
    return app.test_cli_runner().invoke(args=["platform", "admin", *arguments])


def sign_in(browser, password, email=EMAIL):
    return make.post(browser, "/platform/sign-in", {"email": email, "password": password})


def done_on_platform():
    with across_tenants(), reading():
        return [(one.action, one.subject, one.user_name) for one in session.scalars(select(PlatformEntry))]


@pytest.fixture
def keeper(app, context):
    return make.administrator(app)


# -- coming in --------------------------------------------------------------------------------------------------------
def test_an_administrator_comes_in_with_two_proofs_and_not_with_one(app, context):
    password = run(app, "create", "--email", EMAIL, "--name", "Ada").output.strip()
    browser = app.test_client()
    assert browser.get("/platform/").location.endswith("/platform/sign-in")
    assert sign_in(browser, "wrong").status_code == 422
    assert sign_in(browser, password).location.endswith("/platform/second-factor")
    assert browser.get("/platform/").location.endswith("/platform/second-factor"), "nothing is open before"
    make.post(browser, "/platform/second-factor")
    page = browser.get("/platform/second-factor").text
    seed = re.search(r"<code>([A-Z2-7 ]+)</code>", page)[1].replace(" ", "")
    assert make.post(browser, "/platform/second-factor", {"code": "000000"}).status_code == 422
    assert make.post(browser, "/platform/second-factor", {"code": pyotp.TOTP(seed).now()}).status_code == 303
    assert "Corner Shop" in browser.get("/platform/").text
    again = app.test_client()
    assert sign_in(again, password).location.endswith("/platform/sign-in/code")
    assert again.get("/platform/").status_code == 303, "a password alone is not enough"
    assert make.post(again, "/platform/sign-in/code", {"code": pyotp.TOTP(seed).now()}).status_code == 422, "used"
    make.post(browser, "/platform/sign-out")
    assert browser.get("/platform/").status_code == 303
    told = [(action, name) for action, subject, name in done_on_platform() if subject == "administrators"]
    assert ("create", "command line") in told
    assert {("sign_in", "Ada"), ("second_factor_on", "Ada"), ("sign_out", "Ada")} <= set(told)
    assert ("sign_in_failed", "unknown") in told


def test_tries_are_slowed_down_as_everywhere(app, context):
    run(app, "create", "--email", EMAIL, "--name", "Ada", "--password", make.PASSWORD)
    statuses = [sign_in(app.test_client(), "wrong").status_code for _time in range(7)]
    assert statuses[:5] == [422] * 5
    waiting = sign_in(app.test_client(), make.PASSWORD)
    assert waiting.status_code == 429
    assert int(waiting.headers["Retry-After"]) > 0


def test_the_command_line_resets_and_removes(app, context):
    run(app, "create", "--email", EMAIL, "--name", "Ada", "--password", make.PASSWORD)
    browser = make.administrator(app, EMAIL)
    assert browser.get("/platform/").status_code == 200
    assert run(app, "create", "--email", EMAIL, "--name", "Ada").exit_code == 1
    assert run(app, "reset", "--email", EMAIL, "--password", "another good password").output.strip() == "done"
    assert browser.get("/platform/").status_code == 303, "signed out"
    assert sign_in(app.test_client(), "another good password").location.endswith("/platform/second-factor")
    assert run(app, "remove", "--email", EMAIL).exit_code == 0
    assert sign_in(app.test_client(), "another good password").status_code == 422
    (row,) = json.loads(run(app, "list", "--json").output)
    assert (row["email"], row["active"]) == (EMAIL, False)
    assert run(app, "remove", "--email", "nobody@x.example").exit_code == 1


def test_who_set_the_second_factor_up_elsewhere_proves_it_here_too(app, context):
    early = make.administrator(app, proved=False)
    assert early.get("/platform/").location.endswith("/platform/second-factor")
    make.administrator(app)
    assert early.get("/platform/").location.endswith("/platform/sign-in")


# -- what is closed ---------------------------------------------------------------------------------------------------
def test_nobody_of_a_business_finds_the_platform(app, shop):
    for role in ("owner", "manager", "clerk"):
        browser = make.client(app, shop, role)
        for path in ("/platform/", "/platform/audit", "/platform/tenants/new", f"/platform/tenants/{shop.tenant_id}"):
            assert browser.get(path).status_code == 404, (role, path)
        assert make.post(browser, f"/platform/tenants/{shop.tenant_id}/suspend", {"reason": "x"}).status_code == 404
        assert "/platform" not in browser.get("/products/").text


def test_an_administrator_sees_no_business_from_inside(keeper, shop):
    tea = make.product("Darjeeling", stock=3)
    for path in ("/", "/products/", f"/products/{tea.product_id}", "/customers/", "/reports/", "/audit", "/profile/"):
        assert keeper.get(path).status_code == 404, path
    seen = keeper.get("/platform/").text + keeper.get(f"/platform/tenants/{shop.tenant_id}").text
    assert "Darjeeling" not in seen


# -- what there is ----------------------------------------------------------------------------------------------------
def test_the_list_tells_how_businesses_stand(app, keeper, shop, rival):
    make.sale(shop, (make.product("Tea", stock=3), 1))
    troubles.note_error(shop.tenant_id, ValueError("the secret of the shop"), where="GET /x")
    page = keeper.get("/platform/").text
    assert "Corner Shop" in page
    assert "Rival" in page
    assert "Rival" not in keeper.get("/platform/?q=corner").text
    assert "Rival" not in keeper.get("/platform/?errors=1").text
    assert "Corner Shop" not in keeper.get("/platform/?state=suspended").text
    own = keeper.get(f"/platform/tenants/{shop.tenant_id}").text
    assert "ValueError" in own
    assert "the secret of the shop" not in own, "what an error said stays with the business"
    assert keeper.get("/platform/tenants/99999").status_code == 404


def test_looking_leaves_a_trace_in_the_platforms_audit(keeper, shop):
    keeper.get(f"/platform/tenants/{shop.tenant_id}")
    assert ("looked_across", "tenants", "Root Keeper") in done_on_platform()
    assert "Root Keeper" in keeper.get("/platform/audit").text
    with across_tenants(), reading():
        assert audit_proof.prove(chain.OF_THE_PLATFORM).ok


def test_a_business_is_suspended_and_resumed(app, keeper, shop, rival):
    owner, theirs = make.client(app, shop, "owner"), make.client(app, rival, "owner")
    place = f"/platform/tenants/{shop.tenant_id}"
    assert make.post(keeper, f"{place}/suspend", {"reason": " "}).status_code == 422
    assert owner.get("/customers/").status_code == 200
    assert make.post(keeper, f"{place}/suspend", {"reason": "The bill is not paid"}).status_code == 303
    assert "The bill is not paid" in keeper.get(place).text
    assert theirs.get("/customers/").status_code == 200
    assert owner.get("/customers/").status_code == 303
    assert "is suspended: The bill is not paid" in owner.get("/sign-in").text, "who was inside is told at once"
    assert make.post(keeper, f"{place}/suspend", {"reason": "Again"}).status_code == 422
    assert make.post(keeper, f"{place}/resume").status_code == 303
    assert owner.get("/customers/").status_code == 303, "the cookie was taken away; they sign in anew"
    again = make.client(app, shop, "owner")
    assert again.get("/customers/").status_code == 200
    assert make.post(keeper, f"{place}/resume").status_code == 422
    with make.within(shop):
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action.in_(("suspend", "resume")))).all()
        assert [(one.action, one.user_name) for one in entries] == [
            ("suspend", "Root Keeper"),
            ("resume", "Root Keeper"),
        ]


NEW = {
    "name": "Tea House",
    "currency": "EUR",
    "timezone": "Europe/Berlin",
    "locale": "en_GB",
    "owner_name": "Olive",
    "owner_email": "olive@tea.example",
}


def test_a_business_is_founded_and_its_owner_invited(app, keeper, shop):
    taken = make.post(keeper, "/platform/tenants/new", {**NEW, "owner_email": "owner@corner.example"})
    assert taken.status_code == 422
    assert "signs in elsewhere already" in taken.text
    assert "Tea House" not in keeper.get("/platform/").text, "nothing is left half made"
    made = make.post(keeper, "/platform/tenants/new", NEW)
    assert made.status_code == 303
    assert "Tea House" in keeper.get(made.location).text
    with across_tenants(), reading():
        letter = session.scalars(select(Mail.text).where(Mail.to_address == "olive@tea.example")).one()
    link = re.search(r"/set-password/invitation/\S+", letter)[0]
    olive = app.test_client()
    assert make.post(olive, link, {"password": make.PASSWORD, "again": make.PASSWORD}).status_code == 303
    signed_in = make.post(olive, "/sign-in", {"email": "olive@tea.example", "password": make.PASSWORD})
    assert signed_in.status_code == 303
    assert olive.get("/settings/").status_code == 200
    assert make.post(keeper, "/platform/tenants/new", NEW).status_code == 422


def test_the_theme_is_remembered(app, keeper):
    assert make.post(keeper, "/platform/theme", {"theme": "dark"}).status_code == 204
    assert 'data-theme="dark"' in keeper.get("/platform/").text
    with across_tenants(), reading():
        assert session.scalars(select(Administrator.theme)).one() == "dark"
