"""A list as a file: exactly what the page shows, all pages of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask import abort, current_app
from flask_babel import format_datetime
from sqlalchemy import Row
from werkzeug.wrappers import Response

from retail.core import audit, export, shown
from retail.core.db import session
from retail.core.exports import ask_page, expect, is_being_made, is_made_later
from retail.core.module import can
from retail.core.table_files import FORMS, MOST_PRINTED, check_length, table_file
from retail.core.tables.address import of_request
from retail.core.tables.declared import Column, Table, counted
from retail.core.tables.layout import Layout
from retail.permissions import Can

MOST_COUNTED = 10_000_000
"""Rows are counted so far for the progress of a file."""


def export_of(table: Table, form: str) -> Response:
    """Exactly what the list shows, all pages of it, as a file; leaves an audit entry."""
    if form not in FORMS or not can(Can.EXPORT):
        abort(403 if form in FORMS else 404)
    asked = of_request(table)
    columns = Layout.of(table, asked).columns
    statement = table.ordered(table.narrowed(asked.q, asked.values), asked.sort)
    at_once = int(current_app.config["EXPORT_ROWS_AT_ONCE"])
    limit = max(at_once, MOST_PRINTED) if form == "pdf" else at_once
    count = counted(statement, limit)
    check_length(form, count)
    if is_made_later(count, form):
        return ask_page(str(table.label), form, count, limit)
    if is_being_made():
        expect(counted(statement, MOST_COUNTED))
    # Closed also when the work is cancelled in the middle: PostgreSQL would keep the cursor.
    with session.execute(statement.execution_options(yield_per=1000)) as found:
        return _file(table, form, columns, found)


def _file(table: Table, form: str, columns: Mapping[str, Column], found: Iterable[Row[Any]]) -> Response:
    rows = ([_written(column, row._mapping[key]) for key, column in columns.items()] for row in found)
    currency = shown.currency()
    heads = [
        export.Column(
            key=key,
            label=str(column.label),
            kind="decimal" if column.kind == "quantity" else column.kind,
            currency=currency if column.kind == "money" else "",
        )
        for key, column in columns.items()
    ]
    name = f"{table.name}-{format_datetime(format='yyyy-MM-dd')}"
    file = table_file(heads, rows, form, name=name, title=str(table.label))
    audit.record_apart("export", table.name, label=f"{file.rows} rows as {form}")
    return file.response


def _written(column: Column, value: Any) -> Any:
    """A value for a file: figures and dates as such, texts in the words the list shows."""
    return str(column.show(value)) if column.show and column.kind == "text" and value is not None else value
