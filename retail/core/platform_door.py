"""The one door through which a page sees more than one business: for administrators of the platform, written down.

Pages are in one tenant or in none, and outside of one its tables cannot be read. Whoever opens this door says what for;
it stands in the platform's audit with who they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import abort

from retail.core import audit
from retail.core.db import reading, session, unit_of_work
from retail.core.module import person_or_none
from retail.core.tenancy import across_tenants, inside

LOOKED = "looked_across"
"""What the audit calls it."""


@contextmanager
def across_businesses(what: str, tenant_id: int | None = None, name: str = "") -> Iterator[None]:
    """Read across all businesses, for one page of an administrator; 404 for anybody else. `what` says what for, with
    the business it is about, if one. Only reads: what is written to a business is written inside of it."""
    person = person_or_none()
    if person is None or not person.of_platform:
        abort(404)
    session.rollback()
    with across_tenants():
        with unit_of_work():
            audit.record_for_platform(LOOKED, "tenants" if name else "", tenant_id, name or what)
        with reading():
            yield


@contextmanager
def writing_into(tenant_id: int) -> Iterator[None]:
    """Change something of one business as an administrator (suspend it, ask for access), in a transaction of its own;
    404 for anybody else. The change is in the audit of the business by itself."""
    person = person_or_none()
    if person is None or not person.of_platform:
        abort(404)
    with inside(tenant_id), unit_of_work():
        yield
