"""Arithmetic of buying without a database: what an article costs, packs, and how landed costs are spread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from retail.core.money import ZERO, share_out


@dataclass(frozen=True)
class Charge:
    """What bringing goods in cost: its kind, how much, and by what it is spread (see `models.SPREADS`)."""

    kind: str
    amount: Decimal
    spread: str


@dataclass(frozen=True)
class Load:
    """One line of a delivery as a landed cost sees it; `weight` is that of all its pieces, None when not known."""

    quantity: Decimal
    value: Decimal
    weight: Decimal | None = None


def cost_at(quantity: Decimal, cost: Decimal, breaks: Sequence[tuple[Decimal, Decimal]]) -> Decimal:
    """What one costs when `quantity` are ordered: that of the highest break reached, else the usual one."""
    reached = [(many, lower) for many, lower in breaks if many <= quantity]
    return max(reached)[1] if reached else cost


def in_packs(quantity: Decimal, pack: Decimal, minimum: Decimal = ZERO, most: Decimal | None = None) -> Decimal:
    """The least number of whole packs that holds `quantity` and `minimum`; with `most`, no more packs than fit below
    it, unless not even `minimum` fits. Nothing for nothing."""
    if quantity <= 0:
        return ZERO
    wanted = (max(quantity, minimum) / pack).to_integral_value(ROUND_CEILING)
    if most is not None:
        least = (max(minimum, pack) / pack).to_integral_value(ROUND_CEILING)
        wanted = max(min(wanted, (most / pack).to_integral_value(ROUND_FLOOR)), least)
    return wanted * pack


def spread_landed(loads: Sequence[Load], charges: Sequence[Charge], step: Decimal) -> list[Decimal]:
    """Each line's share of all charges, in multiples of `step`; they add up to the charges exactly.

    By `value`, `quantity` or `weight`, each charge by its own. Raises ValueError when a charge goes by weight and a
    line has none.
    """
    shares = [ZERO] * len(loads)
    for charge in charges:
        for at, part in enumerate(share_out(charge.amount, _weights(loads, charge.spread), step)):
            shares[at] += part
    return shares


def _weights(loads: Sequence[Load], spread: str) -> list[Decimal]:
    if spread == "weight":
        known = [one.weight for one in loads if one.weight is not None]
        if len(known) < len(loads):
            raise ValueError("a line has no weight")
        return known
    return [one.quantity if spread == "quantity" else one.value for one in loads]
