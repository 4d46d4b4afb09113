"""What can happen, who listens and how soon they are told, and what could not be delivered."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from retail.core import html, parked, tables
from retail.core.events import Delivery
from retail.core.forms import refusals
from retail.core.links import link
from retail.core.module import MenuItem
from retail.operations import event_queries, module
from retail.operations.event_jobs import DELIVERY_STATES
from retail.operations.event_tables import DELIVERY_TONES, Deliveries
from retail.operations.forms import SkipForm
from retail.permissions import Can

module.menu.append(MenuItem(_l("Events"), "operations.events_page", "activity", _l("Operations"), order=86))


@module.get("/events/", needs=Can.SEE_EVENTS)
def events_page() -> Response:
    """Every kind of event and every listener, with what waits and what was given up."""
    deliveries = event_queries.Deliveries()
    return html.page(
        "operations/events.html",
        fragment="figures",
        kind=None,
        figures=deliveries.figures(),
        kinds=event_queries.kinds(deliveries),
        handlers=event_queries.handlers(deliveries),
        shown_at_most=event_queries.MEASURED,
        counted_to=event_queries.RECENT_EVENTS,
    )


@module.get("/events/deliveries/", needs=Can.SEE_EVENTS)
def delivery_list() -> Any:
    """Events on their way to those who listen."""
    return tables.table_page(
        Deliveries(),
        "operations/deliveries_of_events.html",
        title=_("Deliveries of events"),
        subtitle=_("What happened, to whom it was told, and what was given up after many attempts."),
        parked=event_queries.parked_count(),
    )


def _again_url(kind: str, here: str) -> str | None:
    """Where all parked deliveries of a kind are delivered again, for those who may."""
    state = urlencode({"state": "parked", "kind": kind})
    return link("lists.ask_job", list_name=Deliveries.name, job_name="replay", all="1", state=state, back=here)


@module.get("/events/kinds/<kind>", needs=Can.SEE_EVENTS)
def event_kind(kind: str) -> Response:
    """One kind of event: what it carries, who listens, how soon they are told, what went wrong, the latest."""
    deliveries = event_queries.Deliveries(kind)
    found = event_queries.kind_named(kind, deliveries)
    return html.page(
        "operations/event_kind.html",
        kind=found,
        handlers=event_queries.handlers(deliveries, kind),
        latest=event_queries.latest_events(kind),
        again_url=_again_url(kind, url_for("operations.event_kind", kind=kind)) if found.figures.parked else None,
        may_see=event_queries.roles_that(Can.SEE_EVENTS),
        may_replay=event_queries.roles_that(Can.REPLAY_EVENTS),
        breadcrumbs=[(_("Events"), url_for("operations.events_page")), (kind, None)],
    )


def _shown(one: Delivery) -> dict[str, Any]:
    return {
        "row": one,
        "state": DELIVERY_STATES.get(one.state, one.state),
        "tone": DELIVERY_TONES.get(one.state, "neutral"),
        "error": event_queries.last_line(one.error),
    }


@module.get("/events/<int:event_id>", needs=Can.SEE_EVENTS)
def event_page(event_id: int) -> Response:
    """One event: what it carried, and what became of telling it."""
    event = event_queries.event_numbered(event_id)
    return html.page(
        "operations/event.html",
        event=event,
        values=event_queries.plain_values(event),
        deliveries=[_shown(one) for one in event_queries.deliveries_of(event)],
        breadcrumbs=[
            (_("Events"), url_for("operations.events_page")),
            (event.kind, url_for("operations.event_kind", kind=event.kind)),
            (f"#{event.id}", None),
        ],
    )


@module.post("/events/deliveries/<int:delivery_id>/replay", needs=Can.REPLAY_EVENTS)
def replay_delivery(delivery_id: int) -> Response:
    """Deliver a parked event again."""
    row = parked.replay(delivery_id)
    return html.done(_("It is delivered again now."), url_for("operations.event_page", event_id=row.event_id))


@module.route("/events/deliveries/<int:delivery_id>/skip", methods=["GET", "POST"], needs=Can.REPLAY_EVENTS)
def skip_delivery(delivery_id: int) -> Response:
    """Let a parked event never be delivered, for a reason that the audit keeps."""
    row = parked.parked_delivery(delivery_id)
    page = url_for("operations.event_page", event_id=row.event_id)
    form = SkipForm()
    if form.validate_on_submit():
        with refusals(form):
            parked.skip(delivery_id, form.reason.data or "")
            return html.done(_("It is skipped; the audit says why."), page)
    return html.page(
        "operations/skip_delivery.html",
        fragment="skip",
        status=422 if form.errors else 200,
        form=form,
        row=row,
        error=event_queries.last_line(row.error),
        page=page,
        breadcrumbs=[
            (_("Events"), url_for("operations.events_page")),
            (f"#{row.event_id}", page),
            (_("Skip"), None),
        ],
    )
