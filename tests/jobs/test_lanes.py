"""Each queue has a process of its own: long work keeps no screen waiting, and what falls comes back."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from jobs.worker import Lanes
from retail.core.db import reading, session, unit_of_work
from retail.core.events import on
from retail.core.tasks import Task, ask_for, task
from retail.customers.models import Customer
from retail.events.till import SaleCompleted
from tests import make

pytestmark = [pytest.mark.sqlite_only, pytest.mark.slow]


@pytest.fixture
def lanes(running):
    """The workers of all queues; they know the handlers and tasks that the test has declared when it starts them."""
    started = []

    def start():
        process = multiprocessing.get_context("fork").Process(target=lambda: os._exit(Lanes(running).run()))
        process.start()
        started.append(process)
        return process

    yield start
    for process in started:
        process.terminate()
        process.join(20)
        if process.is_alive():
            process.kill()


def children(pid):
    return {int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def until(true, seconds=20):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def told():
    with reading():
        return session.scalars(select(Customer.name)).all()


def test_a_screen_is_told_while_long_work_goes_on(shop, listeners, running, scheduler, lanes):
    @task("test.long", "Long", queue="low")
    def long(progress):
        time.sleep(60)

    @on(SaleCompleted, queue="high")
    def tell(happening):
        session.add(Customer(code="C-told", name="told", created_at=happening.event.occurred_at))

    def state():
        with reading():
            return session.scalars(select(Task.state)).one()

    with unit_of_work():
        ask_for("test.long")
    workers = lanes()
    scheduler.look()
    until(lambda: state() == "running")
    make.sale(shop, (make.product("Tea", stock=3), 1))
    scheduler.look()
    until(lambda: told() == ["told"])
    assert state() == "running"

    # Asked to end twice, it does not finish what is in hand; the task is left for others.
    for _turn in range(2):
        os.kill(workers.pid, signal.SIGTERM)
        time.sleep(1.2)
    workers.join(20)
    assert workers.exitcode == 0


def test_a_worker_that_is_killed_is_followed_by_another(shop, listeners, running, scheduler, lanes):
    @on(SaleCompleted, queue="high")
    def tell(happening):
        session.add(Customer(code="C-told", name="told", created_at=happening.event.occurred_at))

    workers = lanes()
    until(lambda: len(children(workers.pid)) == 3)
    before = children(workers.pid)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    until(lambda: len(children(workers.pid) - before) == 3)
    make.sale(shop, (make.product("Tea", stock=3), 1))
    scheduler.look()
    until(lambda: told() == ["told"])
    workers.terminate()
    workers.join(20)
    assert workers.exitcode == 0
