"""`flask audit verify` and `flask audit cut`: is the audit as it was written, and shortening what the law lets go."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import click
from sqlalchemy import select

from retail.core import audit_proof
from retail.core.chain import OF_THE_PLATFORM
from retail.core.commands import as_json, command_errors
from retail.core.db import reading, session, unit_of_work
from retail.core.tenancy import across_tenants, inside
from retail.operations import module
from retail.tenancy.models import Tenant
from retail.tenancy.services import tenant_called


@module.cli.group("audit")
def audit() -> None:
    """The record of who did what."""


@audit.command("verify")
@click.option("--tenant", metavar="SLUG", help="Only this business; all, and the platform's own, if left out.")
@click.option("--json", "wants_json", is_flag=True, help="Write JSON, for programs.")
@command_errors
def verify(tenant: str | None, wants_json: bool) -> None:
    """Prove that no entry of the audit was changed, removed or inserted; names the first that was.

    Ends with 0 when every chain is whole, else with 1.
    """
    if tenant:
        chains = {tenant_called(tenant).id: tenant}
    else:
        with across_tenants(), reading():
            chains = {one.id: one.slug for one in session.scalars(select(Tenant).order_by(Tenant.id))}
    with across_tenants(), reading():
        found = [_told(slug, audit_proof.prove(chain)) for chain, slug in chains.items()]
        platform = None if tenant else _told(None, audit_proof.prove(OF_THE_PLATFORM))
    every = [*found, platform] if platform else found
    ok = all(one["ok"] for one in every)
    if wants_json:
        click.echo(as_json({"ok": ok, "tenants": found, "platform": platform}))
    else:
        for one in every:
            _say(one)
    if not ok:
        sys.exit(1)


def _told(slug: str | None, proof: audit_proof.Proof) -> dict[str, Any]:
    bad = proof.first_bad
    return {
        "tenant": slug,
        "entries": proof.entries,
        "ok": proof.ok,
        "head": proof.head,
        "first_bad": asdict(bad) if bad else None,
    }


def _say(one: dict[str, Any]) -> None:
    name, bad = one["tenant"] or "platform", one["first_bad"]
    if bad is None:
        click.echo(f"{name}: {one['entries']} entries, whole")
    else:
        row = f"entry {bad['id']}" if bad["id"] else "an entry"
        click.echo(f"BAD    {name}: {row} at position {bad['position']} ({bad['why']}): {bad['words']}")


@audit.command("cut")
@click.option("--tenant", required=True, metavar="SLUG", help="Which business.")
@click.option("--before", required=True, type=click.DateTime(["%Y-%m-%d"]), help="Entries before this day (UTC) go.")
@command_errors
def cut(tenant: str, before: datetime) -> None:
    """Delete old entries for good, and write down where the chain begins from now on, so that it still verifies."""
    with inside(tenant_called(tenant).id), unit_of_work():
        count = audit_proof.cut(before.replace(tzinfo=UTC))
    click.echo(f"{count} entries deleted")
