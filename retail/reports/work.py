"""The tasks of this module: the owner's report every morning, on the shop's clock."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l

from retail.core.db import reading, session, unit_of_work
from retail.core.schedules import stand
from retail.core.tasks import task
from retail.reports import owner_mail, owner_report
from retail.tenancy.queries import current_tenant


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


stand("owner-report", _l("Owner's daily report"), "reports.owner_daily", "0 7 * * *")
