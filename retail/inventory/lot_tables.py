"""The list of lots and pieces."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlalchemy import Row, Select, func, select

from retail.catalog.models import Variant
from retail.core import html
from retail.core.money import ZERO, QuantityType
from retail.core.tables import Column, Filter, Table, among_days, choices_of
from retail.inventory.labels import LOT_STATES
from retail.inventory.models import StockLot, StockLotLevel
from retail.inventory.services.tracking import expiry_days
from retail.inventory.tables import is_id, places
from retail.permissions import Can
from retail.tenancy.queries import current_tenant

_levels = (
    select(StockLotLevel.lot_id, func.sum(StockLotLevel.on_hand, type_=QuantityType).label("on_hand"))
    .group_by(StockLotLevel.lot_id)
    .subquery()
)
_on_hand = func.coalesce(_levels.c.on_hand, ZERO, type_=QuantityType)


def _state(row: Row[Any]) -> str:
    if not row.on_hand:
        return "gone"
    if row.expires_on is None:
        return "there"
    today = current_tenant().today()
    if row.expires_on < today:
        return "expired"
    return "soon" if row.expires_on <= today + timedelta(days=expiry_days()) else "there"


def _badge(row: Row[Any]) -> Markup:
    label, tone = LOT_STATES[_state(row)]
    return html.drawn("badge", label, tone, dot=True)


def _expiry(statement: Select[Any], text: str) -> Select[Any]:
    today = current_tenant().today()
    there = statement.where(_on_hand > 0)
    if text == "expired":
        return there.where(StockLot.expires_on < today)
    if text == "soon":
        return there.where(StockLot.expires_on <= today + timedelta(days=expiry_days()))
    return there if text == "there" else statement.where(_on_hand == 0) if text == "gone" else statement


def _at(statement: Select[Any], text: str) -> Select[Any]:
    here = select(StockLotLevel.lot_id).where(
        StockLotLevel.location_id == (int(text) if is_id(text) else 0), StockLotLevel.on_hand > 0
    )
    return statement.where(StockLot.id.in_(here))


class Lots(Table):
    """Lots and single pieces: where they are, and when they expire."""

    name = "lots"
    label = _l("Lots and serial numbers")
    order = "-received"
    needs = Can.VIEW_STOCK
    row_id = StockLot.id
    columns = {
        "number": Column(
            _l("Number"),
            StockLot.number,
            search=True,
            sortable=False,
            link=lambda row: url_for("inventory.lot_page", lot_id=row.row_id),
        ),
        "product": Column(
            _l("Product"),
            Variant.name,
            search=True,
            sortable=False,
            link=lambda row: url_for("inventory.article", variant_id=row.variant_id),
        ),
        "sku": Column(_l("SKU"), Variant.sku, sortable=False, hidden=True),
        "expires_on": Column(_l("Expires"), StockLot.expires_on, "date"),
        "on_hand": Column(_l("On hand"), _on_hand, "quantity", sortable=False),
        "state": Column(_l("State"), StockLot.kind, draw=_badge, sortable=False),
        "received": Column(_l("Received"), StockLot.received_at, "datetime"),
        "warranty": Column(_l("Warranty until"), StockLot.warranty_until, "date", sortable=False, hidden=True),
    }
    also = {"variant_id": StockLot.variant_id}
    filters = {
        "expiry": Filter(
            _l("State"), _expiry, "choice", choices_of(*((name, words[0]) for name, words in LOT_STATES.items()))
        ),
        "location": Filter(_l("Location"), _at, "choice", places),
        "day": Filter(_l("Expires"), among_days(StockLot.expires_on), "days"),
    }
    empty = {
        "title": _l("Nothing is told apart by number"),
        "text": _l("Say on the page of an article that it has lots or serial numbers; deliveries then ask for them."),
        "icon": "barcode",
    }

    def source(self) -> Select[Any]:
        return (
            select(StockLot)
            .join(Variant, Variant.id == StockLot.variant_id)
            .outerjoin(_levels, _levels.c.lot_id == StockLot.id)
        )
