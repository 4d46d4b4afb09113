"""Transfers: the list, one of them with what may be done to it, its delivery note, and taking in what came."""

from __future__ import annotations

from decimal import Decimal

from flask import abort, g, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retail.catalog.queries import find_by_code, only_meant
from retail.core import db, html, shown
from retail.core.documents import ReportColumn, ReportDocument, ReportTable, report_pdf
from retail.core.downloads import send_pieces
from retail.core.errors import Refused
from retail.core.forms import refusals
from retail.core.places import is_here
from retail.core.tables import table_page
from retail.inventory import module, services
from retail.inventory.forms import ArrivalForm, CallBackForm, TypedLine, count_of, read_lines
from retail.inventory.services import Arrival
from retail.inventory.transfer_queries import LineShown, TransferShown, transfer_numbered
from retail.inventory.transfer_tables import Transfers
from retail.inventory.views import WORDS, stock_tabs
from retail.permissions import Can


@module.get("/transfers", needs=Can.VIEW_STOCK)
def transfers() -> Response:
    """What was asked for, is on its way, or came."""
    answer: Response = table_page(
        Transfers(), "inventory/transfers.html", title=_("Stock"), subtitle=None, tabs=stock_tabs("transfers")
    )
    return answer


@module.get("/transfers/<int:transfer_id>", needs=Can.VIEW_STOCK)
def transfer_page(transfer_id: int) -> Response:
    """One transfer: what was asked for, what left, what came, and what may be done now."""
    return _transfer_page(transfer_id)


def _transfer_page(transfer_id: int, problem: str = "", form: CallBackForm | None = None) -> Response:
    with db.reading():
        found = transfer_numbered(transfer_id)
    return html.page(
        "inventory/transfer_page.html",
        status=422 if problem or form else 200,
        found=found,
        transfer=found.transfer,
        may_send=is_here(found.transfer.location_id),
        may_receive=is_here(found.transfer.to_location_id),
        problem=problem,
        typed=request.form if problem else {},
        form=form or CallBackForm(formdata=None),
        key=services.new_key(),
        breadcrumbs=[
            (_("Stock"), url_for("inventory.levels")),
            (_("Transfers"), url_for("inventory.transfers")),
            (found.transfer.number, None),
        ],
        **WORDS,
    )


@module.post("/transfers/<int:transfer_id>/ship", needs=Can.ADJUST_STOCK)
def ship_transfer(transfer_id: int) -> Response:
    """Send what was asked for, or as many of each line as was typed."""
    with db.reading():
        found = transfer_numbered(transfer_id)
    try:
        quantities = {one.line.id: count_of(request.form.get(f"line-{one.line.id}", "")) for one in found.lines}
        numbers = {
            one.variant_id: services.named_in(
                one.tracking, request.form.get(f"numbers-{one.line.id}", "")[:4000], quantities[one.line.id]
            )
            for one in found.lines
            if one.tracking != "none" and quantities[one.line.id]
        }
        services.ship(transfer_id, quantities, key=request.form.get("key", ""), numbers=numbers)
    except Refused as no:
        db.session.rollback()
        html.settle(keep=False)
        return _transfer_page(transfer_id, no.message)
    return html.done(_("The goods are on their way."), to=url_for("inventory.transfer_page", transfer_id=transfer_id))


@module.post("/transfers/<int:transfer_id>/cancel", needs=Can.ADJUST_STOCK)
def cancel_transfer(transfer_id: int) -> Response:
    """Give up a transfer of which nothing was sent."""
    row = services.cancel_transfer(transfer_id)
    return html.done(
        _("%(number)s is cancelled.", number=row.number),
        to=url_for("inventory.transfer_page", transfer_id=transfer_id),
    )


@module.post("/transfers/<int:transfer_id>/call-back", needs=Can.ADJUST_STOCK)
def call_back(transfer_id: int) -> Response:
    """Take back what is still on its way."""
    form = CallBackForm()
    if form.validate_on_submit():
        with refusals(form):
            services.call_back(transfer_id, form.reason.data, key=form.key.data or "")
            return html.done(_("What was on its way is back."), to=request.path.rpartition("/")[0])
    html.settle(keep=False)
    return _transfer_page(transfer_id, form=form)


@module.get("/transfers/<int:transfer_id>/note.pdf", needs=Can.VIEW_STOCK)
def delivery_note(transfer_id: int) -> Response:
    """The paper that goes along with the goods."""
    with db.reading():
        found = transfer_numbered(transfer_id)
    return send_pieces([_note(found)], f"{found.transfer.number}.pdf")


def _note(found: TransferShown) -> bytes:
    row = found.transfer
    lines = tuple(
        (
            one.sku,
            one.name,
            shown.quantity(one.line.shipped if row.shipped_at else one.line.requested),
            one.unit if one.unit != "piece" else "",
            "",
        )
        for one in found.lines
        if one.line.shipped or not row.shipped_at
    )
    columns = (
        ReportColumn(_("SKU")),
        ReportColumn(_("Article")),
        ReportColumn(_("Quantity"), "end"),
        ReportColumn(_("Unit")),
        ReportColumn(_("Came")),
    )
    route = _("From %(here)s to %(there)s", here=found.location_name, there=found.to_location_name)
    instant = row.shipped_at or row.requested_at
    return report_pdf(
        ReportDocument(
            shop_name=g.person.tenant.name,
            title=_("Delivery note %(number)s", number=row.number),
            period=f"{route} · {shown.value(instant, 'datetime')}",
            sections=(ReportTable(row.note or _("Goods"), columns, lines),),
            footer=found.shipped_by or found.requested_by,
            language=str(get_locale()),
            generated=instant,
        )
    )


@module.route("/transfers/<int:transfer_id>/receive", methods=["GET", "POST"], needs=Can.RECEIVE_STOCK)
def receive_transfer(transfer_id: int) -> Response:
    """Take in what came: by scan or by hand, line by line; the rest stays on its way."""
    form = ArrivalForm()
    with db.reading():
        found = transfer_numbered(transfer_id)
    if not is_here(found.transfer.to_location_id):
        abort(404)
    waiting = [one for one in found.lines if one.in_transit]
    typed = {line.variant_id: line for line in read_lines(request.form)}
    lines = [(one, typed.get(one.variant_id) or TypedLine(one.variant_id, "0")) for one in waiting]
    problem, status, fresh, trigger = "", 200, None, ""
    if request.method == "GET":
        form.key.data = services.new_key()
    elif (do := request.form.get("do", "book")) != "book":
        try:
            fresh = _change(do, lines)
        except Refused as no:
            problem, status, trigger = no.message, 422, "goods-unknown"
    elif not (problem := _problem_of(lines)) and form.validate():
        with refusals(form):
            arrivals = {
                one.line.id: Arrival(count_of(line.quantity), count_of(line.damaged), count_of(line.missing))
                for one, line in lines
            }
            paper = services.receive_transfer(transfer_id, arrivals, form.reference.data or "", key=form.key.data or "")
            return html.done(
                _("%(number)s is booked.", number=paper.number),
                to=url_for("inventory.transfer_page", transfer_id=transfer_id),
            )
        status = 422
    else:
        status = 422
    if request.method == "POST":
        html.settle(keep=False)
    response = html.page(
        "inventory/arrival.html",
        fragment="goods",
        status=status,
        found=found,
        transfer=found.transfer,
        lines=lines,
        form=form,
        problem=problem,
        fresh=fresh,
        q=request.form.get("q", "") if trigger else "",
    )
    if trigger:
        response.headers["HX-Trigger"] = trigger
    return response


def _problem_of(lines: list[tuple[LineShown, TypedLine]]) -> str:
    """What is wrong with what was typed, if anything; put beside its line too."""
    for one, line in lines:
        try:
            total = count_of(line.quantity) + count_of(line.damaged) + count_of(line.missing)
            if total > one.in_transit:
                raise Refused(_("only %(left)s are on their way.", left=shown.quantity(one.in_transit)))
        except Refused as no:
            line.problem = f"{one.name}: {no.message}"
    return " ".join(line.problem for _one, line in lines if line.problem)


def _change(do: str, lines: list[tuple[LineShown, TypedLine]]) -> int | None:
    """Do what the pressed button says; nothing is stored. Returns the article it concerned."""
    verb, _colon, argument = do.partition(":")
    if verb == "all":
        for one, line in lines:
            line.quantity = f"{(one.in_transit - count_of(line.damaged) - count_of(line.missing)).normalize():f}"
        return None
    if verb == "find":
        text = request.form.get("q", "").strip()[:100]
        if not text:
            return None
        with db.reading():
            meant = find_by_code(text) or only_meant(text)
        at = next((at for at, (one, _line) in enumerate(lines) if meant and one.variant_id == meant.id), None)
        if at is None:
            raise Refused(_("“%(text)s” is not among what is on its way. The lines are unchanged.", text=text))
        verb = "plus"
    elif verb == "add":
        at = next((at for at, (one, _line) in enumerate(lines) if str(one.variant_id) == argument), None)
        if at is None:
            raise Refused(_("That is not among what is on its way. The lines are unchanged."))
        verb = "plus"
    elif verb in {"plus", "minus"} and argument.isascii() and argument.isdecimal() and int(argument) < len(lines):
        at = int(argument)
    else:
        return None
    one, line = lines[at]
    count = max(count_of(line.quantity) + (1 if verb == "plus" else -1), Decimal(0))
    line.quantity = f"{count.normalize():f}"
    return one.variant_id
