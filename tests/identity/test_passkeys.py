"""Passkeys: made, named, used and removed in a real browser with a virtual authenticator; forged answers refused."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from retail.core.audit import AuditEntry
from retail.core.db import session, unit_of_work
from retail.core.errors import Refused
from retail.identity import passkeys
from retail.identity.models import Passkey, UserSession
from retail.identity.passkeys import Challenge, Site
from tests import make
from tests.support.browser import axe, signed_in_browser

HERE = Site("localhost", "http://localhost")


def test_the_site_is_a_name_and_never_the_other_way_round() -> None:
    assert passkeys.site_of("https://shop.example", "http://evil.example/") == Site(
        "shop.example", "https://shop.example"
    )
    assert passkeys.site_of("http://127.0.0.1:8000", "http://localhost:8000/").origin == "http://localhost:8000"


def test_an_address_of_numbers_is_told_the_remedy(app: Flask, shop: make.Cast) -> None:
    with pytest.raises(Refused, match="http://localhost:8000"):
        passkeys.site_of("http://127.0.0.1:8000", "http://192.168.1.5:8000/")


def test_a_challenge_is_good_for_minutes_only(app: Flask, shop: make.Cast) -> None:
    fresh = Challenge.new()
    assert Challenge.read([fresh.value, fresh.asked_at]) == fresh
    for kept in (None, "x", [fresh.value, fresh.asked_at - passkeys.LIFETIME_SECONDS - 1]):
        with pytest.raises(Refused, match="too long"):
            Challenge.read(kept)


def test_an_answer_nobody_asked_for_lets_nobody_in(app: Flask, shop: make.Cast) -> None:
    browser = app.test_client()
    headers = {"X-CSRFToken": make.csrf(browser)}
    assert browser.post("/sign-in/passkey", json={"id": "x"}, headers=headers).status_code == 422
    assert browser.post("/sign-in/passkey/options", headers=headers, base_url="http://localhost").status_code == 200
    for answer in ({"id": "unknown"}, {"id": 5, "response": "none"}, {}):
        assert browser.post("/sign-in/passkey", json=answer, headers=headers).status_code == 422
    assert browser.post("/sign-in/passkey", data="no json", headers=headers).status_code == 422
    assert browser.get("/profile/").status_code == 303


def test_a_forged_answer_is_refused(app: Flask, shop: make.Cast) -> None:
    with unit_of_work():
        row = Passkey(user_id=shop.users["clerk"], name="Forged", credential_id="AAAA", public_key=b"none")
        row.created_at = passkeys.now()
        session.add(row)
        session.flush()
    with pytest.raises(Refused, match="could not be verified"), unit_of_work():
        passkeys.accept(
            row, HERE, Challenge.new(), {"id": "AAAA", "rawId": "AAAA", "response": {}, "type": "public-key"}
        )


def test_the_passkeys_of_others_are_not_there(app: Flask, shop: make.Cast) -> None:
    with unit_of_work():
        row = Passkey(user_id=shop.users["owner"], name="Key", credential_id="AAAA", public_key=b"x")
        row.created_at = passkeys.now()
        session.add(row)
        session.flush()
        number = row.id
    clerk = make.client(app, shop, "clerk")
    for verb in ("name", "remove"):
        assert make.post(clerk, f"/profile/passkeys/{number}/{verb}", {"name": "Mine"}).status_code == 404


def with_authenticator(page: Page) -> None:
    """A key in the browser that answers by itself, as a finger would make it."""
    line = page.context.new_cdp_session(page)
    line.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    line.send("WebAuthn.addVirtualAuthenticator", {"options": options})


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.sqlite_only
def test_a_passkey_is_made_signs_in_and_is_removed(app: Flask, shop: make.Cast) -> None:
    with signed_in_browser(app, make.client(app, shop, "clerk"), host="localhost") as visit:
        page = visit("/profile/security")
        with_authenticator(page)
        page.get_by_role("link", name="Add a passkey").click()
        page.get_by_label("Name").fill("My phone")
        page.get_by_role("button", name="Make the passkey").click()
        expect(page.get_by_text("The passkey is ready")).to_be_visible()
        expect(page.locator(".list-item", has_text="My phone")).to_contain_text("not used yet")
        assert axe(page) == []

        page.locator(".list-row", has_text="My phone").locator("summary").click()
        page.get_by_role("button", name="Rename").click()
        page.locator("dialog[open] [name=name]").fill("Work phone")
        page.locator("dialog[open]").get_by_role("button", name="Save").click()
        expect(page.locator(".list-item", has_text="Work phone")).to_be_visible()

        page.context.clear_cookies()
        page.goto("/sign-in?next=/profile/security")
        assert axe(page) == []
        with page.expect_request("**/sign-in/passkey") as asked:
            page.get_by_role("button", name="Sign in with a passkey").click()
        page.wait_for_url(lambda url: urlsplit(url).path == "/profile/security")
        heard = asked.value.all_headers()
        overheard = {name: heard[name] for name in ("cookie", "x-csrftoken", "content-type")}
        with make.within(shop), unit_of_work():
            # Many keys do not count: then only the time of the last use tells an answer heard before.
            session.execute(update(Passkey).values(sign_count=0))
        replayed = app.test_client(use_cookies=False).post(
            "/sign-in/passkey", data=asked.value.post_data, headers=overheard, base_url=page.evaluate("location.origin")
        )
        assert replayed.json == {"problem": "This answer was used already. Try again."}
        expect(page.locator(".list-item", has_text="Work phone")).to_contain_text("last used")
        with make.within(shop):
            assert session.scalars(select(UserSession.second_factor).order_by(UserSession.id.desc())).first() is True

        page.locator(".list-row", has_text="Work phone").locator("summary").click()
        page.get_by_role("button", name="Remove", exact=True).click()
        page.locator("[data-confirm-yes]").click()
        expect(page.get_by_text("None yet")).to_be_visible()
        page.context.clear_cookies()
        page.goto("/sign-in")
        page.get_by_role("button", name="Sign in with a passkey").click()
        expect(page.get_by_text("This passkey is not known here")).to_be_visible()
    with make.within(shop):
        done = session.scalars(
            select(AuditEntry.action).where(AuditEntry.subject == "passkeys").order_by(AuditEntry.id)
        )
        assert list(done) == ["create", "update", "delete"]
