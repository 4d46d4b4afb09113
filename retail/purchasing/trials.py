"""A trial on history: what the rules of `replenishing` would have ordered day by day, knowing only what came before
each day, against a plain minimum and maximum. Arithmetic on arrays; reads no database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from retail.intelligence.services import expected_means
from retail.purchasing.replenishing import HORIZON, MEAN_TO_SPREAD, NIGHT

Floats = npt.NDArray[np.float64]
LEAST_LEARNING_DAYS = 56
LONGEST_TRIAL_DAYS = 182
EVERY_DAYS = 14
"""Days between two forecasts of the trial; the program itself makes one every night."""
REVIEWED_DAYS = 91
"""So often somebody looks at a minimum and maximum."""
WIDTHS = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0)
"""The plain rule is tried with its reserve made smaller and larger, so that it can be judged at equal service."""
SEED = 20260101


@dataclass(frozen=True)
class Goods:
    """Articles of a trial, one entry each: what one costs, how long deliveries take and how much that varies, how many
    days an order is to last, packs, and how sure to be."""

    cost: Floats
    lead: Floats
    lead_spread: Floats
    review: Floats
    pack: Floats
    service: Floats


@dataclass(frozen=True)
class Outcome:
    """What a rule came to: the share of the units asked for that were there, the mean worth and units on hand, units
    that could not be sold, orders made, and the worth on hand day by day."""

    service: float
    stock_value: float
    stock_units: float
    lost_units: float
    orders: int
    daily_value: tuple[float, ...]


@dataclass(frozen=True)
class Trial:
    """Both rules on the same days, and the plain one at the service of ours: `equal` is None where no width of it
    reached that. `frontier` is (service, stock value) of the plain rule from narrow to wide."""

    first: date
    last: date
    articles: int
    units: float
    ours: Outcome
    plain: Outcome
    equal: Outcome | None
    frontier: tuple[tuple[float, float], ...]


Levels = Callable[[int], tuple[Floats, Floats]]
"""The reorder points and the levels to order up to that hold on a day."""


def run_trial(
    demand: Floats,
    dates: Sequence[date],
    goods: Goods,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Trial | None:
    """Play both rules on the last half year at most of `demand` (days × articles); None with too little history."""
    days = demand.shape[0]
    length = min(LONGEST_TRIAL_DAYS, days - LEAST_LEARNING_DAYS)
    if length < HORIZON or not demand.shape[1]:
        return None
    start = days - length
    known: dict[int, tuple[Floats, Floats]] = {}
    stops = range(start, days, EVERY_DAYS)
    for number, stop in enumerate(stops):
        known[stop] = _forecast_levels(demand[:stop], dates[:stop], goods)
        progress(number + 1, len(stops))

    def ours(day: int) -> tuple[Floats, Floats]:
        return known[start + (day - start) // EVERY_DAYS * EVERY_DAYS]

    played = demand[start:]
    result = _play(played, start, goods, ours)
    plain = {width: _play(played, start, goods, _plain_levels(demand, start, goods, width)) for width in WIDTHS}
    reaching = [one for one in plain.values() if one.service >= result.service]
    return Trial(
        first=dates[start],
        last=dates[-1],
        articles=demand.shape[1],
        units=float(played.sum()),
        ours=result,
        plain=plain[1.0],
        equal=min(reaching, key=lambda one: one.stock_value) if reaching else None,
        frontier=tuple((one.service, one.stock_value) for one in plain.values()),
    )


def _forecast_levels(history: Floats, dates: Sequence[date], goods: Goods) -> tuple[Floats, Floats]:
    """Reorder points and levels as `replenishing.advise` sets them, for all articles at once."""
    mean, error = expected_means(history, dates)
    z = np.array([NormalDist().inv_cdf(level) for level in goods.service])
    waits = goods.lead + NIGHT
    lasts = waits + goods.review
    summed = np.vstack([np.zeros(mean.shape[1]), mean.cumsum(axis=0)])
    a_day = summed[-1] / HORIZON

    def over(span: Floats) -> Floats:
        whole = np.minimum(span.astype(np.intp), HORIZON)
        sums: Floats = summed[whole, np.arange(mean.shape[1])] + (span - whole) * a_day
        return sums

    def reserve(span: Floats) -> Floats:
        chance = np.sqrt(over(span))
        usual = MEAN_TO_SPREAD * np.nan_to_num(error) * summed[-1] * np.sqrt(span / HORIZON)
        spread = np.maximum(usual, chance)
        kept: Floats = z.clip(min=0) * np.sqrt(spread**2 + (a_day * goods.lead_spread) ** 2)
        return kept

    points = np.ceil(np.round(over(waits) + reserve(waits), 6))
    levels = np.maximum(np.ceil(np.round(over(lasts) + reserve(lasts), 6)), points)
    return points, levels


def _plain_levels(demand: Floats, start: int, goods: Goods, width: float) -> Levels:
    """A minimum of what sells while a delivery takes, and as much again in reserve; a maximum that lasts a period more.
    From the average of the last eight weeks, looked at once a quarter."""
    known: dict[int, tuple[Floats, Floats]] = {}

    def levels(day: int) -> tuple[Floats, Floats]:
        quarter = start + (day - start) // REVIEWED_DAYS * REVIEWED_DAYS
        if quarter not in known:
            usual = demand[max(quarter - LEAST_LEARNING_DAYS, 0) : quarter].mean(axis=0)
            least = np.ceil(usual * (goods.lead + NIGHT) * (1 + width))
            known[quarter] = least, least + np.ceil(usual * goods.review)
        return known[quarter]

    return levels


def _play(demand: Floats, start: int, goods: Goods, levels: Levels) -> Outcome:
    """Day by day: deliveries come, customers ask, the night orders. Both rules begin full, with the same luck."""
    days, articles = demand.shape
    draw = np.random.default_rng(SEED)
    on_hand = levels(start)[1].copy()
    coming = np.zeros((days + 1, articles))
    on_order = np.zeros(articles)
    filled, orders = 0.0, 0
    units, values = np.zeros(days), np.zeros(days)
    for day in range(days):
        on_hand += coming[day]
        on_order -= coming[day]
        sold = np.minimum(on_hand, demand[day])
        on_hand -= sold
        filled += float(sold.sum())
        units[day], values[day] = on_hand.sum(), (on_hand * goods.cost).sum()
        points, tops = levels(start + day)
        position = on_hand + on_order
        due = (position <= points) & (tops > position)
        takes = np.maximum(np.round(goods.lead + goods.lead_spread * draw.standard_normal(articles)), 1).astype(np.intp)
        if due.any():
            wanted = np.ceil((tops - position)[due] / goods.pack[due]) * goods.pack[due]
            which = np.flatnonzero(due)
            arrives = day + takes[due]
            on_order[which] += wanted
            there = arrives < days
            np.add.at(coming, (arrives[there], which[there]), wanted[there])
            orders += int(due.sum())
    asked = float(demand.sum())
    return Outcome(
        service=filled / asked if asked else 1.0,
        stock_value=float(values.mean()),
        stock_units=float(units.mean()),
        lost_units=asked - filled,
        orders=orders,
        daily_value=tuple(float(one) for one in values.round(2)),
    )
