"""The lists of buying: suppliers, orders, bills, returns, proposals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlalchemy import Row, Select, func, literal, select

from retail.catalog.models import Variant
from retail.core import html, shown
from retail.core.tables import Column, Filter, FoundBy, Table, among_days, choices_of
from retail.permissions import Can
from retail.purchasing.jobs import JOBS
from retail.purchasing.labels import BILL_STATES, ORDER_STATES, RETURN_REASONS
from retail.purchasing.models import (
    OPEN_STATES,
    OrderProposal,
    PurchaseOrder,
    Supplier,
    SupplierBill,
    SupplierReturn,
)
from retail.purchasing.queries import suppliers
from retail.tenancy.models import Location
from retail.tenancy.queries import current_tenant, locations


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 18


def _with_id(column: Any) -> Any:
    """A filter by an id; what is no id finds nothing."""
    return lambda statement, text: statement.where(column == int(text) if _is_id(text) else literal(value=False))


def _suppliers() -> Sequence[tuple[str, Any]]:
    return [(str(one.id), one.name) for one in suppliers()]


def _places() -> Sequence[tuple[str, Any]]:
    return [(str(one.id), one.name) for one in locations()]


def _supplier_url(row: Row[Any]) -> str:
    return url_for("purchasing.supplier_page", supplier_id=row.supplier_id)


def _order_url(row: Row[Any]) -> str:
    return url_for("purchasing.order_page", purchase_order_id=row.order_id)


class SupplierTable(Table):
    """Everybody the shop buys from."""

    name = "suppliers"
    label = _l("Suppliers")
    order = "name"
    needs = Can.VIEW_SUPPLIERS
    row_id = Supplier.id
    columns = {
        "name": Column(
            _l("Name"),
            Supplier.name,
            link=lambda row: url_for("purchasing.supplier_page", supplier_id=row.row_id),
            search=True,
        ),
        "code": Column(_l("Code"), Supplier.code, search=True),
        "contact": Column(_l("Contact"), Supplier.contact, search=True, sortable=False),
        "email": Column(_l("E-mail"), Supplier.email, search=True, sortable=False),
        "phone": Column(_l("Telephone"), Supplier.phone, search=True, sortable=False, hidden=True),
        "currency": Column(_l("Currency"), Supplier.currency, sortable=False),
        "lead_days": Column(_l("Delivers in (days)"), Supplier.lead_days, "integer", sortable=False),
        "payment_days": Column(_l("Payment (days)"), Supplier.payment_days, "integer", sortable=False),
    }
    filters = {
        "currency": Filter(_l("Currency"), lambda s, v: s.where(Supplier.currency == v.strip().upper()), "text"),
        "country": Filter(_l("Country"), lambda s, v: s.where(Supplier.country.icontains(v, autoescape=True)), "text"),
        "itself": Filter(_l("Ordered by itself"), lambda s, _value: s.where(Supplier.orders_itself)),
        "archived": Filter(_l("Archived"), lambda s, _value: s.where(Supplier.archived_at.is_not(None))),
    }
    empty = {
        "title": _l("No suppliers yet"),
        "text": _l("Add whom you buy from: then goods are ordered, received and billed against what was agreed."),
        "icon": "building-warehouse",
    }
    bulk = JOBS
    found_by = FoundBy("suppliers", Supplier.id)

    def source(self) -> Select[Any]:
        return select(Supplier)

    def narrowed(self, q: str, values: Mapping[str, str]) -> Select[Any]:
        statement = super().narrowed(q, values)
        return statement if values.get("archived") else statement.where(Supplier.archived_at.is_(None))


def order_badge(state: str) -> Markup:
    """The state of an order as a badge."""
    label, tone = ORDER_STATES[state]
    return html.drawn("badge", label, tone, dot=True)


def _is_late(statement: Select[Any], _value: str) -> Select[Any]:
    today = current_tenant().today()
    return statement.where(PurchaseOrder.expected_on < today, PurchaseOrder.state.in_(OPEN_STATES))


class OrderTable(Table):
    """Everything that was ordered."""

    name = "purchase-orders"
    label = _l("Purchase orders")
    order = "-created"
    needs = Can.VIEW_PURCHASES
    row_id = PurchaseOrder.id
    columns = {
        "number": Column(_l("Number"), PurchaseOrder.number, link=_order_url, search=True, sortable=False),
        "supplier": Column(_l("Supplier"), Supplier.name, link=_supplier_url, search=True, sortable=False),
        "state": Column(
            _l("State"),
            PurchaseOrder.state,
            show=lambda state: str(ORDER_STATES[state][0]),
            draw=lambda row: order_badge(row.state),
            sortable=False,
        ),
        "net": Column(
            _l("Total"),
            PurchaseOrder.net,
            "money",
            draw=lambda row: html.drawn("money", shown.money(row.net, row.currency)),
            needs=Can.VIEW_COSTS,
            sortable=False,
        ),
        "expected": Column(_l("Expected"), PurchaseOrder.expected_on, "date", sortable=False),
        "location": Column(_l("Deliver to"), Location.name, sortable=False),
        "reference": Column(_l("Reference"), PurchaseOrder.reference, search=True, sortable=False, hidden=True),
        "currency": Column(_l("Currency"), PurchaseOrder.currency, sortable=False, hidden=True),
        "created": Column(_l("Drawn up"), PurchaseOrder.created_at, "datetime"),
    }
    also = {"order_id": PurchaseOrder.id, "supplier_id": PurchaseOrder.supplier_id}
    filters = {
        "state": Filter(
            _l("State"),
            lambda s, v: s.where(PurchaseOrder.state == v),
            "choice",
            choices_of(*((state, words[0]) for state, words in ORDER_STATES.items())),
        ),
        "open": Filter(_l("Goods to come"), lambda s, _value: s.where(PurchaseOrder.state.in_(OPEN_STATES))),
        "late": Filter(_l("Late"), _is_late),
        "supplier": Filter(_l("Supplier"), _with_id(PurchaseOrder.supplier_id), "choice", _suppliers),
        "location": Filter(_l("Deliver to"), _with_id(PurchaseOrder.location_id), "choice", _places),
        "day": Filter(_l("Day"), among_days(PurchaseOrder.business_date), "days"),
    }
    empty = {
        "title": _l("Nothing ordered yet"),
        "text": _l("Choose a supplier and scan or search what you need, or let the night propose it."),
        "icon": "clipboard-list",
    }

    def source(self) -> Select[Any]:
        return (
            select(PurchaseOrder)
            .join(Supplier, Supplier.id == PurchaseOrder.supplier_id)
            .join(Location, Location.id == PurchaseOrder.location_id)
        )


def bill_badge(state: str) -> Markup:
    """The state of a bill as a badge."""
    label, tone = BILL_STATES[state]
    return html.drawn("badge", label, tone, dot=True)


class BillTable(Table):
    """What suppliers ask to be paid."""

    name = "supplier-bills"
    label = _l("Suppliers' bills")
    order = "-entered"
    needs = Can.VIEW_BILLS
    row_id = SupplierBill.id
    columns = {
        "number": Column(
            _l("Number"),
            SupplierBill.number,
            link=lambda row: url_for("purchasing.bill_page", supplier_bill_id=row.row_id),
            search=True,
            sortable=False,
        ),
        "reference": Column(_l("Their number"), SupplierBill.reference, search=True, sortable=False),
        "supplier": Column(_l("Supplier"), Supplier.name, link=_supplier_url, search=True, sortable=False),
        "order": Column(_l("Order"), PurchaseOrder.number, link=_order_url, search=True, sortable=False),
        "state": Column(
            _l("State"),
            SupplierBill.state,
            show=lambda state: str(BILL_STATES[state][0]),
            draw=lambda row: bill_badge(row.state),
            sortable=False,
        ),
        "total": Column(
            _l("Total"),
            SupplierBill.total,
            "money",
            draw=lambda row: html.drawn("money", shown.money(row.total, row.currency)),
            sortable=False,
        ),
        "due": Column(_l("To be paid by"), SupplierBill.due_on, "date", sortable=False),
        "currency": Column(_l("Currency"), SupplierBill.currency, sortable=False, hidden=True),
        "entered": Column(_l("Entered"), SupplierBill.entered_at, "datetime"),
    }
    also = {"order_id": SupplierBill.order_id, "supplier_id": SupplierBill.supplier_id}
    filters = {
        "state": Filter(
            _l("State"),
            lambda s, v: s.where(SupplierBill.state == v),
            "choice",
            choices_of(*((state, words[0]) for state, words in BILL_STATES.items())),
        ),
        "supplier": Filter(_l("Supplier"), _with_id(SupplierBill.supplier_id), "choice", _suppliers),
        "due": Filter(_l("To be paid by"), among_days(SupplierBill.due_on), "days"),
    }
    empty = {
        "title": _l("No bills yet"),
        "text": _l("Open an order whose goods have come and enter what the supplier asks for them."),
        "icon": "receipt",
    }

    def source(self) -> Select[Any]:
        return (
            select(SupplierBill)
            .join(Supplier, Supplier.id == SupplierBill.supplier_id)
            .join(PurchaseOrder, PurchaseOrder.id == SupplierBill.order_id)
        )


class ReturnTable(Table):
    """What went back to suppliers."""

    name = "supplier-returns"
    label = _l("Returns to suppliers")
    order = "-when"
    needs = Can.VIEW_PURCHASES
    row_id = SupplierReturn.id
    columns = {
        "number": Column(
            _l("Debit note"),
            SupplierReturn.number,
            link=lambda row: url_for("purchasing.return_page", supplier_return_id=row.row_id),
            search=True,
            sortable=False,
        ),
        "supplier": Column(_l("Supplier"), Supplier.name, link=_supplier_url, search=True, sortable=False),
        "order": Column(_l("Order"), PurchaseOrder.number, link=_order_url, search=True, sortable=False),
        "reason": Column(
            _l("Reason"),
            SupplierReturn.reason,
            show=lambda reason: str(RETURN_REASONS.get(reason, reason)),
            sortable=False,
        ),
        "net": Column(
            _l("Credit"),
            SupplierReturn.net,
            "money",
            draw=lambda row: html.drawn("money", shown.money(row.net, row.currency)),
            needs=Can.VIEW_COSTS,
            sortable=False,
        ),
        "currency": Column(_l("Currency"), SupplierReturn.currency, sortable=False, hidden=True),
        "when": Column(_l("When"), SupplierReturn.occurred_at, "datetime"),
    }
    also = {"order_id": SupplierReturn.order_id, "supplier_id": SupplierReturn.supplier_id}
    filters = {
        "supplier": Filter(_l("Supplier"), _with_id(SupplierReturn.supplier_id), "choice", _suppliers),
        "reason": Filter(
            _l("Reason"),
            lambda s, v: s.where(SupplierReturn.reason == v),
            "choice",
            choices_of(*RETURN_REASONS.items()),
        ),
        "day": Filter(_l("Day"), among_days(SupplierReturn.business_date), "days"),
    }
    empty = {
        "title": _l("Nothing went back yet"),
        "text": _l("Open an order whose goods have come to send some of them back."),
        "icon": "arrow-back-up",
    }

    def source(self) -> Select[Any]:
        return (
            select(SupplierReturn)
            .join(Supplier, Supplier.id == SupplierReturn.supplier_id)
            .join(PurchaseOrder, PurchaseOrder.id == SupplierReturn.order_id)
        )


def _draft_url(row: Row[Any]) -> str:
    return url_for("purchasing.order_page", purchase_order_id=row.order_id) if row.order_id else ""


class ProposalTable(Table):
    """What the night would order."""

    name = "order-proposals"
    label = _l("Proposals")
    order = "product"
    needs = Can.VIEW_PROPOSALS
    row_id = OrderProposal.id
    columns = {
        "product": Column(
            _l("Product"),
            Variant.name,
            link=lambda row: url_for("purchasing.proposal_page", order_proposal_id=row.row_id),
            search=True,
        ),
        "sku": Column(_l("SKU"), Variant.sku, search=True, sortable=False),
        "supplier": Column(_l("Supplier"), Supplier.name, link=_supplier_url, search=True, sortable=False),
        "quantity": Column(_l("Order"), OrderProposal.quantity, "quantity", sortable=False),
        "on_hand": Column(_l("On hand"), OrderProposal.on_hand, "quantity", sortable=False),
        "incoming": Column(_l("Coming"), OrderProposal.incoming, "quantity", sortable=False),
        "point": Column(_l("Reorder at"), OrderProposal.reorder_point, "quantity", sortable=False),
        "cover": Column(
            _l("Lasts (days)"),
            func.coalesce(OrderProposal.cover_days, 9999),
            "integer",
            show=lambda days: "" if days == 9999 else str(days),
        ),
        "cost": Column(
            _l("Cost"),
            OrderProposal.cost,
            "money",
            draw=lambda row: html.drawn("money", shown.money(row.cost, row.currency)),
            needs=Can.VIEW_COSTS,
            sortable=False,
        ),
        "draft": Column(_l("Ordered"), func.coalesce(PurchaseOrder.number, ""), link=_draft_url, sortable=False),
    }
    also = {
        "supplier_id": OrderProposal.supplier_id,
        "order_id": OrderProposal.order_id,
        "currency": Supplier.currency,
    }
    filters = {
        "supplier": Filter(_l("Supplier"), _with_id(OrderProposal.supplier_id), "choice", _suppliers),
        "waiting": Filter(_l("Not ordered yet"), lambda s, _value: s.where(OrderProposal.order_id.is_(None))),
    }
    empty = {
        "title": _l("Nothing needs to be ordered"),
        "text": _l(
            "Each night every article of a supplier is looked at: what is there, what is coming, what will sell."
        ),
        "icon": "brain",
    }

    def source(self) -> Select[Any]:
        return (
            select(OrderProposal)
            .join(Variant, Variant.id == OrderProposal.variant_id)
            .join(Supplier, Supplier.id == OrderProposal.supplier_id)
            .outerjoin(PurchaseOrder, PurchaseOrder.id == OrderProposal.order_id)
        )
