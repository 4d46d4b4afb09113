"""The list of everything that was changed."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, select

from retail.core import history
from retail.core.audit import AuditEntry
from retail.core.db import session
from retail.core.tables import Column, Filter, Table, among_instants
from retail.identity.models import User
from retail.permissions import Can

MARK = "\x1f"
WHAT = AuditEntry.action + MARK + AuditEntry.subject + MARK + AuditEntry.subject_label
"""Action, kind of thing and its name in one column, so that a row reads as a sentence."""


def _what(value: str) -> str:
    action, subject, label = value.split(MARK, 2)
    return history.sentence(action, subject, label)


def _tone(value: str) -> str | None:
    known = history.ACTIONS.get(value.split(MARK, 1)[0])
    return known[2] if known and known[2] in {"warning", "danger"} else None


def _people() -> list[tuple[str, str]]:
    return [(str(row.id), row.name) for row in session.execute(select(User.id, User.name).order_by(User.name))]


def _actions() -> list[tuple[str, str]]:
    known = session.scalars(select(AuditEntry.action).distinct())
    return sorted(((one, history.action_word(one)) for one in known), key=lambda pair: pair[1])


def _subjects() -> list[tuple[str, str]]:
    known = session.scalars(select(AuditEntry.subject).distinct())
    return sorted(((one, history.subject_word(one)) for one in known), key=lambda pair: pair[1])


def _by(statement: Select[Any], value: str) -> Select[Any]:
    return statement.where(AuditEntry.user_id == int(value)) if value.isdigit() else statement


class AuditTable(Table):
    """Who did what, when, from where, and what was before and after."""

    name = "audit"
    label = _l("Audit")
    order = "-when"
    needs = Can.SEE_AUDIT
    row_id = AuditEntry.id
    columns = {
        "when": Column(_l("When"), AuditEntry.occurred_at, "datetime"),
        "who": Column(_l("Who"), AuditEntry.user_name, search=True),
        "what": Column(_l("Did what"), WHAT, show=_what, tone=_tone, search=True),
        "changes": Column(_l("Before → after"), AuditEntry.changes, show=history.changes_in_words, sortable=False),
        "address": Column(_l("From where"), AuditEntry.address, search=True),
    }
    filters = {
        "person": Filter(_l("Everybody"), _by, "choice", _people),
        "action": Filter(
            _l("Every action"), lambda found, value: found.where(AuditEntry.action == value), "choice", _actions
        ),
        "subject": Filter(
            _l("Everything"), lambda found, value: found.where(AuditEntry.subject == value), "choice", _subjects
        ),
        "when": Filter(_l("When"), among_instants(AuditEntry.occurred_at), "days"),
    }
    empty = {
        "title": _l("Nothing has been changed yet"),
        "text": _l("Every change, sign-in and export is written down here by itself."),
        "icon": "history",
    }

    def source(self) -> Select[Any]:
        return select(AuditEntry)
