"""`flask import …`: files of other systems, from the command line."""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

import click
from flask.cli import AppGroup

from retail.core import events
from retail.core.commands import as_json, command_errors
from retail.integrations import module
from retail.integrations.services import MAPPINGS, import_sales
from retail.tenancy.services import tenant_called

imports = AppGroup("import", help="Take over data of other systems.")
module.cli.add_command(imports)


class Meter:
    """Progress on standard error: one line that renews itself on a terminal, a line every few seconds elsewhere."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._shown = 0.0

    def __call__(self, what: str, done: int, total: int) -> None:
        instant = time.monotonic()
        on_terminal = sys.stderr.isatty()
        if instant - self._shown < (0.2 if on_terminal else 5) and done != total:
            return
        self._shown = instant
        speed = done / max(instant - self._began, 0.001)
        share = f"{done / total:6.1%} " if total else ""
        click.echo(
            f"{what}: {share}{done:,} rows, {speed:,.0f} rows/s{' ' * 8}", err=True, nl=not on_terminal or done == total
        )
        if on_terminal and done != total:
            click.echo("\r", err=True, nl=False)


def peak_megabytes() -> float:
    """The most memory this process has held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


@imports.command("sales")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--tenant", "slug", required=True, help="The tenant's slug.")
@click.option("--mapping", default="online-retail", show_default=True, help=f"Layout: {', '.join(MAPPINGS)}.")
@click.option("--errors", type=click.Path(path_type=Path), help="Where bad rows go; default: FILE.errors.csv here.")
@click.option("--json", "as_json_", is_flag=True, help="Print the result as JSON.")
@command_errors
def sales(file: Path, slug: str, mapping: str, errors: Path | None, as_json_: bool) -> None:
    """Book the sales history in FILE. Running it again changes nothing; a later file continues it."""
    tenant = tenant_called(slug)
    began = time.monotonic()
    name = file.name.removesuffix(".gz").removesuffix(".csv")
    result = import_sales(tenant, file, mapping, Meter(), errors or Path(f"{name}.errors.csv"))
    # No worker need be running: what listens (rollups) is told here and now.
    events.drain()
    seconds = time.monotonic() - began
    figures = {
        **result.as_dict(),
        "seconds": round(seconds, 2),
        "rows_per_second": round(result.rows / max(seconds, 0.001)),
        "peak_mb": round(peak_megabytes(), 1),
    }
    if as_json_:
        click.echo(as_json(figures))
        return
    click.echo(f"{result.rows:,} rows read, {result.lines:,} booked in {result.documents:,} documents")
    click.echo(f"{result.known_lines:,} were booked before; {result.rejected:,} rejected")
    click.echo(f"{result.new_products:,} products and {result.new_customers:,} customers are new")
    if result.error_file:
        click.echo(f"The rejected rows, with reasons: {result.error_file}")
    click.echo(f"{seconds:.1f} s, {figures['rows_per_second']:,} rows/s, {figures['peak_mb']} MB at most")
