"""What was sold so far, and what the numbers alone do not say: closed days, and from when a series counts."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from retail.intelligence.forecasting.series import Floats

Booleans = npt.NDArray[np.bool_]

UNLIKELY = np.log(1e-4)
"""Log of the chance below which "nothing sold anywhere" is taken for a closed shop, not for chance."""
RECENT_CYCLES = 8
GIANT = 10.0
"""A value so many times the usual sale (the median one) is a giant, unless the like happens more often than rarely."""
RARE = 0.01


@dataclass(frozen=True)
class History:
    """Demand up to a point in time, dates × series.

    `raw` is demand as given. `known` has 0 and `weight` 0 where a value says nothing about demand: it is missing (a
    stock-out), the shop was closed, or the series had not begun; `weight` is 1 elsewhere.
    `ordinary` is `known` with the few giant sales cut down to what else happens. Row t is at position
    `t % season` of the season; `open_positions` tells on which of them the shop trades. `year` is the number of rows
    in a year, in whole seasons.
    """

    raw: Floats
    known: Floats
    ordinary: Floats
    weight: Floats
    season: int
    open_positions: Booleans
    year: int

    @property
    def length(self) -> int:
        return int(self.raw.shape[0])

    @property
    def width(self) -> int:
        return int(self.raw.shape[1])

    def future_positions(self, horizon: int) -> npt.NDArray[np.intp]:
        """The position in the season of each of the next dates."""
        return (self.length + np.arange(horizon)) % self.season

    def future_open(self, horizon: int) -> Floats:
        """1 for each of the next dates on which the shop trades, else 0; as a column."""
        return self.open_positions[self.future_positions(horizon)].astype(np.float64)[:, None]


def history_of(raw: Floats, season: int, year: int, closed: Booleans) -> History:
    """Work out when the shop was closed and from when each series counts.

    `closed` marks the dates that are known to have been closed; where something sold all the same, it counts.
    """
    shut, open_positions = _closed(raw, season, closed)
    missing = np.isnan(raw) | shut[:, None]
    sold = np.where(missing, 0, raw) > 0
    # Zeros before the first sale are no lack of demand: the product was not on the shelf yet. The first sale itself is
    # left out as well, since counting from a date because it had a sale would overstate what sells. A product younger
    # than a season is taken to be a season old: of its few dates none can be left out, nor is its launch the rule.
    first = np.where(sold.any(axis=0), sold.argmax(axis=0) + 1, raw.shape[0])
    start = np.minimum(first, max(raw.shape[0] - season, 0))
    begun = np.arange(raw.shape[0])[:, None] >= start
    weight = (begun & ~missing).astype(np.float64)
    known = np.where(weight > 0, raw, 0.0)
    return History(raw, known, _ordinary(known, weight), weight, season, open_positions, year)


def _ordinary(known: Floats, weight: Floats) -> Floats:
    columns = np.arange(known.shape[1])
    ordered = np.sort(known, axis=0)[::-1]
    sales = (known > 0).sum(axis=0)
    usual = ordered[sales // 2, columns]
    rank = np.minimum(np.ceil(RARE * weight.sum(axis=0)).astype(np.intp), known.shape[0] - 1)
    ordinary: Floats = np.minimum(known, np.maximum(GIANT * usual, ordered[rank, columns]))
    return ordinary


def _closed(raw: Floats, season: int, closed: Booleans) -> tuple[Booleans, Booleans]:
    """The closed dates of the past, and the positions of the season that are open.

    A date without any sale is a closed one if that would hardly happen by chance, given how often each series sells on
    that weekday. A weekday is closed if its last eight have no sale and that would hardly happen by chance either.
    """
    selling = np.nan_to_num(raw) > 0
    nothing: Booleans = np.asarray(~selling.any(axis=1))
    length = raw.shape[0]
    shut = closed & nothing
    open_positions = np.ones(season, dtype=np.bool_)
    chance_of_none = np.log1p(-(selling.sum(axis=0) + 0.5) / (length + 1)).sum()
    for position in range(season):
        of_position = np.arange(position, length, season)
        if not nothing[of_position].any():
            continue
        selling_here = selling[of_position].sum(axis=0)
        chance_here = np.log1p(-(selling_here + 0.5) / (of_position.size + 1)).sum()
        if chance_here < UNLIKELY:
            shut[of_position] |= nothing[of_position]
        recent = of_position[-RECENT_CYCLES:]
        if season > 1 and nothing[recent].all() and recent.size * chance_of_none < UNLIKELY:
            open_positions[position] = False
            silent = nothing[of_position]
            since = of_position.size if silent.all() else int(np.argmin(silent[::-1]))
            shut[of_position[of_position.size - since :]] = True
    return shut, open_positions
