"""When to order again, and how much: arithmetic without a database, with every figure the reason is made of.

Every night each article is looked at. What is there and what is coming is its position; at or below the reorder point
an order brings it up to the level that lasts until the next one. Both hold safety stock against an uncertain forecast
and deliveries that take longer than usual.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil, sqrt
from statistics import NormalDist

from retail.core.money import ZERO
from retail.purchasing.costing import in_packs

MEAN_TO_SPREAD = 1.2533
"""The standard deviation of an error whose mean size is one (normal distribution)."""
HORIZON = 28
NIGHT = 1
"""Days between two looks at the stock."""


@dataclass(frozen=True)
class LeadTime:
    """How long deliveries take, in days: usually, and how much that varies (standard deviation). `measured` from so
    many deliveries; 0 when it is what the supplier says."""

    days: float
    spread: float
    measured: int = 0


@dataclass(frozen=True)
class Demand:
    """What is expected to sell: a number of units a day, and the share by which the total over four weeks usually errs
    (None when that is not known)."""

    daily: Sequence[float]
    error: float | None

    def over(self, days: float) -> float:
        """What sells in so many days; beyond the forecast its mean goes on."""
        if not self.daily:
            return 0.0
        whole = min(int(days), len(self.daily))
        return float(sum(self.daily[:whole])) + (days - whole) * self.a_day

    @property
    def a_day(self) -> float:
        return float(sum(self.daily)) / len(self.daily) if self.daily else 0.0

    def spread(self, days: float) -> float:
        """By how much what sells in so many days differs from the forecast (standard deviation). Never less than chance
        alone makes of customers who come one by one."""
        expected = self.over(days)
        chance = sqrt(max(expected, 0.0))
        if self.error is None:
            return chance
        usual = MEAN_TO_SPREAD * self.error * self.over(HORIZON) * sqrt(days / HORIZON)
        return max(usual, chance)


@dataclass(frozen=True)
class Terms:
    """How an article is ordered: packs, the smallest quantity, what a person set, and how sure to be."""

    service_level: float
    review_days: int
    pack: Decimal = Decimal(1)
    minimum: Decimal = ZERO
    kind: str = "forecast"
    floor: Decimal | None = None
    ceiling: Decimal | None = None


@dataclass(frozen=True)
class Advice:
    """What to do about an article, and why."""

    quantity: Decimal
    reorder_point: Decimal
    order_up_to: Decimal
    safety: Decimal
    sells_meanwhile: Decimal
    sells_until_next: Decimal
    cover_days: int | None


def safety_stock(demand: Demand, lead: LeadTime, days: float, service_level: float) -> float:
    """Against surprise over so many days: z · √(spread of demand² + (a day's demand · spread of lead)²)."""
    z = NormalDist().inv_cdf(service_level)
    return max(z, 0.0) * sqrt(demand.spread(days) ** 2 + (demand.a_day * lead.spread) ** 2)


def advise(position: Decimal, on_hand: Decimal, demand: Demand, lead: LeadTime, terms: Terms) -> Advice:
    """What to order of an article whose stock and orders under way come to `position`; nothing while that is above its
    reorder point."""
    waits = lead.days + NIGHT
    lasts = waits + terms.review_days
    meanwhile, until_next = demand.over(waits), demand.over(lasts)
    safety = safety_stock(demand, lead, waits, terms.service_level)
    point = _whole(meanwhile + safety)
    level = max(_whole(until_next + safety_stock(demand, lead, lasts, terms.service_level)), point)
    if terms.kind == "min_max":
        point = terms.floor or ZERO
        level = max(terms.ceiling or point, point)
    else:
        if terms.floor is not None and terms.floor > point:
            point = terms.floor
            level = max(level, point + _whole(demand.over(terms.review_days)))
        if terms.ceiling is not None:
            point, level = min(point, terms.ceiling), min(level, terms.ceiling)
    is_due = terms.kind != "never" and position <= point and level > position
    most = terms.ceiling - position if terms.ceiling is not None else None
    quantity = in_packs(level - position, terms.pack, terms.minimum, most) if is_due else ZERO
    return Advice(
        quantity=quantity,
        reorder_point=point,
        order_up_to=level,
        safety=_whole(safety),
        sells_meanwhile=_tenth(meanwhile),
        sells_until_next=_tenth(until_next),
        cover_days=int(max(float(on_hand), 0.0) / demand.a_day) if demand.a_day > 0 else None,
    )


def _whole(number: float) -> Decimal:
    return Decimal(ceil(round(number, 6)))


def _tenth(number: float) -> Decimal:
    return Decimal(str(round(number, 1)))
