"""`flask inventory recount`: levels made anew from their moves."""

from __future__ import annotations

from dataclasses import asdict

import click

from retail.core.commands import as_json, command_errors
from retail.core.db import unit_of_work
from retail.core.tenancy import inside
from retail.inventory import module, services
from retail.inventory.services.ledger import plain
from retail.tenancy.services import tenant_called


@module.cli.group("inventory")
def inventory() -> None:
    """The stock ledger."""


@inventory.command("recount")
@click.option("--tenant", "slug", required=True, metavar="SLUG", help="The business.")
@click.option("--json", "wants_json", is_flag=True, help="Write JSON, for programs.")
@command_errors
def recount(slug: str, wants_json: bool) -> None:
    """Make every stock level the sum of its moves again, and say which were not.

    What it changes goes into the audit. Moves are never changed; a sound shop has nothing to report.
    """
    tenant = tenant_called(slug)
    with inside(tenant.id), unit_of_work():
        found = services.recount()
    if wants_json:
        click.echo(as_json([asdict(one) for one in found]))
        return
    for one in found:
        was, now = one.on_hand
        worth_was, worth_now = one.value
        click.echo(
            f"{one.sku} at {one.location}: {plain(was)} worth {plain(worth_was)}"
            f" is now {plain(now)} worth {plain(worth_now)}"
        )
    click.echo(f"{len(found)} levels corrected." if found else "Every level is the sum of its moves.")
