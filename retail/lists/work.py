"""What lists leave to a worker: jobs for many rows, in parts so that tills sell meanwhile, and files of many rows."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from flask import current_app, g
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement
from werkzeug.http import parse_options_header
from werkzeug.wrappers import Response

from retail.core import exports, files
from retail.core.db import reading, set_intent, unit_of_work
from retail.core.errors import Refused
from retail.core.events import emit
from retail.core.links import root_address
from retail.core.module import allowed, registry_of
from retail.core.retention import passes
from retail.core.tasks import task
from retail.events.lists import ExportMade
from retail.identity import sessions
from retail.lists import queries, services
from retail.lists.models import BulkChange, BulkRun


def _in_parts(
    bulk_run_id: int, progress: Callable[..., None], do: Callable[[BulkRun], int], state: str, whole_of: str
) -> BulkRun:
    while True:
        with unit_of_work():
            run = queries.run_numbered(bulk_run_id)
            whole = getattr(run, whole_of)
            left = do(run) if run.state == state else 0
        progress(whole - left, whole)
        if not left:
            return run


@task("lists.carry_out", _l("Change of many rows"), timeout=3600, retry_seconds=(5, 60), takes_turns=True)
def carry_out(progress: Callable[..., None], bulk_run_id: int) -> dict[str, Any]:
    """Do what is left of a job."""
    run = _in_parts(bulk_run_id, progress, services.carry_out, "running", "rows")
    return {"changed": run.changed, "unchanged": run.unchanged, "refused": run.refused, "bulk_run_id": bulk_run_id}


@task("lists.take_back", _l("Undoing a change of many rows"), timeout=3600, retry_seconds=(5, 60), takes_turns=True)
def take_back(progress: Callable[..., None], bulk_run_id: int) -> dict[str, Any]:
    """Undo what is left of a job."""
    run = _in_parts(bulk_run_id, progress, services.give_back, "undoing", "changed")
    return {"restored": run.restored, "kept": run.kept, "bulk_run_id": bulk_run_id}


@dataclass(frozen=True)
class Made:
    """A file that was made, and is not yet anybody's."""

    kept: files.Kept
    name: str
    mimetype: str
    rows: int


def _opened(address: str, user_id: int, location_id: int | None, tell: Callable[[int, int | None], None]) -> Made:
    """Open an address as somebody does and keep the file it gives. Refused when it gives none, or not to them."""
    app = current_app
    with app.test_request_context(address, base_url=root_address()):
        set_intent("read")
        g.person = sessions.person_numbered(user_id, location_id)
        g.export = making = exports.Making(tell)
        endpoint, arguments = exports.place_of(address)
        need = registry_of(app).needs.get(endpoint)
        if g.person is None or need is None or not allowed(need, g.person):
            raise Refused(_("You may no longer see this list."))
        response = cast(Response, app.make_response(cast(Any, app.view_functions[endpoint](**arguments))))
        name = response.headers.get("Content-Disposition", "") if response.status_code == 200 else ""
        if not name:
            raise Refused(_("There is no file at this address any more."))
        with tempfile.TemporaryFile() as stream:
            stream.writelines(response.iter_encoded())
            response.close()
            stream.seek(0)
            return Made(
                files.keep(stream), parse_options_header(name)[1]["filename"], str(response.mimetype), making.rows
            )


@task(exports.TASK, _l("Export"), timeout=3600, retry_seconds=(5, 60), tells_itself=True)
def export(progress: Callable[..., None], export_id: int) -> dict[str, Any]:
    """Make the file that somebody asked for, and keep it for them."""
    app = current_app.app_context

    def tell(rows: int, total: int | None) -> None:
        # The file is read in one transaction from beginning to end; this is another one.
        with app():
            progress(rows, total, "")

    with reading():
        row = exports.export_numbered(export_id)
        asked = row.address, row.user_id, row.location_id
    # A request leaves its tenant and its actor when it ends: here, those of the copy.
    made = copy_context().run(_opened, *asked, tell)
    with unit_of_work():
        row = exports.export_numbered(export_id)
        row.file_id = files.store_kept(made.name, made.mimetype, made.kept).id
        row.rows = made.rows
        emit(ExportMade(export_id=row.id, title=row.title, rows=row.rows))
    return {"rows": made.rows, "export_id": export_id}


@passes("exports", exports.Export, days=7, file=exports.Export.file_id)
def made_before(instant: datetime) -> ColumnElement[bool]:
    """Files of a week ago; who wants one again asks again."""
    return exports.Export.created_at < instant


@passes("bulk_changes", BulkChange, days=90)
def changed_before(instant: datetime) -> ColumnElement[bool]:
    """What is needed to undo jobs of three months ago; that they were done stays."""
    return BulkChange.created_at < instant
