"""What happened reaches every handler once, whatever dies; asked-for work is done once, whoever does it."""

from __future__ import annotations

import os
import signal
import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.event import listen, remove

from jobs import calls
from jobs.scheduler import Scheduler
from retail.core import clock, events, schedules, tasks
from retail.core import parked as parking
from retail.core.db import reading, session, unit_of_work
from retail.core.errors import Refused
from retail.core.events import MAX_ATTEMPTS, Delivery, Event, emit, on
from retail.core.queue import NUDGE, nudge, queue
from retail.core.schedules import Schedule, next_time
from retail.core.tasks import Task, ask_for, task
from retail.core.tenancy import inside
from retail.customers.models import Customer
from retail.events.inventory import StockReplenished
from retail.events.till import SaleCompleted, SaleReversed, ShiftOpened
from retail.till import services as till
from tests import make


def told(name):
    """A handler's effect that another process can have and a test can see: a customer of that name."""
    session.add(Customer(code=f"{name}-{os.urandom(4).hex()}", name=name, created_at=clock.now()))


def names():
    with reading():
        return sorted(session.scalars(select(Customer.name)))


def states():
    with reading():
        return dict(session.execute(select(Delivery.handler, Delivery.state)).all())


def later(seconds):
    """Let so much time pass for what waits."""
    with unit_of_work():
        for model, column in ((Delivery, "due_at"), (Task, "due_at"), (Task, "beat_at"), (Schedule, "next_run_at")):
            for row in session.scalars(select(model)):
                if getattr(row, column) is not None:
                    setattr(row, column, getattr(row, column) - timedelta(seconds=seconds))


def test_a_sale_reaches_every_handler_through_relay_queue_and_worker(shop, listeners, scheduler, work):
    @on(SaleCompleted)
    def one(happening):
        told(f"one {happening.number}")

    @on(SaleCompleted, batch=True, queue="high")
    def many(happenings):
        told(f"many {[happening.event.kind for happening in happenings]}")

    tea = make.product("Tea", stock=4)
    make.sale(shop, (tea, 1))
    scheduler.look()
    work()

    assert names() == ["many ['sale.completed']", "one S-1"]
    assert set(states().values()) == {"done"}
    assert events.relay() == 0
    assert events.handlers_with_work() == []


def test_a_void_is_told_under_the_name_of_reversals(shop, listeners):
    @on(SaleReversed)
    def reversed_(happening):
        told(happening.by)

    sold = make.sale(shop, (make.product(stock=4), 1))
    with unit_of_work():
        till.void(shop.tenant, make.open_till(shop), sold.order_id, "v", "mistake", allowance=till.WITHOUT_LIMITS)
    events.drain()
    assert names() == ["void"]


def test_screens_are_told_after_what_they_show_was_made(shop, listeners, scheduler, work):
    order = []

    @on(ShiftOpened, batch=True, queue="high", last=True)
    def a_screens(happenings):
        order.append("screens")
        told(" then ".join(order))

    @on(ShiftOpened, batch=True, queue="high")
    def z_figures(happenings):
        order.append("figures")

    make.open_till(shop)
    scheduler.look()
    work()
    assert names() == ["figures then screens"]


def test_a_failing_handler_is_retried_alone_and_then_parked(shop, listeners):
    @on(ShiftOpened)
    def good(happening):
        told("good")

    @on(ShiftOpened)
    def bad(happening):
        told("bad")
        raise ZeroDivisionError("cannot")

    make.open_till(shop)
    for _turn in range(MAX_ATTEMPTS + 2):
        events.drain()
        later(7 * 3600)
    assert names() == ["good"]
    with reading():
        parked = session.scalars(select(Delivery).where(Delivery.handler == "jobs.bad")).one()
    assert (parked.state, parked.attempts) == ("parked", MAX_ATTEMPTS)
    assert "ZeroDivisionError: cannot" in parked.error

    with unit_of_work():
        parking.replay(parked.id)
    assert states()["jobs.bad"] == "pending"


def test_later_events_of_an_aggregate_wait_for_a_failed_one(shop, listeners):
    tries = []

    @on(StockReplenished)
    def follow(happening):
        tries.append(happening.variant_id)
        if len(tries) == 1:
            raise ZeroDivisionError
        told(f"{len(names_now())} level {happening.variant_id}")

    def names_now():
        return session.scalars(select(Customer.name)).all()

    with unit_of_work():
        for variant in (1, 1, 2):
            emit(StockReplenished(variant_id=variant, location_id=1))
    events.drain()
    assert tries == [1, 2]
    with unit_of_work():
        emit(StockReplenished(variant_id=1, location_id=1))
    events.drain()
    assert tries == [1, 2]
    later(10)
    events.drain()
    assert tries == [1, 2, 1, 1, 1]


def test_a_batch_with_one_bad_event_delivers_the_others(shop, listeners):
    @on(StockReplenished, batch=True)
    def collect(happenings):
        if any(one.variant_id == 2 for one in happenings):
            raise ZeroDivisionError
        for one in happenings:
            told(f"level {one.variant_id}")

    with unit_of_work():
        for variant in (1, 2, 3):
            emit(StockReplenished(variant_id=variant, location_id=1))
    events.drain()
    assert names() == ["level 1", "level 3"]


def test_events_share_a_transaction_for_a_moment(shop, listeners, monkeypatch):
    @on(StockReplenished)
    def follow(happening):
        written.append(happening.variant_id)

    def replenish(*variants):
        with unit_of_work():
            for variant in variants:
                emit(StockReplenished(variant_id=variant, location_id=1))
        while events.relay():
            pass

    def transactions():
        """Of each transaction that ended, what was handled in it."""
        ended, written[:] = [], []

        def note(_session):
            ended.append(tuple(written[sum(map(len, ended)) :]))

        listen(session, "after_commit", note)
        try:
            events.deliver("jobs.follow")
        finally:
            remove(session, "after_commit", note)
        return [one for one in ended if one]

    written = []
    # However slow the machine is.
    monkeypatch.setattr(events, "HOLD_SECONDS", 600)
    replenish(1, 2, 3)
    assert transactions() == [(1, 2, 3)]
    monkeypatch.setattr(events, "HOLD_SECONDS", 0)
    replenish(4, 5)
    assert transactions() == [(4,), (5,)]


def test_one_event_that_fails_undoes_and_repeats_only_what_shared_its_transaction(shop, listeners, monkeypatch):
    monkeypatch.setattr(events, "HOLD_SECONDS", 60)
    tries = []

    @on(StockReplenished)
    def follow(happening):
        tries.append(happening.variant_id)
        told(f"level {happening.variant_id}")
        if happening.variant_id == 2:
            raise ZeroDivisionError

    with unit_of_work():
        for variant in (1, 2, 3):
            emit(StockReplenished(variant_id=variant, location_id=1))
    events.drain()
    assert names() == ["level 1", "level 3"]
    assert tries == [1, 2, 1, 3]
    with reading():
        tried = session.execute(select(Delivery.state, Delivery.attempts).where(Delivery.handler == "jobs.follow"))
        assert [tuple(one) for one in tried] == [("done", 1), ("pending", 1), ("done", 1)]


def test_many_failed_events_do_not_hold_up_the_rest(shop, listeners):
    @on(StockReplenished)
    def half(happening):
        if happening.variant_id < 250:
            raise ZeroDivisionError
        told("reached")

    with unit_of_work():
        for variant in range(251):
            emit(StockReplenished(variant_id=variant, location_id=1))
    events.drain()
    assert names() == ["reached"]


def test_without_redis_a_sale_is_made_and_told_of_later(shop, listeners, scheduler, work, redis):
    @on(SaleCompleted)
    def one(happening):
        told(happening.number)

    tea = make.product(stock=4)
    redis.kill()
    try:
        make.sale(shop, (tea, 1))
        nudge()
        scheduler.look()
        assert names() == []
    finally:
        redis.start()
    scheduler.look()
    work()
    assert names() == ["S-1"]


def test_an_event_relayed_while_a_call_runs_is_worth_a_new_call(shop, listeners, running, scheduler):
    @on(ShiftOpened)
    def one(happening):
        told("shift")

    make.open_till(shop)
    scheduler.look()
    first = scheduler._redis.llen("rq:queue:default")
    scheduler.look()
    assert (first, scheduler._redis.llen("rq:queue:default")) == (1, 1)
    calls._take_up("jobs.one")
    scheduler.look()
    assert scheduler._redis.llen("rq:queue:default") == 2


def test_what_redis_forgets_is_handed_over_again(shop, listeners, scheduler, work, redis):
    @on(ShiftOpened)
    def one(happening):
        told("shift")

    make.open_till(shop)
    scheduler.look()
    redis.empty()
    scheduler.look()
    work()
    assert names() == ["shift"]


def test_a_task_is_done_once_with_progress_and_result(shop, listeners, scheduler, work):
    @task("test.count", "Count")
    def count(progress, to):
        progress(1, to, "counting")
        with unit_of_work():
            told(f"counted {to}")
        return {"counted": to}

    with unit_of_work():
        row = ask_for("test.count", key="once", to=3)
        assert ask_for("test.count", key="once", to=3).id == row.id
    scheduler.look()
    work()
    calls.run_task(row.id, shop.tenant_id)
    with reading():
        row = session.scalars(select(Task)).one()
    assert (row.state, row.done, row.total, row.result) == ("done", 1, 3, {"counted": 3})
    assert names() == ["counted 3"]


def test_the_next_tasks_follow_as_soon_as_one_is_done(shop, listeners, running):
    @task("test.many", "Many", quiet=True)
    def many(progress):
        pass

    with unit_of_work():
        for _number in range(tasks.AT_A_TIME + 1):
            ask_for("test.many")
    (first, *_others) = tasks.due()
    connection = queue().connection
    connection.delete(NUDGE)
    session.info.pop("emitted")
    calls.run_task(first.task_id, first.tenant_id)
    assert connection.llen(NUDGE) == 1


def test_a_task_whose_process_is_killed_is_done_by_another(shop, listeners, scheduler, work):
    @task("test.fragile", "Fragile")
    def fragile(progress):
        with unit_of_work():
            told("tried")
            attempts = session.scalar(select(Task.attempts).where(Task.name == "test.fragile"))
        if attempts == 1:
            os.kill(os.getpid(), signal.SIGKILL)

    with unit_of_work():
        ask_for("test.fragile")
    scheduler.look()
    work()
    scheduler.look()
    work()
    with reading():
        row = session.scalars(select(Task)).one()
    assert (row.state, row.attempts) == ("done", 2)
    assert names() == ["tried", "tried"]


def test_the_task_of_a_silent_worker_is_taken_over_and_its_old_worker_stops(shop, listeners, context):
    seen = []

    @task("test.slow", "Slow")
    def slow(progress):
        if not seen:
            seen.append("first")
            later(3600)
            (again,) = tasks.due()
            tasks.run(again.task_id, again.tenant_id)
            progress(1)
            seen.append("first goes on")
        else:
            seen.append("second")

    with unit_of_work():
        row = ask_for("test.slow")
    tasks.run(row.id, shop.tenant_id)
    assert seen == ["first", "second"]
    with reading():
        assert session.scalars(select(Task.state)).one() == "done"


def test_a_task_in_living_hands_is_left_alone(shop, listeners):
    @task("test.busy", "Busy")
    def busy(progress):
        assert tasks.due() == []
        tasks.run(row.id, shop.tenant_id)
        with unit_of_work():
            told("worked")

    with unit_of_work():
        row = ask_for("test.busy")
    tasks.run(row.id, shop.tenant_id)
    assert names() == ["worked"]


def test_a_long_task_gives_signs_of_life(shop, listeners, monkeypatch):
    monkeypatch.setattr(tasks, "BEAT_SECONDS", 0.02)
    monkeypatch.setattr(tasks, "LEASE", timedelta(seconds=1.5))

    @task("test.long", "Long")
    def long(progress):
        for _turn in range(40):
            assert tasks.due() == []
            make_time_pass()

    def make_time_pass():
        signal.sigtimedwait([], 0.05)

    with unit_of_work():
        row = ask_for("test.long")
    tasks.run(row.id, shop.tenant_id)
    with reading():
        row = session.scalars(select(Task)).one()
    assert (row.state, row.error) == ("done", None)


def test_a_task_that_kills_every_worker_is_given_up(shop, listeners, context):
    @task("test.deadly", "Deadly")
    def deadly(progress):
        raise AssertionError("not reached")

    with unit_of_work():
        row = ask_for("test.deadly")
    for _death in range(tasks.MOST_DEATHS):
        with unit_of_work():
            session.execute(update(Task).values(state="running", beat_at=None))
            session.execute(update(Task).values(deaths=_death))
        assert len(tasks.due()) == 1
    tasks.run(row.id, shop.tenant_id)
    with reading():
        row = session.scalars(select(Task)).one()
    assert (row.state, row.error) == ("failed", "its worker died 3 times")


def test_a_failed_task_is_tried_again_at_its_times_and_a_refused_one_is_not(shop, listeners):
    @task("test.flaky", "Flaky", retry_seconds=(10, 60))
    def flaky(progress):
        raise ZeroDivisionError("no luck")

    @task("test.refused", "Refused", retry_seconds=(10,))
    def refused(progress):
        raise Refused("The file is empty.")

    with unit_of_work():
        ask_for("test.flaky")
        ask_for("test.refused")
    attempts = []
    for _turn in range(5):
        tasks.run_due()
        with reading():
            attempts.append(tuple(session.scalars(select(Task.attempts).order_by(Task.id))))
        later(61)
    assert attempts == [(1, 1), (2, 1), (3, 1), (3, 1), (3, 1)]
    with reading():
        rows = session.scalars(select(Task).order_by(Task.id)).all()
    assert [row.state for row in rows] == ["failed", "failed"]
    assert "no luck" in rows[0].error
    assert rows[1].error == "The file is empty."


def test_a_cancelled_task_stops_at_its_next_report(shop, listeners):
    @task("test.long", "Long")
    def long(progress):
        progress(1, 3)
        with unit_of_work():
            tasks.cancel(row.id)
        progress(2, 3)
        told("went on")

    with unit_of_work():
        row = ask_for("test.long")
    tasks.run(row.id, shop.tenant_id)
    with reading():
        row = session.scalars(select(Task)).one()
    assert (row.state, row.done) == ("cancelled", 1)
    with unit_of_work(), pytest.raises(Refused, match="ended already"):
        tasks.cancel(row.id)


@pytest.mark.parametrize(
    ("cron", "after", "expected"),
    [
        ("0 7 * * *", "2026-03-28 12:00", "2026-03-29 06:00"),
        ("0 7 * * *", "2026-10-24 12:00", "2026-10-25 07:00"),
        ("30 1 * * *", "2026-03-28 12:00", "2026-03-29 01:30"),
        ("30 1 * * *", "2026-10-24 12:00", "2026-10-25 00:30"),
        ("30 1 * * *", "2026-10-25 00:30", "2026-10-26 01:30"),
        ("0 2 * * *", "2026-03-29 00:59", "2026-03-29 01:00"),
    ],
)
def test_a_schedule_keeps_to_the_clock_on_the_wall_when_it_changes(cron, after, expected):
    found = next_time(cron, "Europe/London", datetime.fromisoformat(after).replace(tzinfo=UTC))
    assert found == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_a_schedule_fires_once_however_many_schedulers_and_catches_up_by_one(shop, listeners, running):
    @task("test.night", "Night")
    def night(progress):
        return None

    at = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
    with clock.frozen(at), unit_of_work():
        schedules.plan("night", "Night", "test.night", "0 3 * * *", "Europe/London")
    with clock.frozen(at + timedelta(days=5)):
        for scheduler in (Scheduler(running), Scheduler(running)):
            scheduler.look()
    with reading():
        assert session.scalar(select(func.count()).select_from(Task)) == 1
        row = session.scalars(select(Schedule)).one()
    assert row.last_run_at == datetime(2026, 11, 2, 3, 0, tzinfo=UTC)
    assert row.next_run_at == datetime(2026, 11, 7, 3, 0, tzinfo=UTC)


def test_a_paused_schedule_rests_and_a_resumed_one_does_not_make_up(shop, listeners):
    @task("test.night", "Night")
    def night(progress):
        return None

    at = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
    with clock.frozen(at), unit_of_work():
        row = schedules.plan("night", "Night", "test.night", "0 3 * * *", "Europe/London")
        schedules.pause(row.id)
    with clock.frozen(at + timedelta(days=2)):
        assert schedules.fire_due() == 0
        with unit_of_work():
            schedules.resume(row.id)
        assert schedules.fire_due() == 0
        with unit_of_work():
            assert schedules.reschedule(row.id, "0 4 * * *").next_run_at == datetime(2026, 11, 4, 4, tzinfo=UTC)
        with unit_of_work(), pytest.raises(Refused, match="five fields"):
            schedules.reschedule(row.id, "0 0 30 2 *")


def test_events_of_two_tenants_are_handled_each_in_its_own(shop, rival, listeners):
    @on(ShiftOpened)
    def one(happening):
        told("shift")

    make.open_till(shop)
    session.rollback()
    with inside(rival.tenant_id):
        make.open_till(rival)
    events.drain()
    assert names() == ["shift"]
    with inside(rival.tenant_id):
        assert names() == ["shift"]
        with reading():
            assert session.scalar(select(func.count()).select_from(Event)) == 1


def test_a_call_that_redis_lost_is_made_again_within_seconds(
    shop, listeners, running, redis, scheduler, work, monkeypatch
):
    monkeypatch.setitem(calls.BELIEVED_SECONDS, "high", 1)

    @on(ShiftOpened, queue="high")
    def one(happening):
        told("shift")

    make.open_till(shop)
    scheduler.look()
    # What a worker took and lost with its life: the call is gone, the belief that it waits is not.
    queue("high").empty()
    scheduler.look()
    work()
    assert names() == []
    time.sleep(1.1)
    scheduler.look()
    work()
    assert names() == ["shift"]
