"""The list of tax rates."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, select

from retail.core.tables import Column, Table
from retail.finance.models import TaxRate
from retail.permissions import Can


class TaxRateTable(Table):
    """The rates products can name."""

    name = "tax-rates"
    label = _l("Tax rates")
    order = "name"
    needs = Can.VIEW_SETTINGS
    row_id = TaxRate.id
    columns = {
        "name": Column(_l("Name"), TaxRate.name, search=True),
        "code": Column(_l("Code"), TaxRate.code, search=True),
        "rate": Column(_l("Rate"), TaxRate.rate, "percent"),
    }
    empty = {
        "title": _l("No tax rates yet"),
        "text": _l("Products name a rate; without one nothing is taxed."),
        "icon": "percentage",
    }

    def source(self) -> Select[Any]:
        return select(TaxRate)
