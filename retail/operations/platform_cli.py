"""`flask tenant list`, `suspend` and `resume`: all businesses of the installation, and which are in force."""

from __future__ import annotations

import click

from retail.core.commands import as_json, command_errors
from retail.core.db import reading, unit_of_work
from retail.core.tenancy import across_tenants, inside
from retail.operations.founding_cli import tenant
from retail.operations.platform_queries import standings
from retail.operations.platform_services import resume_business, suspend_business
from retail.tenancy.services import tenant_called


@tenant.command("list")
@click.option("--json", "wants_json", is_flag=True, help="Write JSON, for programs.")
@command_errors
def list_(wants_json: bool) -> None:
    """Every business: in force or not, its size, when something last happened in it, and what is wrong there."""
    with across_tenants(), reading():
        rows = [dict(row._mapping) for row in standings()]
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


@tenant.command("suspend")
@click.option("--tenant", "slug", required=True, metavar="SLUG", help="Which business.")
@click.option("--reason", required=True, help="Why; its people are told when they come.")
@command_errors
def suspend_(slug: str, reason: str) -> None:
    """Put a business out of force: nobody signs in, its work rests; nothing is lost."""
    with inside(tenant_called(slug).id), unit_of_work():
        suspend_business(reason)
    click.echo(f"{slug}: suspended")


@tenant.command("resume")
@click.option("--tenant", "slug", required=True, metavar="SLUG", help="Which business.")
@command_errors
def resume_(slug: str) -> None:
    """Put a suspended business in force again; what waited goes on."""
    with inside(tenant_called(slug).id), unit_of_work():
        resume_business()
    click.echo(f"{slug}: in force")
