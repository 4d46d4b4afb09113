"""Orders: the list, a new one, one order's page and what can be done there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import abort, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retail.core import html, shown, tables
from retail.core.errors import Refused
from retail.core.forms import add_problem, refusals
from retail.core.links import link
from retail.core.module import can, person_or_none
from retail.inventory.queries import goods_numbered
from retail.permissions import Can
from retail.purchasing import module, queries, services
from retail.purchasing.forms import AmendForm, NewOrderForm, read_figures
from retail.purchasing.labels import BILL_STATES, CHARGES, ORDER_STATES, RETURN_REASONS, SOURCES
from retail.purchasing.models import ORDER_FLOW, PurchaseOrder
from retail.purchasing.services import AMENDABLE
from retail.purchasing.tables import OrderTable


def purchase_tabs(here: str) -> list[dict[str, Any]]:
    """The lists of buying that this person may see."""
    pages = (
        ("order_list", _("Orders"), Can.VIEW_PURCHASES),
        ("proposal_list", _("Proposals"), Can.VIEW_PROPOSALS),
        ("bill_list", _("Bills"), Can.VIEW_BILLS),
        ("return_list", _("Returns"), Can.VIEW_PURCHASES),
    )
    return [
        {"label": label, "url": url_for(f"purchasing.{name}"), "active": name == here, "count": None}
        for name, label, need in pages
        if can(need)
    ]


@module.get("/", needs=Can.VIEW_PURCHASES)
def order_list() -> Any:
    """Everything that was ordered."""
    return tables.table_page(
        OrderTable(),
        "purchasing/orders.html",
        title=_("Purchasing"),
        subtitle=None,
        tabs=purchase_tabs("order_list"),
        has_suppliers=bool(queries.suppliers()),
    )


@module.route("/orders/new", methods=["GET", "POST"], needs=Can.ORDER_GOODS)
def new_order() -> Response:
    """A draft for a supplier."""
    form = NewOrderForm()
    if form.is_submitted():
        if form.validate():
            with refusals(form):
                order = services.draw_up(form.supplier.data, form.location.data, key=form.key.data or "")
                return html.done("", to=url_for("purchasing.edit_order", purchase_order_id=order.id))
    else:
        form.key.data = services.new_key()
        form.supplier.data = request.args.get("supplier", type=int)
        form.location.data = person_or_none().location_id
    return html.page("purchasing/new_order.html", status=422 if form.is_submitted() else 200, form=form)


@module.get("/orders/<int:purchase_order_id>", needs=Can.VIEW_PURCHASES)
def order_page(purchase_order_id: int) -> Response:
    """One order: what it asks for, what came, what was billed, what went back."""
    return _order_page(purchase_order_id)


def _order_page(purchase_order_id: int, problem: str = "") -> Response:
    if problem:
        html.settle(keep=False)
    order = queries.order_numbered(purchase_order_id)
    person = person_or_none()
    return html.page(
        "purchasing/order.html",
        status=422 if problem else 200,
        order=order,
        problem=problem,
        who=services.made_by(order),
        receipts=queries.receipts_of(order.id),
        bills=queries.bills_of(order.id) if can(Can.VIEW_BILLS) else [],
        returns=queries.returns_of(order.id),
        revisions=queries.revisions_of(order.id),
        may_approve=can(Can.APPROVE_PURCHASES)
        and order.state == "to_approve"
        and order.user_id != person.id
        and services.is_within(person.limits.purchase, order),
        may_amend=order.state in AMENDABLE,
        may_cancel=ORDER_FLOW.can(order, "cancelled"),
        foreign=order.currency != person.tenant.currency,
        own=person.tenant.currency,
        moment=_moment,
        states=ORDER_STATES,
        sources=SOURCES,
        bill_states=BILL_STATES,
        charges=CHARGES,
        reasons=RETURN_REASONS,
        document_url=lambda document_id: link("inventory.document_page", document_id=document_id),
        breadcrumbs=[(_("Purchasing"), url_for("purchasing.order_list")), (order.number, None)],
    )


def _moment(instant: datetime | None) -> str:
    return shown.value(instant, "datetime")


def _act(purchase_order_id: int, do: Callable[[PurchaseOrder], object], said: str) -> Response:
    order = services.locked(purchase_order_id)
    number = order.number
    try:
        do(order)
    except Refused as no:
        return _order_page(purchase_order_id, no.message)
    return html.done(said % number, to=url_for("purchasing.order_page", purchase_order_id=purchase_order_id))


@module.post("/orders/<int:purchase_order_id>/submit", needs=Can.ORDER_GOODS)
def submit_order(purchase_order_id: int) -> Response:
    """Let a draft become an order."""
    limit = person_or_none().limits.purchase
    return _act(purchase_order_id, lambda order: services.submit(order, limit), _("%s is on its way."))


@module.post("/orders/<int:purchase_order_id>/approve", needs=Can.APPROVE_PURCHASES)
def approve_order(purchase_order_id: int) -> Response:
    """Approve somebody else's order."""
    limit = person_or_none().limits.purchase
    return _act(purchase_order_id, lambda order: services.approve(order, limit), _("%s is approved."))


@module.post("/orders/<int:purchase_order_id>/hand-back", needs=Can.APPROVE_PURCHASES)
def hand_back_order(purchase_order_id: int) -> Response:
    """Return an order to whoever made it."""
    why = request.form.get("reason", "")
    return _act(purchase_order_id, lambda order: services.hand_back(order, why), _("%s is a draft again."))


@module.post("/orders/<int:purchase_order_id>/send", needs=Can.ORDER_GOODS)
def send_order(purchase_order_id: int) -> Response:
    """Mail an order to its supplier, or say that they have it."""
    if request.form.get("how") == "told":
        return _act(purchase_order_id, services.mark_sent, _("%s is marked as sent."))
    address = request.form.get("address", "")
    return _act(purchase_order_id, lambda order: services.send_order(order, address), _("%s is sent to the supplier."))


@module.post("/orders/<int:purchase_order_id>/cancel", needs=Can.ORDER_GOODS)
def cancel_order(purchase_order_id: int) -> Response:
    """Call an order off."""
    why = request.form.get("reason", "")
    return _act(purchase_order_id, lambda order: services.cancel(order, why), _("%s is called off."))


@module.post("/orders/<int:purchase_order_id>/close-short", needs=Can.ORDER_GOODS)
def close_order_short(purchase_order_id: int) -> Response:
    """Wait no longer for what has not come."""
    why = request.form.get("reason", "")
    return _act(purchase_order_id, lambda order: services.close_short(order, why), _("Nothing more is expected of %s."))


@module.post("/orders/<int:purchase_order_id>/close", needs=Can.ORDER_GOODS)
def close_order(purchase_order_id: int) -> Response:
    """Put an order away that is through."""
    return _act(purchase_order_id, services.close, _("%s is closed."))


@module.post("/orders/<int:purchase_order_id>/copy", needs=Can.ORDER_GOODS)
def copy_order(purchase_order_id: int) -> Response:
    """A new draft like this order."""
    order = queries.order_numbered(purchase_order_id)
    try:
        made = services.copy(order)
    except Refused as no:
        return _order_page(purchase_order_id, no.message)
    return html.done(
        _("Copied; look at the quantities."), to=url_for("purchasing.edit_order", purchase_order_id=made.id)
    )


@module.route("/orders/<int:purchase_order_id>/amend", methods=["GET", "POST"], needs=Can.ORDER_GOODS)
def amend_order(purchase_order_id: int) -> Response:
    """Change quantities and costs of an order that was approved."""
    post = request.method == "POST"
    order = services.locked(purchase_order_id) if post else queries.order_numbered(purchase_order_id)
    form = AmendForm()
    quantities = read_figures(request.form, "quantity")
    costs = read_figures(request.form, "cost", 4)
    if post:
        wrong = next((one.problem for one in (*quantities.values(), *costs.values()) if one.problem), "")
        if wrong:
            add_problem(form, wrong)
        elif form.validate():
            with refusals(form):
                stands = services.amend(
                    order,
                    {line_id: one.number for line_id, one in quantities.items()},
                    {line_id: one.number for line_id, one in costs.items()},
                    form.reason.data,
                    person_or_none().limits.purchase,
                )
                said = _("Amended. Send it once more.") if stands else _("Amended; now it waits for approval again.")
                return html.done(said, to=url_for("purchasing.order_page", purchase_order_id=order.id))
        html.settle(keep=False)
        order = queries.order_numbered(purchase_order_id)
    elif order.state not in AMENDABLE:
        return html.elsewhere(url_for("purchasing.order_page", purchase_order_id=order.id))
    return html.page(
        "purchasing/amend_order.html",
        status=422 if post else 200,
        order=order,
        form=form,
        quantities=quantities,
        costs=costs,
        breadcrumbs=[
            (_("Purchasing"), url_for("purchasing.order_list")),
            (order.number, url_for("purchasing.order_page", purchase_order_id=order.id)),
            (_("Amend"), None),
        ],
    )


@module.get("/orders/<int:purchase_order_id>/order.pdf", needs=Can.VIEW_PURCHASES)
def order_file(purchase_order_id: int) -> Response:
    """The order as the supplier gets it."""
    order = queries.order_numbered(purchase_order_id)
    if not order.lines:
        abort(404)
    headers = {"Content-Disposition": f'inline; filename="{order.number}.pdf"', "Cache-Control": "no-store"}
    return Response(services.order_pdf(order), mimetype="application/pdf", headers=headers)


@module.get("/incoming/<int:variant_id>", needs=Can.VIEW_PURCHASES)
def incoming_panel(variant_id: int) -> Response:
    """What is on its way of an article, for its page in stock; whole for those who follow the link."""
    goods = goods_numbered(variant_id)
    return html.page(
        "purchasing/incoming.html",
        fragment="incoming",
        goods=goods,
        coming=queries.on_its_way(variant_id),
        stock_url=link("inventory.article", variant_id=variant_id),
    )
