"""The demonstration: lively, the same every time, and true to the ledgers."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import func, select

from retail.core.checks import run_checks
from retail.core.db import reading, session
from retail.core.mail import Mail
from retail.core.schedules import STANDING
from retail.core.tasks import Task
from retail.core.tenancy import across_tenants, inside
from retail.intelligence.models import CustomerScore
from retail.inventory.models import StockLevel
from retail.operations.demo.assortment import SHOPS
from retail.operations.demo.loading import load_demo
from retail.orders.models import Order
from retail.tenancy.models import Tenant
from retail.tenancy.services import slug_of

DAYS = 9
pytestmark = [pytest.mark.slow, pytest.mark.sqlite_only]


@pytest.fixture
def demo(context, tmp_path):
    """Both businesses with nine days of trade: their ids by slug."""
    load_demo(tmp_path / "logins.json", lambda _what: None, DAYS)
    with across_tenants(), reading():
        slugs = [slug_of(one.name) for one in SHOPS]
        return dict(session.execute(select(Tenant.slug, Tenant.id).where(Tenant.slug.in_(slugs))).all())


def told():
    with reading():
        by_kind = session.execute(select(Order.kind, func.count(), func.sum(Order.gross)).group_by(Order.kind))
        return {kind: (count, gross) for kind, count, gross in by_kind}


def figures_of(demo):
    """What each of the businesses has sold."""
    found = {}
    for slug, tenant_id in demo.items():
        with inside(tenant_id):
            found[slug] = told()
    return found


def test_the_demonstration_is_whole_and_loaded_once(demo, tmp_path):
    logins = json.loads((tmp_path / "logins.json").read_text(encoding="utf-8"))
    assert {(one["tenant"], one["role"]) for one in logins} == {
        (slug, role) for slug in demo for role in ("owner", "manager", "cashier", "clerk")
    }
    for tenant_id in demo.values():
        with inside(tenant_id):
            assert told()["sale"][0] > DAYS * 5
            with reading():
                for what in (CustomerScore, Mail, StockLevel):
                    assert session.scalar(select(func.count()).select_from(what)), what
                # Nine days are too few to forecast from, but the work is done.
                states = dict(session.execute(select(Task.name, Task.state)).all())
            assert set(states.values()) == {"done"}
            assert set(states) >= {one.task for one in STANDING.values()}
    assert [one for one in run_checks(list(demo.values())) if one.faults] == []

    before = figures_of(demo)
    assert load_demo(tmp_path / "logins.json", lambda _what: None, DAYS) == 0
    assert figures_of(demo) == before, "loading again adds nothing"
