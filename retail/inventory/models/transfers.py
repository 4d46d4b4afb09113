"""Goods on their way from one location to another."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, ForeignKey, Index, UniqueConstraint, type_coerce
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from retail.core.audit import Audited
from retail.core.db import Model
from retail.core.money import ZERO, Amount, Quantity, QuantityType
from retail.core.places import AtPlace
from retail.core.states import Flow
from retail.core.tenancy import OfTenant

TRANSFER = Flow(
    "transfer",
    "requested",
    ("received", "cancelled"),
    {
        "requested": ("shipped", "cancelled"),
        "shipped": ("partly received", "received", "cancelled"),
        "partly received": ("received",),
        "received": (),
        "cancelled": (),
    },
)
"""A transfer is asked for, sent, and received in one or several parts. What was sent and not received can be called
back: then it is cancelled, or received in what had come by then."""


class StockTransfer(OfTenant, AtPlace, Audited, Model):
    """Goods on their way from one location to another, or asked for. Between the two they are in transit: on no level,
    but in the books (account 1210) and in the value of stock."""

    __tablename__ = "stock_transfers"
    at = ("location_id", "to_location_id")
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        UniqueConstraint("tenant_id", "key"),
        Index(None, "tenant_id", "requested_at"),
        Index(None, "tenant_id", "state"),
    )

    number: Mapped[str]
    key: Mapped[str]
    state: Mapped[str] = mapped_column(default="requested")
    location_id: Mapped[int] = mapped_column(ForeignKey("locations.id"))
    to_location_id: Mapped[int] = mapped_column(ForeignKey("locations.id"))
    note: Mapped[str] = mapped_column(default="")
    requested_at: Mapped[datetime]
    requested_by_id: Mapped[int | None]
    shipped_at: Mapped[datetime | None]
    shipped_by_id: Mapped[int | None]
    ended_at: Mapped[datetime | None]


class StockTransferLine(OfTenant, AtPlace, Model):
    """What is asked for of one variant and what became of it. `missing` was written off, `returned` went back to where
    it came from; `value_left` is what the goods still in transit are worth."""

    __tablename__ = "stock_transfer_lines"
    within = "transfer_id"
    __table_args__ = (UniqueConstraint("tenant_id", "transfer_id", "variant_id"),)

    transfer_id: Mapped[int] = mapped_column(ForeignKey("stock_transfers.id"))
    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id"))
    requested: Mapped[Quantity]
    shipped: Mapped[Quantity] = mapped_column(default=ZERO)
    received: Mapped[Quantity] = mapped_column(default=ZERO)
    damaged: Mapped[Quantity] = mapped_column(default=ZERO)
    missing: Mapped[Quantity] = mapped_column(default=ZERO)
    returned: Mapped[Quantity] = mapped_column(default=ZERO)
    value_left: Mapped[Amount] = mapped_column(default=ZERO)

    @hybrid_property
    def in_transit(self) -> Decimal:
        """What left and has neither come nor been given up."""
        return self.shipped - self.received - self.damaged - self.missing - self.returned

    @in_transit.inplace.expression
    @classmethod
    def _in_transit(cls) -> ColumnElement[Decimal]:
        return type_coerce(cls.shipped - cls.received - cls.damaged - cls.missing - cls.returned, QuantityType)
