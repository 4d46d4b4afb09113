"""What happens by the clock: seen, paused, run now, moved to another time."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from flask import url_for
from flask_babel import format_datetime
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from retail.core import html, schedules
from retail.core.clock import now
from retail.core.db import session
from retail.core.errors import NotFound
from retail.core.forms import refusals
from retail.core.module import MenuItem, person_or_none
from retail.core.schedules import Schedule
from retail.core.tasks import Task, label_of
from retail.operations import module, queries
from retail.operations.cron_words import cron_of, rhythm_of
from retail.operations.cron_words import in_words as in_words_of_cron
from retail.operations.event_queries import in_words
from retail.operations.forms import RhythmForm
from retail.operations.tables import TASK_STATES, TONES, plain_error
from retail.permissions import Can

module.menu.append(MenuItem(_l("Schedules"), "operations.schedules_page", "calendar", _l("Operations"), order=82))


COMING = 5
RUNS = 20


def _run(task: Task) -> dict[str, Any]:
    """One run in words: when, who wanted it, how it went and how long it took."""
    took = (task.ended_at - task.started_at).total_seconds() if task.ended_at and task.started_at else None
    return {
        "id": task.id,
        "at": task.due_at,
        "who": _("The clock") if task.user_id is None else task.user_name,
        "state": TASK_STATES.get(task.state, task.state),
        "tone": TONES.get(task.state) or "neutral",
        "took": in_words(took) if took is not None else "",
        "error": plain_error(task) or "",
    }


def _row(row: Schedule, latest: Task | None) -> dict[str, Any]:
    return {
        "id": row.id,
        "label": row.label,
        "when": in_words_of_cron(row.cron),
        "zone": row.zone.replace("_", " "),
        "next": row.next_run_at,
        "paused": row.paused,
        "run": _run(latest) if latest is not None else None,
    }


@module.get("/schedules/", needs=Can.SEE_SCHEDULES)
def schedules_page() -> Response:
    """Everything that happens by the clock, the next first."""
    latest = queries.latest_runs()
    return html.page(
        "operations/schedules.html",
        fragment="schedules",
        zone=person_or_none().tenant.timezone.replace("_", " "),
        rows=[_row(row, latest.get(row.id)) for row in queries.all_schedules()],
    )


def _coming(row: Schedule) -> list[tuple[str, str]]:
    """The next times on the wall clock of the schedule, and a word where clocks change on the way to one."""
    found, before = [], now().astimezone(ZoneInfo(row.zone)).utcoffset()
    for one in schedules.coming_times(row, COMING):
        offset = one.utcoffset()
        shown = str(format_datetime(one.replace(tzinfo=None), "EEE d MMM y, HH:mm", rebase=False))
        found.append((shown, str(_("after the clocks changed")) if offset != before else ""))
        before = offset
    return found


@module.get("/schedules/<int:schedule_id>", needs=Can.SEE_SCHEDULES)
def schedule(schedule_id: int) -> Response:
    """One schedule: when it comes next, and how its last runs went."""
    row = _schedule(schedule_id)
    return html.page(
        "operations/schedule.html",
        fragment="schedule",
        row=row,
        when=in_words_of_cron(row.cron),
        zone=row.zone.replace("_", " "),
        task=label_of(row.task),
        coming=[] if row.paused else _coming(row),
        runs=[_run(one) for one in queries.runs_of(row, RUNS)],
        breadcrumbs=[(_("Schedules"), url_for("operations.schedules_page")), (row.label, None)],
    )


def _schedule(schedule_id: int) -> Schedule:
    row = session.get(Schedule, schedule_id)
    if row is None:
        raise NotFound(_("There is no such schedule."))
    return row


def _back(row: Schedule) -> str:
    """The page from which somebody asked: of the one schedule, or of all."""
    page = url_for("operations.schedule", schedule_id=row.id)
    return page if html.page_of_fragment() == page else url_for("operations.schedules_page")


def _edit_page(row: Schedule, form: RhythmForm, status: int = 200) -> Response:
    return html.page(
        "operations/schedule_edit.html",
        fragment="edit",
        status=status,
        form=form,
        label=row.label,
        schedule_id=row.id,
        when=in_words_of_cron(row.cron),
        zone=row.zone.replace("_", " "),
        breadcrumbs=[
            (_("Schedules"), url_for("operations.schedules_page")),
            (row.label, url_for("operations.schedule", schedule_id=row.id)),
            (_("Change the time"), None),
        ],
    )


@module.route("/schedules/<int:schedule_id>/edit", methods=["GET", "POST"], needs=Can.MANAGE_SCHEDULES)
def edit_schedule(schedule_id: int) -> Response:
    """Let a schedule happen at other times."""
    row = _schedule(schedule_id)
    form = RhythmForm(obj=rhythm_of(row.cron))
    form.offer_weekdays()
    if form.validate_on_submit():
        with refusals(form):
            changed = schedules.reschedule(schedule_id, cron_of(form.rhythm))
            words = in_words_of_cron(changed.cron)
            return html.done(
                _("“%(label)s” now happens %(when)s.", label=changed.label, when=words),
                url_for("operations.schedule", schedule_id=schedule_id),
            )
        row = _schedule(schedule_id)
    return _edit_page(row, form, 422 if form.errors else 200)


@module.post("/schedules/<int:schedule_id>/pause", needs=Can.MANAGE_SCHEDULES)
def pause_schedule(schedule_id: int) -> Response:
    """Let it rest."""
    row = schedules.pause(schedule_id)
    return html.done(_("“%(label)s” is paused.", label=row.label), _back(row))


@module.post("/schedules/<int:schedule_id>/resume", needs=Can.MANAGE_SCHEDULES)
def resume_schedule(schedule_id: int) -> Response:
    """Let it go on."""
    row = schedules.resume(schedule_id)
    return html.done(_("“%(label)s” goes on.", label=row.label), _back(row))


@module.post("/schedules/<int:schedule_id>/run", needs=Can.MANAGE_SCHEDULES)
def run_schedule(schedule_id: int) -> Response:
    """Do it once, now."""
    task = schedules.run_now(schedule_id)
    return html.done(_("It was started."), url_for("operations.task_page", task_id=task.id))
