"""Levels: averages of what was sold, older values counting less, spread over the season by its profile.

Retail demand is many ordinary days and a few huge orders. An average follows the huge ones; the error of a typical day,
and that of a typical month's total, is smaller when they are trimmed first. So each average exists with several caps.
"""

from collections.abc import Iterator

import numpy as np

from retail.intelligence.forecasting.history import History
from retail.intelligence.forecasting.series import Floats

QUANTILE_CAPS = {"trim95": 0.95, "trim90": 0.90}
MEDIAN_CAPS = {"four": 4.0}
UNTRIMMED = "all"
"""Every sale as it was, giants included: for the mean."""
ORDINARY = "ordinary"
CAPS = (UNTRIMMED, ORDINARY, *QUANTILE_CAPS, *MEDIAN_CAPS)

PROFILE_CYCLES = 16
"""Half-life of the season's profile, in seasons."""
PROFILE_TRUST = 20.0
"""How many seasons of its own a series must have for its own profile to count as much as that of all series."""


def half_lives(season: int) -> dict[str, float]:
    """The half-lives on offer, in rows, by the name they have in a method's name; the last one forgets nothing."""
    lives = (7, 14, 28) if season == 7 else (2, 4, 8)
    return {**{f"{life}": float(life) for life in lives}, "ever": float("inf")}


def averages(history: History, horizon: int) -> Iterator[tuple[str, Floats]]:
    """Every level with every cap, as (name, forecast)."""
    lives = half_lives(history.season)
    age = np.arange(history.length)[::-1]
    kernels = np.array([0.5 ** (age / life) for life in lives.values()])
    positions = history.future_positions(horizon)
    season_of_row = np.arange(history.length) % history.season
    caps = _caps(history)
    for cap in CAPS:
        if cap == UNTRIMMED:
            values = history.known
        else:
            values = history.ordinary if cap == ORDINARY else np.minimum(history.ordinary, caps[cap])
        profile = season_profile(values, history)
        numerator = kernels @ values
        denominator = kernels @ (history.weight * profile[season_of_row])
        levels = np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator > 1e-12)
        shape = profile[positions]
        for life, level in zip(lives, levels, strict=True):
            yield f"level-{life}-{cap}", level * shape
        # Short, middle and whole memory together: steadier than any of them where the level drifts.
        yield f"level-mixed-{cap}", levels[[0, 2, -1]].mean(axis=0) * shape


def season_profile(values: Floats, history: History) -> Floats:
    """Demand on each position of the season relative to the mean of trading days, season × series.

    Each series' own profile is pulled towards that of all series together, the more so the shorter it is known.
    """
    kernel = 0.5 ** (np.arange(history.length)[::-1] / (PROFILE_CYCLES * history.season))
    sums = np.zeros((history.season, history.width))
    weights = np.zeros((history.season, history.width))
    for position in range(history.season):
        rows = slice(position, None, history.season)
        sums[position] = kernel[rows] @ values[rows]
        weights[position] = kernel[rows] @ history.weight[rows]
    means = np.divide(sums, weights, out=np.zeros_like(sums), where=weights > 0)
    total_weight = weights.sum(axis=0)
    level = np.divide(sums.sum(axis=0), total_weight, out=np.zeros(history.width), where=total_weight > 0)
    everything = level.sum()
    pooled = means.sum(axis=1) / everything if everything > 0 else np.ones(history.season)
    own = np.divide(means, level, out=np.tile(pooled[:, None], (1, history.width)), where=level > 0)
    profile: Floats = (weights * own + PROFILE_TRUST * pooled[:, None]) / (weights + PROFILE_TRUST)
    profile[~history.open_positions] = 0
    return profile


def _caps(history: History) -> dict[str, Floats]:
    """For each cap the value above which a series' demand is cut off."""
    ordered = np.sort(np.where(history.weight > 0, history.known, np.nan), axis=0)
    count = history.weight.sum(axis=0)
    caps = {name: _quantile(ordered, np.zeros_like(count), count, share) for name, share in QUANTILE_CAPS.items()}
    nothing = (history.weight * (history.known <= 0)).sum(axis=0)
    median_sale = _quantile(ordered, nothing, count, 0.5)
    return {**caps, **{name: factor * median_sale for name, factor in MEDIAN_CAPS.items()}}


def _quantile(ordered: Floats, skip: Floats, count: Floats, share: float) -> Floats:
    """Quantile, linearly interpolated, of each column's entries from `skip` up to `count`; 0 where there are none."""
    place = skip + share * np.maximum(count - skip - 1, 0)
    below = np.minimum(place.astype(np.intp), ordered.shape[0] - 1)
    above = np.minimum(below + 1, np.maximum(count - 1, 0).astype(np.intp))
    columns = np.arange(ordered.shape[1])
    low, high = ordered[below, columns], ordered[np.maximum(above, below), columns]
    found: Floats = np.where(count > skip, low + (np.nan_to_num(high) - np.nan_to_num(low)) * (place - below), 0.0)
    return found
