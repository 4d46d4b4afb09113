"""Jobs for many rows: what they ask, an example of what they will do, doing them, and taking them back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from flask import Response as FlaskResponse
from flask import g, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Select
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from retail.core import export, html, shown, tables
from retail.core.clock import typed_instant
from retail.core.db import session
from retail.core.errors import NotFound, Refused
from retail.core.forms import read_decimal
from retail.core.module import allowed, can, person_or_none
from retail.core.tables import TABLES, Asked, Bulk, Onward, Table
from retail.core.tables.answering import label_of_row
from retail.core.tasks import Task
from retail.lists import module, queries, services
from retail.lists.access import job_named, table_named
from retail.lists.models import BulkRun
from retail.lists.tables import STATES, TONES, BulkRuns
from retail.permissions import SIGNED_IN, Can

EXAMPLES = 5
SHOWN = 100


@module.get("/runs/", needs=SIGNED_IN)
def runs() -> Any:
    """Jobs that were done to many rows, newest first."""
    return tables.table_page(
        BulkRuns(),
        "lists/runs.html",
        title=_("Changes of many rows"),
        subtitle=_("What was done to many rows at once. Each can be undone; what was changed by hand since stays."),
    )


def _chosen(table: Table, given: MultiDict[str, str]) -> Select[Any]:
    """The rows an address or form names: those ticked, or all that match the list's search and filters."""
    row_id = type(table).row_id
    if given.get("all"):
        asked = Asked.told(table, given.get("state", ""))
        return table.narrowed(asked.q, asked.values).order_by(None).order_by(row_id)
    ids = [int(one) for one in given.getlist("ids") if one.isdecimal() and len(one) < 18]
    services.check_size(len(ids))
    return table.whole().where(row_id.in_(ids)).order_by(row_id)


def _named_rows(table: Table, chosen: Select[Any]) -> Iterator[tuple[int, str]]:
    title = next(iter(table.columns))
    expression = table.columns[title].expression.label(title)
    short = chosen.with_only_columns(type(table).row_id.label("row_id"), expression)
    for row in session.execute(short.execution_options(yield_per=2000)):
        yield row.row_id, label_of_row(table, row)


def _answers(job: Bulk | Onward, given: Mapping[str, str]) -> dict[str, Any]:
    """What the job asked, as plain values. Refused, at the field, for what is missing or no number."""
    found: dict[str, Any] = {}
    for name, one in job.fields.items():
        text = given.get(name, "").strip()[:200]
        if not text and not one.optional:
            raise Refused(_("“%(field)s” is needed.", field=one.label), field=name)
        if one.kind == "choice" and text not in {
            str(value) for value, _label in (one.choices() if one.choices else ())
        }:
            raise Refused(_("Choose one of the list for “%(field)s”.", field=one.label), field=name)
        if one.kind == "decimal" and text:
            try:
                text = str(read_decimal(text, 4))
            except ValueError as no:
                raise Refused(str(no), field=name) from None
        found[name] = text
    if job.check is not None:
        job.check(found)
    return found


def _instant(given: Mapping[str, str], name: str) -> datetime | None:
    """When a job begins or ends, as typed on the shop's clock; None where nothing was."""
    text = given.get(name, "").strip()
    if not text:
        return None
    try:
        return typed_instant(text, g.person.tenant.timezone)
    except (ValueError, OverflowError):
        raise Refused(_("“%(text)s” is no date and time.", text=text[:40]), field=name) from None


def _examples(table: Table, job: Bulk, chosen: Select[Any], answers: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """The first rows as they are and as they would become."""
    named = dict(_named_rows(table, chosen.limit(EXAMPLES)))
    known = job.read([*named])
    found = []
    for row_id, label in named.items():
        before = known.get(row_id)
        if before is None:
            continue
        try:
            after = job.words(job.change(before, answers))
        except Refused as no:
            after = no.message
        found.append((label, job.words(before), after))
    return found


def _form_page(
    table: Table, name: str, job: Bulk | Onward, given: MultiDict[str, str], problem: Refused | None
) -> Response:
    chosen = _chosen(table, given)
    count = tables.counted(chosen, services.MOST)
    examples: list[tuple[str, str, str]] = []
    asked_for = bool(given.get("try")) or not job.fields
    if problem is None:
        try:
            services.check_size(count)
        except Refused as no:
            problem = no
    if isinstance(job, Bulk) and asked_for and problem is None:
        try:
            examples = _examples(table, job, chosen, _answers(job, given))
        except Refused as no:
            problem = no
    return html.page(
        "lists/job.html",
        fragment="job",
        status=422 if problem is not None and request.method == "POST" else 200,
        list_name=table.name,
        job_name=name,
        job=job,
        count=count,
        ids=given.getlist("ids") if not given.get("all") else [],
        all=given.get("all", ""),
        state=given.get("state", ""),
        back=given.get("back", ""),
        fields=[
            (key, one, [(str(v), str(label)) for v, label in (one.choices() if one.choices else ())], given.get(key))
            for key, one in job.fields.items()
        ],
        examples=examples,
        may_wait=isinstance(job, Bulk),
        starts_at=given.get("starts_at", ""),
        ends_at=given.get("ends_at", ""),
        zone=g.person.tenant.timezone,
        problem=problem.message if problem else None,
        problem_field=problem.field if problem else None,
    )


@module.get("/<list_name>/jobs", needs=SIGNED_IN)
def choose_job(list_name: str) -> Response:
    """The job that was chosen in the bar below a list; without scripts the bar sends its whole form here."""
    table = table_named(list_name)
    given = MultiDict(request.args)
    name = given.get("job", "")
    if not name:
        raise NotFound(_("Choose what to do with the rows."))
    return _form_page(table, name, job_named(table, name), given, None)


@module.get("/<list_name>/jobs/<job_name>", needs=SIGNED_IN)
def ask_job(list_name: str, job_name: str) -> Response:
    """What a job asks, and what it would do to the first of the chosen rows."""
    table = table_named(list_name)
    return _form_page(table, job_name, job_named(table, job_name), MultiDict(request.args), None)


@module.post("/<list_name>/jobs/<job_name>", needs=SIGNED_IN)
def do_job(list_name: str, job_name: str) -> Response:
    """Do it: at once to few rows, by a worker to many."""
    table = table_named(list_name)
    declared = job_named(table, job_name)
    given = MultiDict(request.form)
    try:
        answers = _answers(declared, given)
        if isinstance(declared, Onward):
            return _taken_on(table, declared, answers, given)
        when = services.When(_instant(given, "starts_at"), _instant(given, "ends_at"))
        run = services.begin(table.name, job_name, answers, _named_rows(table, _chosen(table, given)), when)
    except Refused as no:
        session.rollback()
        return _form_page(table, job_name, declared, given, no)
    page = url_for("lists.run_page", bulk_run_id=run.id)
    if run.starts_at is not None:
        return html.done(_("It is planned for %(when)s.", when=shown.value(run.starts_at, "datetime")), to=page)
    if run.task_id is not None:
        return html.done(_("It is being done; you may go on working."), to=page)
    services.carry_out(run, services.AT_ONCE)
    back = given.get("back", "")
    undo = url_for("lists.undo_run", bulk_run_id=run.id) if run.changed else None
    return html.done(_said(run), to=back if html.is_safe_target(back) and not run.refused else page, undo_url=undo)


def _taken_on(table: Table, job: Onward, answers: Mapping[str, Any], given: MultiDict[str, str]) -> Response:
    ids = list(session.scalars(_chosen(table, given).with_only_columns(type(table).row_id).limit(services.MOST + 1)))
    services.check_size(len(ids))
    if not ids:
        raise Refused(_("Choose at least one row."))
    return html.done("", to=job.take(ids, answers))


def _said(run: BulkRun) -> str:
    """What came of a job, or of its undoing, in a sentence or two."""
    if run.restored or run.kept:
        restored, kept = shown.quantity(run.restored), shown.quantity(run.kept)
        if run.state == "done":
            whole = shown.quantity(run.changed)
            return str(_("Undoing was stopped: %(n)s of %(total)s are as they were.", n=restored, total=whole))
        if run.kept:
            return str(_("%(n)s are as they were; %(kept)s were changed since and stay.", n=restored, kept=kept))
        return str(_("%(n)s are as they were.", n=restored))
    job = run.declared
    parts = [str(job.done) % {"n": shown.quantity(run.changed)}] if job is not None else []
    if run.unchanged:
        parts.append(_("%(n)s were so already.", n=shown.quantity(run.unchanged)))
    if run.refused:
        parts.append(_("%(n)s could not be changed.", n=shown.quantity(run.refused)))
    return " ".join(map(str, parts))


def _seen_run(bulk_run_id: int, *, lock: bool = False) -> BulkRun:
    """A run that this person may see: their own, or one of a list and job that they may use."""
    run = queries.run_numbered(bulk_run_id, lock=lock)
    table, job = TABLES.get(run.list_name), run.declared
    may = table is not None and allowed(table.needs, person_or_none()) and job is not None and can(job.needs)
    if run.user_id != g.person.id and not may and not can(Can.SEE_AUDIT):
        raise NotFound(_("There is no such change of many rows."))
    return run


def _run_in_hand(bulk_run_id: int) -> BulkRun:
    """A run that this person may undo, locked: who may do a job may undo it."""
    run = _seen_run(bulk_run_id, lock=True)
    if run.declared is None or not can(run.declared.needs):
        raise NotFound(_("There is no such change of many rows that you may undo."))
    return run


@module.get("/runs/<int:bulk_run_id>", needs=SIGNED_IN)
def run_page(bulk_run_id: int) -> Response:
    """What a job did, which rows it could not change, and the way back."""
    run = _seen_run(bulk_run_id)
    job, table = run.declared, TABLES.get(run.list_name)
    task = session.get(Task, run.task_id) if run.task_id else None
    return html.page(
        "lists/run.html",
        fragment="run",
        reached=run.restored + run.kept if run.state == "undoing" else run.handled,
        whole=run.changed if run.state == "undoing" else run.rows,
        run=run,
        job=job,
        table=table,
        task=task if task is not None and not task.has_ended else None,
        stopped=run.state in {"running", "undoing"} and task is not None and task.has_ended,
        state_words=STATES.get(run.state, run.state),
        tone=TONES.get(run.state, "neutral"),
        said=_said(run) if run.state in {"done", "undone"} else None,
        may_call_off=run.state == "planned" and job is not None and can(job.needs),
        may_keep=run.ends_at is not None
        and run.state in {"planned", "running", "done"}
        and job is not None
        and can(job.needs),
        may_undo=run.state == "done"
        and run.to_undo > 0
        and not run.is_forgotten
        and job is not None
        and can(job.needs),
        rows=queries.rows_to_look_at(run, SHOWN),
        examples=queries.first_changed(run, EXAMPLES),
        answers=_answers_in_words(job, run.answers),
        shown_at_most=SHOWN,
        breadcrumbs=[(_("Changes of many rows"), url_for("lists.runs")), (job.label if job else run.job, None)],
    )


def _answers_in_words(job: Bulk | None, answers: Mapping[str, Any]) -> list[tuple[str, str]]:
    if job is None:
        return [(name, str(value)) for name, value in answers.items()]
    found = []
    for name, one in job.fields.items():
        value = str(answers.get(name, ""))
        words = {str(key): str(label) for key, label in one.choices()} if one.choices else {}
        found.append((str(one.label), words.get(value, value)))
    return found


@module.get("/runs/<int:bulk_run_id>/rows.csv", needs=SIGNED_IN)
def run_report(bulk_run_id: int) -> Response:
    """Every row of a run with what became of it, for a spreadsheet."""
    run = _seen_run(bulk_run_id)
    job = run.declared
    heads = [
        export.Column(key=key, label=str(label))
        for key, label in (
            ("name", _("Name")),
            ("state", _("Result")),
            ("before", _("Before")),
            ("after", _("After")),
            ("reason", _("Reason")),
        )
    ]
    rows = (
        [
            one.label,
            one.state,
            job.words(one.before) if job and one.before else "",
            job.words(one.after) if job and one.after else "",
            one.reason,
        ]
        for one in queries.all_rows(run)
    )
    disposition = {"Content-Disposition": f'attachment; filename="change-{run.id}.csv"'}
    body = b"".join(export.write_csv(heads, rows))
    return FlaskResponse(body, mimetype="text/csv", headers=disposition)


@module.post("/runs/<int:bulk_run_id>/call-off", needs=SIGNED_IN)
def call_off_run(bulk_run_id: int) -> Response:
    """Let a planned job never begin."""
    services.call_off(_run_in_hand(bulk_run_id))
    return html.done(_("It is called off; nothing was changed."), to=url_for("lists.run_page", bulk_run_id=bulk_run_id))


@module.post("/runs/<int:bulk_run_id>/keep", needs=SIGNED_IN)
def keep_run(bulk_run_id: int) -> Response:
    """Let what was to be taken back at its time stay."""
    services.keep_for_good(_run_in_hand(bulk_run_id))
    return html.done(_("It stays; nothing is taken back."), to=url_for("lists.run_page", bulk_run_id=bulk_run_id))


@module.post("/runs/<int:bulk_run_id>/undo", needs=SIGNED_IN)
def undo_run(bulk_run_id: int) -> Response:
    """Take a job back. What somebody changed by hand since stays, and is named."""
    run = _run_in_hand(bulk_run_id)
    services.take_back(run)
    page = url_for("lists.run_page", bulk_run_id=run.id)
    if run.task_id is not None:
        return html.done(_("It is being undone; you may go on working."), to=page)
    services.give_back(run, services.AT_ONCE)
    if run.kept:
        return html.done(_said(run), to=page, level="warning")
    return html.done(_said(run), to=html.page_of_fragment() or page)


@module.post("/runs/<int:bulk_run_id>/stop", needs=SIGNED_IN)
def stop_run(bulk_run_id: int) -> Response:
    """Let a run whose task was cancelled or failed end with what it did, or with what it undid."""
    run = _run_in_hand(bulk_run_id)
    task = session.get(Task, run.task_id) if run.task_id else None
    if task is not None and not task.has_ended:
        raise Refused(_("This is still being done. Cancel its task first."))
    services.finish_early(run)
    return html.done(_said(run), to=url_for("lists.run_page", bulk_run_id=run.id))
