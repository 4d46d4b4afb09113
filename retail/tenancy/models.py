"""Tenants (businesses) and their locations (shops, warehouses)."""

from __future__ import annotations

from datetime import date, datetime, time

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from retail.core import clock
from retail.core.audit import Audited
from retail.core.db import Model
from retail.core.tenancy import OfTenant


class Tenant(Audited, Model):
    """A business: owner of every business row, with the settings that hold for all of it."""

    __tablename__ = "tenants"
    __table_args__ = (Index(None, "name"),)

    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    currency: Mapped[str]
    timezone: Mapped[str]
    locale: Mapped[str] = mapped_column(default="en_GB")
    day_start_minutes: Mapped[int] = mapped_column(default=0)
    prices_include_tax: Mapped[bool] = mapped_column(default=True)
    address: Mapped[str] = mapped_column(default="")
    tax_id: Mapped[str] = mapped_column(default="")
    email: Mapped[str] = mapped_column(default="")
    phone: Mapped[str] = mapped_column(default="")
    receipt_header: Mapped[str] = mapped_column(default="")
    receipt_footer: Mapped[str] = mapped_column(default="")
    suspended_at: Mapped[datetime | None]
    suspended_reason: Mapped[str] = mapped_column(default="")
    arriving_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    @property
    def audit_tenant_id(self) -> int | None:
        return self.id

    @property
    def day_start(self) -> time:
        """When the business day begins on the wall clock."""
        return time(*divmod(self.day_start_minutes, 60))

    def business_date(self, instant: datetime) -> date:
        return clock.business_date(instant, self.timezone, self.day_start)

    def today(self) -> date:
        """The business date now."""
        return self.business_date(clock.now())


class Location(OfTenant, Audited, Model):
    """A shop or a warehouse: a place that holds stock."""

    __tablename__ = "locations"
    __table_args__ = (UniqueConstraint("tenant_id", "code"),)

    code: Mapped[str]
    name: Mapped[str]
    kind: Mapped[str] = mapped_column(default="shop")
    address: Mapped[str] = mapped_column(default="")
    allows_negative_stock: Mapped[bool] = mapped_column(default=True)
    active: Mapped[bool] = mapped_column(default=True)
