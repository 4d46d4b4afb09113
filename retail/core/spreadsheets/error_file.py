"""Rows that could not be imported, given back with the reason beside each."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from flask_babel import gettext as _

from retail.core.export import guarded

ADDED = ("row", "reason")


@dataclass(frozen=True)
class BadRow:
    """A row as it was found and why it was not taken."""

    number: int
    values: Sequence[str]
    reason: str


def write_error_file(path: Path, headers: Sequence[str], bad_rows: Iterable[BadRow]) -> int:
    """Write the rows as CSV (UTF-8) with the original columns, “row” and “reason”; returns how many there were.

    The file can be mended and uploaded again: the two columns of an earlier round are replaced, not doubled.
    """
    added = (*ADDED, str(_("row")), str(_("reason")))
    kept = [index for index, header in enumerate(headers) if header.casefold() not in added]
    count = 0
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*(guarded(headers[index]) for index in kept), *ADDED])
        for bad in bad_rows:
            # A row with too many cells keeps them all, behind its reason: nothing the person typed is lost.
            extra = [guarded(value) for value in bad.values[len(headers) :]]
            values = [guarded(bad.values[index]) if index < len(bad.values) else "" for index in kept]
            writer.writerow([*values, bad.number, bad.reason, *extra])
            count += 1
    return count
