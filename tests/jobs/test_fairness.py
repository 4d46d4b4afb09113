"""What one business has waiting in heaps does not hold up another; and a suspended business rests."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import select, update

from retail.core import events, schedules, tasks
from retail.core.clock import now
from retail.core.db import session, unit_of_work
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
