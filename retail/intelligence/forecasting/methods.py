"""All methods on offer, and what they are called in front of people."""

from collections.abc import Iterator

from flask_babel import gettext as _

from retail.intelligence.forecasting.averages import MEDIAN_CAPS, ORDINARY, QUANTILE_CAPS, UNTRIMMED, averages
from retail.intelligence.forecasting.history import History
from retail.intelligence.forecasting.plain import (
    CROSTON,
    HISTORIC_AVERAGE,
    MEDIAN,
    NAIVE,
    SEASONAL_AVERAGE,
    SEASONAL_NAIVE,
    WINDOW_AVERAGE,
    plain,
    rarely_sold,
)
from retail.intelligence.forecasting.series import Floats
from retail.intelligence.forecasting.smoothing import CYCLES_NEEDED, smoothing
from retail.intelligence.forecasting.yearly import SEASONAL_GROWTH, YEAR_SHAPE, seasonal_growth, year_course

BASELINE = SEASONAL_NAIVE
YEAR_LEVEL = "level-mixed-trim90"
MEAN_METHODS = {SEASONAL_NAIVE, "smooth-damped"}


def forecasts(history: History, horizon: int) -> Iterator[tuple[str, Floats]]:
    """Every method that this much history allows, as (name, forecast clipped at 0, horizon × series)."""
    for name, forecast in _unclipped(history, horizon):
        yield name, forecast.clip(min=0)


def _unclipped(history: History, horizon: int) -> Iterator[tuple[str, Floats]]:
    yield from plain(history, horizon)
    span = 2 * history.season if history.season > 1 else 4
    course = year_course(history, horizon, span) if history.year > history.season else None
    for name, forecast in averages(history, horizon):
        yield name, forecast
        if course is not None and name == YEAR_LEVEL:
            yield YEAR_SHAPE, forecast * course
    yield from rarely_sold(history, horizon)
    if history.year == history.season > 1 and history.length >= 2 * history.season:
        yield from seasonal_growth(history, horizon)
    if history.length >= CYCLES_NEEDED * max(history.season, 4):
        yield from smoothing(history, horizon)


def is_untrimmed(name: str) -> bool:
    """Whether a method lets giant sales count in full; such a one serves the mean only."""
    return name.startswith("level-") and name.endswith(f"-{UNTRIMMED}")


def is_unbiased(name: str) -> bool:
    """Whether a method aims at the mean: it neither trims large sales nor takes medians or logarithms."""
    return name in MEAN_METHODS or is_untrimmed(name)


def describe(name: str) -> str:
    """A method in words for people, in their language."""
    if name.startswith("level-"):
        life, cap = name.removeprefix("level-").split("-")
        level = {
            "ever": _("average level since the start"),
            "mixed": _("average of a recent, a middling and a long-term level"),
        }.get(life) or _("recent level, older sales count half after %(count)s steps", count=life)
        return f"{level}, {_describe_cap(cap)}"
    described = {
        SEASONAL_NAIVE: _("the last season again"),
        NAIVE: _("the last value again"),
        HISTORIC_AVERAGE: _("average of all trading days"),
        WINDOW_AVERAGE: _("average of the last weeks"),
        SEASONAL_AVERAGE: _("average of the last weeks by weekday or season"),
        MEDIAN: _("median of the last weeks"),
        CROSTON: _("size and spacing of sales (Croston)"),
        "tsb-slow": _("size and chance of sales, slow (TSB)"),
        "tsb-quick": _("size and chance of sales, quick (TSB)"),
        SEASONAL_GROWTH: _("the last season with half its growth"),
        YEAR_SHAPE: _("recent level with last year's course"),
        "smooth-log-flat": _("level and season smoothed, trend soon fading"),
        "smooth-log-damped": _("level, season and damped trend smoothed"),
        "smooth-log-trend": _("level, season and trend smoothed"),
        "smooth-damped": _("level, season and damped trend smoothed, in units"),
    }
    return str(described[name])


def _describe_cap(cap: str) -> str:
    if cap == UNTRIMMED:
        return str(_("all sales as they were"))
    if cap == ORDINARY:
        return str(_("giant sales trimmed"))
    if cap in MEDIAN_CAPS:
        return str(_("days above four usual sales trimmed"))
    return str(_("largest %(percent)s %% of days trimmed", percent=round(100 * (1 - QUANTILE_CAPS[cap]))))
