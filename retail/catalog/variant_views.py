"""The variants of a product: their barcodes, and archiving one."""

from __future__ import annotations

from decimal import Decimal

from flask import request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retail.catalog import module, queries, services
from retail.catalog.forms import BarcodeForm
from retail.catalog.views import show_product
from retail.core import html
from retail.core.forms import choices_from, refusals
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
                row = services.add_barcode(
                    form.variant_id.data, form.code.data or "", form.pack_size.data or Decimal(1)
                )
            return _codes_shown(product_id, _("%(code)s is added.", code=queries.shown_code(row.code)))
    return show_product(product_id, "barcodes", status=422, codes=form)


@module.post("/<int:product_id>/barcodes/<int:barcode_id>/remove", needs=Can.EDIT_PRODUCTS)
def remove_barcode(product_id: int, barcode_id: int) -> Response:
    """Let a code mean nothing any more."""
    code, variant_id, pack = queries.barcode_of(product_id, barcode_id)
    services.remove_barcode(barcode_id)
    undo = url_for(
        "catalog.put_barcode_back", product_id=product_id, variant_id=variant_id, code=code, pack=pack or None
    )
    return _codes_shown(product_id, _("%(code)s is removed.", code=queries.shown_code(code)), undo)


@module.post("/<int:product_id>/variants/<int:variant_id>/barcodes/<code>", needs=Can.EDIT_PRODUCTS)
def put_barcode_back(product_id: int, variant_id: int, code: str) -> Response:
    """Undo a removal."""
    queries.variant_of(product_id, variant_id)
    pack = request.args.get("pack", "")
    size = Decimal(pack) if pack.replace(".", "", 1).isascii() and pack.replace(".", "", 1).isdecimal() else Decimal(1)
    services.add_barcode(variant_id, code, size)
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
