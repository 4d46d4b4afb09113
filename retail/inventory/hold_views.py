"""What is kept for somebody or set aside: the list of it, keeping some, letting it go."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

from flask import g, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retail.core import html
from retail.core.errors import NeedsApproval
from retail.core.forms import refusals
from retail.core.module import person_or_none
from retail.core.tables import table_page
from retail.identity.asking import ask_approval, with_approval
from retail.inventory import module, queries, services
from retail.inventory.forms import HoldForm
from retail.inventory.tables import Holds
from retail.inventory.views import article_page, stock_tabs
from retail.permissions import Can


@module.get("/held", needs=Can.VIEW_STOCK)
def holds() -> Response:
    """Everything that is kept for somebody, promised or set aside, and what became of it."""
    answer: Response = table_page(
        Holds(), "inventory/listed.html", title=_("Stock"), subtitle=None, tabs=stock_tabs("holds")
    )
    return answer


@module.post("/articles/<int:variant_id>/hold", needs=Can.ADJUST_STOCK)
def hold(variant_id: int) -> Response:
    """Keep some for somebody, or set aside what is damaged or to be looked at."""
    queries.goods_numbered(variant_id)
    form = HoldForm()
    if form.validate_on_submit() and form.quantity.data is not None:
        with refusals(form):
            kind, day = form.kind.data, form.until.data
            until = None
            if day is not None and kind == "reserved":
                # To the end of that day on the shop's clock.
                until = datetime.combine(day, time(23, 59, 59), ZoneInfo(g.person.tenant.timezone))
            services.set_aside(
                form.location.data, variant_id, form.quantity.data, kind, form.hold_note.data or "", until
            )
            return html.done(_("It is kept."), to=url_for("inventory.article", variant_id=variant_id))
    html.settle(keep=False)
    return article_page(variant_id, holding=form)


@module.post("/held/<int:hold_id>/release", needs=Can.ADJUST_STOCK)
def release_hold(hold_id: int) -> Response:
    """Let go of what is kept: it may be sold again."""
    found = services.put_back(hold_id)
    return html.done(_("It may be sold again."), to=url_for("inventory.article", variant_id=found.variant_id))


@module.post("/held/<int:hold_id>/scrap", needs=Can.ADJUST_STOCK)
def scrap_hold(hold_id: int) -> Response:
    """Scrap damaged goods that were set aside."""
    limit = person_or_none().limits.adjustment
    try:
        paper = with_approval(
            lambda token: services.scrap_held(hold_id, key=f"scrap-{hold_id}", reach=services.Reach(limit, token))
        )
    except NeedsApproval as need:
        return ask_approval(need, request.path, "body", url_for("inventory.holds"))
    said = _("%(number)s is booked.", number=paper.number)
    return html.done(said, to=url_for("inventory.document_page", document_id=paper.id))
