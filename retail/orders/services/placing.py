"""Placing and reversing orders; the only writer of orders and their lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select, update

from retail.core.audit import current_actor
from retail.core.clock import local_hour
from retail.core.db import session
from retail.core.errors import NotFound, Refused
from retail.core.money import AMOUNT_PLACES, ZERO, round_to, to_minor
from retail.core.numbers import next_number
from retail.core.tenancy import insert_owned, insert_owned_returning
from retail.orders.models import FLOW, Order, OrderLine
from retail.pricing.services import Priced

UNIT = Decimal(1).scaleb(-AMOUNT_PLACES)
SHARED = ("line_discount", "cart_discount", "net", "tax", "gross", "cost")
"""The amounts of a line of which a partial return takes its share."""


@dataclass(frozen=True)
class Placed:
    """A document that was just written: what the other modules need of it."""

    id: int
    number: str
    business_date: date
    hour: int
    net: Decimal
    tax: Decimal
    gross: Decimal
    rounding: Decimal
    total: Decimal
    cost: Decimal


@dataclass(frozen=True)
class Where:
    """Where and when a document is made."""

    location_id: int
    register_id: int | None
    shift_id: int | None
    business_date: date
    occurred_at: datetime
    timezone: str


def place(
    priced: Priced,
    costs: Mapping[int, Decimal],
    *,
    channel: str,
    key: str,
    where: Where,
    customer_id: int | None = None,
    note: str = "",
) -> Placed:
    """Write a paid sale with its lines. `costs` gives what the goods of the line at each position cost."""
    number = next_number("sale", "S-")
    placed_cost = sum(costs.values(), ZERO)
    order_id = _write_order(
        where,
        number=number,
        key=key,
        kind="sale",
        channel=channel,
        state=FLOW.start,
        customer_id=customer_id,
        currency=priced.currency,
        discount=priced.discount,
        net=priced.net,
        tax=priced.tax,
        gross=priced.gross,
        rounding=ZERO,
        total=priced.gross,
        note=note,
    )
    insert_owned(
        OrderLine,
        [
            {
                "order_id": order_id,
                "position": position,
                "variant_id": one.line.variant_id,
                "sku": one.line.sku,
                "description": one.line.description,
                "quantity": one.line.quantity,
                "list_price": one.line.list_price,
                "line_discount": one.line_discount,
                "cart_discount": one.cart_discount,
                "discount_reason": one.line.discount.reason if one.line.discount else "",
                "tax_code": one.line.tax_code,
                "tax_rate": one.line.tax_rate,
                "net": one.net,
                "tax": one.tax,
                "gross": one.gross,
                "cost": costs.get(position, ZERO),
                "working": one.line.working,
                "returned": ZERO,
            }
            for position, one in enumerate(priced.lines)
        ],
    )
    hour = local_hour(where.occurred_at, where.timezone)
    return Placed(
        order_id,
        number,
        where.business_date,
        hour,
        priced.net,
        priced.tax,
        priced.gross,
        ZERO,
        priced.gross,
        placed_cost,
    )


def _write_order(where: Where, **values: Any) -> int:
    row = {
        "location_id": where.location_id,
        "register_id": where.register_id,
        "shift_id": where.shift_id,
        "user_id": current_actor().user_id,
        "country": "",
        "business_date": where.business_date,
        "hour": local_hour(where.occurred_at, where.timezone),
        "occurred_at": where.occurred_at,
        "received_at": where.occurred_at,
        "reason": "",
        "origin": "",
        "copies_printed": 0,
        **values,
    }
    return insert_owned_returning(Order, [row])[0]


@dataclass(frozen=True)
class ReversedLine:
    """What a return takes back of one line: amounts above zero, as they were charged."""

    line: OrderLine
    quantity: Decimal
    shares: Mapping[str, Decimal]


def reverse(
    order: Order, quantities: Mapping[int, Decimal], *, kind: str, key: str, reason: str, where: Where
) -> tuple[Placed, list[ReversedLine]]:
    """Give back quantities of lines (by line id) at the stored shares of what was charged; a new document below zero.

    What earlier returns left is taken into account, so that any sequence of partial returns sums to the sale exactly.
    Refused when a line has less left than asked for.
    """
    wanted = {line_id: quantity for line_id, quantity in quantities.items() if quantity}
    if not wanted:
        raise Refused(_("Choose what is given back."), field="lines")
    lines = session.scalars(select(OrderLine).where(OrderLine.order_id == order.id).order_by(OrderLine.position)).all()
    if set(wanted) - {line.id for line in lines}:
        raise NotFound(_("That line is not on this receipt."), field="lines")
    taken_back: list[ReversedLine] = []
    for line in lines:
        quantity = wanted.get(line.id)
        if quantity is None:
            continue
        _check_left(line, quantity)
        guarded = session.execute(
            update(OrderLine)
            .where(OrderLine.id == line.id, OrderLine.returned + quantity <= OrderLine.quantity)
            .values(returned=OrderLine.returned + quantity)
            .returning(OrderLine.returned)
            .execution_options(synchronize_session=False)
        ).one_or_none()
        if guarded is None:
            # Somebody gave it back since the line was read.
            what = line.description
            raise Refused(_("%(what)s was given back by somebody else just now.", what=what), field="lines")
        returned = guarded.returned
        shares = _shares(line, returned, quantity, order.currency)
        taken_back.append(ReversedLine(line, quantity, shares))
        session.expire(line, ["returned"])
    placed = _write_reversal(order, taken_back, kind, key, reason, where)
    everything = all(
        returned == quantity
        for returned, quantity in session.execute(
            select(OrderLine.returned, OrderLine.quantity).where(OrderLine.order_id == order.id)
        )
    )
    FLOW.move(order, "voided" if kind == "void" else "refunded" if everything else "part_refunded")
    session.flush()
    return placed, taken_back


def worth_of(order: Order, quantities: Mapping[int, Decimal]) -> Decimal:
    """What giving back quantities of lines (by line id) would come to, above zero, to the minor unit. Writes nothing.

    Refused when a line has less left than asked for.
    """
    total = ZERO
    for line in session.scalars(select(OrderLine).where(OrderLine.order_id == order.id)):
        quantity = quantities.get(line.id, ZERO)
        _check_left(line, quantity)
        if quantity:
            total += _shares(line, line.returned + quantity, quantity, order.currency)["gross"]
    return to_minor(total, order.currency)


def _check_left(line: OrderLine, quantity: Decimal) -> None:
    left = line.quantity - line.returned
    if quantity < 0:
        raise Refused(_("%(what)s: give a quantity above zero.", what=line.description), field="lines")
    if quantity > left:
        what, some = line.description, f"{left.normalize():f}"
        raise Refused(_("%(what)s: only %(left)s can still be given back.", what=what, left=some), field="lines")


def _shares(line: OrderLine, returned: Decimal, quantity: Decimal, currency: str) -> dict[str, Decimal]:
    """What `quantity` of a line takes of its amounts, once `returned` of it are back, these included."""
    shares = {}
    for name in SHARED:
        amount, of = getattr(line, name), currency if name != "cost" else None
        before = _share(amount, returned - quantity, line.quantity, of)
        shares[name] = _share(amount, returned, line.quantity, of) - before
    shares["net"] = shares["gross"] - shares["tax"]
    return shares


def _share(amount: Decimal, returned: Decimal, quantity: Decimal, currency: str | None) -> Decimal:
    """What the first `returned` of `quantity` come to. Taking the difference of two such figures lets every sequence of
    partial returns end at the whole amount. An amount finer than the minor unit (imported history) is shared finely."""
    if returned == quantity:
        return amount
    exact = amount * returned / quantity
    fine = currency is None or to_minor(amount, currency) != amount
    return round_to(exact, UNIT) if fine or currency is None else to_minor(exact, currency)


def _write_reversal(order: Order, lines: list[ReversedLine], kind: str, key: str, reason: str, where: Where) -> Placed:
    total = {name: sum((one.shares[name] for one in lines), ZERO) for name in SHARED}
    paid_back = to_minor(total["gross"], order.currency)
    number = next_number(kind, {"return": "R-", "void": "V-"}[kind])
    order_id = _write_order(
        where,
        number=number,
        key=key,
        kind=kind,
        channel=order.channel,
        state="closed",
        customer_id=order.customer_id,
        country=order.country,
        currency=order.currency,
        discount=-(total["line_discount"] + total["cart_discount"]),
        net=-total["net"],
        tax=-total["tax"],
        gross=-total["gross"],
        rounding=total["gross"] - paid_back,
        total=-paid_back,
        reverses_id=order.id,
        reason=reason,
        note="",
    )
    insert_owned(
        OrderLine,
        [
            {
                "order_id": order_id,
                "position": position,
                "variant_id": one.line.variant_id,
                "sku": one.line.sku,
                "description": one.line.description,
                "quantity": -one.quantity,
                "list_price": one.line.list_price,
                "discount_reason": one.line.discount_reason,
                "tax_code": one.line.tax_code,
                "tax_rate": one.line.tax_rate,
                "reverses_id": one.line.id,
                "returned": ZERO,
                **{name: -amount for name, amount in one.shares.items()},
            }
            for position, one in enumerate(lines)
        ],
    )
    return Placed(
        order_id,
        number,
        where.business_date,
        local_hour(where.occurred_at, where.timezone),
        -total["net"],
        -total["tax"],
        -total["gross"],
        total["gross"] - paid_back,
        -paid_back,
        -total["cost"],
    )
