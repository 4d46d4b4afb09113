"""The list of deliveries: every event on its way to every handler."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, select

from retail.core.events import HANDLERS, KINDS, Delivery, Event
from retail.core.tables import Column, Filter, Table, among_instants, choices_of
from retail.operations.event_jobs import DELIVERY_STATES, JOBS
from retail.operations.event_queries import last_line
from retail.permissions import Can

DELIVERY_TONES = {"done": "success", "parked": "danger", "pending": "accent", "skipped": "warning"}


def _kinds() -> Sequence[tuple[str, Any]]:
    return [(name, name) for name in sorted(KINDS)]


def _handlers() -> Sequence[tuple[str, Any]]:
    return [(name, name) for name in sorted(HANDLERS)]


class Deliveries(Table):
    """Every event on its way to a handler, the newest event first; what was delivered is kept for thirty days."""

    name = "deliveries"
    label = _l("Deliveries of events")
    order = "-number"
    needs = Can.SEE_EVENTS
    row_id = Delivery.id
    columns = {
        "event": Column(
            _l("Event"),
            Event.kind,
            search=True,
            link=lambda row: url_for("operations.event_page", event_id=row.number),
        ),
        "number": Column(_l("Number"), Delivery.event_id, "integer"),
        "handler": Column(_l("Listener"), Delivery.handler, search=True),
        "happened": Column(_l("Happened"), Event.occurred_at, "datetime"),
        "state": Column(
            _l("State"),
            Delivery.state,
            show=lambda state: str(DELIVERY_STATES.get(state, state)),
            tone=DELIVERY_TONES.get,
        ),
        "attempts": Column(_l("Attempts"), Delivery.attempts, "integer"),
        "due": Column(_l("Next attempt"), Delivery.due_at, "datetime", hidden=True),
        "delivered": Column(_l("Delivered"), Delivery.done_at, "datetime", hidden=True),
        "error": Column(_l("Why it failed"), Delivery.error, show=last_line, sortable=False, search=True),
        "reason": Column(_l("Why it was skipped"), Delivery.skipped_because, search=True, hidden=True),
    }
    filters = {
        "state": Filter(
            _l("State"), lambda s, v: s.where(Delivery.state == v), "choice", choices_of(*DELIVERY_STATES.items())
        ),
        "kind": Filter(_l("Event"), lambda s, v: s.where(Event.kind == v), "choice", _kinds),
        "handler": Filter(_l("Listener"), lambda s, v: s.where(Delivery.handler == v), "choice", _handlers),
        "failed": Filter(_l("Failed at least once"), lambda s, _v: s.where(Delivery.error.is_not(None))),
        "happened": Filter(_l("Happened"), among_instants(Event.occurred_at), "days"),
    }
    bulk = JOBS
    empty = {
        "title": _l("Nothing has happened yet"),
        "text": _l("Sales, deliveries of goods and the like are told to those who listen, and stand here."),
        "icon": "activity",
    }

    def source(self) -> Select[Any]:
        return select(Delivery).join(Event, Event.id == Delivery.event_id)
