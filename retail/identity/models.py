"""People who sign in, their roles, their sessions."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from retail.core.audit import Audited
from retail.core.db import Model
from retail.core.money import Amount
from retail.core.secrets import SEALED
from retail.core.tenancy import OfTenant


class Role(OfTenant, Audited, Model):
    """A set of permissions with a name, and the limits that ride on them: how far its people go without somebody else's
    approval. An amount of None is no limit."""

    __tablename__ = "roles"
    __table_args__ = (UniqueConstraint("tenant_id", "name"),)

    name: Mapped[str]
    permissions: Mapped[list[str]] = mapped_column(JSON, default=list)
    largest_discount_percent: Mapped[int] = mapped_column(default=0)
    largest_refund: Mapped[Amount | None]
    largest_void: Mapped[Amount | None]
    largest_purchase: Mapped[Amount | None]
    largest_adjustment: Mapped[Amount | None]
    requires_second_factor: Mapped[bool] = mapped_column(default=False)


class User(OfTenant, Audited, Model):
    """Somebody who may sign in. An address belongs to one user only, whatever the tenant.

    Who does not work `everywhere` works at their `places` alone, and at none when there are none."""

    __tablename__ = "users"
    audit_hidden = frozenset({"password_hash", "pin_hash", "totp_secret", "last_totp_step"})

    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    role_id: Mapped[int] = mapped_column(ForeignKey("roles.id"))
    password_hash: Mapped[str | None]
    pin_hash: Mapped[str | None]
    totp_secret: Mapped[str | None] = mapped_column(info=SEALED)
    totp_confirmed_at: Mapped[datetime | None]
    last_totp_step: Mapped[int | None]
    active: Mapped[bool] = mapped_column(default=True)
    everywhere: Mapped[bool] = mapped_column(default=True)
    theme: Mapped[str] = mapped_column(default="auto")
    locale: Mapped[str | None]
    timezone: Mapped[str | None]
    preferences: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    created_at: Mapped[datetime]
    last_sign_in_at: Mapped[datetime | None]

    role: Mapped[Role] = relationship(lazy="joined", innerjoin=True)


class UserPlace(OfTenant, Model):
    """A location at which somebody works who does not work everywhere."""

    __tablename__ = "user_places"
    __table_args__ = (UniqueConstraint("tenant_id", "user_id", "location_id"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    location_id: Mapped[int] = mapped_column(ForeignKey("locations.id"))


class RecoveryCode(OfTenant, Model):
    """A one-time code for somebody who lost their second factor; only its hash is kept."""

    __tablename__ = "recovery_codes"
    __table_args__ = (Index(None, "tenant_id", "user_id"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    code_hash: Mapped[str]
    used_at: Mapped[datetime | None]


class OldPassword(OfTenant, Model):
    """A password somebody had before, as its hash, so that they do not take it again."""

    __tablename__ = "old_passwords"
    __table_args__ = (Index(None, "tenant_id", "user_id"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    password_hash: Mapped[str]
    replaced_at: Mapped[datetime]


class Passkey(OfTenant, Audited, Model):
    """A key of WebAuthn by which somebody signs in: a device holds the private half, this row the public one.

    Each is used with a challenge made after its last use, so that no answer is good twice.
    """

    __tablename__ = "passkeys"
    __table_args__ = (Index(None, "tenant_id", "user_id"),)
    audit_hidden = frozenset({"credential_id", "public_key", "sign_count", "last_used_at"})

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str]
    credential_id: Mapped[str] = mapped_column(unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(default=0)
    transports: Mapped[list[str]] = mapped_column(JSON, default=list)
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class Approval(OfTenant, Model):
    """What somebody with a higher limit allowed a colleague to do, once: bound to the action, its amount and exactly
    what it is done to (`bound_to`). The browser holds a random token, this row its hash."""

    __tablename__ = "approvals"
    __table_args__ = (Index(None, "tenant_id", "expires_at"), UniqueConstraint("tenant_id", "token_hash"))

    token_hash: Mapped[str]
    action: Mapped[str]
    amount: Mapped[Amount]
    bound_to: Mapped[str]
    approver_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    requester_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    approved_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class OnDevice:
    """Mixin: somebody signed in on a device. The browser holds a random token, the row its hash."""

    token_hash: Mapped[str] = mapped_column(unique=True)
    address: Mapped[str] = mapped_column(default="")
    device: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime]
    second_factor: Mapped[bool] = mapped_column(default=False)

    def is_over(self, instant: datetime, idle: timedelta) -> bool:
        """Whether it was ended, is too old, or nobody was there for as long as `idle`."""
        return self.revoked_at is not None or self.expires_at <= instant or self.last_seen_at + idle <= instant


class UserSession(OnDevice, OfTenant, Model):
    """One person of a business, signed in on a device.

    At a till others take over by PIN (`cashier_id`), who then may do the work of a till and nothing else; `locked_at`
    is set while nobody works at it. `till_location_id` is where its register stands. `viewed_user_id` or
    `viewed_role_id` is set while the person looks at the program as somebody else, reading only."""

    __tablename__ = "user_sessions"
    __table_args__ = (Index(None, "tenant_id", "user_id"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    location_id: Mapped[int | None] = mapped_column(ForeignKey("locations.id"))
    register_id: Mapped[int | None]
    till_location_id: Mapped[int | None] = mapped_column(ForeignKey("locations.id"))
    cashier_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    locked_at: Mapped[datetime | None]
    viewed_user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    viewed_role_id: Mapped[int | None] = mapped_column(ForeignKey("roles.id"))


class SignInAttempt(Model):
    """One attempt to sign in, for throttling; belongs to no tenant, because the address may belong to nobody."""

    __tablename__ = "sign_in_attempts"
    __table_args__ = (Index(None, "email_hash", "at"), Index(None, "address", "at"))

    email_hash: Mapped[str]
    address: Mapped[str]
    at: Mapped[datetime]
    succeeded: Mapped[bool]
