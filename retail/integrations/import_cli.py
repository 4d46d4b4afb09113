"""`flask import products`, `customers` and `undo`: the same steps as in the browser, from the command line."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import click
from sqlalchemy import select

from retail.core import events, files, tenancy
from retail.core.commands import as_json, command_errors
from retail.core.db import reading, session, unit_of_work
from retail.core.errors import NotFound, Refused
from retail.core.imports import Import, Kind, begin_undo, kept_rows, services
from retail.core.imports import undo as undo_import
from retail.core.imports.engine import check, run
from retail.core.imports.patterns import usable
from retail.integrations.arriving import take_in
from retail.integrations.cli import Meter, imports, peak_megabytes
from retail.integrations.customer_import import CUSTOMERS
from retail.integrations.product_import import PRODUCTS
from retail.integrations.product_options import FREE, checked_price
from retail.integrations.product_pictures import packed
from retail.tenancy.models import Location
from retail.tenancy.services import tenant_called

Command = Callable[..., Any]


def _common(command: Command) -> Command:
    """The options that every kind of import has."""
    for option in reversed(
        (
            click.argument("file", type=click.Path(path_type=Path, dir_okay=False)),
            click.option("--tenant", "slug", required=True, help="The tenant's slug."),
            click.option("--dry-run", is_flag=True, help="Say what would happen and change nothing."),
            click.option("--errors", type=click.Path(path_type=Path), help="Where bad rows go; FILE.errors.csv here."),
            click.option("--json", "as_json_", is_flag=True, help="Print the result as JSON."),
        )
    ):
        command = option(command)
    return command


@imports.command("products")
@_common
@click.option("--mapping", help="A program (shopify, odoo, …) or a remembered mapping by name; default: found.")
@click.option("--location", "code", help="Code of the location the opening stock lies at; default: the first shop.")
@click.option("--price", help="Price of new products where the file has no column of prices; default: 0.")
@click.option(
    "--set", "columns", multiple=True, metavar="FIELD=COLUMN", help='Also of several: --set "name={cut} {carat} ct".'
)
@click.option(
    "--pictures", type=click.Path(path_type=Path, exists=True), help="Folder or ZIP in which the pictures lie."
)
@click.option("--fetch-pictures", is_flag=True, help="Fetch pictures that the file names by their address.")
@command_errors
def products(
    file: Path,
    slug: str,
    dry_run: bool,
    errors: Path | None,
    as_json_: bool,
    mapping: str | None,
    code: str | None,
    price: str | None,
    columns: tuple[str, ...],
    pictures: Path | None,
    fetch_pictures: bool,
) -> None:
    """Create and change products from FILE (CSV, XLSX, XLS, ODS, JSON, or a ZIP of one of them and pictures; files of
    other programs are known by themselves). Running it again changes nothing."""

    def options() -> dict[str, Any]:
        given = PRODUCTS.options()
        if code is not None:
            given["location_id"] = _location(code)
        given["price"] = checked_price(FREE if price is None else price)
        given["fetch_pictures"] = fetch_pictures
        return given

    _import(PRODUCTS, file, slug, mapping, options, dry_run, errors, as_json_, pictures, _set(columns))


@imports.command("customers")
@_common
@click.option("--mapping", help="A remembered mapping by name; default: columns are matched by their names.")
@command_errors
def customers(file: Path, slug: str, dry_run: bool, errors: Path | None, as_json_: bool, mapping: str | None) -> None:
    """Create and change customers from FILE (CSV, XLSX, XLS, ODS or JSON). Running it again changes nothing."""
    _import(CUSTOMERS, file, slug, mapping, CUSTOMERS.options, dry_run, errors, as_json_)


@imports.command("undo")
@click.argument("import_id", metavar="ID", type=int)
@click.option("--tenant", "slug", help="The tenant's slug; not needed: an import's number is unique.")
@click.option("--json", "as_json_", is_flag=True, help="Print the result as JSON.")
@command_errors
def undo(import_id: int, slug: str | None, as_json_: bool) -> None:
    """Undo import ID: what it made goes, what it changed becomes what it was. What somebody edited, sold or stocked
    since stays and is listed. Undoing twice changes nothing."""
    began = time.monotonic()
    meter = Meter()
    with tenancy.inside(_owner_of(import_id, slug)):
        with unit_of_work():
            row = services.get(import_id, lock=True)
            again = row.state == "undone"
            if row.state not in {"undone", "undoing"}:
                begin_undo(row)
        found = undo_import(import_id, lambda done, total, _text: meter("undoing", done, total or 0))
        with reading():
            kept = list(kept_rows(import_id))
    events.drain()
    figures = {
        "import": import_id,
        "already_undone": again,
        **{name: found[name] for name in ("removed", "restored", "withdrawn", "kept")},
        "kept_rows": kept,
        "seconds": round(time.monotonic() - began, 2),
        "cpu_seconds": round(time.process_time(), 2),
        "peak_mb": round(peak_megabytes(), 1),
    }
    if as_json_:
        click.echo(as_json(figures))
        return
    click.echo(
        f"{found['removed']:,} rows removed, {found['restored']:,} restored, {found['withdrawn']:,} withdrawn, "
        f"{found['kept']:,} kept"
    )
    for one in kept:
        fields = "; ".join(f"{name}: {pair[0]} → now {pair[1]}" for name, pair in one["fields"].items())
        click.echo(f"  row {one['row']}: {one['label']}: {fields or one['reason']}")


def _owner_of(import_id: int, slug: str | None) -> int:
    if slug is not None:
        return tenant_called(slug).id
    with tenancy.across_tenants(), reading():
        owner = session.scalar(select(Import.tenant_id).where(Import.id == import_id))
    if owner is None:
        raise NotFound(f"There is no import {import_id}.")
    return owner


def _location(code: str) -> int:
    place = session.scalar(select(Location.id).where(Location.code == code))
    if place is None:
        known = ", ".join(session.scalars(select(Location.code).order_by(Location.code)))
        raise Refused(f"There is no location “{code}”; there are: {known}.", field="location")
    return place


def _import(
    kind: Kind,
    file: Path,
    slug: str,
    mapping: str | None,
    options: Callable[[], dict[str, Any]],
    dry_run: bool,
    errors: Path | None,
    as_json_: bool,
    pictures: Path | None = None,
    made: Mapping[str, str] | None = None,
) -> None:
    tenant = tenant_called(slug)
    began = time.monotonic()
    meter = Meter()
    with tenancy.inside(tenant.id):
        import_id = _prepare(kind, file, mapping, options, dry_run, pictures, made or {})
        figures: dict[str, Any]
        if dry_run:
            figures = dict(check(import_id, lambda done, total, _text: meter("checking", done, total or 0)))
        else:
            figures = dict(run(import_id, lambda done, total, _text: meter("importing", done, total or 0)))
            figures = {"rows": sum(figures.values()), **figures}
        figures |= _outcome(import_id, errors or Path(f"{file.stem}.errors.csv"))
        if dry_run:
            with unit_of_work():
                row = services.get(import_id, lock=True)
                if row.state == "checked":
                    services.cancel(row)
    # No worker need be running: what listens is told here and now.
    events.drain()
    figures |= {
        "dry_run": dry_run,
        "seconds": round(time.monotonic() - began, 2),
        "cpu_seconds": round(time.process_time(), 2),
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
    if figures["note"]:
        click.echo(figures["note"])
    if figures["pictures"] or figures["pictures_missing"]:
        click.echo(f"{figures['pictures']:,} pictures, {figures['pictures_missing']:,} missing")
    if figures["error_file"]:
        click.echo(f"The rejected rows, with reasons: {figures['error_file']}")


def _prepare(
    kind: Kind,
    file: Path,
    mapping: str | None,
    options: Callable[[], dict[str, Any]],
    dry_run: bool,
    pictures: Path | None,
    made: Mapping[str, str],
) -> int:
    """The import of a file with its columns settled, ready to be checked or run."""
    if not file.is_file():
        raise Refused(f"There is no file {file}.", field="file")
    with reading():
        given = options()
    with unit_of_work():
        with file.open("rb") as stream:
            row = take_in(kind, file.name, stream, given, None if pictures is None else _opened(pictures))
        sheet = services.open_sheet(row)
        layout = services.recognize(row, sheet) if mapping is None else kind.layout_called(mapping)
        if made:
            found = {name: match.header for name, match in services.proposed(row, sheet).items()}
            given_to = set(made.values())
            kept = {name: header for name, header in found.items() if header not in given_to}
            services.choose_columns(row, {**kept, **made}, sheet.headers)
        elif layout is not None:
            services.choose_layout(row, layout.name, sheet.headers)
        else:
            found = {name: match.header for name, match in services.proposed(row, sheet).items()}
            if mapping is not None:
                named = services.mapping_called(kind.name, mapping)
                found = usable(named, sheet.headers)
            services.choose_columns(row, found, sheet.headers)
        if dry_run:
            services.begin_check(row)
        else:
            services.begin_run(row)
        return row.id


def _set(columns: Sequence[str]) -> dict[str, str]:
    """Fields and the columns or patterns they were given, from `FIELD=COLUMN`."""
    pairs = [one.partition("=") for one in columns]
    for name, sign, text in pairs:
        if not sign or not text.strip() or name.strip() not in {one.name for one in PRODUCTS.fields}:
            known = ", ".join(one.name for one in PRODUCTS.fields)
            raise Refused(f"Write --set as FIELD=COLUMN; the fields are: {known}.", field="set")
    return {name.strip(): text.strip() for name, _sign, text in pairs}


def _opened(pictures: Path) -> BinaryIO:
    return packed(pictures) if pictures.is_dir() else io.BytesIO(pictures.read_bytes())


def _outcome(import_id: int, errors: Path) -> dict[str, Any]:
    with reading():
        row: Import = services.get(import_id)
        if row.problem:
            raise Refused(row.problem)
        written = None
        if row.error_file_id is not None:
            errors.write_bytes(files.read(row.error_file_id)[1])
            written = str(errors)
        said = {"pictures": row.attached, "pictures_missing": row.unattached, "note": row.note}
        return {"import": import_id, "error_file": written, "mapping": row.layout or None, **said}
