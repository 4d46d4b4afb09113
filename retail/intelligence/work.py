"""What is found out in the night."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from retail.core.db import reading, unit_of_work
from retail.core.schedules import stand
from retail.core.tasks import task
from retail.intelligence.queries import demand, reference_day, scored_customers
from retail.intelligence.services import NIGHTLY, forecast_demand, keep_forecasts, keep_scores
from retail.tenancy.queries import current_tenant


@task(NIGHTLY, _l("Customer scores and demand forecasts"), retry_seconds=(600, 3600))
def nightly(progress: Any) -> dict[str, Any]:
    """Score every customer and forecast every product. The tills can sell meanwhile: what is read and worked out holds
    no lock, only putting the rows in place does.
    """
    progress(0, 100, _("Looking at the customers"))
    with reading():
        as_of = reference_day(current_tenant().today())
        scored = scored_customers(as_of) if as_of else None
    if as_of is None or scored is None:
        return {"customers": 0, "products": 0}
    with unit_of_work():
        customers = keep_scores(scored).customers

    progress(20, 100, _("Reading what was sold"))
    # Each report of progress ends the read transaction and the next stretch begins another: none lasts long.
    with reading():
        known = demand(as_of, lambda done, total: progress(20 + 40 * done // total, 100, _("Reading what was sold")))
    progress(60, 100, _("Trying the methods on the past"))
    found = forecast_demand(as_of, known)
    progress(95, 100, _("Putting the forecasts in place"))
    products = 0
    if found is not None:
        with unit_of_work():
            products = keep_forecasts(found).products
    progress(100, 100, _("Ready"))
    return {"as_of": as_of.isoformat(), "customers": customers, "products": products}


stand("intelligence.nightly", _l("Customer scores and forecasts at night"), NIGHTLY, "30 2 * * *")
