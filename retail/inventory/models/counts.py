"""Counts of what really stands on the shelf, while the shop goes on selling."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from retail.core.audit import Audited
from retail.core.db import Model
from retail.core.money import Amount, Quantity
from retail.core.places import AtPlace
from retail.core.states import Flow
from retail.core.tenancy import OfTenant

COUNT_KINDS = ("full", "category", "cyclic")
"""What a count covers: everything that lies at a location, a branch of the categories, or what is due by its class."""
COUNT = Flow(
    "count",
    "open",
    ("posted", "cancelled"),
    {"open": ("review", "cancelled"), "review": ("open", "posted", "cancelled"), "posted": (), "cancelled": ()},
)
"""A count is open while people count, reviewed by whoever may book it, and frozen once it is posted."""


class StockCount(OfTenant, AtPlace, Audited, Model):
    """One count of a location. In a `blind` one nobody who counts sees how many there should be."""

    __tablename__ = "stock_counts"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        UniqueConstraint("tenant_id", "key"),
        Index(None, "tenant_id", "started_at"),
    )

    number: Mapped[str]
    key: Mapped[str]
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(default="open")
    location_id: Mapped[int] = mapped_column(ForeignKey("locations.id"))
    category_id: Mapped[int | None] = mapped_column(ForeignKey("categories.id"))
    blind: Mapped[bool] = mapped_column(default=True)
    note: Mapped[str] = mapped_column(default="")
    started_at: Mapped[datetime]
    started_by_id: Mapped[int | None]
    closed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_by_id: Mapped[int | None]
    document_id: Mapped[int | None] = mapped_column(ForeignKey("stock_documents.id"))


class StockCountLine(OfTenant, AtPlace, Model):
    """What was counted of one variant: the sum of its entries, at the instant of the last of them. None: not counted.

    `expected`, `variance` and `value` are frozen when the count is posted; before that they are reckoned from the
    ledger as of `counted_at`.
    """

    __tablename__ = "stock_count_lines"
    within = "count_id"
    __table_args__ = (UniqueConstraint("tenant_id", "count_id", "variant_id"),)

    count_id: Mapped[int] = mapped_column(ForeignKey("stock_counts.id"))
    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id"))
    counted: Mapped[Quantity | None]
    first_at: Mapped[datetime | None]
    counted_at: Mapped[datetime | None]
    recount: Mapped[bool] = mapped_column(default=False)
    expected: Mapped[Quantity | None]
    variance: Mapped[Quantity | None]
    value: Mapped[Amount | None]


class StockCountEntry(OfTenant, AtPlace, Model):
    """One scan or one typed figure: so many more of a variant at an instant. `key` comes from the device, so that what
    was sent twice counts once. `void` when a recount was asked for."""

    __tablename__ = "stock_count_entries"
    within = "count_id"
    __table_args__ = (
        UniqueConstraint("tenant_id", "key"),
        Index(None, "tenant_id", "count_id", "variant_id"),
    )

    count_id: Mapped[int] = mapped_column(ForeignKey("stock_counts.id"))
    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id"))
    key: Mapped[str]
    quantity: Mapped[Quantity]
    counted_at: Mapped[datetime]
    received_at: Mapped[datetime]
    user_id: Mapped[int | None]
    void: Mapped[bool] = mapped_column(default=False)
