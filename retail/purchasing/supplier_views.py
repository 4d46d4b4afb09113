"""Suppliers: the list, a new one, one supplier's page with articles, log and score card."""

from __future__ import annotations

from typing import Any

from flask import abort, g, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retail.catalog.queries import find_by_code, only_meant
from retail.core import html, tables
from retail.core.forms import add_problem, refusals
from retail.core.links import link
from retail.core.module import can, person_or_none
from retail.core.money import ZERO
from retail.permissions import Can
from retail.purchasing import module, queries, services
from retail.purchasing.forms import ItemForm, NoteForm, SupplierForm, read_breaks, supplier_values
from retail.purchasing.labels import NOTE_KINDS, ORDER_STATES
from retail.purchasing.models import Supplier
from retail.purchasing.tables import SupplierTable


@module.before_request
def mark_menu() -> None:
    """Pages of suppliers stand under their entry of the menu, all others of buying under the orders."""
    name = (request.endpoint or "").rpartition(".")[2]
    of_suppliers = name in SUPPLIER_PAGES
    g.menu_endpoint = "purchasing.supplier_list" if of_suppliers else "purchasing.order_list"


SUPPLIER_PAGES = frozenset({"supplier_list", "new_supplier", "supplier_page", "add_item", "add_note"})


@module.get("/suppliers/", needs=Can.VIEW_SUPPLIERS)
def supplier_list() -> Any:
    """Everybody the shop buys from."""
    return tables.table_page(SupplierTable(), "purchasing/suppliers.html", title=_("Suppliers"), subtitle=None)


@module.route("/suppliers/new", methods=["GET", "POST"], needs=Can.EDIT_SUPPLIERS)
def new_supplier() -> Response:
    """A new supplier."""
    form = SupplierForm()
    if form.is_submitted():
        if form.validate():
            with refusals(form):
                made = services.create_supplier(**form.values())
                return html.done(
                    _("%(name)s is added. Now say what they sell.", name=made.name),
                    to=url_for("purchasing.supplier_page", supplier_id=made.id),
                )
    else:
        form.currency.data = person_or_none().tenant.currency
    return html.page("purchasing/new_supplier.html", status=422 if form.is_submitted() else 200, form=form, **_words())


@module.route("/suppliers/<int:supplier_id>", methods=["GET", "POST"], needs=Can.VIEW_SUPPLIERS)
def supplier_page(supplier_id: int) -> Response:
    """One supplier."""
    supplier = queries.supplier_numbered(supplier_id)
    form = SupplierForm() if request.method == "POST" else _filled(supplier)
    if form.is_submitted():
        if not can(Can.EDIT_SUPPLIERS):
            abort(403)
        if form.validate():
            with refusals(form):
                services.change_supplier(supplier, **form.values())
                return html.done(_("Saved."), to=url_for("purchasing.supplier_page", supplier_id=supplier_id))
        return _page(supplier_id, form=form)
    return _page(supplier_id, form=form)


def _filled(supplier: Supplier) -> SupplierForm:
    form = SupplierForm(formdata=None, obj=supplier)
    for name, value in supplier_values(supplier).items():
        form[name].data = value
    return form


def _page(
    supplier_id: int,
    *,
    form: SupplierForm | None = None,
    item: ItemForm | None = None,
    note: NoteForm | None = None,
) -> Response:
    refused = request.method == "POST"
    if refused:
        html.settle(keep=False)
    supplier = queries.supplier_numbered(supplier_id)
    return html.page(
        "purchasing/supplier.html",
        status=422 if refused else 200,
        supplier=supplier,
        form=form or _filled(supplier),
        item_form=item or ItemForm(formdata=None),
        note_form=note or NoteForm(formdata=None),
        items=queries.items_of_supplier(supplier_id),
        notes=queries.notes_of(supplier_id),
        orders=queries.orders_of(supplier_id) if can(Can.VIEW_PURCHASES) else [],
        score=queries.score_of(supplier_id),
        breadcrumbs=[(_("Suppliers"), url_for("purchasing.supplier_list")), (supplier.name, None)],
        **_words(),
    )


def _words() -> dict[str, Any]:
    return {"note_kinds": NOTE_KINDS, "states": ORDER_STATES, "own": person_or_none().tenant.currency, "link": link}


@module.post("/suppliers/<int:supplier_id>/archive", needs=Can.EDIT_SUPPLIERS)
def archive_supplier(supplier_id: int) -> Response:
    """Take a supplier out of lists."""
    supplier = queries.supplier_numbered(supplier_id)
    services.archive_supplier(supplier)
    return html.done(_("%(name)s is archived.", name=supplier.name), to=url_for("purchasing.supplier_list"))


@module.post("/suppliers/<int:supplier_id>/restore", needs=Can.EDIT_SUPPLIERS)
def restore_supplier(supplier_id: int) -> Response:
    """Bring an archived supplier back."""
    supplier = queries.supplier_numbered(supplier_id)
    services.restore_supplier(supplier)
    return html.done(
        _("%(name)s is back.", name=supplier.name), to=url_for("purchasing.supplier_page", supplier_id=supplier_id)
    )


@module.post("/suppliers/<int:supplier_id>/items", needs=Can.EDIT_SUPPLIERS)
def add_item(supplier_id: int) -> Response:
    """Say what the supplier asks for an article, new or known."""
    supplier, form = queries.supplier_numbered(supplier_id), ItemForm()
    if form.validate():
        meant = find_by_code(form.article.data) or only_meant(form.article.data)
        if meant is None:
            add_problem(form, _("“%(text)s” names no article.", text=form.article.data), "article")
            return _page(supplier_id, item=form)
        try:
            breaks = read_breaks(form.breaks.data or "")
        except ValueError as wrong:
            add_problem(form, str(wrong), "breaks")
            return _page(supplier_id, item=form)
        with refusals(form):
            services.set_item(
                supplier,
                meant.id,
                form.cost.data or ZERO,
                code=form.their_code.data or "",
                pack_size=form.pack_size.data or ZERO,
                minimum=form.minimum.data or ZERO,
                weight=form.weight.data,
                preferred=form.preferred.data,
                breaks=breaks,
            )
            return html.done(
                _("%(name)s is one of their articles.", name=meant.name),
                to=url_for("purchasing.supplier_page", supplier_id=supplier_id) + "#items",
            )
    return _page(supplier_id, item=form)


@module.post("/suppliers/<int:supplier_id>/items/<int:supplier_item_id>/remove", needs=Can.EDIT_SUPPLIERS)
def remove_item(supplier_id: int, supplier_item_id: int) -> Response:
    """The supplier does not sell it any more."""
    services.remove_item(queries.supplier_numbered(supplier_id), supplier_item_id)
    return html.done(_("Removed."), to=url_for("purchasing.supplier_page", supplier_id=supplier_id) + "#items")


@module.post("/suppliers/<int:supplier_id>/notes", needs=Can.EDIT_SUPPLIERS)
def add_note(supplier_id: int) -> Response:
    """Write into the log."""
    supplier, form = queries.supplier_numbered(supplier_id), NoteForm()
    if form.validate():
        with refusals(form):
            services.note_down(supplier, form.kind.data, form.text.data)
            return html.done(_("Noted."), to=url_for("purchasing.supplier_page", supplier_id=supplier_id) + "#log")
    return _page(supplier_id, note=form)
