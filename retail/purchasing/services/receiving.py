"""A delivery is taken in against an order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from flask_babel import gettext as _
from sqlalchemy import select

from retail.core.audit import current_actor, record
from retail.core.clock import now
from retail.core.db import session
from retail.core.errors import Refused
from retail.core.events import emit
from retail.core.money import ZERO, minor_unit, round_to
from retail.core.numbers import next_number
from retail.core.tenancy import insert_owned
from retail.events.purchasing import PurchaseReceived
from retail.finance import services as finance
from retail.finance.services import Posting
from retail.inventory import services as inventory
from retail.inventory.services import Movement, Named
from retail.purchasing.costing import Charge, Load, spread_landed
from retail.purchasing.models import (
    CHARGE_KINDS,
    OPEN_STATES,
    SPREADS,
    GoodsReceipt,
    LandedCost,
    PurchaseLine,
    PurchaseOrder,
    ReceivedLine,
    SupplierItem,
)
from retail.purchasing.services.billing import match_again
from retail.purchasing.services.ordering import new_key, settle
from retail.purchasing.services.suppliers import learn_cost
from retail.tenancy.queries import current_tenant

UNIT = Decimal("0.0001")


@dataclass(frozen=True)
class Arrival:
    """What came of one line of an order: `good` goes into stock, `damaged` is refused and costs nothing. With
    `no_more` what is still missing will not come. `named` are the lots or pieces of what goes into stock."""

    line_id: int
    good: Decimal
    damaged: Decimal = ZERO
    note: str = ""
    no_more: bool = False
    named: tuple[Named, ...] = ()


def receive_order(
    order: PurchaseOrder,
    arrivals: Sequence[Arrival],
    *,
    charges: Sequence[Charge] = (),
    rate: Decimal | None = None,
    reference: str = "",
    key: str = "",
) -> GoodsReceipt:
    """Take a delivery in: goods into stock at what they cost, landed costs on top, the order brought up to date.

    `rate` is what the order's currency is worth today; left out, that of the order. With a `key` used before it is the
    receipt of the first time. Refused when nothing came, for more than the supplier's tolerance allows, and for landed
    costs that cannot be spread. Whatever is missing stays on back order, unless it is within the tolerance.
    """
    if key and (known := session.scalar(select(GoodsReceipt).where(GoodsReceipt.key == key))):
        return known
    if order.state not in OPEN_STATES:
        raise Refused(_("Nothing is expected of %(number)s.", number=order.number))
    lines = {line.id: line for line in order.lines}
    came = [one for one in arrivals if one.good or one.damaged or one.no_more]
    if not any(one.good or one.damaged for one in came):
        raise Refused(_("Scan or type what came."), field="lines")
    for one in came:
        _check_arrival(order, lines[one.line_id], one)
    day_rate = order.rate if rate is None or order.currency == current_tenant().currency else rate
    if day_rate <= 0:
        raise Refused(_("Give what one %(code)s is worth, above zero.", code=order.currency), field="rate")
    goods = [one for one in came if one.good]
    values = [round_to(one.good * lines[one.line_id].unit_cost * day_rate, UNIT) for one in goods]
    landed = _landed(order, [(lines[one.line_id], one.good) for one in goods], values, charges)
    today, instant = current_tenant().today(), now()
    receipt = GoodsReceipt(
        key=key or new_key(),
        order_id=order.id,
        supplier_id=order.supplier_id,
        location_id=order.location_id,
        number="",
        reference=" ".join(reference.split())[:200],
        rate=day_rate,
        value=sum(values, ZERO),
        landed=sum(landed, ZERO),
        on_time=order.expected_on is None or today <= order.expected_on,
        business_date=today,
        occurred_at=instant,
        user_id=current_actor().user_id,
    )
    _into_stock(order, receipt, [lines[one.line_id] for one in goods], goods, values, landed)
    session.add(receipt)
    session.flush()
    worth = dict(zip((one.line_id for one in goods), zip(values, landed, strict=True), strict=True))
    insert_owned(
        ReceivedLine,
        [
            {
                "receipt_id": receipt.id,
                "order_line_id": one.line_id,
                "supplier_id": order.supplier_id,
                "variant_id": lines[one.line_id].variant_id,
                "quantity": one.good,
                "damaged": one.damaged,
                "note": " ".join(one.note.split())[:200],
                "unit_cost": lines[one.line_id].unit_cost,
                "value": worth.get(one.line_id, (ZERO, ZERO))[0],
                "landed": worth.get(one.line_id, (ZERO, ZERO))[1],
                "settled": ZERO,
                "cleared": ZERO,
                "returned": ZERO,
                "days": (today - order.business_date).days,
                "business_date": today,
            }
            for one in came
            if one.good or one.damaged
        ],
    )
    for charge in charges:
        if charge.amount:
            session.add(LandedCost(receipt_id=receipt.id, kind=charge.kind, amount=charge.amount, spread=charge.spread))
    _keep_lines(order, lines, came)
    record("receive", "purchase_orders", order.id, f"{order.number} {receipt.number}", {"value": str(receipt.value)})
    emit(
        PurchaseReceived(
            purchase_order_id=order.id,
            location_id=order.location_id,
            number=order.number,
            receipt=receipt.number,
            complete=order.state == "received",
        )
    )
    return receipt


def _check_arrival(order: PurchaseOrder, line: PurchaseLine, one: Arrival) -> None:
    if one.good < 0 or one.damaged < 0:
        raise Refused(_("%(name)s: what came is not below zero.", name=line.description), field="lines")
    most = line.quantity * (1 + order.supplier.over_tolerance)
    if line.received + one.good > most:
        raise Refused(
            _(
                "%(name)s: %(ordered)s were ordered and %(came)s came; at most %(most)s are taken from %(supplier)s."
                " Leave the rest, or amend the order first.",
                name=line.description,
                ordered=_plain(line.quantity),
                came=_plain(line.received + one.good),
                most=_plain(most),
                supplier=order.supplier.name,
            ),
            field="lines",
        )


def _plain(quantity: Decimal) -> str:
    return f"{quantity.normalize():f}"


def _landed(
    order: PurchaseOrder,
    goods: Sequence[tuple[PurchaseLine, Decimal]],
    values: Sequence[Decimal],
    charges: Sequence[Charge],
) -> list[Decimal]:
    wanted = [one for one in charges if one.amount]
    if not wanted:
        return [ZERO] * len(goods)
    if not goods:
        raise Refused(_("There are no goods to bear these costs; enter them with those that come."), field="charges")
    for one in wanted:
        if one.amount < 0 or one.kind not in CHARGE_KINDS or one.spread not in SPREADS:
            raise Refused(
                _("A cost of delivery is not below zero, and is spread by value, quantity or weight."), field="charges"
            )
    weights = _weights(order, [line for line, _quantity in goods])
    loads = [
        Load(quantity, value, weights[line.variant_id] * quantity if line.variant_id in weights else None)
        for (line, quantity), value in zip(goods, values, strict=True)
    ]
    if any(one.spread == "weight" for one in wanted):
        for line, _quantity in goods:
            if line.variant_id not in weights:
                raise Refused(
                    _(
                        "The weight of %(name)s is unknown. Give it with the supplier's articles, or spread by value.",
                        name=line.description,
                    ),
                    field="charges",
                )
    return spread_landed(loads, wanted, minor_unit(current_tenant().currency))


def _weights(order: PurchaseOrder, lines: Sequence[PurchaseLine]) -> dict[int, Decimal]:
    rows = session.execute(
        select(SupplierItem.variant_id, SupplierItem.weight).where(
            SupplierItem.supplier_id == order.supplier_id,
            SupplierItem.variant_id.in_([line.variant_id for line in lines]),
            SupplierItem.weight.is_not(None),
        )
    )
    return {row.variant_id: row.weight for row in rows}


def _into_stock(
    order: PurchaseOrder,
    receipt: GoodsReceipt,
    lines: Sequence[PurchaseLine],
    goods: Sequence[Arrival],
    values: Sequence[Decimal],
    landed: Sequence[Decimal],
) -> None:
    if not goods:
        receipt.number = next_number("refused delivery", "RD-")
        return
    paper = inventory.receive(
        order.location_id,
        [
            Movement(
                line.variant_id,
                order.location_id,
                one.good,
                unit_cost=round_to((value + extra) / one.good, UNIT),
                value=value + extra,
                note=" ".join(one.note.split())[:200],
                named=one.named,
            )
            for line, one, value, extra in zip(lines, goods, values, landed, strict=True)
        ],
        f"{order.number} {receipt.reference}".strip(),
        key=receipt.key,
    )
    receipt.document_id, receipt.number = paper.id, paper.number
    finance.post(
        Posting(
            "receipt",
            paper.id,
            f"{paper.number} {order.number}",
            paper.business_date,
            {"2100": receipt.landed, "2110": -receipt.landed},
        )
    )


def _keep_lines(order: PurchaseOrder, lines: dict[int, PurchaseLine], came: Sequence[Arrival]) -> None:
    for one in came:
        line = lines[one.line_id]
        line.received += one.good
        line.damaged += one.damaged
        if one.no_more or line.to_come <= line.quantity * order.supplier.under_tolerance:
            line.short += line.to_come
        if one.good:
            learn_cost(order.supplier_id, line.variant_id, line.unit_cost, line.supplier_code)
    settle(order)
    match_again(order)
