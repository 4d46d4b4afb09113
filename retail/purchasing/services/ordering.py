"""An order is drawn up, approved, sent, amended, called off and closed."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from flask_babel import gettext as _
from sqlalchemy import delete, select

from retail.catalog.models import Variant
from retail.core.audit import current_actor, record
from retail.core.clock import now
from retail.core.db import session
from retail.core.errors import NotFound, Refused
from retail.core.events import emit
from retail.core.money import ZERO, to_minor
from retail.core.numbers import next_number
from retail.core.places import everywhere, is_here
from retail.events.purchasing import (
    PurchaseApproved,
    PurchaseSent,
    PurchaseSubmitted,
)
from retail.identity.models import User
from retail.inventory import services as inventory
from retail.purchasing.costing import cost_at
from retail.purchasing.models import (
    OPEN_STATES,
    ORDER_FLOW,
    PriceBreak,
    PurchaseLine,
    PurchaseOrder,
    Supplier,
    SupplierItem,
)
from retail.tenancy.models import Location
from retail.tenancy.queries import current_tenant

MOST_LINES = 500
LONGEST_TEXT = 400


@dataclass(frozen=True)
class OrderedLine:
    """So many of a variant; without a cost that of the supplier's list, breaks included."""

    variant_id: int
    quantity: Decimal
    unit_cost: Decimal | None = None


def new_key() -> str:
    """A key for one document to come; the form carries it, so that sending it twice makes one."""
    return secrets.token_urlsafe(12)


def draw_up(
    supplier_id: int,
    location_id: int,
    lines: Sequence[OrderedLine] = (),
    *,
    key: str = "",
    source: str = "hand",
    expected_on: date | None = None,
    rate: Decimal | None = None,
) -> PurchaseOrder:
    """A draft for a supplier, to be delivered to a location; expected after the supplier's lead time unless said.

    With a `key` used before it is the order of the first time. Refused for an archived supplier, a closed location, and
    lines that cannot be ordered.
    """
    if key and (known := session.scalar(select(PurchaseOrder).where(PurchaseOrder.key == key))):
        return known
    supplier = session.scalar(select(Supplier).where(Supplier.id == supplier_id))
    if supplier is None:
        raise NotFound(_("There is no such supplier."), field="supplier")
    if supplier.archived_at is not None:
        raise Refused(_("%(name)s is archived; bring it back first.", name=supplier.name), field="supplier")
    _check_place(location_id)
    today = current_tenant().today()
    order = PurchaseOrder(
        number=next_number("purchase order", "PO-"),
        key=key or new_key(),
        source=source,
        supplier_id=supplier.id,
        location_id=location_id,
        currency=supplier.currency,
        rate=rate or usual_rate(supplier.currency),
        created_at=now(),
        business_date=today,
        expected_on=expected_on or today + timedelta(days=supplier.lead_days),
        user_id=current_actor().user_id,
    )
    session.add(order)
    session.flush()
    if lines:
        write_lines(order, lines)
    return order


def usual_rate(currency: str) -> Decimal:
    """What one of a currency was worth on the last order in it; 1 in the shop's own, and before the first."""
    if currency == current_tenant().currency:
        return Decimal(1)
    orders = select(PurchaseOrder.rate).where(PurchaseOrder.currency == currency)
    with everywhere():
        last = session.scalar(orders.order_by(PurchaseOrder.id.desc()).limit(1))
    return last or Decimal(1)


def _check_place(location_id: int) -> None:
    place = session.scalar(select(Location).where(Location.id == location_id))
    if place is None or not is_here(location_id):
        raise NotFound(_("There is no such location."), field="location")
    if not place.active:
        raise Refused(_("%(name)s is closed; choose another location.", name=place.name), field="location")


def locked(order_id: int) -> PurchaseOrder:
    """An order, locked until the transaction ends. NotFound when there is none."""
    order = session.scalar(
        select(PurchaseOrder)
        .where(PurchaseOrder.id == order_id)
        .with_for_update(of=PurchaseOrder)
        .execution_options(populate_existing=True)
    )
    if order is None:
        raise NotFound(_("There is no such purchase order."))
    return order


def set_head(
    order: PurchaseOrder, *, location_id: int, expected_on: date | None, rate: Decimal, reference: str, note: str
) -> None:
    """Where and when a draft is to be delivered, at which rate, and what is written on it."""
    _only(order, ("draft",), _("Only a draft can be changed so; amend the order instead."))
    _check_place(location_id)
    if rate <= 0:
        raise Refused(_("Give what one %(code)s is worth, above zero.", code=order.currency), field="rate")
    if expected_on is not None and expected_on < order.business_date:
        raise Refused(_("Goods cannot be expected before they are ordered."), field="expected_on")
    order.location_id, order.expected_on = location_id, expected_on
    order.rate = Decimal(1) if order.currency == current_tenant().currency else rate
    order.reference = " ".join(reference.split())[:LONGEST_TEXT]
    order.note = note.strip()[:LONGEST_TEXT]
    session.flush()


def write_lines(order: PurchaseOrder, lines: Sequence[OrderedLine]) -> None:
    """Say what a draft orders, in place of what it said. Refused for quantities of nothing and costs below zero."""
    _only(order, ("draft",), _("Only a draft can be changed so; amend the order instead."))
    session.execute(delete(PurchaseLine).where(PurchaseLine.order_id == order.id))
    session.add_all(_as_lines(order, lines))
    session.flush()
    sum_up(order)


def _as_lines(order: PurchaseOrder, lines: Sequence[OrderedLine]) -> list[PurchaseLine]:
    if len(lines) > MOST_LINES:
        raise Refused(_("An order holds %(n)s lines; make a second one.", n=MOST_LINES), field="lines")
    variants = _variants(one.variant_id for one in lines)
    items = items_of(order.supplier_id, variants)
    made = []
    for position, one in enumerate(lines):
        variant = variants[one.variant_id]
        item = items.get(variant.id)
        if one.quantity <= 0:
            raise Refused(_("%(name)s: give a quantity of more than nothing.", name=variant.name), field="lines")
        cost = one.unit_cost if one.unit_cost is not None else listed_cost(item, one.quantity, variant.cost, order.rate)
        if cost < 0:
            raise Refused(_("%(name)s: a cost is not below zero.", name=variant.name), field="lines")
        made.append(
            PurchaseLine(
                order_id=order.id,
                variant_id=variant.id,
                position=position,
                description=variant.name,
                supplier_code=item[0].code if item else "",
                quantity=one.quantity,
                unit_cost=cost,
            )
        )
    return made


def _variants(variant_ids: Iterable[int]) -> dict[int, Variant]:
    wanted = list(variant_ids)
    if len(set(wanted)) < len(wanted):
        raise Refused(_("An article stands on one line of an order; put its quantities together."), field="lines")
    found = {one.id: one for one in session.scalars(select(Variant).where(Variant.id.in_(wanted)))}
    if lost := set(wanted) - set(found):
        raise NotFound(_("There is no product variant %(id)s.", id=min(lost)), field="lines")
    return found


Item = tuple[SupplierItem, list[tuple[Decimal, Decimal]]]
"""What a supplier says of a variant, and its price breaks: from how many, cost of one."""


def items_of(supplier_id: int, variant_ids: Iterable[int]) -> dict[int, Item]:
    """What a supplier says of each of these variants that they sell."""
    rows = session.scalars(
        select(SupplierItem).where(
            SupplierItem.supplier_id == supplier_id, SupplierItem.variant_id.in_(list(variant_ids))
        )
    )
    found: dict[int, Item] = {one.variant_id: (one, []) for one in rows}
    by_item = {item.id: breaks for item, breaks in found.values()}
    for row in session.scalars(select(PriceBreak).where(PriceBreak.item_id.in_(by_item))):
        by_item[row.item_id].append((row.from_quantity, row.cost))
    return found


def listed_cost(item: Item | None, quantity: Decimal, last_cost: Decimal | None, rate: Decimal) -> Decimal:
    """What one costs at this supplier, in their currency; the last cost known where they have none listed."""
    if item is not None:
        return cost_at(quantity, item[0].cost, item[1])
    return round((last_cost or ZERO) / rate, 4)


def sum_up(order: PurchaseOrder) -> None:
    """Bring the sum of an order up to date with its lines."""
    session.refresh(order, ["lines"])
    order.net = sum((to_minor(line.net, order.currency) for line in order.lines), ZERO)
    session.flush()


def _only(order: PurchaseOrder, states: Sequence[str], otherwise: str) -> None:
    if order.state not in states:
        raise Refused(otherwise)


def worth_of(order: PurchaseOrder) -> Decimal:
    """What an order comes to in the shop's currency."""
    return to_minor(order.net * order.rate, current_tenant().currency)


def tell_stock(order: PurchaseOrder) -> None:
    """Let stock know what an order still brings, and when; nothing once it is through or called off."""
    coming = {(line.variant_id, order.location_id): line.to_come for line in order.lines if line.to_come}
    inventory.expect("purchase_order", order.id, coming if order.state in OPEN_STATES else {}, order.expected_on)


def is_within(limit: Decimal | None, order: PurchaseOrder) -> bool:
    """Whether an order is within somebody's limit, an amount in the shop's currency; None is no limit."""
    return limit is None or worth_of(order) <= limit


def submit(order: PurchaseOrder, limit: Decimal | None) -> bool:
    """Let a draft become an order: at once when it is within the limit of whoever acts, else it waits for approval.

    Returns whether it is approved. Refused without lines, and below the supplier's smallest order.
    """
    _only(order, ("draft",), _("%(number)s is no draft any more.", number=order.number))
    if not order.lines:
        raise Refused(_("Add at least one article to the order."), field="lines")
    least = order.supplier.minimum_order
    if order.net < least:
        raise Refused(
            _(
                "%(name)s takes orders from %(least)s %(code)s; this one comes to %(net)s.",
                name=order.supplier.name,
                least=f"{least:f}",
                code=order.currency,
                net=f"{order.net:f}",
            ),
            field="lines",
        )
    if is_within(limit, order):
        _approve(order)
        return True
    ORDER_FLOW.move(order, "to_approve")
    session.flush()
    record("submit", "purchase_orders", order.id, order.number, {"net": str(order.net)})
    emit(
        PurchaseSubmitted(
            purchase_order_id=order.id,
            location_id=order.location_id,
            number=order.number,
            supplier=order.supplier.name,
            net=str(order.net),
            currency=order.currency,
            user_id=order.user_id,
        )
    )
    return False


def _approve(order: PurchaseOrder) -> None:
    ORDER_FLOW.move(order, "approved")
    order.approved_by_id, order.approved_at, order.approved_net = current_actor().user_id, now(), order.net
    session.flush()
    tell_stock(order)
    record("approve", "purchase_orders", order.id, order.number, {"net": str(order.net)})
    emit(
        PurchaseApproved(
            purchase_order_id=order.id, location_id=order.location_id, number=order.number, user_id=order.approved_by_id
        )
    )


def approve(order: PurchaseOrder, limit: Decimal | None) -> None:
    """Approve an order that somebody else made. Refused for one's own, and beyond one's own limit."""
    _only(order, ("to_approve",), _("%(number)s does not wait for approval.", number=order.number))
    if not is_within(limit, order):
        raise Refused(_("This order is beyond your own limit; ask somebody with a higher one."))
    if order.user_id is not None and order.user_id == current_actor().user_id:
        raise Refused(_("Your own order is approved by somebody else."))
    _approve(order)


def hand_back(order: PurchaseOrder, why: str) -> None:
    """Return an order that waits for approval to whoever made it, with a reason."""
    _only(order, ("to_approve",), _("%(number)s does not wait for approval.", number=order.number))
    if not why.strip():
        raise Refused(_("Say what is to be changed."), field="reason")
    ORDER_FLOW.move(order, "draft")
    session.flush()
    record("hand_back", "purchase_orders", order.id, order.number, {"reason": [None, why.strip()[:LONGEST_TEXT]]})


def mark_sent(order: PurchaseOrder) -> None:
    """An approved order is with its supplier: by mail, or as somebody says by telephone."""
    if order.state not in {"approved", "part_received"}:
        raise Refused(_("%(number)s is not approved, or was sent already.", number=order.number))
    if order.state == "approved":
        ORDER_FLOW.move(order, "sent")
    order.sent_at = now()
    session.flush()
    record("send", "purchase_orders", order.id, order.number, {"revision": str(order.revision)})
    emit(
        PurchaseSent(
            purchase_order_id=order.id,
            location_id=order.location_id,
            number=order.number,
            supplier=order.supplier.name,
            revision=order.revision,
        )
    )


def settle(order: PurchaseOrder) -> None:
    """Bring the state of an order up to date with what came of it and what was billed."""
    session.flush()
    complete = all(not line.to_come for line in order.lines)
    if order.state in {"approved", "sent", "part_received"} and any(
        line.received + line.damaged for line in order.lines
    ):
        ORDER_FLOW.move(order, "received" if complete else "part_received")
        if complete:
            order.received_on = current_tenant().today()
    is_billed = any(line.billed for line in order.lines) and not any(line.to_bill for line in order.lines)
    if order.state == "received" and is_billed:
        ORDER_FLOW.move(order, "billed")
    session.flush()
    tell_stock(order)


def copy(order: PurchaseOrder) -> PurchaseOrder:
    """A new draft for the same supplier with the same articles, at what they cost today."""
    stocked = set(
        session.scalars(
            select(Variant.id).where(
                Variant.id.in_([line.variant_id for line in order.lines]), Variant.archived_at.is_(None)
            )
        )
    )
    items = items_of(order.supplier_id, stocked)
    lines = [
        OrderedLine(line.variant_id, line.quantity, None if line.variant_id in items else line.unit_cost)
        for line in order.lines
        if line.variant_id in stocked
    ]
    return draw_up(order.supplier_id, order.location_id, lines, source="copy")


def made_by(order: PurchaseOrder) -> str:
    """Who drew an order up; empty for the program itself."""
    return session.scalar(select(User.name).where(User.id == order.user_id)) or ""
