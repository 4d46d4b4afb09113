"""`flask import products`: the same steps as in the browser, from the command line."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select

from retail.core import events, files, tenancy
from retail.core.commands import as_json, command_errors
from retail.core.db import reading, session, unit_of_work
from retail.core.errors import Refused
from retail.core.imports import Import, services
from retail.core.imports.engine import check, run
from retail.integrations.cli import Meter, imports, peak_megabytes
from retail.integrations.product_import import PRODUCTS
from retail.integrations.product_options import default_options
from retail.tenancy.models import Location
from retail.tenancy.services import tenant_called


@imports.command("products")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--tenant", "slug", required=True, help="The tenant's slug.")
@click.option("--mapping", help="A remembered mapping by name; default: columns are matched by their names.")
@click.option("--location", "code", help="Code of the location the opening stock lies at; default: the first shop.")
@click.option("--dry-run", is_flag=True, help="Say what would happen and change nothing.")
@click.option("--errors", type=click.Path(path_type=Path), help="Where bad rows go; default: FILE.errors.csv here.")
@click.option("--json", "as_json_", is_flag=True, help="Print the result as JSON.")
@command_errors
def products(
    file: Path, slug: str, mapping: str | None, code: str | None, dry_run: bool, errors: Path | None, as_json_: bool
) -> None:
    """Create and change products from FILE (CSV, XLSX, XLS, ODS or JSON). Running it again changes nothing."""
    tenant = tenant_called(slug)
    began = time.monotonic()
    with tenancy.inside(tenant.id):
        import_id = _prepare(file, mapping, code)
        meter = Meter()
        figures: dict[str, Any] = dict(check(import_id, lambda done, total, _text: meter("checking", done, total or 0)))
        with reading():
            to_do = services.get(import_id).state == "checked"
        if to_do and not dry_run and figures["rows"] > figures["rejected"]:
            with unit_of_work():
                services.begin_run(services.get(import_id, lock=True))
            figures |= run(import_id, lambda done, total, _text: meter("importing", done, total or 0))
        figures |= _outcome(import_id, errors or Path(f"{file.stem}.errors.csv"))
        if to_do and dry_run:
            with unit_of_work():
                services.cancel(services.get(import_id, lock=True))
    # No worker need be running: what listens is told here and now.
    events.drain()
    figures |= {
        "dry_run": dry_run,
        "seconds": round(time.monotonic() - began, 2),
        "peak_mb": round(peak_megabytes(), 1),
    }
    if as_json_:
        click.echo(as_json(figures))
        return
    verb = "would be " if dry_run else ""
    click.echo(
        f"{figures['rows']:,} rows: {figures['created']:,} {verb}created, {figures['updated']:,} {verb}updated, "
        f"{figures['unchanged']:,} unchanged, {figures['rejected']:,} rejected"
    )
    if figures["error_file"]:
        click.echo(f"The rejected rows, with reasons: {figures['error_file']}")


def _prepare(file: Path, mapping: str | None, code: str | None) -> int:
    """The import of a file with its columns chosen, ready to be checked."""
    if not file.is_file():
        raise Refused(f"There is no file {file}.", field="file")
    with reading():
        options = default_options()
        if code is not None:
            place = session.scalar(select(Location.id).where(Location.code == code))
            if place is None:
                known = ", ".join(session.scalars(select(Location.code).order_by(Location.code)))
                raise Refused(f"There is no location “{code}”; there are: {known}.", field="location")
            options["location_id"] = place
    with unit_of_work():
        with file.open("rb") as stream:
            row = services.upload(PRODUCTS.name, file.name, "application/octet-stream", stream, options)
        sheet = services.open_sheet(row)
        found = {name: match.header for name, match in services.proposed(row, sheet).items()}
        if mapping is not None:
            named = services.mapping_called(PRODUCTS.name, mapping)
            found = {name: header for name, header in named.items() if header in sheet.headers}
        services.choose_columns(row, found, sheet.headers)
        services.begin_check(row)
        return row.id


def _outcome(import_id: int, errors: Path) -> dict[str, Any]:
    with reading():
        row: Import = services.get(import_id)
        if row.problem:
            raise Refused(row.problem)
        written = None
        if row.error_file_id is not None:
            errors.write_bytes(files.read(row.error_file_id)[1])
            written = str(errors)
        return {"import": import_id, "error_file": written}
