"""What the pages of an import show: the columns of its file, and how far its work is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _

from retail.core import shown
from retail.core.imports import Import, services
from retail.core.spreadsheets import Match, Sheet

SAMPLES = 3
LONGEST_SAMPLE = 40
SURE = 0.9
"""A match less sure than this is worth a second look."""


@dataclass(frozen=True)
class FileColumn:
    """A column of the file: some of its values, and the field it is taken for (“” for none)."""

    index: int
    header: str
    samples: list[str]
    field: str
    doubtful: bool


@dataclass(frozen=True)
class Working:
    """How far the dry run or the run is; `stopped` says that it stands still until somebody goes on."""

    done: int
    total: int | None
    text: str
    stopped: bool
    problem: str


def columns_of(sheet: Sheet, matches: Mapping[str, Match]) -> list[FileColumn]:
    """The columns in the order of the file."""
    taken = {match.header: (name, match) for name, match in matches.items()}
    found = []
    for index, header in enumerate(sheet.headers):
        values = [row.values[index].strip() for row in sheet.preview if index < len(row.values)]
        samples = [_short(value) for value in values if value]
        name, match = taken.get(header, ("", None))
        doubtful = match is not None and not match.remembered and match.score < SURE
        found.append(FileColumn(index, header, list(dict.fromkeys(samples))[:SAMPLES], name, doubtful))
    return found


def _short(value: str) -> str:
    return value if len(value) <= LONGEST_SAMPLE else value[: LONGEST_SAMPLE - 1] + "…"


def chosen_columns(columns: Sequence[FileColumn], sent: Mapping[str, str]) -> list[FileColumn]:
    """The same columns as a person had matched them when the form was sent."""
    return [
        FileColumn(one.index, one.header, one.samples, sent.get(f"column-{one.index}", ""), False) for one in columns
    ]


def working(row: Import) -> Working:
    """How far the work on an import is."""
    task = services.task_of(row)
    stopped = services.has_stopped(row)
    done, total = (task.done, task.total) if task is not None else (0, None)
    if total:
        text = _("%(done)s of %(total)s rows", done=shown.quantity(done), total=shown.quantity(total))
    elif task is not None and task.state == "queued":
        text = _("Waiting for its turn")
    else:
        text = _("Reading the file")
    problem = ""
    if stopped and task is not None and task.error:
        # What a refusal says is for people; what broke is not.
        problem = "" if task.error.startswith("Traceback") else task.error
    return Working(done, total, text, stopped, problem)
