"""How people say what they want to hear of, and what their business may decide for them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from retail.core.clock import frozen
from retail.core.db import reading, session, unit_of_work
from retail.core.errors import Refused
from retail.notifications import preference_services as preferences
from retail.notifications import queries
from retail.notifications.models import (
    CATEGORIES,
    CHANNELS,
    Addressee,
    Notification,
    NotificationChoice,
    NotificationMute,
    SmsAccount,
)
from retail.notifications.preference_queries import Cell, matrix_of, mutes_of
from tests import make
from tests.notifications.reaching import REACH, left, send, tell, wants

FORM = {"quiet_from": "", "quiet_to": "", "digest": "daily", "digest_hour": "8", "phone": "", "urgent_anyway": "y"}


@pytest.fixture(autouse=True)
def silent(monkeypatch):
    monkeypatch.setattr("retail.core.push.push", lambda *_a, **_k: None)


def matrix(user_id):
    with reading():
        return {key: cell.value for key, cell in matrix_of(user_id).items()}


def test_what_a_business_wants_holds_until_somebody_chooses(shop):
    owner, manager = shop.users["owner"], shop.users["manager"]
    key = ("orders", "email")
    assert matrix(owner)[key] == "off"
    with unit_of_work():
        preferences.choose(manager, {key: "now"})
        preferences.rule({key: Cell("digest", False)})
    assert (matrix(owner)[key], matrix(manager)[key]) == ("digest", "now")
    with unit_of_work():
        preferences.choose(manager, {key: "digest"})
    with reading():
        assert session.scalars(select(NotificationChoice)).all() == [], "the same as the rule is no choice"
    with unit_of_work():
        preferences.rule({key: Cell("off", False)})
    assert matrix(manager)[key] == "off"


def test_what_a_business_fixed_nobody_can_change_or_mute(shop):
    owner, key = shop.users["owner"], ("orders", "email")
    with unit_of_work():
        preferences.mute(owner, "orders", None)
        preferences.choose(owner, {key: "digest"})
        preferences.rule({key: Cell("now", True)})
        preferences.choose(owner, {key: "off"})
    assert matrix(owner)[key] == "now"
    with unit_of_work(), pytest.raises(Refused):
        preferences.mute(owner, "orders", None)
    tell(owner)
    send()
    assert left() == [("email", "sent")]
    with unit_of_work():
        preferences.rule({key: Cell("now", False)})
    assert matrix(owner)[key] == "digest", "their own choice was kept"


def test_what_is_muted_is_kept_and_rings_nowhere_until_its_time(shop):
    owner = shop.users["owner"]
    wants(owner, email="now")
    start = datetime(2026, 6, 10, 12, tzinfo=UTC)
    with frozen(start):
        with unit_of_work():
            preferences.mute(owner, "orders", start + timedelta(hours=1))
        tell(owner)
        with reading():
            assert queries.unread_count(owner) == 0
            assert [row.title for row in queries.told(owner).rows] == ["A new order"]
    with frozen(start + timedelta(hours=1)):
        tell(owner)
        with reading():
            assert queries.unread_count(owner) == 1
            assert mutes_of(owner) == {}
    assert left() == [("email", "waiting")]
    with unit_of_work():
        preferences.mute(owner, "orders", None)
        preferences.unmute(owner, "orders")
        preferences.unmute(owner, "orders")
    with reading():
        assert session.scalars(select(NotificationMute)).all() == []


def test_a_group_nobody_sees_in_the_program_is_still_sent_each_day(shop):
    owner, start = shop.users["owner"], datetime(2026, 6, 10, 12, tzinfo=UTC)
    wants(owner, in_app="off", email="now")
    for hours in (0, 1, 30):
        with frozen(start + timedelta(hours=hours)):
            tell(owner, group_key="g")
            send()
    assert left() == [("email", "sent"), ("email", "sent")]
    with reading():
        assert queries.unread_count(owner) == 0
        assert [row.count for row in session.scalars(select(Notification).order_by(Notification.id))] == [2, 1]


def test_one_page_changes_everything_without_scripts(app, shop):
    browser = make.client(app, shop, "manager")
    page = browser.get("/notifications/preferences").text
    for category in CATEGORIES:
        for channel in CHANNELS:
            assert f'name="{channel}-{category}"' in page
    sent = {**FORM, "email-orders": "now", "in_app-stock": "now", "sms-orders": "now", "phone": "+44 (7700) 900-123"}
    assert (
        make.post(
            browser, "/notifications/preferences", {**sent, "quiet_from": "22:00", "quiet_to": "07:00"}
        ).status_code
        == 303
    )
    with make.within(shop):
        found = matrix(shop.users["manager"])
        assert (found["orders", "email"], found["orders", "sms"], found["orders", "in_app"]) == ("now", "now", "off")
        assert (found["stock", "in_app"], found["stock", "email"]) == ("now", "digest")
        with reading():
            row = session.scalars(select(Addressee)).one()
            assert (row.phone, row.quiet_from, row.quiet_to) == ("+447700900123", 1320, 420)
    assert make.post(browser, "/notifications/preferences/reset").status_code == 303
    with make.within(shop):
        assert matrix(shop.users["manager"])["orders", "email"] == "off"


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("phone", "0770 900", "with its country"),
        ("quiet_from", "22:00", "a beginning and an end"),
        ("digest_hour", "24", "between"),
        ("email-orders", "hourly", "cannot be chosen"),
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_nothing_is_saved(app, shop, field, value, says):
    browser = make.client(app, shop, "manager")
    answer = make.post(browser, "/notifications/preferences", {**FORM, "sms-stock": "now", field: value})
    assert answer.status_code == 422
    assert says in answer.text
    with make.within(shop):
        assert matrix(shop.users["manager"])["stock", "sms"] == "off"


def test_muting_by_the_page_lasts_until_the_morning_on_their_clock(app, shop):
    browser = make.client(app, shop, "manager")
    assert make.post(browser, "/notifications/mute", {"category": "stock", "until": "day"}).status_code == 303
    with make.within(shop), reading():
        until = session.scalars(select(NotificationMute.until)).one()
        assert until.astimezone(ZoneInfo("Europe/London")).hour == 8
    assert "Until" in browser.get("/notifications/preferences").text
    for sent in ({"category": "stock", "until": "x"}, {"category": "x", "until": "day"}, {}):
        assert make.post(browser, "/notifications/mute", sent).status_code == 422
    assert make.post(browser, "/notifications/unmute", {"category": "stock"}).status_code == 303


def test_the_owner_decides_for_everybody(app, shop):
    browser = make.client(app, shop, "owner")
    assert make.client(app, shop, "manager").get("/notifications/defaults").status_code == 403
    sent = {f"{channel}-{one}": "now" for one in CATEGORIES for channel in ("in_app", "email")}
    assert make.post(browser, "/notifications/defaults", {**sent, "forced": ["email-security"]}).status_code == 303
    with make.within(shop), reading():
        cells = matrix_of(shop.users["manager"])
        assert cells["security", "email"] == Cell("now", True)
        assert cells["stock", "email"] == Cell("now", False)
    assert 'name="email-security"' not in make.client(app, shop, "manager").get("/notifications/preferences").text
    assert make.post(browser, "/notifications/defaults", {"email-stock": "nonsense"}).status_code == 422


def test_an_account_for_texts_keeps_its_secret(app, shop):
    browser = make.client(app, shop, "owner")
    good = {
        "account_sid": "AC" + "1" * 32,
        "auth_token": "very secret token",
        "sender": "+44 7700 900000",
        "active": "y",
    }
    for field, value in (("account_sid", "AC1"), ("sender", "Shop"), ("auth_token", "")):
        answer = make.post(browser, "/notifications/sms-account", {**good, field: value})
        assert answer.status_code == 422, field
        assert "very secret token" not in answer.text
    assert make.post(browser, "/notifications/sms-account", good).status_code == 303
    assert "very secret token" not in browser.get("/notifications/sms-account").text
    assert make.post(browser, "/notifications/sms-account", {**good, "auth_token": "", "active": ""}).status_code == 303
    with make.within(shop), reading():
        row = session.scalars(select(SmsAccount)).one()
        assert preferences.token_of(row) == "very secret token"
        assert not row.active


def test_bad_numbers_are_refused_before_they_are_kept(shop):
    for phone in ("7700900123", "+0123456789", "+44", "+44770090012345678", "call me"):
        with unit_of_work(), pytest.raises(Refused):
            preferences.set_reach(shop.users["owner"], **{**REACH, "phone": phone})
