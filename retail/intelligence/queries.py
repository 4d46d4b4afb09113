"""What scores and forecasts are made from, and what they say. Figures of sales come from the dataset `sales`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

import numpy as np
from sqlalchemy import select

from retail.catalog.models import Variant
from retail.core import datasets
from retail.core.datasets import Dataset
from retail.core.db import session
from retail.core.money import AMOUNT_PLACES, scaled
from retail.core.schedules import Schedule
from retail.core.tasks import Task
from retail.intelligence.forecasting.series import Floats
from retail.intelligence.models import ForecastRun, ScoreRun
from retail.intelligence.rfm import RfmScores, score

CLEAN = {"clean": "yes"}
SOLD = {"kind": ["sale", "void"]}
DEMAND = {**SOLD, "priced": "yes", "merchandise": "yes"}
ONE_DAY = timedelta(days=1)
SILENCE = timedelta(days=28)
HISTORY = timedelta(days=3 * 364)
"""Two years for the course of the year, and a third to try it on."""
STRETCH = 28
STILL_SELLING_DAYS = 182


def _sales() -> Dataset:
    return datasets.get("sales")


def _documents() -> Dataset:
    return datasets.get("documents")


@dataclass(frozen=True)
class ScoredCustomers:
    """Every customer who bought before `as_of`, by code: what they spent, and their scores in the same order."""

    as_of: date
    codes: tuple[str, ...]
    monetary: tuple[Decimal, ...]
    scores: RfmScores


def scored_customers(as_of: date) -> ScoredCustomers:
    """Recency, frequency and money of every customer, from clean lines of the business dates before `as_of`.

    A line is clean when the customer is known, the document is no return, and quantity and price are above zero.
    """
    rows = _sales().ask(
        ["last_day", "orders", "net_revenue"],
        by=["customer"],
        where=CLEAN,
        between=(None, as_of - timedelta(days=1)),
    )
    # By code point, whatever the database's collation.
    rows.sort(key=lambda row: str(row["customer"]))
    return ScoredCustomers(
        as_of,
        tuple(row["customer"] for row in rows),
        tuple(row["net_revenue"] for row in rows),
        score(
            [row["last_day"].toordinal() for row in rows],
            [row["orders"] for row in rows],
            [scaled(row["net_revenue"], AMOUNT_PLACES) for row in rows],
            reference_day=as_of.toordinal(),
        ),
    )


def reference_day(today: date) -> date | None:
    """The day that scores and forecasts look from: today; the day after the last sale where the shop has not sold for
    four weeks, as with the history of another system; None before the first sale.
    """
    last: date | None = _documents().one(["last_day"], where=SOLD)["last_day"]
    if last is None:
        return None
    return today if today - last <= SILENCE else last + timedelta(days=1)


@dataclass(frozen=True)
class Demand:
    """Units sold a day (days × variants) of every variant that still sells; `variant_ids` name the columns."""

    dates: tuple[date, ...]
    variant_ids: tuple[int, ...]
    values: Floats


def demand(as_of: date, progress: Callable[[int, int], None] = lambda _done, _total: None) -> Demand:
    """What was asked for on each day before `as_of`, three years back at most, of what was sold in the last half year.

    Returned goods were wanted all the same; voided sales were not, and are taken off their day. Goods at no price and
    what is no merchandise do not count. The sales are read four weeks at a time, so that memory stays small.
    """
    period = (as_of - HISTORY, as_of - ONE_DAY)
    first: date | None = _documents().one(["first_day"], where=SOLD, between=period)["first_day"]
    if first is None:
        return Demand((), (), np.zeros((0, 0)))
    days = (as_of - first).days
    columns: dict[str, int] = {}
    found: list[tuple[int, int, float]] = []
    for start in range(0, days, STRETCH):
        begin, end = first + timedelta(days=start), first + timedelta(days=min(start + STRETCH, days) - 1)
        for row in _sales().ask(["units"], by=["current_sku", "day"], where=DEMAND, between=(begin, end)):
            column = columns.setdefault(row["current_sku"], len(columns))
            found.append(((date.fromisoformat(row["day"]) - first).days, column, float(row["units"])))
        progress(min(start + STRETCH, days), days)
    values = np.zeros((days, len(columns)))
    rows, places, units = (np.array(part) for part in zip(*found, strict=True))
    np.add.at(values, (rows.astype(np.intp), places.astype(np.intp)), units)
    values = values.clip(min=0)

    on_sale = session.execute(select(Variant.sku, Variant.id).where(Variant.archived_at.is_(None)).order_by(Variant.id))
    alive = values[-STILL_SELLING_DAYS:].sum(axis=0) > 0
    kept = [(variant_id, columns[sku]) for sku, variant_id in on_sale if sku in columns and alive[columns[sku]]]
    return Demand(
        tuple(first + timedelta(days=number) for number in range(days)),
        tuple(variant_id for variant_id, _column in kept),
        values[:, [column for _variant_id, column in kept]],
    )


def running_task(name: str) -> Task | None:
    """A task of this name that waits or is being done, or None."""
    return session.scalar(
        select(Task).where(Task.name == name, Task.state.in_(("queued", "running"))).order_by(Task.id).limit(1)
    )


def next_run(name: str) -> datetime | None:
    """When the schedule of this name comes next; None while it is paused, or has not been set up yet."""
    return session.scalar(select(Schedule.next_run_at).where(Schedule.name == name, Schedule.paused.is_(False)))


def latest_score_run() -> ScoreRun | None:
    """The last scoring, or None before the first."""
    return session.scalar(select(ScoreRun).order_by(ScoreRun.computed_at.desc(), ScoreRun.id.desc()).limit(1))


def latest_forecast_run() -> ForecastRun | None:
    """The last forecast, or None before the first."""
    return session.scalar(select(ForecastRun).order_by(ForecastRun.computed_at.desc(), ForecastRun.id.desc()).limit(1))
