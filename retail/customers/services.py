"""The verbs of customers; the only writer of their tables."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext as _
from sqlalchemy import select

from retail.core.clock import now
from retail.core.db import in_chunks, session
from retail.core.errors import Refused
from retail.core.numbers import next_number
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


def create_customer(name: str, *, code: str = "", **more: str) -> Customer:
    """A new customer; without a code the next of the series C-1, C-2 … is given. Refused when the code is taken."""
    code = code.strip()
    if code:
        _check_code(code)
    else:
        code = next_number("customers", "C-")
        while _has_code(code):
            code = next_number("customers", "C-")
    customer = Customer(code=code, name=" ".join(name.split()), created_at=now(), **more)
    session.add(customer)
    session.flush()
    return customer


def change_customer(customer: Customer, name: str, *, code: str = "", **more: str) -> None:
    """Change a customer; an empty code leaves the present one. Refused when the code is somebody else's."""
    code = code.strip() or customer.code
    if code != customer.code:
        _check_code(code)
    customer.name, customer.code = " ".join(name.split()), code
    for field, value in more.items():
        setattr(customer, field, value)
    session.flush()


def archive_customer(customer: Customer) -> None:
    """Take a customer out of lists and searches; what they bought stays."""
    customer.archived_at = now()


def restore_customer(customer: Customer) -> None:
    """Bring an archived customer back."""
    customer.archived_at = None


def _has_code(code: str) -> bool:
    return session.scalar(select(Customer.id).where(Customer.code == code)) is not None


def _check_code(code: str) -> None:
    if _has_code(code):
        raise Refused(_("Another customer has the code “%(code)s”.", code=code), field="code")
