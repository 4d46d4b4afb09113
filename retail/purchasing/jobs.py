"""Jobs for many suppliers: archiving them and bringing them back."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from retail.core.tables import archiving
from retail.permissions import Can
from retail.purchasing import services

JOBS = archiving(
    Can.EDIT_SUPPLIERS,
    services.archived_states,
    services.set_archived_states,
    {True: _l("Archived"), False: _l("Active")},
    archived=_l("%(n)s suppliers are archived."),
    back=_l("Bring back"),
    restored=_l("%(n)s suppliers are back."),
)
"""By the name of each job."""
