"""What was found out in the night: the scores of customers, the forecasts of products, and how good they are."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from retail.catalog.models import Variant
from retail.core.db import Model
from retail.core.money import Amount, Quantity
from retail.core.tenancy import OfTenant
from retail.customers.models import Customer


class ScoreRun(OfTenant, Model):
    """One scoring of all customers. `segments` maps a segment to how many customers are in it; `monetary` is what all
    of them spent; `limits` holds the four percentiles by which each of the scores r, f, m was given: days, purchases,
    money."""

    __tablename__ = "score_runs"
    __table_args__ = (UniqueConstraint("tenant_id", "as_of"),)

    as_of: Mapped[date]
    computed_at: Mapped[datetime]
    customers: Mapped[int]
    monetary: Mapped[Amount]
    segments: Mapped[dict[str, Any]] = mapped_column(JSON)
    limits: Mapped[dict[str, Any]] = mapped_column(JSON)


class CustomerScore(OfTenant, Model):
    """How recently, how often and for how much a customer bought before `as_of`; scores run from 1 to 5, the best.

    There is one row per customer who ever bought, made anew each night.
    """

    __tablename__ = "customer_scores"
    __table_args__ = (UniqueConstraint("tenant_id", "customer_id"), Index(None, "tenant_id", "segment", "monetary"))

    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    as_of: Mapped[date]
    recency_days: Mapped[int]
    frequency: Mapped[int]
    monetary: Mapped[Amount]
    r: Mapped[int]
    f: Mapped[int]
    m: Mapped[int]
    segment: Mapped[str]

    customer: Mapped[Customer] = relationship(lazy="raise_on_sql", viewonly=True)


class ForecastRun(OfTenant, Model):
    """One forecast of all products that sell. The errors are those of `retail.intelligence.forecasting`, pooled over
    all products: of single days, of totals over the horizon, and the same of repeating the last week. None where there
    was too little history to measure. `recent` is what all products together sold on each of the days before, `daily`
    what is expected of them on each of the days ahead.
    """

    __tablename__ = "forecast_runs"
    __table_args__ = (UniqueConstraint("tenant_id", "as_of"),)

    as_of: Mapped[date]
    computed_at: Mapped[datetime]
    products: Mapped[int]
    horizon_days: Mapped[int]
    history_days: Mapped[int]
    baseline_kept: Mapped[int]
    recent: Mapped[list[float]] = mapped_column(JSON)
    daily: Mapped[list[float]] = mapped_column(JSON)
    wape: Mapped[float | None]
    wape_total: Mapped[float | None]
    baseline_wape: Mapped[float | None]
    baseline_wape_total: Mapped[float | None]


class ProductForecast(OfTenant, Model):
    """What is expected of a variant from `as_of` on, a number of units a day, made anew each night.

    `daily` is what is most likely to come out near, `mean` what comes out in the long run, giant orders included.
    `recent` is what was sold on each of the days before, the last one last.
    `expected_7`, `expected_28` and `mean_28` are sums over the days ahead, `sold_28` over the last 28 days. `needed_28`
    is what should be on hand for the 28 days: the long-run mean and the usual error of the forecast.
    `blend` is the share of each method, `method` the leading one; errors as in `ForecastRun`, of this variant alone.
    """

    __tablename__ = "product_forecasts"
    __table_args__ = (UniqueConstraint("tenant_id", "variant_id"), Index(None, "tenant_id", "expected_28"))

    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id"))
    as_of: Mapped[date]
    horizon_days: Mapped[int]
    daily: Mapped[list[float]] = mapped_column(JSON)
    mean: Mapped[list[float]] = mapped_column(JSON)
    recent: Mapped[list[float]] = mapped_column(JSON)
    expected_7: Mapped[Quantity]
    expected_28: Mapped[Quantity]
    mean_28: Mapped[Quantity]
    needed_28: Mapped[Quantity]
    sold_28: Mapped[Quantity]
    method: Mapped[str]
    blend: Mapped[dict[str, Any]] = mapped_column(JSON)
    baseline_kept: Mapped[bool]
    wape: Mapped[float | None]
    wape_total: Mapped[float | None]
    baseline_wape: Mapped[float | None]
    baseline_wape_total: Mapped[float | None]

    variant: Mapped[Variant] = relationship(lazy="raise_on_sql", viewonly=True)
