"""`flask check`: proves from the database that everything ties."""

from __future__ import annotations

import sys
from typing import Any

import click
from sqlalchemy import func, select

from retail.core.checks import Outcome, run_checks
from retail.core.commands import as_json, command_errors
from retail.core.db import reading, session
from retail.core.events import Delivery, Event
from retail.core.tenancy import across_tenants
from retail.operations import module
from retail.tenancy.models import Tenant
from retail.tenancy.services import tenant_called


@module.cli.command("check")
@click.option("--tenant", metavar="SLUG", help="Only this business; all of them if left out.")
@click.option("--json", "wants_json", is_flag=True, help="Write JSON, for programs.")
@command_errors
def check(tenant: str | None, wants_json: bool) -> None:
    """Prove that everything ties: stock and its moves, books, tenders, numbers, rollups, events, files.

    Ends with 0 when no fault was found, else with 1.
    """
    if tenant:
        slugs = {tenant_called(tenant).id: tenant}
    else:
        with across_tenants(), reading():
            slugs = {one.id: one.slug for one in session.scalars(select(Tenant).order_by(Tenant.id))}
    outcomes = run_checks(list(slugs), whole_database=tenant is None)
    faulty = [one for one in outcomes if one.faults]
    if wants_json:
        click.echo(as_json(_report(outcomes, slugs)))
    else:
        for one in faulty:
            where = slugs.get(one.tenant_id, "database")
            click.echo(f"FAULT  {where}: {one.name}: {one.faults} × {one.first}")
        places = f"{len(slugs)} tenant{'s' if len(slugs) != 1 else ''}"
        click.echo(f"{len(outcomes)} checks of {places}: " + (f"{len(faulty)} failed" if faulty else "all hold"))
    if faulty:
        sys.exit(1)


def _report(outcomes: list[Outcome], slugs: dict[int, str]) -> dict[str, Any]:
    with across_tenants(), reading():
        waiting = session.scalar(select(func.count()).select_from(Event).where(Event.relayed_at.is_(None)))
        pending = session.scalar(select(func.count()).select_from(Delivery).where(Delivery.state == "pending"))
    return {
        "ok": not any(one.faults for one in outcomes),
        "events_waiting": waiting,
        "deliveries_pending": pending,
        "checks": [
            {
                "name": one.name,
                "proves": one.proves,
                "tenant": slugs.get(one.tenant_id),
                "faults": one.faults,
                "first": one.first or None,
            }
            for one in outcomes
        ],
    }
