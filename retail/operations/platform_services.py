"""What the platform does to a business as a whole: make it, put it out of force, put it in force again."""

from __future__ import annotations

from retail.core import audit, push
from retail.core.db import session
from retail.core.tenancy import current_tenant_id
from retail.tenancy.models import Tenant
from retail.tenancy.services import resume, suspend


def suspend_business(reason: str) -> Tenant:
    """Put the business we are in out of force: its people are signed out and told why, its screens closed, its work
    rests. Refused as `suspend` refuses."""
    one = session.get_one(Tenant, current_tenant_id())
    suspend(one, reason)
    _note("suspend", one, {"reason": reason})
    push.close_after_commit(f"tenant:{one.id}")
    return one


def resume_business() -> Tenant:
    """Put the business we are in in force again; what waited goes on. Refused as `resume` refuses."""
    one = session.get_one(Tenant, current_tenant_id())
    resume(one)
    _note("resume", one, {})
    return one


def _note(action: str, one: Tenant, changes: dict[str, str]) -> None:
    audit.record(action, "tenants", one.id, one.name, changes)
    audit.record_for_platform(action, "tenants", one.id, one.name, changes)
