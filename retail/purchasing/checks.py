"""What must be true of buying."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from flask_babel import gettext as _
from sqlalchemy import and_, case, func, or_, select

from retail.core.checks import Fault, check, faults_in
from retail.core.db import session
from retail.core.money import ZERO, AmountType, QuantityType
from retail.finance.models import Account, JournalEntry, JournalLine
from retail.purchasing.models import (
    BilledLine,
    GoodsReceipt,
    PurchaseLine,
    PurchaseOrder,
    ReceivedLine,
    ReturnedLine,
    SupplierBill,
    SupplierReturn,
)


@check(
    "clearing account",
    "What account 2100 holds of each order is what came and was neither billed nor sent back: nothing, once all is.",
)
def clearing_account_is_what_is_not_billed() -> list[Fault]:
    """Compare the postings of each order with what is open on its receipts."""
    booked: dict[int, Decimal] = defaultdict(lambda: ZERO)
    for source, model, key, order in (
        ("receipt", GoodsReceipt, GoodsReceipt.document_id, GoodsReceipt.order_id),
        ("supplier_bill", SupplierBill, SupplierBill.id, SupplierBill.order_id),
        ("supplier_return", SupplierReturn, SupplierReturn.id, SupplierReturn.order_id),
    ):
        rows = session.execute(
            select(order, func.sum(JournalLine.amount, type_=AmountType))
            .select_from(JournalLine)
            .join(JournalEntry, JournalEntry.id == JournalLine.entry_id)
            .join(Account, Account.id == JournalLine.account_id)
            .join(model, and_(key == JournalEntry.source_id, JournalEntry.source == source))
            .where(Account.code == "2100")
            .group_by(order)
        )
        for order_id, amount in rows:
            booked[order_id] -= amount
    open_rows = session.execute(
        select(GoodsReceipt.order_id, func.sum(ReceivedLine.value - ReceivedLine.cleared, type_=AmountType))
        .join(ReceivedLine, ReceivedLine.receipt_id == GoodsReceipt.id)
        .group_by(GoodsReceipt.order_id)
    )
    waiting: dict[int, Decimal] = defaultdict(lambda: ZERO, {order_id: amount for order_id, amount in open_rows})  # noqa: C416  a row is no pair to the type checker
    wrong = sorted(one for one in booked.keys() | waiting.keys() if booked[one] != waiting[one])
    if not wrong:
        return []
    number = session.scalar(select(PurchaseOrder.number).where(PurchaseOrder.id == wrong[0]))
    said = _(
        "%(number)s: account 2100 holds %(booked)s, its receipts say %(open)s",
        number=number,
        booked=f"{booked[wrong[0]]:f}",
        open=f"{waiting[wrong[0]]:f}",
    )
    return [Fault(len(wrong), said)]


@check("settled receipts", "Of goods of which every piece was billed or sent back nothing is left in account 2100.")
def what_is_settled_is_cleared() -> list[Fault]:
    """Look for lines received that are settled and not cleared, or the other way round."""
    wrong = (
        select(GoodsReceipt.number)
        .join(ReceivedLine, ReceivedLine.receipt_id == GoodsReceipt.id)
        .where(
            or_(
                and_(ReceivedLine.settled == ReceivedLine.quantity, ReceivedLine.cleared != ReceivedLine.value),
                ReceivedLine.settled > ReceivedLine.quantity,
                ReceivedLine.returned > ReceivedLine.quantity,
            )
        )
        .order_by(ReceivedLine.id)
    )
    return faults_in(wrong, lambda row: _("%(number)s is settled, but not cleared", number=row[0]))


@check(
    "purchase orders", "What orders say came, was billed and went back is what their receipts, bills and returns say."
)
def lines_are_sums_of_documents() -> list[Fault]:
    """Compare every line with its documents."""
    came = (
        select(
            ReceivedLine.order_line_id.label("line"),
            func.sum(ReceivedLine.quantity, type_=QuantityType).label("received"),
            func.sum(ReceivedLine.damaged, type_=QuantityType).label("damaged"),
            func.sum(ReceivedLine.returned, type_=QuantityType).label("returned"),
        )
        .group_by(ReceivedLine.order_line_id)
        .subquery()
    )
    billed = (
        select(
            BilledLine.order_line_id.label("line"),
            func.sum(
                case((SupplierBill.state == "withdrawn", ZERO), else_=BilledLine.quantity), type_=QuantityType
            ).label("billed"),
        )
        .join(SupplierBill, SupplierBill.id == BilledLine.bill_id)
        .group_by(BilledLine.order_line_id)
        .subquery()
    )
    pairs = (
        (PurchaseLine.received, came.c.received),
        (PurchaseLine.damaged, came.c.damaged),
        (PurchaseLine.returned, came.c.returned),
        (PurchaseLine.billed, billed.c.billed),
    )
    wrong = (
        select(PurchaseOrder.number, PurchaseLine.description)
        .join(PurchaseLine, PurchaseLine.order_id == PurchaseOrder.id)
        .outerjoin(came, came.c.line == PurchaseLine.id)
        .outerjoin(billed, billed.c.line == PurchaseLine.id)
        .where(or_(*(kept != func.coalesce(summed, ZERO) for kept, summed in pairs)))
        .order_by(PurchaseLine.id)
    )
    back = (
        select(ReceivedLine.id)
        .outerjoin(ReturnedLine, ReturnedLine.received_line_id == ReceivedLine.id)
        .group_by(ReceivedLine.id, ReceivedLine.returned)
        .having(ReceivedLine.returned != func.coalesce(func.sum(ReturnedLine.quantity, type_=QuantityType), ZERO))
    )
    return [
        *faults_in(
            wrong, lambda row: _("%(number)s, %(line)s: differs from its documents", number=row[0], line=row[1])
        ),
        *faults_in(back, lambda row: _("line received %(id)s: differs from its returns", id=row[0])),
    ]
