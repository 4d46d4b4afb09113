"""Addresses that wait at the door after too many wrong passwords, and letting them try again. Across tenants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update

from retail.core import audit
from retail.core.clock import now
from retail.core.db import session
from retail.identity.models import SignInAttempt
from retail.identity.signing_in import FREE_TRIES_OF_ADDRESS, wait_after

COUNTED = timedelta(hours=1)


@dataclass(frozen=True)
class Waiting:
    """An address with so many wrong tries within the hour, which may try again at `until`."""

    address: str
    tries: int
    until: datetime


def waiting_addresses() -> Sequence[Waiting]:
    """The addresses that have to wait now, the longest wait first."""
    instant = now()
    rows = session.execute(
        select(SignInAttempt.address, func.count().label("tries"), func.max(SignInAttempt.at).label("last"))
        .where(SignInAttempt.at > instant - COUNTED, SignInAttempt.succeeded.is_(False))
        .group_by(SignInAttempt.address)
        .having(func.count() >= FREE_TRIES_OF_ADDRESS)
    ).all()
    found = [Waiting(row.address, row.tries, row.last + wait_after(row.tries, FREE_TRIES_OF_ADDRESS)) for row in rows]
    return sorted((one for one in found if one.until > instant), key=lambda one: one.until, reverse=True)


def let_try(address: str) -> int:
    """Forgive the wrong tries of an address; returns how many there were. Those of the accounts stay counted, so that
    nobody guesses on behind it."""
    forgiven = session.execute(
        update(SignInAttempt)
        .where(
            SignInAttempt.address == address,
            SignInAttempt.at > now() - COUNTED,
            SignInAttempt.succeeded.is_(False),
        )
        .values(address="")
        .returning(SignInAttempt.id)
        .execution_options(synchronize_session=False)
    )
    count = len(forgiven.all())
    if count:
        audit.record_for_platform("released", "sign_in_attempts", None, address)
    return count
