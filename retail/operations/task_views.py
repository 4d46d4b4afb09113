"""Slow work: how far it is, what came of it."""

from __future__ import annotations

from typing import Any

from flask import g, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from retail.core import html, tables, tasks
from retail.core.db import session
from retail.core.errors import NotFound
from retail.core.links import link
from retail.core.module import MenuItem, can
from retail.core.tasks import TASKS, Task, label_of
from retail.operations import module
from retail.operations.tables import TASK_STATES, TONES, Tasks, plain_error
from retail.permissions import SIGNED_IN, Can

module.menu.append(MenuItem(_l("Tasks"), "operations.tasks_page", "list-check", _l("Operations"), order=84))


def _task(task_id: int) -> Task:
    """A task that this person asked for, or may see as one who sees the schedules."""
    row = session.get(Task, task_id)
    if row is None or not (row.user_id == g.person.id or can(Can.SEE_SCHEDULES)):
        raise NotFound(_("There is no such task."))
    return row


def _shown(row: Task) -> dict[str, Any]:
    in_hand = row.user_id == g.person.id or can(Can.MANAGE_SCHEDULES)
    return {
        "id": row.id,
        "label": label_of(row.name),
        "state": row.state,
        "state_words": TASK_STATES.get(row.state, row.state),
        "tone": TONES.get(row.state) or "neutral",
        "ended": row.has_ended,
        "done": row.done,
        "total": row.total,
        "message": row.message,
        "error": plain_error(row),
        "trace": row.error if row.error and row.error.startswith("Traceback") else None,
        "may_cancel": not row.has_ended and in_hand,
        "may_try_again": row.state == "failed" and row.name in TASKS and in_hand,
    }


@module.get("/tasks/", needs=Can.SEE_SCHEDULES)
def tasks_page() -> Any:
    """All slow work, newest first."""
    return tables.table_page(
        Tasks(), "operations/tasks.html", title=_("Tasks"), subtitle=_("Work that takes a while, and what came of it.")
    )


@module.get("/tasks/<int:task_id>", needs=SIGNED_IN)
def task_page(task_id: int) -> Response:
    """One task."""
    row = _task(task_id)
    outcome = dict(row.result or {})
    outcome.pop("bulk_run_id", None)
    run_id = row.arguments.get("bulk_run_id")
    crumbs = [(_("Tasks"), url_for("operations.tasks_page"))] if can(Can.SEE_SCHEDULES) else []
    return html.page(
        "operations/task.html",
        task=_shown(row),
        row=row,
        results=[(name.replace("_", " "), result) for name, result in outcome.items()],
        run_url=link("lists.run_page", bulk_run_id=run_id) if run_id else None,
        breadcrumbs=[*crumbs, (label_of(row.name), None)],
    )


@module.get("/tasks/<int:task_id>/progress", needs=SIGNED_IN)
def task_progress(task_id: int) -> Response:
    """How far it is; asks again by itself until it has ended. Any page may show it."""
    return html.page("core/progress.html", fragment="progress", task=_shown(_task(task_id)))


def _task_in_hand(task_id: int) -> Task:
    """A task that this person asked for, or that is theirs to manage."""
    row = _task(task_id)
    if row.user_id != g.person.id and not can(Can.MANAGE_SCHEDULES):
        raise NotFound(_("There is no such task."))
    return row


@module.post("/tasks/<int:task_id>/again", needs=SIGNED_IN)
def try_task_again(task_id: int) -> Response:
    """Let it begin anew after it failed."""
    tasks.try_again(_task_in_hand(task_id).id)
    return html.done(_("It is tried again now."), url_for("operations.task_page", task_id=task_id))


@module.post("/tasks/<int:task_id>/cancel", needs=SIGNED_IN)
def cancel_task(task_id: int) -> Response:
    """Stop it."""
    _task_in_hand(task_id)
    tasks.cancel(task_id)
    return html.done(_("It was cancelled."), url_for("operations.task_page", task_id=task_id))
