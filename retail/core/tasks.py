"""Work that takes a while or happens by the clock: a row first, then a worker. Progress, result and failure are kept.

A task is declared with `@task`; `ask_for` writes the row in the caller's transaction; the scheduler hands it to a
worker (again, when a worker died); `run` does it inside its tenant. Tasks must be able to run twice.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from croniter import croniter
from sqlalchemy import JSON, Index, UniqueConstraint, select, update
from sqlalchemy.orm import Mapped, mapped_column

from retail.core.audit import Actor, Audited, act_as, current_actor
from retail.core.clock import now
from retail.core.db import Model, session, unit_of_work
from retail.core.errors import Refused
from retail.core.tenancy import OfTenant, across_tenants, inside

log = logging.getLogger(__name__)
LEASE = timedelta(minutes=30)


class Task(OfTenant, Model):
    """One piece of slow work: queued, running, done, failed or cancelled."""

    __tablename__ = "tasks"
    __table_args__ = (UniqueConstraint("tenant_id", "name", "key"), Index(None, "state", "due_at"))

    name: Mapped[str]
    key: Mapped[str | None]
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    state: Mapped[str] = mapped_column(default="queued")
    due_at: Mapped[datetime]
    handed_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int | None]
    message: Mapped[str] = mapped_column(default="")
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    error: Mapped[str | None]
    user_id: Mapped[int | None]
    user_name: Mapped[str] = mapped_column(default="system")


class Schedule(OfTenant, Audited, Model):
    """A task that happens by the clock: a cron line in the tenant's zone."""

    __tablename__ = "schedules"
    __table_args__ = (UniqueConstraint("tenant_id", "name"), Index(None, "paused", "next_run_at"))

    name: Mapped[str]
    label: Mapped[str]
    task: Mapped[str]
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    cron: Mapped[str]
    zone: Mapped[str]
    paused: Mapped[bool] = mapped_column(default=False)
    next_run_at: Mapped[datetime]
    last_run_at: Mapped[datetime | None]


@dataclass(frozen=True)
class Declared:
    """A task by name: the function that does it, on which queue, and for how long at most (seconds)."""

    name: str
    label: str
    work: Callable[..., dict[str, Any] | None]
    queue: str
    timeout: int
    retry_seconds: tuple[int, ...]


TASKS: dict[str, Declared] = {}


def task(
    name: str, label: str, *, queue: str = "low", timeout: int = 1800, retry_seconds: tuple[int, ...] = ()
) -> Callable[[Callable[..., dict[str, Any] | None]], Callable[..., dict[str, Any] | None]]:
    """Declare a task. The function receives `progress(done, total, message)` and its arguments, commits by
    `unit_of_work` in as many steps as it likes, and returns a result of plain values or None. What it raises, other
    than Refused, is tried again after each of `retry_seconds`."""

    def declare(work: Callable[..., dict[str, Any] | None]) -> Callable[..., dict[str, Any] | None]:
        if name in TASKS:
            raise ValueError(f"two tasks are called {name}")
        TASKS[name] = Declared(name, label, work, queue, timeout, retry_seconds)
        return work

    return declare


def ask_for(name: str, key: str | None = None, **arguments: Any) -> Task:
    """Ask for work in the present transaction; with a `key` it is done once however often it is asked for."""
    if name not in TASKS:
        raise ValueError(f"no task is called {name}")
    if key is not None and (known := session.scalar(select(Task).where(Task.name == name, Task.key == key))):
        return known
    actor = current_actor()
    row = Task(name=name, key=key, arguments=arguments, due_at=now(), user_id=actor.user_id, user_name=actor.name)
    session.add(row)
    session.flush()
    session.info["emitted"] = True
    return row


class Cancelled(Exception):
    """Somebody cancelled the task while it ran."""


def run(task_id: int, tenant_id: int) -> None:
    """Do a queued task; called by a worker. Work of a dead worker is taken up again after its lease."""
    with inside(tenant_id), unit_of_work():
        claimed = session.execute(
            update(Task)
            .where(Task.id == task_id, Task.state.in_(("queued", "running")))
            .values(state="running", started_at=now(), attempts=Task.attempts + 1)
            .returning(Task.name, Task.arguments, Task.user_id, Task.user_name, Task.attempts)
            .execution_options(synchronize_session=False)
        ).one_or_none()
    if claimed is None:
        return
    declared = TASKS[claimed.name]

    def progress(done: int, total: int | None = None, message: str = "") -> None:
        with inside(tenant_id), unit_of_work():
            state = session.execute(
                update(Task)
                .where(Task.id == task_id)
                .values(done=done, total=total, message=message, handed_at=now())
                .returning(Task.state)
                .execution_options(synchronize_session=False)
            ).scalar_one()
        if state == "cancelled":
            raise Cancelled

    act_as(Actor(user_id=claimed.user_id, name=claimed.user_name))
    outcome: dict[str, Any]
    try:
        with inside(tenant_id):
            result = declared.work(progress=progress, **claimed.arguments)
        outcome = {"state": "done", "result": result, "error": None}
    except Cancelled:
        outcome = {"state": "cancelled"}
    except Refused as no:
        outcome = {"state": "failed", "error": no.message}
    except Exception:
        log.exception("task %s failed", claimed.name)
        outcome = {"state": "failed", "error": traceback.format_exc(limit=8)[-4000:]}
        if claimed.attempts <= len(declared.retry_seconds):
            later = now() + timedelta(seconds=declared.retry_seconds[claimed.attempts - 1])
            outcome |= {"state": "queued", "due_at": later, "handed_at": None}
    finally:
        act_as(Actor())
    with inside(tenant_id), unit_of_work():
        session.execute(
            update(Task)
            .where(Task.id == task_id)
            .values({"ended_at": now(), **outcome})
            .execution_options(synchronize_session=False)
        )


def cancel(task_id: int) -> None:
    """Stop a task: at once when it waits, at its next report of progress when it runs."""
    row = session.get_one(Task, task_id)
    if row.state not in {"queued", "running"}:
        raise Refused(f"{row.name} has already ended.")
    row.state = "cancelled"
    row.ended_at = now()


def to_hand_over() -> list[tuple[int, int, str, int, int]]:
    """Tasks due and not yet given to a worker, or given longer than the lease ago: (id, tenant, queue, timeout, attempt)."""
    with across_tenants(), unit_of_work():
        rows = session.scalars(
            select(Task)
            .where(Task.state.in_(("queued", "running")), Task.due_at <= now())
            .where((Task.handed_at.is_(None)) | (Task.handed_at < now() - LEASE))
            .order_by(Task.id)
            .limit(100)
            .with_for_update(skip_locked=True)
        ).all()
        found = []
        for row in rows:
            declared = TASKS[row.name]
            found.append((row.id, row.tenant_id, declared.queue, declared.timeout, row.attempts))
            row.handed_at = now()
        return found


def next_time(cron: str, zone: str, after: datetime) -> datetime:
    """The next instant a cron line names on the wall clock of `zone`; a time that a clock change skips happens at the
    instant the gap ends, one that happens twice happens once."""
    local = after.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    walk = croniter(cron, local)
    while True:
        candidate: datetime = walk.get_next(datetime)
        instant = candidate.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(after.tzinfo)
        if instant > after:
            return instant


def plan(name: str, label: str, task_name: str, cron: str, zone: str, **arguments: Any) -> Schedule:
    """Put a schedule in place, or bring the present one up to date; its pause is left as it is."""
    if not croniter.is_valid(cron):
        raise Refused(f"“{cron}” is not a schedule; write five fields such as 0 7 * * *.", field="cron")
    row = session.scalar(select(Schedule).where(Schedule.name == name))
    if row is None:
        row = Schedule(name=name, paused=False)
        session.add(row)
    row.label, row.task, row.cron, row.zone, row.arguments = label, task_name, cron, zone, arguments
    row.next_run_at = next_time(cron, zone, now())
    session.flush()
    return row


def fire_due() -> int:
    """Turn every due schedule into a task, once each however many schedulers run; missed runs are caught up by one."""
    with across_tenants():
        due = session.execute(
            select(Schedule.id, Schedule.tenant_id).where(Schedule.paused.is_(False), Schedule.next_run_at <= now())
        ).all()
    session.rollback()
    for schedule_id, tenant_id in due:
        with inside(tenant_id), unit_of_work():
            row = session.scalar(select(Schedule).where(Schedule.id == schedule_id).with_for_update())
            if row is None or row.paused or row.next_run_at > now():
                continue
            ask_for(row.task, key=f"{row.name}@{row.next_run_at.isoformat()}", **row.arguments)
            row.last_run_at = row.next_run_at
            row.next_run_at = next_time(row.cron, row.zone, now())
    return len(due)
