"""What customers are found by: name, code, mail address, telephone number."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy import select

from retail.core.db import among, session
from retail.core.search import Searched, SearchText, Watch, searched
from retail.customers.models import Customer


def texts(customer_ids: Collection[int]) -> Iterator[SearchText]:
    """The texts of customers."""
    rows = session.execute(
        select(Customer.id, Customer.name, Customer.code, Customer.email, Customer.phone, Customer.archived_at)
        .where(among(Customer.id, customer_ids))
        .order_by(Customer.id)
    )
    for row in rows:
        yield SearchText(row.id, row.name, codes=(row.code, row.email, row.phone), active=row.archived_at is None)


CUSTOMERS = searched(
    Searched(
        "customers",
        texts,
        {Customer: Watch("id", frozenset({"name", "code", "email", "phone", "archived_at"}))},
        Customer.id,
    )
)
