"""What people are told, each their own copy."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from retail.core.db import Model
from retail.core.tenancy import OfTenant

CATEGORIES = ("stock", "till", "task", "import", "security", "system")
SEVERITIES = ("info", "success", "warning", "danger")
_UNREAD = text("read_at IS NULL AND archived_at IS NULL")


class Notification(OfTenant, Model):
    """Something one person is told. `endpoint` and `arguments` name the page about it.

    What has the same `group_key` is one notification as long as it is unread: the database allows no second.
    `count` is how many things it speaks of, `event_id` the latest event it was told of.
    """

    __tablename__ = "notifications"
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
    group_key: Mapped[str | None]
    count: Mapped[int] = mapped_column(default=1)
    event_id: Mapped[int | None]
    created_at: Mapped[datetime]
    happened_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    archived_at: Mapped[datetime | None]

    @property
    def is_unread(self) -> bool:
        """Whether the bell counts it."""
        return self.read_at is None and self.archived_at is None
