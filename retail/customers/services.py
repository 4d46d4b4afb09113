"""The verbs of customers; the only writer of their tables."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from retail.core.clock import now
from retail.core.db import in_chunks, session
from retail.core.tenancy import insert_owned
from retail.customers.models import Customer


def ensure_past_customers(customers: Sequence[tuple[str, str]]) -> tuple[dict[str, int], int]:
    """Customers a history names by (code, country): their ids by code, and how many were created."""
    found = _by_code([code for code, _country in customers])
    instant = now()
    insert_owned(
        Customer,
        [
            {
                "code": code,
                "name": f"Customer {code}",
                "email": "",
                "phone": "",
                "country": country,
                "note": "",
                "created_at": instant,
            }
            for code, country in customers
            if code not in found
        ],
    )
    everybody = _by_code([code for code, _country in customers])
    return everybody, len(everybody) - len(found)


def _by_code(codes: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for chunk in in_chunks(codes, 500):
        rows = session.execute(select(Customer.code, Customer.id).where(Customer.code.in_(chunk)))
        found.update((code, customer_id) for code, customer_id in rows)
    return found
