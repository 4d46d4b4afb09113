"""Methods that look a whole year back: for the weeks before a holiday the last four weeks say too little."""

from collections.abc import Iterator

import numpy as np

from retail.intelligence.forecasting.history import History
from retail.intelligence.forecasting.plain import seasonal_naive
from retail.intelligence.forecasting.series import Floats

SEASONAL_GROWTH = "seasonal-growth"
YEAR_SHAPE = "year-shape"
LARGEST_CHANGE = 4.0
"""Last year's course is believed up to this factor."""


def seasonal_growth(history: History, horizon: int) -> Iterator[tuple[str, Floats]]:
    """The last season again, times half (in logarithms) of its growth over the season before."""
    season = history.season
    latest = history.ordinary[-season:].sum(axis=0)
    before = history.ordinary[-2 * season : -season].sum(axis=0)
    growth = np.divide(latest, before, out=np.ones(history.width), where=(latest > 0) & (before > 0))
    growth = np.clip(growth, 1 / LARGEST_CHANGE, LARGEST_CHANGE)
    seasons_ahead = (1 + np.arange(horizon) // season)[:, None]
    yield SEASONAL_GROWTH, seasonal_naive(history.raw, horizon, season) * growth ** (0.5 * seasons_ahead)


def year_course(history: History, horizon: int, span: int) -> Floats | None:
    """How the total of all series moved from a year ago today over the dates ahead, as factors on today's level.

    The total is smoothed over `span` rows to each side, so that one weekday more or less does not matter. None where
    the history does not reach back far enough.
    """
    year = history.year
    if horizon > year or history.length < year + 2 * span:
        return None
    # Only what was on the shelf then and is still: new products would otherwise look like growth.
    lasting = history.weight[: history.length - year].any(axis=0)
    totals = history.ordinary[:, lasting].sum(axis=1)
    traded = (history.weight[:, lasting] > 0).any(axis=1).astype(np.float64)
    sums = np.concatenate([[0.0], np.cumsum(totals)])
    dates = np.concatenate([[0.0], np.cumsum(traded)])

    def around(first: int, last: int) -> float:
        begin, end = max(first, 0), min(last + 1, history.length)
        return float((sums[end] - sums[begin]) / max(dates[end] - dates[begin], 1.0))

    today = history.length - year
    reference = around(today - 2 * span, today - 1)
    if reference <= 0:
        return None
    course = np.array([around(today + ahead - span, today + ahead + span) for ahead in range(horizon)]) / reference
    return np.clip(course, 1 / LARGEST_CHANGE, LARGEST_CHANGE)[:, None]
