"""One mail of everything, at the hour somebody wants it, and never twice."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from config import MailServer
from retail.core import events, tasks
from retail.core.clock import frozen
from retail.core.db import reading, session, unit_of_work
from retail.core.mail import Mail
from retail.identity.models import User
from retail.notifications import letters, services
from retail.notifications import preference_services as preferences
from retail.notifications.work import digests
from tests.notifications.reaching import left, reach, tell, wants
from tests.support.smtp import smtp_sink


@pytest.fixture(autouse=True)
def silent(monkeypatch):
    monkeypatch.setattr("retail.core.push.push", lambda *_a, **_k: None)


def run(text):
    """Do the hourly work at an instant, and all that it asks for; returns how many digests that were."""
    before = len(mails())
    with frozen(datetime.fromisoformat(text).replace(tzinfo=UTC)):
        digests(progress=lambda *_a: None)
        tasks.run_due()
    return len(mails()) - before


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


def test_a_digest_that_breaks_leaves_all_of_it_waiting_and_keeps_nobody_else_waiting(shop, monkeypatch):
    owner, manager = shop.users["owner"], shop.users["manager"]
    for one in (owner, manager):
        wants(one, email="digest")
    tell(owner, manager)
    write = letters.write_digest
    with monkeypatch.context() as broken:
        broken.setattr(letters, "write_digest", lambda user, rows: 1 / 0 if user.id == owner else write(user, rows))
        assert run("2026-06-10T12:00") == 1
    assert left() == [("email", "digest"), ("email", "sent")]
    assert run("2026-06-10T13:00") == 1


def test_no_digest_comes_in_quiet_hours(shop):
    owner = shop.users["owner"]
    wants(owner, email="digest")
    reach(owner, digest="hourly", quiet_from=22 * 60, quiet_to=7 * 60)
    tell(owner)
    assert run("2026-06-10T21:00") == 0  # 22:00 in London
    assert run("2026-06-11T05:00") == 0
    assert run("2026-06-11T06:00") == 1


def test_a_daily_digest_whose_hour_is_quiet_comes_every_day_when_the_quiet_ends(shop):
    owner = shop.users["owner"]
    wants(owner, email="digest")
    reach(owner, digest_hour=23, quiet_from=22 * 60, quiet_to=7 * 60)
    tell(owner)
    assert run("2026-06-10T22:00") == 0  # 23:00 in London
    for day in ("11", "12", "13"):
        assert run(f"2026-06-{day}T05:00") == 0
        assert run(f"2026-06-{day}T06:00") == 1
        tell(owner, title=f"After the {day}th")
        assert run(f"2026-06-{day}T07:00") == 0, "once a day"
        assert run(f"2026-06-{day}T22:00") == 0


def test_an_address_that_refuses_a_digest_for_good_gets_no_more(shop, app, monkeypatch):
    owner = shop.users["owner"]
    wants(owner, email="digest")
    tell(owner)
    with smtp_sink() as sink:
        monkeypatch.setitem(app.config, "MAIL_SERVER", MailServer("127.0.0.1", sink.port, "", "", "none"))
        sink.refusal = "550 no such person"
        assert run("2026-06-10T12:00") == 1
        tell(owner, title="While it was refused")
        events.drain()
        assert [state for _way, state in left()] == ["stopped", "stopped"]
        assert "550" in left("error")[0][2]
        tell(owner, title="Later")
        assert len(left()) == 2, "nothing is even planned for it"
        with unit_of_work():
            preferences.try_address_again(owner)
        sink.refusal = None
        tell(owner, title="Now it takes mail again")
        assert run("2026-06-11T12:00") == 1
        assert len(sink.messages) == 1
