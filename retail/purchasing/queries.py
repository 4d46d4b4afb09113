"""Reads of buying: what its pages show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import case, func, select

from retail.catalog.models import Variant
from retail.core import search
from retail.core.db import session
from retail.core.errors import NotFound
from retail.core.money import ZERO, AmountType, QuantityType
from retail.identity.models import User
from retail.purchasing.models import (
    OPEN_STATES,
    BilledLine,
    GoodsReceipt,
    LandedCost,
    PriceBreak,
    PurchaseLine,
    PurchaseOrder,
    PurchaseRevision,
    ReceivedLine,
    ReturnedLine,
    Supplier,
    SupplierBill,
    SupplierItem,
    SupplierNote,
    SupplierReturn,
)
from retail.purchasing.replenish_queries import (
    candidates,
    latest_trial,
    lead_times,
    proposal_numbered,
    proposals_by_supplier,
    rule_of,
    terms_of,
    waiting_proposals,
)

__all__ = [
    "candidates",
    "latest_trial",
    "lead_times",
    "proposal_numbered",
    "proposals_by_supplier",
    "rule_of",
    "terms_of",
    "waiting_proposals",
]


def supplier_numbered(supplier_id: int) -> Supplier:
    """A supplier; NotFound when there is none."""
    row = session.scalar(select(Supplier).where(Supplier.id == supplier_id))
    if row is None:
        raise NotFound(_("There is no such supplier."))
    return row


def suppliers() -> Sequence[Supplier]:
    """Those that can be ordered from, by name."""
    return session.scalars(select(Supplier).where(Supplier.archived_at.is_(None)).order_by(Supplier.name)).all()


def find_suppliers(q: str, limit: int = 6) -> list[Supplier]:
    """Suppliers a text may mean by name, code, contact, mail address or telephone number, the likeliest first."""
    ids = [hit.subject_id for hit in search.find("suppliers", q, limit)]
    found = {one.id: one for one in session.scalars(select(Supplier).where(Supplier.id.in_(ids)))} if ids else {}
    return [found[one] for one in ids if one in found]


def find_orders(q: str, limit: int = 6) -> Sequence[PurchaseOrder]:
    """Orders with this number, with or without its letters."""
    number = q.strip().upper()
    wanted = [number, f"PO-{number}"]
    statement = select(PurchaseOrder).where(PurchaseOrder.number.in_(wanted))
    return session.scalars(statement.order_by(PurchaseOrder.id.desc()).limit(limit)).all()


@dataclass(frozen=True)
class ItemShown:
    """What a supplier says of a variant, with its price breaks."""

    id: int
    variant_id: int
    product_id: int
    name: str
    sku: str
    code: str
    cost: Decimal
    pack_size: Decimal
    minimum: Decimal
    weight: Decimal | None
    preferred: bool
    breaks: list[tuple[Decimal, Decimal]]


def items_of_supplier(supplier_id: int, limit: int = 500) -> list[ItemShown]:
    """What a supplier sells, by name."""
    rows = session.execute(
        select(SupplierItem, Variant.name, Variant.sku, Variant.product_id)
        .join(Variant, Variant.id == SupplierItem.variant_id)
        .where(SupplierItem.supplier_id == supplier_id)
        .order_by(Variant.name, SupplierItem.id)
        .limit(limit)
    ).all()
    breaks: dict[int, list[tuple[Decimal, Decimal]]] = {}
    ladder = (
        select(PriceBreak)
        .join(SupplierItem, SupplierItem.id == PriceBreak.item_id)
        .where(SupplierItem.supplier_id == supplier_id)
        .order_by(PriceBreak.from_quantity)
    )
    for one in session.scalars(ladder):
        breaks.setdefault(one.item_id, []).append((one.from_quantity, one.cost))
    return [
        ItemShown(
            row[0].id,
            row[0].variant_id,
            row.product_id,
            row.name,
            row.sku,
            row[0].code,
            row[0].cost,
            row[0].pack_size,
            row[0].minimum,
            row[0].weight,
            row[0].preferred,
            breaks.get(row[0].id, []),
        )
        for row in rows
    ]


def notes_of(supplier_id: int, limit: int = 30) -> Sequence[SupplierNote]:
    """The log of a supplier, newest first."""
    statement = select(SupplierNote).where(SupplierNote.supplier_id == supplier_id)
    return session.scalars(statement.order_by(SupplierNote.id.desc()).limit(limit)).all()


def order_numbered(order_id: int) -> PurchaseOrder:
    """An order with its lines; NotFound when there is none."""
    order = session.scalar(select(PurchaseOrder).where(PurchaseOrder.id == order_id))
    if order is None:
        raise NotFound(_("There is no such purchase order."))
    return order


def orders_of(supplier_id: int, limit: int = 8) -> Sequence[PurchaseOrder]:
    """The latest orders of a supplier."""
    statement = select(PurchaseOrder).where(PurchaseOrder.supplier_id == supplier_id)
    return session.scalars(statement.order_by(PurchaseOrder.id.desc()).limit(limit)).all()


def revisions_of(order_id: int) -> Sequence[PurchaseRevision]:
    """How an order was amended, the latest first."""
    statement = select(PurchaseRevision).where(PurchaseRevision.order_id == order_id)
    return session.scalars(statement.order_by(PurchaseRevision.number.desc())).all()


@dataclass(frozen=True)
class ReceiptShown:
    """A receipt with its lines (line received, what it is) and its landed costs."""

    receipt: GoodsReceipt
    who: str
    lines: list[tuple[ReceivedLine, str]]
    landed: list[LandedCost]


def receipts_of(order_id: int) -> list[ReceiptShown]:
    """What came of an order, the first delivery first."""
    rows = session.execute(
        select(GoodsReceipt, func.coalesce(User.name, ""))
        .outerjoin(User, User.id == GoodsReceipt.user_id)
        .where(GoodsReceipt.order_id == order_id)
        .order_by(GoodsReceipt.id)
    ).all()
    ids = [row[0].id for row in rows]
    lines: dict[int, list[tuple[ReceivedLine, str]]] = {one: [] for one in ids}
    found = session.execute(
        select(ReceivedLine, PurchaseLine.description)
        .join(PurchaseLine, PurchaseLine.id == ReceivedLine.order_line_id)
        .where(ReceivedLine.receipt_id.in_(ids))
        .order_by(ReceivedLine.id)
    )
    for one, name in found:
        lines[one.receipt_id].append((one, name))
    landed: dict[int, list[LandedCost]] = {one: [] for one in ids}
    for charge in session.scalars(select(LandedCost).where(LandedCost.receipt_id.in_(ids)).order_by(LandedCost.id)):
        landed[charge.receipt_id].append(charge)
    return [ReceiptShown(row[0], row[1], lines[row[0].id], landed[row[0].id]) for row in rows]


def bills_of(order_id: int) -> Sequence[SupplierBill]:
    """The bills of an order, the first one first."""
    return session.scalars(
        select(SupplierBill).where(SupplierBill.order_id == order_id).order_by(SupplierBill.id)
    ).all()


def returns_of(order_id: int) -> Sequence[SupplierReturn]:
    """What went back of an order."""
    statement = select(SupplierReturn).where(SupplierReturn.order_id == order_id).order_by(SupplierReturn.id)
    return session.scalars(statement).all()


def return_numbered(return_id: int) -> tuple[SupplierReturn, list[tuple[ReturnedLine, str]]]:
    """A return with its lines and what they are; NotFound when there is none."""
    back = session.scalar(select(SupplierReturn).where(SupplierReturn.id == return_id))
    if back is None:
        raise NotFound(_("There is no such return."))
    rows = session.execute(
        select(ReturnedLine, Variant.name)
        .join(Variant, Variant.id == ReturnedLine.variant_id)
        .where(ReturnedLine.return_id == return_id)
        .order_by(ReturnedLine.id)
    )
    return back, [(row[0], row[1]) for row in rows]


@dataclass(frozen=True)
class Incoming:
    """What is on its way of a variant: how many, on which order, expected when."""

    order_id: int
    number: str
    supplier: str
    quantity: Decimal
    expected_on: date | None


def on_its_way(variant_id: int) -> list[Incoming]:
    """The orders that a variant is expected from, the earliest first."""
    rows = session.execute(
        select(PurchaseOrder.id, PurchaseOrder.number, Supplier.name, PurchaseLine, PurchaseOrder.expected_on)
        .join(PurchaseLine, PurchaseLine.order_id == PurchaseOrder.id)
        .join(Supplier, Supplier.id == PurchaseOrder.supplier_id)
        .where(PurchaseLine.variant_id == variant_id, PurchaseOrder.state.in_(OPEN_STATES))
        .order_by(PurchaseOrder.expected_on, PurchaseOrder.id)
    )
    return [Incoming(row[0], row[1], row[2], row[3].to_come, row[4]) for row in rows if row[3].to_come]


@dataclass(frozen=True)
class Score:
    """How a supplier does: deliveries, the share of them on time, the share of what was ordered that came of orders
    that are through, by how much bills were above the cost agreed, the share that came damaged or went back, and how
    long deliveries take."""

    deliveries: int
    on_time: Decimal | None
    in_full: Decimal | None
    price_variance: Decimal | None
    faulty: Decimal | None
    lead_days: float
    lead_spread: float
    measured: int
    spend: Decimal

    @property
    def rating(self) -> int | None:
        """From one to five out of the four shares; None before the first delivery. Half of the deliveries late, half of
        the goods missing, a tenth dearer or a tenth faulty is as bad as can be."""
        if not self.deliveries:
            return None
        parts = [
            max(2 * (self.on_time if self.on_time is not None else Decimal(1)) - 1, ZERO),
            max(2 * (self.in_full if self.in_full is not None else Decimal(1)) - 1, ZERO),
            max(1 - 10 * max(self.price_variance or ZERO, ZERO), ZERO),
            max(1 - 10 * (self.faulty or ZERO), ZERO),
        ]
        return 1 + int(4 * sum(parts, ZERO) / len(parts) + Decimal("0.5"))


def score_of(supplier_id: int) -> Score:
    """The score card of a supplier, from all that ever came."""
    deliveries, punctual = session.execute(
        select(func.count(), func.coalesce(func.sum(case((GoodsReceipt.on_time, 1), else_=0)), 0)).where(
            GoodsReceipt.supplier_id == supplier_id
        )
    ).one()
    came: Any = session.execute(
        select(
            func.coalesce(func.sum(ReceivedLine.quantity, type_=QuantityType), ZERO),
            func.coalesce(func.sum(ReceivedLine.damaged, type_=QuantityType), ZERO),
            func.coalesce(func.sum(ReceivedLine.returned, type_=QuantityType), ZERO),
            func.coalesce(func.sum(ReceivedLine.value, type_=AmountType), ZERO),
        ).where(ReceivedLine.supplier_id == supplier_id)
    ).one()
    ordered, received = session.execute(
        select(
            func.coalesce(func.sum(PurchaseLine.quantity, type_=QuantityType), ZERO),
            func.coalesce(func.sum(PurchaseLine.received, type_=QuantityType), ZERO),
        )
        .join(PurchaseOrder, PurchaseOrder.id == PurchaseLine.order_id)
        .where(PurchaseOrder.supplier_id == supplier_id, PurchaseOrder.state.in_(("received", "billed", "closed")))
    ).one()
    lead = lead_times()[supplier_id]
    pieces = came[0] + came[1]
    return Score(
        deliveries=deliveries,
        on_time=Decimal(punctual) / deliveries if deliveries else None,
        in_full=min(received / ordered, Decimal(1)) if ordered else None,
        price_variance=_price_variance(supplier_id),
        faulty=(came[1] + came[2]) / pieces if pieces else None,
        lead_days=lead.days,
        lead_spread=lead.spread,
        measured=lead.measured,
        spend=came[3],
    )


def _price_variance(supplier_id: int) -> Decimal | None:
    agreed, billed = ZERO, ZERO
    rows = session.execute(
        select(BilledLine.quantity, PurchaseLine.unit_cost.label("agreed"), BilledLine.unit_cost.label("asked"))
        .join(SupplierBill, SupplierBill.id == BilledLine.bill_id)
        .join(PurchaseLine, PurchaseLine.id == BilledLine.order_line_id)
        .where(SupplierBill.state == "approved", SupplierBill.supplier_id == supplier_id)
    )
    for row in rows:
        agreed += row.quantity * row.agreed
        billed += row.quantity * row.asked
    return billed / agreed - 1 if agreed else None
