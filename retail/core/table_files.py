"""Rows as a file for saving, in the form somebody chose: csv, xlsx, json or pdf. What lists and reports share.

file = table_file(columns, rows, "xlsx", name="products-2026-03-01", title=_("Products"), shop="Corner Shop")
audit.record_apart("export", "products", label=f"{file.rows} rows as xlsx")
return file.response
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import IO, Any

from flask import Response
from flask_babel import format_datetime, get_locale
from flask_babel import gettext as _

from retail.core import export, shown
from retail.core.documents.listing import ListDocument, list_pdf
from retail.core.downloads import send_made, send_pieces
from retail.core.errors import Refused
from retail.core.export import Column, Row
from retail.core.exports import report_progress
from retail.core.money import ZERO

FORMS = ("xlsx", "csv", "json", "pdf")
MOST_PRINTED = 5000
"""Rows of a PDF: some two hundred pages. Nobody reads more, and setting them holds them all in memory."""


@dataclass(frozen=True)
class TableFile:
    """A file ready to be sent, and how many rows are in it."""

    response: Response
    rows: int


class _Counted:
    """Rows on their way, counted, and added up where a column is to be."""

    def __init__(self, columns: Sequence[Column], rows: Iterable[Row], totals: Iterable[str]) -> None:
        self._columns, self._rows = columns, rows
        self.count = 0
        self.totals: dict[str, Decimal] = dict.fromkeys(totals, ZERO)

    def __iter__(self) -> Iterator[Row]:
        for row in self._rows:
            self.count += 1
            report_progress(self.count)
            if self.totals:
                values = row if isinstance(row, Mapping) else dict(zip(self._keys(), row, strict=True))
                for key in self.totals:
                    self.totals[key] += Decimal(str(values.get(key) or 0))
            yield row

    def _keys(self) -> list[str]:
        return [column.key for column in self._columns]


def table_file(
    columns: Sequence[Column],
    rows: Iterable[Row],
    form: str,
    *,
    name: str,
    title: str,
    shop: str = "",
    totals: Iterable[str] = (),
) -> TableFile:
    """The rows as a file called `name` and its ending. They are read once and, but for a PDF, never held together.

    `totals` names the columns summed below (in xlsx and pdf). Raises ValueError for a form that is none of `FORMS`,
    Refused for a PDF of more than `MOST_PRINTED` rows.
    """
    if form not in FORMS:
        raise ValueError(f"a table is no {form}")
    summed = list(totals)
    counted = _Counted(columns, rows, summed if form == "pdf" else ())
    full_name = f"{name}.{form}"
    if form == "csv":
        return TableFile(send_pieces(export.write_csv(columns, counted), full_name), counted.count)
    if form == "json":
        return TableFile(send_pieces(export.write_json(columns, counted), full_name), counted.count)

    def make(stream: IO[bytes]) -> None:
        if form == "xlsx":
            export.write_xlsx(columns, counted, stream, title=title, totals=summed)
        else:
            stream.write(_printed(columns, counted, title, shop))

    return TableFile(send_made(make, full_name), counted.count)


def check_length(form: str, rows: int) -> None:
    """Refused where a PDF would hold more rows than can be set."""
    if form == "pdf" and rows > MOST_PRINTED:
        raise Refused(
            _(
                "A PDF holds at most %(most)s rows. Narrow the list by a filter, or take it as a spreadsheet.",
                most=shown.quantity(MOST_PRINTED),
            )
        )


def _printed(columns: Sequence[Column], rows: _Counted, title: str, shop: str) -> bytes:
    written: list[list[str]] = []
    for row in rows:
        check_length("pdf", rows.count)
        values = [row.get(column.key) for column in columns] if isinstance(row, Mapping) else row
        written.append([_words(column, value) for column, value in zip(columns, values, strict=True)])
    totals = [_words(column, rows.totals[column.key]) if column.key in rows.totals else "" for column in columns]
    return list_pdf(
        ListDocument(
            shop_name=shop,
            title=title,
            labels=[column.label for column in columns],
            ends=[column.kind in export.NUMERIC for column in columns],
            rows=written,
            totals=totals if any(totals) else (),
            footer=str(format_datetime(format="medium")),
            language=str(get_locale() or "en"),
        )
    )


def _words(column: Column, value: Any) -> str:
    if value is None or value == "":
        return ""
    kind = "quantity" if column.kind == "decimal" else column.kind
    return str(shown.value(value, kind))
