"""What people are told, each their own copy; how they want to be told; and every attempt to reach them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from retail.core.audit import Audited
from retail.core.db import Model
from retail.core.places import AtPlace
from retail.core.secrets import SEALED
from retail.core.tenancy import OfTenant

CATEGORIES = (
    "sales",
    "stock",
    "orders",
    "customers",
    "staff",
    "finance",
    "support",
    "work",
    "security",
    "system",
)
SEVERITIES = ("info", "success", "warning", "danger")
CHANNELS = ("in_app", "email", "sms", "push")
ENDED = frozenset({"sent", "delivered", "failed", "stopped", "dropped"})
_UNREAD = text("read_at IS NULL AND archived_at IS NULL")


class Notification(OfTenant, AtPlace, Model):
    """Something one person is told. `endpoint` and `arguments` name the page about it.

    What has the same `group_key` is one notification as long as it is unread: the database allows no second.
    `count` is how many things it speaks of, `event_id` the latest event it was told of. A `silent` one is kept in the
    history and not counted by the bell: its reader muted the category. `location_id` and `to_location_id` are where
    what it tells of happened, as its event says; elsewhere it is not shown.
    """

    __tablename__ = "notifications"
    at, may_be_nowhere = ("location_id", "to_location_id"), True
    __table_args__ = (
        Index(
            "uq_notifications_unread_group",
            "tenant_id",
            "user_id",
            "group_key",
            unique=True,
            sqlite_where=_UNREAD,
            postgresql_where=_UNREAD,
        ),
        Index("ix_notifications_unread", "tenant_id", "user_id", sqlite_where=_UNREAD, postgresql_where=_UNREAD),
        Index(None, "tenant_id", "user_id", "happened_at"),
        Index(None, "tenant_id", "user_id", "event_id"),
    )

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    category: Mapped[str]
    severity: Mapped[str]
    title: Mapped[str]
    text: Mapped[str] = mapped_column(default="")
    endpoint: Mapped[str] = mapped_column(default="")
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    actor_name: Mapped[str] = mapped_column(default="")
    group_key: Mapped[str | None]
    count: Mapped[int] = mapped_column(default=1)
    event_id: Mapped[int | None]
    location_id: Mapped[int | None]
    to_location_id: Mapped[int | None]
    silent: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    happened_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    archived_at: Mapped[datetime | None]

    @property
    def is_unread(self) -> bool:
        """Whether the bell counts it."""
        return self.read_at is None and self.archived_at is None and not self.silent


class NotificationRule(OfTenant, Audited, Model):
    """What a business wants for one category and channel, until somebody chooses otherwise; `forced`: nobody may.

    `value` is off, now or, for e-mail, digest.
    """

    __tablename__ = "notification_rules"
    __table_args__ = (UniqueConstraint("tenant_id", "category", "channel"),)

    category: Mapped[str]
    channel: Mapped[str]
    value: Mapped[str]
    forced: Mapped[bool] = mapped_column(default=False)

    @property
    def audit_label(self) -> str:
        return f"{self.category}, {self.channel}"


class NotificationChoice(OfTenant, Audited, Model):
    """What one person chose for one category and channel, where it differs from the rule of the business."""

    __tablename__ = "notification_choices"
    __table_args__ = (UniqueConstraint("tenant_id", "user_id", "category", "channel"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    category: Mapped[str]
    channel: Mapped[str]
    value: Mapped[str]

    @property
    def audit_label(self) -> str:
        return f"{self.category}, {self.channel}"


class NotificationMute(OfTenant, Audited, Model):
    """A category one person wants to hear nothing of: until an instant, or until they say otherwise."""

    __tablename__ = "notification_mutes"
    __table_args__ = (UniqueConstraint("tenant_id", "user_id", "category"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    category: Mapped[str]
    until: Mapped[datetime | None]

    @property
    def audit_label(self) -> str:
        return self.category


class Addressee(OfTenant, Audited, Model):
    """How one person is reached outside the program. Quiet hours are minutes after midnight on their wall clock.

    `email_stopped` and `phone_stopped` say why nothing is sent there any more; empty: all is well.
    """

    __tablename__ = "addressees"
    __table_args__ = (UniqueConstraint("tenant_id", "user_id"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    phone: Mapped[str] = mapped_column(default="")
    phone_stopped: Mapped[str] = mapped_column(default="")
    email_stopped: Mapped[str] = mapped_column(default="")
    stopped_email: Mapped[str] = mapped_column(default="")
    quiet_from: Mapped[int | None]
    quiet_to: Mapped[int | None]
    urgent_anyway: Mapped[bool] = mapped_column(default=True)
    digest: Mapped[str] = mapped_column(default="daily")
    digest_hour: Mapped[int] = mapped_column(default=8)
    last_digest_on: Mapped[str] = mapped_column(default="")

    def refuses(self, email: str) -> bool:
        """Whether this address refused our mail for good; another that replaced it is tried."""
        return bool(self.email_stopped) and self.stopped_email == email


class PushSubscription(OfTenant, Audited, Model):
    """A browser that may be woken: its address at the push service and the keys it reads with, which are sealed."""

    __tablename__ = "push_subscriptions"
    audit_hidden = frozenset({"keys", "endpoint", "endpoint_hash"})
    __table_args__ = (
        UniqueConstraint("tenant_id", "endpoint_hash"),
        Index(None, "tenant_id", "user_id"),
    )

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    endpoint_hash: Mapped[str]
    endpoint: Mapped[str]
    keys: Mapped[str] = mapped_column(info=SEALED)
    device: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class PushKey(OfTenant, Audited, Model):
    """The key by which push services know a business (VAPID); the private half is sealed."""

    __tablename__ = "push_keys"
    audit_hidden = frozenset({"private"})
    __table_args__ = (UniqueConstraint("tenant_id"),)

    public: Mapped[str]
    private: Mapped[str] = mapped_column(info=SEALED)
    created_at: Mapped[datetime]


class SmsAccount(OfTenant, Audited, Model):
    """The Twilio account a business sends its texts by; without one they stay in the mailbox page."""

    __tablename__ = "sms_accounts"
    __table_args__ = (UniqueConstraint("tenant_id"),)
    audit_hidden = frozenset({"auth_token"})

    account_sid: Mapped[str]
    auth_token: Mapped[str] = mapped_column(info=SEALED)
    sender: Mapped[str]
    active: Mapped[bool] = mapped_column(default=True)


class NotificationDelivery(OfTenant, AtPlace, Model):
    """One notification on its way to one person by one channel other than the program itself.

    `state`: waiting (due at `due_at`), digest (waits for the next digest), sent, delivered (the other side said so),
    failed (given up), stopped (the address is no good, or its owner does not want it), dropped (read meanwhile).
    """

    __tablename__ = "notification_deliveries"
    within = "notification_id"
    __table_args__ = (
        UniqueConstraint("tenant_id", "notification_id", "channel", "target"),
        Index(None, "tenant_id", "created_at"),
        Index(None, "tenant_id", "state", "user_id"),
    )

    notification_id: Mapped[int] = mapped_column(ForeignKey("notifications.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    channel: Mapped[str]
    target: Mapped[str]
    state: Mapped[str] = mapped_column(default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(default="")
    reference: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will be tried."""
        return self.state in ENDED


class ShortMessage(OfTenant, Model):
    """An SMS: what it says, to whom, and what became of it. Kept here also when it never leaves the machine."""

    __tablename__ = "text_messages"
    __table_args__ = (Index(None, "tenant_id", "created_at"), Index(None, "tenant_id", "delivery_id"))

    delivery_id: Mapped[int | None]
    to_number: Mapped[str]
    text: Mapped[str]
    state: Mapped[str] = mapped_column(default="queued")
    error: Mapped[str] = mapped_column(default="")
    sid: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
