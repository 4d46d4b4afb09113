"""Reads of what the program does: events and who listens, deliveries, the latest of a schedule."""

from __future__ import annotations

import inspect
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Any

from flask_babel import format_timedelta
from flask_babel import gettext as _
from sqlalchemy import func, select

from retail.core import shown
from retail.core.db import session
from retail.core.events import HANDLERS, KINDS, Delivery, Event
from retail.core.schedules import Schedule
from retail.core.tasks import Task

RECENT_EVENTS = 10_000
RECENT_DELIVERIES = 500
PARKED_SHOWN = 50


@dataclass(frozen=True)
class Kind:
    """One kind of event: what it means and holds, who listens, and how often it happened lately."""

    name: str
    meaning: str
    holds: list[tuple[str, str]]
    listeners: list[str]
    count: int
    latest: datetime | None


@dataclass(frozen=True)
class Handler:
    """One listener: what it takes, what waits, what is parked, and how many seconds after an event was relayed it is
    usually done with it."""

    name: str
    kinds: tuple[str, ...]
    pending: int
    failing: int
    parked: int
    delay: float | None

    @property
    def delay_words(self) -> str:
        """The delay as people say it."""
        if self.delay is None:
            return ""
        if self.delay < 100:
            return str(_("%(seconds)s s", seconds=shown.quantity(Decimal(self.delay).quantize(Decimal("0.1")))))
        return str(format_timedelta(timedelta(seconds=self.delay)))


@dataclass(frozen=True)
class Parked:
    """A delivery that was given up."""

    id: int
    handler: str
    kind: str
    event_id: int
    occurred_at: datetime
    attempts: int
    error: str
    data: dict[str, Any]


def kinds() -> list[Kind]:
    """Every kind of event there is, by name; counted among the latest RECENT_EVENTS of the business."""
    recent = select(Event.kind, Event.occurred_at).order_by(Event.id.desc()).limit(RECENT_EVENTS).subquery()
    counted = select(recent.c.kind, func.count(), func.max(recent.c.occurred_at)).group_by(recent.c.kind)
    seen = {kind: (count, latest) for kind, count, latest in session.execute(counted)}
    found = []
    for name, declared in sorted(KINDS.items()):
        count, latest = seen.get(name, (0, None))
        listeners = sorted(one.name for one in HANDLERS.values() if name in one.kinds)
        holds = [(one.name, str(one.type)) for one in fields(declared)]  # type: ignore[arg-type]
        meaning = (inspect.getdoc(declared) or "").split("\n\n")[0].replace("\n", " ").replace("`", "")
        found.append(Kind(name, meaning, holds, listeners, count, latest))
    return found


def handlers() -> list[Handler]:
    """Every listener, by name."""
    counted = (
        select(Delivery.handler, Delivery.state, func.count(), func.max(Delivery.attempts))
        .where(Delivery.state.in_(("pending", "parked")))
        .group_by(Delivery.handler, Delivery.state)
    )
    waiting: dict[tuple[str, str], int] = {}
    attempts: dict[str, int] = defaultdict(int)
    for handler, state, count, most in session.execute(counted):
        waiting[handler, state] = count
        if state == "pending":
            attempts[handler] = most
    recent = (
        select(Delivery.handler, Delivery.done_at, Event.relayed_at)
        .join(Event, Event.id == Delivery.event_id)
        .where(Delivery.state == "done", Delivery.done_at.is_not(None))
        .order_by(Delivery.id.desc())
        .limit(RECENT_DELIVERIES)
    )
    delays: dict[str, list[float]] = defaultdict(list)
    for handler, done_at, relayed_at in session.execute(recent):
        if done_at is not None and relayed_at is not None:
            delays[handler].append((done_at - relayed_at).total_seconds())
    return [
        Handler(
            one.name,
            one.kinds,
            waiting.get((one.name, "pending"), 0),
            attempts[one.name],
            waiting.get((one.name, "parked"), 0),
            median(delays[one.name]) if delays[one.name] else None,
        )
        for one in sorted(HANDLERS.values(), key=lambda listener: listener.name)
    ]


def parked() -> list[Parked]:
    """The deliveries that were given up, newest first."""
    rows = session.execute(
        select(Delivery, Event)
        .join(Event, Event.id == Delivery.event_id)
        .where(Delivery.state == "parked")
        .order_by(Delivery.id.desc())
        .limit(PARKED_SHOWN)
    )
    return [
        Parked(
            delivery.id,
            delivery.handler,
            event.kind,
            event.id,
            event.occurred_at,
            delivery.attempts,
            delivery.error or "",
            event.data,
        )
        for delivery, event in rows
    ]


def all_schedules() -> Sequence[Schedule]:
    """What happens by the clock, the next first."""
    return session.scalars(select(Schedule).order_by(Schedule.paused, Schedule.next_run_at)).all()


def latest_tasks(names: Sequence[str]) -> dict[str, Task]:
    """The latest task of each name."""
    newest = select(func.max(Task.id)).where(Task.name.in_(names)).group_by(Task.name)
    rows = session.scalars(select(Task).where(Task.id.in_(newest)))
    return {row.name: row for row in rows}
