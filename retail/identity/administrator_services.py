"""Administrators of the platform: made, found and taken away. Across tenants, and in the platform's audit."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext as _
from sqlalchemy import select, update

from retail.core import audit
from retail.core.clock import now
from retail.core.db import session
from retail.core.errors import NotFound, Refused
from retail.identity.administrator_models import Administrator, AdministratorDevice
from retail.identity.passwords import check_password
from retail.identity.services import hasher
from retail.tenancy.services import check_timezone


def administrators() -> Sequence[Administrator]:
    """All of them, by address, also those who were taken away."""
    return session.scalars(select(Administrator).order_by(Administrator.email)).all()


def administrator_with_address(email: str) -> Administrator | None:
    """Whoever signs in with this address, if they still may."""
    found = session.scalar(select(Administrator).where(Administrator.email == email.strip().lower()))
    return found if found is not None and found.active else None


def administrator_called(email: str) -> Administrator:
    """`administrator_with_address`; NotFound when there is none."""
    found = administrator_with_address(email)
    if found is None:
        raise NotFound(_("There is no administrator with the address %(email)s.", email=email), field="email")
    return found


def add_administrator(email: str, name: str, password: str, timezone: str = "UTC") -> Administrator:
    """A new administrator, or one who was taken away before. Refused when the address is in use or the password is easy
    to guess. They set up their second factor when they first sign in."""
    email, name = email.strip().lower(), " ".join(name.split())
    if not name or "@" not in email:
        raise Refused(_("An administrator needs a name and an e-mail address."), field="email")
    check_password(password, (email, name))
    check_timezone(timezone)
    found = session.scalar(select(Administrator).where(Administrator.email == email))
    if found is not None and found.active:
        raise Refused(_("%(email)s is an administrator already.", email=email), field="email")
    if found is None:
        found = Administrator(email=email, created_at=now())
        session.add(found)
    found.name, found.timezone, found.active = name, timezone, True
    reset(found, password)
    session.flush()
    return found


def reset(row: Administrator, password: str) -> None:
    """Give somebody a new password, take their second factor away, and sign them out everywhere."""
    check_password(password, (row.email, row.name))
    row.password_hash = hasher.hash(password)
    row.totp_secret = row.totp_confirmed_at = row.last_totp_step = None
    if row.id is not None:
        end_sessions(row.id)


def remove_administrator(row: Administrator) -> None:
    """Let somebody sign in no more, at once. Their row stays, for what they did is written down with it."""
    row.active, row.password_hash = False, None
    row.totp_secret = row.totp_confirmed_at = row.last_totp_step = None
    end_sessions(row.id)


def end_sessions(administrator_id: int) -> None:
    """Sign somebody out everywhere."""
    session.execute(
        update(AdministratorDevice)
        .where(AdministratorDevice.administrator_id == administrator_id, AdministratorDevice.revoked_at.is_(None))
        .values(revoked_at=now()),
        execution_options={"synchronize_session": False},
    )


def note_failure(row: Administrator) -> None:
    """Leave a failed sign-in in the platform's audit."""
    audit.record_for_platform("sign_in_failed", "administrators", row.id, row.name)


def second_factor_set(row: Administrator) -> None:
    """Leave in the platform's audit that somebody set their second factor up."""
    audit.record_for_platform("second_factor_on", "administrators", row.id, row.name)
