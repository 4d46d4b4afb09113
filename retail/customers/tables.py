"""The list of customers."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, select

from retail.core.tables import Column, Filter, Table
from retail.customers.models import Customer
from retail.permissions import Can


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
        ),
        "code": Column(_l("Code"), Customer.code, search=True),
        "email": Column(_l("E-mail"), Customer.email, search=True),
        "phone": Column(_l("Telephone"), Customer.phone, search=True),
        "country": Column(_l("Country"), Customer.country),
        "created": Column(_l("Since"), Customer.created_at, "datetime"),
    }
    filters = {
        "archived": Filter(
            _l("Archived"), lambda statement, _value: statement.where(Customer.archived_at.is_not(None))
        ),
    }
    empty = {
        "title": _l("No customers yet"),
        "text": _l("Somebody you know by name can be added here or at the till; then their purchases come together."),
        "icon": "address-book",
    }

    def __init__(self, archived: bool = False) -> None:
        self.archived = archived

    def source(self) -> Select[Any]:
        statement = select(Customer)
        return statement if self.archived else statement.where(Customer.archived_at.is_(None))
