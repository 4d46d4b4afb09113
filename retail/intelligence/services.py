"""Finding out and keeping what was found: arithmetic first, without a transaction, then the rows in one."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
from flask_babel import gettext as _
from sqlalchemy import delete, select

from retail.core import tenancy
from retail.core.clock import now
from retail.core.db import Model, session
from retail.core.errors import Refused
from retail.core.money import AMOUNT_PLACES, ZERO
from retail.core.tasks import Task, ask_for
from retail.customers.models import Customer
from retail.intelligence.forecasting import BASELINE, Errors, ForecastResult, forecast
from retail.intelligence.forecasting.series import Floats
from retail.intelligence.models import CustomerScore, ForecastRun, ProductForecast, ScoreRun
from retail.intelligence.queries import Demand, ScoredCustomers, running_task
from retail.tenancy.models import Tenant

SCORING, FORECASTING = "intelligence.scores", "intelligence.forecasts"
"""The tasks, which are also the names of the schedules on which they stand."""
HORIZON_DAYS = 28
RECENT_DAYS = 84
LEAST_HISTORY_DAYS = 14
"""Two weeks: with less, not even the course of the week can be told."""
CELLS_AT_ONCE = 500_000
"""Days × products in one piece of arithmetic, about 200 MB at its height; a larger assortment is done in parts."""


def keep_scores(found: ScoredCustomers) -> ScoreRun:
    """Put these scores in the place of those there were. Doing it twice changes nothing."""
    ids = {row.code: row.id for row in session.execute(select(Customer.code, Customer.id))}
    scores = found.scores
    columns = zip(
        found.codes,
        scores.recency_days.tolist(),
        scores.frequency.tolist(),
        found.monetary,
        scores.r.tolist(),
        scores.f.tolist(),
        scores.m.tolist(),
        scores.segments,
        strict=True,
    )
    rows = [
        {
            "customer_id": ids[code],
            "as_of": found.as_of,
            "recency_days": recency_days,
            "frequency": frequency,
            "monetary": monetary,
            "r": r,
            "f": f,
            "m": m,
            "segment": segment.value,
        }
        for code, recency_days, frequency, monetary, r, f, m, segment in columns
        # Somebody may have merged or renamed a customer since the sales were read.
        if code in ids
    ]
    _replace(CustomerScore, rows)
    session.execute(delete(ScoreRun).where(ScoreRun.as_of == found.as_of))
    run = ScoreRun(
        as_of=found.as_of,
        computed_at=now(),
        customers=len(rows),
        monetary=sum((row["monetary"] for row in rows), ZERO),
        segments=dict(Counter(row["segment"] for row in rows)),
        limits={
            "r": scores.recency_limits,
            "f": scores.frequency_limits,
            "m": [limit / 10**AMOUNT_PLACES for limit in scores.monetary_limits],
        },
    )
    session.add(run)
    session.flush()
    return run


@dataclass(frozen=True)
class Forecasts:
    """What is expected: a row per variant, and the figures of the whole."""

    as_of: date
    rows: list[dict[str, Any]]
    whole: Mapping[str, Any]


def forecast_demand(
    as_of: date, known: Demand, progress: Callable[[int, int], None] = lambda _done, _total: None
) -> Forecasts | None:
    """Forecast every variant for four weeks; None when there is less than two weeks of history, or nothing sells."""
    if len(known.dates) < LEAST_HISTORY_DAYS or not known.variant_ids:
        return None
    width = max(CELLS_AT_ONCE // len(known.dates), 1)
    rows: list[dict[str, Any]] = []
    parts: list[tuple[float, ForecastResult]] = []
    for start in range(0, len(known.variant_ids), width):
        values = known.values[:, start : start + width]
        result = forecast(values, known.dates, HORIZON_DAYS)
        parts.append((float(np.nansum(values)), result))
        rows += _rows(as_of, known.variant_ids[start : start + width], values, result)
        progress(min(start + width, len(known.variant_ids)), len(known.variant_ids))
    whole = {
        "products": len(rows),
        "horizon_days": HORIZON_DAYS,
        "history_days": len(known.dates),
        "baseline_kept": sum(row["baseline_kept"] for row in rows),
        "recent": known.values[-RECENT_DAYS:].sum(axis=1).round(3).tolist(),
        "daily": np.sum([part.values.sum(axis=1) for _units, part in parts], axis=0).round(3).tolist(),
        "wape": _pooled((units, part.errors.overall_wape) for units, part in parts),
        "wape_total": _pooled((units, part.errors.overall_wape_total) for units, part in parts),
        "baseline_wape": _pooled((units, part.baseline_errors.overall_wape) for units, part in parts),
        "baseline_wape_total": _pooled((units, part.baseline_errors.overall_wape_total) for units, part in parts),
    }
    return Forecasts(as_of, rows, whole)


def keep_forecasts(found: Forecasts) -> ForecastRun:
    """Put these forecasts in the place of those there were. Doing it twice changes nothing."""
    _replace(ProductForecast, found.rows)
    session.execute(delete(ForecastRun).where(ForecastRun.as_of == found.as_of))
    run = ForecastRun(as_of=found.as_of, computed_at=now(), **found.whole)
    session.add(run)
    session.flush()
    return run


def compute_now(name: str) -> Task:
    """Ask for SCORING or FORECASTING at once. Refused while it is waiting or being done already."""
    if running_task(name) is not None:
        raise Refused(_("That is being worked out already."))
    return ask_for(name)


def _replace(model: type[Model], rows: list[dict[str, Any]]) -> None:
    # One replacement at a time: two at once would each leave the other's rows standing.
    session.execute(select(Tenant.id).where(Tenant.id == tenancy.current_tenant_id()).with_for_update(key_share=True))
    session.execute(delete(model).execution_options(synchronize_session=False))
    tenancy.insert_owned(model, rows)


def expected_means(history: Floats, dates: Sequence[date]) -> tuple[Floats, Floats]:
    """What a history of units (days × articles) lets expect of each of the coming days, in the long run, and the share
    by which the total over them usually errs, an article each; NaN where that is not known. Nothing is kept."""
    found = forecast(history, dates, HORIZON_DAYS)
    return np.nan_to_num(found.mean).clip(min=0), found.errors.wape_total


def _rows(as_of: date, variant_ids: tuple[int, ...], values: Floats, result: ForecastResult) -> list[dict[str, Any]]:
    recent = values[-RECENT_DAYS:]
    sold = values[-HORIZON_DAYS:].sum(axis=0)
    needed = _needed(values, result)
    return [
        {
            "variant_id": variant_id,
            "as_of": as_of,
            "horizon_days": HORIZON_DAYS,
            "daily": result.values[:, column].round(3).tolist(),
            "mean": result.mean[:, column].round(3).tolist(),
            "recent": recent[:, column].round(3).tolist(),
            "expected_7": _quantity(result.values[:7, column].sum()),
            "expected_28": _quantity(result.values[:, column].sum()),
            "mean_28": _quantity(result.mean[:, column].sum()),
            "needed_28": _quantity(needed[column]),
            "sold_28": _quantity(sold[column]),
            "method": result.methods[column],
            "blend": {name: round(share, 4) for name, share in result.blends[column].items()},
            "baseline_kept": result.methods[column] == BASELINE,
            **_errors_of(result.errors, column),
            **_errors_of(result.baseline_errors, column, "baseline_"),
        }
        for column, variant_id in enumerate(variant_ids)
    ]


def _needed(values: Floats, result: ForecastResult) -> Floats:
    """What should be on hand for the days ahead: the long-run mean and the usual error, at most once what is expected;
    whole units of what was only ever sold in whole units.
    """
    usual_error = np.nan_to_num(result.errors.wape_total, nan=1.0).clip(max=1.0)
    expected = result.values.sum(axis=0)
    # The mean is the larger nearly always; where it is not, nobody should order less than what is expected.
    needed: Floats = np.maximum(result.mean.sum(axis=0), expected) + expected * usual_error
    whole = (values == np.floor(values)).all(axis=0)
    # Less than a thousandth above a whole number is noise of the arithmetic, no reason to order one more.
    return np.where(whole, np.ceil(needed - 0.001), needed)


def _errors_of(errors: Errors, column: int, prefix: str = "") -> dict[str, float | None]:
    return {
        f"{prefix}wape": _known(float(errors.wape[column])),
        f"{prefix}wape_total": _known(float(errors.wape_total[column])),
    }


def _quantity(units: float) -> Decimal:
    return Decimal(f"{units:.3f}")


def _known(error: float) -> float | None:
    """No database stores what is not a number."""
    return error if math.isfinite(error) else None


def _pooled(parts: Iterable[tuple[float, float]]) -> float | None:
    """The error over all parts, each counting by its units."""
    measured = [(units, error) for units, error in parts if math.isfinite(error) and units > 0]
    total = sum(units for units, _error in measured)
    return sum(units * error for units, error in measured) / total if total else None
