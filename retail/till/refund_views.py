"""Giving goods and money back by receipt, and voiding a sale of today."""

from __future__ import annotations

from decimal import Decimal

from flask import abort, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retail.core import html, shown
from retail.core.errors import NeedsApproval, Refused
from retail.core.forms import add_problem, refusals
from retail.core.module import person_or_none
from retail.core.money import ZERO
from retail.identity.asking import ask_approval, with_approval
from retail.orders import services as orders
from retail.orders.queries import Document, document
from retail.permissions import Can
from retail.till import module
from retail.till import services as till
from retail.till.approval import allowance_of
from retail.till.forms import RefundForm, VoidForm, read_quantities
from retail.till.services.carts import check_key, new_key
from retail.till.views import station_here


def _sale(order_id: int) -> Document:
    found = document(order_id)
    if found is None or found.order.kind != "sale":
        abort(404)
    return found


@module.get("/refunds/<int:order_id>", needs=Can.REFUND)
def refund_page(order_id: int) -> Response:
    """What is given back, why, and how the money goes."""
    form = RefundForm()
    found = _sale(order_id)
    methods = {one.method for one in found.payments}
    form.method.data = "card" if methods == {"card"} else "cash"
    return _refund_page(found, form, new_key())


def _refund_page(found: Document, form: RefundForm, key: str, status: int = 200) -> Response:
    return html.page(
        "till/refund.html",
        fragment="refund",
        status=status,
        found=found,
        order=found.order,
        form=form,
        key=key,
        amount=_amount(found),
        problem="",
        wanted={name: value for name, value in request.form.items() if name.startswith("line-")},
        station=station_here(),
        breadcrumbs=_trail(found, _("Refund")),
    )


def _amount(found: Document) -> Decimal:
    """What a form that came back with a fault asks for; nothing when it cannot be read."""
    try:
        return orders.worth_of(found.order, read_quantities(request.form, "line-"))
    except Refused:
        return ZERO


@module.get("/refunds/<int:order_id>/sum", needs=Can.REFUND)
def refund_sum(order_id: int) -> Response:
    """What the quantities typed so far come to, or why they cannot come back."""
    if not html.wants_fragment():
        abort(404)
    found = _sale(order_id)
    amount, problem = ZERO, ""
    try:
        amount = orders.worth_of(found.order, read_quantities(request.args, "line-"))
    except Refused as no:
        problem = no.message
    return html.page("till/refund.html", fragment="sum", order=found.order, amount=amount, problem=problem)


@module.post("/refunds/<int:order_id>", needs=Can.REFUND)
def refund(order_id: int) -> Response:
    """Give goods and money back; pressing twice gives back once."""
    form, person, station, key = RefundForm(), person_or_none(), station_here(), request.form.get("key", "")
    if station is None:
        add_problem(form, _("Open a register first: the money comes out of its drawer."))
    elif form.validate_on_submit():
        with refusals(form):
            quantities = read_quantities(request.form, "line-")
            try:
                back = with_approval(
                    lambda token: till.refund(
                        person.tenant,
                        station,
                        order_id,
                        quantities,
                        check_key(key),
                        form.reason.data,
                        form.method.data,
                        allowance_of(token),
                    )
                )
            except NeedsApproval as need:
                return ask_approval(need, request.path, "#refund", url_for("till.sell"))
            amount = shown.money(-back.total)
            said = _("%(amount)s given back, %(number)s.", amount=amount, number=back.number)
            return html.done(said, url_for("orders.order_page", order_id=back.order_id))
    html.settle(keep=False)
    return _refund_page(_sale(order_id), form, key or new_key(), 422)


@module.get("/voids/<int:order_id>", needs=Can.VOID)
def void_page(order_id: int) -> Response:
    """Ask why, before a whole sale is reversed."""
    return _void_page(_sale(order_id), VoidForm(), new_key())


def _void_page(found: Document, form: VoidForm, key: str, status: int = 200) -> Response:
    return html.page(
        "till/void.html",
        fragment="void",
        status=status,
        found=found,
        order=found.order,
        form=form,
        key=key,
        station=station_here(),
        breadcrumbs=_trail(found, _("Void")),
    )


@module.post("/voids/<int:order_id>", needs=Can.VOID)
def void(order_id: int) -> Response:
    """Reverse a whole sale of today; pressing twice reverses once."""
    form, person, station, key = VoidForm(), person_or_none(), station_here(), request.form.get("key", "")
    if station is None:
        add_problem(form, _("Open a register first: the money comes out of its drawer."))
    elif form.validate_on_submit():
        with refusals(form):
            try:
                back = with_approval(
                    lambda token: till.void(
                        person.tenant, station, order_id, check_key(key), form.reason.data, allowance_of(token)
                    )
                )
            except NeedsApproval as need:
                return ask_approval(need, request.path, "#void", url_for("till.sell"))
            said = _("The sale is void: %(number)s.", number=back.number)
            return html.done(said, url_for("orders.order_page", order_id=back.order_id))
    html.settle(keep=False)
    return _void_page(_sale(order_id), form, key or new_key(), 422)


def _trail(found: Document, here: str) -> list[tuple[str, str | None]]:
    page = url_for("orders.order_page", order_id=found.order.id)
    return [(_("Sales"), url_for("orders.order_list")), (found.order.number, page), (here, None)]
