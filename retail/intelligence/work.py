"""What is found out in the night: customer scores and demand forecasts."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from retail.core.db import reading, unit_of_work
from retail.core.schedules import stand
from retail.core.tasks import task
from retail.intelligence.queries import demand, reference_day, scored_customers
from retail.intelligence.services import FORECASTING, SCORING, forecast_demand, keep_forecasts, keep_scores
from retail.tenancy.queries import current_tenant


@task(SCORING, _l("Customer scores"), retry_seconds=(600, 3600), of_business=True)
def score_customers(progress: Any, as_of: str | None = None) -> dict[str, Any]:
    """Score every customer by what they bought before `as_of` (ISO; today if left out). The tills can sell meanwhile:
    reading and reckoning hold no lock, only putting the rows in place does, in one transaction.
    """
    progress(0, 100, _("Looking at what customers bought"))
    with reading():
        day = _day(as_of)
        found = scored_customers(day) if day else None
    if found is None:
        return {"customers": 0}
    progress(80, 100, _("Putting the scores in place"))
    with unit_of_work():
        customers = keep_scores(found).customers
    progress(100, 100, _("Ready"))
    return {"as_of": found.as_of.isoformat(), "customers": customers}


@task(FORECASTING, _l("Demand forecasts"), retry_seconds=(600, 3600), of_business=True)
def forecast_products(progress: Any, as_of: str | None = None) -> dict[str, Any]:
    """Forecast every product that sells from what was sold before `as_of`, as `score_customers` does."""

    def read(done: int, total: int) -> None:
        progress(60 * done // total, 100, _("Reading what was sold"))

    def tried(done: int, total: int) -> None:
        progress(60 + 35 * done // total, 100, _("Trying the methods on the past"))

    progress(0, 100, _("Reading what was sold"))
    with reading():
        day = _day(as_of)
    if day is None:
        return {"products": 0}
    # Each report of progress ends the read transaction and the next stretch begins another: none lasts long.
    with reading():
        known = demand(day, read)
    tried(0, 1)
    found = forecast_demand(day, known, tried)
    if found is None:
        return {"as_of": day.isoformat(), "products": 0}
    progress(95, 100, _("Putting the forecasts in place"))
    with unit_of_work():
        products = keep_forecasts(found).products
    progress(100, 100, _("Ready"))
    return {"as_of": day.isoformat(), "products": products}


def _day(as_of: str | None) -> date | None:
    return date.fromisoformat(as_of) if as_of else reference_day(current_tenant().today())


stand(SCORING, _l("Customer scores at night"), SCORING, "20 2 * * *")
stand(FORECASTING, _l("Demand forecasts at night"), FORECASTING, "40 2 * * *")
