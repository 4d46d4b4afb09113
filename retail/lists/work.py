"""What lists leave to a worker: jobs for many rows, in parts so that tills sell meanwhile, and files of many rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement

from retail.core import exports, files
from retail.core.db import reading, unit_of_work
from retail.core.events import emit
from retail.core.retention import passes
from retail.core.tasks import task
from retail.events.lists import ExportMade
from retail.lists import queries, services
from retail.lists.models import KEPT_DAYS, BulkChange, BulkRun


def _in_parts(
    bulk_run_id: int,
    progress: Callable[..., None],
    first: Callable[[BulkRun], None],
    do: Callable[[BulkRun, int], int],
    state: str,
    whole_of: str,
) -> BulkRun:
    while True:
        with unit_of_work():
            run = queries.run_numbered(bulk_run_id, lock=True)
            first(run)
            whole = getattr(run, whole_of)
            left = do(run, services.PART) if run.state == state else 0
        progress(whole - left, whole)
        if not left:
            return run


@task("lists.carry_out", _l("Change of many rows"), timeout=3600, retry_seconds=(5, 60), takes_turns=True)
def carry_out(progress: Callable[..., None], bulk_run_id: int) -> dict[str, Any]:
    """Do what is left of a job."""
    run = _in_parts(bulk_run_id, progress, services.start, services.carry_out, "running", "rows")
    return {"changed": run.changed, "unchanged": run.unchanged, "refused": run.refused, "bulk_run_id": bulk_run_id}


@task("lists.take_back", _l("Undoing a change of many rows"), timeout=3600, retry_seconds=(5, 60), takes_turns=True)
def take_back(progress: Callable[..., None], bulk_run_id: int) -> dict[str, Any]:
    """Undo what is left of a job."""
    run = _in_parts(bulk_run_id, progress, services.take_back_in_time, services.give_back, "undoing", "changed")
    return {"restored": run.restored, "kept": run.kept, "bulk_run_id": bulk_run_id}


@task(exports.TASK, _l("Export"), timeout=3600, retry_seconds=(5, 60), tells_itself=True)
def export(progress: Callable[..., None], export_id: int) -> dict[str, Any]:
    """Make the file that somebody asked for, and keep it for them."""
    with reading():
        row = exports.export_numbered(export_id)
        asked = row.address, row.user_id, row.location_id
    made = exports.make(*asked, progress)
    with unit_of_work():
        row = exports.export_numbered(export_id)
        row.file_id = files.store_kept(made.name, made.content_type, made.kept).id
        row.rows = made.rows
        emit(ExportMade(export_id=row.id, title=row.title, rows=row.rows))
    return {"rows": made.rows, "export_id": export_id}


@passes("exports", exports.Export, days=7, file=exports.Export.file_id)
def made_before(instant: datetime) -> ColumnElement[bool]:
    """Files of a week ago; who wants one again asks again."""
    return exports.Export.created_at < instant


@passes("bulk_changes", BulkChange, days=KEPT_DAYS)
def changed_before(instant: datetime) -> ColumnElement[bool]:
    """What is needed to undo jobs of long ago; that they were done stays."""
    return BulkChange.created_at < instant
