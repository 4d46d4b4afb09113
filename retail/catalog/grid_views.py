"""The grid of a product's variants: what it comes in, what of it is sold, prices, SKUs and barcodes cell by cell."""

from __future__ import annotations

from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from retail.catalog import grid_queries, module, services
from retail.catalog.forms import option_rows, read_options
from retail.catalog.garment_queries import swatches
from retail.catalog.grid_forms import SHOWN, Typed, address_of, codes_of, read_changes, read_view, shown_value
from retail.catalog.views import currency_symbol
from retail.core import html
from retail.core.errors import Refused
from retail.core.module import can, person_or_none
from retail.permissions import Can
from retail.tenancy.queries import locations


@module.route("/<int:product_id>/grid", methods=["GET", "POST"], needs=Can.EDIT_PRODUCTS)
def grid(product_id: int) -> Response:
    """A page of the grid, and writing what was changed on it."""
    if request.method == "GET":
        return _grid_page(product_id)
    show = _show(request.form)
    shown = grid_queries.grid_of(product_id, read_view(request.form))
    if request.form.get("mark") != shown.mark:
        return _grid_page(product_id, problem=_("The options were changed meanwhile; look at the grid again."))
    typed = read_changes(shown, show, request.form)
    if typed.problems:
        return _grid_page(product_id, typed, problem=" ".join(list(typed.problems.values())[:3]))
    if show == "cost" and not can(Can.VIEW_COSTS):
        return _grid_page(product_id, typed, problem=_("You may not change costs."))
    try:
        made = services.change_grid(product_id, typed.changes, _stocked_at() if can(Can.RECEIVE_STOCK) else None)
    except Refused as no:
        return _grid_page(product_id, typed, problem=no.message)
    said = ngettext("%(num)s variant is made.", "%(num)s variants are made.", len(made)) if made else _("Saved.")
    return html.done(said, to=_address(product_id, shown.view, show))


@module.post("/<int:product_id>/options", needs=Can.EDIT_PRODUCTS)
def set_options(product_id: int) -> Response:
    """Say what a product comes in. No variant is made by that: they are ticked in the grid."""
    try:
        services.set_options(product_id, read_options(request.form), request.form.get("sku_pattern", ""))
    except Refused as no:
        return _grid_page(product_id, options_problem=no.message)
    return html.done(_("Saved. Tick what is sold."), to=url_for("catalog.grid", product_id=product_id))


def _stocked_at() -> int:
    """Where the first stock of new variants lies: where this person works, else in the first place that is theirs."""
    here: int | None = person_or_none().location_id
    return here if here is not None else locations()[0].id


def _show(sent: Any) -> str:
    wanted = str(sent.get("show", "sold"))
    return wanted if wanted in SHOWN and (wanted != "cost" or can(Can.VIEW_COSTS)) else "sold"


def _address(product_id: int, view: Any, show: str, **changed: Any) -> str:
    if show != "sold":
        changed["show"] = show
    return url_for("catalog.grid", product_id=product_id, **address_of(view, **changed))


def _grid_page(
    product_id: int, typed: Typed | None = None, *, problem: str = "", options_problem: str = ""
) -> Response:
    bad = bool(problem or options_problem)
    if request.method != "GET":
        html.settle(keep=not bad)
    sent = request.form if request.method == "POST" and not options_problem else request.args
    show = _show(sent)
    found = grid_queries.grid_of(product_id, read_view(sent), with_codes=show == "code")
    product = found.product
    return html.page(
        "catalog/grid.html",
        status=422 if bad else 200,
        grid=found,
        show=show,
        shown=[
            {
                "label": label,
                "url": _address(product_id, found.view, name),
                "active": name == show,
            }
            for name, label in SHOWN.items()
            if name != "cost" or can(Can.VIEW_COSTS)
        ],
        typed=typed.values if typed else {},
        wrong=typed.problems if typed else {},
        problem=problem,
        options=option_rows(product, request.form if options_problem else {}),
        options_problem=options_problem,
        sku_pattern=request.form.get("sku_pattern", "") if options_problem else product.sku_pattern,
        symbol=currency_symbol(),
        swatches=swatches(),
        value_of=lambda cell: shown_value(cell, show),
        codes_of=codes_of,
        takes_stock=product.is_stocked and can(Can.RECEIVE_STOCK),
        address=lambda **changed: _address(product_id, found.view, show, **changed),
        breadcrumbs=[
            (_("Products"), url_for("catalog.product_list")),
            (product.name, url_for("catalog.product_page", product_id=product_id)),
            (_("Grid"), None),
        ],
    )
