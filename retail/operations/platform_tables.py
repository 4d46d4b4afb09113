"""The lists of the platform: its businesses, and what was done to them and by whom."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, or_, select

from retail.core import history, shown
from retail.core.audit import PlatformEntry
from retail.core.clock import now
from retail.core.tables import Column, Filter, Table, among_instants, choices_of
from retail.operations.platform_queries import (
    COUNTED_TO,
    DOCUMENTS,
    FILE_BYTES,
    LAST_ACTIVITY,
    OPEN_ERRORS,
    PEOPLE,
    STATE,
)
from retail.permissions import PLATFORM
from retail.tenancy.models import Tenant

STATES = {"in force": _l("In force"), "suspended": _l("Suspended")}
TONES = {"in force": "success", "suspended": "danger"}
QUIET = timedelta(days=30)
MARK = "\x1f"


def megabytes(size: int) -> str:
    """A number of bytes as people read it: 0.4 MB."""
    return str(_("%(n)s MB", n=shown.quantity((Decimal(size or 0) / 1_000_000).quantize(Decimal("0.1")))))


def _at_most(count: int) -> str:
    return str(_("more than %(n)s", n=shown.quantity(COUNTED_TO))) if count > COUNTED_TO else shown.quantity(count)


def _of_state(statement: Select[Any], value: str) -> Select[Any]:
    rests = Tenant.suspended_at.is_not(None)
    return statement.where(rests if value == "suspended" else Tenant.suspended_at.is_(None))


def _quiet(statement: Select[Any], _value: str) -> Select[Any]:
    return statement.where(or_(LAST_ACTIVITY.is_(None), now() - QUIET > LAST_ACTIVITY))


class Businesses(Table):
    """Every business of the installation."""

    name = "businesses"
    label = _l("Businesses")
    order = "name"
    needs = PLATFORM
    row_id = Tenant.id
    in_two_steps = True
    columns = {
        "name": Column(
            _l("Business"),
            Tenant.name,
            search=True,
            link=lambda row: url_for("operations.platform_tenant", tenant_id=row.row_id),
        ),
        "slug": Column(_l("Short name"), Tenant.slug, search=True),
        "state": Column(_l("State"), STATE, show=lambda one: str(STATES.get(one, one)), tone=TONES.get),
        "people": Column(_l("People"), PEOPLE, "integer"),
        "documents": Column(_l("Documents"), DOCUMENTS, "integer", show=_at_most),
        "files": Column(_l("Files"), FILE_BYTES, "integer", show=megabytes),
        "errors": Column(_l("Open errors"), OPEN_ERRORS, "integer", tone=lambda count: "danger" if count else None),
        "last": Column(_l("Last activity"), LAST_ACTIVITY, "datetime"),
        "created": Column(_l("Since"), Tenant.created_at, "datetime", hidden=True),
    }
    filters = {
        "state": Filter(_l("Every state"), _of_state, "choice", choices_of(*STATES.items())),
        "errors": Filter(_l("With open errors"), lambda s, _v: s.where(OPEN_ERRORS > 0)),
        "quiet": Filter(_l("Quiet for 30 days"), _quiet),
    }
    empty = {
        "title": _l("No business yet"),
        "text": _l("Make the first one; its owner gets a link to sign in."),
        "icon": "building-store",
    }

    def source(self) -> Select[Any]:
        return select(Tenant)


WHAT = PlatformEntry.action + MARK + PlatformEntry.subject + MARK + PlatformEntry.subject_label


def _what(value: str) -> str:
    action, subject, label = value.split(MARK, 2)
    return history.sentence(action, "businesses" if subject == "tenants" else subject, label)


class PlatformAudit(Table):
    """What was done to the installation, and by its administrators."""

    name = "platform-audit"
    label = _l("Audit of the platform")
    order = "-when"
    needs = PLATFORM
    row_id = PlatformEntry.id
    columns = {
        "when": Column(_l("When"), PlatformEntry.occurred_at, "datetime"),
        "who": Column(_l("Who"), PlatformEntry.user_name, search=True),
        "what": Column(_l("Did what"), WHAT, show=_what, search=True),
        "changes": Column(_l("Before → after"), PlatformEntry.changes, show=history.changes_in_words, sortable=False),
        "address": Column(_l("From where"), PlatformEntry.address, search=True),
    }
    filters = {"when": Filter(_l("When"), among_instants(PlatformEntry.occurred_at), "days")}
    empty = {
        "title": _l("Nothing was done yet"),
        "text": _l("What administrators do, and commands that concern the whole installation, are written down here."),
        "icon": "history",
    }

    def source(self) -> Select[Any]:
        return select(PlatformEntry)
