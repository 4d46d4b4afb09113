"""What follows from sales: the rollups are brought up to date, then screens that show figures are told."""

from __future__ import annotations

from datetime import date

from sqlalchemy import event

from retail.core.db import session
from retail.core.events import Happening, on
from retail.core.push import consequences, push
from retail.core.tenancy import current_tenant_id
from retail.events.integrations import HistoryImported
from retail.events.till import SaleCompleted, SaleReversed
from retail.reports import services

FIGURES_UPDATED = "figures.updated"
consequences[FIGURES_UPDATED] = frozenset(one.kind for one in (SaleCompleted, SaleReversed, HistoryImported))


@on(SaleCompleted, SaleReversed, HistoryImported, batch=True, queue="high")
def roll_up(happenings: list[Happening]) -> None:
    """One handler for all of them, so that two workers never make the same bucket at once."""
    tenant_id = current_tenant_id()
    orders = [one.order_id for one in happenings if isinstance(one, SaleCompleted | SaleReversed)]
    if orders:
        services.roll_up(orders)
    for one in happenings:
        if isinstance(one, HistoryImported):
            services.rebuild(date.fromisoformat(one.first), date.fromisoformat(one.last))
    # A screen that reads before the commit would show the figures of before, and nothing would tell it again.
    event.listen(
        session(), "after_commit", lambda _session: push(FIGURES_UPDATED, None, f"tenant:{tenant_id}"), once=True
    )
