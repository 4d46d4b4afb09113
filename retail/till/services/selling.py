"""Selling, refunding and voiding: sale, stock, money, journal, number and event in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from flask_babel import gettext as _
from sqlalchemy import select

from retail.catalog.models import Product, Variant
from retail.catalog.services import use_locks
from retail.core.audit import record
from retail.core.clock import now
from retail.core.db import session
from retail.core.errors import NeedsApproval, NotFound, Refused
from retail.core.events import emit
from retail.core.money import ZERO
from retail.customers.models import Customer
from retail.events.till import SaleCompleted, SaleReversed
from retail.finance import services as finance
from retail.finance.services import Posting
from retail.identity import approval_services as approvals
from retail.identity.approval_services import Approved
from retail.inventory import services as inventory
from retail.inventory.services import Document, Movement
from retail.orders import services as orders
from retail.orders.queries import lines_of, order_with_lines, sold_as
from retail.orders.services import Placed, Where
from retail.payments import services as payments
from retail.payments.queries import payments_of
from retail.payments.services import Taken, Tender
from retail.pricing.services import Discount
from retail.tenancy.models import Tenant
from retail.till.queries import Station
from retail.till.services.allowing import Allowance, check_discount, check_given_back
from retail.till.services.cart_prices import Wanted, price_cart


@dataclass(frozen=True)
class Sold:
    """A sale that was rung up, now or by an earlier press of the same button."""

    order_id: int
    number: str
    total: Decimal
    change: Decimal


def sold_before(key: str) -> Sold | None:
    """What an earlier press of the same button sold, with the change it gave; None when there was none."""
    order = sold_as(key)
    if order is None:
        return None
    change = sum(((one.tendered or one.amount) - one.amount for one in payments_of(order.id)), ZERO)
    return Sold(order.id, order.number, order.total, change)


def _approved(check: Callable[[], None], token: str) -> tuple[Approved, NeedsApproval] | None:
    """Run a check of limits; where it is beyond them, use up the approval there is, or raise."""
    try:
        check()
    except NeedsApproval as need:
        return approvals.use(token, need), need
    return None


def ring_up(
    tenant: Tenant,
    station: Station,
    wanted: Sequence[Wanted],
    tenders: Sequence[Tender],
    key: str,
    *,
    allowance: Allowance,
    discount: Discount | None = None,
    customer_id: int | None = None,
    note: str = "",
) -> Sold:
    """Sell the cart: price it, take the goods, take the money, post it, number it, say so.

    `key` is made by the till, so pressing Pay twice sells once; the unique key in the database settles two presses in
    the same instant.
    """
    if sold := sold_before(key):
        return sold
    if not wanted:
        raise Refused(_("The cart is empty; scan something first."), field="lines")
    ready = price_cart(tenant, wanted, discount)
    priced = ready.priced
    approved = _approved(lambda: check_discount(priced, allowance.discount, key), allowance.approval)
    if customer_id is not None and session.get(Customer, customer_id) is None:
        raise NotFound(_("There is no such customer."), field="customer")
    taken = payments.settle(priced.gross, tenders)
    where = _here(tenant, station)
    positions = [position for position, stocked in enumerate(ready.stocked) if stocked]
    moved = inventory.shift_levels(
        [
            Movement(
                priced.lines[position].line.variant_id,
                station.location_id,
                -priced.lines[position].line.quantity,
                lots=inventory.picks_named(
                    wanted[position].variant_id,
                    wanted[position].named,
                    wanted[position].quantity,
                ),
            )
            for position in positions
        ]
    )
    costs = {position: -one.value for position, one in zip(positions, moved, strict=True)}
    placed = orders.place(priced, costs, channel="pos", key=key, where=where, customer_id=customer_id, note=note)
    inventory.write_moves(moved, _document("sold", "order", placed, where))
    use_locks([one.lock for one in wanted if one.lock])
    _settle_books(placed, taken, where, _("Sale %(number)s", number=placed.number))
    record("sale", "orders", placed.id, placed.number, {"total": [None, str(placed.total)]})
    if approved is not None:
        approvals.note(*approved, placed.id, placed.number)
    emit(
        SaleCompleted(
            order_id=placed.id,
            number=placed.number,
            location_id=station.location_id,
            business_date=placed.business_date.isoformat(),
            hour=placed.hour,
            total=str(placed.total),
            customer_id=customer_id,
        )
    )
    return Sold(placed.id, placed.number, placed.total, sum((one.change for one in taken), ZERO))


def refund(
    tenant: Tenant,
    station: Station,
    order_id: int,
    quantities: Mapping[int, Decimal],
    key: str,
    reason: str,
    method: str,
    allowance: Allowance,
) -> Sold:
    """Give goods and money back for some of a sale, at the stored shares of what was paid."""
    return _take_back(tenant, station, order_id, quantities, key, reason, method, "return", allowance)


def void(tenant: Tenant, station: Station, order_id: int, key: str, reason: str, allowance: Allowance) -> Sold:
    """Reverse a whole sale of today by a document of its own; nothing is deleted."""
    order = order_with_lines(order_id)
    if order is None:
        raise NotFound(_("There is no such sale."))
    if order.business_date != tenant.today():
        raise Refused(_("Only a sale of today can be voided; refund it instead."))
    everything = {line.id: line.quantity - line.returned for line in lines_of(order_id)}
    return _take_back(tenant, station, order_id, everything, key, reason, None, "void", allowance)


def _take_back(
    tenant: Tenant,
    station: Station,
    order_id: int,
    quantities: Mapping[int, Decimal],
    key: str,
    reason: str,
    method: str | None,
    kind: str,
    allowance: Allowance,
) -> Sold:
    if sold := sold_before(key):
        return sold
    if not reason.strip():
        raise Refused(_("Say why; the reason is printed and kept."), field="reason")
    order = order_with_lines(order_id, lock=True)
    if order is None:
        raise NotFound(_("There is no such sale."))
    if order.kind != "sale":
        raise Refused(_("%(number)s is not a sale and cannot be given back.", number=order.number))
    if order.state in {"voided", "refunded"}:
        raise Refused(_("%(number)s has been given back already.", number=order.number))
    if kind == "void" and order.state != "paid":
        raise Refused(_("Part of %(number)s was refunded; refund the rest instead.", number=order.number))
    action, limit = ("void", allowance.void) if kind == "void" else ("refund", allowance.refund)
    worth = orders.worth_of(order, quantities)
    approved = _approved(lambda: check_given_back(action, limit, order, worth, quantities, method), allowance.approval)
    where = _here(tenant, station)
    placed, lines = orders.reverse(order, quantities, kind=kind, key=key, reason=reason.strip(), where=where)
    stocked = set(
        session.scalars(
            select(Variant.id)
            .join(Product, Product.id == Variant.product_id)
            .where(Variant.id.in_([one.line.variant_id for one in lines]), Product.is_stocked)
        )
    )
    lots = _lots_of(order_id, {one.line.id: one.quantity for one in lines})
    inventory.move(
        [
            Movement(
                one.line.variant_id,
                station.location_id,
                one.quantity,
                value=one.shares["cost"],
                lots=lots[one.line.id],
            )
            for one in lines
            if one.line.variant_id in stocked
        ],
        _document("returned" if kind == "return" else "voided", "order", placed, where),
    )
    given_back = _given_back(order_id, placed.total, method)
    _settle_books(placed, given_back, where, f"{kind.capitalize()} {placed.number} / {order.number}")
    record(kind, "orders", order.id, order.number, {"document": [None, placed.number], "reason": [None, reason]})
    if approved is not None:
        approvals.note(*approved, placed.id, placed.number)
    emit(
        SaleReversed(
            order_id=placed.id,
            number=placed.number,
            reverses_id=order.id,
            by=kind,
            location_id=station.location_id,
            business_date=placed.business_date.isoformat(),
            hour=placed.hour,
            total=str(placed.total),
        )
    )
    return Sold(placed.id, placed.number, placed.total, ZERO)


def _lots_of(order_id: int, back: Mapping[int, Decimal]) -> dict[int, tuple[inventory.Pick, ...]]:
    """The lots and pieces that come back with these quantities of lines, which are booked as returned already."""
    lines = lines_of(order_id)
    sold = [
        inventory.SoldLine(line.variant_id, line.quantity, line.returned - now_back, now_back)
        for line in lines
        for now_back in [back.get(line.id, ZERO)]
    ]
    return dict(zip((line.id for line in lines), inventory.picks_returned(order_id, sold), strict=True))


def _given_back(order_id: int, total: Decimal, method: str | None) -> list[Taken]:
    """How money goes back: by the method chosen, or for a void by each tender it was paid with."""
    if method is not None:
        return [Taken(method, total, total, ZERO, "")]
    return [Taken(one.method, -one.amount, -one.amount, ZERO, one.reference) for one in payments_of(order_id)]


def _settle_books(placed: Placed, taken: Sequence[Taken], where: Where, memo: str) -> None:
    payments.record(
        placed.id,
        taken,
        location_id=where.location_id,
        shift_id=where.shift_id,
        business_date=where.business_date,
        occurred_at=where.occurred_at,
    )
    tenders: dict[str, Decimal] = {}
    for one in taken:
        tenders[one.method] = tenders.get(one.method, ZERO) + one.amount
    finance.post(
        Posting(
            "order",
            placed.id,
            memo,
            placed.business_date,
            finance.sale_amounts(
                net=placed.net, tax=placed.tax, rounding=placed.rounding, cost=placed.cost, tenders=tenders
            ),
            where.occurred_at,
        )
    )


def _document(reason: str, source: str, placed: Placed, where: Where) -> Document:
    return Document("customer", reason, source, placed.id, where.business_date, where.occurred_at)


def _here(tenant: Tenant, station: Station) -> Where:
    instant = now()
    return Where(
        location_id=station.location_id,
        register_id=station.register_id,
        shift_id=station.shift_id,
        business_date=tenant.business_date(instant),
        occurred_at=instant,
        timezone=tenant.timezone,
    )
