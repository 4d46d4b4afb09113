"""A Redis, a scheduler and workers for tests; handlers declared in a test live as long as the test."""

from __future__ import annotations

import signal
from contextvars import copy_context

import pytest

from jobs.scheduler import Scheduler
from jobs.worker import PreloadedWorker
from retail.core import events, tasks
from retail.core.tenancy import forget
from tests.support.redis import redis_server


@pytest.fixture(scope="session")
def redis_of_session():
    with redis_server() as server:
        yield server


@pytest.fixture
def redis(redis_of_session):
    redis_of_session.empty()
    return redis_of_session


@pytest.fixture
def listeners(monkeypatch):
    """Only the handlers and tasks of the test exist, and those every test needs."""
    monkeypatch.setattr(events, "HANDLERS", {})
    monkeypatch.setattr("jobs.calls.HANDLERS", events.HANDLERS)
    monkeypatch.setattr(tasks, "TASKS", {})
    monkeypatch.setattr("retail.core.schedules.TASKS", tasks.TASKS)
    monkeypatch.setattr("retail.core.schedules.STANDING", {})


@pytest.fixture
def running(context, redis, monkeypatch):
    """The application with a Redis that runs."""
    monkeypatch.setitem(context.config, "REDIS_URL", redis.url)
    return context


@pytest.fixture
def scheduler(running):
    return Scheduler(running)


@pytest.fixture
def work(running):
    """Work off all queues, each call in a child process, as a worker does."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def work_off() -> None:
        forget()
        PreloadedWorker(running).work(burst=True, logging_level="ERROR")

    # In a context of its own: a worker is in no tenant, whatever tenant the test is in.
    yield lambda: copy_context().run(work_off)
    for number, handler in before.items():
        signal.signal(number, handler)
