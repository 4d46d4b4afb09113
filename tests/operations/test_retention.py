"""At night the traces of what is long over go; what people or books need stays."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from retail.core import clock, events, retention, schedules, tasks
from retail.core.clock import now
from retail.core.db import reading, session, unit_of_work
from retail.core.events import Delivery, Event
from retail.core.tasks import Task
from retail.core.tenancy import across_tenants
from retail.identity.models import SignInAttempt, UserSession
from retail.notifications.models import Notification
from retail.notifications.services import Message, notify
from retail.operations.services import give_standing_schedules
from tests import make


def count(model):
    with reading():
        return session.scalar(select(func.count()).select_from(model))


@pytest.fixture
def used(app, shop):
    """A shop after a day: a sale that was told, a notification read and one not, somebody signed in, a task done."""
    make.sale(shop, (make.product("Tea", stock=3), 1))
    with unit_of_work():
        notify([shop.users["owner"]], Message("system", "info", "Read"))
        session.execute(update(Notification).values(read_at=now()))
        notify([shop.users["owner"]], Message("system", "info", "Never read"))
        tasks.ask_for("operations.tidy")
    make.client(app, shop, "owner")
    tasks.run_due()
    events.drain()
    session.rollback()
    with across_tenants(), unit_of_work():
        session.add(SignInAttempt(email_hash="x", address="10.0.0.1", at=now(), succeeded=True))
    with make.within(shop):
        yield shop


def tidy_after(shop, days):
    with clock.frozen(now() + timedelta(days=days)):
        session.rollback()
        return retention.forget_past(shop.tenant_id)


def test_what_is_recent_is_kept(used):
    assert set(tidy_after(used, 1).values()) == {0}


def test_what_is_long_over_goes_and_the_rest_stays(used):
    happened, told = count(Event), count(Delivery)
    assert told > 0
    gone = tidy_after(used, 365)
    assert gone["deliveries"] == told
    assert (gone["tasks"], gone["notifications"], gone["sessions"], gone["sign-in attempts"]) == (1, 1, 1, 1)
    assert (count(Event), count(Delivery), count(Task), count(UserSession)) == (happened, 0, 0, 0)
    with reading():
        assert session.scalars(select(Notification.title)).all() == ["Never read"]


def test_parked_and_failed_wait_for_a_person_however_long(used):
    with unit_of_work():
        session.execute(update(Delivery).values(state="parked", done_at=None))
        session.execute(update(Task).values(state="failed"))
    gone = tidy_after(used, 3650)
    assert (gone["deliveries"], gone["tasks"]) == (0, 0)


def test_another_business_keeps_what_it_has(app, used, rival):
    gone = tidy_after(rival, 365)
    assert gone["deliveries"] == gone["sessions"] == gone["notifications"] == 0
    with make.within(used):
        assert count(UserSession) == 1


def test_much_goes_in_small_steps(used, monkeypatch):
    monkeypatch.setattr(retention, "CHUNK", 2)
    told = count(Delivery)
    assert told > 2
    assert tidy_after(used, 365)["deliveries"] == told


def test_every_business_tidies_up_each_night(shop):
    session.rollback()
    give_standing_schedules()
    with reading():
        row = session.scalars(select(schedules.Schedule).where(schedules.Schedule.task == "operations.tidy")).one()
    with clock.frozen(row.next_run_at + timedelta(days=400)):
        schedules.fire_due()
        tasks.run_due()
    with reading():
        done = session.scalars(select(Task).where(Task.name == "operations.tidy")).one()
    assert done.state == "done"
    assert set(done.result) == set(retention.PASSING)
