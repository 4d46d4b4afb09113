"""Jobs for many customers: archiving them and bringing them back."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from retail.core.tables import Bulk
from retail.customers import services
from retail.permissions import Can


def _in_words(state: dict[str, Any]) -> str:
    return str(_("Archived") if state["archived"] else _("Active"))


JOBS = {
    "archive": Bulk(
        label=_l("Archive"),
        done=_l("%(n)s customers are archived."),
        icon="box",
        needs=Can.EDIT_CUSTOMERS,
        read=services.archived_states,
        change=lambda _state, _answers: {"archived": True},
        write=services.set_archived_states,
        words=_in_words,
    ),
    "restore": Bulk(
        label=_l("Bring back"),
        done=_l("%(n)s customers are back."),
        icon="refresh",
        needs=Can.EDIT_CUSTOMERS,
        read=services.archived_states,
        change=lambda _state, _answers: {"archived": False},
        write=services.set_archived_states,
        words=_in_words,
    ),
}
"""By the name of each job."""
