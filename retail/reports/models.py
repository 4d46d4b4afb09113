"""Rollups: sums of the ledger by hour and by day and product, so that a dashboard reads dozens of rows, not thousands.

They are caches. Every row can be made again from orders and their lines, and the integrity check compares the two.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from retail.core.db import Model
from retail.core.money import Amount, Quantity
from retail.core.places import AtPlace
from retail.core.tenancy import OfTenant


class SalesHour(OfTenant, AtPlace, Model):
    """What one hour of one business day came to at a location by a channel; returns and voids count below zero.

    `documents` counts all posted documents, `sales` only the sales among them.
    """

    __tablename__ = "sales_hours"
    __table_args__ = (UniqueConstraint("tenant_id", "business_date", "location_id", "hour", "channel"),)

    business_date: Mapped[date]
    hour: Mapped[int]
    location_id: Mapped[int] = mapped_column(ForeignKey("locations.id"))
    channel: Mapped[str]
    documents: Mapped[int]
    sales: Mapped[int]
    lines: Mapped[int]
    units: Mapped[Quantity]
    net: Mapped[Amount]
    tax: Mapped[Amount]
    gross: Mapped[Amount]
    discount: Mapped[Amount]
    cost: Mapped[Amount]


class SalesDayProduct(OfTenant, AtPlace, Model):
    """What one variant came to on one business day at a location."""

    __tablename__ = "sales_day_products"
    __table_args__ = (
        UniqueConstraint("tenant_id", "business_date", "location_id", "variant_id"),
        Index(None, "tenant_id", "variant_id", "business_date"),
    )

    business_date: Mapped[date]
    location_id: Mapped[int] = mapped_column(ForeignKey("locations.id"))
    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id"))
    lines: Mapped[int]
    units: Mapped[Quantity]
    net: Mapped[Amount]
    gross: Mapped[Amount]
    cost: Mapped[Amount]
