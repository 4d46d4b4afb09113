"""What happens by the clock: a row per tenant with a cron line, which becomes a task each time it is due.

A run that was missed (the machine was off) is caught up by one; several schedulers do no harm.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from croniter import croniter
from croniter.croniter import CroniterError
from flask_babel import gettext as _
from sqlalchemy import JSON, Index, UniqueConstraint, select, update
from sqlalchemy.orm import Mapped, mapped_column

from retail.core import audit
from retail.core.audit import Audited
from retail.core.clock import now
from retail.core.db import Model, reading, session, unit_of_work
from retail.core.errors import NotFound, Refused
from retail.core.tasks import ENDS, TASKS, Task, ask_for
from retail.core.tenancy import OfTenant, across_tenants, awake, inside


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
class Standing:
    """A schedule that every tenant has: the task, and when, in the tenant's zone."""

    name: str
    label: Any
    task: str
    cron: str


STANDING: dict[str, Standing] = {}


def next_time(cron: str, zone: str, after: datetime) -> datetime:
    """The next instant a cron line names on the wall clock of `zone`; a time that a clock change skips happens as
    much later as the clock jumped (01:30 at 02:30), one that happens twice happens the first time."""
    local = after.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    walk = croniter(cron, local)
    while True:
        candidate: datetime = walk.get_next(datetime)
        instant = candidate.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(after.tzinfo)
        if instant > after:
            return instant


def check_cron(cron: str) -> None:
    """Refused when a cron line cannot be read, or names a time that never comes."""
    try:
        croniter(cron).get_next(datetime)
    except (CroniterError, ValueError):
        text = _("“%(cron)s” is not a schedule; write five fields such as 0 7 * * *.", cron=cron)
        raise Refused(text, field="cron") from None


def plan(name: str, label: str, task_name: str, cron: str, zone: str, **arguments: Any) -> Schedule:
    """Put a schedule in place, or bring the present one up to date; its pause is left as it is."""
    check_cron(cron)
    row = session.scalar(select(Schedule).where(Schedule.name == name))
    if row is None:
        row = Schedule(name=name, paused=False)
        session.add(row)
    row.label, row.task, row.cron, row.zone, row.arguments = label, task_name, cron, zone, arguments
    row.next_run_at = next_time(cron, zone, now())
    session.flush()
    return row


def stand(name: str, label: Any, task_name: str, cron: str) -> None:
    """Declare that every tenant has this schedule. What somebody changes about theirs stays as they want it."""
    STANDING[name] = Standing(name, label, task_name, cron)


def plan_standing(zone: str) -> None:
    """Give the tenant we are in the schedules every tenant has; those it has are left alone."""
    known = set(session.scalars(select(Schedule.name)))
    for one in STANDING.values():
        if one.name not in known:
            plan(one.name, str(one.label), one.task, one.cron, zone)


def reschedule(schedule_id: int, cron: str) -> Schedule:
    """Let a schedule happen at other times."""
    check_cron(cron)
    row = _schedule(schedule_id)
    row.cron, row.next_run_at = cron, next_time(cron, row.zone, now())
    return row


def pause(schedule_id: int) -> Schedule:
    """Let a schedule rest until it is resumed."""
    row = _schedule(schedule_id)
    row.paused = True
    return row


def resume(schedule_id: int) -> Schedule:
    """Let a schedule go on; what it missed while it rested stays missed."""
    row = _schedule(schedule_id)
    row.paused, row.next_run_at = False, next_time(row.cron, row.zone, now())
    return row


def run_now(schedule_id: int) -> Task:
    """Ask for a schedule's task once, now; its next run stays as it is. While one waits or runs it is that one: nothing
    is done twice at a time."""
    row = _schedule(schedule_id)
    of_it = Task.schedule_id == row.id, Task.state.not_in(ENDS)
    under_way = session.scalar(select(Task).where(*of_it).order_by(Task.id).limit(1))
    if under_way is not None:
        return under_way
    task = ask_for(row.task, **row.arguments)
    task.schedule_id = row.id
    audit.record("run", "schedules", row.id, row.label)
    return task


def coming_times(row: Schedule, count: int) -> list[datetime]:
    """When a schedule happens next, so many times, as the clock on the wall of its zone shows it."""
    found, instant = [row.next_run_at], row.next_run_at
    while len(found) < count:
        instant = next_time(row.cron, row.zone, instant)
        found.append(instant)
    return [one.astimezone(ZoneInfo(row.zone)) for one in found]


def _schedule(schedule_id: int) -> Schedule:
    row = session.scalar(select(Schedule).where(Schedule.id == schedule_id).with_for_update())
    if row is None:
        raise NotFound(_("There is no such schedule."))
    return row


def fire_due() -> int:
    """Turn every due schedule into a task, once each however many schedulers run; missed runs are caught up by one."""
    with across_tenants(), reading():
        waiting = session.execute(
            select(Schedule.id, Schedule.tenant_id).where(
                Schedule.paused.is_(False), Schedule.next_run_at <= now(), awake(Schedule.tenant_id)
            )
        ).all()
    fired = 0
    for schedule_id, tenant_id in waiting:
        with inside(tenant_id), unit_of_work():
            row = session.scalar(select(Schedule).where(Schedule.id == schedule_id).with_for_update())
            if row is None or row.paused or row.next_run_at > now():
                continue
            if row.task in TASKS:
                task = ask_for(row.task, key=f"{row.name}@{row.next_run_at.isoformat()}", **row.arguments)
                task.schedule_id = row.id
                fired += 1
            # Moving on by the clock is no change that somebody made: it leaves no audit entry.
            session.execute(
                update(Schedule)
                .where(Schedule.id == row.id)
                .values(last_run_at=row.next_run_at, next_run_at=next_time(row.cron, row.zone, now())),
                execution_options={"synchronize_session": False},
            )
    return fired
