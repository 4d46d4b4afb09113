"""Importing products in the browser: upload, columns, dry run, run, summary; and all imports there were."""

from __future__ import annotations

import csv
import io
from typing import Any

from flask import Response as FileResponse
from flask import current_app, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from retail.core import audit, files, html, tables
from retail.core.errors import NotFound
from retail.core.forms import refusals
from retail.core.imports import Import, services
from retail.core.links import link
from retail.core.module import MenuItem, can
from retail.core.spreadsheets import SpreadsheetError
from retail.integrations import module
from retail.integrations.import_forms import ColumnsForm, ReadingForm, UploadForm, fields_chosen
from retail.integrations.import_queries import FileColumn, chosen_columns, columns_of, working
from retail.integrations.import_tables import STATES, TONES, Imports
from retail.integrations.product_export import product_file
from retail.integrations.product_fields import FIELDS, HINTS
from retail.integrations.product_import import PRODUCTS
from retail.integrations.product_options import default_options, example_rows
from retail.permissions import Can

PAGE, PREVIEWED = "integrations/import.html", 5
STEPS = {"uploaded": 2, "checking": 3, "checked": 3, "running": 4, "done": 5, "failed": 3, "cancelled": 3}
module.menu.append(MenuItem(_l("Imports"), "integrations.imports", "table-import", _l("Goods"), order=38))


def _import(import_id: int, *, lock: bool = False) -> Import:
    return services.get(import_id, lock=lock)


def _steps() -> list[dict[str, Any]]:
    return [{"label": label, "url": None} for label in (_("File"), _("Columns"), _("Check"), _("Import"))]


def _largest() -> int:
    return int(current_app.config["MAX_CONTENT_LENGTH"] or 0)


@module.get("/imports/", needs=Can.IMPORT_PRODUCTS)
def imports() -> Any:
    """Every import, newest first."""
    return tables.table_page(
        Imports(),
        "integrations/imports.html",
        title=_("Imports"),
        subtitle=_("Files of products: what came in, what was changed, what was rejected and why."),
    )


@module.route("/imports/new", methods=["GET", "POST"], needs=Can.IMPORT_PRODUCTS)
def product_import() -> Response:
    """Take a file in."""
    form = UploadForm()
    if form.validate_on_submit():
        sent = form.file.data
        with refusals(form):
            row = services.upload(PRODUCTS.name, sent.filename or "", sent.mimetype, sent.stream, {})
            row.options = default_options()
            return html.done("", to=url_for("integrations.import_page", import_id=row.id))
    return html.page(
        "integrations/new_import.html",
        status=422 if form.is_submitted() else 200,
        form=form,
        largest=_largest(),
        steps=_steps(),
        fields=[(one.label, HINTS.get(one.name, "")) for one in FIELDS],
        breadcrumbs=[(_("Imports"), url_for("integrations.imports")), (_("Import products"), None)],
    )


@module.get("/imports/example.csv", needs=Can.IMPORT_PRODUCTS)
def import_example() -> FileResponse:
    """A file to begin with: all columns, some rows that import as they are."""
    text = io.StringIO()
    csv.writer(text).writerows([[str(one.label) for one in FIELDS], *example_rows()])
    return _download("products-example.csv", text.getvalue().encode("utf-8-sig"))


@module.get("/imports/products.csv", needs=Can.EXPORT)
def products_to_edit() -> FileResponse:
    """All products in the columns of the import, to be edited and uploaded again."""
    content = b"".join(product_file(default_options()["location_id"], with_costs=can(Can.VIEW_COSTS)))
    audit.record_apart("export", "products", label=_("all, to be edited"))
    return _download("products.csv", content)


@module.get("/imports/<int:import_id>", needs=Can.IMPORT_PRODUCTS)
def import_page(import_id: int) -> Response:
    """One import, at the step it has come to; re-reads itself while work goes on."""
    return _page(_import(import_id))


@module.post("/imports/<int:import_id>/reading", needs=Can.IMPORT_PRODUCTS)
def read_import_differently(import_id: int) -> Response:
    """Read the file with another encoding, delimiter, sheet or decimal sign."""
    row = _import(import_id, lock=True)
    sheet = services.open_sheet(row)
    form = ReadingForm.of(row, sheet)
    if form.validate():
        with refusals(form):
            services.read_differently(row, **form.chosen(sheet))
            if html.wants_fragment():
                return _page(row)
            return html.done("", to=url_for("integrations.import_page", import_id=row.id))
    return _page(_import(import_id), status=422, reading=form)


@module.post("/imports/<int:import_id>/columns", needs=Can.IMPORT_PRODUCTS)
def match_columns(import_id: int) -> Response:
    """Settle the columns, and have a worker look what the file would change."""
    row = _import(import_id, lock=True)
    form = ColumnsForm.of(row)
    sheet = services.open_sheet(row)
    if form.validate():
        with refusals(form):
            chosen = fields_chosen(request.form, sheet.headers)
            services.choose_columns(row, chosen, sheet.headers, form.name.data or "")
            row.options = form.options()
            services.ask_check(row)
            return html.done("", to=url_for("integrations.import_page", import_id=row.id))
    row = _import(import_id)
    columns = chosen_columns(columns_of(sheet, {}), request.form)
    return _page(row, status=422, columns_form=form, columns=columns)


@module.post("/imports/<int:import_id>/run", needs=Can.IMPORT_PRODUCTS)
def run_import(import_id: int) -> Response:
    """Have a worker write what the dry run showed."""
    row = _import(import_id, lock=True)
    services.ask_run(row)
    return html.done("", to=url_for("integrations.import_page", import_id=row.id))


@module.post("/imports/<int:import_id>/back", needs=Can.IMPORT_PRODUCTS)
def back_to_columns(import_id: int) -> Response:
    """Match the columns anew."""
    row = _import(import_id, lock=True)
    services.back_to_columns(row)
    return html.done("", to=url_for("integrations.import_page", import_id=row.id))


@module.post("/imports/<int:import_id>/go-on", needs=Can.IMPORT_PRODUCTS)
def go_on_with_import(import_id: int) -> Response:
    """Take up work that stands still."""
    row = _import(import_id, lock=True)
    services.go_on(row)
    return html.done("", to=url_for("integrations.import_page", import_id=row.id))


@module.post("/imports/<int:import_id>/cancel", needs=Can.IMPORT_PRODUCTS)
def cancel_import(import_id: int) -> Response:
    """Give it up."""
    row = _import(import_id, lock=True)
    services.cancel(row)
    return html.done(_("The import was cancelled."), to=url_for("integrations.import_page", import_id=row.id))


@module.get("/imports/<int:import_id>/errors.csv", needs=Can.IMPORT_PRODUCTS)
def import_errors(import_id: int) -> FileResponse:
    """The rejected rows, each with its reason, to be mended and uploaded again."""
    return _stored(_import(import_id).error_file_id)


@module.get("/imports/<int:import_id>/changes.csv", needs=Can.IMPORT_PRODUCTS)
def import_changes(import_id: int) -> FileResponse:
    """Everything the dry run found that would change."""
    return _stored(_import(import_id).report_file_id)


@module.get("/imports/<int:import_id>/file", needs=Can.IMPORT_PRODUCTS)
def import_file(import_id: int) -> FileResponse:
    """The file as it was uploaded."""
    return _stored(_import(import_id).file_id)


def _stored(file_id: int | None) -> FileResponse:
    if file_id is None:
        raise NotFound(_("There is no such file."))
    row, content = files.read(file_id)
    return _download(row.name, content)


def _download(name: str, content: bytes) -> FileResponse:
    response = current_app.response_class(content, mimetype="application/octet-stream")
    response.headers.set("Content-Disposition", "attachment", filename=name)
    response.headers["Cache-Control"] = "no-store"
    return response


def _page(row: Import, status: int = 200, **more: Any) -> Response:
    context: dict[str, Any] = {
        "reading": None,
        "columns_form": None,
        "columns": None,
        "sheet": None,
        "preview_head": [],
        "preview_rows": [],
        "problem": row.problem,
        "working": working(row) if row.state in {"checking", "running"} else None,
    }
    if row.state == "uploaded":
        context |= _columns_step(row, more)
    counts = row.counts if row.state in {"running", "done", "cancelled"} else row.checked
    sample = row.sample
    return html.page(
        PAGE,
        fragment="stage",
        status=status,
        **{**context, **{name: value for name, value in more.items() if value is not None}},
        row=row,
        state_words=STATES[row.state],
        tone=TONES.get(row.state, "neutral"),
        step=STEPS[row.state],
        steps=_steps(),
        fields=[(one.name, one.label) for one in FIELDS],
        counts=counts,
        rejected=[one for one in sample if one["action"] == "reject"],
        changing=[one for one in sample if one["action"] != "reject"],
        products_url=link("catalog.product_list"),
        breadcrumbs=[(_("Imports"), url_for("integrations.imports")), (row.filename, None)],
    )


def _columns_step(row: Import, given: dict[str, Any]) -> dict[str, Any]:
    try:
        sheet = services.open_sheet(row)
    except SpreadsheetError as problem:
        return {"problem": str(problem)}
    columns: list[FileColumn] = given.get("columns") or columns_of(sheet, services.proposed(row, sheet))
    return {
        "sheet": sheet,
        "preview_head": [("", "end"), *((header, "start") for header in sheet.headers)],
        "preview_rows": [[one.number, *one.values[: len(sheet.headers)]] for one in sheet.preview[:PREVIEWED]],
        "columns": columns,
        "reading": given.get("reading") or ReadingForm.of(row, sheet),
        "columns_form": given.get("columns_form") or ColumnsForm.of(row),
    }
