"""The verbs of jobs for many rows: begin, now or later, go on, take back. Each works in the caller's transaction, part
by part; who moves a run holds its lock (`queries.run_numbered`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from retail.core import audit, shown
from retail.core.audit import current_actor
from retail.core.clock import now
from retail.core.db import in_chunks, session
from retail.core.errors import NotFound, Refused
from retail.core.tables import TABLES, Bulk
from retail.core.tables.bulk import State
from retail.core.tasks import Task, ask_for, cancel
from retail.core.tenancy import insert_owned
from retail.lists.models import KEPT_DAYS, RUN_FLOW, BulkChange, BulkRun

AT_ONCE = 100
"""So many rows are changed while the person waits; more of them by a worker, with progress."""
PART = 200
"""Rows changed in one transaction: a till that sells meanwhile waits for no longer than that takes."""
FARTHEST_DAYS = KEPT_DAYS - 10
"""A job begins and ends within the time in which it can be undone."""
MOST = 20_000
"""Rows one job may be given. They are written down in the transaction that asks for it: a third of a second of SQLite's
one writer, for which tills wait."""


def check_size(rows: int) -> None:
    """Refused for more rows than one job may be given."""
    if rows > MOST:
        raise Refused(_("That is more than %(n)s rows; narrow the list first.", n=shown.quantity(MOST)))


@dataclass(frozen=True)
class When:
    """When a job is done and when it is taken back by itself; None is at once, and never."""

    starts_at: datetime | None = None
    ends_at: datetime | None = None

    def check(self) -> None:
        """Refused, at the field, for what is past, an end before the beginning, and what could not be undone."""
        last = now() + timedelta(days=FARTHEST_DAYS)
        if self.starts_at is not None and self.starts_at <= now():
            raise Refused(_("That is past; leave it empty to begin at once."), field="starts_at")
        if self.ends_at is not None and self.ends_at <= (self.starts_at or now()):
            raise Refused(_("It would end before it begins."), field="ends_at")
        for name, instant in (("starts_at", self.starts_at), ("ends_at", self.ends_at)):
            if instant is not None and instant > last:
                raise Refused(_("Choose a time within %(n)s days.", n=FARTHEST_DAYS), field=name)


AT_ONCE_AND_FOR_GOOD = When()


def begin(
    list_name: str,
    job: str,
    answers: Mapping[str, Any],
    rows: Iterable[tuple[int, str]],
    when: When = AT_ONCE_AND_FOR_GOOD,
) -> BulkRun:
    """A job for rows of a list, given as id and name; nothing is changed yet. What is small is then done at once by the
    caller, what is large or comes later is left to a worker.

    Refused for no rows, too many, answers the job cannot use, and a time that cannot be.
    """
    declared = TABLES[list_name].bulk[job]
    if declared.check is not None:
        declared.check(answers)
    when.check()
    actor, instant = current_actor(), now()
    run = BulkRun(
        list_name=list_name,
        job=job,
        answers=dict(answers),
        user_id=actor.user_id,
        user_name=actor.name,
        created_at=instant,
        starts_at=when.starts_at,
        ends_at=when.ends_at,
    )
    session.add(run)
    session.flush()
    for part in in_chunks(rows, 1000):
        run.rows += len(part)
        check_size(run.rows)
        insert_owned(
            BulkChange,
            [
                {
                    "bulk_run_id": run.id,
                    "row_id": row_id,
                    "label": label[:200],
                    "state": "waiting",
                    "before": {},
                    "after": {},
                    "reason": "",
                    "created_at": instant,
                }
                for row_id, label in part
            ],
        )
    if not run.rows:
        raise Refused(_("Choose at least one row."))
    audit.record("bulk", list_name, run.id, str(declared.label), {"rows": run.rows, **run.answers})
    if when.starts_at is None:
        RUN_FLOW.move(run, "running")
    if when.starts_at is not None or run.rows > AT_ONCE:
        run.task_id = ask_for("lists.carry_out", due_at=when.starts_at, bulk_run_id=run.id).id
    session.flush()
    return run


def start(run: BulkRun) -> None:
    """Let a planned job begin, now that its time has come; one that began already goes on."""
    if run.state == "planned":
        RUN_FLOW.move(run, "running")
        session.flush()


def call_off(run: BulkRun) -> None:
    """Let a planned job never begin. Refused for one that began."""
    if run.state != "planned":
        raise Refused(_("This has begun already; undo it instead."))
    RUN_FLOW.move(run, "called_off")
    run.ended_at = now()
    audit.record("call_off", run.list_name, run.id, str(_job(run).label), {"rows": run.rows})
    _give_up(run.task_id)
    session.flush()


def keep_for_good(run: BulkRun) -> None:
    """Let what a job changed stay, though it was to be taken back. Refused when nothing is to be."""
    if run.ends_at is None or run.state in {"undoing", "undone", "called_off"}:
        raise Refused(_("Nothing of it is to be taken back."))
    audit.record("keep", run.list_name, run.id, str(_job(run).label), {"until": run.ends_at.isoformat()})
    run.ends_at = None
    _give_up(run.end_task_id)
    run.end_task_id = None
    session.flush()


def take_back_in_time(run: BulkRun) -> None:
    """Begin to undo a job whose time is over. What was undone by hand, kept for good or called off is left."""
    if run.state == "done" and run.ends_at is not None and run.ends_at <= now():
        run.task_id, run.end_task_id = run.end_task_id, None
        RUN_FLOW.move(run, "undoing")
        audit.record("undo", run.list_name, run.id, str(_job(run).label), {"rows": run.to_undo})
        session.flush()


def _give_up(task_id: int | None) -> None:
    task = session.get(Task, task_id) if task_id is not None else None
    if task is not None and not task.has_ended:
        cancel(task.id)


def carry_out(run: BulkRun, limit: int) -> int:
    """Do the next part of a job, of so many rows; returns how many are left. What is refused says why, and stays as it
    was."""
    job = _job(run)
    part = _next(run, "waiting", limit)
    known = job.read([one.row_id for one in part], lock=True)
    written: dict[int, State] = {}
    for one in part:
        before = known.get(one.row_id)
        if before is None:
            one.state, one.reason = "refused", str(_("It is no longer there."))
            run.refused += 1
            continue
        try:
            after = job.change(before, run.answers)
        except Refused as no:
            one.state, one.reason = "refused", no.message
            run.refused += 1
            continue
        one.before, one.after = before, after
        one.state = "unchanged" if after == before else "changed"
        if one.state == "changed":
            written[one.row_id] = after
            run.changed += 1
        else:
            run.unchanged += 1
    if written:
        job.write(written)
        # As the database has it now: undoing compares with that.
        kept = job.read([*written])
        for one in part:
            if one.row_id in kept and one.state == "changed":
                one.after = kept[one.row_id]
    # Rows that are forgotten by now cannot be done: a job that waited so long ends with what it did.
    left = run.rows - run.handled if part else 0
    if not left:
        RUN_FLOW.move(run, "done")
        run.ended_at = now()
        if run.ends_at is not None:
            run.end_task_id = ask_for("lists.take_back", due_at=run.ends_at, bulk_run_id=run.id).id
    session.flush()
    return left


def take_back(run: BulkRun) -> None:
    """Begin to undo a job, or go on where an undoing was stopped: few rows are then undone at once by the caller, many
    by a worker, whose task the run names. Refused for one that still runs, is undone already, or too long ago."""
    _job(run)
    if run.state in {"undone", "undoing"}:
        raise Refused(_("This has been undone already."))
    if run.state in {"planned", "called_off"}:
        raise Refused(_("This has not begun; there is nothing to undo."))
    if run.state != "done":
        raise Refused(_("This is still being done. Cancel its task, or wait for its end."))
    if run.is_forgotten:
        raise Refused(
            _("This is too long ago to be undone: what the rows were is kept for %(n)s days.", n=KEPT_DAYS),
        )
    RUN_FLOW.move(run, "undoing")
    audit.record("undo", run.list_name, run.id, str(_job(run).label), {"rows": run.to_undo})
    _give_up(run.end_task_id)
    run.end_task_id = None
    run.task_id = ask_for("lists.take_back", bulk_run_id=run.id).id if run.to_undo > AT_ONCE else None
    session.flush()


def give_back(run: BulkRun, limit: int) -> int:
    """Undo the next part of a job, of so many rows; returns how many are left. Each value that is still as the job left
    it becomes what it was; what somebody changed since stays, and the row says so."""
    job = _job(run)
    part = _next(run, "changed", limit)
    known = job.read([one.row_id for one in part], lock=True)
    written: dict[int, State] = {}
    for one in part:
        present = known.get(one.row_id)
        if present is None:
            one.state, one.reason = "kept", str(_("It is no longer there."))
            run.kept += 1
            continue
        touched = {name for name in one.after if one.after[name] != one.before.get(name)}
        since = {name for name in touched if present.get(name) != one.after[name]}
        back = {name: one.before.get(name) for name in touched - since}
        if back:
            written[one.row_id] = {**present, **back}
        if since:
            one.state = "kept"
            one.reason = str(_("Changed since: it is now %(now)s.", now=job.words(present)))
            run.kept += 1
        else:
            one.state = "restored"
            run.restored += 1
    if written:
        job.write(written)
    # What is forgotten cannot be given back: undoing ends with what it found.
    left = run.to_undo if part else 0
    if not left:
        RUN_FLOW.move(run, "undone")
        run.ended_at = now()
    session.flush()
    return left


def finish_early(run: BulkRun) -> None:
    """Let a run whose task was cancelled count as done with what it did, so that it can be undone, or undone further;
    the rows it did not reach stay as they were. Refused for one that ended."""
    if run.state not in {"running", "undoing"}:
        raise Refused(_("This has ended already."))
    if run.state == "running":
        run.rows = run.handled
    RUN_FLOW.move(run, "done")
    run.ended_at = now()
    session.flush()


def _next(run: BulkRun, state: str, limit: int) -> Sequence[BulkChange]:
    return session.scalars(
        select(BulkChange)
        .where(BulkChange.bulk_run_id == run.id, BulkChange.state == state)
        .order_by(BulkChange.id)
        .limit(limit)
        .with_for_update()
    ).all()


def _job(run: BulkRun) -> Bulk:
    if run.declared is None:
        raise NotFound(_("This version of the program no longer knows how to do this."))
    return run.declared
