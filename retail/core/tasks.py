"""Work that takes a while: a row first, then a worker. Progress, result and failure are kept.

A task is declared with `@task`; `ask_for` writes the row in the caller's transaction; the scheduler hands what is `due`
to a worker (again, when a worker died); `run` does it inside its tenant. Tasks must be able to run twice.
"""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import JSON, ColumnElement, Index, UniqueConstraint, and_, func, or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, mapped_column

from retail.core import audit
from retail.core.audit import Actor, act_as, current_actor
from retail.core.clock import now
from retail.core.db import Model, reading, session, unit_of_work
from retail.core.errors import Refused
from retail.core.events import Happening, emit, event
from retail.core.language import locale_of, speaking
from retail.core.module import places_of
from retail.core.places import limited_to
from retail.core.retention import passes
from retail.core.tenancy import OfTenant, across_tenants, awake, inside
from retail.core.troubles import note_error

log = logging.getLogger(__name__)
BEAT_SECONDS = 5.0
LEASE = timedelta(seconds=40)
"""A running task gives a sign of life every BEAT_SECONDS; silent for so long, its worker is taken for dead."""
MOST_DEATHS = 3
"""A task that has outlived so many workers is at fault itself and is given up."""
TURN = timedelta(seconds=20)
"""So long a task that takes turns gets on with its work while other work waits; then it stands in line again."""
AT_A_TIME = 3
"""So many tasks of one kind of one tenant are handed to the workers; the next follow when these are taken up."""
ENDS = frozenset({"done", "failed", "cancelled"})


@event("task.ended")
class TaskEnded(Happening):
    """Work that somebody asked for, or that failed, came to its end: `state` is done, failed or cancelled."""

    task_id: int
    name: str
    label: str
    state: str
    user_id: int | None


class Task(OfTenant, Model):
    """One piece of slow work: queued, running, done, failed or cancelled."""

    __tablename__ = "tasks"
    __table_args__ = (
        UniqueConstraint("tenant_id", "name", "key"),
        Index(None, "state", "due_at"),
        Index(None, "tenant_id", "schedule_id"),
    )

    name: Mapped[str]
    key: Mapped[str | None]
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    state: Mapped[str] = mapped_column(default="queued")
    due_at: Mapped[datetime]
    beat_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    deaths: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int | None]
    message: Mapped[str] = mapped_column(default="")
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    error: Mapped[str | None]
    user_id: Mapped[int | None]
    user_name: Mapped[str] = mapped_column(default="system")
    schedule_id: Mapped[int | None]

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in ENDS


@dataclass(frozen=True)
class Declared:
    """A task by name: the function that does it, on which queue, and for how long at most (seconds)."""

    name: str
    label: Any
    work: Callable[..., dict[str, Any] | None]
    queue: str
    timeout: int
    retry_seconds: tuple[int, ...]
    quiet: bool
    takes_turns: bool = False
    tells_itself: bool = False
    of_business: bool = False


TASKS: dict[str, Declared] = {}


def task(
    name: str,
    label: Any,
    *,
    queue: str = "low",
    timeout: int = 1800,
    retry_seconds: tuple[int, ...] = (),
    quiet: bool = False,
    takes_turns: bool = False,
    tells_itself: bool = False,
    of_business: bool = False,
) -> Callable[[Callable[..., dict[str, Any] | None]], Callable[..., dict[str, Any] | None]]:
    """Declare a task. The function receives `progress(done, total, message)` and its arguments, commits by
    `unit_of_work` in as many steps as it likes, and returns a result of plain values or None. What it raises, other
    than Refused, is tried again after each of `retry_seconds`. The end of a `quiet` task is told to nobody, the
    success of one that `tells_itself` only by what it announces. One that
    `takes_turns` goes on where it stopped when it is run again: at a report of progress it gives
    way to other work that waits in its queue, so that nobody waits for somebody else's hour. What somebody asked for is
    done within the places they work at, unless it is work `of_business`: then whoever asks only says when."""

    def declare(work: Callable[..., dict[str, Any] | None]) -> Callable[..., dict[str, Any] | None]:
        if name in TASKS:
            raise ValueError(f"two tasks are called {name}")
        TASKS[name] = Declared(
            name, label, work, queue, timeout, retry_seconds, quiet, takes_turns, tells_itself, of_business
        )
        return work

    return declare


def ask_for(name: str, key: str | None = None, *, due_at: datetime | None = None, **arguments: Any) -> Task:
    """Ask for work in the present transaction, at once or from an instant on; with a `key` it is done once however
    often it is asked for."""
    if name not in TASKS:
        raise ValueError(f"no task is called {name}")
    if key is not None and (known := session.scalar(select(Task).where(Task.name == name, Task.key == key))):
        return known
    actor = current_actor()
    row = Task(name=name, key=key, arguments=arguments, due_at=due_at or now())
    row.user_id, row.user_name = actor.user_id, actor.name
    session.add(row)
    session.flush()
    session.info["emitted"] = True
    return row


class Cancelled(Exception):
    """The task is no longer this worker's: somebody cancelled it, another took it over, or its turn is over."""


def run(task_id: int, tenant_id: int) -> None:
    """Do a queued task, or one whose worker is silent; called by a worker. What is done, or is being done, is left."""
    claimed = _claim(task_id, tenant_id)
    if claimed is None:
        return
    declared = TASKS[claimed.name]
    mine = (Task.id == task_id, Task.attempts == claimed.attempts, Task.state == "running")
    turn_began = now()

    def progress(done: int, total: int | None = None, message: str = "") -> None:
        nonlocal turn_began
        # What takes turns finds its way back to where it stopped; that is no step backwards.
        reached = max(done, claimed.done) if declared.takes_turns else done
        with inside(tenant_id), unit_of_work():
            kept = session.execute(
                update(Task)
                .where(*mine)
                .values(done=reached, total=total, message=message, beat_at=now())
                .returning(Task.id)
                .execution_options(synchronize_session=False)
            ).one_or_none()
        if kept is None:
            raise Cancelled
        if done <= claimed.done:
            # It is still on its way to where the last turn ended: without this it might never come further.
            turn_began = now()
        elif declared.takes_turns and now() - turn_began > TURN and _gave_way(tenant_id, mine, declared):
            raise Cancelled

    act_as(Actor(user_id=claimed.user_id, name=claimed.user_name))
    outcome: dict[str, Any]
    try:
        with _signs_of_life(tenant_id, mine), inside(tenant_id):
            with reading():
                locale = locale_of(claimed.user_id)
                places = None if declared.of_business else places_of(claimed.user_id)
            with speaking(locale), limited_to(places):
                result = declared.work(progress=progress, **claimed.arguments)
        outcome = {"state": "done", "result": result, "error": None}
    except Cancelled:
        return
    except Refused as no:
        outcome = {"state": "failed", "error": no.message}
    except Exception as problem:
        log.exception("task %s failed", claimed.name)
        note_error(tenant_id, problem, where=f"task {claimed.name}", user=claimed.user_name)
        outcome = {"state": "failed", "error": traceback.format_exc(limit=8)[-4000:]}
        if claimed.attempts <= len(declared.retry_seconds):
            later = now() + timedelta(seconds=declared.retry_seconds[claimed.attempts - 1])
            outcome |= {"state": "queued", "due_at": later}
    finally:
        act_as(Actor())
    with inside(tenant_id), unit_of_work():
        _end(declared, mine, outcome)


def _gave_way(tenant_id: int, mine: Sequence[ColumnElement[bool]], declared: Declared) -> bool:
    """Let other work that waits in the same queue come first, if there is any: another tenant's, or other work of this
    one. The task then waits behind it."""
    instant = now()
    in_queue = [name for name, one in TASKS.items() if one.queue == declared.queue]
    waiting = Task.state == "queued", Task.due_at <= instant, Task.name.in_(in_queue), awake(Task.tenant_id)
    other = or_(Task.tenant_id != tenant_id, Task.name != declared.name)
    with across_tenants(), reading():
        if session.scalar(select(Task.id).where(*waiting, other).limit(1)) is None:
            return False
    with inside(tenant_id), unit_of_work():
        # A turn is no attempt.
        values = {"state": "queued", "due_at": instant, "beat_at": None, "attempts": Task.attempts - 1}
        session.execute(update(Task).where(*mine).values(values), execution_options={"synchronize_session": False})
    session.info["emitted"] = True
    return True


def _end(declared: Declared, which: Sequence[ColumnElement[bool]], outcome: Mapping[str, Any]) -> None:
    ended = session.execute(
        update(Task)
        .where(*which)
        .values({"ended_at": now(), **outcome})
        .returning(Task.id, Task.state, Task.user_id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if ended is None or declared.quiet or ended.state not in ENDS:
        return
    if declared.tells_itself and ended.state == "done":
        return
    if ended.user_id is not None or ended.state == "failed":
        label = str(declared.label)
        emit(TaskEnded(task_id=ended.id, name=declared.name, label=label, state=ended.state, user_id=ended.user_id))


def _claim(task_id: int, tenant_id: int) -> Task | None:
    """Take a task for this worker; None when it is over, cancelled, or in the hands of a living one."""
    with inside(tenant_id), unit_of_work():
        row = session.scalar(select(Task).where(Task.id == task_id).with_for_update())
        if row is None or row.has_ended:
            return None
        if row.state == "running":
            if row.beat_at is not None and row.beat_at > now() - LEASE:
                return None
            row.deaths += 1
        declared = TASKS.get(row.name)
        if declared is None:
            row.state, row.ended_at, row.error = "failed", now(), f"no task is called {row.name}"
            return None
        if row.deaths >= MOST_DEATHS:
            session.flush()
            error = f"its worker died {row.deaths} times"
            _end(declared, (Task.id == task_id,), {"state": "failed", "error": error})
            return None
        row.state, row.attempts = "running", row.attempts + 1
        row.started_at = row.beat_at = now()
        # Whoever leaves a tenant leaves its rows; this one is read on.
        session.flush()
        session.expunge(row)
    return row


@contextmanager
def _signs_of_life(tenant_id: int, mine: Sequence[ColumnElement[bool]]) -> Iterator[None]:
    """Say that the task is being worked on until the block ends, from a thread with a connection of its own."""
    app = cast(Any, current_app)._get_current_object()
    over = threading.Event()

    def beat() -> None:
        while not over.wait(BEAT_SECONDS):
            try:
                with app.app_context(), inside(tenant_id), unit_of_work():
                    session.execute(
                        update(Task).where(*mine).values(beat_at=now()),
                        execution_options={"synchronize_session": False},
                    )
            except SQLAlchemyError as problem:
                log.warning("no sign of life from a task: %s", problem)

    thread = threading.Thread(target=beat, name="signs-of-life", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def presume_dead(task_id: int, tenant_id: int) -> None:
    """Let a task be taken up at once by another worker: who did it is known to have died."""
    with inside(tenant_id), unit_of_work():
        session.execute(
            update(Task).where(Task.id == task_id, Task.state == "running").values(beat_at=None),
            execution_options={"synchronize_session": False},
        )


def cancel(task_id: int) -> None:
    """Stop a task: at once when it waits, at its next report of progress when it runs."""
    row = session.get_one(Task, task_id)
    if row.has_ended:
        raise Refused(_("“%(task)s” has ended already.", task=label_of(row.name)))
    row.state, row.ended_at = "cancelled", now()


def try_again(task_id: int) -> Task:
    """Let a task that failed begin anew, or one that waits for its next attempt have it now. Refused for any other."""
    row = session.scalars(select(Task).where(Task.id == task_id).with_for_update()).one()
    if row.state not in {"failed", "queued"}:
        raise Refused(_("“%(task)s” has not failed.", task=label_of(row.name)))
    if row.state == "failed":
        row.state, row.attempts, row.deaths, row.done = "queued", 0, 0, 0
        row.error = row.ended_at = row.started_at = row.beat_at = None
        audit.record("try_again", "tasks", row.id, label_of(row.name))
    row.due_at = now()
    session.info["emitted"] = True
    return row


def label_of(name: str) -> str:
    """What people call a task."""
    return str(TASKS[name].label) if name in TASKS else name


@dataclass(frozen=True)
class Due:
    """A task for a worker to take up."""

    task_id: int
    tenant_id: int
    queue: str
    timeout: int


def due(limit: int = 1000) -> list[Due]:
    """The tasks that a worker should take up: those whose time has come, and those whose worker is silent. Tenants take
    turns, and each has no more than a few of a kind in the queue: who comes later does not wait for all that others
    asked for, nor a tenant's mail for its own imports."""
    instant = now()
    with across_tenants(), reading():
        waiting = and_(Task.state == "queued", Task.due_at <= instant)
        silent = and_(Task.state == "running", or_(Task.beat_at.is_(None), Task.beat_at < instant - LEASE))
        turn = (
            func.row_number()
            .over(partition_by=(Task.tenant_id, Task.name), order_by=(Task.due_at, Task.id))
            .label("turn")
        )
        ranked = select(Task.id, Task.tenant_id, Task.name, Task.due_at, turn).where(
            or_(waiting, silent), awake(Task.tenant_id)
        )
        found = ranked.subquery()
        asked = select(found).where(found.c.turn <= AT_A_TIME).order_by(found.c.turn, found.c.due_at, found.c.id)
        asked = asked.limit(limit)
        rows = session.execute(asked).all()
    handed = []
    for row in rows:
        declared = TASKS.get(row.name)
        queue, timeout = (declared.queue, declared.timeout) if declared else ("low", 60)
        handed.append(Due(row.id, row.tenant_id, queue, timeout))
    return handed


def run_due() -> int:
    """Do every task that is due, in this process; for commands and tests. Returns how many there were."""
    count = 0
    while found := due():
        for one in found:
            run(one.task_id, one.tenant_id)
        count += len(found)
    return count


@passes("tasks", Task, days=180)
def ended_before(instant: datetime) -> ColumnElement[bool]:
    """Tasks that ended well long ago; failures stay for people to see."""
    return Task.state.in_(("done", "cancelled")) & (Task.ended_at < instant)
