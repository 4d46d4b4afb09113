"""The lists of operations: mail and tasks."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, select

from retail.core.mail import Mail
from retail.core.tables import Column, Filter, Table, choices_of
from retail.core.tasks import Task, label_of
from retail.permissions import Can

MAIL_STATES = {"queued": _l("On its way"), "sent": _l("Sent"), "failed": _l("Failed")}
TASK_STATES = {
    "queued": _l("Waiting"),
    "running": _l("Running"),
    "done": _l("Done"),
    "failed": _l("Failed"),
    "cancelled": _l("Cancelled"),
}
TONES = {"sent": "success", "done": "success", "failed": "danger", "running": "accent", "cancelled": None}


def plain_error(row: Task) -> str | None:
    """What went wrong, for people: what was refused in its own words, what broke without the trace."""
    if not row.error:
        return None
    if row.error.startswith("Traceback"):
        return str(_("Something broke on our side. Nothing half-done was kept."))
    return row.error


class Mails(Table):
    """Every mail the program wrote."""

    name = "mails"
    label = _l("Mailbox")
    order = "-created"
    needs = Can.SEE_MAILBOX
    row_id = Mail.id
    columns = {
        "subject": Column(
            _l("Subject"),
            Mail.subject,
            search=True,
            link=lambda row: url_for("operations.mail_page", mail_id=row.row_id),
        ),
        "to": Column(_l("To"), Mail.to_address, search=True),
        "created": Column(_l("Written"), Mail.created_at, "datetime"),
        "state": Column(_l("State"), Mail.state, show=lambda state: str(MAIL_STATES.get(state, state)), tone=TONES.get),
    }
    filters = {
        "state": Filter(
            _l("Every state"), lambda s, v: s.where(Mail.state == v), "choice", choices_of(*MAIL_STATES.items())
        ),
    }
    empty = {
        "title": _l("No mail yet"),
        "text": _l("Everything the program sends is kept here: reports, receipts, invitations."),
        "icon": "mail",
    }

    def source(self) -> Select[Any]:
        return select(Mail)


class Tasks(Table):
    """Slow work: what waits, runs and has ended."""

    name = "tasks"
    label = _l("Tasks")
    order = "-asked"
    needs = Can.SEE_SCHEDULES
    row_id = Task.id
    columns = {
        "task": Column(
            _l("Task"),
            Task.name,
            search=True,
            show=label_of,
            link=lambda row: url_for("operations.task_page", task_id=row.row_id),
        ),
        "who": Column(_l("Asked for by"), Task.user_name, search=True),
        "asked": Column(_l("Due"), Task.due_at, "datetime"),
        "ended": Column(_l("Ended"), Task.ended_at, "datetime"),
        "attempts": Column(_l("Attempts"), Task.attempts, "integer"),
        "state": Column(_l("State"), Task.state, show=lambda state: str(TASK_STATES.get(state, state)), tone=TONES.get),
    }
    filters = {
        "state": Filter(
            _l("Every state"), lambda s, v: s.where(Task.state == v), "choice", choices_of(*TASK_STATES.items())
        ),
    }
    empty = {
        "title": _l("No task yet"),
        "text": _l("Imports, reports and nightly work are listed here while they run and after."),
        "icon": "list-check",
    }

    def source(self) -> Select[Any]:
        return select(Task)
