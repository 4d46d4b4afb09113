"""Reads of customers."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext as _
from sqlalchemy import or_, select

from retail.core.db import session
from retail.core.errors import NotFound
from retail.customers.models import Customer


def customer_numbered(customer_id: int) -> Customer:
    """A customer of the tenant we are in; NotFound when there is none."""
    customer = session.scalar(select(Customer).where(Customer.id == customer_id))
    if customer is None:
        raise NotFound(_("There is no such customer."))
    return customer


def find_customers(q: str, limit: int = 8) -> Sequence[Customer]:
    """Customers by name, code, mail address or telephone number; whoever has the code exactly comes first."""
    q = " ".join(q.split())
    if not q:
        return []
    statement = select(Customer).where(Customer.archived_at.is_(None))
    for word in q.split()[:5]:
        pattern = "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        statement = statement.where(
            or_(
                *(
                    column.ilike(pattern, escape="\\")
                    for column in (Customer.name, Customer.code, Customer.email, Customer.phone)
                )
            )
        )
    return session.scalars(statement.order_by(Customer.code != q, Customer.name, Customer.id).limit(limit)).all()
