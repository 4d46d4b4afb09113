"""Administrators of the platform, who belong to no business, and the consent by which one may look into a business."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from retail.core.audit import Audited
from retail.core.db import Model
from retail.core.secrets import SEALED
from retail.core.states import Flow
from retail.core.tenancy import OfTenant
from retail.identity.models import OnDevice


class Administrator(Audited, Model):
    """Somebody who keeps the installation: makes, suspends and resumes businesses, and sees none of their data without
    consent. Nothing but signing in is open to one without a second factor."""

    __tablename__ = "administrators"
    audit_hidden = frozenset({"password_hash", "totp_secret", "last_totp_step"})

    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    password_hash: Mapped[str | None]
    totp_secret: Mapped[str | None] = mapped_column(info=SEALED)
    totp_confirmed_at: Mapped[datetime | None]
    last_totp_step: Mapped[int | None]
    active: Mapped[bool] = mapped_column(default=True)
    theme: Mapped[str] = mapped_column(default="auto")
    locale: Mapped[str] = mapped_column(default="en_GB")
    timezone: Mapped[str] = mapped_column(default="UTC")
    created_at: Mapped[datetime]
    last_sign_in_at: Mapped[datetime | None]


class SupportAccess(OfTenant, Audited, Model):
    """An administrator asked to look into a business, and what came of it: who consented, until when (`ends_at`), and
    whether changes are allowed as well (`may_change`)."""

    __tablename__ = "support_accesses"
    __table_args__ = (
        Index(None, "tenant_id", "asked_at"),
        Index(None, "tenant_id", "answered_by_id"),
        Index(None, "administrator_id"),
    )

    administrator_id: Mapped[int] = mapped_column(ForeignKey("administrators.id"))
    administrator_name: Mapped[str]
    reason: Mapped[str]
    hours: Mapped[int]
    state: Mapped[str] = mapped_column(default="asked")
    may_change: Mapped[bool] = mapped_column(default=False)
    asked_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    answered_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    answered_by: Mapped[str] = mapped_column(default="")
    ends_at: Mapped[datetime | None]
    ended_by: Mapped[str] = mapped_column(default="")

    @property
    def audit_label(self) -> str:
        return self.administrator_name

    def is_in_force(self, instant: datetime) -> bool:
        """Whether the administrator may look now."""
        return self.state == "allowed" and self.ends_at is not None and instant < self.ends_at


SUPPORT = Flow(
    "support access",
    "asked",
    ends=("refused", "withdrawn", "ended"),
    steps={
        "asked": ["allowed", "refused", "withdrawn"],
        "allowed": ["ended"],
        "refused": [],
        "withdrawn": [],
        "ended": [],
    },
)
"""Access that ran out needs no step: `ends_at` has passed."""


class AdministratorDevice(OnDevice, Model):
    """An administrator, signed in on a device; `support_access_id` is set while they look into a business."""

    __tablename__ = "administrator_devices"
    __table_args__ = (Index(None, "administrator_id"), Index(None, "support_access_id"))

    administrator_id: Mapped[int] = mapped_column(ForeignKey("administrators.id"))
    support_access_id: Mapped[int | None] = mapped_column(ForeignKey("support_accesses.id"))
