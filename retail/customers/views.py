"""Customers: the list, a new one, one customer's page."""

from __future__ import annotations

from typing import Any

from flask import abort, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retail.core import html, tables
from retail.core.forms import refusals
from retail.core.module import can
from retail.customers import module, queries, services
from retail.customers.forms import CustomerForm
from retail.customers.tables import CustomerTable
from retail.permissions import Can


@module.get("/", needs=Can.VIEW_CUSTOMERS)
def customer_list() -> Any:
    """Everybody who buys under a name."""
    return tables.table_page(
        CustomerTable(),
        "customers/list.html",
        title=_("Customers"),
        subtitle=None,
    )


@module.route("/new", methods=["GET", "POST"], needs=Can.EDIT_CUSTOMERS)
def new_customer() -> Response:
    """A new customer."""
    form = CustomerForm()
    if form.validate_on_submit():
        with refusals(form):
            made = services.create_customer(**form.data)
            return html.done(
                _("%(name)s is added.", name=made.name), to=url_for("customers.customer_page", customer_id=made.id)
            )
    return html.page("customers/new.html", status=422 if form.is_submitted() else 200, form=form)


@module.route("/<int:customer_id>", methods=["GET", "POST"], needs=Can.VIEW_CUSTOMERS)
def customer_page(customer_id: int) -> Response:
    """One customer."""
    customer = queries.customer_numbered(customer_id)
    form = CustomerForm(obj=customer)
    if form.is_submitted():
        if not can(Can.EDIT_CUSTOMERS):
            abort(403)
        if form.validate():
            with refusals(form):
                services.change_customer(customer, **form.data)
                return html.done(_("Saved."), to=url_for("customers.customer_page", customer_id=customer_id))
            customer = queries.customer_numbered(customer_id)
    return html.page(
        "customers/customer.html",
        status=422 if form.is_submitted() else 200,
        form=form,
        customer=customer,
        breadcrumbs=[(_("Customers"), url_for("customers.customer_list")), (customer.name, None)],
    )


@module.post("/<int:customer_id>/archive", needs=Can.EDIT_CUSTOMERS)
def archive(customer_id: int) -> Response:
    """Take a customer out of lists and searches."""
    customer = queries.customer_numbered(customer_id)
    services.archive_customer(customer)
    return html.done(_("%(name)s is archived.", name=customer.name), to=url_for("customers.customer_list"))


@module.post("/<int:customer_id>/restore", needs=Can.EDIT_CUSTOMERS)
def restore(customer_id: int) -> Response:
    """Bring an archived customer back."""
    customer = queries.customer_numbered(customer_id)
    services.restore_customer(customer)
    return html.done(
        _("%(name)s is back.", name=customer.name), to=url_for("customers.customer_page", customer_id=customer_id)
    )
