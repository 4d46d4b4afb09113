"""What can happen, who listens, and what could not be delivered."""

from __future__ import annotations

import json

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from retail.core import audit, events, html
from retail.core.db import session
from retail.core.errors import NotFound
from retail.core.events import Delivery
from retail.core.module import MenuItem
from retail.operations import module, queries
from retail.permissions import Can

module.menu.append(MenuItem(_l("Events"), "operations.events_page", "activity", _l("Operations"), order=86))


@module.get("/events/", needs=Can.SEE_EVENTS)
def events_page() -> Response:
    """Every kind of event with its listeners, and the deliveries that were given up."""
    return html.page(
        "operations/events.html",
        kinds=queries.kinds(),
        handlers=queries.handlers(),
        parked=[(one, json.dumps(one.data, ensure_ascii=False, indent=1)) for one in queries.parked()],
    )


@module.post("/events/deliveries/<int:delivery_id>/replay", needs=Can.REPLAY_EVENTS)
def replay_delivery(delivery_id: int) -> Response:
    """Deliver a parked event again."""
    row = session.get(Delivery, delivery_id)
    if row is None or row.state != "parked":
        raise NotFound(_("There is no such parked delivery; it may have been replayed already."))
    events.replay(delivery_id)
    audit.record("replay", "event_deliveries", delivery_id, row.handler)
    session.info["emitted"] = True
    return html.done(_("It is delivered again now."), url_for("operations.events_page"))
