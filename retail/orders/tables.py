"""The list of documents."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, func, literal, select

from retail.catalog.models import Variant
from retail.core.tables import Column, Filter, Table, among_days, among_numbers, choices_of
from retail.customers.models import Customer
from retail.identity.models import User
from retail.inventory.lot_queries import BETWEEN
from retail.inventory.models import StockLot, StockMove
from retail.orders.labels import KINDS, STATES, TONES
from retail.orders.models import Order
from retail.permissions import Can
from retail.tenancy.models import Location
from retail.tenancy.queries import locations


def _at_location(statement: Select[Any], text: str) -> Select[Any]:
    known = text.isascii() and text.isdecimal() and len(text) < 18
    return statement.where(Order.location_id == int(text) if known else literal(value=False))


def _with_lot(statement: Select[Any], text: str) -> Select[Any]:
    """What goods of a lot, or a piece, were sold with: whom to tell when it is called back. A number alone asks for
    all lots of it; with an article's SKU before it, as `inventory.lot_queries.reference_of` writes it, for that one."""
    sku, _between, number = text.strip().rpartition(BETWEEN)
    moved = (
        select(StockMove.source_id)
        .join(StockLot, StockLot.id == StockMove.lot_id)
        .where(StockMove.source == "order", StockLot.number == number.strip())
    )
    if sku:
        moved = moved.join(Variant, Variant.id == StockLot.variant_id).where(Variant.sku == sku.strip())
    return statement.where(Order.id.in_(moved))


class Orders(Table):
    """Sales, and what takes them back."""

    name = "orders"
    label = _l("Sales")
    order = "-when"
    needs = Can.VIEW_ORDERS
    row_id = Order.id
    columns = {
        "number": Column(
            _l("Number"),
            Order.number,
            search=True,
            sortable=False,
            link=lambda row: url_for("orders.order_page", order_id=row.row_id),
        ),
        "kind": Column(_l("Kind"), Order.kind, show=lambda kind: str(KINDS.get(kind, kind)), sortable=False),
        "when": Column(_l("When"), Order.occurred_at, "datetime"),
        "location": Column(_l("Location"), Location.name, sortable=False),
        "cashier": Column(_l("Cashier"), func.coalesce(User.name, ""), sortable=False),
        "customer": Column(_l("Customer"), func.coalesce(Customer.name, ""), search=True, sortable=False),
        "total": Column(_l("Total"), Order.total, "money"),
        "state": Column(
            _l("State"),
            Order.state,
            show=lambda state: str(STATES.get(state, state)),
            tone=TONES.get,
            sortable=False,
        ),
    }
    filters = {
        "kind": Filter(_l("Kind"), lambda s, v: s.where(Order.kind == v), "choice", choices_of(*KINDS.items())),
        "state": Filter(_l("State"), lambda s, v: s.where(Order.state == v), "choice", choices_of(*STATES.items())),
        "location": Filter(
            _l("Location"), _at_location, "choice", lambda: [(str(one.id), one.name) for one in locations()]
        ),
        "day": Filter(_l("Day"), among_days(Order.business_date), "days"),
        "lot": Filter(_l("Lot or serial number"), _with_lot, "text"),
        "total": Filter(_l("Total"), among_numbers(Order.total), "numbers"),
    }
    empty = {
        "title": _l("No sales yet"),
        "text": _l("Every sale, return and void of the till stands here."),
        "icon": "receipt",
    }

    def source(self) -> Select[Any]:
        return (
            select(Order)
            .join(Location, Location.id == Order.location_id)
            .outerjoin(User, User.id == Order.user_id)
            .outerjoin(Customer, Customer.id == Order.customer_id)
        )
