"""The verbs of an import up to the moment a task takes over: take a file in, read it right, match columns, ask."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, BinaryIO

from flask_babel import gettext as _
from sqlalchemy import select

from retail.core import files, tasks
from retail.core.audit import current_actor, record
from retail.core.clock import now
from retail.core.db import session
from retail.core.errors import NotFound, Refused
from retail.core.files import StoredFile
from retail.core.imports.kinds import Kind, Layout, kind_called
from retail.core.imports.models import IMPORT_FLOW, Import, RememberedMapping
from retail.core.imports.patterns import checked_pattern, is_pattern, usable
from retail.core.spreadsheets import Match, Sheet, SpreadsheetError, match_columns, normalized, read
from retail.core.tasks import Cancelled, Task

CHECK, RUN, WEIGH, UNDO = "imports.check", "imports.run", "imports.weigh", "imports.undo"
WORKED_ON = {"checking": CHECK, "running": RUN, "weighing": WEIGH, "undoing": UNDO}
"""The states in which a task works on an import, and which."""


def get(import_id: int, *, lock: bool = False) -> Import:
    """An import of the tenant we are in; NotFound when there is none."""
    row = session.scalar(
        select(Import).where(Import.id == import_id).with_for_update()
        if lock
        else select(Import).where(Import.id == import_id)
    )
    if row is None:
        raise NotFound(_("There is no such import."))
    return row


def mine(import_id: int, state: str) -> Import:
    """The import, locked; Cancelled when somebody has given up since what is being done to it."""
    row = get(import_id, lock=True)
    if row.state != state:
        raise Cancelled
    return row


def upload(kind: str, filename: str, content_type: str, stream: BinaryIO, options: Mapping[str, Any]) -> Import:
    """Take a file in. Refused, with the remedy, when it is no table that can be read."""
    kind_called(kind)
    filename = filename.replace("\\", "/").rpartition("/")[2].strip()[:200] or str(_("The file"))
    # Copying and reading come before the first statement: a long file must not hold the database's write lock.
    kept = files.keep(stream)
    try:
        read(kept.path, filename)
    except SpreadsheetError as problem:
        raise Refused(str(problem), field="file") from problem
    stored = files.store_kept(filename, content_type, kept)
    actor = current_actor()
    row = Import(
        kind=kind,
        state=IMPORT_FLOW.start,
        filename=filename,
        file_id=stored.id,
        options=dict(options),
        user_id=actor.user_id,
        user_name=actor.name,
        created_at=now(),
    )
    session.add(row)
    session.flush()
    return row


def open_sheet(row: Import) -> Sheet:
    """The file as a table, read as the person chose. Raises SpreadsheetError."""
    stored = session.get_one(StoredFile, row.file_id)
    return read(
        files.path_of(stored),
        row.filename,
        encoding=row.encoding or None,
        delimiter=row.delimiter or None,
        sheet=row.sheet or None,
    )


def read_differently(
    row: Import, *, encoding: str = "", delimiter: str = "", sheet: str = "", decimal_comma: bool | None = None
) -> Sheet:
    """Read the file in another encoding, with another delimiter, sheet or decimal sign than what was found."""
    _require(row, "uploaded")
    row.encoding, row.delimiter, row.sheet, row.decimal_comma = encoding, delimiter, sheet, decimal_comma
    row.mapping, row.layout = {}, ""  # its columns may be others now
    try:
        return open_sheet(row)
    except SpreadsheetError as problem:
        raise Refused(str(problem), field="encoding" if encoding else "file") from problem


def signature_of(headers: tuple[str, ...]) -> str:
    """What files with the same columns, in whatever order, have in common."""
    return hashlib.sha256("\n".join(sorted(map(normalized, headers))).encode()).hexdigest()


def proposed(row: Import, sheet: Sheet) -> dict[str, Match]:
    """The column that is meant by each field: chosen before for such a file, or found by name."""
    kind = kind_called(row.kind)
    if row.mapping:
        chosen = usable(row.mapping, sheet.headers)
        return {name: Match(header, 1.0) for name, header in chosen.items()}
    known = session.scalar(
        select(RememberedMapping.mapping).where(
            RememberedMapping.kind == row.kind, RememberedMapping.signature == signature_of(sheet.headers)
        )
    )
    # Labels are translated late; people's files are in their language.
    fields = [replace(one, label=str(one.label)) for one in kind.fields]
    made = {name: text for name, text in usable(known or {}, sheet.headers).items() if text not in sheet.headers}
    columns = {name: "" if name in made else header for name, header in (known or {}).items()}
    found = match_columns(sheet.headers, fields, columns)
    return found | {name: Match(text, 1.0, remembered=True) for name, text in made.items()}


def mapping_called(kind: str, name: str) -> dict[str, str]:
    """A remembered mapping by its name; Refused with the known ones when there is none."""
    rows = session.execute(
        select(RememberedMapping.name, RememberedMapping.mapping).where(
            RememberedMapping.kind == kind, RememberedMapping.name != ""
        )
    ).all()
    found: dict[str, dict[str, str]] = {row.name: row.mapping for row in rows}
    if name not in found:
        known = ", ".join(sorted(found)) or _("none yet")
        raise Refused(_("There is no mapping “%(name)s”; there is: %(known)s.", name=name, known=known))
    return found[name]


def choose_columns(row: Import, mapping: Mapping[str, str], headers: tuple[str, ...], name: str = "") -> None:
    """Settle which column, or which pattern of columns, is which field, and remember it for files with the same
    columns."""
    _require(row, "uploaded")
    kind = kind_called(row.kind)
    chosen = {name: header for name, header in mapping.items() if header}
    _check_columns(kind, chosen, headers)
    row.mapping, row.layout = chosen, ""
    signature = signature_of(headers)
    known = session.scalar(
        select(RememberedMapping).where(RememberedMapping.kind == row.kind, RememberedMapping.signature == signature)
    )
    # What was left out on purpose is remembered too, so that it is not guessed again.
    kept = {one.name: chosen.get(one.name, "") for one in kind.fields}
    if known is None:
        session.add(RememberedMapping(kind=row.kind, signature=signature, name=name.strip()[:80], mapping=kept))
    else:
        known.mapping = kept
        known.name = name.strip()[:80] or known.name
    session.flush()


def _check_columns(kind: Kind, chosen: Mapping[str, str], headers: tuple[str, ...]) -> None:
    labels = {one.name: str(one.label) for one in kind.fields}
    taken: dict[str, str] = {}
    for name, header in chosen.items():
        if name in labels and header not in headers and is_pattern(header):
            checked_pattern(name, header, headers)
            continue
        if name not in labels or header not in headers:
            raise Refused(_("The file has no column “%(header)s”.", header=header), field=name)
        if header in taken:
            raise Refused(
                _(
                    "The column “%(header)s” is chosen for both %(one)s and %(other)s.",
                    header=header,
                    one=labels[taken[header]],
                    other=labels[name],
                ),
                field=name,
            )
        taken[header] = name
    if kind.known_by and not any(name in chosen for name in kind.known_by):
        names = ", ".join(labels[name] for name in kind.known_by)
        raise Refused(_("Say which column is one of these: %(names)s. Rows are told apart by them.", names=names))
    for one in kind.fields:
        if one.required and one.name not in chosen:
            raise Refused(
                _("Choose the column that holds “%(label)s”; no row can do without.", label=one.label), field=one.name
            )


def recognize(row: Import, sheet: Sheet) -> Layout | None:
    """The program the file comes from, if it is one whose files are understood as they are."""
    return kind_called(row.kind).layout_of(sheet.headers)


def choose_layout(row: Import, name: str, headers: tuple[str, ...]) -> None:
    """Take the file for one of another program. Refused when that program's columns are missing."""
    _require(row, "uploaded")
    kind = kind_called(row.kind)
    layout = kind.layout_called(name)
    if layout is None:
        known = ", ".join(one.name for one in kind.layouts) or _("none")
        raise Refused(_("There is no layout “%(name)s”; there is: %(known)s.", name=name, known=known))
    if not layout.knows(headers):
        found = {normalized(header) for header in headers}
        missing = min((one - found for one in layout.columns), key=len)
        raise Refused(
            _(
                "This is no file of %(program)s: it lacks the columns %(names)s. Export it anew, or match its columns.",
                program=layout.label,
                names=", ".join(sorted(missing)),
            )
        )
    row.layout, row.mapping = layout.name, {}


def ask_check(row: Import) -> None:
    """Have the dry run done by a worker."""
    _start_check(row)
    row.task_id = tasks.ask_for(CHECK, import_id=row.id).id


def begin_check(row: Import) -> None:
    """Be ready for a dry run in this process."""
    _start_check(row)
    row.task_id = None


def _start_check(row: Import) -> None:
    if not row.mapping and not row.layout:
        raise Refused(_("Match the columns first."))
    IMPORT_FLOW.move(row, "checking")
    row.problem, row.checked, row.sample, row.error_file_id, row.report_file_id = "", {}, [], None, None
    session.flush()


def ask_run(row: Import) -> None:
    """Have the import done by a worker, after a dry run that found something to do."""
    begin_run(row)
    row.task_id = tasks.ask_for(RUN, import_id=row.id).id


def begin_run(row: Import) -> None:
    """Be ready for a run in this process; without a dry run, when nobody needs to look first."""
    if row.state == "uploaded" and not row.mapping and not row.layout:
        raise Refused(_("Match the columns first."))
    if row.state == "checked" and row.checked.get("rejected") == row.checked.get("rows"):
        raise Refused(_("No row of this file can be imported. Mend the rows, then upload the file again."))
    IMPORT_FLOW.move(row, "running")
    row.problem, row.error_file_id, row.task_id = "", None, None
    session.flush()


def go_on(row: Import) -> None:
    """Start again work whose task failed; a run or an undo goes on behind the last chunk it finished."""
    if row.state not in WORKED_ON or not has_stopped(row):
        raise Refused(_("This import is not standing still."))
    row.task_id = tasks.ask_for(WORKED_ON[row.state], import_id=row.id).id


def task_of(row: Import) -> Task | None:
    """The task that works on it, or the last one that did."""
    return session.get(Task, row.task_id) if row.task_id is not None else None


def has_stopped(row: Import) -> bool:
    """Whether its work ended without an end: the task failed for good."""
    task = task_of(row)
    return task is None or task.has_ended


def back_to_columns(row: Import) -> None:
    """Look at the columns again: after a dry run, in the middle of one, or after a failure."""
    stop_task(row)
    IMPORT_FLOW.move(row, "uploaded")
    row.problem = ""


def cancel(row: Import) -> None:
    """Give it up. What a run has imported already stays. Refused once it has ended: whoever weighs an undo leaves it by
    `leave_as_is`."""
    _require(row, "uploaded", "checking", "checked", "running", "failed")
    stop_task(row)
    if row.state == "checking":
        IMPORT_FLOW.move(row, "uploaded")
    was_running = row.state == "running"
    IMPORT_FLOW.move(row, "cancelled")
    row.ended_at = now()
    if was_running:
        record("cancel", "imports", row.id, row.filename, {name: [0, count] for name, count in row.counts.items()})


def stop_task(row: Import) -> None:
    """Stop whatever works on it."""
    task = task_of(row)
    if task is not None and not task.has_ended:
        tasks.cancel(task.id)


def _require(row: Import, *states: str) -> None:
    if row.state not in states:
        raise Refused(_("The import has gone on since; reload the page."))
