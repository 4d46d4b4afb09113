"""Taking jobs for many rows back: also after a stop in the middle, and no longer than their rows are kept."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import delete, select

from retail.core import tasks
from retail.core.audit import AuditEntry
from retail.core.clock import now
from retail.core.db import session, unit_of_work
from retail.core.retention import forget_past
from retail.core.tasks import Task
from retail.lists import queries, services
from retail.lists.models import KEPT_DAYS, BulkChange, BulkRun
from tests import make
from tests.lists.support import change_price, prices

USUAL = {"Cup": Decimal("4.00"), "Mug": Decimal("8.50"), "Tea": Decimal("2.40")}


@pytest.fixture
def clerk(app: Flask, shop: make.Cast):
    for name, price in USUAL.items():
        make.product(name, price=str(price))
    return make.client(app, shop, "clerk")


def _run() -> BulkRun:
    return session.scalars(select(BulkRun)).one()


def test_what_is_too_long_ago_is_not_offered_to_be_undone(clerk, shop):
    change_price(clerk, shop, {"all": "1", "state": ""})
    with make.within(shop):
        page, long_ago = f"/lists/runs/{_run().id}", now() - timedelta(days=KEPT_DAYS + 1)
    assert f"{page}/undo" in clerk.get(page).text
    with make.within(shop):
        with unit_of_work():
            for row in (_run(), *session.scalars(select(BulkChange))):
                row.created_at = long_ago
        assert forget_past(shop.tenant_id)["bulk_changes"] == 3
    assert f"{page}/undo" not in clerk.get(page).text
    answer = make.post(clerk, f"{page}/undo")
    assert answer.status_code == 422
    assert "This is too long ago to be undone" in answer.text
    with make.within(shop):
        assert _run().state == "done"


def test_work_whose_rows_are_forgotten_meanwhile_ends(clerk, shop, monkeypatch):
    monkeypatch.setattr(services, "AT_ONCE", 2)
    change_price(clerk, shop, {"all": "1", "state": ""})
    tasks.run_due()
    with make.within(shop):
        page = f"/lists/runs/{_run().id}"
    make.post(clerk, f"{page}/undo")
    change_price(clerk, shop, {"all": "1", "state": ""})
    with make.within(shop):
        with unit_of_work():
            session.execute(delete(BulkChange))
        tasks.run_due()
        found = session.scalars(select(BulkRun).order_by(BulkRun.id)).all()
        assert [(run.state, run.restored, run.changed) for run in found] == [("undone", 0, 3), ("done", 0, 0)]


def test_an_undoing_that_was_stopped_can_be_taken_up(clerk, shop, monkeypatch):
    monkeypatch.setattr(services, "AT_ONCE", 1)
    change_price(clerk, shop, {"all": "1", "state": ""})
    tasks.run_due()
    with make.within(shop):
        run_id = _run().id
    page = f"/lists/runs/{run_id}"
    make.post(clerk, f"{page}/undo")
    with make.within(shop), unit_of_work():
        services.give_back(queries.run_numbered(run_id), 2)
        tasks.cancel(session.scalars(select(Task.id).where(Task.name == "lists.take_back")).one())
    stopped = clerk.get(page).text
    assert "Its task was stopped after 2 of 3 rows." in stopped
    assert f"{page}/stop" in stopped
    assert make.post(clerk, f"{page}/stop").headers["Location"] == page
    shown = clerk.get(page).text
    assert "Undoing was stopped: 2 of 3 are as they were." in shown
    assert f"{page}/undo" in shown
    make.post(clerk, f"{page}/undo")
    with make.within(shop):
        assert (_run().state, _run().restored) == ("undone", 3)
        undone = select(AuditEntry.changes).where(AuditEntry.action == "undo").order_by(AuditEntry.id)
        assert [one["rows"] for one in session.scalars(undone)] == [3, 1], "each says how many it is about"
    assert prices(shop) == USUAL
