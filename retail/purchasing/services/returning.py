"""Goods go back to their supplier, at the cost they came in at."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from flask_babel import gettext as _
from sqlalchemy import select

from retail.core.audit import current_actor, record
from retail.core.clock import now
from retail.core.db import session
from retail.core.errors import Refused
from retail.core.events import emit
from retail.core.money import ZERO, to_minor
from retail.core.numbers import next_number
from retail.events.purchasing import GoodsSentBack
from retail.finance import services as finance
from retail.finance.services import Posting
from retail.inventory import services as inventory
from retail.inventory.services import Document, Supplied
from retail.purchasing.models import (
    RETURN_REASONS,
    PurchaseLine,
    PurchaseOrder,
    ReceivedLine,
    ReturnedLine,
    SupplierReturn,
)
from retail.purchasing.services.billing import match_again, settle_received
from retail.purchasing.services.ordering import new_key, settle
from retail.tenancy.queries import current_tenant


def send_goods_back(
    order: PurchaseOrder, quantities: Mapping[int, Decimal], reason: str, note: str = "", *, key: str = ""
) -> SupplierReturn:
    """Send goods of an order back, by line received, with a debit note at the cost they came in at.

    What was not billed yet leaves the clearing account; for the rest the supplier owes. Landed costs are not given
    back: their share goes to the price differences. With a `key` used before it is the return of the first time.
    Refused without a reason, for more than came and stayed, and for more than is there.
    """
    if key and (known := session.scalar(select(SupplierReturn).where(SupplierReturn.key == key))):
        return known
    if reason not in RETURN_REASONS:
        raise Refused(_("Choose why the goods go back."), field="reason")
    wanted = {line_id: quantity for line_id, quantity in quantities.items() if quantity}
    if not wanted:
        raise Refused(_("Say how many of which articles go back."), field="lines")
    rows = _received(order, wanted)
    today, instant = current_tenant().today(), now()
    back = SupplierReturn(
        number=next_number("supplier return", "DN-"),
        key=key or new_key(),
        supplier_id=order.supplier_id,
        order_id=order.id,
        location_id=order.location_id,
        reason=reason,
        note=note.strip()[:400],
        currency=order.currency,
        business_date=today,
        occurred_at=instant,
        user_id=current_actor().user_id,
    )
    session.add(back)
    session.flush()
    goods, cleared = [], ZERO
    for row, line in rows:
        quantity = wanted[row.id]
        value = _part(row, quantity, row.value)
        unbilled = min(quantity, row.quantity - row.settled)
        part = settle_received(row, unbilled) if unbilled else ZERO
        cleared += part
        if unbilled == quantity:
            value = part
        goods.append(Supplied(row.variant_id, quantity, value + _part(row, quantity, row.landed)))
        row.returned += quantity
        line.returned += quantity
        line.returned_unbilled += unbilled
        back.net += to_minor(quantity * row.unit_cost, order.currency)
        back.value += value
        session.add(
            ReturnedLine(
                return_id=back.id,
                received_line_id=row.id,
                supplier_id=order.supplier_id,
                variant_id=row.variant_id,
                quantity=quantity,
                unit_cost=row.unit_cost,
                value=value,
                cleared=part,
                business_date=today,
            )
        )
    document = Document("supplier", "returned to supplier", "supplier_return", back.id, today, instant)
    left = sum(inventory.send_back(order.location_id, goods, document), ZERO)
    finance.post(
        Posting(
            "supplier_return",
            back.id,
            f"{back.number} {order.supplier.name}",
            today,
            {"1200": -left, "2100": cleared, "2000": back.value - cleared, "5400": left - back.value},
        )
    )
    settle(order)
    match_again(order)
    record("send_back", "purchase_orders", order.id, f"{order.number} {back.number}", {"value": str(back.value)})
    emit(
        GoodsSentBack(
            supplier_return_id=back.id,
            location_id=order.location_id,
            number=back.number,
            supplier=order.supplier.name,
            value=str(back.value),
        )
    )
    return back


def _part(row: ReceivedLine, quantity: Decimal, amount: Decimal) -> Decimal:
    return amount if quantity == row.quantity else round(amount * quantity / row.quantity, 4)


def _received(order: PurchaseOrder, wanted: Mapping[int, Decimal]) -> list[tuple[ReceivedLine, PurchaseLine]]:
    rows = session.execute(
        select(ReceivedLine, PurchaseLine)
        .join(PurchaseLine, PurchaseLine.id == ReceivedLine.order_line_id)
        .where(ReceivedLine.id.in_(wanted), PurchaseLine.order_id == order.id)
        .order_by(ReceivedLine.id)
        .with_for_update(of=ReceivedLine)
    ).all()
    if len(rows) < len(wanted):
        raise Refused(_("Something on this form did not come with this order; open it again."), field="lines")
    for row, line in rows:
        quantity = wanted[row.id]
        if quantity < 0 or quantity > row.quantity - row.returned:
            raise Refused(
                _(
                    "%(name)s: %(n)s of this delivery can go back.",
                    name=line.description,
                    n=f"{(row.quantity - row.returned).normalize():f}",
                ),
                field="lines",
            )
    return [(row[0], row[1]) for row in rows]
