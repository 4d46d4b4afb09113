"""Files of many rows: asking for one, watching it being made, taking it."""

from __future__ import annotations

from typing import Any

from flask import abort, current_app, g, request, url_for
from flask_babel import gettext as _
from werkzeug.utils import send_file
from werkzeug.wrappers import Response

from retail.core import audit, exports, files, html, tables
from retail.core.db import session
from retail.core.errors import NotFound
from retail.core.exports import Export
from retail.core.module import allowed, person_or_none, registry_of
from retail.core.tasks import Task
from retail.lists import module
from retail.lists.tables import Exports
from retail.permissions import Can


@module.get("/exports/", needs=Can.EXPORT)
def export_list() -> Any:
    """One's own files of the last week."""
    return tables.table_page(
        Exports(),
        "lists/exports.html",
        title=_("Exports"),
        subtitle=_("Files of many rows that you asked for; each is kept for a week."),
    )


@module.post("/exports/", needs=Can.EXPORT)
def ask_export() -> Response:
    """Have a file made of a list or report."""
    address = request.form.get("address", "")
    endpoint, _arguments = exports.place_of(address)
    need = registry_of(current_app).needs.get(endpoint)
    if need is None or not allowed(need, person_or_none()):
        abort(403)
    row = exports.ask(request.form.get("title", ""), address, g.person)
    return html.done("", url_for("lists.export_page", export_id=row.id))


def _own(export_id: int) -> Export:
    """A file that this person asked for; nobody else may so much as know of it."""
    row = exports.export_numbered(export_id)
    if row.user_id != g.person.id:
        raise NotFound(_("There is no such export; files are kept for a week."))
    return row


@module.get("/exports/<int:export_id>", needs=Can.EXPORT)
def export_page(export_id: int) -> Response:
    """How far a file is, and the file once it is made."""
    row = _own(export_id)
    task = session.get(Task, row.task_id) if row.task_id is not None else None
    file = exports.file_of(row)
    return html.page(
        "lists/export.html",
        fragment="export",
        row=row,
        file=file,
        size=file.size if file is not None else 0,
        task=task,
        under_way=task is not None and not task.has_ended,
        withheld=not exports.may_take(row, g.person),
        breadcrumbs=[(_("Exports"), url_for("lists.export_list")), (row.title, None)],
    )


@module.get("/exports/<int:export_id>/file", needs=Can.EXPORT)
def export_file(export_id: int) -> Response:
    """The file, for who asked for it and may still see all it was made of."""
    row = _own(export_id)
    file = exports.file_of(row)
    if file is None:
        raise NotFound(_("There is no such export; files are kept for a week."))
    if not exports.may_take(row, g.person):
        abort(403)
    path, name, kind = files.path_of(file), file.name, file.content_type
    audit.record_apart("export", "exports", row.id, row.title)
    return send_file(path, request.environ, mimetype=kind, as_attachment=True, download_name=name)
