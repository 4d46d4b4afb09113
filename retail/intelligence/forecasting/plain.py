"""The plain methods every other one has to beat, and those for what sells rarely."""

from collections.abc import Iterator

import numpy as np

from retail.intelligence.forecasting.averages import season_profile
from retail.intelligence.forecasting.history import History
from retail.intelligence.forecasting.series import Floats

SEASONAL_NAIVE = "seasonal-naive"
NAIVE = "naive"
HISTORIC_AVERAGE = "historic-average"
WINDOW_AVERAGE = "window-average"
SEASONAL_AVERAGE = "seasonal-average"
MEDIAN = "median"
CROSTON = "croston-sba"
RARE = {"tsb-slow": 0.05, "tsb-quick": 0.15}

CROSTON_WEIGHT = 0.1


def plain(history: History, horizon: int) -> Iterator[tuple[str, Floats]]:
    """Seasonal naive (the baseline), naive, three averages and the median, as (name, forecast)."""
    yield SEASONAL_NAIVE, seasonal_naive(history.raw, horizon, history.season)
    yield NAIVE, seasonal_naive(history.raw, horizon, 1)

    open_dates = history.future_open(horizon)
    yield HISTORIC_AVERAGE, _mean(history.ordinary, history.weight) * open_dates
    window = 4 * history.season if history.season > 1 else 8
    yield WINDOW_AVERAGE, _mean(history.ordinary[-window:], history.weight[-window:]) * open_dates

    start = max(0, history.length - window)
    by_position = np.zeros((history.season, history.width))
    for position in range(history.season):
        rows = slice(start + (position - start) % history.season, None, history.season)
        by_position[position] = _mean(history.ordinary[rows], history.weight[rows])
    yield SEASONAL_AVERAGE, by_position[history.future_positions(horizon)] * open_dates

    recent = slice(max(0, history.length - 12 * history.season), None)
    ordered = np.sort(np.where(history.weight[recent] > 0, history.ordinary[recent], np.inf), axis=0)
    count = history.weight[recent].sum(axis=0).astype(np.intp)
    columns = np.arange(history.width)
    low = ordered[np.maximum(count - 1, 0) // 2, columns]
    high = ordered[np.minimum(count // 2, ordered.shape[0] - 1), columns]
    yield MEDIAN, np.where(count > 0, (np.where(count > 0, low, 0) + np.where(count > 0, high, 0)) / 2, 0) * open_dates


def seasonal_naive(raw: Floats, horizon: int, season: int) -> Floats:
    """Repeat the last season as it was; a value that is not known is taken from the season before."""
    last = np.full((season, raw.shape[1]), np.nan)
    for back in range(1, raw.shape[0] // season + 1):
        gaps = np.isnan(last)
        if not gaps.any():
            break
        end = raw.shape[0] - (back - 1) * season
        last[gaps] = raw[end - season : end][gaps]
    repeated: Floats = np.nan_to_num(last)[np.arange(horizon) % season]
    return repeated


def rarely_sold(history: History, horizon: int) -> Iterator[tuple[str, Floats]]:
    """Methods that smooth the size of a sale and how often one happens apart from each other, as (name, forecast).

    Croston's (1972) with the bias correction of Syntetos & Boylan (2005), and that of Teunter, Syntetos & Babai (2011),
    whose chance of a sale also falls while nothing sells.
    """
    shape = season_profile(history.ordinary, history)[history.future_positions(horizon)]
    size, gap = _first_guess(history)
    weights = np.array([CROSTON_WEIGHT, *RARE.values()])[:, None]
    sizes, gaps = np.tile(size, (weights.size, 1)), gap
    chance = np.tile(1 / np.maximum(gap, 1.0), (len(RARE), 1))
    since = np.zeros(history.width)
    sales = history.ordinary > 0
    for values, weight, sale in zip(history.ordinary, history.weight, sales, strict=True):
        since = since + weight
        sizes += weights * sale * (values - sizes)
        gaps = gaps + CROSTON_WEIGHT * sale * (since - gaps)
        chance += weights[1:] * weight * (sale - chance)
        since = since * ~sale
    yield CROSTON, (1 - CROSTON_WEIGHT / 2) * sizes[0] / np.maximum(gaps, 1.0) * shape
    for number, name in enumerate(RARE):
        yield name, sizes[number + 1] * chance[number] * shape


def _first_guess(history: History) -> tuple[Floats, Floats]:
    sales = (history.ordinary > 0).sum(axis=0)
    size = history.ordinary.sum(axis=0) / np.maximum(sales, 1)
    gap = history.weight.sum(axis=0) / np.maximum(sales, 1)
    return size, gap


def _mean(values: Floats, weight: Floats) -> Floats:
    count = weight.sum(axis=0)
    mean: Floats = values.sum(axis=0) / np.maximum(count, 1)
    return mean
