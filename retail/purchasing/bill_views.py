"""Suppliers' bills: the list, a new one for an order, one bill with what differs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retail.core import html, shown, tables
from retail.core.errors import Refused
from retail.core.forms import add_problem, refusals
from retail.core.module import can, person_or_none
from retail.core.money import ZERO, to_minor
from retail.permissions import Can
from retail.purchasing import module, queries, services
from retail.purchasing.forms import BillForm, Figure, read_figures
from retail.purchasing.labels import BILL_STATES, DIFFERENCES
from retail.purchasing.models import PurchaseOrder, SupplierBill
from retail.purchasing.order_views import purchase_tabs
from retail.purchasing.services import Billed
from retail.purchasing.tables import BillTable


@module.get("/bills/", needs=Can.VIEW_BILLS)
def bill_list() -> Any:
    """What suppliers ask to be paid."""
    return tables.table_page(
        BillTable(), "purchasing/listed.html", title=_("Purchasing"), subtitle=None, tabs=purchase_tabs("bill_list")
    )


@module.route("/orders/<int:purchase_order_id>/bill", methods=["GET", "POST"], needs=Can.ENTER_BILLS)
def new_bill(purchase_order_id: int) -> Response:
    """Enter what a supplier asks for an order."""
    post = request.method == "POST"
    order = services.locked(purchase_order_id) if post else queries.order_numbered(purchase_order_id)
    form = BillForm()
    quantities, costs = read_figures(request.form, "quantity"), read_figures(request.form, "cost", 4)
    if post:
        answer = _enter(order, form, quantities, costs)
        if answer is not None:
            return answer
        html.settle(keep=False)
        order = queries.order_numbered(purchase_order_id)
    else:
        expected = services.expected_bill(order)
        form.key.data, form.rate.data = services.new_key(), order.rate
        form.billed_on.data = person_or_none().tenant.today()
        for line in order.lines:
            number = expected.get(line.id, ZERO)
            quantities[line.id] = Figure(shown.input_quantity(number) if number else "", number)
            costs[line.id] = Figure(shown.input_amount(line.unit_cost, order.currency), line.unit_cost)
        form.total.data = sum(
            (to_minor(expected.get(line.id, ZERO) * line.unit_cost, order.currency) for line in order.lines), ZERO
        )
    return html.page(
        "purchasing/new_bill.html",
        status=422 if post else 200,
        order=order,
        form=form,
        quantities=quantities,
        costs=costs,
        foreign=order.currency != person_or_none().tenant.currency,
        own=person_or_none().tenant.currency,
        breadcrumbs=[
            (_("Purchasing"), url_for("purchasing.order_list")),
            (order.number, url_for("purchasing.order_page", purchase_order_id=order.id)),
            (_("Enter bill"), None),
        ],
    )


def _enter(
    order: PurchaseOrder, form: BillForm, quantities: dict[int, Figure], costs: dict[int, Figure]
) -> Response | None:
    wrong = next((one.problem for one in (*quantities.values(), *costs.values()) if one.problem), "")
    if wrong:
        add_problem(form, wrong)
        return None
    if not form.validate():
        return None
    with refusals(form):
        bill = services.enter_bill(
            order,
            form.reference.data,
            [Billed(line_id, one.number, costs.get(line_id, Figure()).number) for line_id, one in quantities.items()],
            billed_on=form.billed_on.data,
            total=form.total.data or ZERO,
            charges=form.charges.data or ZERO,
            tax=form.tax.data or ZERO,
            rate=form.rate.data,
            key=form.key.data or "",
        )
        said = (
            _("%(number)s fits order and receipt.", number=bill.number)
            if bill.state == "matched"
            else _("%(number)s is held: it differs.", number=bill.number)
        )
        return html.done(
            said,
            to=url_for("purchasing.bill_page", supplier_bill_id=bill.id),
            level="success" if bill.state == "matched" else "warning",
        )
    return None


@module.get("/bills/<int:supplier_bill_id>", needs=Can.VIEW_BILLS)
def bill_page(supplier_bill_id: int) -> Response:
    """One bill beside its order and receipts."""
    return _bill_page(supplier_bill_id)


def _bill_page(supplier_bill_id: int, problem: str = "") -> Response:
    if problem:
        html.settle(keep=False)
    bill = services.bill_numbered(supplier_bill_id)
    found = services.differences_of(bill)
    return html.page(
        "purchasing/bill.html",
        status=422 if problem else 200,
        bill=bill,
        order=queries.order_numbered(bill.order_id),
        lines=services.lines_of(bill),
        differences=found,
        problem=problem,
        must_wait=any(not one.may_be_accepted for one in found),
        may_approve=can(Can.APPROVE_BILLS) and bill.state in {"held", "matched"},
        states=BILL_STATES,
        kinds=DIFFERENCES,
        foreign=bill.currency != person_or_none().tenant.currency,
        own=person_or_none().tenant.currency,
        breadcrumbs=[
            (_("Purchasing"), url_for("purchasing.order_list")),
            (_("Bills"), url_for("purchasing.bill_list")),
            (bill.number, None),
        ],
    )


def _act(supplier_bill_id: int, do: Callable[[SupplierBill], object], said: str) -> Response:
    bill = services.bill_numbered(supplier_bill_id, lock=True)
    number = bill.number
    try:
        do(bill)
    except Refused as no:
        return _bill_page(supplier_bill_id, no.message)
    return html.done(said % number, to=url_for("purchasing.bill_page", supplier_bill_id=supplier_bill_id))


@module.post("/bills/<int:supplier_bill_id>/approve", needs=Can.APPROVE_BILLS)
def approve_bill(supplier_bill_id: int) -> Response:
    """Approve a bill for payment."""
    accepted = request.form.get("accepted", "")
    return _act(supplier_bill_id, lambda bill: services.approve_bill(bill, accepted), _("%s may be paid."))


@module.post("/bills/<int:supplier_bill_id>/withdraw", needs=Can.ENTER_BILLS)
def withdraw_bill(supplier_bill_id: int) -> Response:
    """Take out a bill that was entered wrongly."""
    why = request.form.get("reason", "")
    return _act(supplier_bill_id, lambda bill: services.withdraw_bill(bill, why), _("%s is withdrawn."))
