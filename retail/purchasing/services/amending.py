"""An order that was approved is amended; what it was before is kept."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _

from retail.core.audit import current_actor, record
from retail.core.clock import now
from retail.core.db import session
from retail.core.errors import Refused
from retail.core.money import ZERO
from retail.purchasing.models import ORDER_FLOW, PurchaseOrder, PurchaseRevision
from retail.purchasing.services.ordering import LONGEST_TEXT, is_within, settle, sum_up, tell_stock

AMENDABLE = ("approved", "sent", "part_received")


def amend(
    order: PurchaseOrder,
    quantities: Mapping[int, Decimal],
    costs: Mapping[int, Decimal],
    reason: str,
    limit: Decimal | None,
) -> bool:
    """Change quantities and costs, by line, of an order that was approved; what it was is kept as a revision.

    A quantity of what has come already takes the rest off. Beyond what was approved and one's own limit the order waits
    for approval again; returns whether it still stands. Refused without a reason, for less than has come, and for costs
    of goods that have come.
    """
    if order.state not in AMENDABLE:
        raise Refused(_("%(number)s cannot be amended now.", number=order.number))
    if not reason.strip():
        raise Refused(_("Say why the order is amended; the supplier asks."), field="reason")
    changes = _amended(order, quantities, costs)
    if not changes:
        raise Refused(_("Nothing was changed."), field="lines")
    before = order.net
    session.flush()
    sum_up(order)
    order.revision += 1
    actor = current_actor()
    session.add(
        PurchaseRevision(
            order_id=order.id,
            number=order.revision,
            reason=reason.strip()[:LONGEST_TEXT],
            changes=changes,
            net_before=before,
            net_after=order.net,
            occurred_at=now(),
            user_id=actor.user_id,
            user_name=actor.name,
        )
    )
    record("amend", "purchase_orders", order.id, order.number, {"net": [str(before), str(order.net)]})
    stands = order.net <= (order.approved_net or ZERO) or is_within(limit, order)
    if order.state == "part_received":
        if not stands:
            raise Refused(_("This raises the order beyond your limit; ask somebody with a higher one to amend it."))
        settle(order)
    elif not stands:
        order.user_id = actor.user_id
        ORDER_FLOW.move(order, "to_approve")
    elif order.state == "sent":
        # The supplier has the order as it was; it is sent once more.
        ORDER_FLOW.move(order, "approved")
    session.flush()
    tell_stock(order)
    return stands


def _amended(
    order: PurchaseOrder, quantities: Mapping[int, Decimal], costs: Mapping[int, Decimal]
) -> list[dict[str, Any]]:
    changes: list[dict[str, Any]] = []
    for line in order.lines:
        quantity, cost = quantities.get(line.id, line.quantity), costs.get(line.id, line.unit_cost)
        if (quantity, cost) == (line.quantity, line.unit_cost):
            continue
        if quantity < line.received + line.short or quantity < 0:
            raise Refused(
                _("%(name)s: %(n)s came already.", name=line.description, n=f"{line.received.normalize():f}"),
                field="lines",
            )
        if cost < 0 or (cost != line.unit_cost and line.received):
            raise Refused(
                _(
                    "%(name)s: the cost of what has come stands; the bill will show the difference.",
                    name=line.description,
                ),
                field="lines",
            )
        changes.append(
            {
                "line": line.description,
                "quantity": [f"{line.quantity.normalize():f}", f"{quantity.normalize():f}"],
                "cost": [f"{line.unit_cost.normalize():f}", f"{cost.normalize():f}"],
            }
        )
        line.quantity, line.unit_cost = quantity, cost
    return changes
