"""Server-side sessions: the browser holds a random token, the database its hash, so that each can be listed and
ended.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, bindparam, select, update

from retail.core.clock import now
from retail.core.db import session, unit_of_work
from retail.core.retention import passes
from retail.core.shortcuts import PREFERENCE
from retail.core.tenancy import across_tenants
from retail.identity.models import Role, SignInAttempt, User, UserSession
from retail.permissions import Can
from retail.tenancy.models import Tenant

SEEN_EVERY = timedelta(minutes=1)
KNOWN = frozenset(Can)
BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
"""Marks in a browser's name for itself, the telling ones first: most browsers also claim to be the others."""


@dataclass(frozen=True)
class SignedIn:
    """Who makes a request: everything a page needs to know of them, read in one statement."""

    id: int
    tenant_id: int
    session_id: int
    name: str
    email: str
    role_name: str
    permissions: frozenset[str]
    largest_discount_percent: int
    theme: str
    locale: str
    timezone: str
    tenant: Tenant
    location_id: int | None
    register_id: int | None
    confirmed_at: datetime
    second_factor: bool
    must_set_up_second_factor: bool = False
    shortcuts: Mapping[str, str] = field(default_factory=dict)
    is_authenticated: bool = True

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


def token_hash(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def begin(user: User, *, address: str, device: str, days: int, second_factor: bool) -> str:
    """Start a session; returns the token the browser keeps."""
    token = secrets.token_urlsafe(32)
    instant = now()
    session.add(
        UserSession(
            tenant_id=user.tenant_id,
            token_hash=token_hash(token),
            user_id=user.id,
            address=address,
            device=device[:300],
            created_at=instant,
            last_seen_at=instant,
            expires_at=instant + timedelta(days=days),
            confirmed_at=instant,
            second_factor=second_factor,
        )
    )
    session.flush()
    return token


_SESSION = (
    select(UserSession, User, Role, Tenant)
    .join(User, User.id == UserSession.user_id)
    .join(Role, Role.id == User.role_id)
    .join(Tenant, Tenant.id == User.tenant_id)
    .where(UserSession.token_hash == bindparam("token"))
)


def signed_in(token: str, idle: timedelta) -> SignedIn | None:
    """Whose token this is, or None when it is unknown, ended, expired, idle too long, or its user or tenant is out."""
    row = session.execute(_SESSION, {"token": token_hash(token)}).one_or_none()
    if row is None:
        return None
    kept, user, role, tenant = row
    instant = now()
    if (
        kept.revoked_at is not None
        or kept.expires_at <= instant
        or kept.last_seen_at + idle <= instant
        or not user.active
        or tenant.suspended_at is not None
    ):
        return None
    if kept.last_seen_at + SEEN_EVERY <= instant:
        _seen(kept.id, instant)
    return SignedIn(
        id=user.id,
        tenant_id=user.tenant_id,
        session_id=kept.id,
        name=user.name,
        email=user.email,
        role_name=role.name,
        permissions=frozenset(role.permissions) & KNOWN,
        largest_discount_percent=role.largest_discount_percent,
        theme=user.theme,
        locale=user.locale or tenant.locale,
        timezone=user.timezone or tenant.timezone,
        tenant=tenant,
        location_id=kept.location_id,
        register_id=kept.register_id,
        confirmed_at=kept.confirmed_at,
        second_factor=kept.second_factor,
        must_set_up_second_factor=role.requires_second_factor and user.totp_confirmed_at is None,
        shortcuts=user.preferences.get(PREFERENCE) or {},
    )


def _seen(session_id: int, instant: datetime) -> None:
    """Note that a session is in use, in a write transaction of its own: the request itself may only read."""
    session.rollback()
    with across_tenants(), unit_of_work():
        session.execute(
            update(UserSession).where(UserSession.id == session_id).values(last_seen_at=instant),
            execution_options={"synchronize_session": False},
        )


def confirm(session_id: int) -> None:
    """Note that the person has just proved again who they are."""
    session.execute(
        update(UserSession).where(UserSession.id == session_id).values(confirmed_at=now()),
        execution_options={"synchronize_session": False},
    )


def work_at(session_id: int, location_id: int | None) -> None:
    """Remember at which location somebody works on this device; None is all of them."""
    session.execute(
        update(UserSession).where(UserSession.id == session_id).values(location_id=location_id),
        execution_options={"synchronize_session": False},
    )


def sessions_of(user_id: int) -> Sequence[UserSession]:
    """The devices on which somebody is signed in, the last used first."""
    return session.scalars(
        select(UserSession)
        .where(UserSession.user_id == user_id, UserSession.revoked_at.is_(None), UserSession.expires_at > now())
        .order_by(UserSession.last_seen_at.desc(), UserSession.id.desc())
    ).all()


def device_name(agent: str) -> str:
    """A browser's long name in short: `Chrome on Windows`."""
    browser = next((name for mark, name in BROWSERS if mark in agent), "")
    system = next((name for mark, name in SYSTEMS if mark in agent), "")
    return " on ".join(part for part in (browser, system) if part) or agent[:40] or "Unknown device"


def end(session_id: int) -> None:
    """Sign a device out."""
    session.execute(
        update(UserSession)
        .where(UserSession.id == session_id, UserSession.revoked_at.is_(None))
        .values(revoked_at=now()),
        execution_options={"synchronize_session": False},
    )


def end_all(user_id: int, except_id: int | None = None) -> int:
    """Sign a user out everywhere, but for one session if given; returns how many were ended."""
    ended = session.execute(
        update(UserSession)
        .where(UserSession.user_id == user_id, UserSession.revoked_at.is_(None), UserSession.id != (except_id or 0))
        .values(revoked_at=now())
        .returning(UserSession.id)
        .execution_options(synchronize_session=False)
    )
    return len(ended.all())


@passes("sessions", UserSession, days=90)
def over_before(instant: datetime) -> ColumnElement[bool]:
    """Sessions that ended or expired long ago."""
    return (UserSession.expires_at < instant) | (UserSession.revoked_at < instant)


@passes("sign-in attempts", SignInAttempt, days=90)
def attempted_before(instant: datetime) -> ColumnElement[bool]:
    """Attempts that no longer slow anybody down; the audit has its own entry of each sign-in."""
    return SignInAttempt.at < instant
