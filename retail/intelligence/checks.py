"""What must be true of scores and forecasts."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import func, select

from retail.core.checks import Fault, check
from retail.core.db import session
from retail.core.money import ZERO
from retail.intelligence.models import CustomerScore, ProductForecast
from retail.intelligence.queries import latest_forecast_run, latest_score_run


@check("customer scores", "the last scoring holds as many customers, and as much money, as its rows.")
def customer_scores() -> Iterable[Fault]:
    """Compare the last run with the rows it left."""
    run = latest_score_run()
    count, monetary = session.execute(select(func.count(CustomerScore.id), func.sum(CustomerScore.monetary))).one()
    expected = (run.customers, run.monetary) if run else (0, ZERO)
    if (count, monetary or ZERO) != expected:
        yield Fault(1, f"{count} rows of {monetary or 0}, the run says {expected[0]} of {expected[1]}")


@check("demand forecasts", "the last forecast holds as many products as its rows, and none below zero.")
def demand_forecasts() -> Iterable[Fault]:
    """Compare the last run with the rows it left."""
    run = latest_forecast_run()
    count, least = session.execute(select(func.count(ProductForecast.id), func.min(ProductForecast.expected_28))).one()
    if count != (run.products if run else 0):
        yield Fault(1, f"{count} rows, the run says {run.products if run else 0}")
    if (least or 0) < 0:
        yield Fault(1, f"a forecast of {least} units")
