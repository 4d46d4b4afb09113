"""The verbs of running the program."""

from __future__ import annotations

from sqlalchemy import func, select

from retail.core import schedules
from retail.core.db import reading, session, unit_of_work
from retail.core.schedules import STANDING, Schedule
from retail.core.tenancy import across_tenants, inside
from retail.tenancy.models import Tenant


def give_standing_schedules() -> int:
    """Give every tenant the schedules that all of them have; returns how many tenants lacked one."""
    with across_tenants(), reading():
        counted = select(Schedule.tenant_id, func.count()).where(Schedule.name.in_(STANDING))
        counts = session.execute(counted.group_by(Schedule.tenant_id)).all()
        known = {row[0]: row[1] for row in counts}
        open_ones = select(Tenant.id, Tenant.timezone).where(Tenant.suspended_at.is_(None))
        tenants = session.execute(open_ones).all()
    lacking = [row for row in tenants if known.get(row.id, 0) < len(STANDING)]
    for row in lacking:
        with inside(row.id), unit_of_work():
            schedules.plan_standing(row.timezone)
    return len(lacking)
