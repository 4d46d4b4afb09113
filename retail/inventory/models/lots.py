"""Goods told apart from others of their article: batches with an expiry, and single pieces by their serial number."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from retail.core.audit import Audited
from retail.core.db import Model
from retail.core.money import ZERO, Quantity
from retail.core.places import AtPlace
from retail.core.tenancy import OfTenant

TRACKING = ("none", "lot", "serial")
"""How the goods of a product are told apart: not at all, by the lot they came in, or each piece by its number."""


class StockLot(OfTenant, Audited, Model):
    """A lot of a variant, or one piece of it (`kind` serial). Its levels say where it lies, its moves what became of
    it.

    `warned_on` is when somebody was told that it expires; `warranty_until` counts from the sale of a piece.
    """

    __tablename__ = "stock_lots"
    __table_args__ = (
        UniqueConstraint("tenant_id", "variant_id", "number"),
        Index(None, "tenant_id", "number"),
        Index(None, "tenant_id", "expires_on"),
        Index(None, "tenant_id", "received_at"),
    )

    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id"))
    kind: Mapped[str]
    number: Mapped[str]
    expires_on: Mapped[date | None]
    received_at: Mapped[datetime]
    warned_on: Mapped[date | None]
    warranty_until: Mapped[date | None]


class StockLotLevel(OfTenant, AtPlace, Model):
    """How much of a lot lies at a location: the sum of its moves there, never below nothing. Of a piece, one at most,
    and at one location only. What a level holds beyond its lots came before its goods were told apart."""

    __tablename__ = "stock_lot_levels"
    __table_args__ = (
        UniqueConstraint("tenant_id", "lot_id", "location_id"),
        Index(None, "tenant_id", "variant_id", "location_id"),
    )

    lot_id: Mapped[int] = mapped_column(ForeignKey("stock_lots.id"))
    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id"))
    location_id: Mapped[int] = mapped_column(ForeignKey("locations.id"))
    on_hand: Mapped[Quantity] = mapped_column(default=ZERO)
