"""The tax rates of the shop, among its settings."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from retail.core import html, tables
from retail.core.forms import refusals
from retail.finance import module, services
from retail.finance.tax_rate_forms import TaxRateForm
from retail.finance.tax_rate_tables import TaxRateTable
from retail.permissions import Can
from retail.tenancy.settings_tabs import TABS, settings_tabs

TABS.append((_l("Tax rates"), "finance.tax_rates"))


@module.get("/settings/tax-rates", needs=Can.VIEW_SETTINGS)
def tax_rates() -> Any:
    """The rates products can name."""
    return tables.table_page(
        TaxRateTable(), "finance/tax_rates.html", title=_("Settings"), subtitle=None, tabs=settings_tabs()
    )


@module.route("/settings/tax-rates/new", methods=["GET", "POST"], needs=Can.EDIT_SETTINGS)
def new_tax_rate() -> Response:
    """Another rate. A rate that was used is never changed: a new one is made, and products move to it."""
    form = TaxRateForm()
    if form.validate_on_submit() and form.percent.data is not None:
        with refusals(form):
            services.new_tax_rate(form.code.data, form.name.data, form.percent.data / Decimal(100))
            return html.done(_("The tax rate is made."), to=url_for("finance.tax_rates"))
    return html.page("finance/tax_rate.html", status=422 if form.is_submitted() else 200, form=form)
