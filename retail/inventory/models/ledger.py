"""The stock ledger: append-only moves, levels kept as their running totals in the same transaction, holds on what lies
there, and the papers of those changes that are made here: receipts, adjustments, transfers."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Index, UniqueConstraint, type_coerce
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from retail.core.db import Model
from retail.core.money import ZERO, Amount, Quantity, QuantityType
from retail.core.places import AtPlace
from retail.core.states import Flow
from retail.core.tenancy import OfTenant

COUNTERPARTS = ("supplier", "customer", "adjustment", "scrap", "transit", "opening")
"""The places outside a location that goods come from and go to."""
DOCUMENT_KINDS = ("receipt", "adjustment", "transfer", "dispatch", "arrival", "count")
"""What a stock document may be; also `StockMove.source` of its moves and the name of its series of numbers."""


class StockDocument(OfTenant, AtPlace, Model):
    """The paper of a change to stock: goods received, a level corrected, goods carried to another location at once,
    sent on their way (dispatch) or arrived (`transfer_id` says with which transfer).

    `key` is drawn up with the form that asks for the change, so that a form sent twice changes stock once. `quantity`
    and `value` are the sums over the document's moves into its location (for a transfer: out of it, above zero).
    """

    __tablename__ = "stock_documents"
    at = ("location_id", "to_location_id")
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
    transfer_id: Mapped[int | None] = mapped_column(ForeignKey("stock_transfers.id"))
    reference: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
    lines: Mapped[int] = mapped_column(default=0)
    quantity: Mapped[Quantity] = mapped_column(default=ZERO)
    value: Mapped[Amount] = mapped_column(default=ZERO)
    business_date: Mapped[date]
    occurred_at: Mapped[datetime]
    user_id: Mapped[int | None]


class StockMove(OfTenant, AtPlace, Model):
    """A quantity of a variant into (above zero) or out of (below zero) a location; never changed, never deleted.

    `value` is what the move adds to the worth of the stock, in the same sign as `quantity`; a move of no quantity only
    corrects the worth. `lot_id` is the lot or piece it is of, where goods are told apart. `source` and `source_id` name
    the document: an order, a stock document, an import.
    """

    __tablename__ = "stock_moves"
    __table_args__ = (
        Index(None, "tenant_id", "variant_id", "location_id"),
        Index(None, "tenant_id", "source", "source_id"),
        Index(None, "tenant_id", "business_date"),
        Index(None, "tenant_id", "occurred_at"),
        Index(None, "tenant_id", "lot_id"),
    )

    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id"))
    location_id: Mapped[int] = mapped_column(ForeignKey("locations.id"))
    lot_id: Mapped[int | None] = mapped_column(ForeignKey("stock_lots.id"))
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


HOLD_KINDS = ("reserved", "committed", "damaged", "quality_control")
"""Why what is on hand is not for sale: kept for a while, promised to an order, broken, or to be looked at. Each is a
column of `StockLevel` and a kind of `StockHold`."""


def sellable_of(level: Any) -> Any:
    """What may be sold of a level over the counter: what is on hand less what is held. For a level as a row, as columns
    and as plain values: there is one definition."""
    return level.on_hand - level.reserved - level.committed - level.damaged - level.quality_control


class StockLevel(OfTenant, AtPlace, Model):
    """How much of a variant a location holds and what it is worth: the sums of its moves, and of its holds by kind,
    kept for speed.

    `on_order` and `in_transit` are on their way here, from suppliers and from other locations. `safety_stock` is kept
    back from what may be promised; over the counter it is sold.
    """

    __tablename__ = "stock_levels"
    __table_args__ = (
        UniqueConstraint("tenant_id", "variant_id", "location_id"),
        Index(None, "tenant_id", "location_id"),
    )

    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id"))
    location_id: Mapped[int] = mapped_column(ForeignKey("locations.id"))
    on_hand: Mapped[Quantity] = mapped_column(default=ZERO)
    value: Mapped[Amount] = mapped_column(default=ZERO)
    reserved: Mapped[Quantity] = mapped_column(default=ZERO)
    committed: Mapped[Quantity] = mapped_column(default=ZERO)
    damaged: Mapped[Quantity] = mapped_column(default=ZERO)
    quality_control: Mapped[Quantity] = mapped_column(default=ZERO)
    on_order: Mapped[Quantity] = mapped_column(default=ZERO)
    in_transit: Mapped[Quantity] = mapped_column(default=ZERO)
    safety_stock: Mapped[Quantity] = mapped_column(default=ZERO)
    reorder_point: Mapped[Quantity | None]
    counted_at: Mapped[datetime | None]

    @hybrid_property
    def sellable(self) -> Decimal:
        """What may be sold over the counter: on hand less every hold. May be below zero."""
        found: Decimal = sellable_of(self)
        return found

    @sellable.inplace.expression
    @classmethod
    def _sellable(cls) -> ColumnElement[Decimal]:
        return type_coerce(sellable_of(cls), QuantityType)

    @hybrid_property
    def available(self) -> Decimal:
        """What may be promised: what is sellable less the safety stock."""
        return self.sellable - self.safety_stock

    @available.inplace.expression
    @classmethod
    def _available(cls) -> ColumnElement[Decimal]:
        return type_coerce(sellable_of(cls) - cls.safety_stock, QuantityType)

    @hybrid_property
    def incoming(self) -> Decimal:
        """What is on its way here, ordered or sent."""
        return self.on_order + self.in_transit

    @incoming.inplace.expression
    @classmethod
    def _incoming(cls) -> ColumnElement[Decimal]:
        return type_coerce(cls.on_order + cls.in_transit, QuantityType)

    @hybrid_property
    def is_low(self) -> bool:
        """At or below the point at which to order again."""
        return self.reorder_point is not None and self.sellable <= self.reorder_point

    @is_low.inplace.expression
    @classmethod
    def _is_low(cls) -> ColumnElement[bool]:
        return type_coerce(sellable_of(cls), QuantityType) <= cls.reorder_point


HOLD = Flow(
    "hold",
    "active",
    ("fulfilled", "released", "expired"),
    {"active": ("fulfilled", "released", "expired"), "fulfilled": (), "released": (), "expired": ()},
)
"""A hold stands until its goods left, somebody let go of it, or its time was over."""


class StockHold(OfTenant, AtPlace, Model):
    """A quantity at a location that is not for sale to others: a reservation of a cart or an order, goods set aside.

    `owner` and `owner_id` name what it is held for, e.g. order 17. `quantity` is what was asked for, `left` what is
    still held; while it is active it counts in the level's column of its kind.
    """

    __tablename__ = "stock_holds"
    __table_args__ = (
        Index(None, "tenant_id", "variant_id", "location_id"),
        Index(None, "tenant_id", "owner", "owner_id"),
        Index(None, "tenant_id", "state", "expires_at"),
        Index(None, "tenant_id", "created_at"),
    )

    kind: Mapped[str]
    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id"))
    location_id: Mapped[int] = mapped_column(ForeignKey("locations.id"))
    owner: Mapped[str]
    owner_id: Mapped[int | None]
    quantity: Mapped[Quantity]
    left: Mapped[Quantity]
    state: Mapped[str] = mapped_column(default="active")
    note: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    user_id: Mapped[int | None]


class StockExpectation(OfTenant, AtPlace, Model):
    """Goods that a supplier will bring to a location, as the document that ordered them says: `source` and
    `source_id`. What is expected of a level counts in its `on_order`."""

    __tablename__ = "stock_expectations"
    __table_args__ = (UniqueConstraint("tenant_id", "source", "source_id", "variant_id", "location_id"),)

    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id"))
    location_id: Mapped[int] = mapped_column(ForeignKey("locations.id"))
    source: Mapped[str]
    source_id: Mapped[int]
    quantity: Mapped[Quantity]
    due_on: Mapped[date | None]
