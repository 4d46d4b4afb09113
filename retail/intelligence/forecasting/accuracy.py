"""How far forecasts were from what happened.

Forecasts are clipped at 0 and not rounded. Days whose demand is not known (NaN) are left out.
"""

import numpy as np

from retail.intelligence.forecasting.series import Floats


def wape(actual: Floats, forecast: Floats) -> float:
    """Sum of absolute errors over sum of absolute demand, pooled over all series and dates; NaN without demand."""
    return _share(np.nansum(np.abs(actual - np.maximum(forecast, 0))), np.nansum(np.abs(actual)))


def wape_total(actual: Floats, forecast: Floats) -> float:
    """The same on each series' total over the horizon: the error of what a buyer orders."""
    known = np.isfinite(actual)
    totals = np.where(known, actual, 0).sum(axis=0)
    forecasts = np.where(known, np.maximum(forecast, 0), 0).sum(axis=0)
    return _share(np.abs(totals - forecasts).sum(), np.abs(totals).sum())


def mase_by_series(training: Floats, actual: Floats, forecast: Floats, season: int) -> Floats:
    """Mean absolute error of each series over that of repeating the value one season earlier within training.

    After Hyndman & Koehler (2006), "Another look at measures of forecast accuracy", with the seasonal lag.
    NaN where the series never changed in training, or nothing of the horizon is known.
    """
    scale = mean_of_known(np.abs(training[season:] - training[:-season]))
    error = mean_of_known(np.abs(actual - np.maximum(forecast, 0)))
    scaled: Floats = np.divide(error, scale, out=np.full(scale.shape, np.nan), where=scale > 0)
    return scaled


def mase(training: Floats, actual: Floats, forecast: Floats, season: int) -> float:
    """Mean of `mase_by_series` over the series that have one; NaN if none has."""
    values = mase_by_series(training, actual, forecast, season)
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


def bias(actual: Floats, forecast: Floats) -> float:
    """Sum of forecasts over sum of demand, less 1: above 0 too much was forecast, below 0 too little."""
    known = np.isfinite(actual)
    demand = np.where(known, actual, 0).sum()
    return _share(np.where(known, np.maximum(forecast, 0), 0).sum() - demand, demand)


def mean_of_known(values: Floats) -> Floats:
    """Column means over what is known; NaN where nothing is."""
    known = np.isfinite(values)
    count = known.sum(axis=0)
    total = np.where(known, values, 0).sum(axis=0)
    mean: Floats = np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)
    return mean


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")
