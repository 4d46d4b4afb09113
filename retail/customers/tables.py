"""The list of customers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, select

from retail.core.tables import Column, Edit, Filter, FoundBy, Table, among_instants
from retail.customers import services
from retail.customers.jobs import JOBS
from retail.customers.models import Customer
from retail.permissions import Can


def _edit(save: Callable[[int, str], None], name: str) -> Edit:
    return Edit(Can.EDIT_CUSTOMERS, save, attrgetter(name), longest=services.LONGEST[name])


class CustomerTable(Table):
    """Everybody who buys under a name."""

    name = "customers"
    label = _l("Customers")
    order = "name"
    needs = Can.VIEW_CUSTOMERS
    row_id = Customer.id
    columns = {
        "name": Column(
            _l("Name"),
            Customer.name,
            link=lambda row: url_for("customers.customer_page", customer_id=row.row_id),
            search=True,
            edit=_edit(services.rename_customer, "name"),
        ),
        "code": Column(_l("Code"), Customer.code, search=True),
        "email": Column(
            _l("E-mail"),
            Customer.email,
            search=True,
            edit=_edit(services.set_email, "email"),
        ),
        "phone": Column(
            _l("Telephone"),
            Customer.phone,
            search=True,
            edit=_edit(services.set_phone, "phone"),
        ),
        "country": Column(_l("Country"), Customer.country),
        "created": Column(_l("Since"), Customer.created_at, "datetime"),
    }
    filters = {
        "country": Filter(_l("Country"), lambda s, v: s.where(Customer.country.icontains(v, autoescape=True)), "text"),
        "since": Filter(_l("Since"), among_instants(Customer.created_at), "days"),
        "archived": Filter(
            _l("Archived"), lambda statement, _value: statement.where(Customer.archived_at.is_not(None))
        ),
    }
    empty = {
        "title": _l("No customers yet"),
        "text": _l("Somebody you know by name can be added here or at the till; then their purchases come together."),
        "icon": "address-book",
    }

    bulk = JOBS
    found_by = FoundBy("customers", Customer.id)

    def source(self) -> Select[Any]:
        return select(Customer)

    def narrowed(self, q: str, values: Mapping[str, str]) -> Select[Any]:
        statement = super().narrowed(q, values)
        return statement if values.get("archived") else statement.where(Customer.archived_at.is_(None))
