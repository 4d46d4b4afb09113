"""`flask rfm …` and `flask forecast …`: scores of customers and the errors of forecasts, for programs."""

from __future__ import annotations

import csv
import math
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from retail.core.clock import now
from retail.core.commands import as_json, command_errors
from retail.core.db import reading
from retail.core.errors import Refused
from retail.core.tenancy import inside
from retail.intelligence import module
from retail.intelligence.forecasting import backtest, read_series
from retail.intelligence.queries import scored_customers
from retail.intelligence.work import forecast_products, score_customers
from retail.tenancy.services import tenant_called

AS_OF = click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Reference day, as 2026-11-21: what was sold before it counts. If left out: today, or the day after the last "
    "sale where nothing was sold for four weeks.",
)
JSON = click.option("--json", "wants_json", is_flag=True, help="Write JSON, for programs.")


@module.cli.group("rfm")
def rfm() -> None:
    """Scores of customers: how recently, how often and for how much they bought."""


@rfm.command("export")
@click.option("--tenant", "slug", required=True, metavar="SLUG", help="The business.")
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Reference day, as 2026-11-21: what was bought before it counts; today if left out.",
)
@command_errors
def export(slug: str, as_of: datetime | None) -> None:
    """Write customer, recency in days, frequency, money and the three scores (5 is best) as CSV.

    Counted are lines of known customers with a quantity and a price above zero, returns aside.
    """
    tenant = tenant_called(slug)
    with inside(tenant.id), reading():
        found = scored_customers(as_of.date() if as_of else tenant.business_date(now()))
    scores = found.scores
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["customer", "recency_days", "frequency", "monetary", "r", "f", "m"])
    writer.writerows(
        zip(
            found.codes,
            scores.recency_days.tolist(),
            scores.frequency.tolist(),
            (f"{amount.normalize():f}" for amount in found.monetary),
            scores.r.tolist(),
            scores.f.tolist(),
            scores.m.tolist(),
            strict=True,
        )
    )


@rfm.command("run")
@click.option("--tenant", "slug", required=True, metavar="SLUG", help="The business.")
@AS_OF
@JSON
@command_errors
def run_scores(slug: str, as_of: datetime | None, wants_json: bool) -> None:
    """Score all customers now and keep the scores, as happens every night."""
    _do(score_customers, slug, as_of, wants_json)


@module.cli.group("forecast")
def forecasts() -> None:
    """Demand forecasts and how good they are."""


@forecasts.command("run")
@click.option("--tenant", "slug", required=True, metavar="SLUG", help="The business.")
@AS_OF
@JSON
@command_errors
def run_forecasts(slug: str, as_of: datetime | None, wants_json: bool) -> None:
    """Forecast all products now and keep the forecasts, as happens every night."""
    _do(forecast_products, slug, as_of, wants_json)


def _do(work: Callable[..., dict[str, Any] | None], slug: str, as_of: datetime | None, wants_json: bool) -> None:
    last = ""

    def progress(_done: int, _total: int, message: str) -> None:
        nonlocal last
        if message != last and not wants_json:
            click.echo(message, err=True)
        last = message

    tenant = tenant_called(slug)
    began = time.perf_counter()
    with inside(tenant.id):
        found = work(progress, as_of.date().isoformat() if as_of else None) or {}
    found["seconds"] = round(time.perf_counter() - began, 2)
    click.echo(as_json(found) if wants_json else "  ".join(f"{name} {value}" for name, value in found.items()))


@forecasts.command("backtest")
@click.option(
    "--series",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="CSV, plain or gzip: dates in the first column, then one column per series.",
)
@click.option(
    "--holdout", type=click.IntRange(min=1), default=28, show_default=True, help="How many dates to hold back."
)
@click.option("--season", type=click.IntRange(min=1), help="Dates in a season; 7 for days, 12 for months if left out.")
@JSON
@command_errors
def run_backtest(series: Path, holdout: int, season: int | None, wants_json: bool) -> None:
    """Hide the last dates of every series, forecast them from the rest, and print how far off that was.

    wape: sum of the errors over sum of the demand; wape_total: the same on each series' total over the held-back dates;
    mase: error relative to repeating the last season within the history; baseline_*: of repeating the last season.
    """
    table = read_series(series)
    found = backtest(table.values, table.dates, holdout, season=season)
    if not found["series"]:
        raise Refused("There is no series in the file.")
    # JSON knows no NaN: an error that cannot be measured is null.
    figures = {name: None if math.isnan(value) else value for name, value in found.items()}
    if wants_json:
        click.echo(as_json(figures))
        return
    for name, value in figures.items():
        written = "–" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value)
        click.echo(f"{name:<22}{written:>10}")
