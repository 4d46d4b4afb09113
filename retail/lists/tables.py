"""The list of jobs that were done to many rows."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, case, func, select

from retail.core.exports import Export
from retail.core.module import can, person_or_none
from retail.core.tables import TABLES, Column, Filter, Table, among_instants, choices_of
from retail.core.tasks import Task
from retail.lists.models import BulkRun
from retail.permissions import SIGNED_IN, Can

STATES = {
    "planned": _l("Planned"),
    "running": _l("Running"),
    "done": _l("Done"),
    "undoing": _l("Being undone"),
    "undone": _l("Undone"),
    "called_off": _l("Called off"),
}
TONES = {"planned": "warning", "done": "success", "running": "accent", "undoing": "accent"}
EXPORT_STATES = {
    "queued": _l("Waiting"),
    "running": _l("Being made"),
    "done": _l("Ready"),
    "failed": _l("Failed"),
    "cancelled": _l("Cancelled"),
}
EXPORT_TONES = {"planned": "warning", "done": "success", "running": "accent", "failed": "danger"}
MARK = "\x1f"


def job_words(value: str) -> str:
    """What a job is called, from the names of its list and itself."""
    list_name, job = value.split(MARK)
    table = TABLES.get(list_name)
    declared = table.bulk.get(job) if table else None
    return f"{table.label}: {declared.label}" if table and declared else f"{list_name}: {job}"


class BulkRuns(Table):
    """One's own jobs; everybody's to whoever sees the audit."""

    name = "bulk-runs"
    label = _l("Changes of many rows")
    order = "-when"
    needs = SIGNED_IN
    row_id = BulkRun.id
    columns = {
        "job": Column(
            _l("What"),
            BulkRun.list_name + MARK + BulkRun.job,
            show=job_words,
            link=lambda row: url_for("lists.run_page", bulk_run_id=row.row_id),
            sortable=False,
        ),
        "when": Column(_l("When"), BulkRun.created_at, "datetime"),
        "starts": Column(_l("Begins"), BulkRun.starts_at, "datetime", hidden=True),
        "ends": Column(_l("Until"), BulkRun.ends_at, "datetime", hidden=True),
        "who": Column(_l("By"), BulkRun.user_name, search=True),
        "rows": Column(_l("Rows"), BulkRun.rows, "integer"),
        "changed": Column(_l("Changed"), BulkRun.changed, "integer"),
        "refused": Column(_l("Refused"), BulkRun.refused, "integer", tone=lambda count: "danger" if count else None),
        "state": Column(_l("State"), BulkRun.state, show=lambda state: str(STATES.get(state, state)), tone=TONES.get),
    }
    filters = {
        "state": Filter(_l("State"), lambda s, v: s.where(BulkRun.state == v), "choice", choices_of(*STATES.items())),
        "when": Filter(_l("When"), among_instants(BulkRun.created_at), "days"),
    }
    empty = {
        "title": _l("Nothing has been changed in bulk yet"),
        "text": _l("Choose rows of a list and a job for them; what it did stands here and can be undone."),
        "icon": "list-check",
    }

    def source(self) -> Select[Any]:
        statement = select(BulkRun)
        if can(Can.SEE_AUDIT):
            return statement
        person = person_or_none()
        return statement.where(BulkRun.user_id == (person.id if person is not None else None))


class Exports(Table):
    """One's own files of the last week."""

    name = "exports"
    label = _l("Exports")
    order = "-when"
    needs = Can.EXPORT
    row_id = Export.id
    columns = {
        "title": Column(
            _l("What"),
            Export.title,
            search=True,
            link=lambda row: url_for("lists.export_page", export_id=row.row_id),
        ),
        "form": Column(_l("File"), Export.form, show=str.upper),
        "rows": Column(_l("Rows"), Export.rows, "integer"),
        "when": Column(_l("Asked for"), Export.created_at, "datetime"),
        "state": Column(
            _l("State"),
            case((Export.file_id.is_not(None), "done"), else_=func.coalesce(Task.state, "failed")),
            show=lambda state: str(EXPORT_STATES.get(state, state)),
            tone=EXPORT_TONES.get,
        ),
    }
    filters = {"when": Filter(_l("Asked for"), among_instants(Export.created_at), "days")}
    empty = {
        "title": _l("No exports yet"),
        "text": _l("A file of many rows is made while you go on working, and waits here for a week."),
        "icon": "download",
    }

    def source(self) -> Select[Any]:
        person = person_or_none()
        own = Export.user_id == (person.id if person is not None else None)
        return select(Export).outerjoin(Task, Task.id == Export.task_id).where(own)
