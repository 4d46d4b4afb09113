"""The verbs of customers; the only writer of their tables."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from retail.core.clock import now
from retail.core.db import in_chunks, session
from retail.core.errors import NotFound, Refused
from retail.core.numbers import next_number
from retail.core.tenancy import insert_owned
from retail.customers.models import Customer

LONGEST = {"name": 160, "code": 40, "email": 254, "phone": 40, "country": 60, "note": 2000}
"""How many letters there may be in each field, whichever way a customer comes in."""
MAIL = re.compile(r"[^@\s<>,;:\"]+@[^@\s<>,;:\"]+\.[^@\s<>,;:\"]+")


def checked_name(name: str) -> str:
    """A name as it is kept; Refused for none and for one that is too long."""
    name = " ".join(name.split())
    if not name:
        raise Refused(_("Give the customer a name."), field="name")
    if len(name) > LONGEST["name"]:
        raise Refused(_("At most %(n)s characters, please.", n=LONGEST["name"]), field="name")
    return name


def checked_email(email: str) -> str:
    """A mail address as it is kept, nothing for none; Refused for what is no address or too long for one."""
    email = email.strip()
    if email and (len(email) > LONGEST["email"] or not MAIL.fullmatch(email)):
        said = _("“%(text)s” is no e-mail address; write it as name@example.com.", text=email[:80])
        raise Refused(said, field="email")
    return email


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
                "locale": "",
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


def create_customer(name: str, *, code: str = "", email: str = "", **more: str) -> Customer:
    """A new customer; without a code the next of the series C-1, C-2 … is given. Refused when the code is taken,
    and for what is no name or mail address."""
    name, email, code = checked_name(name), checked_email(email), code.strip()
    if code:
        _check_code(code)
    else:
        code = next_number("customers", "C-")
        while _has_code(code):
            code = next_number("customers", "C-")
    customer = Customer(code=code, name=name, email=email, created_at=now(), **more)
    session.add(customer)
    session.flush()
    return customer


def change_customer(customer: Customer, name: str, *, code: str = "", email: str = "", **more: str) -> None:
    """Change a customer; an empty code leaves the present one. Refused when the code is somebody else's, and
    for what is no name or mail address."""
    name, email, code = checked_name(name), checked_email(email), code.strip() or customer.code
    if code != customer.code:
        _check_code(code)
    customer.name, customer.email, customer.code = name, email, code
    for field, value in more.items():
        setattr(customer, field, value)
    session.flush()


def archive_customer(customer: Customer) -> None:
    """Take a customer out of lists and searches; what they bought stays."""
    customer.archived_at = now()


def restore_customer(customer: Customer) -> None:
    """Bring an archived customer back."""
    customer.archived_at = None


def rename_customer(customer_id: int, name: str) -> None:
    """Call a customer otherwise; Refused for no name."""
    _customer(customer_id).name = checked_name(name)
    session.flush()


def set_email(customer_id: int, email: str) -> None:
    """Write to a customer at another address; empty for none. Refused for what is no address."""
    _customer(customer_id).email = checked_email(email)
    session.flush()


def set_phone(customer_id: int, phone: str) -> None:
    """Call a customer under another number; empty for none."""
    _customer(customer_id).phone = phone
    session.flush()


def archived_states(customer_ids: Sequence[int], *, lock: bool = False) -> dict[int, dict[str, Any]]:
    """Whether each customer is archived."""
    statement = select(Customer.id, Customer.archived_at).where(Customer.id.in_(customer_ids)).order_by(Customer.id)
    rows = session.execute(statement.with_for_update() if lock else statement)
    return {row.id: {"archived": row.archived_at is not None} for row in rows}


def set_archived_states(states: Mapping[int, Mapping[str, Any]]) -> None:
    """Archive customers, or bring them back."""
    statement = select(Customer).where(Customer.id.in_(states)).order_by(Customer.id)
    for customer in session.scalars(statement.with_for_update()):
        if states[customer.id]["archived"]:
            archive_customer(customer)
        else:
            restore_customer(customer)
    session.flush()


def _customer(customer_id: int) -> Customer:
    found = session.get(Customer, customer_id)
    if found is None:
        raise NotFound(_("There is no such customer."))
    return found


def _has_code(code: str) -> bool:
    return session.scalar(select(Customer.id).where(Customer.code == code)) is not None


def _check_code(code: str) -> None:
    if _has_code(code):
        raise Refused(_("Another customer has the code “%(code)s”.", code=code), field="code")
