"""The audit: everything that was changed, in words."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from retail.core import tables
from retail.core.module import MenuItem
from retail.operations import module
from retail.operations.audit_tables import AuditTable
from retail.permissions import Can

module.menu.append(MenuItem(_l("Audit"), "operations.audit", "history", _l("Settings"), order=96))


@module.get("/audit", needs=Can.SEE_AUDIT)
def audit() -> Any:
    """Who did what, when, from where."""
    return tables.table_page(
        AuditTable(),
        "operations/audit.html",
        title=_("Audit"),
        subtitle=_("Every change, sign-in and export; nobody can alter it."),
    )
