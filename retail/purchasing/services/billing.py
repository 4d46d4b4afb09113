"""Suppliers' bills: entered, matched with order and receipt, approved for payment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from flask_babel import gettext as _
from sqlalchemy import func, select

from retail.core.audit import current_actor, record
from retail.core.clock import now
from retail.core.db import session
from retail.core.errors import NotFound, Refused
from retail.core.events import emit
from retail.core.money import ZERO, share_out, to_minor
from retail.core.money import minor_unit as minor_unit_of
from retail.core.numbers import next_number
from retail.events.purchasing import BillApproved, BillHeld
from retail.finance import services as finance
from retail.finance.services import Posting
from retail.inventory import services as inventory
from retail.inventory.services import Document, Supplied
from retail.purchasing.matching import Claim, Difference, match
from retail.purchasing.models import (
    BILL_FLOW,
    BilledLine,
    GoodsReceipt,
    PurchaseLine,
    PurchaseOrder,
    ReceivedLine,
    SupplierBill,
)
from retail.purchasing.services.ordering import new_key, settle
from retail.tenancy.queries import current_tenant

LONGEST_TEXT = 400


@dataclass(frozen=True)
class Billed:
    """What a bill says of one line of the order: how many, and the cost of one in the bill's currency."""

    line_id: int
    quantity: Decimal
    unit_cost: Decimal


def enter_bill(
    order: PurchaseOrder,
    reference: str,
    lines: Sequence[Billed],
    *,
    billed_on: date,
    total: Decimal,
    charges: Decimal = ZERO,
    tax: Decimal = ZERO,
    rate: Decimal | None = None,
    key: str = "",
) -> SupplierBill:
    """Enter a supplier's bill for an order and match it; it is `matched`, or `held` with its differences.

    `total` is what the paper says has to be paid, `charges` and `tax` what it adds to the goods, all in the currency of
    the order. Nothing is posted before it is approved. With a `key` used before it is the bill of the first time.
    Refused without a number, without lines, and for figures below zero.
    """
    if key and (known := session.scalar(select(SupplierBill).where(SupplierBill.key == key))):
        return known
    _check_head(order, reference, billed_on, (total, charges, tax))
    there = {line.id: line for line in order.lines}
    wanted = [one for one in lines if one.quantity]
    for one in wanted:
        if one.line_id not in there:
            raise NotFound(_("There is no such line on the order."), field="lines")
        if one.quantity < 0 or one.unit_cost < 0:
            name = there[one.line_id].description
            raise Refused(_("%(name)s: quantity and cost are not below zero.", name=name), field="lines")
    if not wanted and not charges:
        raise Refused(_("Say how many of which articles are billed."), field="lines")
    nets = [to_minor(one.quantity * one.unit_cost, order.currency) for one in wanted]
    supplier = order.supplier
    bill = SupplierBill(
        number=next_number("supplier bill", "BILL-"),
        key=key or new_key(),
        state="held",
        supplier_id=order.supplier_id,
        order_id=order.id,
        reference=" ".join(reference.split()),
        currency=order.currency,
        rate=order.rate if rate is None or order.currency == current_tenant().currency else rate,
        net=sum(nets, ZERO),
        charges=charges,
        tax=tax,
        total=total,
        billed_on=billed_on,
        due_on=billed_on + timedelta(days=supplier.payment_days),
        discount_until=billed_on + timedelta(days=supplier.discount_days) if supplier.discount else None,
        entered_at=now(),
        business_date=current_tenant().today(),
        user_id=current_actor().user_id,
    )
    if bill.rate <= 0:
        raise Refused(_("Give what one %(code)s is worth, above zero.", code=order.currency), field="rate")
    session.add(bill)
    session.flush()
    for one, net in zip(wanted, nets, strict=True):
        there[one.line_id].billed += one.quantity
        session.add(
            BilledLine(
                bill_id=bill.id, order_line_id=one.line_id, quantity=one.quantity, unit_cost=one.unit_cost, net=net
            )
        )
    session.flush()
    found = differences_of(bill)
    if found:
        about = {"supplier_bill_id": bill.id, "location_id": order.location_id}
        emit(BillHeld(**about, number=bill.number, supplier=supplier.name, differences=len(found)))
    else:
        BILL_FLOW.move(bill, "matched")
    session.flush()
    return bill


def _check_head(order: PurchaseOrder, reference: str, billed_on: date, amounts: Sequence[Decimal]) -> None:
    if order.state in {"draft", "to_approve", "cancelled"}:
        raise Refused(_("%(number)s was not ordered; there is nothing to bill.", number=order.number))
    if not reference.strip():
        raise Refused(_("Give the number on the supplier's bill."), field="reference")
    if billed_on > current_tenant().today() + timedelta(days=31):
        raise Refused(_("The bill's date lies far in the future; look at it again."), field="billed_on")
    if any(amount < 0 for amount in amounts):
        raise Refused(_("Amounts of a bill are not below zero; goods that went back have a debit note."), field="total")


def bill_numbered(bill_id: int, *, lock: bool = False) -> SupplierBill:
    """A supplier's bill; NotFound when there is none."""
    statement = select(SupplierBill).where(SupplierBill.id == bill_id)
    if lock:
        statement = statement.with_for_update(of=SupplierBill).execution_options(populate_existing=True)
    bill = session.scalar(statement)
    if bill is None:
        raise NotFound(_("There is no such bill."))
    return bill


def lines_of(bill: SupplierBill) -> list[tuple[BilledLine, PurchaseLine]]:
    """The lines of a bill, each with the line of the order it is for."""
    rows = session.execute(
        select(BilledLine, PurchaseLine)
        .join(PurchaseLine, PurchaseLine.id == BilledLine.order_line_id)
        .where(BilledLine.bill_id == bill.id)
        .order_by(BilledLine.id)
    )
    return [(row[0], row[1]) for row in rows]


def differences_of(bill: SupplierBill) -> list[Difference]:
    """What keeps a bill from being paid, as order and receipts stand now; nothing for one that is approved."""
    if bill.state in {"approved", "withdrawn"}:
        return []
    claims = [
        Claim(
            line.id,
            line.description,
            billed.quantity,
            billed.unit_cost,
            line.unit_cost,
            line.received - line.returned_unbilled - (line.billed - billed.quantity),
        )
        for billed, line in lines_of(bill)
    ]
    return match(
        claims,
        currency=bill.currency,
        tolerance=bill.supplier.price_tolerance,
        stated_total=bill.total,
        charges=bill.charges,
        expected_charges=to_minor(_open_landed(bill.order_id) / bill.rate, bill.currency),
        tax=bill.tax,
        seen_before=_twin_of(bill),
    )


def _open_landed(order_id: int) -> Decimal:
    rows = session.execute(
        select(GoodsReceipt.landed, GoodsReceipt.landed_cleared).where(GoodsReceipt.order_id == order_id)
    )
    return sum((row.landed - row.landed_cleared for row in rows), ZERO)


def _twin_of(bill: SupplierBill) -> str:
    return (
        session.scalar(
            select(SupplierBill.number)
            .where(
                SupplierBill.supplier_id == bill.supplier_id,
                func.lower(SupplierBill.reference) == bill.reference.lower(),
                SupplierBill.id != bill.id,
                SupplierBill.state != "withdrawn",
            )
            .order_by(SupplierBill.id)
            .limit(1)
        )
        or ""
    )


def match_again(order: PurchaseOrder) -> None:
    """Look at the bills of an order that wait, after goods came or went."""
    session.flush()
    waiting = select(SupplierBill).where(SupplierBill.order_id == order.id, SupplierBill.state.in_(("held", "matched")))
    for bill in session.scalars(waiting):
        state = "held" if differences_of(bill) else "matched"
        if state != bill.state:
            BILL_FLOW.move(bill, state)
    session.flush()


def withdraw_bill(bill: SupplierBill, reason: str) -> None:
    """Take a bill out that was entered wrongly, or that the supplier replaces. Refused once it is approved."""
    if not reason.strip():
        raise Refused(_("Say why the bill is withdrawn."), field="reason")
    BILL_FLOW.move(bill, "withdrawn")
    bill.accepted = reason.strip()[:LONGEST_TEXT]
    for billed, line in lines_of(bill):
        line.billed -= billed.quantity
    session.flush()
    match_again(bill.order)
    record("withdraw", "supplier_bills", bill.id, bill.number, {"reason": [None, bill.accepted]})


@dataclass
class _Amounts:
    """What approving a bill posts, gathered line by line, in the shop's currency."""

    cleared: Decimal = ZERO
    price: Decimal = ZERO
    stock: Decimal = ZERO
    exchange: Decimal = ZERO
    dearer: list[Supplied] = field(default_factory=list)


def approve_bill(bill: SupplierBill, accepted: str = "") -> None:
    """Approve a bill for payment and post it; differences need the reason for which they are accepted.

    What the goods were received for leaves the clearing account exactly; a different cost goes to what still lies in
    stock and, for what was sold since, to the price differences; a different rate to the exchange differences. Refused
    while more is billed than came, while the bill does not add up, and for a bill that is there twice.
    """
    found = differences_of(bill)
    for one in found:
        if not one.may_be_accepted:
            raise Refused(_refusal(one))
    if found and not accepted.strip():
        raise Refused(_("The bill differs from the order. Say why that is accepted."), field="accepted")
    BILL_FLOW.move(bill, "approved")
    bill.accepted = accepted.strip()[:LONGEST_TEXT]
    bill.approved_at, bill.approved_by_id = now(), current_actor().user_id
    _post(bill)
    settle(bill.order)
    record("approve", "supplier_bills", bill.id, bill.number, {"total": str(bill.total), "accepted": bill.accepted})
    emit(
        BillApproved(
            supplier_bill_id=bill.id,
            location_id=bill.order.location_id,
            number=bill.number,
            total=str(bill.total),
            currency=bill.currency,
            due_on=bill.due_on.isoformat(),
        )
    )


def _refusal(one: Difference) -> str:
    if one.kind == "quantity":
        text = _(
            "%(name)s: %(billed)s are billed and %(open)s came. Receive the rest first, or withdraw the bill.",
            name=one.name,
            billed=f"{one.billed.normalize():f}",
            open=f"{one.expected.normalize():f}",
        )
        return str(text)
    if one.kind == "twice":
        return str(_("This bill is here already as %(number)s; withdraw one of them.", number=one.name))
    text = _(
        "The bill says %(stated)s, its lines, charges and tax come to %(sum)s. Withdraw it and enter it anew.",
        stated=f"{one.billed:f}",
        sum=f"{one.expected:f}",
    )
    return str(text)


def _post(bill: SupplierBill) -> None:
    own = current_tenant().currency
    lines = lines_of(bill)
    goods = to_minor(bill.net * bill.rate, own)
    shares = share_out(goods, [billed.net for billed, _line in lines], minor_unit_of(own))
    sums = _Amounts()
    for (billed, line), share in zip(lines, shares, strict=True):
        _clear(bill, billed, line, share, sums)
    document = Document(
        "supplier", "cost corrected", "supplier_bill", bill.id, current_tenant().today(), bill.approved_at or now()
    )
    if sums.dearer:
        sums.stock = sum(inventory.change_costs(bill.order.location_id, sums.dearer, document), ZERO)
    charges, tax = to_minor(bill.charges * bill.rate, own), to_minor(bill.tax * bill.rate, own)
    expected = _clear_landed(bill.order_id, charges)
    finance.post(
        Posting(
            "supplier_bill",
            bill.id,
            f"{bill.number} {bill.supplier.name} {bill.reference}",
            document.business_date,
            {
                "2100": sums.cleared,
                "1200": sums.stock,
                "5400": sums.price - sums.stock + charges - expected,
                "5450": sums.exchange,
                "2110": expected,
                "1300": tax,
                "2000": -(goods + charges + tax),
            },
        )
    )


def _clear(bill: SupplierBill, billed: BilledLine, line: PurchaseLine, share: Decimal, sums: _Amounts) -> None:
    """Take what a line of a bill is for out of the clearing account, the oldest delivery first."""
    left, at_their_rate = billed.quantity, ZERO
    for row, rate in _unsettled(line.id):
        taken = min(left, row.quantity - row.settled)
        if not taken:
            break
        billed.cleared += settle_received(row, taken)
        at_their_rate += taken * rate
        left -= taken
    sums.cleared += billed.cleared
    difference = share - billed.cleared
    # The same cost at another rate is a matter of the currency, not of the price.
    exchange = (
        to_minor(billed.unit_cost * (billed.quantity * bill.rate - at_their_rate), current_tenant().currency)
        if bill.currency != current_tenant().currency
        else ZERO
    )
    sums.exchange += exchange
    sums.price += difference - exchange
    if difference - exchange:
        sums.dearer.append(Supplied(line.variant_id, billed.quantity, difference - exchange))


def _unsettled(order_line_id: int) -> list[tuple[ReceivedLine, Decimal]]:
    rows = session.execute(
        select(ReceivedLine, GoodsReceipt.rate)
        .join(GoodsReceipt, GoodsReceipt.id == ReceivedLine.receipt_id)
        .where(ReceivedLine.order_line_id == order_line_id, ReceivedLine.settled < ReceivedLine.quantity)
        .order_by(ReceivedLine.id)
        .with_for_update(of=ReceivedLine)
    )
    return [(row[0], row[1]) for row in rows]


def settle_received(row: ReceivedLine, quantity: Decimal) -> Decimal:
    """Settle so many pieces of a line received; returns what of its value leaves the clearing account. The last piece
    takes what is left, so that nothing stays behind."""
    if row.settled + quantity == row.quantity:
        part = row.value - row.cleared
    else:
        part = min(round(row.value * quantity / row.quantity, 4), row.value - row.cleared)
    row.settled += quantity
    row.cleared += part
    return part


def _clear_landed(order_id: int, charges: Decimal) -> Decimal:
    """Take charges out of what was expected for delivery; returns how much that was."""
    left = charges
    rows: Sequence[GoodsReceipt] = session.scalars(
        select(GoodsReceipt).where(GoodsReceipt.order_id == order_id).order_by(GoodsReceipt.id).with_for_update()
    ).all()
    for row in rows:
        taken = min(left, row.landed - row.landed_cleared)
        row.landed_cleared += taken
        left -= taken
    return charges - left


def landed_to_bill(order: PurchaseOrder) -> Decimal:
    """What freight and duty of an order are on no bill yet, in its currency."""
    return to_minor(_open_landed(order.id) / order.rate, order.currency)


def expected_bill(order: PurchaseOrder) -> Mapping[int, Decimal]:
    """What a bill for an order may be expected to hold: how many of each line came and are on none yet."""
    return {line.id: line.to_bill for line in order.lines if line.to_bill > 0}
