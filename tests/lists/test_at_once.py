"""Two people at once: what one of them does to rows or to a job is neither lost nor done twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from retail.catalog import services as catalog
from retail.catalog.jobs import JOBS
from retail.catalog.models import Product, Variant
from retail.core.db import session, unit_of_work
from retail.core.tenancy import inside
from retail.lists import queries, services
from retail.lists.models import BulkRun
from tests import make
from tests.lists.support import prices


@pytest.fixture
def somebody(app: Flask, shop: make.Cast):
    """Let somebody else begin to do something now; they have had the time to, unless they must wait for us."""
    others = []

    def begins(do: Callable[[], object]) -> None:
        def work() -> None:
            with app.app_context(), inside(shop.tenant_id):
                with unit_of_work():
                    do()
                session.remove()

        others.append(threading.Thread(target=work))
        others[-1].start()
        others[-1].join(0.3)

    def is_done() -> None:
        for one in others:
            one.join()

    begins.is_done = is_done
    yield begins
    is_done()


def _begun(rows: list[int]) -> BulkRun:
    return services.begin("products", "price", {"percent": "10", "rounding": "exact"}, [(one, "") for one in rows])


def test_a_price_changed_by_hand_while_a_job_runs_is_not_overwritten(shop, somebody, monkeypatch):
    with make.within(shop):
        make.product("Mug", price="8.50")
        mug = session.scalars(select(Variant.id)).one()
    reprice = JOBS["price"].change

    def by_hand_meanwhile(state: dict[str, Any], answers: Any) -> dict[str, Any]:
        somebody(lambda: catalog.change_price(mug, Decimal("9.99")))
        return reprice(state, answers)

    monkeypatch.setitem(JOBS, "price", replace(JOBS["price"], change=by_hand_meanwhile))
    with make.within(shop), unit_of_work():
        services.carry_out(_begun(list(session.scalars(select(Product.id)))), 1)
    somebody.is_done()
    assert prices(shop)["Mug"] == Decimal("9.99"), "whoever came last"


def test_a_job_that_is_left_while_its_worker_is_still_at_it_counts_what_it_did(shop, somebody):
    with make.within(shop):
        for name in ("Cup", "Mug", "Tea"):
            make.product(name, price="2.00")
        with unit_of_work():
            run_id = _begun(list(session.scalars(select(Product.id)))).id
        with unit_of_work():
            services.carry_out(queries.run_numbered(run_id, lock=True), 2)
            somebody(lambda: services.finish_early(queries.run_numbered(run_id, lock=True)))
        somebody.is_done()
        session.expire_all()
        run = queries.run_numbered(run_id)
        assert (run.state, run.changed, run.rows) == ("done", 2, 2)
