"""Reading demand series, and the calendar they stand on."""

import csv
import gzip
import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from pathlib import Path

import numpy as np
import numpy.typing as npt
from flask_babel import gettext as _

Floats = npt.NDArray[np.float64]


class SeriesError(ValueError):
    """A file or a calendar that no forecast can be made from; the text says where the fault is."""


class Step(Enum):
    """The distance between two rows, in days or in months; with the season and the year it implies, in rows."""

    DAY = (1, 0, 7, 364)
    WEEK = (7, 0, 1, 52)
    MONTH = (0, 1, 12, 12)
    QUARTER = (0, 3, 4, 4)
    YEAR = (0, 12, 1, 1)

    def __init__(self, days: int, months: int, season: int, year: int) -> None:
        self.days, self.months, self.season, self.year = days, months, season, year

    def after(self, day: date, steps: int = 1) -> date:
        """The date that many steps later; the day of the month is kept where that month has it."""
        if self.days:
            return day + timedelta(days=self.days * steps)
        month = day.year * 12 + day.month - 1 + self.months * steps
        first = date(month // 12, month % 12 + 1, 1)
        following = date((month + 1) // 12, (month + 1) % 12 + 1, 1)
        return first.replace(day=min(day.day, (following - first).days))


@dataclass(frozen=True)
class SeriesTable:
    """One row per date, one column per series; a cell that was empty is NaN: the demand of that date is not known."""

    dates: tuple[date, ...]
    names: tuple[str, ...]
    values: Floats


def step_of(dates: Sequence[date]) -> Step:
    """The even distance between the dates.

    Raises SeriesError where the dates are out of order or a date is missing.
    """
    if len(dates) < 2:
        raise SeriesError(_("a series needs at least two dates, this one has %(count)s", count=len(dates)))
    for step in Step:
        if step.after(dates[0]) == dates[1]:
            break
    else:
        raise SeriesError(
            _(
                "%(second)s follows %(first)s: rows must be a day, a week, a month, a quarter or a year apart",
                first=dates[0],
                second=dates[1],
            )
        )
    for index, day in enumerate(dates):
        if step.after(dates[0], index) != day:
            raise SeriesError(
                _(
                    "row %(row)s has the date %(found)s where %(expected)s should stand",
                    row=index + 2,
                    found=day,
                    expected=step.after(dates[0], index),
                )
            )
    return step


def read_series(path: Path | str) -> SeriesTable:
    """Read a CSV file (plain or gzip): a date in the first column, YYYY-MM-DD or YYYY-MM, then one column per series.

    Raises SeriesError naming the row (the heading is row 1) and the column of the first fault found.
    """
    rows = list(csv.reader(io.StringIO(_text_of(Path(path)), newline="")))
    rows = [row for row in rows if row]
    if len(rows) < 2 or len(rows[0]) < 2:
        raise SeriesError(_("the file needs a heading with a date column and a series, and rows below it"))
    names = tuple(name.strip() for name in rows[0][1:])
    seen: set[str] = set()
    for column, name in enumerate(names, start=2):
        if not name:
            raise SeriesError(_("row 1, column %(column)s: the series has no name", column=column))
        if name in seen:
            raise SeriesError(
                _("row 1, column %(column)s: a second series is named “%(name)s”", column=column, name=name)
            )
        seen.add(name)

    dates = []
    values = np.empty((len(rows) - 1, len(names)))
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(names) + 1:
            raise SeriesError(
                _(
                    "row %(row)s has %(found)s cells, the heading has %(expected)s",
                    row=number,
                    found=len(row),
                    expected=len(names) + 1,
                )
            )
        dates.append(_date(row[0], number))
        try:
            values[number - 2] = row[1:]
        except ValueError:
            values[number - 2] = [_number(cell, number, name) for cell, name in zip(row[1:], names, strict=True)]
        if np.isinf(values[number - 2]).any():
            name = names[int(np.isinf(values[number - 2]).argmax())]
            raise SeriesError(_("row %(row)s, column “%(name)s”: the number has no end", row=number, name=name))
    step_of(dates)
    return SeriesTable(tuple(dates), names, values)


def _text_of(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SeriesError(
            _("%(path)s cannot be read: %(reason)s", path=path, reason=error.strerror or str(error))
        ) from error
    try:
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
        return content.decode("utf-8-sig")
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise SeriesError(_("%(path)s is a damaged gzip file", path=path)) from error
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        raise SeriesError(_("row %(row)s is not UTF-8 text", row=row)) from error


def _date(text: str, row: int) -> date:
    text = text.strip()
    try:
        return date.fromisoformat(f"{text}-01" if len(text) == 7 else text)
    except ValueError as error:
        raise SeriesError(
            _("row %(row)s: “%(text)s” is not a date; write YYYY-MM-DD or YYYY-MM", row=row, text=text)
        ) from error


def _number(text: str, row: int, name: str) -> float:
    if not text.strip():
        return float("nan")
    try:
        return float(text)
    except ValueError as error:
        raise SeriesError(
            _("row %(row)s, column “%(name)s”: “%(text)s” is not a number", row=row, name=name, text=text)
        ) from error
