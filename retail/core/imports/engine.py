"""The dry run and the run: a file in chunks of rows, each chunk planned and written in one transaction.

Rows are checked before anything is written, so a bad row never costs a good one. The position is kept with each chunk:
a run whose worker died plans what is settled again, without counting or writing it, and goes on behind it.
"""

from __future__ import annotations

import csv
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from retail.core import files
from retail.core.audit import record
from retail.core.clock import now
from retail.core.db import in_chunks, reading, session, unit_of_work
from retail.core.errors import Refused
from retail.core.export import guarded
from retail.core.imports import services
from retail.core.imports.kinds import (
    COUNTED,
    Attaching,
    Changed,
    Given,
    Importing,
    Kind,
    Plan,
    Reader,
    Told,
    kind_called,
)
from retail.core.imports.models import IMPORT_FLOW, Import, ImportChange
from retail.core.imports.patterns import filler, is_pattern
from retail.core.spreadsheets import BadRow, Sheet, SpreadsheetError, write_error_file
from retail.core.spreadsheets.sheet import Row
from retail.core.tasks import Cancelled, task
from retail.core.tenancy import insert_owned

ATTACHED_A_CHUNK = 20
"""Rows whose pictures are made ready before they are written together."""
ROWS_A_CHUNK = 200
"""Rows of a transaction. A till that sells meanwhile waits for one chunk at most: some hundredths of a second."""
SHOWN = 100
"""How many rows of each action the page of a dry run shows; all stand in the files."""
Progress = Callable[[int, int | None, str], None]


@dataclass
class _Tally:
    """What a pass found: counts, the first plans to show, how many rows went by."""

    rows: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    sample: list[dict[str, Any]] = field(default_factory=list)
    attached: int = 0

    def take(self, plans: Sequence[Plan]) -> None:
        self.rows += len(plans)
        for plan in plans:
            self.counts[COUNTED[plan.action]] += 1
            self.attached += bool(plan.attaches)
            if plan.action != "unchanged" and self.counts[COUNTED[plan.action]] <= SHOWN:
                self.sample.append(
                    {
                        "row": plan.number,
                        "action": plan.action,
                        "label": plan.label,
                        "changes": {name: list(pair) for name, pair in plan.changes.items()},
                        "reason": plan.reason,
                    }
                )

    def as_dict(self) -> dict[str, int]:
        attached = {"attached": self.attached} if self.attached else {}
        return {"rows": self.rows, **{name: self.counts[name] for name in COUNTED.values()}, **attached}


@dataclass(frozen=True)
class _Pass:
    """One reading of the file by one kind."""

    kind: Kind
    sheet: Sheet
    importing: Importing
    reader: Reader
    commas: Mapping[str, bool]

    def plan(self, rows: Sequence[Row]) -> list[Plan]:
        """One plan per row, in order; what the file itself has wrong is rejected before the kind sees it."""
        settled: dict[int, Plan] = {}
        given: list[Given] = []
        for row in rows:
            if row.problem:
                settled[row.number] = Plan(row.number, "reject", "", reason=row.problem)
                continue
            told = self.reader.read(row)
            if told.about is not None:
                settled[row.number] = Plan(row.number, "unchanged", told.about)
                continue
            given.append(Given(row.number, told.cells, self.reader.headers, self.commas))
            if told.problem:
                given[-1].problems.append(told.problem)
        settled |= {plan.number: plan for plan in self.importing.plan(given)}
        return [settled[row.number] for row in rows]


class _Columns:
    """Rows of a file whose columns were matched with fields."""

    def __init__(self, sheet: Sheet, mapping: Mapping[str, str]) -> None:
        places = {header: index for index, header in enumerate(sheet.headers)}
        self.headers = {name: header for name, header in mapping.items() if header in places}
        self._columns = {name: places[header] for name, header in self.headers.items()}
        made = {name: text for name, text in mapping.items() if text not in places and is_pattern(text)}
        self._made = {name: filler(text, sheet.headers) for name, text in made.items()}
        self.headers |= made

    def read(self, row: Row) -> Told:
        cells = {name: row.values[index] for name, index in self._columns.items()}
        return Told(cells | {name: fill(row) for name, fill in self._made.items()})


def _open(row: Import) -> _Pass:
    kind, sheet = kind_called(row.kind), services.open_sheet(row)
    layout = kind.layout_called(row.layout)
    reader: Reader = _Columns(sheet, row.mapping) if layout is None else layout.open(sheet)
    commas = {
        name: sheet.decimal_comma.get(header, False) if row.decimal_comma is None else row.decimal_comma
        for name, header in reader.headers.items()
    }
    return _Pass(kind, sheet, kind.begin(row), reader, commas)


def check(import_id: int, progress: Progress) -> dict[str, int]:
    """The dry run: plan every row, write nothing, keep the counts, the faults and a file of all that would change.

    A file of which nothing has to be written is done with that.
    """
    with reading():
        row = services.get(import_id)
        if row.state != "checking":
            raise Cancelled
    tally = _Tally()
    try:
        with tempfile.TemporaryDirectory(prefix="import-") as folder:
            errors, report = Path(folder, "errors.csv"), Path(folder, "changes.csv")
            with reading():
                reader = _open(row)
            # Counting first costs little, and a file that breaks off is told before any of its rows is looked at.
            total = sum(1 for _row in reader.sheet.rows())
            with report.open("w", encoding="utf-8-sig", newline="") as stream:
                writer = csv.writer(stream)
                writer.writerow([_("row"), _("what"), _("name"), _("field"), _("before"), _("after")])
                faults = _checked(reader, tally, total, progress, writer.writerows)
                write_error_file(errors, reader.sheet.headers, faults)
            with errors.open("rb") as error_stream, report.open("rb") as report_stream:
                kept = files.keep(error_stream), files.keep(report_stream)
    except SpreadsheetError as problem:
        _fail(import_id, "checking", str(problem))
        return {}
    with unit_of_work():
        row = services.mine(import_id, "checking")
        row.checked, row.sample = tally.as_dict(), tally.sample
        if tally.counts["rejected"]:
            row.error_file_id = files.store_kept(_named(row, "errors"), "text/csv", kept[0]).id
        row.report_file_id = files.store_kept(_named(row, "changes"), "text/csv", kept[1]).id
        if tally.counts["unchanged"] == tally.rows and not tally.attached:
            # All of it is here: there is nothing to run.
            row.unchanged, row.ended_at = tally.rows, now()
            IMPORT_FLOW.move(row, "done")
        else:
            IMPORT_FLOW.move(row, "checked")
    return tally.as_dict()


def _checked(
    reader: _Pass, tally: _Tally, total: int, progress: Progress, write: Callable[[Iterable[Sequence[Any]]], None]
) -> Iterator[BadRow]:
    """The rows that cannot be imported; on the way everything is counted and what would change is written down."""
    progress(0, total, "")
    for rows in in_chunks(reader.sheet.rows(), ROWS_A_CHUNK):
        with reading():
            plans = reader.plan(rows)
        tally.take(plans)
        for plan in plans:
            if plan.action in {"create", "update"}:
                write(
                    [plan.number, plan.action, guarded(plan.label), name, guarded(before), guarded(after)]
                    for name, (before, after) in plan.changes.items()
                )
        progress(tally.rows, total, "")
        yield from _bad(rows, plans)


def _bad(rows: Sequence[Row], plans: Sequence[Plan]) -> Iterator[BadRow]:
    for row, plan in zip(rows, plans, strict=True):
        if plan.action == "reject":
            yield BadRow(row.number, row.values, plan.reason)


def run(import_id: int, progress: Progress) -> dict[str, int]:
    """Import the file: what can be is, what cannot comes back as a file with the reason beside each row."""
    with reading():
        row = services.get(import_id)
        if row.state == "done":
            return row.counts
        if row.state != "running":
            raise Cancelled
    try:
        with tempfile.TemporaryDirectory(prefix="import-") as folder:
            errors = Path(folder, "errors.csv")
            with reading():
                reader = _open(row)
            total = row.checked.get("rows") or sum(1 for _row in reader.sheet.rows())
            tally = None if row.checked else _Tally()
            faults = _written(import_id, reader, row.position, total, progress, tally)
            missing: list[BadRow] = []
            everything = chain(faults, _attached(import_id, reader, progress, missing))
            count = write_error_file(errors, reader.sheet.headers, everything)
            with errors.open("rb") as stream:
                kept = files.keep(stream)
    except SpreadsheetError as problem:
        _fail(import_id, "running", str(problem))
        return {}
    with unit_of_work():
        row = services.mine(import_id, "running")
        if count:
            row.error_file_id = files.store_kept(_named(row, "errors"), "text/csv", kept).id
        if tally is not None:
            row.checked, row.sample = tally.as_dict(), tally.sample
        row.unattached = len(missing)
        IMPORT_FLOW.move(row, "done")
        row.ended_at = now()
        record("import", row.kind, row.id, row.filename, {name: [None, value] for name, value in row.counts.items()})
        reader.kind.finish(row)
        return row.counts


def _written(
    import_id: int, reader: _Pass, position: int, total: int, progress: Progress, tally: _Tally | None
) -> Iterator[BadRow]:
    """The rows that could not be imported; on the way the others are."""
    done = 0
    for rows in in_chunks(reader.sheet.rows(), ROWS_A_CHUNK):
        if rows[-1].number <= position:
            with reading():
                plans = reader.plan(rows)
        else:
            with unit_of_work():
                plans = _write_chunk(import_id, reader, rows)
        done += len(rows)
        if tally is not None:
            tally.take(plans)
        progress(done, total, "")
        yield from _bad(rows, plans)


def _attached(import_id: int, first: _Pass, progress: Progress, missing: list[BadRow]) -> Iterator[BadRow]:
    """The rows, which came in, of which something beside their fields did not (gathered in `missing` too); on the way
    all else is put to its records. The file is read once more, for every record is there by now. What a run whose
    worker died has put to them already is found to be there."""
    if not isinstance(first.importing, Attaching) or not first.importing.attaches:
        return
    with reading():
        again = _open(services.get(import_id))
        total = services.get(import_id).checked.get("attached")
    importing, done = again.importing, 0
    assert isinstance(importing, Attaching)
    for rows in in_chunks(again.sheet.rows(), ATTACHED_A_CHUNK):
        with reading():
            plans = [(row, plan) for row, plan in zip(rows, again.plan(rows), strict=True) if plan.attaches]
        ready = []
        for row, plan in plans:
            try:
                ready.append((plan, importing.prepare(plan)))
            except Refused as no:
                why = _("The row is in, but not “%(name)s”: %(why)s.", name=plan.attaches, why=no.message.rstrip("."))
                missing.append(BadRow(row.number, row.values, str(why)))
                yield missing[-1]
        if ready:
            with unit_of_work():
                changed = importing.attach(ready)
                insert_owned(ImportChange, [_change(import_id, one) for one in changed])
                services.mine(import_id, "running").attached += len(changed)
        done += len(plans)
        progress(done, max(total or done, done), "")


def _write_chunk(import_id: int, reader: _Pass, rows: Sequence[Row]) -> list[Plan]:
    row = services.mine(import_id, "running")
    plans = reader.plan(rows)
    changed = reader.importing.apply([plan for plan in plans if plan.action in {"create", "update"}])
    insert_owned(ImportChange, [_change(import_id, one) for one in changed])
    counts = Counter(COUNTED[plan.action] for plan in plans)
    row.created += counts["created"]
    row.updated += counts["updated"]
    row.unchanged += counts["unchanged"]
    row.rejected += counts["rejected"]
    row.position = rows[-1].number
    session.flush()
    return plans


def _change(import_id: int, one: Changed) -> dict[str, Any]:
    return {
        "import_id": import_id,
        "row": one.row,
        "subject": one.subject,
        "subject_id": one.subject_id,
        "created": one.created,
        "before": dict(one.before),
        "after": dict(one.after),
        "kept": {},
    }


def _fail(import_id: int, state: str, problem: str) -> None:
    with unit_of_work():
        row = services.mine(import_id, state)
        IMPORT_FLOW.move(row, "failed")
        row.problem = problem


def _named(row: Import, what: str) -> str:
    stem = row.filename.rpartition(".")[0] or row.filename
    return f"{stem}-{what}.csv"


@task(services.CHECK, _l("Check of a file to import"), timeout=3600, retry_seconds=(5, 60), quiet=True)
def check_task(progress: Progress, import_id: int) -> dict[str, Any]:
    """`check` by a worker."""
    return dict(check(import_id, progress))


@task(services.RUN, _l("Import of a file"), timeout=4 * 3600, retry_seconds=(5, 60), quiet=True, takes_turns=True)
def run_task(progress: Progress, import_id: int) -> dict[str, Any]:
    """`run` by a worker."""
    return dict(run(import_id, progress))
