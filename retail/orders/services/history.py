"""Documents of the past, in bulk, as another system recorded them: amounts are taken over, never computed again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from retail.core.audit import current_actor
from retail.core.clock import now
from retail.core.money import ZERO, to_minor
from retail.core.tenancy import insert_owned, insert_owned_returning
from retail.orders.models import Order, OrderLine


@dataclass(frozen=True, slots=True)
class PastLine:
    """One line: quantity × price, exact, without tax (the source does not say)."""

    variant_id: int
    sku: str
    description: str
    quantity: Decimal
    price: Decimal

    @property
    def amount(self) -> Decimal:
        return self.quantity * self.price


@dataclass(frozen=True, slots=True)
class PastDocument:
    """One document with its lines; `key` makes booking it twice impossible."""

    key: str
    number: str
    kind: str
    customer_id: int | None
    country: str
    business_date: date
    hour: int
    occurred_at: datetime
    origin: str
    lines: Sequence[PastLine]


@dataclass(frozen=True, slots=True)
class Booked:
    """What a past document came to: `total` is `gross` rounded to the minor unit, `rounding` the difference."""

    id: int
    gross: Decimal
    rounding: Decimal
    total: Decimal


def book_past(documents: Sequence[PastDocument], *, channel: str, location_id: int, currency: str) -> list[Booked]:
    """Write documents and lines; one result per document, in order."""
    if not documents:
        return []
    user_id, received = current_actor().user_id, now()
    totals: list[tuple[Decimal, Decimal, Decimal]] = []
    rows = []
    for one in documents:
        gross = sum((line.quantity * line.price for line in one.lines), ZERO)
        total = to_minor(gross, currency)
        totals.append((gross, total - gross, total))
        rows.append(
            {
                "number": one.number,
                "key": one.key,
                "kind": one.kind,
                "channel": channel,
                "state": "paid" if one.kind == "sale" else "closed",
                "location_id": location_id,
                "user_id": user_id,
                "customer_id": one.customer_id,
                "country": one.country,
                "currency": currency,
                "business_date": one.business_date,
                "hour": one.hour,
                "occurred_at": one.occurred_at,
                "received_at": received,
                "discount": ZERO,
                "net": gross,
                "tax": ZERO,
                "gross": gross,
                "rounding": total - gross,
                "total": total,
                "reason": "",
                "note": "",
                "origin": one.origin,
                "copies_printed": 0,
            }
        )
    ids = insert_owned_returning(Order, rows)
    insert_owned(
        OrderLine,
        [
            {
                "order_id": order_id,
                "position": position,
                "variant_id": line.variant_id,
                "sku": line.sku,
                "description": line.description,
                "quantity": line.quantity,
                "list_price": line.price,
                "line_discount": ZERO,
                "cart_discount": ZERO,
                "discount_reason": "",
                "tax_code": "",
                "tax_rate": ZERO,
                "net": line.quantity * line.price,
                "tax": ZERO,
                "gross": line.quantity * line.price,
                "cost": ZERO,
                "returned": ZERO,
            }
            for order_id, one in zip(ids, documents, strict=True)
            for position, line in enumerate(one.lines)
        ],
    )
    return [Booked(order_id, *figures) for order_id, figures in zip(ids, totals, strict=True)]
