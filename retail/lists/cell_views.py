"""Cells that are changed where they stand."""

from __future__ import annotations

from typing import Any

from flask import abort, request
from flask_babel import gettext as _
from sqlalchemy import Row
from werkzeug.wrappers import Response

from retail.core import html, shown
from retail.core.db import session
from retail.core.errors import NotFound, Refused
from retail.core.forms import read_decimal
from retail.core.module import can
from retail.core.tables import Edit, Table, cell_of
from retail.core.tables.answering import label_of_row, one_row
from retail.lists import module
from retail.lists.access import table_named
from retail.permissions import SIGNED_IN

PLACES = {"money": 4, "quantity": 3}


def _found(table: Table, row: str, column: str) -> tuple[Edit, Row[Any]]:
    """How the cell is changed, and its row; NotFound for a row or column that is not there or cannot be changed."""
    known = table.visible().get(column)
    if known is None or known.edit is None:
        raise NotFound(_("This cannot be changed here."))
    if not can(known.edit.needs):
        abort(403)
    found = one_row(table, int(row)) if row.isdecimal() and len(row) < 18 else None
    if found is None or known.edit.value(found) is None:
        raise NotFound(_("This is no longer there, or cannot be changed here."))
    return known.edit, found


def _written(edit: Edit, value: Any) -> str:
    if edit.kind == "money":
        return shown.input_amount(value)
    return shown.input_quantity(value) if edit.kind == "quantity" and value != "" else str(value)


def _read(edit: Edit, text: str) -> Any:
    """What was typed as the service takes it; Refused for what is no such value."""
    text = text.strip()
    if edit.kind == "text":
        if len(text) > edit.longest:
            raise Refused(_("At most %(n)s characters, please.", n=edit.longest))
        return text
    if not text:
        if edit.kind == "quantity":
            return None
        raise Refused(_("Type an amount."))
    try:
        return read_decimal(text, PLACES[edit.kind])
    except ValueError as no:
        raise Refused(str(no)) from None


def _draw(table: Table, row: Row[Any], column: str, status: int = 200, **more: Any) -> Response:
    return html.page(
        "lists/cell.html",
        fragment="cell",
        status=status,
        list_name=table.name,
        row_id=row.row_id,
        column=table.columns[column],
        cell=cell_of(table, column, row),
        title=label_of_row(table, row),
        **{"typed": None, "problem": None, "kind": "text", "was": "", **more},
    )


@module.get("/<list_name>/cells/<row>/<column>", needs=SIGNED_IN)
def cell(list_name: str, row: str, column: str) -> Response:
    """The cell with an input in it; as it stands when `shown` is asked for."""
    table = table_named(list_name)
    edit, found = _found(table, row, column)
    if request.args.get("shown"):
        return _draw(table, found, column)
    written = _written(edit, edit.value(found))
    return _draw(table, found, column, typed=written, kind=edit.kind, was=written)


@module.post("/<list_name>/cells/<row>/<column>", needs=SIGNED_IN)
def change_cell(list_name: str, row: str, column: str) -> Response:
    """Keep what was typed; what is wrong with it stands below the input."""
    table = table_named(list_name)
    edit, found = _found(table, row, column)
    typed, was = request.form.get("value", "")[:500], request.form.get("was")
    present = _written(edit, edit.value(found))
    if was is not None and present not in {was, typed}:
        said = _("Somebody changed this to “%(now)s” meanwhile. Send again to replace it.", now=present)
        return _draw(table, found, column, 422, typed=typed, kind=edit.kind, problem=said, was=present)
    try:
        value = _read(edit, typed)
        if value != edit.value(found):
            edit.save(int(row), value)
    except Refused as no:
        session.rollback()
        return _draw(table, found, column, 422, typed=typed, kind=edit.kind, problem=no.message, was=present)
    html.settle(keep=True)
    again = one_row(table, int(row))
    if again is None:
        raise NotFound(_("This is no longer there."))
    return _draw(table, again, column)
