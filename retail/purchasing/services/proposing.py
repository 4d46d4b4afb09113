"""What the night proposes to order, and what it orders by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete, func, select

from retail.catalog.models import Variant
from retail.core.clock import now
from retail.core.db import session
from retail.core.errors import NotFound, Refused
from retail.core.events import emit
from retail.core.money import ZERO, to_minor
from retail.core.tasks import Task, ask_for
from retail.core.tenancy import insert_owned
from retail.events.purchasing import Replenished
from retail.intelligence.queries import running_task
from retail.purchasing.costing import cost_at
from retail.purchasing.letters import send_order
from retail.purchasing.models import (
    OrderProposal,
    PurchaseOrder,
    ReplenishmentRule,
    ReplenishmentTrial,
    Supplier,
)
from retail.purchasing.replenish_queries import Candidate
from retail.purchasing.replenishing import advise
from retail.purchasing.services.ordering import OrderedLine, draw_up, submit, usual_rate, worth_of
from retail.tenancy.queries import current_tenant, first_shop

NIGHT_WORK = "purchasing.replenish"
"""The task, which is also the name of the schedule on which it stands."""
TRIAL = "purchasing.trial"
"""The task that plays the rules on history."""
RULES = ("forecast", "min_max", "never")


def keep_proposals(as_of: date, candidates: Iterable[Candidate]) -> int:
    """Look at every candidate and put what it needs in the place of the proposals there were; returns how many are to
    be ordered. Doing it twice changes nothing."""
    rows: list[dict[str, Any]] = []
    for one in candidates:
        found = advise(one.on_hand + one.incoming, one.on_hand, one.demand, one.lead, one.terms)
        if not found.quantity:
            continue
        cost = cost_at(found.quantity, one.cost, one.breaks)
        rows.append(
            {
                "variant_id": one.variant_id,
                "supplier_id": one.supplier_id,
                "as_of": as_of,
                "quantity": found.quantity,
                "unit_cost": cost,
                "cost": to_minor(found.quantity * cost, one.currency),
                "on_hand": one.on_hand,
                "incoming": one.incoming,
                "reorder_point": found.reorder_point,
                "order_up_to": found.order_up_to,
                "cover_days": found.cover_days,
                "figures": _figures(one, asdict(found)),
                "order_id": None,
            }
        )
    session.execute(delete(OrderProposal))
    insert_owned(OrderProposal, rows)
    return len(rows)


def _figures(one: Candidate, found: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers the reasons are written from, as JSON keeps them."""
    return {
        **{name: str(value) for name, value in found.items() if isinstance(value, Decimal)},
        "kind": one.terms.kind,
        "service_level": one.terms.service_level,
        "error": one.demand.error,
        "a_day": round(one.demand.a_day, 2),
        "forecast": bool(one.demand.daily),
        "lead_days": round(one.lead.days, 1),
        "lead_spread": round(one.lead.spread, 1),
        "measured": one.lead.measured,
        "review_days": one.terms.review_days,
        "pack": str(one.terms.pack),
        "minimum": str(one.terms.minimum),
        "floor": None if one.terms.floor is None else str(one.terms.floor),
        "ceiling": None if one.terms.ceiling is None else str(one.terms.ceiling),
    }


def ask_for_proposals() -> Task:
    """Let the proposals be made now; nothing is ordered by itself. Work that is under way already is that work."""
    return running_task(NIGHT_WORK) or ask_for(NIGHT_WORK, orders=False)


def ask_for_trial() -> Task:
    """Let the rules be tried on history."""
    return running_task(TRIAL) or ask_for(TRIAL)


def keep_trial(as_of: date, result: Mapping[str, Any]) -> None:
    """Put the outcome of a trial in the place of the one before."""
    session.execute(delete(ReplenishmentTrial))
    session.add(ReplenishmentTrial(as_of=as_of, computed_at=now(), result=dict(result)))
    session.flush()


def set_rule(variant_id: int, kind: str, minimum: Decimal | None, maximum: Decimal | None) -> None:
    """Say how a variant is ordered again: by `forecast` (between a floor and a ceiling, where given), by `min_max`, or
    `never`. Refused for figures that cannot be."""
    if session.scalar(select(Variant.id).where(Variant.id == variant_id)) is None:
        raise NotFound(_("There is no such article."))
    if kind not in RULES:
        raise Refused(_("Choose how it is ordered again."), field="kind")
    for field, value in (("minimum", minimum), ("maximum", maximum)):
        if value is not None and value < 0:
            raise Refused(_("A quantity is not below zero."), field=field)
    if kind == "min_max" and (minimum is None or maximum is None):
        raise Refused(_("Give both the smallest and the largest quantity."), field="minimum")
    if minimum is not None and maximum is not None and maximum < minimum:
        raise Refused(_("The largest quantity is not below the smallest."), field="maximum")
    row = session.scalar(select(ReplenishmentRule).where(ReplenishmentRule.variant_id == variant_id))
    if kind == "forecast" and minimum is None and maximum is None:
        if row is not None:
            session.delete(row)
    elif row is None:
        session.add(ReplenishmentRule(variant_id=variant_id, kind=kind, minimum=minimum, maximum=maximum))
    else:
        row.kind, row.minimum, row.maximum = kind, minimum, maximum
    if kind == "never":
        session.execute(delete(OrderProposal).where(OrderProposal.variant_id == variant_id))
    session.flush()


def drafts_from(
    proposals: Sequence[OrderProposal], location_id: int | None = None, *, source: str = "proposal"
) -> list[PurchaseOrder]:
    """Turn proposals into drafts, one for each supplier; a proposal is used once. Refused when none is left."""
    open_ones = [one for one in proposals if one.order_id is None]
    if not open_ones:
        raise Refused(_("These proposals have become orders already."))
    place = location_id or first_shop().id
    by_supplier: dict[int, list[OrderProposal]] = {}
    for one in open_ones:
        by_supplier.setdefault(one.supplier_id, []).append(one)
    made = []
    for supplier_id, of_them in sorted(by_supplier.items()):
        lines = [OrderedLine(one.variant_id, one.quantity, one.unit_cost) for one in of_them]
        order = draw_up(supplier_id, place, lines, source=source)
        for one in of_them:
            one.order_id = order.id
        made.append(order)
    session.flush()
    return made


def order_by_itself(supplier: Supplier) -> PurchaseOrder | None:
    """Order what the night proposes of a supplier who may be ordered from without anybody looking, within what is left
    of the month's budget, what runs out first before the rest; and mail it. None when there is nothing, or no room."""
    if not supplier.orders_itself or supplier.archived_at is not None or not supplier.email:
        return None
    chosen, spent = [], ZERO
    room = supplier.monthly_budget - spent_this_month(supplier.id)
    rate = usual_rate(supplier.currency)
    waiting = session.scalars(
        select(OrderProposal).where(OrderProposal.supplier_id == supplier.id, OrderProposal.order_id.is_(None))
    ).all()
    for one in sorted(waiting, key=lambda one: (one.cover_days if one.cover_days is not None else 9999, one.id)):
        cost = one.cost * rate
        if spent + cost <= room:
            chosen.append(one)
            spent += cost
    if not chosen or sum((one.cost for one in chosen), ZERO) < supplier.minimum_order:
        return None
    (order,) = drafts_from(chosen, source="night")
    submit(order, None)
    send_order(order)
    emit(
        Replenished(
            purchase_order_id=order.id,
            location_id=order.location_id,
            number=order.number,
            supplier=supplier.name,
            net=str(worth_of(order)),
        )
    )
    return order


def spent_this_month(supplier_id: int) -> Decimal:
    """What the night has ordered of a supplier this month, in the shop's currency."""
    first = current_tenant().today().replace(day=1)
    rows = session.execute(
        select(PurchaseOrder.currency, PurchaseOrder.rate, func.sum(PurchaseOrder.net, type_=PurchaseOrder.net.type))
        .where(
            PurchaseOrder.supplier_id == supplier_id,
            PurchaseOrder.source == "night",
            PurchaseOrder.business_date >= first,
            PurchaseOrder.state != "cancelled",
        )
        .group_by(PurchaseOrder.currency, PurchaseOrder.rate)
    )
    return sum((row[2] * row[1] for row in rows), ZERO)
