"""Forecasting and backtesting of many series at once."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
from flask_babel import gettext as _

from retail.intelligence.forecasting import accuracy
from retail.intelligence.forecasting.choosing import (
    Offers,
    OffersAt,
    Trials,
    beyond_chance,
    blend,
    losses,
    origins_of,
    scores,
    shares,
    try_all,
    whole_horizons,
)
from retail.intelligence.forecasting.history import Booleans, History, history_of
from retail.intelligence.forecasting.methods import BASELINE, forecasts, is_unbiased
from retail.intelligence.forecasting.plain import HISTORIC_AVERAGE, seasonal_naive
from retail.intelligence.forecasting.series import Floats, SeriesError, step_of

MEMORY_FOR_OFFERS = 400_000_000
"""Bytes; forecasts from the rolling origins are kept for the second look at them, if they fit, and else made again."""
MOST_METHODS = 40


@dataclass(frozen=True)
class Errors:
    """Errors over all rolling origins: arrays have one entry per series, NaN where there was nothing to measure.

    `wape` and `mase` are of single dates, `wape_total` of totals over the horizon; `overall_*` are pooled over series.
    """

    wape: Floats
    wape_total: Floats
    mase: Floats
    overall_wape: float
    overall_wape_total: float
    overall_mase: float


@dataclass(frozen=True)
class ForecastResult:
    """Forecasts for the dates after the history, horizon × series.

    `values` are what is most likely to come out near: huge single orders are not expected again. They lie below the
    mean where demand is spiky. `mean` is what comes out in the long run, huge orders included: use it where lacking
    goods costs more than having too many. Both are at least 0.

    `methods` names each series' leading method, `blends` the share of each method in its forecast, largest first.
    `errors` tells how well this way of forecasting did from points inside the history, knowing only what came before
    them and judged by methods chosen without them; `baseline_errors` the same for repeating the last season.
    """

    dates: tuple[date, ...]
    season: int
    values: Floats
    mean: Floats
    methods: tuple[str, ...]
    blends: tuple[dict[str, float], ...]
    errors: Errors
    baseline_errors: Errors


def forecast(
    demand: npt.ArrayLike,
    dates: Sequence[date],
    horizon: int,
    *,
    season: int | None = None,
    closed: Collection[date] = (),
) -> ForecastResult:
    """Forecast every series for the next `horizon` dates. The same input gives the same output.

    `demand` is dates × series, in any unit; NaN is demand that is not known, as on days without stock. `season` is the
    number of dates after which the course repeats: by default 7 for days, 1 for weeks, 12 for months, 4 for quarters.
    `closed` are dates, past or to come, on which the shop was or will be closed; those of the past that show in the
    figures are found without it.

    Raises SeriesError when the dates are not evenly spaced, and ValueError when the shapes do not fit.
    """
    raw = _checked(demand, dates, horizon, season)
    step = step_of(dates)
    cycle = step.season if season is None else season
    if raw.shape[0] < 2 * cycle:
        cycle = 1
    ahead = tuple(step.after(dates[-1], steps) for steps in range(1, horizon + 1))
    shut = np.array([day in closed for day in dates])
    open_ahead = np.array([day not in closed for day in ahead], dtype=np.float64)[:, None]
    year = max(step.year, cycle)

    origins = origins_of(raw.shape[0], horizon, cycle, year) if raw.shape[1] else ()
    latest = history_of(raw, cycle, year, shut)
    if not origins:
        return _untried(latest, ahead, open_ahead)
    room = MEMORY_FOR_OFFERS // (len(origins) * horizon * raw.shape[1] * raw.itemsize)
    kept_offers: dict[int, list[tuple[str, Floats]]] = {}

    def offers_at(row: int) -> Offers:
        if row not in kept_offers:
            offers = forecasts(history_of(raw[:row], cycle, year, shut[:row]), horizon)
            if room < MOST_METHODS:
                return offers
            kept_offers[row] = list(offers)
        return kept_offers[row]

    trials = try_all(raw, offers_at, origins, horizon)
    loss = losses(trials)
    horizons = whole_horizons(origins, horizon)
    share = shares(scores(loss, horizons))
    record = _record(raw, offers_at, trials, loss, horizon)
    kept = _baseline_wins(trials, record, horizons)
    baseline = trials.names.index(BASELINE)
    share[:, kept] = 0.0
    share[baseline, kept] = 1.0
    for errors, of_baseline in zip(record, (trials.absolute, trials.total), strict=True):
        errors[:, kept] = of_baseline[:, baseline, kept]

    values = blend(offers_at(raw.shape[0]), trials.names, share) * open_ahead
    scale = _scale(raw, cycle)
    return ForecastResult(
        dates=ahead,
        season=cycle,
        values=values,
        mean=_mean(offers_at(raw.shape[0]), trials, horizons) * open_ahead,
        methods=tuple(trials.names[index] for index in share.argmax(axis=0)),
        blends=_blends(trials.names, share),
        errors=_errors(*record, trials, scale, horizon),
        baseline_errors=_errors(trials.absolute[:, baseline], trials.total[:, baseline], trials, scale, horizon),
    )


def backtest(
    demand: npt.ArrayLike,
    dates: Sequence[date],
    holdout: int,
    *,
    season: int | None = None,
    closed: Collection[date] = (),
) -> dict[str, float | int]:
    """Hide the last `holdout` dates, forecast them from the rest, and compare.

    `wape`, `wape_total`, `mase` and `bias` are those of the forecast's `values`, `mean_*` those of its `mean`,
    `baseline_*` those of repeating the last season; `seconds` is the time the forecast took. NaN where the held-out
    demand gives nothing to measure by. Raises as `forecast` does, and ValueError if nothing is left to learn from.
    """
    raw = _checked(demand, dates, holdout, season)
    if raw.shape[0] < holdout + 2:
        raise SeriesError(_("%(rows)s dates are too few to hold out %(holdout)s", rows=raw.shape[0], holdout=holdout))
    training, actual = raw[:-holdout], raw[-holdout:]
    started = time.perf_counter()
    result = forecast(training, dates[:-holdout], holdout, season=season, closed=closed)
    seconds = time.perf_counter() - started
    baseline = seasonal_naive(training, holdout, result.season)
    return {
        "wape": accuracy.wape(actual, result.values),
        "wape_total": accuracy.wape_total(actual, result.values),
        "mase": accuracy.mase(training, actual, result.values, result.season),
        "bias": accuracy.bias(actual, result.values),
        "seconds": seconds,
        "baseline_wape": accuracy.wape(actual, baseline),
        "baseline_wape_total": accuracy.wape_total(actual, baseline),
        "baseline_mase": accuracy.mase(training, actual, baseline, result.season),
        "mean_wape": accuracy.wape(actual, result.mean),
        "mean_wape_total": accuracy.wape_total(actual, result.mean),
        "mean_bias": accuracy.bias(actual, result.mean),
        "expected_wape": result.errors.overall_wape,
        "expected_wape_total": result.errors.overall_wape_total,
        "baseline_kept": sum(method == BASELINE for method in result.methods),
        "series": raw.shape[1],
        "training_dates": training.shape[0],
        "holdout": holdout,
        "season": result.season,
    }


def _checked(demand: npt.ArrayLike, dates: Sequence[date], horizon: int, season: int | None) -> Floats:
    raw = np.asarray(demand, dtype=np.float64)
    if raw.ndim != 2 or raw.shape[0] != len(dates):
        raise ValueError(f"demand must be dates × series, with {len(dates)} dates; its shape is {raw.shape}")
    if np.isinf(raw).any():
        raise ValueError("demand must be finite, or NaN where it is not known")
    if horizon < 1 or (season is not None and season < 1):
        raise ValueError("the horizon and the season must be at least 1")
    return raw


def _record(raw: Floats, offers_at: OffersAt, trials: Trials, loss: Floats, horizon: int) -> tuple[Floats, Floats]:
    """Absolute errors and errors of totals (origins × series) of the blend.

    Each time it is chosen by the origins whose dates do not overlap with the dates at hand.
    """
    absolute, total = np.zeros_like(trials.demand), np.zeros_like(trials.demand)
    for number, origin in enumerate(trials.origins):
        apart = [index for index, other in enumerate(trials.origins) if abs(other - origin) >= horizon]
        apart = apart or list(range(len(trials.origins)))
        share = shares(scores(loss[apart], whole_horizons([trials.origins[index] for index in apart], horizon)))
        predicted = blend(offers_at(origin), trials.names, share)
        truth = raw[origin : origin + horizon]
        difference = np.where(np.isfinite(truth), predicted - truth, 0.0)
        absolute[number] = np.abs(difference).sum(axis=0)
        total[number] = np.abs(difference.sum(axis=0))
    return absolute, total


def _baseline_wins(trials: Trials, record: tuple[Floats, Floats], horizons: float) -> Booleans:
    """The series for which the plain baseline was better than the blend beyond what chance explains."""
    baseline = trials.names.index(BASELINE)
    daily, total = (max(float(errors[:, baseline].sum()), 1e-12) for errors in (trials.absolute, trials.total))
    of_baseline = trials.absolute[:, baseline] / daily + trials.total[:, baseline] / total
    of_blend = record[0] / daily + record[1] / total
    return beyond_chance(of_baseline, of_blend, horizons)


def _mean(offers: Offers, trials: Trials, horizons: float) -> Floats:
    """The blend of the methods that neither trim nor favor the middle, by the squared error of their totals."""
    unbiased = [index for index, name in enumerate(trials.names) if is_unbiased(name)]
    names = [trials.names[index] for index in unbiased]
    squared = trials.signed[:, unbiased] ** 2
    # Every series counts alike. By its demand, one that had died would outweigh all others with what it no longer sold.
    scale = accuracy.mean_of_known(squared.reshape(-1, squared.shape[2]))
    squared = np.divide(squared, scale, out=np.zeros_like(squared), where=scale > 0)
    return blend(offers, names, shares(scores(squared, horizons)))


def _untried(history: History, ahead: tuple[date, ...], open_ahead: Floats) -> ForecastResult:
    """With too little history to try anything: the mean of the trading days so far."""
    width, names = history.width, (HISTORIC_AVERAGE,)
    values = blend(forecasts(history, len(ahead)), names, np.ones((1, width))) * open_ahead
    nothing = np.full(width, np.nan)
    unknown = Errors(nothing, nothing, nothing, float("nan"), float("nan"), float("nan"))
    return ForecastResult(
        ahead, history.season, values, values, names * width, ({HISTORIC_AVERAGE: 1.0},) * width, unknown, unknown
    )


def _scale(raw: Floats, season: int) -> Floats:
    return accuracy.mean_of_known(np.abs(raw[season:] - raw[:-season]))


def _errors(absolute: Floats, total: Floats, trials: Trials, scale: Floats, horizon: int) -> Errors:
    demand = trials.demand.sum(axis=0)
    absolute_sum, total_sum = absolute.sum(axis=0), total.sum(axis=0)
    mase = _ratio(absolute_sum / (absolute.shape[0] * horizon), scale)
    return Errors(
        wape=_ratio(absolute_sum, demand),
        wape_total=_ratio(total_sum, demand),
        mase=mase,
        overall_wape=float(_ratio(absolute_sum.sum(), demand.sum())),
        overall_wape_total=float(_ratio(total_sum.sum(), demand.sum())),
        overall_mase=float(mase[np.isfinite(mase)].mean()) if np.isfinite(mase).any() else float("nan"),
    )


def _ratio(part: npt.ArrayLike, whole: npt.ArrayLike) -> Floats:
    parts, wholes = np.broadcast_arrays(np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64))
    ratio: Floats = np.divide(parts, wholes, out=np.full(parts.shape, np.nan), where=wholes > 0)
    return ratio


def _blends(names: Sequence[str], share: Floats) -> tuple[dict[str, float], ...]:
    found = []
    for column in share.T:
        used = np.flatnonzero(column)
        found.append({names[index]: float(column[index]) for index in used[np.argsort(-column[used], kind="stable")]})
    return tuple(found)
