"""Who corrects more than their role allows asks a colleague, who approves exactly that, once."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from sqlalchemy import func, select, update

from retail.core.audit import AuditEntry
from retail.core.db import session, unit_of_work
from retail.identity.models import Role
from retail.inventory import services as inventory
from retail.inventory.models import StockDocument, StockLevel
from retail.inventory.services import Counted
from tests import make

PIN = "2580"


@pytest.fixture
def limited(app, shop):
    """The clerk may correct stock worth ten, and a manager has a PIN."""
    with unit_of_work():
        session.execute(update(Role).where(Role.name == "clerk").values(largest_adjustment=Decimal(10)))
    make.give_pin(shop, "manager", PIN)
    return shop


def papers(shop):
    with make.within(shop):
        return session.scalar(select(func.count(StockDocument.id)).where(StockDocument.kind != "receipt"))


def sent(answer):
    return dict(re.findall(r'name="([\w-]+)" value="([^"]*)"', answer.text))


def test_beyond_the_limit_a_manager_approves_what_is_booked_once(app, limited):
    tea = make.product("Tea", stock=30, cost="1.00").id
    clerk, url = make.client(app, limited, "clerk"), f"/stock/articles/{tea}/adjust"
    form = {"location": limited.location_id, "how": "less", "quantity": "10", "reason": "stolen", "key": "a1"}
    assert make.post(clerk, url, form).status_code == 303, "up to the limit nobody is asked"
    form |= {"quantity": "11", "key": "a2"}
    question = make.post(clerk, url, form)
    assert question.status_code == 422
    assert "£11.00" in question.text
    assert papers(limited) == 1, "nothing was booked"
    wrong = make.post(clerk, url, {**form, "approver": str(limited.users["manager"]), "pin": "1111"})
    assert wrong.status_code == 422
    assert "That PIN is not right" in wrong.text
    asked = sent(question)
    assert asked["quantity"] == "11", "what was sent travels along"
    done = make.post(clerk, url, {**form, "approver": str(limited.users["manager"]), "pin": PIN})
    assert done.status_code == 303, done.text
    with make.within(limited):
        assert session.scalars(select(StockLevel.on_hand)).one() == 9
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "done_with_approval")).one()
        assert entry.changes["approved_by"] == [None, "Corner Shop manager"]


def test_a_count_that_differs_by_too_much_is_approved_too(app, limited):
    with unit_of_work():
        for name in ("clerk", "manager"):
            role = session.scalars(select(Role).where(Role.name == name)).one()
            role.permissions = sorted({*role.permissions, "inventory:count:approve"})
    tea = make.product("Tea", stock=30, cost="1.00").id
    with unit_of_work():
        count = inventory.start_count(limited.location_id, "full")
        inventory.enter_counts(count.id, [Counted("scan", tea, Decimal(5), count.started_at)])
        inventory.finish_count(count.id)
        count_id = count.id
    clerk, url = make.client(app, limited, "clerk"), f"/stock/counts/{count_id}/post"
    question = make.post(clerk, url, {"rest": "leave"})
    assert question.status_code == 422
    assert "£25.00" in question.text
    assert papers(limited) == 0
    approved = {"rest": "leave", "approver": str(limited.users["manager"]), "pin": PIN}
    assert make.post(clerk, url, approved).status_code == 303
    with make.within(limited):
        assert session.scalars(select(StockLevel.on_hand)).one() == 5


def test_whoever_has_no_limit_books_any_amount(app, limited):
    tea = make.product("Tea", stock=3000, cost="1.00").id
    manager = make.client(app, limited, "manager")
    form = {"location": limited.location_id, "how": "less", "quantity": "2000", "reason": "stolen", "key": "m1"}
    assert make.post(manager, f"/stock/articles/{tea}/adjust", form).status_code == 303
