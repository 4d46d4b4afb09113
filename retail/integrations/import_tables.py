"""The list of imports."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, select

from retail.core.imports import KINDS, Import
from retail.core.module import can
from retail.core.tables import Column, Filter, Table, choices_of
from retail.permissions import Can

STATES = {
    "uploaded": _l("Columns to match"),
    "checking": _l("Being checked"),
    "checked": _l("Ready to import"),
    "running": _l("Being imported"),
    "done": _l("Done"),
    "failed": _l("Failed"),
    "cancelled": _l("Cancelled"),
    "weighing": _l("Undo being looked at"),
    "weighed": _l("Ready to undo"),
    "undoing": _l("Being undone"),
    "undone": _l("Undone"),
}
TONES = {
    "uploaded": "warning",
    "checking": "info",
    "checked": "warning",
    "running": "info",
    "done": "success",
    "failed": "danger",
    "weighing": "info",
    "weighed": "warning",
    "undoing": "info",
}


def allowed_kinds() -> dict[str, str]:
    """What whoever asks may import: names and labels."""
    return {name: str(kind.label) for name, kind in KINDS.items() if can(kind.needs)}


class Imports(Table):
    """Every file that was taken in, and what came of it."""

    name = "imports"
    label = _l("Imports")
    order = "-uploaded"
    needs = Can.USE_IMPORTS
    row_id = Import.id
    columns = {
        "file": Column(
            _l("File"),
            Import.filename,
            search=True,
            link=lambda row: url_for("integrations.import_page", import_id=row.row_id),
        ),
        "kind": Column(_l("What"), Import.kind, show=lambda kind: str(KINDS[kind].label) if kind in KINDS else kind),
        "uploaded": Column(_l("Uploaded"), Import.created_at, "datetime"),
        "who": Column(_l("By"), Import.user_name, search=True),
        "state": Column(_l("State"), Import.state, show=lambda state: str(STATES.get(state, state)), tone=TONES.get),
        "created": Column(_l("New"), Import.created, "integer"),
        "updated": Column(_l("Changed"), Import.updated, "integer"),
        "unchanged": Column(_l("Unchanged"), Import.unchanged, "integer"),
        "rejected": Column(_l("Rejected"), Import.rejected, "integer"),
    }
    filters = {
        "kind": Filter(
            _l("Everything"), lambda s, v: s.where(Import.kind == v), "choice", lambda: list(allowed_kinds().items())
        ),
        "state": Filter(
            _l("Every state"), lambda s, v: s.where(Import.state == v), "choice", choices_of(*STATES.items())
        ),
    }
    empty = {
        "title": _l("No import yet"),
        "text": _l("Bring products or customers in from a spreadsheet or from another program's export."),
        "icon": "table-import",
    }

    def source(self) -> Select[Any]:
        return select(Import).where(Import.kind.in_(allowed_kinds()))
