"""The three-way match: what a bill says against what was ordered and what came. Arithmetic only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from retail.core.money import ZERO, to_minor


@dataclass(frozen=True)
class Claim:
    """One line of a bill beside its order: the cost agreed, and how many came, stayed and are on no other bill."""

    order_line_id: int
    name: str
    quantity: Decimal
    unit_cost: Decimal
    agreed: Decimal
    open_quantity: Decimal


@dataclass(frozen=True)
class Difference:
    """What is not as it should be. `kind` is quantity, price, sum, charges or twice; `amount` is what it makes, in the
    currency of the bill; `may_be_accepted` says whether a person can approve it with a reason."""

    kind: str
    name: str
    expected: Decimal
    billed: Decimal
    amount: Decimal
    may_be_accepted: bool = True


def match(
    claims: Sequence[Claim],
    *,
    currency: str,
    tolerance: Decimal,
    stated_total: Decimal,
    charges: Decimal,
    expected_charges: Decimal,
    tax: Decimal,
    seen_before: str = "",
) -> list[Difference]:
    """Everything in which a bill differs from order and receipt; nothing means that it may be approved.

    `tolerance` is the share by which a cost may differ. `seen_before` is the number of an earlier bill with the same
    number of the supplier.
    """
    found: list[Difference] = []
    if seen_before:
        found.append(Difference("twice", seen_before, ZERO, stated_total, stated_total, may_be_accepted=False))
    net = ZERO
    for one in claims:
        line_net = to_minor(one.quantity * one.unit_cost, currency)
        net += line_net
        if one.quantity > one.open_quantity:
            more = to_minor((one.quantity - one.open_quantity) * one.unit_cost, currency)
            found.append(Difference("quantity", one.name, one.open_quantity, one.quantity, more, may_be_accepted=False))
        amount = to_minor(one.quantity * (one.unit_cost - one.agreed), currency)
        if amount and abs(one.unit_cost - one.agreed) > one.agreed * tolerance:
            found.append(Difference("price", one.name, one.agreed, one.unit_cost, amount))
    if charges > expected_charges:
        found.append(Difference("charges", "", expected_charges, charges, charges - expected_charges))
    total = net + charges + tax
    if stated_total != total:
        found.append(Difference("sum", "", total, stated_total, stated_total - total, may_be_accepted=False))
    return found
