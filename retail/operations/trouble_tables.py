"""The lists of what went wrong and what took long."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, case, select

from retail.core.tables import Column, Filter, Table, choices_of
from retail.core.troubles import SlowNote, Trouble
from retail.permissions import Can

STATES = {"open": _l("Open"), "resolved": _l("Resolved")}
SEVERITIES = {"error": _l("Error"), "warning": _l("Warning")}
KINDS = {"request": _l("Page"), "query": _l("Query")}
TONES = {"open": "danger", "resolved": "success", "error": "danger", "warning": "warning"}
STATE = case((Trouble.resolved_at.is_(None), "open"), else_="resolved")


def _of_state(statement: Select[Any], value: str) -> Select[Any]:
    resolved = Trouble.resolved_at.is_not(None)
    return statement.where(resolved if value == "resolved" else ~resolved)


class Troubles(Table):
    """Every kind of error, the last seen first."""

    name = "errors"
    label = _l("Errors")
    order = "-last"
    needs = Can.SEE_ERRORS
    row_id = Trouble.id
    columns = {
        "kind": Column(
            _l("Error"),
            Trouble.kind,
            search=True,
            link=lambda row: url_for("operations.trouble", trouble_id=row.row_id),
        ),
        "state": Column(_l("State"), STATE, show=lambda one: str(STATES.get(one, one)), tone=TONES.get),
        "message": Column(_l("What it said"), Trouble.message, search=True),
        "where": Column(_l("Last at"), Trouble.last_where, search=True),
        "reference": Column(_l("Reference"), Trouble.last_reference, search=True),
        "count": Column(_l("Times"), Trouble.count, "integer"),
        "first": Column(_l("First seen"), Trouble.first_seen_at, "datetime", hidden=True),
        "last": Column(_l("Last seen"), Trouble.last_seen_at, "datetime"),
        "severity": Column(
            _l("Severity"),
            Trouble.severity,
            show=lambda one: str(SEVERITIES.get(one, one)),
            tone=TONES.get,
            hidden=True,
        ),
    }
    filters = {
        "state": Filter(_l("Every state"), _of_state, "choice", choices_of(*STATES.items())),
        "severity": Filter(
            _l("Every severity"),
            lambda s, v: s.where(Trouble.severity == v),
            "choice",
            choices_of(*SEVERITIES.items()),
        ),
    }
    empty = {
        "title": _l("No errors"),
        "text": _l("What breaks on our side is listed here with its reference, once for each kind."),
        "icon": "circle-check",
    }

    def source(self) -> Select[Any]:
        return select(Trouble)


def _milliseconds(value: int) -> str:
    return str(_("%(n)s ms", n=value))


class SlowNotes(Table):
    """Pages and queries that took long, newest first."""

    name = "slow"
    label = _l("Slow pages and queries")
    order = "-at"
    needs = Can.SEE_ERRORS
    row_id = SlowNote.id
    columns = {
        "what": Column(_l("What"), SlowNote.what, search=True),
        "kind": Column(_l("Kind"), SlowNote.kind, show=lambda one: str(KINDS.get(one, one))),
        "took": Column(_l("Took"), SlowNote.milliseconds, "integer", show=_milliseconds),
        "queries": Column(_l("Queries"), SlowNote.queries, "integer"),
        "reference": Column(_l("Reference"), SlowNote.reference, search=True),
        "at": Column(_l("When"), SlowNote.at, "datetime"),
    }
    filters = {
        "kind": Filter(
            _l("Pages and queries"), lambda s, v: s.where(SlowNote.kind == v), "choice", choices_of(*KINDS.items())
        ),
    }
    empty = {
        "title": _l("Nothing was slow"),
        "text": _l("Pages and queries that take longer than they should are noted here."),
        "icon": "clock",
    }

    def source(self) -> Select[Any]:
        return select(SlowNote)
