"""How far whoever is at the till goes alone."""

from __future__ import annotations

from decimal import Decimal

from retail.core.module import can, person_or_none
from retail.core.money import ZERO
from retail.permissions import Can
from retail.till.services import Allowance


def allowance_of(token: str) -> Allowance:
    """How far whoever makes this request goes alone, and the approval they have for going further."""
    limits = person_or_none().limits
    discount = Decimal(limits.discount) if can(Can.DISCOUNT) else ZERO
    return Allowance(discount=discount, refund=limits.refund, void=limits.void, approval=token)
