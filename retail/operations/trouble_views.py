"""Errors, and what is slow: seen, resolved, opened again."""

from __future__ import annotations

from typing import Any

from flask import g, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from retail.core import html, tables, troubles
from retail.core.db import session
from retail.core.errors import NotFound
from retail.core.module import MenuItem
from retail.core.troubles import Trouble
from retail.operations import module
from retail.operations.trouble_tables import SEVERITIES, STATES, TONES, SlowNotes, Troubles
from retail.permissions import Can

module.menu.append(MenuItem(_l("Errors"), "operations.trouble_list", "alert-triangle", _l("Operations"), order=88))


@module.get("/errors/", needs=Can.SEE_ERRORS)
def trouble_list() -> Any:
    """Every kind of error, the last seen first."""
    return tables.table_page(
        Troubles(),
        "operations/troubles.html",
        title=_("Errors"),
        subtitle=_("What broke on our side, once for each kind, with the reference people were told."),
    )


@module.get("/errors/<int:trouble_id>", needs=Can.SEE_ERRORS)
def trouble(trouble_id: int) -> Response:
    """One kind of error: when, where, and for support the place in the program."""
    row = session.get(Trouble, trouble_id)
    if row is None:
        raise NotFound(_("There is no such error."))
    state = "open" if row.resolved_at is None else "resolved"
    return html.page(
        "operations/trouble.html",
        row=row,
        state=str(STATES[state]),
        state_tone=TONES[state],
        severity=str(SEVERITIES.get(row.severity, row.severity)),
        breadcrumbs=[(_("Errors"), url_for("operations.trouble_list")), (row.kind, None)],
    )


@module.post("/errors/<int:trouble_id>/resolve", needs=Can.RESOLVE_ERRORS)
def resolve_trouble(trouble_id: int) -> Response:
    """Its cause is mended."""
    troubles.resolve(trouble_id, g.person.name)
    return html.done(_("It is resolved; it opens again if it comes back."), url_for("operations.trouble_list"))


@module.post("/errors/<int:trouble_id>/reopen", needs=Can.RESOLVE_ERRORS)
def reopen_trouble(trouble_id: int) -> Response:
    """Its cause is not mended after all."""
    row = troubles.reopen(trouble_id)
    return html.done(_("It is open again."), url_for("operations.trouble", trouble_id=row.id))


@module.get("/errors/slow", needs=Can.SEE_ERRORS)
def slow() -> Any:
    """Pages and queries that took long, newest first."""
    return tables.table_page(
        SlowNotes(),
        "operations/troubles.html",
        title=_("Slow pages and queries"),
        subtitle=_("What took longer than it should; kept for thirty days."),
    )
