"""Signing in: who may try, whether the password is right, and what follows when it is.

Every attempt is written down before its password is looked at, in the same transaction that decides whether it may be
made, so that a hundred attempts sent at once do not slip past the throttle. Nothing here tells an account that exists
from one that does not.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update

from retail.core import audit
from retail.core.clock import now
from retail.core.db import session
from retail.core.events import emit
from retail.events.identity import UserSignedIn
from retail.identity import sessions
from retail.identity.devices import device_name
from retail.identity.models import SignInAttempt, User, UserSession

FREE_TRIES = 5
"""Wrong passwords for one account before it has to wait."""
FREE_TRIES_OF_ADDRESS = 25
"""Wrong passwords from one network address, for any accounts, before it has to wait; a whole shop may share one."""
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=15)
MEMORY = timedelta(hours=24)


@dataclass(frozen=True)
class Attempt:
    """An attempt that may be made, or has to wait `wait_seconds`; `id` is the row it left."""

    id: int | None
    wait_seconds: int


def email_hash(email: str) -> str:
    """What is kept of an address somebody typed; it may be a password typed into the wrong box."""
    return hashlib.sha256(b"sign-in\0" + email.strip().lower().encode()).hexdigest()


def wait_after(failures: int, free: int) -> timedelta:
    """How long to wait after so many failures: nothing at first, then twice as long each time, up to LONGEST_WAIT."""
    if failures < free:
        return timedelta(0)
    doublings: int = min(failures - free, 20)
    return min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)


def knock(email: str, address: str) -> Attempt:
    """Ask to try a password or a code. Works across tenants; the attempt counts as failed until `succeed`."""
    hashed, instant = email_hash(email), now()
    since = instant - MEMORY
    last_success = session.scalar(
        select(func.max(SignInAttempt.at)).where(SignInAttempt.email_hash == hashed, SignInAttempt.succeeded)
    )
    of_account = SignInAttempt.email_hash == hashed
    until = max(
        _free_from(of_account, max(since, last_success or since), FREE_TRIES),
        _free_from(SignInAttempt.address == address, instant - timedelta(hours=1), FREE_TRIES_OF_ADDRESS),
    )
    if until > instant:
        return Attempt(None, int((until - instant).total_seconds()) + 1)
    row = SignInAttempt(email_hash=hashed, address=address, at=instant, succeeded=False)
    session.add(row)
    session.flush()
    return Attempt(row.id, 0)


def _free_from(whose: object, since: datetime, free: int) -> datetime:
    failures, last = session.execute(
        select(func.count(), func.max(SignInAttempt.at)).where(
            whose,  # type: ignore[arg-type]  # a criterion
            SignInAttempt.at > since,
            SignInAttempt.succeeded.is_(False),
        )
    ).one()
    return last + wait_after(failures, free) if failures else since


def user_with_address(email: str) -> User | None:
    """Whoever signs in with this address, in whichever tenant; call it across tenants."""
    return session.scalar(select(User).where(User.email == email.strip().lower()))


def failed(user: User) -> None:
    """Leave the failure in the history of the tenant of somebody whose address was used. Inside their tenant."""
    audit.record("sign_in_failed", "users", user.id, user.name)


def forgive(*attempt_ids: int) -> None:
    """Mark attempts as right."""
    session.execute(
        update(SignInAttempt).where(SignInAttempt.id.in_(attempt_ids)).values(succeeded=True),
        execution_options={"synchronize_session": False},
    )


def succeed(attempt_ids: tuple[int, ...], user: User, *, address: str, device: str, days: int, code: bool) -> str:
    """Start a session for somebody who proved who they are; returns the token. Inside their tenant.

    A device the person has not used before is announced.
    """
    forgive(*attempt_ids)
    known = session.execute(
        select(func.count(), func.count().filter(UserSession.device == device[:300])).where(
            UserSession.user_id == user.id
        )
    ).one()
    # By a statement of its own, because the sign-in itself is in the audit and this would be there a second time.
    session.execute(
        update(User).where(User.id == user.id).values(last_sign_in_at=now()),
        execution_options={"synchronize_session": False},
    )
    token = sessions.begin(user, address=address, device=device, days=days, second_factor=code)
    audit.record("sign_in", "users", user.id, user.name)
    if known[0] and not known[1]:
        emit(UserSignedIn(user_id=user.id, device=device_name(device), address=address))
    return token
