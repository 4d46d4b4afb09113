"""The list of transfers."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlalchemy import Row, Select, func, literal, or_, select
from sqlalchemy.orm import aliased

from retail.core import html
from retail.core.tables import Column, Filter, Table, choices_of
from retail.identity.models import User
from retail.inventory.labels import TRANSFER_STATES
from retail.inventory.models import StockTransfer
from retail.inventory.tables import is_id, places
from retail.permissions import Can
from retail.tenancy.models import Location

_there = aliased(Location)


def _state_badge(row: Row[Any]) -> Markup:
    label, tone = TRANSFER_STATES[row.state]
    return html.drawn("badge", label, tone, dot=True)


class Transfers(Table):
    """What was asked for, is on its way, or came."""

    name = "transfers"
    label = _l("Transfers")
    order = "-when"
    needs = Can.VIEW_STOCK
    row_id = StockTransfer.id
    columns = {
        "number": Column(
            _l("Number"),
            StockTransfer.number,
            search=True,
            sortable=False,
            link=lambda row: url_for("inventory.transfer_page", transfer_id=row.row_id),
        ),
        "state": Column(
            _l("State"),
            StockTransfer.state,
            show=lambda state: str(TRANSFER_STATES[state][0]),
            draw=_state_badge,
            sortable=False,
        ),
        "location": Column(_l("From"), Location.name, sortable=False),
        "to_location": Column(_l("To"), _there.name, sortable=False),
        "when": Column(_l("When"), StockTransfer.requested_at, "datetime"),
        "note": Column(_l("Note"), StockTransfer.note, search=True, sortable=False),
        "who": Column(_l("By"), func.coalesce(User.name, ""), sortable=False),
    }
    filters = {
        "state": Filter(
            _l("State"),
            lambda s, v: s.where(StockTransfer.state == v),
            "choice",
            choices_of(*((state, words[0]) for state, words in TRANSFER_STATES.items())),
        ),
        "location": Filter(
            _l("Location"),
            lambda statement, text: statement.where(
                or_(StockTransfer.location_id == int(text), StockTransfer.to_location_id == int(text))
                if is_id(text)
                else literal(value=False)
            ),
            "choice",
            places,
        ),
    }
    empty = {
        "title": _l("Nothing is on its way"),
        "text": _l("Send goods to another location, or ask for some: both sides see here what left and what came."),
        "icon": "truck-delivery",
    }

    def source(self) -> Select[Any]:
        return (
            select(StockTransfer)
            .join(Location, Location.id == StockTransfer.location_id)
            .join(_there, _there.id == StockTransfer.to_location_id)
            .outerjoin(User, User.id == StockTransfer.requested_by_id)
        )
