"""The history of metal rates as a list."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, select

from retail.catalog.jewel_models import MetalRate, Purity
from retail.core.tables import Column, Filter, Table, among_instants
from retail.permissions import Can


class MetalRates(Table):
    """Every rate there was, the latest first."""

    name = "metal_rates"
    label = _l("Rates so far")
    order = "-valid_from"
    needs = Can.VIEW_PRODUCTS
    row_id = MetalRate.id
    empty = {
        "title": _l("No rates yet"),
        "text": _l("Type above what a gram costs today; every rate stays here."),
        "icon": "coin",
    }
    columns = {
        "metal": Column(_l("Metal"), Purity.metal, search=True),
        "purity": Column(_l("Purity"), Purity.name, search=True),
        "rate": Column(_l("A gram costs"), MetalRate.rate, "money"),
        "valid_from": Column(_l("Valid from"), MetalRate.valid_from, "datetime"),
        "set_by": Column(_l("Set by"), MetalRate.set_by),
        "set_at": Column(_l("Set at"), MetalRate.set_at, "datetime", hidden=True),
    }
    filters = {"valid_from": Filter(_l("Valid from"), among_instants(MetalRate.valid_from), "days")}

    def source(self) -> Select[Any]:
        return select(MetalRate).join(Purity, Purity.id == MetalRate.purity_id)
