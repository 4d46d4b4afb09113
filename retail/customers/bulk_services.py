"""Many customers at once, as imports write them: few statements a chunk, and no audit entry for each.

Whoever calls these has checked the values and keeps a record of the change.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, delete, func, or_, select

from retail.core.clock import now
from retail.core.db import in_chunks, session
from retail.core.numbers import reserve_numbers
from retail.core.tenancy import insert_owned_returning, update_owned
from retail.customers.models import Customer

LOOKED_UP = 500
FIELDS = ("code", "name", "email", "phone", "country", "note")


def known_customers(
    codes: Iterable[str] = (), emails: Iterable[str] = (), names: Iterable[str] = ()
) -> list[dict[str, Any]]:
    """The customers with one of these codes, mail addresses (in whatever case) or names: id, fields, archived."""
    return _read(
        [
            *(Customer.code.in_(chunk) for chunk in in_chunks(sorted(set(codes)), LOOKED_UP)),
            *(
                or_(Customer.email.in_(chunk), func.lower(Customer.email).in_([one.lower() for one in chunk]))
                for chunk in in_chunks(sorted(set(emails)), LOOKED_UP)
            ),
            *(Customer.name.in_(chunk) for chunk in in_chunks(sorted(set(names)), LOOKED_UP)),
        ]
    )


def customers_numbered(customer_ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Customers by their ids; those that are no more are missing."""
    found = _read([Customer.id.in_(chunk) for chunk in in_chunks(sorted(set(customer_ids)), LOOKED_UP)])
    return {one["id"]: one for one in found}


def _read(conditions: Sequence[ColumnElement[bool]]) -> list[dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    columns = [getattr(Customer, name) for name in FIELDS]
    for condition in conditions:
        for row in session.execute(select(Customer.id, Customer.archived_at, *columns).where(condition)):
            found[row.id] = {
                "id": row.id,
                "archived": row.archived_at is not None,
                **{name: getattr(row, name) for name in FIELDS},
            }
    return list(found.values())


def insert_customers(rows: Sequence[Mapping[str, Any]]) -> list[tuple[int, str]]:
    """New customers, in order, each with its id and code; those without a code are given the next free ones."""
    instant = now()
    given = iter(_free_codes(sum(not row["code"] for row in rows)))
    filled = [
        {
            **{name: row.get(name, "") for name in FIELDS},
            "code": row["code"] or next(given),
            "created_at": instant,
            "archived_at": instant if row.get("archived") else None,
        }
        for row in rows
    ]
    ids = insert_owned_returning(Customer, filled)
    return [(customer_id, str(row["code"])) for customer_id, row in zip(ids, filled, strict=True)]


def _free_codes(count: int) -> list[str]:
    codes: list[str] = []
    while len(codes) < count:
        fresh = reserve_numbers("customers", count - len(codes), "C-")
        taken = {one["code"] for one in known_customers(codes=fresh)}
        codes.extend(code for code in fresh if code not in taken)
    return codes


def update_customers(changes: Mapping[int, Mapping[str, Any]]) -> None:
    """Change fields of customers, each its own; `archived` takes them out of lists or brings them back."""
    instant, columns = now(), dict[int, dict[str, Any]]()
    for customer_id, given in changes.items():
        values = columns[customer_id] = dict(given)
        if "archived" in values:
            values["archived_at"] = instant if values.pop("archived") else None
    update_owned(Customer, columns)


def remove_customers(customer_ids: Collection[int]) -> None:
    """Remove customers nothing refers to."""
    for chunk in in_chunks(sorted(customer_ids), LOOKED_UP):
        session.execute(delete(Customer).where(Customer.id.in_(chunk)))
