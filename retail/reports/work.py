"""The tasks of this module: the owner's report every morning, on the shop's clock."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from retail.core.db import give_way, reading, session, unit_of_work
from retail.core.schedules import stand
from retail.core.tasks import task
from retail.inventory import services as inventory
from retail.reports import owner_mail, owner_report, services
from retail.tenancy.queries import current_tenant

LATE_DAYS = 35
"""So far back are sums of sales made again each night: a document of the past may have come since."""


@task("reports.owner_daily", _l("Mail the owner's report"), retry_seconds=(60, 600, 3600), of_business=True)
def owner_daily(
    *,
    progress: object,  # noqa: ARG001  every task is handed it
    day: str | None = None,
    to: str | None = None,
) -> dict[str, Any]:
    """Mail the report of a business date (ISO; by default the last one that is over) to the owners or one address."""
    with reading():
        tenant = current_tenant()
        session.expunge(tenant)
        on = date.fromisoformat(day) if day else owner_report.yesterday(tenant)
        reports = [
            (owner_report.make(tenant, on, locale), people) for locale, people in owner_mail.readers(tenant, to).items()
        ]
    with unit_of_work():
        mails = [mail for report, people in reports for mail in owner_mail.send(report, people)]
        return {"day": on.isoformat(), "to": [one.to_address for one in mails], "mails": [m.id for m in mails]}


STOCK_FIGURES = "reports.stock_figures"


@task(STOCK_FIGURES, _l("Reckon the figures of stock"), queue="low", timeout=3600, quiet=True)
def stock_figures(progress: Any) -> dict[str, Any]:
    """Reckon what the reports of stock read, until last evening, a month at a time."""
    with reading():
        until = current_tenant().today() - timedelta(days=1)
        begin = inventory.month_to_begin_with(until)
    month, levels = begin, 0
    while month is not None and month <= until:
        with unit_of_work():
            levels += inventory.make_month(month, until)
        progress(levels, None, _("Reckoned"))
        month = inventory.first_of_next(month)
        give_way()
    with unit_of_work():
        first = min(begin or until, until - timedelta(days=LATE_DAYS)).replace(day=1)
        services.tell_revenue(first, until)
        standings = inventory.make_standings(until)
    return {"until": until.isoformat(), "levels": levels, "standings": standings}


stand("stock-figures", _l("Figures of stock"), STOCK_FIGURES, "40 3 * * *")
stand("owner-report", _l("Owner's daily report"), "reports.owner_daily", "0 7 * * *")
