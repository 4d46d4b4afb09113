"""Importing products and customers: upload, columns, dry run, run, summary; and all imports there were."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Any

from flask import Response as FileResponse
from flask import abort, current_app, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from retail.core import audit, files, html, tables
from retail.core.downloads import send_pieces
from retail.core.errors import NotFound
from retail.core.export import guarded
from retail.core.forms import refusals
from retail.core.imports import (
    Import,
    Kind,
    ask_undo,
    ask_weigh,
    kept_rows,
    kind_called,
    leave_as_is,
    services,
)
from retail.core.links import link
from retail.core.module import MenuItem, can
from retail.core.shown import currency, money
from retail.core.spreadsheets import SpreadsheetError
from retail.integrations import module
from retail.integrations.arriving import take_in
from retail.integrations.customer_export import customer_file
from retail.integrations.customer_import import CUSTOMERS, example_customers
from retail.integrations.import_forms import (
    MADE,
    ColumnsForm,
    ProductUploadForm,
    ReadingForm,
    UploadForm,
    fields_chosen,
)
from retail.integrations.import_queries import FileColumn, chosen_columns, columns_of, working
from retail.integrations.import_tables import STATES, TONES, Imports
from retail.integrations.product_import import PRODUCTS
from retail.integrations.product_options import default_options, example_rows
from retail.integrations.product_shapes import SHAPES, shaped_file
from retail.permissions import Can

PAGE, PREVIEWED = "integrations/import.html", 5
STEPS = {
    "uploaded": 2,
    "checking": 3,
    "checked": 3,
    "running": 4,
    "failed": 3,
}
LISTS = {"products": "catalog.product_list", "customers": "customers.customer_list"}
NEW = {"products": "product_import", "customers": "customer_import"}
TITLES = {"products": _l("Import products"), "customers": _l("Import customers")}
SEEN = {"products": _l("See the products"), "customers": _l("See the customers")}
ICONS = {"products": "package", "customers": "address-book"}
EXAMPLES = {"products": example_rows, "customers": example_customers}
module.menu.append(MenuItem(_l("Imports"), "integrations.imports", "table-import", _l("Goods"), order=38))


def _import(import_id: int, *, lock: bool = False) -> Import:
    """An import of a kind that whoever asks may do; NotFound for any other."""
    row = services.get(import_id, lock=lock)
    if not can(kind_called(row.kind).needs):
        raise NotFound(_("There is no such import."))
    return row


def _steps() -> list[dict[str, Any]]:
    return [{"label": label, "url": None} for label in (_("File"), _("Columns"), _("Check"), _("Import"))]


def _largest() -> int:
    return int(current_app.config["MAX_CONTENT_LENGTH"] or 0)


@module.get("/imports/", needs=Can.USE_IMPORTS)
def imports() -> Any:
    """Every import, newest first."""
    return tables.table_page(
        Imports(),
        "integrations/imports.html",
        title=_("Imports"),
        subtitle=_("Files that were taken in: what they brought, what they changed, what was rejected and why."),
    )


@module.route("/imports/new", methods=["GET", "POST"], needs=PRODUCTS.needs)
def product_import() -> Response:
    """Take a file of products in."""
    return _new_import(PRODUCTS)


@module.route("/imports/customers/new", methods=["GET", "POST"], needs=CUSTOMERS.needs)
def customer_import() -> Response:
    """Take a file of customers in."""
    return _new_import(CUSTOMERS)


def _new_import(kind: Kind) -> Response:
    form = ProductUploadForm() if kind is PRODUCTS else UploadForm()
    if form.validate_on_submit():
        sent, pictures = form.file.data, form.pictures.data if "pictures" in form else None
        with refusals(form):
            row = take_in(kind, sent.filename or "", sent.stream, {}, pictures.stream if pictures else None)
            row.options = {**kind.options(), **row.options}
            return html.done("", to=url_for("integrations.import_page", import_id=row.id))
    return html.page(
        "integrations/new_import.html",
        status=422 if form.is_submitted() else 200,
        form=form,
        kind=kind,
        title=TITLES[kind.name],
        shapes=SHAPES.values(),
        largest=_largest(),
        steps=_steps(),
        fields=[(one.label, kind.hints.get(one.name, "")) for one in kind.fields],
        breadcrumbs=[(_("Imports"), url_for("integrations.imports")), (TITLES[kind.name], None)],
    )


@module.get("/imports/example.csv", needs=PRODUCTS.needs)
def import_example() -> FileResponse:
    """A file of products to begin with: all columns, some rows that import as they are."""
    return _example(PRODUCTS)


@module.get("/imports/customers/example.csv", needs=CUSTOMERS.needs)
def customer_example() -> FileResponse:
    """A file of customers to begin with."""
    return _example(CUSTOMERS)


def _example(kind: Kind) -> FileResponse:
    text = io.StringIO()
    csv.writer(text).writerows([[str(one.label) for one in kind.fields], *EXAMPLES[kind.name]()])
    return _download(f"{kind.name}-example.csv", text.getvalue().encode("utf-8-sig"))


def _only_who_may_export() -> None:
    """All there is of a kind leaves the house: that is for who may import it and take files out."""
    if not can(Can.EXPORT):
        abort(403)


@module.get("/imports/products.csv", needs=PRODUCTS.needs)
def products_to_edit() -> FileResponse:
    """All products in the columns of the import, to be edited and uploaded again, or as another program reads them."""
    _only_who_may_export()
    shape = request.args.get("shape", "")
    pieces = shaped_file(shape, default_options()["location_id"], with_costs=can(Can.VIEW_COSTS))
    answer = send_pieces(pieces, f"products-{shape}.csv" if shape in SHAPES else "products.csv")
    audit.record_apart("export", "products", label=_("all, to be edited"))
    return answer


@module.get("/imports/customers.csv", needs=CUSTOMERS.needs)
def customers_to_edit() -> FileResponse:
    """All customers in the columns of the import, to be edited and uploaded again."""
    _only_who_may_export()
    answer = send_pieces(customer_file(), "customers.csv")
    audit.record_apart("export", "customers", label=_("all, to be edited"))
    return answer


@module.get("/imports/<int:import_id>", needs=Can.USE_IMPORTS)
def import_page(import_id: int) -> Response:
    """One import, at the step it has come to; re-reads itself while work goes on."""
    return _page(_import(import_id))


@module.post("/imports/<int:import_id>/reading", needs=Can.USE_IMPORTS)
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


@module.post("/imports/<int:import_id>/columns", needs=Can.USE_IMPORTS)
def match_columns(import_id: int) -> Response:
    """Settle the columns, and have a worker look what the file would change."""
    row = _import(import_id, lock=True)
    form = ColumnsForm.of(row, has_price=False)
    sheet = services.open_sheet(row)
    if form.validate():
        with refusals(form):
            layout = request.form.get("layout", "")
            if layout:
                services.choose_layout(row, layout, sheet.headers)
            else:
                chosen = fields_chosen(request.form, sheet.headers)
                services.choose_columns(row, chosen, sheet.headers, form.name.data or "")
            row.options = {**row.options, **form.options()}
            services.ask_check(row)
            return html.done("", to=url_for("integrations.import_page", import_id=row.id))
    row = _import(import_id)
    columns = chosen_columns(columns_of(sheet, {}), request.form)
    return _page(row, status=422, columns_form=form, columns=columns)


@module.post("/imports/<int:import_id>/run", needs=Can.USE_IMPORTS)
def run_import(import_id: int) -> Response:
    """Have a worker write what the dry run showed."""
    row = _import(import_id, lock=True)
    services.ask_run(row)
    return html.done("", to=url_for("integrations.import_page", import_id=row.id))


@module.post("/imports/<int:import_id>/back", needs=Can.USE_IMPORTS)
def back_to_columns(import_id: int) -> Response:
    """Match the columns anew."""
    row = _import(import_id, lock=True)
    services.back_to_columns(row)
    return html.done("", to=url_for("integrations.import_page", import_id=row.id))


@module.post("/imports/<int:import_id>/go-on", needs=Can.USE_IMPORTS)
def go_on_with_import(import_id: int) -> Response:
    """Take up work that stands still."""
    row = _import(import_id, lock=True)
    services.go_on(row)
    return html.done("", to=url_for("integrations.import_page", import_id=row.id))


@module.post("/imports/<int:import_id>/cancel", needs=Can.USE_IMPORTS)
def cancel_import(import_id: int) -> Response:
    """Give it up."""
    row = _import(import_id, lock=True)
    services.cancel(row)
    return html.done(_("The import was cancelled."), to=url_for("integrations.import_page", import_id=row.id))


@module.post("/imports/<int:import_id>/weigh", needs=Can.USE_IMPORTS)
def weigh_undo(import_id: int) -> Response:
    """Have a worker look what undoing it would come to."""
    row = _import(import_id, lock=True)
    ask_weigh(row)
    return html.done("", to=url_for("integrations.import_page", import_id=row.id))


@module.post("/imports/<int:import_id>/undo", needs=Can.USE_IMPORTS)
def undo_import(import_id: int) -> Response:
    """Have a worker take back what it brought and changed."""
    row = _import(import_id, lock=True)
    ask_undo(row)
    return html.done("", to=url_for("integrations.import_page", import_id=row.id))


@module.post("/imports/<int:import_id>/leave", needs=Can.USE_IMPORTS)
def leave_import(import_id: int) -> Response:
    """Not undo it after all."""
    row = _import(import_id, lock=True)
    leave_as_is(row)
    return html.done("", to=url_for("integrations.import_page", import_id=row.id))


@module.get("/imports/<int:import_id>/kept.csv", needs=Can.USE_IMPORTS)
def import_kept(import_id: int) -> FileResponse:
    """What stayed when it was undone: by field, what the import wrote and what stands there."""
    row = _import(import_id)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([_("row"), _("name"), _("field"), _("imported"), _("now"), _("reason")])
    for one in kept_rows(row.id):
        fields = one["fields"] or {"": ("", "")}
        for name, (imported, now) in fields.items():
            cells = [guarded(str(cell)) for cell in (one["label"], name, imported, now, one["reason"])]
            writer.writerow([one["row"], *cells])
    return _download(f"{row.filename}-kept.csv", text.getvalue().encode("utf-8-sig"))


@module.get("/imports/<int:import_id>/errors.csv", needs=Can.USE_IMPORTS)
def import_errors(import_id: int) -> FileResponse:
    """The rejected rows, each with its reason, to be mended and uploaded again."""
    return _stored(_import(import_id).error_file_id)


@module.get("/imports/<int:import_id>/changes.csv", needs=Can.USE_IMPORTS)
def import_changes(import_id: int) -> FileResponse:
    """Everything the dry run found that would change."""
    return _stored(_import(import_id).report_file_id)


@module.get("/imports/<int:import_id>/file", needs=Can.USE_IMPORTS)
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
        "working": working(row) if row.state in services.WORKED_ON else None,
        "layout": None,
    }
    if row.state == "uploaded":
        context |= _columns_step(row, more)
    kind = kind_called(row.kind)
    counts = row.checked if row.state in {"uploaded", "checking", "checked", "failed"} else row.counts
    sample = row.sample
    return html.page(
        PAGE,
        fragment="stage",
        status=status,
        **{**context, **{name: value for name, value in more.items() if value is not None}},
        row=row,
        state_words=_("Ready to check") if context["layout"] else STATES[row.state],
        tone=TONES.get(row.state, "neutral"),
        kind=kind,
        step=STEPS.get(row.state, 5),
        steps=_steps(),
        fields=[(one.name, one.label) for one in kind.fields],
        used_layout=kind.layout_called(row.layout),
        free=_usual_price(row),
        counts=counts,
        rejected=[one for one in sample if one["action"] == "reject"],
        changing=[one for one in sample if one["action"] != "reject"],
        records_label=SEEN[row.kind],
        records_icon=ICONS[row.kind],
        records_url=link(LISTS[row.kind]),
        new_url=url_for(f"integrations.{NEW[row.kind]}"),
        breadcrumbs=[(_("Imports"), url_for("integrations.imports")), (row.filename, None)],
    )


def _usual_price(row: Import) -> str:
    """What new products of a file without prices are sold for; nothing where that does not matter."""
    price = row.options.get("price")
    layout = kind_called(row.kind).layout_called(row.layout)
    priced = "price" in row.mapping if layout is None else layout.priced
    if not price or priced or not row.checked.get("created"):
        return ""
    return money(Decimal(price), currency())


def _columns_step(row: Import, given: dict[str, Any]) -> dict[str, Any]:
    try:
        sheet = services.open_sheet(row)
    except SpreadsheetError as problem:
        return {"problem": str(problem)}
    matches = services.proposed(row, sheet)
    columns: list[FileColumn] = given.get("columns") or columns_of(sheet, matches)
    labels = {one.name: one.label for one in kind_called(row.kind).fields}
    patterns = {name: match.header for name, match in matches.items() if match.header not in sheet.headers}
    made = [
        (name, labels[name], request.form.get(f"made-{name}", patterns.get(name, "")))
        for name in MADE
        if row.kind == PRODUCTS.name
    ]
    layout = None if request.args.get("columns") or given.get("columns") else services.recognize(row, sheet)
    has_price = any(one.field == "price" for one in columns) if layout is None else layout.has_price(sheet.headers)
    return {
        "sheet": sheet,
        "layout": layout,
        "preview_head": [("", "end"), *((header, "start") for header in sheet.headers)],
        "preview_rows": [[one.number, *one.values[: len(sheet.headers)]] for one in sheet.preview[:PREVIEWED]],
        "columns": columns,
        "made": made,
        "reading": given.get("reading") or ReadingForm.of(row, sheet),
        "columns_form": given.get("columns_form") or ColumnsForm.of(row, has_price=has_price),
    }
