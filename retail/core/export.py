"""Lists and reports as files: CSV, XLSX, JSON. The only way out of the program for rows.

columns = [Column("sku", _("SKU")), Column("price", _("Price"), "money", currency="GBP")]
write_csv(columns, rows), write_json(columns, rows)           bytes in pieces, for a streamed answer
write_xlsx(columns, rows, path, title=…, totals=["price"])    a file with typed cells
write_workbook([Sheet(name, columns, rows)], path)             several such sheets in one file

Rows are mappings by column key, or sequences in column order; they are read once and never kept. Text that a
spreadsheet would take for a formula is defused in CSV by a leading apostrophe (`guarded`, undone by `unguarded` when
such a file is read back) and in XLSX by being written as text.
"""

import csv
import io
import json
import math
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, Literal

import xlsxwriter
from babel.numbers import get_currency_precision, get_currency_symbol
from flask_babel import gettext as _

Kind = Literal["text", "integer", "decimal", "money", "date", "datetime", "boolean", "percent"]
Row = Mapping[str, Any] | Sequence[Any]

SUMMED: frozenset[Kind] = frozenset({"integer", "decimal", "money"})
NUMERIC: frozenset[Kind] = SUMMED | {"percent"}
PIECE = 64 * 1024
XLSX_ROWS, XLSX_LETTERS = 1_048_576, 32_767
NARROWEST, WIDEST = 9, 60
# Signs and white space a spreadsheet skips before it looks for a formula; the full-width signs count in Asian editions.
FORMULA = re.compile(r"'*[\s]*[=+\-@\t\r\n＝＋－＠]")


@dataclass(frozen=True)
class Column:
    """A column of a file. `kind` decides how its values are written; `currency` is for money (an ISO code).

    A percentage is given as a share: 0.125 is written as 12.5 %. A datetime is written as the wall clock it carries:
    give it in the shop's time zone. A number that is none (0/0) is left empty.
    """

    key: str
    label: str
    kind: Kind = "text"
    currency: str = ""


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook: its name, columns and rows, and the columns summed below."""

    name: str
    columns: Sequence[Column]
    rows: Iterable[Row]
    totals: Iterable[str] = ()


def guarded(text: str) -> str:
    """`text` so that no spreadsheet runs it: an apostrophe goes before what starts like a formula."""
    return f"'{text}" if FORMULA.match(text) else text


def unguarded(text: str) -> str:
    """What `guarded` was given."""
    return text[1:] if text.startswith("'") and FORMULA.match(text) else text


def write_csv(columns: Sequence[Column], rows: Iterable[Row], *, delimiter: str = ",") -> Iterator[bytes]:
    """The rows as CSV in UTF-8 with a mark that lets Excel know it, in pieces of about 64 KB."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter)
    buffer.write("\ufeff")
    writer.writerow([guarded(column.label) for column in columns])
    for row in rows:
        writer.writerow([_plain(column, value) for column, value in zip(columns, _values(columns, row), strict=True)])
        if buffer.tell() > PIECE:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def write_json(columns: Sequence[Column], rows: Iterable[Row]) -> Iterator[bytes]:
    """The rows as a JSON array of objects by column key, in pieces; amounts keep every digit."""
    names = [json.dumps(column.key) for column in columns]
    pieces, size, start = [b"["], 0, "\n"
    for row in rows:
        values = zip(columns, _values(columns, row), strict=True)
        written = ", ".join(f"{name}: {_json(*pair)}" for name, pair in zip(names, values, strict=True))
        pieces.append(f"{start}{{{written}}}".encode())
        start, size = ",\n", size + len(pieces[-1])
        if size > PIECE:
            yield b"".join(pieces)
            pieces, size = [], 0
    pieces.append(b"\n]\n")
    yield b"".join(pieces)


def write_xlsx(
    columns: Sequence[Column],
    rows: Iterable[Row],
    target: Path | IO[bytes],
    *,
    title: str = "",
    totals: Iterable[str] = (),
    made: datetime | None = None,
) -> int:
    """The rows as a workbook with typed cells; returns how many there were.

    The header stays in sight and filters; widths follow the contents; the columns named in `totals` are summed below
    (over the rows the filter shows). Memory stays constant. Rows beyond Excel's 1,048,576 go on in further sheets.
    `made` is the instant in the file's properties: with it the same rows give the same bytes.
    """
    return write_workbook([Sheet(title, columns, rows, totals)], target, title=title, made=made)


def write_workbook(
    sheets: Iterable[Sheet], target: Path | IO[bytes], *, title: str = "", made: datetime | None = None
) -> int:
    """Several tables in one workbook, each on a sheet of its own; otherwise as `write_xlsx`."""
    count = 0
    with tempfile.TemporaryDirectory(prefix="xlsx-") as scratch:
        book = xlsxwriter.Workbook(
            str(target) if isinstance(target, Path) else target,
            {
                "constant_memory": True,
                "tmpdir": scratch,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "remove_timezone": True,
            },
        )
        book.set_properties({"title": title, "created": made.replace(tzinfo=None) if made else None})
        for one in sheets:
            written = _Sheets(book, one.columns, one.name, frozenset(one.totals))
            for row in one.rows:
                written.add(_values(one.columns, row))
            written.finish()
            count += written.count
        book.close()
    return count


class _Sheets:
    """The sheets of one workbook, filled row by row."""

    def __init__(self, book: Any, columns: Sequence[Column], title: str, totals: frozenset[str]) -> None:
        self.book, self.columns = book, columns
        self.summed = [i for i, column in enumerate(columns) if column.key in totals and column.kind in SUMMED]
        self.name = re.sub(r"[\[\]:*?/\\']", " ", title).strip()[:28] or str(_("Sheet"))
        self.formats = [book.add_format(_look(column)) for column in columns]
        self.header = book.add_format(
            {"bold": True, "bottom": 1, "bg_color": "#F2F4F7", "text_wrap": True, "valign": "top"}
        )
        self.headers = [
            book.add_format({"bold": True, "bottom": 1, "bg_color": "#F2F4F7", "align": "right", "valign": "top"})
            if column.kind in NUMERIC
            else self.header
            for column in columns
        ]
        self.sums = [book.add_format({**_look(column), "bold": True, "top": 1}) for column in columns]
        self.count = self.number = 0
        self._open()

    def _open(self) -> None:
        self.number += 1
        self.sheet = self.book.add_worksheet(self.name if self.number == 1 else f"{self.name} {self.number}")
        self.widths = [len(column.label) + 2 for column in self.columns]
        self.added = dict.fromkeys(self.summed, Decimal(0))
        self.largest = [0.0] * len(self.columns)
        self.line = 1
        for index, column in enumerate(self.columns):
            self.sheet.write_string(0, index, column.label, self.headers[index])

    def add(self, values: Sequence[Any]) -> None:
        if self.line >= XLSX_ROWS - 1:
            self._close()
            self._open()
        for index, (column, value) in enumerate(zip(self.columns, values, strict=True)):
            self._write(index, column, value)
        self.line += 1
        self.count += 1

    def _write(self, index: int, column: Column, value: Any) -> None:
        look = self.formats[index]
        if value is None or value == "" or _is_no_number(value):
            return
        if column.kind in NUMERIC and isinstance(value, int | float | Decimal):
            self.sheet.write_number(self.line, index, value, look)
            if index in self.summed:
                self.added[index] += value if isinstance(value, Decimal) else Decimal(str(value))
            size = abs(float(value))
            if size <= self.largest[index]:
                return
            self.largest[index] = size
            shown = len(f"{value:,.2f}") + 4
        elif column.kind == "boolean":
            self.sheet.write_boolean(self.line, index, bool(value), look)
            shown = 6
        elif column.kind == "datetime" and isinstance(value, datetime):
            self.sheet.write_datetime(self.line, index, value, look)
            shown = 17
        elif column.kind == "date" and isinstance(value, date):
            self.sheet.write_datetime(self.line, index, value, look)
            shown = 11
        else:
            text = str(value)[:XLSX_LETTERS]
            self.sheet.write_string(self.line, index, text, look)
            shown = (max(map(len, text.split("\n"))) if "\n" in text else len(text)) + 1
        self.widths[index] = max(self.widths[index], shown)

    def _close(self) -> None:
        last = self.line - 1
        self.sheet.freeze_panes(1, 0)
        self.sheet.repeat_rows(0)
        if self.columns:
            self.sheet.autofilter(0, 0, max(last, 1), len(self.columns) - 1)
        for index in range(len(self.columns)):
            if index in self.summed and last:
                name = xlsxwriter.utility.xl_col_to_name(index)
                total = self.added[index]
                # 109 sums what the filter shows; the value is stored beside it for programs that do not calculate.
                formula = f"=SUBTOTAL(109,{name}2:{name}{last + 1})"
                self.sheet.write_formula(self.line, index, formula, self.sums[index], float(total))
                self.widths[index] = max(self.widths[index], len(f"{total:,.2f}") + 3)
            elif index == 0 and self.summed and last:
                self.sheet.write_string(self.line, 0, str(_("Total")), self.sums[0])
            elif self.summed and last:
                self.sheet.write_blank(self.line, index, None, self.sums[index])
            self.sheet.set_column(index, index, min(max(self.widths[index], NARROWEST), WIDEST))

    def finish(self) -> None:
        self._close()


def _values(columns: Sequence[Column], row: Row) -> Sequence[Any]:
    return [row.get(column.key) for column in columns] if isinstance(row, Mapping) else row


def _plain(column: Column, value: Any) -> str:
    if value is None or _is_no_number(value):
        return ""
    if column.kind in NUMERIC and isinstance(value, int | float | Decimal):
        return format(value, "f") if isinstance(value, Decimal) else str(value)
    if column.kind == "boolean":
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    return guarded(str(value))


def _json(column: Column, value: Any) -> str:
    if value is None or _is_no_number(value):
        return "null"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bool) or (column.kind in NUMERIC and isinstance(value, int | float)):
        return json.dumps(value)
    if column.kind == "boolean":
        return json.dumps(bool(value))
    if isinstance(value, date):
        return json.dumps(value.isoformat())
    return json.dumps(str(value), ensure_ascii=False)


def _is_no_number(value: Any) -> bool:
    return isinstance(value, float | Decimal) and not math.isfinite(value)


def _look(column: Column) -> dict[str, Any]:
    if column.kind == "money":
        places = get_currency_precision(column.currency) if column.currency else 2
        digits = "#,##0" + ("." + "0" * places if places else "")
        symbol = get_currency_symbol(column.currency, locale="en") if column.currency else ""
        # A code such as CHF stands apart from the figure, a sign does not.
        number = f'"{symbol}{" " if symbol.isalpha() else ""}"{digits}' if symbol else digits
        return {"num_format": f"{number};[Red]-{number}"}
    looks: dict[Kind, dict[str, Any]] = {
        "integer": {"num_format": "#,##0"},
        "decimal": {"num_format": "General"},
        "percent": {"num_format": "0.0%"},
        "date": {"num_format": "yyyy-mm-dd", "align": "left"},
        "datetime": {"num_format": "yyyy-mm-dd hh:mm", "align": "left"},
        "boolean": {"align": "center"},
        "text": {"num_format": "@"},
    }
    return looks[column.kind]
