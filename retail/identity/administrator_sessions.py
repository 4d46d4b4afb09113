"""Administrators of the platform, signed in: who they are to a request, and as whom they look into a business."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, select, update

from retail.core import audit
from retail.core.audit import Actor
from retail.core.clock import now
from retail.core.db import session
from retail.core.places import NOWHERE, Places
from retail.core.retention import passes
from retail.identity.administrator_models import Administrator, AdministratorDevice, SupportAccess
from retail.identity.limits import limits_of
from retail.identity.models import User
from retail.identity.sessions import SignedIn, Support, keep, note_seen, token_hash
from retail.identity.signing_in import forgive
from retail.permissions import Can
from retail.tenancy.models import Tenant

SESSION_DAYS = 1
"""An administrator signs in anew every day."""
IDLE = timedelta(minutes=30)
"""How long a device of an administrator may lie there before they have to sign in again."""
NEVER_FOR_SUPPORT = frozenset(
    {
        Can.MANAGE_USERS,
        Can.MANAGE_ROLES,
        Can.VIEW_AS,
        Can.ANSWER_SUPPORT,
        Can.SEE_MAILBOX,
        Can.SEE_DELIVERIES,
        Can.EXPORT,
    }
)
"""What support may not do, whatever it was allowed: give itself or others access, read letters (they hold links by
which a password is set), and take data away."""
MONEY = frozenset(can for can in Can if can.value.startswith("till:"))
"""The work at a till, which support that may change things does not even see; whoever only looks may look at it."""
NO_SESSION = 0


@dataclass(frozen=True)
class OnPlatform:
    """An administrator who makes a request. They are in no tenant and hold no permission of one. `access_ended` says
    that they were in one until the consent ended."""

    id: int
    session_id: int
    name: str
    email: str
    theme: str
    locale: str
    timezone: str
    must_set_up_second_factor: bool
    access_ended: bool = False
    tenant_id: None = None
    tenant: None = None
    role_name: str = ""
    permissions: frozenset[str] = frozenset()
    location_id: None = None
    places: Places = NOWHERE
    viewing: str = ""
    support: None = None
    by_pin: bool = False
    locked: bool = False
    chose_language: bool = False
    shortcuts: Mapping[str, str] = field(default_factory=dict)
    is_authenticated: bool = True
    of_platform: bool = True
    kept_out: bool = True

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def actor(self, address: str | None) -> Actor:
        """Whom the audit names; no user of a business has their id."""
        return Actor(name=self.name, address=address)


def begin(row: Administrator, attempt_ids: tuple[int, ...], *, address: str, device: str, code: bool) -> str:
    """Start a session for an administrator who proved who they are; returns the token the browser keeps."""
    forgive(*attempt_ids)
    session.execute(
        update(Administrator).where(Administrator.id == row.id).values(last_sign_in_at=now()),
        execution_options={"synchronize_session": False},
    )
    audit.record_for_platform("sign_in", "administrators", row.id, row.name)
    kept = AdministratorDevice(administrator_id=row.id, second_factor=code)
    return keep(kept, address=address, device=device, days=SESSION_DAYS)


def signed_in(token: str) -> OnPlatform | SignedIn | None:
    """Whose token this is, or None when it is no longer good. While an administrator looks into a business with its
    consent, they are somebody of that business."""
    row = session.execute(
        select(AdministratorDevice, Administrator, SupportAccess)
        .join(Administrator, Administrator.id == AdministratorDevice.administrator_id)
        .outerjoin(SupportAccess, SupportAccess.id == AdministratorDevice.support_access_id)
        .where(AdministratorDevice.token_hash == token_hash(token))
    ).one_or_none()
    if row is None:
        return None
    kept, who = row[0], row[1]
    access: SupportAccess | None = row[2]
    instant = now()
    must_set_up = who.totp_confirmed_at is None
    # What was begun with the password alone ends when the second factor is set up, here or elsewhere.
    if kept.is_over(instant, IDLE) or not who.active or not (must_set_up or kept.second_factor):
        return None
    # Before anything is read for the page: it ends the transaction, and with it what was loaded.
    note_seen(kept, instant)
    inside = _looking_into(access, kept, who) if access and not must_set_up else None
    return inside or OnPlatform(
        id=who.id,
        session_id=kept.id,
        name=who.name,
        email=who.email,
        theme=who.theme,
        locale=who.locale,
        timezone=who.timezone,
        role_name=str(_("Platform administrator")),
        must_set_up_second_factor=must_set_up,
        access_ended=access is not None,
    )


def _looking_into(access: SupportAccess, kept: AdministratorDevice, who: Administrator) -> SignedIn | None:
    """The administrator as they see a business: as whoever consented, until the consent ends or is taken back, or the
    business is suspended, or whoever gave it may no longer give it."""
    user = session.get(User, access.answered_by_id) if access.answered_by_id else None
    tenant = session.get(Tenant, access.tenant_id)
    if user is None or tenant is None or not access.is_in_force(now()) or access.administrator_id != who.id:
        return None
    held = frozenset(user.role.permissions) & frozenset(Can)
    if not (user.active and user.everywhere) or Can.ANSWER_SUPPORT not in held or tenant.suspended_at is not None:
        return None
    assert access.ends_at is not None
    return SignedIn(
        id=user.id,
        tenant_id=tenant.id,
        session_id=NO_SESSION,
        name=user.name,
        email=who.email,
        role_name=user.role.name,
        permissions=held - NEVER_FOR_SUPPORT - (MONEY if access.may_change else frozenset()),
        limits=limits_of(user.role),
        theme=who.theme,
        locale=user.locale or tenant.locale,
        timezone=user.timezone or tenant.timezone,
        tenant=tenant,
        location_id=None,
        register_id=None,
        confirmed_at=kept.confirmed_at,
        second_factor=True,
        viewing=user.name,
        real_id=0,
        real_name=who.name,
        support=Support(access.id, kept.id, who.id, access.may_change, access.ends_at),
    )


def prove(session_id: int) -> None:
    """Note that an administrator gave their second factor in this session."""
    _change(session_id, second_factor=True)


def look_into(session_id: int, access_id: int | None) -> None:
    """Look into the business that consented, or with None into none any more."""
    _change(session_id, support_access_id=access_id)


def end(session_id: int) -> None:
    """Sign a device out."""
    _change(session_id, revoked_at=now())


def _change(session_id: int, **values: object) -> None:
    session.execute(
        update(AdministratorDevice).where(AdministratorDevice.id == session_id).values(values),
        execution_options={"synchronize_session": False},
    )


@passes("administrators' sessions", AdministratorDevice, days=90)
def over_before(instant: datetime) -> ColumnElement[bool]:
    """Sessions of administrators that ended long ago."""
    return (AdministratorDevice.expires_at < instant) | (AdministratorDevice.revoked_at < instant)
