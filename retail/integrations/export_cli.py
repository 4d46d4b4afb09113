"""`flask export …`: products and customers as files, for a spreadsheet or another program."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
from flask.cli import AppGroup

from retail.core import audit, tenancy
from retail.core.commands import command_errors
from retail.core.db import reading, unit_of_work
from retail.integrations import module
from retail.integrations.customer_export import customer_file
from retail.integrations.product_options import default_options
from retail.integrations.product_shapes import SHAPES, shaped_file
from retail.tenancy.services import tenant_called

OWN = "counterfoil"
exports = AppGroup("export", help="Give data to a spreadsheet or another program.")
module.cli.add_command(exports)


@exports.command("products")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--tenant", "slug", required=True, help="The tenant's slug.")
@click.option("--shape", type=click.Choice([OWN, *SHAPES]), default=OWN, show_default=True, help="Whose columns.")
@command_errors
def products(file: Path, slug: str, shape: str) -> None:
    """Write all products to FILE (CSV), costs included. Imported again as it is, it changes nothing."""
    with tenancy.inside(tenant_called(slug).id):
        with reading():
            _write(file, shaped_file(shape, default_options()["location_id"], with_costs=True))
        with unit_of_work():
            audit.record("export", "products", label=f"{file.name} ({shape})")


@exports.command("customers")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--tenant", "slug", required=True, help="The tenant's slug.")
@command_errors
def customers(file: Path, slug: str) -> None:
    """Write all customers to FILE (CSV). Imported again as it is, it changes nothing."""
    with tenancy.inside(tenant_called(slug).id):
        with reading():
            _write(file, customer_file())
        with unit_of_work():
            audit.record("export", "customers", label=file.name)


def _write(file: Path, pieces: Iterator[bytes]) -> None:
    with file.open("wb") as stream:
        stream.writelines(pieces)
