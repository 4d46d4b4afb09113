"""What is done at night: proposals are made, and ordered where nobody needs to look; and the trial on history."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from retail.core.db import reading, unit_of_work
from retail.core.schedules import stand
from retail.core.tasks import task
from retail.intelligence.queries import demand, reference_day
from retail.purchasing import queries
from retail.purchasing.services import NIGHT_WORK, TRIAL, keep_proposals, keep_trial, order_by_itself
from retail.purchasing.trials import Goods, run_trial
from retail.tenancy.queries import current_tenant


@task(NIGHT_WORK, _l("Proposals of what to order"), retry_seconds=(600, 3600), of_business=True)
def propose(progress: Any, orders: bool = True) -> dict[str, Any]:
    """Look at every article and propose what to order; with `orders`, order from those suppliers whom nobody needs to
    look at, within their budgets. The tills can sell meanwhile: only putting rows in place holds a lock."""
    progress(0, 100, _("Looking at stock and forecasts"))
    with reading():
        day = current_tenant().today()
        found = queries.candidates()
    progress(60, 100, _("Putting the proposals in place"))
    with unit_of_work():
        proposed = keep_proposals(day, found)
    ordered = 0
    with reading():
        by_themselves = [one.id for one in queries.suppliers() if one.orders_itself] if orders else []
    for supplier_id in by_themselves:
        with unit_of_work():
            ordered += order_by_itself(queries.supplier_numbered(supplier_id)) is not None
    progress(100, 100, _("Ready"))
    return {"proposed": proposed, "ordered": ordered}


@task(TRIAL, _l("Trial of ordering on history"), timeout=3600, of_business=True)
def try_on_history(progress: Any) -> dict[str, Any]:
    """Play the rules of ordering on what was sold in the last half year, against a plain minimum and maximum."""

    def read(done: int, total: int) -> None:
        progress(30 * done // max(total, 1), 100, _("Reading what was sold"))

    def played(done: int, total: int) -> None:
        progress(30 + 65 * done // max(total, 1), 100, _("Forecasting as of each fortnight"))

    with reading():
        day = reference_day(current_tenant().today())
    if day is None:
        return {"articles": 0}
    with reading():
        known = demand(day, read)
    with reading():
        terms = queries.terms_of(known.variant_ids)
    columns = [np.array(column, dtype=np.float64) for column in zip(*terms, strict=True)]
    if not columns:
        return {"articles": 0}
    found = run_trial(known.values, known.dates, Goods(*columns), played)
    if found is None:
        return {"articles": 0}
    result = asdict(found) | {"first": found.first.isoformat(), "last": found.last.isoformat()}
    with unit_of_work():
        keep_trial(day, result)
    progress(100, 100, _("Ready"))
    return {"articles": found.articles}


stand(NIGHT_WORK, _l("Proposals of what to order at night"), NIGHT_WORK, "20 3 * * *")
