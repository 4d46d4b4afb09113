"""Orders, what came of them, what was billed for them, what went back."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from retail.catalog.models import Variant
from retail.core.audit import Audited
from retail.core.db import Model
from retail.core.money import ZERO, Amount, Quantity, Rate
from retail.core.places import AtPlace
from retail.core.states import Flow
from retail.core.tenancy import OfTenant
from retail.purchasing.replenishment_models import OrderProposal, ReplenishmentRule, ReplenishmentTrial
from retail.purchasing.supplier_models import (
    NOTE_KINDS,
    PriceBreak,
    Supplier,
    SupplierItem,
    SupplierNote,
)
from retail.tenancy.models import Location

__all__ = [
    "BILL_FLOW",
    "NOTE_KINDS",
    "ORDER_FLOW",
    "BilledLine",
    "GoodsReceipt",
    "LandedCost",
    "OrderProposal",
    "PriceBreak",
    "PurchaseLine",
    "PurchaseOrder",
    "PurchaseRevision",
    "ReceivedLine",
    "ReplenishmentRule",
    "ReplenishmentTrial",
    "ReturnedLine",
    "Supplier",
    "SupplierBill",
    "SupplierItem",
    "SupplierNote",
    "SupplierReturn",
]

ORDER_FLOW = Flow(
    "purchase order",
    start="draft",
    ends=("closed", "cancelled"),
    steps={
        "draft": ("to_approve", "approved", "cancelled"),
        "to_approve": ("draft", "approved", "cancelled"),
        "approved": ("to_approve", "sent", "part_received", "received", "cancelled"),
        "sent": ("to_approve", "approved", "part_received", "received", "cancelled"),
        "part_received": ("part_received", "received"),
        "received": ("billed", "closed"),
        "billed": ("closed",),
        "closed": (),
        "cancelled": (),
    },
)
OPEN_STATES = ("approved", "sent", "part_received")
"""Orders of which goods may still come."""
BILL_FLOW = Flow(
    "supplier bill",
    start="held",
    ends=("approved", "withdrawn"),
    steps={
        "held": ("matched", "approved", "withdrawn"),
        "matched": ("held", "approved", "withdrawn"),
        "approved": (),
        "withdrawn": (),
    },
)
SPREADS = ("value", "quantity", "weight")
"""By what a landed cost is spread over the goods of a receipt."""
CHARGE_KINDS = ("freight", "duty", "insurance", "other")
RETURN_REASONS = ("damaged", "wrong goods", "too many", "faulty", "recalled", "other")


class PurchaseOrder(OfTenant, AtPlace, Audited, Model):
    """What the shop asks a supplier for. `net` is the sum of its lines in `currency`; `rate` is what one of that was
    worth in the shop's currency when it was ordered. `key` makes drawing it up twice harmless; `source` is how it came
    to be: hand, copy, proposal, night."""

    __tablename__ = "purchase_orders"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        UniqueConstraint("tenant_id", "key"),
        Index(None, "tenant_id", "created_at"),
        Index(None, "tenant_id", "supplier_id"),
        Index(None, "tenant_id", "state"),
    )

    number: Mapped[str]
    key: Mapped[str]
    state: Mapped[str] = mapped_column(default="draft")
    source: Mapped[str] = mapped_column(default="hand")
    supplier_id: Mapped[int] = mapped_column(ForeignKey("suppliers.id"))
    location_id: Mapped[int] = mapped_column(ForeignKey("locations.id"))
    currency: Mapped[str]
    rate: Mapped[Rate] = mapped_column(default=Decimal(1))
    net: Mapped[Amount] = mapped_column(default=ZERO)
    reference: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")
    revision: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    business_date: Mapped[date]
    expected_on: Mapped[date | None]
    user_id: Mapped[int | None]
    approved_by_id: Mapped[int | None]
    approved_at: Mapped[datetime | None]
    approved_net: Mapped[Amount | None]
    sent_at: Mapped[datetime | None]
    received_on: Mapped[date | None]
    closed_reason: Mapped[str] = mapped_column(default="")

    supplier: Mapped[Supplier] = relationship(lazy="joined", innerjoin=True, viewonly=True)
    location: Mapped[Location] = relationship(lazy="joined", innerjoin=True, viewonly=True)
    lines: Mapped[list[PurchaseLine]] = relationship(
        lazy="selectin", viewonly=True, order_by="(PurchaseLine.position, PurchaseLine.id)"
    )


class PurchaseLine(OfTenant, AtPlace, Model):
    """So many of a variant at a cost in the order's currency. `received` went into stock, `damaged` came and was
    refused, `short` will not come any more, `billed` is on bills that were not withdrawn, `returned` went back; of that
    `returned_unbilled` before it was billed."""

    __tablename__ = "purchase_lines"
    within = "order_id"
    __table_args__ = (UniqueConstraint("tenant_id", "order_id", "variant_id"), Index(None, "tenant_id", "variant_id"))

    order_id: Mapped[int] = mapped_column(ForeignKey("purchase_orders.id"))
    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id"))
    position: Mapped[int] = mapped_column(default=0)
    description: Mapped[str]
    supplier_code: Mapped[str] = mapped_column(default="")
    quantity: Mapped[Quantity]
    unit_cost: Mapped[Amount]
    received: Mapped[Quantity] = mapped_column(default=ZERO)
    damaged: Mapped[Quantity] = mapped_column(default=ZERO)
    short: Mapped[Quantity] = mapped_column(default=ZERO)
    billed: Mapped[Quantity] = mapped_column(default=ZERO)
    returned: Mapped[Quantity] = mapped_column(default=ZERO)
    returned_unbilled: Mapped[Quantity] = mapped_column(default=ZERO)

    variant: Mapped[Variant] = relationship(lazy="joined", innerjoin=True, viewonly=True)

    @property
    def net(self) -> Decimal:
        """What the line comes to, in the order's currency, before it is rounded to what can be paid."""
        return self.quantity * self.unit_cost

    @property
    def to_come(self) -> Decimal:
        """What is still expected."""
        return max(self.quantity - self.received - self.short, ZERO)

    @property
    def to_bill(self) -> Decimal:
        """What came and stayed and is on no bill yet."""
        return self.received - self.returned_unbilled - self.billed


class PurchaseRevision(OfTenant, AtPlace, Model):
    """An order that was amended: what it was before and after, by line, who did it and why. Never changed."""

    __tablename__ = "purchase_revisions"
    within = "order_id"
    __table_args__ = (UniqueConstraint("tenant_id", "order_id", "number"),)

    order_id: Mapped[int] = mapped_column(ForeignKey("purchase_orders.id"))
    number: Mapped[int]
    reason: Mapped[str]
    changes: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    net_before: Mapped[Amount]
    net_after: Mapped[Amount]
    occurred_at: Mapped[datetime]
    user_id: Mapped[int | None]
    user_name: Mapped[str] = mapped_column(default="")


class GoodsReceipt(OfTenant, AtPlace, Model):
    """A delivery taken in against an order. Its goods are on the stock document `document_id` (none when all of them
    were refused); `rate` is what the order's currency was worth that day. Never changed."""

    __tablename__ = "goods_receipts"
    __table_args__ = (
        UniqueConstraint("tenant_id", "key"),
        Index(None, "tenant_id", "order_id"),
        Index(None, "tenant_id", "occurred_at"),
    )

    key: Mapped[str]
    order_id: Mapped[int] = mapped_column(ForeignKey("purchase_orders.id"))
    supplier_id: Mapped[int] = mapped_column(ForeignKey("suppliers.id"))
    location_id: Mapped[int] = mapped_column(ForeignKey("locations.id"))
    document_id: Mapped[int | None] = mapped_column(ForeignKey("stock_documents.id"))
    number: Mapped[str]
    reference: Mapped[str] = mapped_column(default="")
    rate: Mapped[Rate]
    value: Mapped[Amount] = mapped_column(default=ZERO)
    landed: Mapped[Amount] = mapped_column(default=ZERO)
    landed_cleared: Mapped[Amount] = mapped_column(default=ZERO)
    on_time: Mapped[bool]
    business_date: Mapped[date]
    occurred_at: Mapped[datetime]
    user_id: Mapped[int | None]


class ReceivedLine(OfTenant, AtPlace, Model):
    """What came of one line of an order. `unit_cost` is in the order's currency; `value` is what the goods are worth in
    the shop's, without `landed`, their share of landed costs; both stand in the stock. `settled` of the pieces were
    billed (on approved bills) or sent back before, and took `cleared` of the value out of the clearing account, where
    the rest waits. `days` passed since it was ordered."""

    __tablename__ = "received_lines"
    within = "receipt_id"
    __table_args__ = (
        Index(None, "tenant_id", "receipt_id"),
        Index(None, "tenant_id", "order_line_id"),
        Index(None, "tenant_id", "business_date"),
    )

    receipt_id: Mapped[int] = mapped_column(ForeignKey("goods_receipts.id"))
    order_line_id: Mapped[int] = mapped_column(ForeignKey("purchase_lines.id"))
    supplier_id: Mapped[int] = mapped_column(ForeignKey("suppliers.id"))
    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id"))
    quantity: Mapped[Quantity]
    damaged: Mapped[Quantity] = mapped_column(default=ZERO)
    note: Mapped[str] = mapped_column(default="")
    unit_cost: Mapped[Amount]
    value: Mapped[Amount]
    landed: Mapped[Amount] = mapped_column(default=ZERO)
    settled: Mapped[Quantity] = mapped_column(default=ZERO)
    cleared: Mapped[Amount] = mapped_column(default=ZERO)
    returned: Mapped[Quantity] = mapped_column(default=ZERO)
    days: Mapped[int]
    business_date: Mapped[date]


class LandedCost(OfTenant, AtPlace, Model):
    """What bringing goods in cost besides the goods, in the shop's currency, and by what it was spread over them."""

    __tablename__ = "landed_costs"
    within = "receipt_id"
    __table_args__ = (Index(None, "tenant_id", "receipt_id"),)

    receipt_id: Mapped[int] = mapped_column(ForeignKey("goods_receipts.id"))
    kind: Mapped[str]
    amount: Mapped[Amount]
    spread: Mapped[str]


class SupplierBill(OfTenant, AtPlace, Audited, Model):
    """What a supplier asks to be paid for an order, as their paper says it, in `currency`; `rate` turns that into the
    shop's. `reference` is their number, `net` what the lines and charges come to. It is posted when it is approved, and
    only then may be paid; `accepted` is why differences were approved."""

    __tablename__ = "supplier_bills"
    within = "order_id"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        UniqueConstraint("tenant_id", "key"),
        Index(None, "tenant_id", "supplier_id", "reference"),
        Index(None, "tenant_id", "order_id"),
        Index(None, "tenant_id", "entered_at"),
    )

    number: Mapped[str]
    key: Mapped[str]
    state: Mapped[str] = mapped_column(default="held")
    supplier_id: Mapped[int] = mapped_column(ForeignKey("suppliers.id"))
    order_id: Mapped[int] = mapped_column(ForeignKey("purchase_orders.id"))
    reference: Mapped[str]
    currency: Mapped[str]
    rate: Mapped[Rate]
    net: Mapped[Amount]
    charges: Mapped[Amount] = mapped_column(default=ZERO)
    tax: Mapped[Amount] = mapped_column(default=ZERO)
    total: Mapped[Amount]
    billed_on: Mapped[date]
    due_on: Mapped[date]
    discount_until: Mapped[date | None]
    entered_at: Mapped[datetime]
    business_date: Mapped[date]
    accepted: Mapped[str] = mapped_column(default="")
    approved_at: Mapped[datetime | None]
    approved_by_id: Mapped[int | None]
    user_id: Mapped[int | None]

    supplier: Mapped[Supplier] = relationship(lazy="joined", innerjoin=True, viewonly=True)
    order: Mapped[PurchaseOrder] = relationship(lazy="select", viewonly=True)


class BilledLine(OfTenant, AtPlace, Model):
    """One line of a bill: so many of an order's line at a cost, in the bill's currency."""

    __tablename__ = "billed_lines"
    within = "bill_id"
    __table_args__ = (Index(None, "tenant_id", "bill_id"), Index(None, "tenant_id", "order_line_id"))

    bill_id: Mapped[int] = mapped_column(ForeignKey("supplier_bills.id"))
    order_line_id: Mapped[int] = mapped_column(ForeignKey("purchase_lines.id"))
    quantity: Mapped[Quantity]
    unit_cost: Mapped[Amount]
    net: Mapped[Amount]
    cleared: Mapped[Amount] = mapped_column(default=ZERO)


class SupplierReturn(OfTenant, AtPlace, Model):
    """Goods that went back, at the cost they came in at; its number is that of the debit note. `net` is what the
    supplier owes for them in `currency`, `value` the same in the shop's. Never changed."""

    __tablename__ = "supplier_returns"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        UniqueConstraint("tenant_id", "key"),
        Index(None, "tenant_id", "order_id"),
        Index(None, "tenant_id", "occurred_at"),
    )

    number: Mapped[str]
    key: Mapped[str]
    supplier_id: Mapped[int] = mapped_column(ForeignKey("suppliers.id"))
    order_id: Mapped[int] = mapped_column(ForeignKey("purchase_orders.id"))
    location_id: Mapped[int] = mapped_column(ForeignKey("locations.id"))
    reason: Mapped[str]
    note: Mapped[str] = mapped_column(default="")
    currency: Mapped[str]
    net: Mapped[Amount] = mapped_column(default=ZERO)
    value: Mapped[Amount] = mapped_column(default=ZERO)
    business_date: Mapped[date]
    occurred_at: Mapped[datetime]
    user_id: Mapped[int | None]


class ReturnedLine(OfTenant, AtPlace, Model):
    """So many of a line received that went back: `value` is what they came in for, of which `cleared` was on no bill
    yet; the rest the supplier owes."""

    __tablename__ = "returned_lines"
    within = "return_id"
    __table_args__ = (Index(None, "tenant_id", "return_id"), Index(None, "tenant_id", "business_date"))

    return_id: Mapped[int] = mapped_column(ForeignKey("supplier_returns.id"))
    received_line_id: Mapped[int] = mapped_column(ForeignKey("received_lines.id"))
    supplier_id: Mapped[int] = mapped_column(ForeignKey("suppliers.id"))
    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id"))
    quantity: Mapped[Quantity]
    unit_cost: Mapped[Amount]
    value: Mapped[Amount]
    cleared: Mapped[Amount] = mapped_column(default=ZERO)
    business_date: Mapped[date]
