"""The pages of events: who is told and how soon, what was given up, and what a person does about it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from retail.core import events, tasks
from retail.core.audit import AuditEntry
from retail.core.db import reading, session, unit_of_work
from retail.core.events import HANDLERS, Delivery, Event
from retail.lists import services as lists
from retail.operations.event_queries import Delay
from tests import make

HANDLER = "notifications.push_to_screens"
ERROR = "Traceback:\nOSError: printer on fire"


@pytest.fixture
def owner(app, shop):
    return make.client(app, shop, "owner")


def sell(shop, count=1):
    with make.within(shop):
        tea = make.product("Tea", stock=50)
        for _sale in range(count):
            make.sale(shop, (tea, 1))
        events.drain()


def park(shop, handler=HANDLER):
    """Everything that one handler was told of sales was given up; returns the ids."""
    with make.within(shop), unit_of_work():
        sold = select(Event.id).where(Event.kind == "sale.completed")
        of_sales = Delivery.handler == handler, Delivery.event_id.in_(sold)
        ids = list(session.scalars(select(Delivery.id).where(*of_sales).order_by(Delivery.id)))
        parked = update(Delivery).where(Delivery.id.in_(ids))
        session.execute(parked.values(state="parked", done_at=None, attempts=events.MAX_ATTEMPTS, error=ERROR))
    return ids


def states(shop, ids):
    with make.within(shop), reading():
        return list(session.scalars(select(Delivery.state).where(Delivery.id.in_(ids)).order_by(Delivery.id)))


def test_delays_are_those_of_half_and_of_95_of_100():
    assert Delay.of([]) is None
    assert Delay.of([4.0]) == Delay(4.0, 4.0)
    assert Delay.of([float(one) for one in range(100, 0, -1)]) == Delay(50.0, 95.0)


def test_a_kind_says_what_it_carries_who_listens_and_how_soon_they_are_told(app, shop, owner):
    sell(shop)
    with make.within(shop), unit_of_work():
        session.execute(update(Delivery).values(done_at=session.scalar(select(Event.occurred_at).limit(1))))
        for row in session.execute(select(Delivery, Event).join(Event, Event.id == Delivery.event_id)).all():
            row.Delivery.done_at = row.Event.occurred_at + timedelta(seconds=7.4)
    page = owner.get("/events/kinds/sale.completed").text
    assert "A sale was paid" in page
    assert "order_id" in page
    for one in HANDLERS.values():
        assert (f'<td class="cell-title">{one.name}<' in page) == ("sale.completed" in one.kinds), one.name
    listeners = sum("sale.completed" in one.kinds for one in HANDLERS.values())
    assert page.count("7.4 s") == 2 * listeners, "half and 95 of 100, of each listener"
    assert "Deliver all that is parked again" not in page
    assert owner.get("/events/kinds/sale.dreamt_of").status_code == 404
    assert make.client(app, shop, "cashier").get("/events/kinds/sale.completed").status_code == 403


def test_a_kind_shows_what_waits_and_the_last_thing_that_went_wrong(app, shop, owner):
    sell(shop, 3)
    ids = park(shop)
    with make.within(shop), unit_of_work():
        session.execute(update(Delivery).where(Delivery.id == ids[0]).values(state="pending", attempts=2))
    page = owner.get("/events/kinds/sale.completed").text
    assert "OSError: printer on fire" in page
    assert "failing" in page
    assert f"handler={HANDLER}" in page
    assert "2 deliveries were given up" in owner.get("/events/").text
    manager = make.client(app, shop, "manager").get("/events/kinds/sale.completed").text
    assert "OSError" in manager
    assert "Deliver all that is parked again" not in manager


def test_one_delivery_is_skipped_for_a_reason_that_the_audit_keeps(app, shop, owner):
    sell(shop)
    (one,) = park(shop)
    path = f"/events/deliveries/{one}/skip"
    assert "printer on fire" in owner.get(path).text
    refused = make.post(owner, path, {"reason": "  "})
    assert refused.status_code == 422
    assert "Say why it is skipped" in refused.text
    assert states(shop, [one]) == ["parked"]
    assert make.client(app, shop, "manager").get(path).status_code == 403
    assert make.post(owner, path, {"reason": "The printer was sold"}).status_code == 303
    assert states(shop, [one]) == ["skipped"]
    assert owner.get(path).status_code == 404
    with make.within(shop), reading():
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "skip")).one()
        event_id = session.get_one(Delivery, one).event_id
        assert (entry.subject_id, entry.subject_label, entry.changes) == (
            one,
            HANDLER,
            {"reason": "The printer was sold"},
        )
    assert "The printer was sold" in owner.get(f"/events/{event_id}").text
    with make.within(shop):
        events.drain()
    assert states(shop, [one]) == ["skipped"], "nobody is told after all"


def test_a_selection_is_delivered_again_and_what_is_not_parked_is_left(app, shop, owner):
    sell(shop, 3)
    ids = park(shop)
    with make.within(shop), unit_of_work():
        session.execute(update(Delivery).where(Delivery.id == ids[2]).values(state="done", error=None))
    assert (
        make.post(make.client(app, shop, "manager"), "/lists/deliveries/jobs/replay", {"ids": ids}).status_code == 403
    )
    page = make.post(owner, "/lists/deliveries/jobs/replay", {"ids": ids}, follow_redirects=True).text
    assert "2 are delivered again now." in page
    assert "It is not parked." in page
    assert states(shop, ids) == ["pending", "pending", "done"]
    with make.within(shop):
        events.drain()
    assert states(shop, ids) == ["done", "done", "done"]


def test_all_of_a_kind_are_delivered_again_by_a_job_with_progress(app, shop, owner, monkeypatch):
    monkeypatch.setattr(lists, "AT_ONCE", 1)
    sell(shop, 3)
    ids = park(shop)
    others = park(shop, "reports.roll_up")
    page = owner.get("/events/kinds/sale.completed").text
    url = next(part.split('"')[0] for part in page.split('href="') if part.startswith("/lists/deliveries/jobs/replay"))
    asked = owner.get(url.replace("&amp;", "&")).text
    assert f"For all {len(ids) + len(others)} rows you chose." in asked
    state = f"state=parked&kind=sale.completed&handler={HANDLER}"
    assert make.post(owner, "/lists/deliveries/jobs/replay", {"all": "1", "state": state}).status_code == 303
    assert states(shop, ids) == ["parked"] * 3, "a worker does it"
    with make.within(shop):
        tasks.run_due()
        assert states(shop, ids) == ["pending"] * 3
        events.drain()
    assert (states(shop, ids), states(shop, others)) == (["done"] * 3, ["parked"] * 3)
    assert "3 are delivered again now." in owner.get("/lists/runs/1").text


def test_many_are_skipped_and_that_is_taken_back(shop, owner):
    sell(shop, 2)
    ids = park(shop)
    assert make.post(owner, "/lists/deliveries/jobs/skip", {"ids": ids, "reason": ""}).status_code == 422
    make.post(owner, "/lists/deliveries/jobs/skip", {"ids": ids, "reason": "Too old"})
    assert states(shop, ids) == ["skipped"] * 2
    make.post(owner, "/lists/runs/1/undo")
    assert states(shop, ids) == ["parked"] * 2
    with make.within(shop), reading():
        rows = session.scalars(select(Delivery).where(Delivery.id.in_(ids))).all()
        assert {(row.error, row.skipped_because, row.done_at) for row in rows} == {(ERROR, None, None)}


def test_deliveries_are_filtered_by_the_address(shop, owner):
    sell(shop, 2)
    park(shop)
    page = owner.get(f"/events/deliveries/?state=parked&kind=sale.completed&handler={HANDLER}").text
    assert page.count("data-row=") == 2
    assert owner.get("/events/deliveries/?state=skipped").text.count("data-row=") == 0
    assert owner.get("/events/deliveries/?handler=reports.roll_up&kind=shift.opened").text.count("data-row=") == 0
