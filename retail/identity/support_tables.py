"""The lists of who of support was let in, and of what they looked at."""

from __future__ import annotations

from typing import Any

from flask import request, url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, bindparam, case, literal, select

from retail.core.audit import AuditEntry
from retail.core.clock import now
from retail.core.db import Instant
from retail.core.tables import Column, Filter, Table, choices_of
from retail.identity.administrator_models import SupportAccess
from retail.identity.support_services import LOOKED
from retail.permissions import Can

STATES = {
    "asked": _l("Waits for an answer"),
    "allowed": _l("In force"),
    "refused": _l("Refused"),
    "withdrawn": _l("Withdrawn"),
    "ended": _l("Ended"),
}
TONES = {"asked": "warning", "allowed": "success"}


def state_of(row: SupportAccess) -> str:
    """The state of an access as it is now: what ran out has ended."""
    return "ended" if row.state == "allowed" and not row.is_in_force(now()) else row.state


# The instant is asked for each time the list is read: what ran out has ended, though nobody ended it.
_NOW = bindparam("instant", callable_=now, type_=Instant(), unique=True)
STATE = case(((SupportAccess.state == "allowed") & (SupportAccess.ends_at <= _NOW), "ended"), else_=SupportAccess.state)


def _of_state(statement: Select[Any], value: str) -> Select[Any]:
    return statement.where(literal(value) == STATE)


class SupportAccesses(Table):
    """Every time support asked to be let in."""

    name = "support-accesses"
    label = _l("Support access")
    order = "-asked"
    needs = Can.ANSWER_SUPPORT
    row_id = SupportAccess.id
    columns = {
        "who": Column(
            _l("Who"),
            SupportAccess.administrator_name,
            search=True,
            link=lambda row: url_for("identity.support_access", support_access_id=row.row_id),
        ),
        "state": Column(_l("State"), STATE, show=lambda one: str(STATES.get(one, one)), tone=TONES.get),
        "reason": Column(_l("Reason"), SupportAccess.reason, search=True),
        "asked": Column(_l("Asked"), SupportAccess.asked_at, "datetime"),
        "answered": Column(_l("Answered by"), SupportAccess.answered_by),
        "until": Column(_l("Until"), SupportAccess.ends_at, "datetime"),
        "may_change": Column(_l("May change things"), SupportAccess.may_change, "boolean"),
    }
    filters = {"state": Filter(_l("Every state"), _of_state, "choice", choices_of(*STATES.items()))}
    empty = {
        "title": _l("Support never asked to look"),
        "text": _l("Nobody of support sees your business unless you allow it here, each time."),
        "icon": "shield-check",
    }

    def source(self) -> Select[Any]:
        return select(SupportAccess)


class SupportLooks(Table):
    """The pages that support opened by one consent, the latest first."""

    name = "support-looks"
    label = _l("What support looked at")
    order = "-when"
    needs = Can.ANSWER_SUPPORT
    row_id = AuditEntry.id
    columns = {
        "when": Column(_l("When"), AuditEntry.occurred_at, "datetime"),
        "page": Column(_l("Page"), AuditEntry.subject_label, search=True, link=lambda row: row.page),
        "who": Column(_l("Who"), AuditEntry.user_name),
        "address": Column(_l("From where"), AuditEntry.address),
    }
    empty = {
        "title": _l("Nothing was looked at"),
        "text": _l("Each page that support opens is written down here by itself."),
        "icon": "eye",
    }

    def source(self) -> Select[Any]:
        looks = select(AuditEntry).where(AuditEntry.subject == "support_accesses", AuditEntry.action == LOOKED)
        access_id = (request.view_args or {}).get("support_access_id")
        return looks if access_id is None else looks.where(AuditEntry.subject_id == access_id)
