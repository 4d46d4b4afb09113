"""`flask inventory recount`: levels made anew from their moves. `flask stock as-of`: what lay where, and its worth."""

from __future__ import annotations

from dataclasses import asdict

import click

from retail.core.commands import as_json, command_errors
from retail.core.db import reading, unit_of_work
from retail.core.money import ZERO
from retail.core.tenancy import inside
from retail.inventory import module, services
from retail.inventory.past_queries import instant_of, stock_as_of
from retail.inventory.services.announcing import plain
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


@module.cli.group("stock")
def stock() -> None:
    """What lies where, now and in the past."""


@stock.command("repair")
@click.option("--tenant", "slug", required=True, metavar="SLUG", help="The business.")
@click.option("--json", "wants_json", is_flag=True, help="Write JSON, for programs.")
@command_errors
def repair(slug: str, wants_json: bool) -> None:
    """Put right what `flask check` finds wrong about stock, and say what it was.

    Levels, papers, transfers, counts and books are made to agree again with what happened. Moves are never changed;
    each correction is in the audit. A sound shop has nothing to report.
    """
    tenant = tenant_called(slug)
    with inside(tenant.id), unit_of_work():
        found = services.repair()
    if wants_json:
        click.echo(as_json([asdict(one) for one in found]))
        return
    for one in found:
        parts = ", ".join(f"{name} {was} is now {now}" for name, (was, now) in one.changes.items())
        click.echo(f"{one.table}: {one.label}: {parts}")
    click.echo(f"{len(found)} things put right." if found else "Nothing had to be put right.")


@stock.command("as-of")
@click.argument("instant")
@click.option("--tenant", "slug", required=True, metavar="SLUG", help="The business.")
@click.option("--json", "wants_json", is_flag=True, help="Write JSON, for programs.")
@command_errors
def as_of(instant: str, slug: str, wants_json: bool) -> None:
    """What lay where at INSTANT and what it was worth, and what the books said then.

    INSTANT is ISO, such as 2026-01-31T18:00+01:00; without a zone it is on the shop's clock, a day alone is its end.
    """
    tenant = tenant_called(slug)
    with inside(tenant.id), reading():
        found = stock_as_of(instant_of(instant, tenant))
    if wants_json:
        click.echo(
            as_json(
                {
                    "tenant": slug,
                    "instant": found.instant,
                    "currency": tenant.currency,
                    "on_hand": sum((one.on_hand for one in found.levels), ZERO),
                    "value": found.value,
                    "in_transit": found.in_transit,
                    "in_transit_value": found.in_transit_value,
                    "total": found.total,
                    "journal": {"1200": found.booked, "1210": found.booked_in_transit},
                    "difference": found.difference,
                    "locations": [
                        {"location": name, "on_hand": quantity, "value": value}
                        for name, quantity, value in found.by_location
                    ],
                    "levels": [asdict(one) for one in found.levels],
                }
            )
        )
        return
    for name, quantity, value in found.by_location:
        click.echo(f"{name}: {plain(quantity)} worth {plain(value)} {tenant.currency}")
    click.echo(f"in transit: {plain(found.in_transit)} worth {plain(found.in_transit_value)} {tenant.currency}")
    books = f"the books said {plain(found.booked + found.booked_in_transit)}"
    click.echo(f"in all: {plain(found.total)} {tenant.currency}; {books}")
