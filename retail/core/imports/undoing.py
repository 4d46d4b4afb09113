"""Undoing an import: what it made goes, what it changed becomes what it was, and what somebody did since stays.

Changes are taken back last first, some hundred in a transaction. What came of each is kept beside it, so an undo whose
worker died goes on with what is left, and one that is asked for again says the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from retail.core import tasks
from retail.core.audit import record
from retail.core.clock import now
from retail.core.db import reading, session, unit_of_work
from retail.core.errors import Refused
from retail.core.imports import services
from retail.core.imports.kinds import Outcome, Past, Reversal, kind_called
from retail.core.imports.models import IMPORT_FLOW, Import, ImportChange
from retail.core.tasks import Cancelled, task
from retail.core.tenancy import update_owned

CHANGES_A_CHUNK = 200
SHOWN = 200
"""How many rows that stay are shown; all can be read from the list of changes."""
COUNTED: tuple[Outcome, ...] = ("removed", "restored", "withdrawn", "kept")
STRENGTH: dict[str, int] = {"gone": 0, "needed": 0, "restored": 1, "removed": 1, "withdrawn": 2, "kept": 3}
"""A row of the file may have made several records; it counts as what the strongest of them came to."""
Progress = Callable[[int, int | None, str], None]


@dataclass
class _Tally:
    """What came of the rows, each counted once, and the first of those that stay."""

    by_row: dict[int, str] = field(default_factory=dict)
    kept: list[dict[str, Any]] = field(default_factory=list)

    def take(self, row: int, outcome: str) -> None:
        if outcome in {"gone", "needed"}:
            return
        before = self.by_row.get(row)
        if before is None or STRENGTH[outcome] > STRENGTH[before]:
            self.by_row[row] = outcome

    def as_dict(self) -> dict[str, Any]:
        counts = Counter(self.by_row.values())
        return {**{name: counts[name] for name in COUNTED}, "kept_rows": self.kept[:SHOWN]}


def ask_weigh(row: Import) -> None:
    """Have a worker look what undoing an import would come to; nothing is changed by that."""
    _start(row, "weighing")
    row.task_id = tasks.ask_for(services.WEIGH, import_id=row.id).id


def leave_as_is(row: Import) -> None:
    """Not undo it after all."""
    services.stop_task(row)
    IMPORT_FLOW.move(row, row.undo.get("from", "done"))
    row.undo, row.task_id = {}, None


def begin_undo(row: Import) -> None:
    """Be ready to undo it in this process."""
    _start(row, "undoing")
    row.task_id = None


def ask_undo(row: Import) -> None:
    """Have a worker undo it."""
    _start(row, "undoing")
    row.task_id = tasks.ask_for(services.UNDO, import_id=row.id).id


def _start(row: Import, state: str) -> None:
    if row.state in {"done", "cancelled"} and not row.has_written:
        raise Refused(_("This import wrote nothing; there is nothing to undo."))
    before = row.undo.get("from") or row.state
    IMPORT_FLOW.move(row, state)
    row.undo = {"from": before}
    session.flush()


def weigh(import_id: int, progress: Progress) -> dict[str, Any]:
    """What undoing would come to, in rows; writes nothing of it."""
    with reading():
        row = services.get(import_id)
        if row.state != "weighing":
            raise Cancelled
        undoing, total = kind_called(row.kind).undo(row), _left(import_id)
    tally, done = _Tally(), 0
    for changes in _chunks(import_id):
        with reading():
            found = undoing.plan(_read(changes))
        _note(tally, found)
        done += len(changes)
        progress(done, total, "")
    with unit_of_work():
        row = services.mine(import_id, "weighing")
        row.undo = {**tally.as_dict(), "from": row.undo.get("from", "done")}
        IMPORT_FLOW.move(row, "weighed")
        return row.undo


def undo(import_id: int, progress: Progress) -> dict[str, Any]:
    """Undo it as far as nobody did something else since. One that is undone already stays as it is."""
    with reading():
        row = services.get(import_id)
        if row.state == "undone":
            return row.undo
        if row.state != "undoing":
            raise Cancelled
        kind = kind_called(row.kind)
        undoing, total, done = kind.undo(row), _all(import_id), 0
    with reading():
        done = total - _left(import_id)
    for changes in _chunks(import_id):
        with unit_of_work():
            services.mine(import_id, "undoing")
            rows = _read(changes)
            found = undoing.plan(rows)
            undoing.apply(rows, found)
            _keep(found)
        done += len(changes)
        progress(done, total, "")
    with unit_of_work():
        row = services.mine(import_id, "undoing")
        row.undo = _settled(import_id)
        row.ended_at = now()
        IMPORT_FLOW.move(row, "undone")
        counts: dict[str, Any] = {name: [None, row.undo[name]] for name in COUNTED}
        record("undo", "imports", row.id, row.filename, counts)
        kind.undone(row)
        return row.undo


def kept_rows(import_id: int) -> Iterator[dict[str, Any]]:
    """Everything that stayed, in the order of the file; each with its row, what people call it, the fields (what the
    import wrote, what stands there), and why it stays."""
    statement = (
        select(ImportChange)
        .where(ImportChange.import_id == import_id, ImportChange.outcome == "kept")
        .order_by(ImportChange.row, ImportChange.id)
    )
    for change in session.scalars(statement):
        yield {"row": change.row, "label": change.label, **change.kept}


def _told(reversal: Reversal) -> dict[str, Any]:
    if reversal.outcome != "kept":
        return {}
    return {"fields": {name: list(pair) for name, pair in reversal.kept.items()}, "reason": reversal.reason}


def _note(tally: _Tally, found: Sequence[Reversal]) -> None:
    for reversal in found:
        tally.take(reversal.row, reversal.outcome)
        if reversal.outcome == "kept" and (reversal.kept or reversal.reason):
            tally.kept.append({"row": reversal.row, "label": reversal.label, **_told(reversal)})
    # Only the first of the file are shown, and memory must not grow with what stays.
    tally.kept = sorted(tally.kept, key=lambda one: int(one["row"]))[:SHOWN]


def _settled(import_id: int) -> dict[str, Any]:
    """What the undo came to, as it stands beside the changes: the same after a crash in the middle."""
    tally = _Tally()
    for row, outcome in session.execute(
        select(ImportChange.row, ImportChange.outcome).where(ImportChange.import_id == import_id)
    ):
        tally.take(row, outcome)
    for one in kept_rows(import_id):
        if one["fields"] or one["reason"]:
            tally.kept.append(one)
        if len(tally.kept) == SHOWN:
            break
    return tally.as_dict()


def _chunks(import_id: int) -> Iterator[list[int]]:
    """The ids of the changes not settled yet, the last first."""
    below: int | None = None
    while True:
        statement = select(ImportChange.id).where(ImportChange.import_id == import_id, ImportChange.outcome == "")
        if below is not None:
            statement = statement.where(ImportChange.id < below)
        with reading():
            ids = session.scalars(statement.order_by(ImportChange.id.desc()).limit(CHANGES_A_CHUNK)).all()
        if not ids:
            return
        yield list(ids)
        below = ids[-1]


def _read(ids: Sequence[int]) -> list[Past]:
    """The changes with these ids, the last first; plain values, for whoever writes in bulk lets go of all rows."""
    columns = [getattr(ImportChange, one.name) for one in fields(Past)]
    rows = session.execute(select(*columns).where(ImportChange.id.in_(ids)).order_by(ImportChange.id.desc()))
    return [Past(*row) for row in rows]


def _keep(found: Sequence[Reversal]) -> None:
    """Write what came of each change beside it."""
    update_owned(
        ImportChange,
        {one.change_id: {"outcome": one.outcome, "label": one.label, "kept": _told(one)} for one in found},
    )


def _left(import_id: int) -> int:
    statement = select(func.count(ImportChange.id)).where(
        ImportChange.import_id == import_id, ImportChange.outcome == ""
    )
    return session.scalar(statement) or 0


def _all(import_id: int) -> int:
    return session.scalar(select(func.count(ImportChange.id)).where(ImportChange.import_id == import_id)) or 0


@task(services.WEIGH, _l("Look at what an undo would change"), timeout=3600, retry_seconds=(5, 60), quiet=True)
def weigh_task(progress: Progress, import_id: int) -> dict[str, Any]:
    """`weigh` by a worker."""
    return dict(weigh(import_id, progress))


@task(services.UNDO, _l("Undo of an import"), timeout=4 * 3600, retry_seconds=(5, 60), quiet=True, takes_turns=True)
def undo_task(progress: Progress, import_id: int) -> dict[str, Any]:
    """`undo` by a worker."""
    return dict(undo(import_id, progress))
