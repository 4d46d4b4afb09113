"""`flask routes`: every address of the program and what it needs."""

from __future__ import annotations

import click
from flask import current_app

from retail.core.commands import as_json, command_errors
from retail.identity import module
from retail.identity.access import Route, routes_of


@module.cli.command("routes")
@click.option("--needs", "with_needs", is_flag=True, help="Say what each needs: a permission, signed-in or public.")
@click.option("--json", "wants_json", is_flag=True, help="Write JSON, for programs.")
@command_errors
def routes(*, with_needs: bool, wants_json: bool) -> None:
    """Show every address: its rule, how it may be asked, its endpoint."""
    found = routes_of(current_app)
    if wants_json:
        click.echo(as_json([_told(one, with_needs=with_needs) for one in found]))
        return
    rows = [("Rule", "Methods", "Endpoint", "Needs")]
    rows += [(one.rule, ",".join(one.methods), one.endpoint, one.need) for one in found]
    if not with_needs:
        rows = [(*row[:3], "") for row in rows]
    widths = [max(len(row[at]) for row in rows) for at in range(4)]
    for row in rows:
        click.echo("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def _told(one: Route, *, with_needs: bool) -> dict[str, object]:
    told: dict[str, object] = {"rule": one.rule, "methods": list(one.methods), "endpoint": one.endpoint}
    permission = one.need if ":" in one.need else None
    return told | ({"needs": one.need, "permission": permission} if with_needs else {})
