"""`flask search rebuild`: makes what the search knows anew from the rows it is about."""

from __future__ import annotations

import time

import click
from sqlalchemy import select

from retail.core.commands import as_json, command_errors
from retail.core.db import reading, session
from retail.core.errors import Refused
from retail.core.search import SEARCHED, rebuild
from retail.core.tenancy import across_tenants, inside
from retail.operations import module
from retail.tenancy.models import Tenant
from retail.tenancy.services import tenant_called


@module.cli.group("search")
def search() -> None:
    """What the search knows."""


@search.command("rebuild")
@click.option("--tenant", metavar="SLUG", help="Only this business; all of them if left out.")
@click.option("--kind", metavar="KIND", help="Only one kind of thing, such as variants or customers.")
@click.option("--json", "wants_json", is_flag=True, help="Write JSON, for programs.")
@command_errors
def rebuild_(tenant: str | None, kind: str | None, wants_json: bool) -> None:
    """Make the index of the search anew, while the program goes on; what is not yet in is not found meanwhile.

    It is kept by itself; this is for after `flask check` found a fault in it, or when what is searched has changed.
    """
    if kind is not None and kind not in SEARCHED:
        raise Refused(f"Nothing called {kind} is searched; there are {', '.join(sorted(SEARCHED))}.")
    if tenant:
        slugs = {tenant_called(tenant).id: tenant}
    else:
        with across_tenants(), reading():
            slugs = {one.id: one.slug for one in session.scalars(select(Tenant).order_by(Tenant.id))}
    done = []
    for tenant_id, slug in slugs.items():
        with inside(tenant_id):
            for name in [kind] if kind else sorted(SEARCHED):
                started = time.monotonic()
                things = rebuild(SEARCHED[name])
                seconds = round(time.monotonic() - started, 1)
                done.append({"tenant": slug, "kind": name, "things": things, "seconds": seconds})
    if wants_json:
        click.echo(as_json({"rebuilt": done}))
        return
    for one in done:
        click.echo(f"{one['tenant']}: {one['things']} {one['kind']} in {one['seconds']} s")
