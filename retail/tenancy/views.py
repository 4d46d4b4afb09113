"""The shop's settings, its receipts, its locations."""

from __future__ import annotations

from datetime import time
from typing import Any

from flask import abort, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retail.core import html, tables
from retail.core.forms import refusals
from retail.core.module import can
from retail.permissions import Can
from retail.tenancy import module, queries, services
from retail.tenancy.forms import LocationForm, NewLocationForm, ReceiptForm, SettingsForm
from retail.tenancy.settings_tabs import settings_tabs
from retail.tenancy.tables import LocationTable


def _may_write() -> None:
    if not can(Can.EDIT_SETTINGS):
        abort(403)


def _minutes(start: time) -> int:
    return start.hour * 60 + start.minute


@module.route("/settings/", methods=["GET", "POST"], needs=Can.VIEW_SETTINGS)
def settings() -> Response:
    """Name, address, currency, zone, day."""
    tenant = queries.current_tenant()
    form = SettingsForm(obj=tenant)
    if form.is_submitted():
        _may_write()
        if form.validate():
            values: dict[str, Any] = {name: value for name, value in form.data.items() if name != "day_start"}
            with refusals(form):
                services.change_settings(tenant, **values, day_start_minutes=_minutes(form.day_start.data))
                return html.done(_("The settings are saved."), to=url_for("tenancy.settings"))
    return html.page(
        "tenancy/settings.html",
        status=422 if form.is_submitted() else 200,
        form=form,
        tabs=settings_tabs(),
        currency_settled=services.currency_is_settled(),
        may_write=can(Can.EDIT_SETTINGS),
    )


@module.route("/settings/receipts", methods=["GET", "POST"], needs=Can.VIEW_SETTINGS)
def receipts() -> Response:
    """What is printed above and below every sale."""
    tenant = queries.current_tenant()
    form = ReceiptForm(obj=tenant)
    if form.is_submitted():
        _may_write()
        if form.validate():
            services.change_settings(tenant, **form.data)
            return html.done(_("The receipt is saved."), to=url_for("tenancy.receipts"))
    return html.page(
        "tenancy/receipts.html",
        status=422 if form.is_submitted() else 200,
        form=form,
        tabs=settings_tabs(),
        may_write=can(Can.EDIT_SETTINGS),
        shop=tenant,
    )


@module.get("/settings/locations", needs=Can.VIEW_SETTINGS)
def location_list() -> Any:
    """Shops and warehouses."""
    return tables.table_page(
        LocationTable(), "tenancy/locations.html", title=_("Settings"), subtitle=None, tabs=settings_tabs()
    )


@module.route("/settings/locations/new", methods=["GET", "POST"], needs=Can.EDIT_SETTINGS)
def new_location() -> Response:
    """Another shop or warehouse."""
    form = NewLocationForm(allows_negative_stock=True, active=True)
    if form.validate_on_submit():
        with refusals(form):
            services.add_location(**form.data)
            return html.done(_("The location is made."), to=url_for("tenancy.location_list"))
    return html.page(
        "tenancy/location.html", status=422 if form.is_submitted() else 200, form=form, location=None, may_write=True
    )


@module.route("/settings/locations/<int:location_id>", methods=["GET", "POST"], needs=Can.VIEW_SETTINGS)
def location_page(location_id: int) -> Response:
    """One location."""
    location = queries.location_numbered(location_id)
    form = LocationForm(obj=location)
    if form.is_submitted():
        _may_write()
        if form.validate():
            with refusals(form):
                services.change_location(location, **form.data)
                return html.done(_("The location is saved."), to=url_for("tenancy.location_list"))
            location = queries.location_numbered(location_id)
    return html.page(
        "tenancy/location.html",
        status=422 if form.is_submitted() else 200,
        form=form,
        location=location,
        may_write=can(Can.EDIT_SETTINGS),
    )
