"""Reads of customers."""

from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy import select

from retail.core import search
from retail.core.db import session
from retail.core.errors import NotFound
from retail.customers.models import Customer


def customer_numbered(customer_id: int) -> Customer:
    """A customer of the tenant we are in; NotFound when there is none."""
    customer = session.scalar(select(Customer).where(Customer.id == customer_id))
    if customer is None:
        raise NotFound(_("There is no such customer."))
    return customer


def find_customers(q: str, limit: int = 8) -> list[Customer]:
    """Customers a text may mean by name, code, mail address or telephone number, the likeliest first."""
    ids = [hit.subject_id for hit in search.find("customers", q, limit)]
    found = {one.id: one for one in session.scalars(select(Customer).where(Customer.id.in_(ids)))} if ids else {}
    return [found[customer_id] for customer_id in ids if customer_id in found]
