"""People and companies who buy."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from retail.core.audit import Audited
from retail.core.db import Model
from retail.core.tenancy import OfTenant


class Customer(OfTenant, Audited, Model):
    """Somebody who buys, known by a code of the shop's own."""

    __tablename__ = "customers"
    __table_args__ = (
        UniqueConstraint("tenant_id", "code"),
        Index(None, "tenant_id", "name"),
        Index(None, "tenant_id", "created_at"),
    )

    code: Mapped[str]
    name: Mapped[str]
    email: Mapped[str] = mapped_column(default="")
    phone: Mapped[str] = mapped_column(default="")
    country: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")
    locale: Mapped[str] = mapped_column(default="")
    """The language of what is written to them, receipts above all; empty is the shop's."""
    created_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]
