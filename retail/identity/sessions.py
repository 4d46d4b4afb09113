"""Server-side sessions: the browser holds a random token, the database its hash, so that each can be listed and
ended.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, bindparam, func, select, update

from retail.core.audit import Actor
from retail.core.clock import now
from retail.core.db import session, unit_of_work
from retail.core.places import Places
from retail.core.retention import passes
from retail.core.shortcuts import PREFERENCE
from retail.core.tenancy import across_tenants
from retail.identity.administrator_models import AdministratorDevice
from retail.identity.limits import Limits, Powers, limits_of
from retail.identity.models import Approval, OnDevice, Role, SignInAttempt, User, UserSession
from retail.identity.place_queries import placed
from retail.permissions import BY_PIN, OF_THE_WHOLE, Can
from retail.tenancy.models import Tenant

SEEN_EVERY = timedelta(minutes=1)
KNOWN = frozenset(Can)


@dataclass(frozen=True)
class Support:
    """By which consent an administrator of the platform looks into a business, and until when. `session_id` is of the
    administrator's own device; what is done to sessions of people (`SignedIn.session_id`) reaches none."""

    access_id: int
    session_id: int
    administrator_id: int
    may_change: bool
    ends_at: datetime


@dataclass(frozen=True)
class SignedIn:
    """Who makes a request: everything a page needs to know of them, read in one statement.

    `by_pin`: a cashier who took over a till, and may do the work of a till only. `locked`: nobody works at this device
    now. `viewing` names the person or role as whom somebody looks at the program without changing anything; then `id`,
    `name` and the permissions are those they look as, and `real_id` and `real_name` who they are. With `support`, that
    is an administrator of the platform, who is nobody's user here. Who works at some `places` only has none of the
    permissions that are `withheld`: they concern the whole business.
    """

    id: int
    tenant_id: int
    session_id: int
    name: str
    email: str
    role_name: str
    permissions: frozenset[str]
    limits: Limits
    theme: str
    locale: str
    timezone: str
    tenant: Tenant
    location_id: int | None
    register_id: int | None
    confirmed_at: datetime
    second_factor: bool
    till_location_id: int | None = None
    places: Places = None
    withheld: frozenset[str] = frozenset()
    must_set_up_second_factor: bool = False
    by_pin: bool = False
    locked: bool = False
    chose_language: bool = False
    viewing: str = ""
    real_id: int = 0
    real_name: str = ""
    shortcuts: Mapping[str, str] = field(default_factory=dict)
    support: Support | None = None
    is_authenticated: bool = True
    of_platform: bool = False

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def powers(self) -> Powers:
        """What their role lets them do, how far, and where."""
        return Powers(self.permissions | self.withheld, self.limits, self.places)

    @property
    def stands_at(self) -> Places:
        """Where this device is: at the till it sells at, else where the person works at it now, else at any place of
        theirs."""
        here = self.till_location_id or self.location_id
        return self.places if here is None else frozenset({here})

    @property
    def kept_out(self) -> bool:
        """Whether something has to be done (unlock, set up the second factor) before anything is shown."""
        return self.locked or self.must_set_up_second_factor

    def actor(self, address: str | None) -> Actor:
        """Whom the audit names: the person who acts, and as whom they look at the program."""
        if self.support is not None:
            # There is no user of the business to name: what was consented to, and by whom, stands in the name itself.
            name = _("%(name)s of support, with the consent of %(owner)s", name=self.real_name, owner=self.name)
            return Actor(name=str(name), address=address, acting_for=self.id)
        acting_for = self.id if self.viewing and self.id != self.real_id else None
        return Actor(user_id=self.real_id, name=self.real_name, address=address, acting_for=acting_for)

    def at(self, places: Places) -> SignedIn:
        """The same person, who works at these places only."""
        if places is None:
            return self
        here = self.location_id if self.location_id in places else next(iter(places)) if len(places) == 1 else None
        whole = self.permissions & OF_THE_WHOLE
        kept, withheld = self.permissions - whole, self.withheld | whole
        return replace(self, places=places, location_id=here, permissions=kept, withheld=withheld)


def token_hash(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def begin(user: User, *, address: str, device: str, days: int, second_factor: bool) -> str:
    """Start a session; returns the token the browser keeps."""
    row = UserSession(tenant_id=user.tenant_id, user_id=user.id, second_factor=second_factor)
    return keep(row, address=address, device=device, days=days)


def keep(row: OnDevice, *, address: str, device: str, days: int) -> str:
    """Store a session that begins now; returns the token the browser keeps."""
    token, instant = secrets.token_urlsafe(32), now()
    row.token_hash, row.address, row.device = token_hash(token), address, device[:300]
    row.created_at = row.last_seen_at = row.confirmed_at = instant
    row.expires_at = instant + timedelta(days=days)
    session.add(row)
    session.flush()
    return token


_SESSION = (
    select(UserSession, User, Role, Tenant)
    .join(User, User.id == func.coalesce(UserSession.cashier_id, UserSession.user_id))
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
    if kept.is_over(instant, idle) or not user.active or tenant.suspended_at is not None:
        return None
    note_seen(kept, instant)
    by_pin, locked = kept.cashier_id is not None, kept.locked_at is not None
    held = frozenset(role.permissions) & KNOWN
    person = SignedIn(
        id=user.id,
        tenant_id=user.tenant_id,
        session_id=kept.id,
        name=user.name,
        email=user.email,
        role_name=role.name,
        permissions=frozenset() if locked else held & BY_PIN if by_pin else held,
        limits=limits_of(role),
        theme=user.theme,
        locale=user.locale or tenant.locale,
        chose_language=bool(user.locale),
        timezone=user.timezone or tenant.timezone,
        tenant=tenant,
        location_id=kept.location_id,
        register_id=kept.register_id,
        till_location_id=kept.till_location_id,
        confirmed_at=kept.confirmed_at,
        second_factor=kept.second_factor,
        must_set_up_second_factor=role.requires_second_factor and user.totp_confirmed_at is None and not by_pin,
        by_pin=by_pin,
        locked=locked,
        real_id=user.id,
        real_name=user.name,
        shortcuts=user.preferences.get(PREFERENCE) or {},
    )
    person = person.at(placed(user))
    if kept.viewed_role_id is not None and Can.VIEW_AS in person.permissions:
        return _looking_as(person, kept)
    return person


def person_numbered(user_id: int, location_id: int | None) -> SignedIn | None:
    """Somebody as they are now, at a place, for work that a worker does on their behalf. None when they may no longer
    sign in."""
    user = session.get(User, user_id)
    tenant = session.get(Tenant, user.tenant_id) if user is not None else None
    if user is None or tenant is None or not user.active or tenant.suspended_at is not None:
        return None
    return SignedIn(
        id=user.id,
        tenant_id=user.tenant_id,
        session_id=0,
        name=user.name,
        email=user.email,
        role_name=user.role.name,
        permissions=frozenset(user.role.permissions) & KNOWN,
        limits=limits_of(user.role),
        theme=user.theme,
        locale=user.locale or tenant.locale,
        chose_language=bool(user.locale),
        timezone=user.timezone or tenant.timezone,
        tenant=tenant,
        location_id=location_id,
        register_id=None,
        confirmed_at=now(),
        second_factor=False,
        real_id=user.id,
        real_name=user.name,
    ).at(placed(user))


def _looking_as(person: SignedIn, kept: UserSession) -> SignedIn:
    """The person as they look at the program: with the permissions of another, never with more than their own."""
    role, user = session.get(Role, kept.viewed_role_id), None
    if kept.viewed_user_id is not None:
        user = session.get(User, kept.viewed_user_id)
        role = user.role if user is not None else None
    if role is None or role.tenant_id != person.tenant_id:
        return person
    seen = replace(
        person,
        role_name=role.name,
        permissions=person.permissions & frozenset(role.permissions),
        limits=limits_of(role),
        viewing=user.name if user is not None else role.name,
        must_set_up_second_factor=False,
    )
    if user is None:
        return seen
    return replace(seen, id=user.id, name=user.name, email=user.email).at(placed(user))


def note_seen(kept: UserSession | AdministratorDevice, instant: datetime) -> None:
    """Note now and then that a session is in use, in a write transaction of its own: the request itself may only
    read."""
    if instant < kept.last_seen_at + SEEN_EVERY:
        return
    model, session_id = type(kept), kept.id
    session.rollback()
    with across_tenants(), unit_of_work():
        session.execute(
            update(model).where(model.id == session_id).values(last_seen_at=instant),
            execution_options={"synchronize_session": False},
        )


def why_closed(token: str) -> str | None:
    """What somebody is told whose session is good but whose business is suspended; None for everybody else."""
    tenant = session.scalar(
        select(Tenant)
        .join(UserSession, UserSession.tenant_id == Tenant.id)
        .where(UserSession.token_hash == token_hash(token), UserSession.revoked_at.is_(None))
    )
    return told_of_suspension(tenant) if tenant is not None and tenant.suspended_at is not None else None


def told_of_suspension(tenant: Tenant) -> str:
    """What the people of a suspended business are told."""
    told: str = _(
        "“%(name)s” is suspended: %(reason)s. Nothing is lost; ask whoever runs this installation.",
        name=tenant.name,
        reason=tenant.suspended_reason.rstrip(".") or _("no reason was given"),
    )
    return told


def confirm(session_id: int) -> None:
    """Note that the person has just proved again who they are."""
    _change(session_id, confirmed_at=now())


def work_at(session_id: int, location_id: int | None) -> None:
    """Remember at which location somebody works on this device; None is all of them."""
    _change(session_id, location_id=location_id)


def lock(session_id: int) -> None:
    """Let nobody work at a device until somebody proves who they are."""
    _change(session_id, locked_at=now())


def take_over(session_id: int, user_id: int) -> None:
    """Let somebody who gave their PIN work at a device."""
    _change(session_id, cashier_id=user_id, locked_at=None)


def give_back(session_id: int) -> None:
    """Let whoever signed in at a device have it again, with all they may do, after they gave their password."""
    _change(session_id, cashier_id=None, locked_at=None, confirmed_at=now())


def owner_of(session_id: int) -> User:
    """Who signed in on a device, whoever works at it now."""
    return session.scalars(
        select(User).join(UserSession, UserSession.user_id == User.id).where(UserSession.id == session_id)
    ).one()


def look_as(session_id: int, *, user_id: int | None = None, role_id: int | None = None) -> None:
    """Look at the program as a person (with their role), as a role, or as oneself again when neither is given."""
    _change(session_id, viewed_user_id=user_id, viewed_role_id=role_id)


def _change(session_id: int, **values: object) -> None:
    session.execute(
        update(UserSession).where(UserSession.id == session_id).values(values),
        execution_options={"synchronize_session": False},
    )


def sessions_of(user_id: int) -> Sequence[UserSession]:
    """The devices on which somebody is signed in, the last used first."""
    return session.scalars(
        select(UserSession)
        .where(UserSession.user_id == user_id, UserSession.revoked_at.is_(None), UserSession.expires_at > now())
        .order_by(UserSession.last_seen_at.desc(), UserSession.id.desc())
    ).all()


def end(session_id: int) -> None:
    """Sign a device out."""
    session.execute(
        update(UserSession)
        .where(UserSession.id == session_id, UserSession.revoked_at.is_(None))
        .values(revoked_at=now()),
        execution_options={"synchronize_session": False},
    )


def leave_tills(user_id: int) -> None:
    """Lock every till that somebody has taken over by their PIN."""
    session.execute(
        update(UserSession).where(UserSession.cashier_id == user_id).values(locked_at=now()),
        execution_options={"synchronize_session": False},
    )


def end_all(user_id: int, except_id: int | None = None) -> int:
    """Sign a user out everywhere, but for one session if given, and lock the tills they took over by PIN; returns how
    many were ended."""
    leave_tills(user_id)
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


@passes("approvals", Approval, days=90)
def approved_before(instant: datetime) -> ColumnElement[bool]:
    """Approvals that can no longer be used; the audit has its own entry of each."""
    return Approval.expires_at < instant
