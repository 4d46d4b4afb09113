"""One mail of everything, at the hour somebody wants it, and never twice."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from retail.core.clock import frozen
from retail.core.db import reading, session, unit_of_work
from retail.core.mail import Mail
from retail.identity.models import User
from retail.notifications import preference_services as preferences
from retail.notifications import services
from retail.notifications.work import digests
from tests.notifications.reaching import left, reach, tell, wants


@pytest.fixture(autouse=True)
def silent(monkeypatch):
    monkeypatch.setattr("retail.core.push.push", lambda *_a, **_k: None)


def run(text):
    with frozen(datetime.fromisoformat(text).replace(tzinfo=UTC)):
        return digests(progress=lambda *_a: None)["sent"]


def mails():
    with reading():
        return [(row.subject, row.text) for row in session.scalars(select(Mail).order_by(Mail.id))]


def test_a_day_comes_as_one_mail_at_its_hour(shop):
    owner = shop.users["owner"]
    wants(owner, email="digest")
    for title in ("First", "Second", "Third"):
        number = tell(owner, title=title)
    with unit_of_work():
        services.mark_read(number, owner)
    assert run("2026-06-10T06:59") == 0  # 07:59 in London
    assert run("2026-06-10T07:00") == 1
    assert run("2026-06-10T07:00") == 0, "running it again sends nothing"
    assert left() == [("email", "sent"), ("email", "sent"), ("email", "dropped")]
    ((subject, text),) = mails()
    assert subject == "2 things to know at Corner Shop"
    assert "- First" in text
    assert "- Third" not in text
    tell(owner, title="Fourth")
    assert run("2026-06-10T20:00") == 0, "once a day"
    assert run("2026-06-11T07:00") == 1


def test_an_hourly_digest_follows_every_hour(shop):
    owner = shop.users["owner"]
    wants(owner, email="digest")
    reach(owner, digest="hourly")
    tell(owner)
    assert run("2026-06-10T03:00") == 1
    tell(owner, title="Another")
    assert run("2026-06-10T04:00") == 1
    assert run("2026-06-10T05:00") == 0


def test_the_hour_is_that_of_the_readers_clock(shop):
    owner = shop.users["owner"]
    wants(owner, email="digest")
    with unit_of_work():
        session.get_one(User, owner).timezone = "Asia/Kolkata"
    tell(owner)
    assert run("2026-06-10T02:00") == 0  # 07:30
    assert run("2026-06-10T02:30") == 1


def test_no_digest_goes_to_who_left_or_refuses_mail(shop):
    owner, manager = shop.users["owner"], shop.users["manager"]
    for one in (owner, manager):
        wants(one, email="digest")
    tell(owner, manager)
    with unit_of_work():
        session.get_one(User, manager).active = False
        preferences.stop_email(owner, session.get_one(User, owner).email, "550 no")
    assert run("2026-06-10T12:00") == 0
    assert left("error") == [("email", "stopped", "550 no"), ("email", "stopped", "")]


def test_a_mail_that_breaks_leaves_everything_waiting(shop, monkeypatch):
    owner = shop.users["owner"]
    wants(owner, email="digest")
    tell(owner)
    with monkeypatch.context() as broken:
        broken.setattr("retail.notifications.letters.mail.send", lambda *_a, **_k: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run("2026-06-10T12:00")
    assert left() == [("email", "digest")]
    assert run("2026-06-10T12:00") == 1
