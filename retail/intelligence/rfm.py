"""RFM: how recently, how often and for how much each customer bought, as scores from 1 to 5 and a named segment.

Scores follow the threshold method: the four limits are the 20th, 40th, 60th and 80th percentile (linear interpolation)
over all customers. Customers with the same value always get the same score, which ranking into fifths cannot promise.
Everything here is arithmetic on arrays; nothing reads the database.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from flask_babel import lazy_gettext as _l

Integers = npt.NDArray[np.int64]
Limits = tuple[float, float, float, float]

PERCENTILES = (20, 40, 60, 80)


class Segment(StrEnum):
    """The group a customer falls into, by recency score and by the mean of the frequency and monetary scores."""

    CHAMPIONS = "champions"
    LOYAL = "loyal"
    GROWING = "growing"
    NEW = "new"
    FADING = "fading"
    AT_RISK = "at_risk"
    CANNOT_LOSE = "cannot_lose"
    HIBERNATING = "hibernating"
    LOST = "lost"

    @property
    def label(self) -> str:
        """The segment's name in the reader's language."""
        return str(_LABELS[self])


_LABELS = {
    Segment.CHAMPIONS: _l("Champions"),
    Segment.LOYAL: _l("Loyal"),
    Segment.GROWING: _l("Growing"),
    Segment.NEW: _l("New"),
    Segment.FADING: _l("Fading"),
    Segment.AT_RISK: _l("At risk"),
    Segment.CANNOT_LOSE: _l("Cannot lose"),
    Segment.HIBERNATING: _l("Hibernating"),
    Segment.LOST: _l("Lost"),
}


@dataclass(frozen=True)
class RfmScores:
    """One entry per customer, in the order they were given.

    `recency_days` is at least 1. The scores `r`, `f`, `m` run from 1 to 5, 5 being best. `*_limits` are the four
    percentiles the scores were cut at, in the units of the values (days, invoices, money as it was given).
    """

    recency_days: Integers
    frequency: Integers
    monetary: Integers
    r: Integers
    f: Integers
    m: Integers
    segments: tuple[Segment, ...]
    recency_limits: Limits
    frequency_limits: Limits
    monetary_limits: Limits


def score(
    last_purchase: npt.ArrayLike, frequency: npt.ArrayLike, monetary: npt.ArrayLike, *, reference_day: int
) -> RfmScores:
    """Score every customer against all others.

    `last_purchase` and `reference_day` are day numbers on one scale (`date.toordinal()`), `frequency` counts distinct
    invoices, `monetary` is money as whole numbers of its smallest unit, so that sums and comparisons are exact.
    Recency is the reference day less the last purchase, at least 1 day.

    Raises ValueError when the three differ in length, hold anything but whole numbers, or when a purchase lies after
    the reference day.
    """
    last = _whole_numbers(last_purchase, "last_purchase")
    times = _whole_numbers(frequency, "frequency")
    money = _whole_numbers(monetary, "monetary")
    if not last.shape == times.shape == money.shape:
        raise ValueError(
            "one value per customer is needed: "
            f"{last.size} last purchases, {times.size} frequencies, {money.size} amounts"
        )
    late = last > reference_day
    if late.any():
        raise ValueError(f"{int(late.sum())} customers last bought after the reference day")

    recency = np.maximum(reference_day - last, 1)
    recency_limits, frequency_limits, monetary_limits = _limits(recency), _limits(times), _limits(money)
    r = 1 + _count(recency_limits, recency, below=False)
    f = 1 + _count(frequency_limits, times, below=True)
    m = 1 + _count(monetary_limits, money, below=True)
    return RfmScores(
        recency, times, money, r, f, m, _segments(r, f, m, times), recency_limits, frequency_limits, monetary_limits
    )


def _whole_numbers(values: npt.ArrayLike, name: str) -> Integers:
    given = np.asarray(values)
    if given.ndim != 1:
        raise ValueError(f"{name}: one value per customer is needed")
    if given.size == 0:
        return np.zeros(0, dtype=np.int64)
    if not np.issubdtype(given.dtype, np.integer):
        raise ValueError(f"{name}: whole numbers are needed, not {given.dtype}")
    return given.astype(np.int64)


def _limits(values: Integers) -> Limits:
    if values.size == 0:
        return (0.0, 0.0, 0.0, 0.0)
    p20, p40, p60, p80 = np.percentile(values, PERCENTILES).tolist()
    return (p20, p40, p60, p80)


def _count(limits: Limits, values: Integers, *, below: bool) -> Integers:
    """How many of the limits lie below each value, or (for recency, where less is better) at it or above it."""
    reached = np.searchsorted(np.asarray(limits), values, side="left")
    return (reached if below else len(limits) - reached).astype(np.int64)


def _segments(r: Integers, f: Integers, m: Integers, frequency: Integers) -> tuple[Segment, ...]:
    worth = (f + m + 1) // 2
    recent, middling = r >= 4, r == 3
    choices = (
        (recent & (frequency == 1), Segment.NEW),
        (recent & (f >= 4) & (m >= 4), Segment.CHAMPIONS),
        ((recent | middling) & (worth >= 4), Segment.LOYAL),
        (recent, Segment.GROWING),
        (middling, Segment.FADING),
        ((r == 1) & (worth >= 4), Segment.CANNOT_LOSE),
        (worth >= 3, Segment.AT_RISK),
        (r == 2, Segment.HIBERNATING),
    )
    order = [segment for _condition, segment in choices] + [Segment.LOST]
    picked = np.select([condition for condition, _segment in choices], list(range(len(choices))), default=len(choices))
    return tuple(order[index] for index in picked.tolist())
