"""Reads of what the program does by the clock."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select

from retail.core.db import session
from retail.core.schedules import Schedule
from retail.core.tasks import Task


def all_schedules() -> Sequence[Schedule]:
    """What happens by the clock, the next first."""
    return session.scalars(select(Schedule).order_by(Schedule.paused, Schedule.next_run_at)).all()


def latest_runs() -> dict[int, Task]:
    """The latest run of each schedule, by the clock or by hand."""
    newest = select(func.max(Task.id)).where(Task.schedule_id.is_not(None)).group_by(Task.schedule_id)
    rows = session.scalars(select(Task).where(Task.id.in_(newest)))
    return {row.schedule_id: row for row in rows if row.schedule_id is not None}


def runs_of(schedule: Schedule, limit: int) -> Sequence[Task]:
    """The last runs of a schedule, newest first."""
    statement = select(Task).where(Task.schedule_id == schedule.id)
    return session.scalars(statement.order_by(Task.id.desc()).limit(limit)).all()
