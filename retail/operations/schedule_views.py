"""What happens by the clock: seen, paused, run now, moved to another time."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from retail.core import html, schedules
from retail.core.db import session
from retail.core.errors import NotFound
from retail.core.forms import refusals
from retail.core.module import MenuItem, person_or_none
from retail.core.schedules import Schedule
from retail.operations import module, queries
from retail.operations.cron_words import cron_of, in_words, rhythm_of
from retail.operations.forms import RhythmForm
from retail.operations.tables import TASK_STATES, TONES
from retail.permissions import Can

module.menu.append(MenuItem(_l("Schedules"), "operations.schedules_page", "calendar", _l("Operations"), order=82))


def _row(row: Schedule, latest: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "label": row.label,
        "when": in_words(row.cron),
        "zone": row.zone.replace("_", " "),
        "next": row.next_run_at,
        "last": row.last_run_at,
        "paused": row.paused,
        "task": latest,
        "task_state": TASK_STATES.get(latest.state, latest.state) if latest else None,
        "task_tone": (TONES.get(latest.state) or "neutral") if latest else None,
    }


@module.get("/schedules/", needs=Can.SEE_SCHEDULES)
def schedules_page() -> Response:
    """Everything that happens by the clock, the next first."""
    rows = queries.all_schedules()
    latest = queries.latest_tasks([row.task for row in rows])
    return html.page(
        "operations/schedules.html",
        fragment="schedules",
        zone=person_or_none().tenant.timezone.replace("_", " "),
        rows=[_row(row, latest.get(row.task)) for row in rows],
    )


def _schedule(schedule_id: int) -> Schedule:
    row = session.get(Schedule, schedule_id)
    if row is None:
        raise NotFound(_("There is no such schedule."))
    return row


def _edit_page(row: Schedule, form: RhythmForm, status: int = 200) -> Response:
    return html.page(
        "operations/schedule.html",
        fragment="edit",
        status=status,
        form=form,
        label=row.label,
        schedule_id=row.id,
        when=in_words(row.cron),
        zone=row.zone.replace("_", " "),
        breadcrumbs=[(_("Schedules"), url_for("operations.schedules_page")), (row.label, None)],
    )


@module.route("/schedules/<int:schedule_id>", methods=["GET", "POST"], needs=Can.MANAGE_SCHEDULES)
def schedule(schedule_id: int) -> Response:
    """Let a schedule happen at other times."""
    row = _schedule(schedule_id)
    form = RhythmForm(obj=rhythm_of(row.cron))
    form.offer_weekdays()
    if form.validate_on_submit():
        with refusals(form):
            changed = schedules.reschedule(schedule_id, cron_of(form.rhythm))
            words = in_words(changed.cron)
            return html.done(
                _("“%(label)s” now happens %(when)s.", label=changed.label, when=words),
                url_for("operations.schedules_page"),
            )
        row = _schedule(schedule_id)
    return _edit_page(row, form, 422 if form.errors else 200)


@module.post("/schedules/<int:schedule_id>/pause", needs=Can.MANAGE_SCHEDULES)
def pause_schedule(schedule_id: int) -> Response:
    """Let it rest."""
    row = schedules.pause(schedule_id)
    return html.done(_("“%(label)s” is paused.", label=row.label), url_for("operations.schedules_page"))


@module.post("/schedules/<int:schedule_id>/resume", needs=Can.MANAGE_SCHEDULES)
def resume_schedule(schedule_id: int) -> Response:
    """Let it go on."""
    row = schedules.resume(schedule_id)
    return html.done(_("“%(label)s” goes on.", label=row.label), url_for("operations.schedules_page"))


@module.post("/schedules/<int:schedule_id>/run", needs=Can.MANAGE_SCHEDULES)
def run_schedule(schedule_id: int) -> Response:
    """Do it once, now."""
    task = schedules.run_now(schedule_id)
    return html.done(_("It was started."), url_for("operations.task_page", task_id=task.id))
