"""Who is told of orders, bills and what the night ordered."""

from __future__ import annotations

from decimal import Decimal

from flask_babel import gettext as _

from retail.core.events import on
from retail.core.shown import money
from retail.events.purchasing import BillHeld, PurchaseSubmitted, Replenished
from retail.notifications.queries import who_can
from retail.notifications.services import Message, notify
from retail.permissions import Can
from retail.tenancy.queries import current_tenant


@on(PurchaseSubmitted)
def tell_of_order_to_approve(happening: PurchaseSubmitted) -> None:
    """An order waits for those who may approve it, but for who made it."""
    message = Message(
        "orders",
        "warning",
        _("%(number)s waits for approval", number=happening.number),
        _(
            "%(supplier)s, %(amount)s.",
            supplier=happening.supplier,
            amount=money(Decimal(happening.net), happening.currency),
        ),
        "purchasing.order_page",
        {"purchase_order_id": happening.purchase_order_id},
        actor=happening.event.user_name,
    )
    notify(set(who_can(Can.APPROVE_PURCHASES)) - {happening.user_id}, message, happening.event.id)


@on(BillHeld)
def tell_of_held_bill(happening: BillHeld) -> None:
    """A bill that differs is told to those who approve bills."""
    message = Message(
        "finance",
        "warning",
        _("%(number)s of %(supplier)s differs", number=happening.number, supplier=happening.supplier),
        _("It cannot be paid before that is settled."),
        "purchasing.bill_page",
        {"supplier_bill_id": happening.supplier_bill_id},
        actor=happening.event.user_name,
    )
    notify(who_can(Can.APPROVE_BILLS), message, happening.event.id)


@on(Replenished)
def tell_of_night_order(happening: Replenished) -> None:
    """What was ordered without anybody looking is told to those who approve orders."""
    message = Message(
        "orders",
        "info",
        _("%(number)s went to %(supplier)s by itself", number=happening.number, supplier=happening.supplier),
        _("The night ordered for %(amount)s.", amount=money(Decimal(happening.net), current_tenant().currency)),
        "purchasing.order_page",
        {"purchase_order_id": happening.purchase_order_id},
    )
    notify(who_can(Can.APPROVE_PURCHASES), message, happening.event.id)
