"""The variants of a product: their barcodes, archiving one, and adding further ones."""

from __future__ import annotations

from flask import request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retail.catalog import module, queries, services
from retail.catalog.forms import BarcodeForm, option_rows, read_options
from retail.catalog.models import Product
from retail.catalog.services import NewVariant
from retail.catalog.views import currency_symbol, show_product
from retail.core import html
from retail.core.errors import Refused
from retail.core.forms import choices_from, read_decimal, refusals
from retail.core.money import ZERO
from retail.core.shown import input_amount
from retail.permissions import Can


@module.post("/<int:product_id>/barcodes", needs=Can.EDIT_PRODUCTS)
def add_barcode(product_id: int) -> Response:
    """Let a scanned code mean one of the variants, or make a code of the shop's own."""
    product = queries.product_page(product_id)
    form = BarcodeForm()
    form.variant_id.choices = choices_from((one.id, one.name) for one in product.variants)
    if form.validate_on_submit():
        with refusals(form):
            if "make" in request.form:
                row = services.make_barcode(form.variant_id.data)
            else:
                row = services.add_barcode(form.variant_id.data, form.code.data or "")
            return _codes_shown(product_id, _("%(code)s is added.", code=queries.shown_code(row.code)))
    return show_product(product_id, "barcodes", status=422, codes=form)


@module.post("/<int:product_id>/barcodes/<int:barcode_id>/remove", needs=Can.EDIT_PRODUCTS)
def remove_barcode(product_id: int, barcode_id: int) -> Response:
    """Let a code mean nothing any more."""
    code, variant_id = queries.barcode_of(product_id, barcode_id)
    services.remove_barcode(barcode_id)
    undo = url_for("catalog.put_barcode_back", product_id=product_id, variant_id=variant_id, code=code)
    return _codes_shown(product_id, _("%(code)s is removed.", code=queries.shown_code(code)), undo)


@module.post("/<int:product_id>/variants/<int:variant_id>/barcodes/<code>", needs=Can.EDIT_PRODUCTS)
def put_barcode_back(product_id: int, variant_id: int, code: str) -> Response:
    """Undo a removal."""
    queries.variant_of(product_id, variant_id)
    services.add_barcode(variant_id, code)
    return html.done(_("The barcode is back."), to=url_for("catalog.product_page", product_id=product_id))


def _codes_shown(product_id: int, message: str, undo_url: str | None = None) -> Response:
    if not html.wants_fragment():
        return html.done(message, to=url_for("catalog.product_page", product_id=product_id))
    return html.toast(show_product(product_id, "barcodes"), message, undo_url=undo_url)


@module.post("/<int:product_id>/variants/<int:variant_id>/archive", needs=Can.EDIT_PRODUCTS)
def archive_variant(product_id: int, variant_id: int) -> Response:
    """Take one variant out of sale."""
    queries.variant_of(product_id, variant_id)
    name = services.archive_variant(variant_id).name
    undo = url_for("catalog.restore_variant", product_id=product_id, variant_id=variant_id)
    message = _("%(name)s is archived.", name=name)
    if not html.wants_fragment():
        return html.done(message, to=url_for("catalog.product_page", product_id=product_id))
    return html.toast(show_product(product_id, "variants"), message, undo_url=undo)


@module.post("/<int:product_id>/variants/<int:variant_id>/restore", needs=Can.EDIT_PRODUCTS)
def restore_variant(product_id: int, variant_id: int) -> Response:
    """Put one variant on sale again."""
    queries.variant_of(product_id, variant_id)
    name = services.restore_variant(variant_id).name
    return html.done(
        _("%(name)s is on sale again.", name=name), to=url_for("catalog.product_page", product_id=product_id)
    )


@module.route("/<int:product_id>/variants/new", methods=["GET", "POST"], needs=Can.EDIT_PRODUCTS)
def new_variants(product_id: int) -> Response:
    """Further variants: name values, tick the combinations that are sold, set their prices."""
    product = queries.product_page(product_id)
    sent = request.form if request.method == "POST" else request.args
    rows = option_rows(product, sent)
    typed = {f"option-{at}-{part}": row[part] for at, row in enumerate(rows) for part in ("name", "values")}
    problem: str | None = None
    missing: list[dict[str, str]] = []
    becomes: dict[str, str] | None = None
    try:
        missing, becomes = _missing(product, read_options(typed))
        if request.method == "POST" and request.form.get("do") == "add":
            added = _add(product, missing, becomes)
            return html.done(
                _("%(n)s variants are added.", n=added), to=url_for("catalog.product_page", product_id=product_id)
            )
    except Refused as no:
        problem = no.message
    return html.page(
        "catalog/variants.html",
        fragment="combinations",
        status=422 if problem and request.method == "POST" else 200,
        product=product,
        options=rows,
        missing=[(label, _sent_price(label, product)) for label in (" / ".join(one.values()) for one in missing)],
        chosen=request.form.getlist("combination") if request.form.get("do") == "add" else None,
        becomes=" / ".join(becomes.values()) if becomes else None,
        problem=problem,
        symbol=currency_symbol(),
        breadcrumbs=[
            (_("Products"), url_for("catalog.product_list")),
            (product.name, url_for("catalog.product_page", product_id=product_id)),
            (_("New variants"), None),
        ],
    )


def _missing(product: Product, options: dict[str, list[str]]) -> tuple[list[dict[str, str]], dict[str, str] | None]:
    """The combinations that are not there yet, and what the present single variant becomes when it had no options."""
    if not options:
        return [], None
    wanted = services.matrix(options)
    if not product.option_names:
        return wanted[1:], wanted[0]
    there = {tuple(value.casefold() for value in one.options.values()) for one in product.variants}
    return [one for one in wanted if tuple(value.casefold() for value in one.values()) not in there], None


def _sent_price(label: str, product: Product) -> str:
    usual = product.variants[0].price if product.variants else ZERO
    return request.form.get(f"price:{label}", input_amount(usual))


def _add(product: Product, missing: list[dict[str, str]], becomes: dict[str, str] | None) -> int:
    """Make the combinations that were ticked. Refused when none was, and for what is no price."""
    by_label = {" / ".join(one.values()): one for one in missing}
    chosen = request.form.getlist("combination")
    if not chosen:
        raise Refused(_("Tick at least one combination."))
    if not by_label.keys() >= set(chosen):
        raise Refused(_("The options were changed meanwhile; look at the combinations again."))
    new = []
    for label in chosen:
        try:
            price = read_decimal(request.form.get(f"price:{label}", "").strip() or "0", 4)
        except ValueError as no:
            raise Refused(f"{label}: {no}") from None
        new.append(NewVariant(price=price, options=by_label[label], unit=product.variants[0].unit))
    if becomes:
        services.give_options(product.id, becomes)
    return len(services.add_variants(product.id, new))
