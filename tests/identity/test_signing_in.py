"""Signing in, the second factor, links from the mail: what people may do and what attackers may not."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from retail.core import clock
from retail.core.audit import AuditEntry
from retail.core.db import session, unit_of_work
from retail.core.events import Event
from retail.core.mail import Mail
from retail.identity import links, second_factor, services, signing_in
from retail.identity.devices import device_name
from retail.identity.letters import address_of
from retail.identity.models import User, UserSession
from tests import make

OWNER = "owner@corner.example"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def sign_in(browser: FlaskClient, email: str = OWNER, password: str = make.PASSWORD, **more: str):
    return make.post(browser, "/sign-in", {"email": email, "password": password, **more})


def actions(shop: make.Cast) -> list[str]:
    with make.within(shop):
        return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def with_second_factor(shop: make.Cast, role: str = "owner") -> tuple[pyotp.TOTP, list[str]]:
    """Turn the second factor on an hour ago, so that the present code has not been used."""
    with clock.frozen(datetime.now(UTC) - timedelta(hours=1)), unit_of_work():
        user = session.get_one(User, shop.users[role])
        second_factor.begin_setup(user)
        totp = pyotp.TOTP(second_factor.seed_of(user))
        codes = second_factor.turn_on(user, totp.at(clock.now()))
    return totp, codes


def test_the_right_password_opens_the_shop_and_leaves_an_entry(app: Flask, shop: make.Cast) -> None:
    browser = app.test_client()
    answer = sign_in(browser)
    assert answer.status_code == 303
    assert answer.location == "/"
    assert browser.get("/profile/").status_code == 200
    assert actions(shop)[-1] == "sign_in"


def test_the_session_cookie_changes_hands_at_sign_in(app: Flask, shop: make.Cast) -> None:
    browser = app.test_client()
    with browser.session_transaction() as cookie:
        cookie["planted"] = "by somebody else"
    sign_in(browser)
    with browser.session_transaction() as cookie:
        assert set(cookie) <= {"token", "_permanent"}
        first = cookie["token"]
    other = app.test_client()
    sign_in(other)
    with other.session_transaction() as cookie:
        assert cookie["token"] != first


def test_an_unknown_address_and_a_wrong_password_look_the_same(app: Flask, shop: make.Cast) -> None:
    def answer_for(email: str) -> tuple[int, str]:
        answer = sign_in(app.test_client(), email, "a wrong password")
        return answer.status_code, re.sub(r"nonce(-|=\")[^\"]+|[\w.-]{60,}|" + re.escape(email), "", answer.text)

    assert answer_for(OWNER) == answer_for("nobody@corner.example")


def test_hashing_is_done_for_nobody_as_well(shop: make.Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []

    class Hasher:
        def hash(self, password: str) -> str:
            hashed.append(password)
            return ""

    monkeypatch.setattr(services, "hasher", Hasher())
    assert not services.is_password(None, "secret words")
    assert hashed == ["secret words"]


def test_wrong_passwords_make_the_account_wait_even_for_the_right_one(app: Flask, shop: make.Cast) -> None:
    browser = app.test_client()
    for _try in range(signing_in.FREE_TRIES):
        assert sign_in(browser, password="wrong password").status_code == 422
    answer = sign_in(browser)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) <= 31
    assert "Too many tries" in answer.text
    assert sign_in(app.test_client(), "manager@corner.example").status_code == 303, "others are not kept out"
    with clock.frozen(datetime.now(UTC) + timedelta(seconds=40)):
        assert sign_in(browser).status_code == 303


def test_waits_grow_and_end(shop: make.Cast) -> None:
    waits = [signing_in.wait_after(failures, 5).total_seconds() for failures in (4, 5, 6, 7, 50)]
    assert waits == [0, 30, 60, 120, 900]


def test_one_address_that_tries_many_accounts_has_to_wait(app: Flask, shop: make.Cast) -> None:
    with app.test_request_context(), unit_of_work():
        for number in range(signing_in.FREE_TRIES_OF_ADDRESS):
            assert signing_in.knock(f"guess{number}@example.com", "127.0.0.1").id
    assert sign_in(app.test_client()).status_code == 429


def test_an_inactive_person_cannot_sign_in(app: Flask, shop: make.Cast) -> None:
    with unit_of_work():
        session.get_one(User, shop.users["cashier"]).active = False
    assert sign_in(app.test_client(), "cashier@corner.example").status_code == 422


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_next_never_leads_away(app: Flask, shop: make.Cast, target: str) -> None:
    assert sign_in(app.test_client(), next=target).location == "/"


def test_next_leads_back_to_the_page_asked_for(app: Flask, shop: make.Cast) -> None:
    browser = app.test_client()
    asked = browser.get("/people/")
    assert asked.status_code == 303
    assert "next=/people/" in asked.location
    assert sign_in(browser, next="/people/").location == "/people/"


def test_a_form_without_its_token_is_refused(app: Flask, shop: make.Cast) -> None:
    answer = app.test_client().post("/sign-in", data={"email": OWNER, "password": make.PASSWORD})
    assert answer.status_code == 400
    assert "Reload the page" in answer.text


def test_an_ended_session_is_out_at_the_next_request(app: Flask, shop: make.Cast) -> None:
    browser = make.client(app, shop, "manager")
    assert browser.get("/profile/").status_code == 200
    with make.within(shop), unit_of_work():
        for row in session.scalars(select(UserSession).where(UserSession.user_id == shop.users["manager"])):
            row.revoked_at = clock.now()
    assert "/sign-in" in browser.get("/profile/").location
    assert "Your session has ended" in browser.get("/sign-in").text


def test_an_idle_session_ends(app: Flask, shop: make.Cast) -> None:
    browser = make.client(app, shop, "manager")
    with clock.frozen(datetime.now(UTC) + timedelta(hours=13)):
        assert "/sign-in" in browser.get("/profile/").location


def test_signing_out_ends_the_session_on_the_server(app: Flask, shop: make.Cast) -> None:
    browser = make.client(app, shop, "clerk")
    with browser.session_transaction() as cookie:
        token = cookie["token"]
    make.post(browser, "/sign-out")
    thief = app.test_client()
    with thief.session_transaction() as cookie:
        cookie["token"] = token
    assert "/sign-in" in thief.get("/profile/").location
    assert actions(shop)[-1] == "sign_out"


def test_a_failed_sign_in_is_in_the_history(app: Flask, shop: make.Cast) -> None:
    sign_in(app.test_client(), password="not this one")
    assert actions(shop)[-1] == "sign_in_failed"


def test_the_second_factor_is_asked_for_and_its_code_works_once(app: Flask, shop: make.Cast) -> None:
    totp, _codes = with_second_factor(shop)
    browser = app.test_client()
    answer = sign_in(browser, next="/people/")
    assert answer.location.startswith("/sign-in/code")
    assert "/sign-in" in browser.get("/people/").location, "the password alone opens nothing"
    code = totp.now()
    assert make.post(browser, answer.location, {"code": code}).location == "/people/"
    replay = app.test_client()
    sign_in(replay)
    assert make.post(replay, "/sign-in/code", {"code": code}).status_code == 422


def test_a_recovery_code_works_once(app: Flask, shop: make.Cast) -> None:
    _totp, codes = with_second_factor(shop)
    first, second = app.test_client(), app.test_client()
    sign_in(first)
    assert make.post(first, "/sign-in/code", {"code": codes[0].upper()}).status_code == 303
    sign_in(second)
    assert make.post(second, "/sign-in/code", {"code": codes[0]}).status_code == 422
    with make.within(shop):
        assert second_factor.recovery_codes_left(shop.users["owner"]) == len(codes) - 1


def test_codes_cannot_be_guessed_at_leisure(app: Flask, shop: make.Cast) -> None:
    with_second_factor(shop)
    browser = app.test_client()
    sign_in(browser)
    statuses = [make.post(browser, "/sign-in/code", {"code": f"{number:06}"}).status_code for number in range(6)]
    assert statuses[-1] == 429


def test_the_seed_is_not_readable_in_the_database(app: Flask, shop: make.Cast) -> None:
    totp, _codes = with_second_factor(shop)
    assert totp.secret not in str(session.get_one(User, shop.users["owner"]).totp_secret)


def test_a_device_not_seen_before_is_announced(app: Flask, shop: make.Cast) -> None:
    sign_in(app.test_client())
    with make.within(shop):
        assert session.scalar(select(func.count()).select_from(Event)) == 0, "the first device of all is no news"
    browser = app.test_client()
    browser.environ_base["HTTP_USER_AGENT"] = FIREFOX
    sign_in(browser)
    with make.within(shop):
        event = session.scalars(select(Event)).one()
        assert event.kind == "user.signed_in"
        assert event.data["device"] == "Firefox on Linux"


def test_devices_have_short_names() -> None:
    phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Mobile Safari/604.1"
    assert device_name(phone) == "Safari on iPhone"
    assert device_name("") == "Unknown device"


def link_in_last_mail(shop: make.Cast) -> str:
    with make.within(shop):
        text = session.scalars(select(Mail.text).order_by(Mail.id.desc())).first()
    found = re.search(r"https?://[^/\s]+(/set-password/\S+)", text or "")
    assert found
    return found[1]


def test_a_forgotten_password_is_set_by_a_link_that_works_once(app: Flask, shop: make.Cast) -> None:
    elsewhere = make.client(app, shop, "clerk")
    browser = app.test_client()
    make.post(browser, "/forgotten", {"email": "Clerk@corner.example"})
    path = link_in_last_mail(shop)
    new = {"password": "another long password", "again": "another long password"}
    assert make.post(browser, path, new).location == "/sign-in"
    assert browser.get(path).status_code == 410
    assert sign_in(browser, "clerk@corner.example", new["password"]).status_code == 303
    assert "/sign-in" in elsewhere.get("/profile/").location, "whoever was signed in is signed out"


def test_asking_for_a_link_never_tells_who_has_an_account(app: Flask, shop: make.Cast) -> None:
    known = make.post(app.test_client(), "/forgotten", {"email": OWNER})
    unknown = make.post(app.test_client(), "/forgotten", {"email": "nobody@corner.example"})
    assert known.status_code == unknown.status_code == 200
    assert "If somebody signs in with this address" in known.text
    assert "If somebody signs in with this address" in unknown.text
    with make.within(shop):
        assert session.scalar(select(func.count()).select_from(Mail)) == 1


def test_the_link_in_the_mail_ignores_the_host_the_browser_claims(app: Flask, shop: make.Cast) -> None:
    with app.test_request_context("/forgotten", base_url="http://evil.example"):
        address = address_of(session.get_one(User, shop.users["owner"]), "reset")
    assert address.startswith(app.config["PUBLIC_URL"])


def test_links_age_and_cannot_be_forged(app: Flask, shop: make.Cast) -> None:
    user = session.get_one(User, shop.users["owner"])
    link = links.make(user, "reset")
    assert links.user_of(link, "reset") is not None
    assert links.user_of(link, "invitation") is None
    assert links.user_of(link[:-3] + "abc", "reset") is None
    assert links.user_of("nonsense", "reset") is None
    with clock.frozen(datetime.now(UTC) + timedelta(hours=2)):
        assert links.user_of(link, "reset") is None


def test_a_short_password_is_refused_in_place(app: Flask, shop: make.Cast) -> None:
    browser = app.test_client()
    make.post(browser, "/forgotten", {"email": OWNER})
    answer = make.post(browser, link_in_last_mail(shop), {"password": "short", "again": "short"})
    assert answer.status_code == 422
    assert "at least 10 characters" in answer.text
