"""The stock ledger: append-only moves, levels kept as their running totals in the same transaction, and the papers of
those changes that are made here: receipts, adjustments, transfers."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from retail.core.db import Model
from retail.core.money import ZERO, Amount, Quantity
from retail.core.tenancy import OfTenant

COUNTERPARTS = ("supplier", "customer", "adjustment", "scrap", "transit", "opening")
"""The places outside a location that goods come from and go to."""
DOCUMENT_KINDS = ("receipt", "adjustment", "transfer")
"""What a stock document may be; also `StockMove.source` of its moves and the name of its series of numbers."""


class StockDocument(OfTenant, Model):
    """The paper of a change to stock: goods received, a level corrected, goods sent to another location.

    `key` is drawn up with the form that asks for the change, so that a form sent twice changes stock once. `quantity`
    and `value` are the sums over the document's moves into its location (for a transfer: out of it, above zero).
    """

    __tablename__ = "stock_documents"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        UniqueConstraint("tenant_id", "key"),
        Index(None, "tenant_id", "occurred_at"),
    )

    kind: Mapped[str]
    number: Mapped[str]
    key: Mapped[str]
    location_id: Mapped[int] = mapped_column(ForeignKey("locations.id"))
    to_location_id: Mapped[int | None] = mapped_column(ForeignKey("locations.id"))
    reference: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
    lines: Mapped[int] = mapped_column(default=0)
    quantity: Mapped[Quantity] = mapped_column(default=ZERO)
    value: Mapped[Amount] = mapped_column(default=ZERO)
    business_date: Mapped[date]
    occurred_at: Mapped[datetime]
    user_id: Mapped[int | None]


class StockMove(OfTenant, Model):
    """A quantity of a variant into (above zero) or out of (below zero) a location; never changed, never deleted.

    `value` is what the move adds to the worth of the stock, in the same sign as `quantity`; a move of no quantity only
    corrects the worth. `source` and `source_id` name the document: an order, a stock document, an import.
    """

    __tablename__ = "stock_moves"
    __table_args__ = (
        Index(None, "tenant_id", "variant_id", "location_id"),
        Index(None, "tenant_id", "source", "source_id"),
        Index(None, "tenant_id", "business_date"),
        Index(None, "tenant_id", "occurred_at"),
    )

    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id"))
    location_id: Mapped[int] = mapped_column(ForeignKey("locations.id"))
    counterpart: Mapped[str]
    quantity: Mapped[Quantity]
    value: Mapped[Amount]
    reason: Mapped[str]
    source: Mapped[str]
    source_id: Mapped[int | None]
    note: Mapped[str] = mapped_column(default="")
    business_date: Mapped[date]
    occurred_at: Mapped[datetime]
    user_id: Mapped[int | None]


class StockLevel(OfTenant, Model):
    """How much of a variant a location holds and what it is worth: the sums of its moves, kept for speed."""

    __tablename__ = "stock_levels"
    __table_args__ = (
        UniqueConstraint("tenant_id", "variant_id", "location_id"),
        Index(None, "tenant_id", "location_id"),
    )

    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id"))
    location_id: Mapped[int] = mapped_column(ForeignKey("locations.id"))
    on_hand: Mapped[Quantity] = mapped_column(default=ZERO)
    value: Mapped[Amount] = mapped_column(default=ZERO)
    reorder_point: Mapped[Quantity | None]

    @property
    def is_low(self) -> bool:
        """At or below the point at which to order again."""
        return self.reorder_point is not None and self.on_hand <= self.reorder_point
