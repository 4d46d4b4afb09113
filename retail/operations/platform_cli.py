"""`flask tenant list`, `suspend` and `resume`: all businesses of the installation, and which are in force."""

from __future__ import annotations

from typing import Any

import click
from sqlalchemy import func, select

from retail.core import audit
from retail.core.audit import AuditEntry
from retail.core.commands import as_json, command_errors
from retail.core.db import reading, session, unit_of_work
from retail.core.events import Delivery, Event
from retail.core.files import StoredFile
from retail.core.tenancy import across_tenants, inside
from retail.core.troubles import Trouble
from retail.identity.models import User
from retail.operations.founding_cli import tenant
from retail.orders.models import Order
from retail.tenancy.models import Tenant
from retail.tenancy.services import resume, suspend, tenant_called


@tenant.command("list")
@click.option("--json", "wants_json", is_flag=True, help="Write JSON, for programs.")
@command_errors
def list_(wants_json: bool) -> None:
    """Every business: in force or not, its size, when something last happened in it, and what is wrong there."""
    with across_tenants(), reading():
        rows = [_told(one) for one in session.scalars(select(Tenant).order_by(Tenant.slug))]
    if wants_json:
        click.echo(as_json(rows))
        return
    for row in rows:
        state = f"suspended ({row['reason']})" if row["suspended_at"] else "in force"
        last = row["last_activity"].date().isoformat() if row["last_activity"] else "never"
        click.echo(
            f"{row['tenant']:24} {state}; {row['people']} people, {row['documents']} documents, "
            f"{row['file_bytes'] // 1024} KB of files; last activity {last}; "
            f"{row['errors_open']} open errors, {row['parked']} parked"
        )


def _told(one: Tenant) -> dict[str, Any]:
    def of(what: Any, model: Any, *conditions: Any) -> Any:
        return session.scalar(select(what).select_from(model).where(model.tenant_id == one.id, *conditions))

    seen = (
        of(func.max(AuditEntry.occurred_at), AuditEntry),
        of(func.max(Event.occurred_at), Event),
        of(func.max(User.last_sign_in_at), User),
    )
    return {
        "tenant": one.slug,
        "name": one.name,
        "created_at": one.created_at,
        "suspended_at": one.suspended_at,
        "reason": one.suspended_reason,
        "people": of(func.count(), User, User.active),
        "documents": of(func.count(), Order),
        "events": of(func.count(), Event),
        "file_bytes": of(func.sum(StoredFile.size), StoredFile) or 0,
        "last_activity": max((instant for instant in seen if instant), default=None),
        "errors_open": of(func.count(), Trouble, Trouble.resolved_at.is_(None)),
        "parked": of(func.count(), Delivery, Delivery.state == "parked"),
    }


@tenant.command("suspend")
@click.option("--tenant", "slug", required=True, metavar="SLUG", help="Which business.")
@click.option("--reason", required=True, help="Why; its people are told when they come.")
@command_errors
def suspend_(slug: str, reason: str) -> None:
    """Put a business out of force: nobody signs in, its work rests; nothing is lost."""
    _change(slug, "suspend", lambda one: suspend(one, reason), reason)


@tenant.command("resume")
@click.option("--tenant", "slug", required=True, metavar="SLUG", help="Which business.")
@command_errors
def resume_(slug: str) -> None:
    """Put a suspended business in force again; what waited goes on."""
    _change(slug, "resume", resume, "")


def _change(slug: str, action: str, change: Any, reason: str) -> None:
    which = tenant_called(slug).id
    with inside(which), unit_of_work():
        one = session.get_one(Tenant, which)
        change(one)
        audit.record(action, "tenants", which, one.name, {"reason": reason} if reason else None)
        audit.record_for_platform(action, "tenants", which, one.name, {"reason": reason} if reason else None)
    click.echo(f"{slug}: {'suspended' if action == 'suspend' else 'in force'}")
