"""`flask tenant export` and `flask tenant import`: a business as one file, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from retail.core import audit
from retail.core.archive.businesses import export_business, import_business
from retail.core.commands import as_json, command_errors
from retail.core.db import unit_of_work
from retail.core.errors import Refused
from retail.core.tenancy import inside
from retail.operations.founding_cli import tenant
from retail.operations.travel import travel
from retail.tenancy.services import slug_of, tenant_called


@tenant.command("export")
@click.option("--tenant", "slug", required=True, metavar="SLUG", help="Which business.")
@click.option("--json", "wants_json", is_flag=True, help="Write JSON, for programs.")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@command_errors
def export(slug: str, wants_json: bool, file: Path) -> None:
    """Write everything of a business, with its files, to FILE, while it goes on trading.

    Sessions, passkeys and second factors stay; passwords travel as their hashes.
    """
    which = tenant_called(slug).id
    with inside(which), unit_of_work():
        audit.record("export", "tenants", which, slug, {"file": file.name})
    done = export_business(which, slug, file, travel())
    _tell(done, wants_json)
    tell_lost(done)


@tenant.command("import")
@click.option("--as", "name", required=True, metavar="NAME", help="What the business is called here.")
@click.option("--json", "wants_json", is_flag=True, help="Write JSON, for programs.")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@command_errors
def import_(name: str, wants_json: bool, file: Path) -> None:
    """Make a business of FILE, under a name of its own; others go on trading meanwhile.

    Whose address signs in here already gets one with the new short name in it: owner+NAME@...
    """
    words = " ".join(name.split())
    slug = slug_of(words)
    if not slug:
        raise Refused("--as needs a name with at least one letter or digit.")
    done = import_business(file, words, slug, travel())
    _tell(done, wants_json)
    if done["audit"] != "whole":
        click.echo(f"its audit was {done['audit']}; that is written down in the new one", err=True)


def _tell(done: dict[str, Any], wants_json: bool) -> None:
    if wants_json:
        click.echo(as_json(done))
    else:
        click.echo(f"{done['tenant']}: {done['rows']} rows, {done['files']} files")


def tell_lost(done: dict[str, Any]) -> None:
    """Name the stored files that are not in an archive."""
    for why in ("missing", "damaged"):
        for name in done[why]:
            click.echo(f"{name} is {why} among the stored files and was left out", err=True)
