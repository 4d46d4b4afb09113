"""Jewelry: the board of metal rates, what a piece is made of, its certificate, and prices that are promised."""

from __future__ import annotations

from flask import abort, request, send_file, url_for
from flask_babel import format_datetime, ngettext
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retail.catalog import jewel_queries, module, queries, services
from retail.catalog.jewel_forms import (
    JewelForm,
    PurityForm,
    read_instant,
    read_rates,
    stones_text,
)
from retail.catalog.jewel_shown import is_in_india
from retail.catalog.jewel_tables import MetalRates
from retail.catalog.models import Variant
from retail.catalog.views import currency_symbol
from retail.core import files, html, tables
from retail.core.errors import Refused
from retail.core.forms import refusals
from retail.core.module import person_or_none
from retail.core.money import ZERO
from retail.permissions import Can


@module.get("/rates", needs=Can.VIEW_PRODUCTS)
def rates() -> Response:
    """The board of the morning: what a gram costs today, and what it cost before."""
    return _board()


@module.post("/rates", needs=Can.SET_RATES)
def set_rates() -> Response:
    """Set the rates that were typed; pieces cost what follows from them at once."""
    try:
        since = read_instant(request.form.get("valid_from", ""), person_or_none().tenant.timezone)
        changed = services.set_rates(read_rates(request.form), since)
    except Refused as no:
        return _board(problem=no)
    said = ngettext("Set. %(num)s piece has a new price.", "Set. %(num)s pieces have new prices.", changed)
    return html.done(said, to=url_for("catalog.rates"))


@module.post("/rates/purities", needs=Can.SET_RATES)
def add_purity() -> Response:
    """A further metal in a purity."""
    form = PurityForm()
    if form.validate():
        with refusals(form):
            made = services.add_purity(form.metal.data or "", form.name.data or "", form.fineness.data or ZERO)
            return html.done(_("%(name)s is added.", name=made.words), to=url_for("catalog.rates"))
    return _board(form=form)


@module.post("/rates/rules", needs=Can.SET_RATES)
def set_rate_rules() -> Response:
    """When a rate is too old, and for how long a price is kept."""
    hours = [request.form.get(name, "") for name in ("rate_hours", "lock_hours")]
    try:
        if not all(one.isascii() and one.isdecimal() and len(one) < 5 for one in hours):
            raise Refused(_("Between one hour and a month, please."), field="rate_hours")
        services.change_rules(int(hours[0]), int(hours[1]))
    except Refused as no:
        return _board(problem=no)
    return html.done(_("Saved."), to=url_for("catalog.rates"))


@module.route("/<int:product_id>/variants/<int:variant_id>/jewel", methods=["GET", "POST"], needs=Can.EDIT_PRODUCTS)
def jewel(product_id: int, variant_id: int) -> Response:
    """What a piece weighs and is made of; its price follows."""
    variant = queries.variant_of(product_id, variant_id)
    row = jewel_queries.jewel_of(variant_id)
    form = JewelForm(obj=row)
    if form.is_submitted():
        sent = request.files.get("certificate")
        content = sent.read(services.LARGEST_CERTIFICATE + 1) if sent is not None and sent.filename else b""
        if form.validate():
            with refusals(form):
                services.describe_jewel(variant_id, form.facts())
                if content and sent is not None:
                    services.keep_certificate(variant_id, sent.filename or "", content)
                return html.done(_("Saved."), to=url_for("catalog.product_page", product_id=product_id))
        html.settle(keep=False)
        variant, row = queries.variant_of(product_id, variant_id), jewel_queries.jewel_of(variant_id)
    elif row is not None:
        form.stones.data = stones_text(row)
    return html.page(
        "catalog/jewel.html",
        status=422 if form.is_submitted() else 200,
        form=form,
        variant=variant,
        jewel=row,
        has_metals=jewel_queries.has_metals(),
        in_india=is_in_india(),
        symbol=currency_symbol(),
        breadcrumbs=_path(product_id, variant, _("Jewelry")),
    )


@module.get("/<int:product_id>/variants/<int:variant_id>/certificate", needs=Can.VIEW_PRODUCTS)
def certificate(product_id: int, variant_id: int) -> Response:
    """The certificate of a piece, as a file."""
    queries.variant_of(product_id, variant_id)
    stored = jewel_queries.certificate_of(variant_id)
    if stored is None:
        abort(404)
    path = files.path_of(stored)
    if not path.is_file():
        abort(404)
    return send_file(path, stored.content_type, as_attachment=True, download_name=stored.name)


@module.post("/<int:product_id>/variants/<int:variant_id>/lock", needs=Can.SELL)
def lock_price(product_id: int, variant_id: int) -> Response:
    """Promise somebody the price of now."""
    queries.variant_of(product_id, variant_id)
    to = url_for("catalog.product_page", product_id=product_id)
    try:
        lock = services.lock_price(variant_id, request.form.get("promised_to", ""))
    except Refused as no:
        html.settle(keep=False)
        return html.done(no.message, to=to, level="danger")
    until = format_datetime(lock.valid_until, "short")
    return html.done(
        _("%(number)s keeps the price until %(until)s. Type it at the till.", number=lock.number, until=until), to=to
    )


def _board(problem: Refused | None = None, form: PurityForm | None = None) -> Response:
    bad = problem is not None or form is not None
    if request.method != "GET":
        html.settle(keep=False)
    lines = jewel_queries.board()
    rules = jewel_queries.rules()
    answer: Response = tables.table_page(
        MetalRates(),
        "catalog/rates.html",
        title=_("Metal rates"),
        subtitle=_("What a gram costs. Set them in the morning: prices of pieces follow at once."),
        lines=lines,
        stale=[one for one in lines if one.is_old],
        rules=rules,
        problem=problem,
        form=form or PurityForm(formdata=None),
        sent=request.form if bad else {},
        symbol=currency_symbol(),
        moment=lambda instant: format_datetime(instant, "short"),
    )
    if bad:
        answer.status_code = 422
    return answer


def _path(product_id: int, variant: Variant, last: str) -> list[tuple[str, str | None]]:
    return [
        (_("Products"), url_for("catalog.product_list")),
        (variant.name, url_for("catalog.product_page", product_id=product_id)),
        (last, None),
    ]
