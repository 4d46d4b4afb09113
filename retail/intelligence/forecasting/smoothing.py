"""Exponential smoothing of level, trend and season (Holt & Winters, with the damped trend of Gardner & McKenzie, 1985).

The smoothing weights are chosen per series from a grid by the mean absolute error one step ahead. All series and all
grid points run through time together. On logarithms season and trend become factors, as they mostly are in trade.
"""

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np
import numpy.typing as npt

from retail.intelligence.forecasting.history import Booleans, History
from retail.intelligence.forecasting.series import Floats

Counts = npt.NDArray[np.intp]

LEVEL_WEIGHTS = (0.1, 0.25, 0.5, 0.8)
TREND_WEIGHTS = (0.0, 0.05)
SEASON_WEIGHTS = (0.05, 0.3)
LOG_DAMPING = {"smooth-log-flat": 0.9, "smooth-log-damped": 0.98, "smooth-log-trend": 0.995}
PLAIN_DAMPING = {"smooth-damped": 0.98}
DENSE = 0.75
"""Smoothing of trend and season is for series that sell on at least this share of the dates."""
LARGEST_RISE = 10.0
"""No forecast goes above the largest known value times this."""
CYCLES_NEEDED = 3
"""Fewer seasons than this do not tell a season from chance."""


def smoothing(history: History, horizon: int) -> Iterator[tuple[str, Floats]]:
    """Smoothing on logarithms with three dampings, and one on the values themselves, as (name, forecast).

    The forecast is NaN for series that sell too rarely for it.
    """
    sold = (history.ordinary > 0).sum(axis=0)
    dense = np.flatnonzero(sold >= np.maximum(DENSE * history.weight.sum(axis=0), 2))
    if not dense.size:
        return
    counted, known = history.weight[:, dense] > 0, history.ordinary[:, dense]
    # A logarithm needs something sold on every date; where that is not so, the value itself is smoothed.
    positive = np.all((known > 0) | ~counted, axis=0)
    logs = np.where(positive, np.log(np.where(counted & positive, known, 1.0)), known)
    dampings = [*LOG_DAMPING.values(), *PLAIN_DAMPING.values()]
    inputs = [logs] * len(LOG_DAMPING) + [known] * len(PLAIN_DAMPING)
    smoothed = _smooth(np.stack(inputs, axis=1), counted, dampings, history.season, horizon)
    ceiling = np.log(np.maximum(known.max(axis=0), 1e-9)) + np.log(LARGEST_RISE)
    open_dates = history.future_open(horizon)
    for number, name in enumerate((*LOG_DAMPING, *PLAIN_DAMPING)):
        forecast = smoothed[:, number]
        if name in LOG_DAMPING:
            forecast = np.where(positive, np.exp(np.minimum(forecast, ceiling)), forecast)
        whole = np.full((horizon, history.width), np.nan)
        whole[:, dense] = forecast * open_dates
        yield name, whole


def _smooth(values: Floats, known: Booleans, dampings: Sequence[float], season: int, horizon: int) -> Floats:
    """Forecast (horizon × variants × series) with the best grid point for each variant of each series.

    `values` is dates × variants × series, each variant with its damping; what is not `known` leaves all as it is.
    """
    grid = list(product(LEVEL_WEIGHTS, TREND_WEIGHTS, SEASON_WEIGHTS if season > 1 else (0.0,)))
    level_weight, trend_weight, season_weight = (np.array(column)[:, None, None] for column in zip(*grid, strict=True))
    for_trend, for_season = level_weight * trend_weight, season_weight * (1 - level_weight)
    damping = np.array(dampings)[:, None]
    begun = known.cumsum(axis=0)
    first_level, first_trend, first_season = _start(values, known, begun, season)
    level = np.repeat(first_level[None], len(grid), axis=0)
    trend = np.repeat(first_trend[None], len(grid), axis=0)
    factors = np.repeat(first_season[:, None], len(grid), axis=1)
    error_sum = np.zeros_like(level)
    all_known: Booleans = np.asarray(known.all(axis=1) & (begun > 0).all(axis=1))
    learned = begun > 2 * season
    all_learned: Booleans = np.asarray(learned.all(axis=1))
    for row in range(values.shape[0]):
        factor = factors[row % season]
        damped = damping * trend
        if not all_known[row]:
            damped = np.where(begun[row] > 0, damped, 0.0)
        level += damped
        error = values[row] - level - factor
        if not all_known[row]:
            error = np.where(known[row], error, 0.0)
            trend = np.where(begun[row] > 0, damped + for_trend * error, trend)
        else:
            trend = damped + for_trend * error
        level += level_weight * error
        if season > 1:
            factor += for_season * error
        if all_learned[row]:
            error_sum += np.abs(error)
        else:
            error_sum += np.abs(error) * learned[row]
    best = error_sum.argmin(axis=0)[None]
    level, trend = (np.take_along_axis(state, best, axis=0)[0] for state in (level, trend))
    season_ahead = np.take_along_axis(factors, best[None], axis=1)[:, 0]
    steps = np.cumsum(damping[None] ** np.arange(1, horizon + 1)[:, None, None], axis=0)
    forecast: Floats = level + steps * trend + season_ahead[(values.shape[0] + np.arange(horizon)) % season]
    return forecast


def _start(values: Floats, known: Booleans, begun: Counts, season: int) -> tuple[Floats, Floats, Floats]:
    """Level just before the first value, trend, and season, from a straight line through the first three seasons."""
    early = (known & (begun <= CYCLES_NEEDED * max(season, 4)))[:, None, :]
    rows = np.arange(values.shape[0])[:, None, None]
    count = np.maximum(early.sum(axis=0), 1)
    mean_row = (rows * early).sum(axis=0) / count
    mean = (values * early).sum(axis=0) / count
    spread = (((rows - mean_row) ** 2) * early).sum(axis=0)
    slope = ((rows - mean_row) * (values - mean) * early).sum(axis=0) / np.maximum(spread, 1e-9)
    factors = np.zeros((season, *values.shape[1:]))
    if season > 1:
        rest = np.where(early, values - mean - slope * (rows - mean_row), 0.0)
        for position in range(season):
            of_position = early[position::season].sum(axis=0)
            factors[position] = rest[position::season].sum(axis=0) / np.maximum(of_position, 1)
        factors -= factors.mean(axis=0)
    first_row = np.where(known.any(axis=0), known.argmax(axis=0), 0)
    level: Floats = mean + slope * (first_row - 1 - mean_row)
    return level, slope, factors
