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


def latest_tasks(names: Sequence[str]) -> dict[str, Task]:
    """The latest task of each name."""
    newest = select(func.max(Task.id)).where(Task.name.in_(names)).group_by(Task.name)
    rows = session.scalars(select(Task).where(Task.id.in_(newest)))
    return {row.name: row for row in rows}
