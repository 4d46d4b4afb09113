"""Which method for which series: by rolling origins inside the history, a series' own record trusted as it grows."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from retail.intelligence.forecasting.history import Booleans
from retail.intelligence.forecasting.methods import BASELINE, is_untrimmed
from retail.intelligence.forecasting.series import Floats

MOST_ORIGINS = 8
FEWEST_TO_JUDGE = 4
YEAR_AGO_WEIGHT = 4.0
"""The same dates a year ago count for as much as so many other dates."""
BLENDED = 5
"""So many methods share in a series' forecast."""
SHARPNESS = 10
"""Shares fall with the score to this power: a method with 5 % more error than the best gets 0.6 of its share."""
OWN_RECORD_TRUST = 32.0
"""How many horizons of its own a series must have been forecast for its own errors to count as much as those of all."""


Offers = Iterable[tuple[str, Floats]]
OffersAt = Callable[[int], Offers]
"""The forecasts of all methods, had the history been this many rows long."""


@dataclass(frozen=True)
class Trials:
    """Errors of every method, had it been used at each of the origins; axes origins × methods × series, NaN: not tried.

    `absolute` is the sum of absolute errors over the dates of the horizon, `total` the absolute error of their sum,
    `signed` the forecast total less the true one. `demand` (origins × series) is what happened. `weights` tell how much
    each origin counts in the choice.
    """

    names: tuple[str, ...]
    origins: tuple[int, ...]
    weights: tuple[float, ...]
    absolute: Floats
    total: Floats
    signed: Floats
    demand: Floats


def origins_of(length: int, horizon: int, season: int, year: int) -> tuple[int, ...]:
    """The rows at which to pretend that history ends, latest first: half a horizon apart, at most eight.

    The earliest leaves two seasons, a horizon and a third of the history to learn from. Empty if there is not enough.
    A year with seasons of its own adds the same dates a year ago and two years ago, where a year and more lies before
    them: what Christmas does to sales cannot be learned in autumn.
    """
    earliest = max(2 * season, min(horizon, 4 * season), length // 3, 4)
    stride = max(1, horizon // 2)
    found = range(length - horizon, earliest - 1, -stride)
    recent = tuple(found)[:MOST_ORIGINS]
    if year <= season or not recent:
        return recent
    years_ago = (length - year, length - 2 * year)
    return recent + tuple(row for row in years_ago if horizon <= length - row and year + horizon <= row < recent[-1])


def whole_horizons(origins: Sequence[int], horizon: int) -> float:
    """How many horizons the dates ahead of the origins make up, overlaps counted once."""
    return len({origin + ahead for origin in origins for ahead in range(horizon)}) / horizon


def try_all(raw: Floats, offers_at: OffersAt, origins: Sequence[int], horizon: int) -> Trials:
    """Forecast from every origin with every method it allows, and keep the errors."""
    names: dict[str, int] = {}
    width = raw.shape[1]
    parts: list[dict[int, tuple[Floats, Floats, Floats]]] = []
    demand = np.zeros((len(origins), width))
    for number, origin in enumerate(origins):
        truth = raw[origin : origin + horizon]
        known = np.isfinite(truth)
        whole = known.all()
        truth = truth if whole else np.where(known, truth, 0.0)
        demand[number] = np.abs(truth).sum(axis=0)
        errors: dict[int, tuple[Floats, Floats, Floats]] = {}
        for name, forecast in offers_at(origin):
            difference = forecast - truth if whole else np.where(known, forecast, 0.0) - truth
            signed = difference.sum(axis=0)
            errors[names.setdefault(name, len(names))] = (np.abs(difference).sum(axis=0), np.abs(signed), signed)
        parts.append(errors)
    shape = (len(origins), len(names), width)
    absolute, total, signs = np.full(shape, np.nan), np.full(shape, np.nan), np.full(shape, np.nan)
    for number, errors in enumerate(parts):
        for method, (one, two, three) in errors.items():
            absolute[number, method], total[number, method], signs[number, method] = one, two, three
    weights = tuple(YEAR_AGO_WEIGHT if _is_year_ago(origins, origin, horizon) else 1.0 for origin in origins)
    return Trials(tuple(names), tuple(origins), weights, absolute, total, signs, demand)


def _is_year_ago(origins: Sequence[int], origin: int, horizon: int) -> bool:
    return origins[0] - origin > MOST_ORIGINS * max(1, horizon // 2)


def losses(trials: Trials) -> Floats:
    """Daily error and error of the horizon's total, each relative to the pooled one of the baseline, added up.

    The one tells what stands on the shelf on a day, the other what a buyer orders. Daily error alone would be least for
    forecasts near zero, since most products sell nothing on most days; totals alone would not care about the day.
    """
    baseline = trials.names.index(BASELINE)
    daily = trials.absolute[:, baseline].sum()
    total = trials.total[:, baseline].sum()
    loss: Floats = trials.absolute / max(daily, 1e-12) + trials.total / max(total, 1e-12)
    loss *= np.array(trials.weights)[:, None, None]
    # A single giant order must not become what is expected, however orderly all other products sell.
    loss[:, [is_untrimmed(name) for name in trials.names]] = np.nan
    return loss


def scores(loss: Floats, horizons: float) -> Floats:
    """Expected loss of each method for each series, methods × series, as a factor on that of a middling method.

    A series' own record is pulled towards the record of the method over all series: a few horizons of one product say
    little, those of two hundred say much. `horizons` is how many whole horizons were tried. A method is compared only
    over the origins at which it was tried; infinite where it never was.
    """
    tried = np.isfinite(loss)
    always = tried.all(axis=0)
    count = np.maximum(always.sum(axis=0), 1)
    middling = np.where(always, np.nan_to_num(loss), 0.0).sum(axis=1) / count
    against = np.where(tried, middling[:, None, :], 0.0)
    mine, theirs = np.where(tried, loss, 0.0), against
    pooled = _factor(mine.sum(axis=(0, 2)), theirs.sum(axis=(0, 2)), 1.0)[:, None]
    own = _factor(mine.sum(axis=0), theirs.sum(axis=0), pooled)
    score: Floats = (horizons * own + OWN_RECORD_TRUST * pooled) / (horizons + OWN_RECORD_TRUST)
    return np.where(tried.any(axis=0), score, np.inf)


def _factor(mine: Floats, theirs: Floats, otherwise: npt.ArrayLike) -> Floats:
    factor: Floats = np.where(theirs > 0, mine / np.where(theirs > 0, theirs, 1.0), otherwise)
    return factor


def shares(score: Floats) -> Floats:
    """How much each method counts in each series' forecast, methods × series; each column sums to 1.

    The best few are averaged: their faults are not the same ones, so the mean is better than the pick, and steadier.
    """
    order = np.argsort(score, axis=0, kind="stable")[:BLENDED]
    best = np.take_along_axis(score, order, axis=0)
    # A score of 0 is a faultless record: the floor lets it take all without a division by nothing.
    best = np.maximum(best, 1e-9)
    power = np.where(np.isfinite(best), (best / best[0]) ** -SHARPNESS, 0.0)
    share = np.zeros_like(score)
    np.put_along_axis(share, order, power / power.sum(axis=0), axis=0)
    return share


def blend(offers: Offers, names: Sequence[str], share: Floats) -> Floats:
    """The forecast in which every method counts by its share.

    A method that is not on offer leaves its part to the others; where none is left, the baseline stands.
    """
    place = {name: index for index, name in enumerate(names)}
    used = np.zeros(share.shape[1])
    total: Floats = np.zeros((1, share.shape[1]))
    baseline = total
    for name, forecast in offers:
        if name == BASELINE:
            baseline = forecast
        index = place.get(name)
        if index is None or not share[index].any():
            continue
        part = np.where(np.isfinite(forecast[0]), share[index], 0.0)
        total = total + part * np.nan_to_num(forecast)
        used += part
    blended: Floats = np.where(used > 0, total / np.where(used > 0, used, 1.0), baseline)
    return blended


def beyond_chance(loss: Floats, other: Floats, horizons: float) -> Booleans:
    """For which series `loss` (origins × series) is smaller than `other` by more than two standard errors."""
    ahead = other - loss
    error = ahead.std(axis=0) / np.sqrt(max(horizons, 1.0))
    return np.asarray((loss.shape[0] >= FEWEST_TO_JUDGE) & (ahead.mean(axis=0) > 2 * error))
