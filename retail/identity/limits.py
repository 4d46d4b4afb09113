"""How far somebody goes without a colleague's approval: the limits of their role, beside its permissions."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from retail.core.places import Places
from retail.identity.models import Role
from retail.permissions import Can

PERMISSION_OF = {
    "discount": Can.DISCOUNT,
    "refund": Can.REFUND,
    "void": Can.VOID,
    "purchase": Can.ORDER_GOODS,
    "adjustment": Can.ADJUST_STOCK,
}
"""The actions that have limits, and the permission each of them needs besides."""


@dataclass(frozen=True)
class Limits:
    """The largest discount in percent, and what may be refunded, voided, ordered and corrected of stock in the shop's
    currency; None is no limit."""

    discount: Decimal = Decimal(0)
    refund: Decimal | None = Decimal(0)
    void: Decimal | None = Decimal(0)
    purchase: Decimal | None = Decimal(0)
    adjustment: Decimal | None = Decimal(0)

    def of(self, action: str) -> Decimal | None:
        """The limit of `discount`, `refund`, `void`, `purchase` or `adjustment`."""
        found: Decimal | None = getattr(self, action)
        return found

    def allow(self, action: str, measure: Decimal) -> bool:
        """Whether somebody with these limits may go as far as `measure` alone."""
        limit = self.of(action)
        return limit is None or measure <= limit

    def beyond(self, others: Limits) -> list[str]:
        """The actions in which these limits reach further than another's."""
        found = []
        for action in PERMISSION_OF:
            mine, theirs = self.of(action), others.of(action)
            if theirs is not None and (mine is None or mine > theirs):
                found.append(action)
        return found


NO_LIMITS = Limits(Decimal(100), None, None, None, None)


def limits_of(role: Role) -> Limits:
    """What a role sets."""
    return Limits(
        Decimal(role.largest_discount_percent),
        role.largest_refund,
        role.largest_void,
        role.largest_purchase,
        role.largest_adjustment,
    )


@dataclass(frozen=True)
class Powers:
    """What somebody's role lets them do, how far they go alone, and at which places: nobody gives, copies or touches
    what reaches further."""

    permissions: frozenset[str]
    limits: Limits
    places: Places = None

    def cover(self, role: Role) -> bool:
        """Whether a role allows nothing beyond these. A limit counts where the role has the permission it rides on."""
        further = limits_of(role).beyond(self.limits)
        return set(role.permissions) <= self.permissions and not any(
            PERMISSION_OF[action] in role.permissions for action in further
        )
