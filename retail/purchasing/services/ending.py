"""An order ends: called off, closed short, put away."""

from __future__ import annotations

from flask_babel import gettext as _

from retail.core.audit import record
from retail.core.db import session
from retail.core.errors import Refused
from retail.core.events import emit
from retail.events.purchasing import PurchaseCancelled
from retail.purchasing.models import ORDER_FLOW, PurchaseOrder
from retail.purchasing.services.ordering import LONGEST_TEXT, settle, tell_stock


def cancel(order: PurchaseOrder, reason: str) -> None:
    """Call an order off of which nothing came. Refused without a reason once the supplier has it."""
    if order.state in {"sent", "approved"} and not reason.strip():
        raise Refused(_("Say why the order is called off."), field="reason")
    if not ORDER_FLOW.can(order, "cancelled"):
        raise Refused(
            _("Goods of %(number)s have come; close it short instead of calling it off.", number=order.number)
        )
    ORDER_FLOW.move(order, "cancelled")
    order.closed_reason = reason.strip()[:LONGEST_TEXT]
    session.flush()
    tell_stock(order)
    record("cancel", "purchase_orders", order.id, order.number, {"reason": [None, order.closed_reason]})
    emit(
        PurchaseCancelled(
            purchase_order_id=order.id, location_id=order.location_id, number=order.number, reason=order.closed_reason
        )
    )


def close_short(order: PurchaseOrder, reason: str) -> None:
    """What has not come will not come any more. Refused without a reason, and when nothing is missing."""
    if order.state != "part_received":
        raise Refused(_("Of %(number)s nothing is missing.", number=order.number))
    if not reason.strip():
        raise Refused(_("Say why the rest will not come."), field="reason")
    for line in order.lines:
        line.short += line.to_come
    order.closed_reason = reason.strip()[:LONGEST_TEXT]
    settle(order)
    record("close_short", "purchase_orders", order.id, order.number, {"reason": [None, order.closed_reason]})


def close(order: PurchaseOrder) -> None:
    """Put an order away of which all has come; what is not billed yet stays in the clearing account and can be."""
    ORDER_FLOW.move(order, "closed")
    session.flush()
    record("close", "purchase_orders", order.id, order.number, {})
