"""The list of locations."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, select

from retail.core.tables import Column, Table
from retail.permissions import Can
from retail.tenancy.models import Location


def _kind(value: str) -> str:
    return str({"shop": _("shop"), "warehouse": _("warehouse")}.get(value, value))


class LocationTable(Table):
    """Shops and warehouses."""

    name = "locations"
    label = _l("Locations")
    order = "name"
    needs = Can.VIEW_SETTINGS
    row_id = Location.id
    columns = {
        "name": Column(
            _l("Name"),
            Location.name,
            link=lambda row: url_for("tenancy.location_page", location_id=row.row_id),
            search=True,
        ),
        "code": Column(_l("Code"), Location.code, search=True),
        "kind": Column(_l("Kind"), Location.kind, show=_kind),
        "negative": Column(_l("Sells what is not in stock"), Location.allows_negative_stock, "boolean"),
        "active": Column(_l("In use"), Location.active, "boolean"),
    }

    def source(self) -> Select[Any]:
        return select(Location)
