"""What one business has waiting in heaps does not hold up another; and a suspended business rests."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from jobs import calls
from retail.core import events, schedules, tasks
from retail.core.clock import now
from retail.core.db import reading, session, unit_of_work
from retail.core.events import HANDLERS, Delivery, Event, emit
from retail.core.schedules import Schedule
from retail.core.tasks import Task
from retail.core.tenancy import across_tenants, inside
from retail.events.inventory import StockReceived
from retail.operations.services import give_standing_schedules
from retail.tenancy.models import Tenant


def receive(cast, count):
    with inside(cast.tenant_id), unit_of_work():
        for number in range(count):
            emit(StockReceived(location_id=1, lines=1, reference=str(number)))


def states(cast):
    with inside(cast.tenant_id):
        found = Counter(session.scalars(select(Delivery.state)))
        session.rollback()
    return found


def relayed(cast):
    with inside(cast.tenant_id):
        found = [one is not None for one in session.scalars(select(Event.relayed_at))]
        session.rollback()
    return Counter(found)


def test_a_thousand_events_of_one_do_not_hold_up_the_one_of_another(context, shop, rival):
    events.drain()
    session.rollback()
    receive(shop, 300)
    receive(rival, 1)
    events.relay(limit=20)
    assert relayed(rival)[True] == 1
    assert relayed(shop)[False] > 250
    while events.relay():
        pass
    handler = next(name for name, one in HANDLERS.items() if "stock.received" in one.kinds)
    before = states(rival)["pending"]
    events.deliver(handler, limit=20)
    assert states(rival)["pending"] == before - 1
    assert states(shop)["pending"] > 250
    events.drain()
    assert set(states(shop)) == {"done"}


def test_tenants_take_turns_with_slow_work(context, shop, rival):
    tasks.run_due()
    session.rollback()
    for cast, count in ((shop, 20), (rival, 1)):
        with inside(cast.tenant_id), unit_of_work():
            for _number in range(count):
                tasks.ask_for("operations.tidy")
    waiting = tasks.due()
    assert [one.tenant_id for one in waiting[:2]] == [shop.tenant_id, rival.tenant_id]
    assert Counter(one.tenant_id for one in waiting) == {shop.tenant_id: tasks.AT_A_TIME, rival.tenant_id: 1}
    assert tasks.run_due() == 21


def test_the_slow_work_of_a_business_does_not_hold_up_its_mail(context, shop):
    tasks.run_due()
    session.rollback()
    with unit_of_work():
        for _number in range(20):
            tasks.ask_for("operations.tidy")
        mail = tasks.ask_for("mail.send", mail_id=0).id
    waiting = tasks.due()
    assert mail in [one.task_id for one in waiting]
    assert len(waiting) == tasks.AT_A_TIME + 1


def test_a_suspended_business_rests_and_goes_on_afterwards(context, shop, rival):
    session.rollback()
    give_standing_schedules()
    with inside(rival.tenant_id), unit_of_work():
        session.execute(update(Schedule).values(next_run_at=now()))
        tasks.ask_for("operations.tidy")
    receive(rival, 2)
    suspend(rival, now())
    while events.relay():
        pass
    schedules.fire_due()
    assert relayed(rival)[False] == 2
    assert [one for one in tasks.due() if one.tenant_id == rival.tenant_id] == []
    with inside(rival.tenant_id):
        assert session.scalars(select(Task.state)).all() == ["queued"]
    suspend(rival, None)
    events.drain()
    assert relayed(rival) == {True: 2}
    assert [one for one in tasks.due() if one.tenant_id == rival.tenant_id]


def suspend(cast, instant):
    session.rollback()
    with across_tenants(), unit_of_work():
        session.execute(update(Tenant).where(Tenant.id == cast.tenant_id).values(suspended_at=instant))


@pytest.fixture
def hour(listeners, monkeypatch):
    """A task that takes turns: six steps, each kept, so that it goes on where it stopped. A turn is over at once."""
    monkeypatch.setattr(tasks, "TURN", timedelta(0))
    steps = []

    @tasks.task("test.hour", "An hour's work", takes_turns=True)
    def work(progress):
        for step in range(1, 7):
            if step not in steps:
                steps.append(step)
            progress(step, 6)

    @tasks.task("test.short", "Short work")
    def short(progress):
        steps.append("short")

    return steps


def ask(cast, name):
    with inside(cast.tenant_id), unit_of_work():
        return tasks.ask_for(name).id


def task_of(cast, task_id):
    with inside(cast.tenant_id), reading():
        row = session.get_one(Task, task_id)
        return row.state, row.attempts, row.done


def test_long_work_of_one_gives_way_to_that_of_another_and_goes_on_where_it_stopped(context, shop, rival, hour):
    session.rollback()
    long = ask(shop, "test.hour")
    tasks.run(long, shop.tenant_id)
    assert task_of(shop, long) == ("done", 1, 6), "while nobody waits it is left alone"
    hour.clear()

    long = ask(shop, "test.hour")
    short = ask(rival, "test.short")
    tasks.run(long, shop.tenant_id)
    assert hour == [1]
    assert task_of(shop, long) == ("queued", 0, 1), "a turn is no attempt"
    assert [one.task_id for one in tasks.due()] == [short, long]
    assert tasks.run_due() == 2
    assert hour == [1, "short", 2, 3, 4, 5, 6]
    assert task_of(shop, long) == ("done", 1, 6)
    assert task_of(rival, short)[0] == "done"


def test_two_long_ones_take_turns_and_each_turn_gets_further(context, shop, rival, hour):
    session.rollback()
    one, other = ask(shop, "test.hour"), ask(rival, "test.hour")
    reached = []
    for _turn in range(5):
        for cast, number in ((shop, one), (rival, other)):
            tasks.run(number, cast.tenant_id)
            reached.append(task_of(cast, number)[2])
    assert reached == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    tasks.run_due()
    assert {task_of(shop, one), task_of(rival, other)} == {("done", 1, 6)}


def test_what_is_cancelled_while_it_waits_for_its_next_turn_is_not_taken_up(context, shop, rival, hour):
    session.rollback()
    long = ask(shop, "test.hour")
    ask(rival, "test.short")
    tasks.run(long, shop.tenant_id)
    with inside(shop.tenant_id), unit_of_work():
        tasks.cancel(long)
    tasks.run_due()
    assert hour == [1, "short"]


def test_a_handler_with_much_to_do_leaves_its_queue_to_others_in_between(
    context, shop, listeners, running, monkeypatch
):
    told = []

    @events.on(StockReceived)
    def one(happening):
        told.append(happening.reference)

    monkeypatch.setattr(calls, "TURN_SECONDS", 0)
    receive(shop, 120)
    while events.relay():
        pass
    session.rollback()
    calls.deliver("jobs.one")
    assert len(told) == 50
    for _turn in range(2):
        calls.deliver("jobs.one")
    assert len(told) == 120
