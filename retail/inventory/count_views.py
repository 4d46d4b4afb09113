"""Counts: the list, beginning one, counting on a phone or a desk, looking at the differences, booking them.

A scan carries the device's key and its age, so that it can be sent late, and twice, and still counts once at the
instant it was made.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from flask import request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retail.catalog.queries import find_by_code, only_meant
from retail.core import db, html
from retail.core.clock import now
from retail.core.errors import NeedsApproval, Refused
from retail.core.forms import read_decimal, refusals
from retail.core.module import can, person_or_none
from retail.core.tables import table_page
from retail.identity.asking import ask_approval, with_approval
from retail.inventory import count_queries as queries
from retail.inventory import module, services
from retail.inventory.count_tables import Counts
from retail.inventory.forms import CountForm
from retail.inventory.labels import COUNT_KINDS, COUNT_STATES
from retail.inventory.services import Counted
from retail.inventory.tables import is_id
from retail.inventory.views import stock_tabs
from retail.permissions import Can

OLDEST = timedelta(days=7)
"""A scan that waited longer for a connection counts as made so long ago."""


@module.get("/counts", needs=Can.COUNT_STOCK)
def counts() -> Response:
    """All counts, under way and past."""
    answer: Response = table_page(
        Counts(), "inventory/counts.html", title=_("Stock"), subtitle=None, tabs=stock_tabs("counts")
    )
    return answer


@module.route("/counts/new", methods=["GET", "POST"], needs=Can.COUNT_STOCK)
def new_count() -> Response:
    """Begin a count."""
    form = CountForm()
    if request.method == "GET":
        form.key.data = services.new_key()
        if (here := person_or_none().location_id) is not None:
            form.location.data = here
    elif form.validate():
        with refusals(form):
            row = services.start_count(
                form.location.data,
                form.kind.data,
                category_id=form.category.data or None,
                blind=form.blind.data,
                most=form.most.data or 50,
                note=form.note.data or "",
                key=form.key.data or "",
            )
            return html.done(
                _("%(number)s is open.", number=row.number), to=url_for("inventory.count_page", count_id=row.id)
            )
    return html.page(
        "inventory/new_count.html",
        form=form,
        status=422 if request.method == "POST" else 200,
        breadcrumbs=[
            (_("Stock"), url_for("inventory.levels")),
            (_("Counts"), url_for("inventory.counts")),
            (_("New count"), None),
        ],
    )


@module.get("/counts/<int:count_id>", needs=Can.COUNT_STOCK)
def count_page(count_id: int) -> Response:
    """One count: to be counted, to be looked at, or as it was booked."""
    return _count_page(count_id)


def _count_page(count_id: int, problem: str = "", typed: str = "") -> Response:
    with db.reading():
        found = queries.count_numbered(count_id)
        row = found.count
        approves = can(Can.APPROVE_COUNT)
        is_open = row.state == "open"
        lines = queries.variances(count_id) if approves and row.state == "review" else []
        return html.page(
            "inventory/count.html",
            fragment="count_state",
            status=422 if problem else 200,
            found=found,
            count=row,
            state=COUNT_STATES[row.state],
            kinds_of_count=COUNT_KINDS,
            seen=queries.last_seen(count_id) if is_open else [],
            waiting=queries.still_to_count(count_id) if is_open else [],
            differing=[one for one in lines if one.variance],
            uncounted=[one for one in lines if one.counted is None],
            value=sum((one.value for one in lines), Decimal(0)),
            frozen=queries.frozen_lines(count_id) if row.state == "posted" and approves else [],
            shows_expected=approves or not row.blind,
            problem=problem,
            typed=typed,
            key=services.new_key(),
            breadcrumbs=[
                (_("Stock"), url_for("inventory.levels")),
                (_("Counts"), url_for("inventory.counts")),
                (row.number, None),
            ],
        )


@module.post("/counts/<int:count_id>/entries", needs=Can.COUNT_STOCK)
def enter_count(count_id: int) -> Response:
    """Count one article: its code or name, how many (one, if not said), and how long ago it was scanned."""
    text = request.form.get("q", "").strip()[:100]
    with db.reading():
        queries.count_numbered(count_id)
        variant = find_by_code(text) or only_meant(text)
        variant_id = variant.id if variant else None
    try:
        if variant_id is None:
            raise Refused(_("Nothing in stock has the code or name “%(text)s”. Nothing was counted.", text=text))
        age = min(timedelta(milliseconds=max(request.form.get("age", 0, type=int), 0)), OLDEST)
        counted = Counted(request.form.get("key", ""), variant_id, _quantity(), now() - age)
        services.enter_counts(count_id, [counted])
    except Refused as no:
        db.session.rollback()
        html.settle(keep=False)
        return _count_page(count_id, no.message, text)
    if html.wants_fragment():
        html.settle(keep=True)
        return _count_page(count_id)
    return html.done("", to=url_for("inventory.count_page", count_id=count_id))


def _quantity() -> Decimal:
    try:
        return read_decimal(request.form.get("quantity", "").strip() or "1", 3)
    except ValueError as wrong:
        raise Refused(str(wrong)) from None


@module.post("/counts/<int:count_id>/none/<int:variant_id>", needs=Can.COUNT_STOCK)
def count_none(count_id: int, variant_id: int) -> Response:
    """None of an article is there."""
    services.find_none(count_id, variant_id)
    return html.done("", to=url_for("inventory.count_page", count_id=count_id))


@module.post("/counts/<int:count_id>/finish", needs=Can.COUNT_STOCK)
def finish_count(count_id: int) -> Response:
    """All is counted."""
    services.finish_count(count_id)
    return html.done(_("The count is ready to be looked at."), to=url_for("inventory.count_page", count_id=count_id))


@module.post("/counts/<int:count_id>/again", needs=Can.APPROVE_COUNT)
def count_again(count_id: int) -> Response:
    """Have the chosen lines counted anew; without any, open the count again."""
    chosen = [int(text) for text in request.form.getlist("line") if is_id(text)]
    services.count_again(count_id, chosen)
    return html.done(_("The count is open again."), to=url_for("inventory.count_page", count_id=count_id))


@module.post("/counts/<int:count_id>/cancel", needs=Can.APPROVE_COUNT)
def cancel_count(count_id: int) -> Response:
    """Give the count up."""
    services.cancel_count(count_id)
    return html.done(_("The count is cancelled."), to=url_for("inventory.count_page", count_id=count_id))


@module.post("/counts/<int:count_id>/post", needs=Can.APPROVE_COUNT)
def post_count(count_id: int) -> Response:
    """Book the differences."""
    here, none = url_for("inventory.count_page", count_id=count_id), request.form.get("rest") == "none"
    limit = person_or_none().limits.adjustment
    try:
        paper = with_approval(
            lambda token: services.post_count(count_id, rest_is_none=none, reach=services.Reach(limit, token))
        )
    except NeedsApproval as need:
        return ask_approval(need, request.path, "body", here)
    said = _("%(number)s is booked.", number=paper.number) if paper else _("Nothing differed; the count is closed.")
    return html.done(said, to=url_for("inventory.count_page", count_id=count_id))
