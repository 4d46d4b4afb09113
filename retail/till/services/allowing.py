"""How far whoever is at the till goes alone, and what they have to ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from flask_babel import gettext as _

from retail.core.errors import NeedsApproval
from retail.core.money import ZERO
from retail.identity import approval_services as approvals
from retail.orders.models import Order
from retail.orders.queries import reversals_of
from retail.permissions import Can
from retail.pricing.services import HUNDRED, Priced


@dataclass(frozen=True)
class Allowance:
    """How far whoever is at the till goes alone: the largest discount in percent, what they may refund and void in
    money (None is any amount); and the token of a colleague's approval for going further this once. All of it has to be
    said: what is forgotten must not be without limit."""

    discount: Decimal
    refund: Decimal | None
    void: Decimal | None
    approval: str = ""


WITHOUT_LIMITS = Allowance(discount=HUNDRED, refund=None, void=None)
"""For what nobody at a till does, such as made-up history."""


def check_discount(priced: Priced, largest_percent: Decimal, key: str) -> None:
    """NeedsApproval when a line is reduced by more than the person may give. The approval is for this cart (`key`) and
    these reductions: other goods at their full price may be added, but nothing about what is reduced may change."""
    if priced.is_reduced_beyond(largest_percent):
        reduced = [
            (one.line.variant_id, str(one.line.quantity.normalize()), str(one.discount.normalize()))
            for one in priced.lines
            if one.discount
        ]
        raise NeedsApproval(
            _(
                "A discount of %(given)s %% is more than the %(most)s %% you may give; ask a manager.",
                given=f"{priced.deepest_discount_percent:.0f}",
                most=f"{largest_percent:f}",
            ),
            permission=Can.DISCOUNT,
            field="discount",
            action="discount",
            measure=priced.deepest_discount_percent,
            amount=sum((one.discount for one in priced.lines), ZERO),
            bound_to=approvals.fingerprint("cart", key, sorted(reduced)),
        )


def check_given_back(
    kind: str,
    limit: Decimal | None,
    order: Order,
    amount: Decimal,
    quantities: Mapping[int, Decimal],
    method: str | None,
) -> None:
    """NeedsApproval when more is given back than the person may give alone: `kind` is refund or void. What was given
    back of the sale before counts too, so that a large refund is not made of small ones."""
    if limit is None:
        return
    reached = amount - sum((one.total for one in reversals_of(order.id)), ZERO)
    if reached <= limit:
        return
    lines = sorted((line_id, str(quantity.normalize())) for line_id, quantity in quantities.items() if quantity)
    raise NeedsApproval(
        _("A manager must approve this refund.")
        if kind == "refund"
        else _("A manager must approve voiding this sale."),
        permission=Can.REFUND if kind == "refund" else Can.VOID,
        action=kind,
        measure=reached,
        amount=amount,
        bound_to=approvals.fingerprint(kind, order.id, lines, method),
        location_id=order.location_id,
    )
