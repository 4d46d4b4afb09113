"""The list of counts."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlalchemy import Row, Select, func, select

from retail.core import html
from retail.core.tables import Column, Filter, Table, choices_of
from retail.identity.models import User
from retail.inventory.labels import COUNT_KINDS, COUNT_STATES
from retail.inventory.models import StockCount
from retail.inventory.tables import at_location, places
from retail.permissions import Can
from retail.tenancy.models import Location


def _state_badge(row: Row[Any]) -> Markup:
    label, tone = COUNT_STATES[row.state]
    return html.drawn("badge", label, tone, dot=True)


class Counts(Table):
    """What was counted, and what is being counted."""

    name = "counts"
    label = _l("Counts")
    order = "-when"
    needs = Can.COUNT_STOCK
    row_id = StockCount.id
    columns = {
        "number": Column(
            _l("Number"),
            StockCount.number,
            search=True,
            sortable=False,
            link=lambda row: url_for("inventory.count_page", count_id=row.row_id),
        ),
        "kind": Column(_l("What"), StockCount.kind, show=lambda kind: str(COUNT_KINDS[kind]), sortable=False),
        "state": Column(
            _l("State"),
            StockCount.state,
            show=lambda state: str(COUNT_STATES[state][0]),
            draw=_state_badge,
            sortable=False,
        ),
        "location": Column(_l("Location"), Location.name, sortable=False),
        "when": Column(_l("Begun"), StockCount.started_at, "datetime"),
        "note": Column(_l("Note"), StockCount.note, search=True, sortable=False),
        "who": Column(_l("By"), func.coalesce(User.name, ""), sortable=False),
    }
    filters = {
        "state": Filter(
            _l("State"),
            lambda s, v: s.where(StockCount.state == v),
            "choice",
            choices_of(*((state, words[0]) for state, words in COUNT_STATES.items())),
        ),
        "location": Filter(_l("Location"), at_location(StockCount.location_id), "choice", places),
    }
    empty = {
        "title": _l("Nothing was counted yet"),
        "text": _l("Begin a count and scan what stands on the shelf; the shop goes on selling meanwhile."),
        "icon": "clipboard-list",
    }

    def source(self) -> Select[Any]:
        return (
            select(StockCount)
            .join(Location, Location.id == StockCount.location_id)
            .outerjoin(User, User.id == StockCount.started_by_id)
        )
