"""People who sign in, their roles, their sessions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from retail.core.audit import Audited
from retail.core.db import Model
from retail.core.secrets import SEALED
from retail.core.tenancy import OfTenant


class Role(OfTenant, Audited, Model):
    """A set of permissions with a name, and the limits that ride on them."""

    __tablename__ = "roles"
    __table_args__ = (UniqueConstraint("tenant_id", "name"),)

    name: Mapped[str]
    permissions: Mapped[list[str]] = mapped_column(JSON, default=list)
    largest_discount_percent: Mapped[int] = mapped_column(default=0)
    requires_second_factor: Mapped[bool] = mapped_column(default=False)


class User(OfTenant, Audited, Model):
    """Somebody who may sign in. An address belongs to one user only, whatever the tenant."""

    __tablename__ = "users"
    audit_hidden = frozenset({"password_hash", "totp_secret", "last_totp_step"})

    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    role_id: Mapped[int] = mapped_column(ForeignKey("roles.id"))
    password_hash: Mapped[str | None]
    totp_secret: Mapped[str | None] = mapped_column(info=SEALED)
    totp_confirmed_at: Mapped[datetime | None]
    last_totp_step: Mapped[int | None]
    active: Mapped[bool] = mapped_column(default=True)
    theme: Mapped[str] = mapped_column(default="auto")
    locale: Mapped[str | None]
    timezone: Mapped[str | None]
    preferences: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    created_at: Mapped[datetime]
    last_sign_in_at: Mapped[datetime | None]

    role: Mapped[Role] = relationship(lazy="joined", innerjoin=True)


class RecoveryCode(OfTenant, Model):
    """A one-time code for somebody who lost their second factor; only its hash is kept."""

    __tablename__ = "recovery_codes"
    __table_args__ = (Index(None, "tenant_id", "user_id"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    code_hash: Mapped[str]
    used_at: Mapped[datetime | None]


class UserSession(OfTenant, Model):
    """Somebody signed in on a device. The browser holds a random token, this row its hash."""

    __tablename__ = "user_sessions"
    __table_args__ = (Index(None, "tenant_id", "user_id"),)

    token_hash: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    location_id: Mapped[int | None] = mapped_column(ForeignKey("locations.id"))
    register_id: Mapped[int | None]
    address: Mapped[str] = mapped_column(default="")
    device: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime]
    second_factor: Mapped[bool] = mapped_column(default=False)


class SignInAttempt(Model):
    """One attempt to sign in, for throttling; belongs to no tenant, because the address may belong to nobody."""

    __tablename__ = "sign_in_attempts"
    __table_args__ = (Index(None, "email_hash", "at"), Index(None, "address", "at"))

    email_hash: Mapped[str]
    address: Mapped[str]
    at: Mapped[datetime]
    succeeded: Mapped[bool]
