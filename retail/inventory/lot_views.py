"""Lots and pieces: the list, one of them, how goods are told apart, and what a business decides about its stock."""

from __future__ import annotations

from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retail.core import db, html
from retail.core.errors import NeedsApproval
from retail.core.forms import refusals
from retail.core.links import link
from retail.core.module import person_or_none
from retail.core.tables import table_page
from retail.identity.asking import ask_approval, with_approval
from retail.inventory import module, queries, services
from retail.inventory.forms import NumberForm, PolicyForm, ScrapForm, TrackingForm, TypedLine
from retail.inventory.labels import LOT_STATES, REASONS
from retail.inventory.lot_queries import lot_numbered, policy, reference_of
from retail.inventory.lot_tables import Lots
from retail.inventory.services import Reach
from retail.inventory.views import WORDS, article_page, stock_tabs
from retail.permissions import Can
from retail.tenancy.queries import current_tenant
from retail.tenancy.settings_tabs import settings_tabs


@module.get("/lots", needs=Can.VIEW_STOCK)
def lots() -> Response:
    """Lots and serial numbers: what expires, and where a piece is."""
    answer: Response = table_page(
        Lots(), "inventory/lots.html", title=_("Stock"), subtitle=None, tabs=stock_tabs("lots")
    )
    return answer


@module.get("/lots/<int:lot_id>", needs=Can.VIEW_STOCK)
def lot_page(lot_id: int) -> Response:
    """One lot or piece: where it lies, what became of it, and who bought it."""
    return _lot_page(lot_id)


def _lot_page(lot_id: int, form: ScrapForm | None = None) -> Response:
    with db.reading():
        found = lot_numbered(lot_id)
        today = current_tenant().today()
        expired = found.lot.expires_on is not None and found.lot.expires_on < today
        state = "gone" if not found.on_hand else "expired" if expired else "there"
        context: dict[str, Any] = {
            "found": found,
            "lot": found.lot,
            "state": LOT_STATES[state],
            "expired": expired,
            "today": today,
            "form": form
            or ScrapForm(formdata=None, key=services.new_key(), reason="expired" if expired else "damaged"),
            "reasons_of_moves": WORDS["reasons"],
            "document_url": WORDS["document_url"],
            "sources": WORDS["sources"],
            "moment": WORDS["moment"],
            "buyers_url": link("orders.order_list", lot=reference_of(found.sku, found.lot.number)),
            "breadcrumbs": [
                (_("Stock"), url_for("inventory.levels")),
                (_("Lots and serial numbers"), url_for("inventory.lots")),
                (found.lot.number, None),
            ],
        }
    return html.page("inventory/lot.html", status=422 if form else 200, **context)


@module.post("/lots/<int:lot_id>/scrap", needs=Can.ADJUST_STOCK)
def scrap_lot(lot_id: int) -> Response:
    """Take some of a lot, or a piece, out of the stock, with a reason."""
    with db.reading():
        lot = lot_numbered(lot_id).lot
        variant_id, number = lot.variant_id, lot.number
    form = ScrapForm()
    if form.validate_on_submit() and form.quantity.data is not None and form.reason.data in REASONS:
        quantity = form.quantity.data
        with refusals(form):
            try:
                paper = with_approval(
                    lambda token: services.adjust(
                        form.location.data,
                        variant_id,
                        -quantity,
                        form.reason.data,
                        form.note.data or "",
                        key=form.key.data or "",
                        reach=Reach(person_or_none().limits.adjustment, token),
                        number=number,
                    )
                )
            except NeedsApproval as need:
                return ask_approval(need, request.path, "body", url_for("inventory.lot_page", lot_id=lot_id))
            said = _("%(number)s is booked.", number=paper.number)
            return html.done(said, to=url_for("inventory.lot_page", lot_id=lot_id))
    html.settle(keep=False)
    return _lot_page(lot_id, form)


@module.post("/articles/<int:variant_id>/tracking", needs=Can.ADJUST_STOCK)
def set_tracking(variant_id: int) -> Response:
    """Say how the goods of an article's product are told apart."""
    goods = queries.goods_numbered(variant_id)
    form = TrackingForm()
    if form.validate_on_submit():
        with refusals(form):
            services.set_tracking(goods.product_id, form.tracking.data, form.warranty_months.data or 0)
            return html.done(_("Saved."), to=url_for("inventory.article", variant_id=variant_id))
    html.settle(keep=False)
    return article_page(variant_id, tracking=form)


@module.post("/articles/<int:variant_id>/numbers", needs=Can.ADJUST_STOCK)
def name_goods(variant_id: int) -> Response:
    """Give goods that lie there without a number one."""
    goods = queries.goods_numbered(variant_id)
    form = NumberForm()
    if form.validate_on_submit():
        with refusals(form):
            expires = form.expires_on.data.isoformat() if form.expires_on.data else ""
            line = TypedLine(variant_id, str(form.quantity.data), numbers=form.numbers.data or "", expires=expires)
            services.name_goods(
                form.location.data, variant_id, list(line.named(goods.tracking)), key=form.key.data or ""
            )
            return html.done(_("They have their number."), to=url_for("inventory.article", variant_id=variant_id))
    html.settle(keep=False)
    return article_page(variant_id, naming=form)


@module.route("/settings", methods=["GET", "POST"], needs=Can.EDIT_SETTINGS)
def stock_settings() -> Response:
    """What keeping goods costs, whether expired ones are sold, and how early somebody is told."""
    with db.reading():
        form = PolicyForm(data=policy())
    if request.method == "POST":
        if form.validate_on_submit():
            with refusals(form):
                services.set_policy(
                    form.carrying_percent.data or 0,
                    sells_expired=bool(form.sells_expired.data),
                    expiry_days=form.expiry_days.data or 0,
                )
                return html.done(_("Saved."), to=url_for("inventory.stock_settings"))
        html.settle(keep=False)
    return html.page("inventory/settings.html", status=422 if form.errors else 200, form=form, tabs=settings_tabs())
