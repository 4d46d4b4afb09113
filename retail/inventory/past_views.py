"""The worth of stock at an instant of the past."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from flask import g, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retail.core import html
from retail.core.clock import now
from retail.core.errors import Refused
from retail.inventory import module
from retail.inventory.past_queries import instant_of, stock_as_of
from retail.inventory.views import stock_tabs
from retail.permissions import Can

MOST_SHOWN = 200
"""Articles the page shows, the dearest first; the command tells all of them."""


@module.get("/as-of", needs=Can.VIEW_COSTS)
def as_of() -> Response:
    """What lay where, and what it was worth, at the instant the address names; now, if it names none."""
    tenant, asked = g.person.tenant, request.args.get("at", "").strip()
    problem, instant = "", now()
    try:
        instant = instant_of(asked, tenant) if asked else instant
    except Refused as no:
        problem = no.message
    found = stock_as_of(instant)
    local: datetime = instant.astimezone(ZoneInfo(tenant.timezone))
    dearest = sorted(found.levels, key=lambda one: (-one.value, one.sku, one.location))
    return html.page(
        "inventory/as_of.html",
        status=422 if problem else 200,
        title=_("Worth of stock"),
        tabs=stock_tabs("as_of"),
        found=found,
        levels=dearest[:MOST_SHOWN],
        more=max(len(dearest) - MOST_SHOWN, 0),
        at=asked if problem else local.strftime("%Y-%m-%dT%H:%M"),
        problem=problem,
    )
