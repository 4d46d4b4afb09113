"""Stock: what lies where, one article, what moved, the papers of it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from flask import g, request, url_for
from flask_babel import format_datetime
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retail.core import db, html
from retail.core.errors import NeedsApproval
from retail.core.forms import refusals
from retail.core.links import link
from retail.core.module import can, person_or_none
from retail.core.tables import table_page
from retail.identity.asking import ask_approval, with_approval
from retail.inventory import module, queries, services
from retail.inventory.datasets import STOCK
from retail.inventory.forms import AdjustForm, HoldForm, NumberForm, ReorderForm, TrackingForm
from retail.inventory.labels import HOLDS, KINDS, MOVE_REASONS, OWNERS, QUANTITY_WORDS, SOURCES, STATES, TRANSFER_STATES
from retail.inventory.lot_queries import Apart, told_apart
from retail.inventory.models import StockDocument
from retail.inventory.tables import Documents, Levels, Moves, document_url
from retail.permissions import Can
from retail.tenancy.queries import locations


def _moment(instant: datetime) -> str:
    return str(format_datetime(instant, "short"))


WORDS: dict[str, Any] = {
    "moment": _moment,
    "states": STATES,
    "reasons": MOVE_REASONS,
    "sources": SOURCES,
    "kinds": KINDS,
    "hold_kinds": HOLDS,
    "owners": OWNERS,
    "transfer_states": TRANSFER_STATES,
    "document_url": document_url,
}


def stock_tabs(here: str) -> list[dict[str, Any]]:
    """The pages that stand side by side under Stock."""
    pages = (
        ("levels", _("On hand")),
        ("moves", _("Movements")),
        ("documents", _("Papers")),
        ("transfers", _("Transfers")),
        *([("counts", _("Counts"))] if can(Can.COUNT_STOCK) else []),
        ("holds", _("Held")),
        ("lots", _("Lots")),
        *([("as_of", _("Worth"))] if can(Can.VIEW_COSTS) else []),
    )
    return [
        {"label": label, "url": url_for(f"inventory.{name}"), "active": name == here, "count": None}
        for name, label in pages
    ]


@module.before_request
def mark_menu() -> None:
    """All pages of stock but those with an entry of their own stand under the first."""
    g.menu_endpoint = None if request.endpoint == "inventory.receive" else "inventory.levels"


@module.get("/", needs=Can.VIEW_STOCK)
def levels() -> Response:
    """What lies where: at the location this person looks at, unless the list's own filter names one."""
    here = None if request.args.get("location") else person_or_none().location_id
    names = ["variants", "low", "below_zero", *(["value"] if can(Can.VIEW_COSTS) else [])]
    whole = not html.wants_fragment()
    places = {one.id: one.name for one in locations()} if whole else {}
    figures = STOCK.one(names, where={"location": places[here]} if here in places else None) if whole else {}
    answer: Response = table_page(
        Levels(here),
        "inventory/levels.html",
        title=_("Stock"),
        subtitle=places.get(here) if here else None,
        tabs=stock_tabs("levels"),
        figures=figures,
        places=len(places),
    )
    return answer


@module.get("/moves", needs=Can.VIEW_STOCK)
def moves() -> Response:
    """Everything that came in or left."""
    answer: Response = table_page(
        Moves(), "inventory/listed.html", title=_("Stock"), subtitle=None, tabs=stock_tabs("moves")
    )
    return answer


@module.get("/papers", needs=Can.VIEW_STOCK)
def documents() -> Response:
    """Deliveries, corrections, transfers."""
    answer: Response = table_page(
        Documents(), "inventory/listed.html", title=_("Stock"), subtitle=None, tabs=stock_tabs("documents")
    )
    return answer


@module.get("/papers/<int:document_id>", needs=Can.VIEW_STOCK)
def document_page(document_id: int) -> Response:
    """One paper with its moves."""
    found = queries.document_numbered(document_id)
    return html.page(
        "inventory/document.html",
        found=found,
        paper=found.paper,
        labels_url=link("labels.of_document", document_id=document_id) if _brought_goods(found.paper) else None,
        breadcrumbs=[
            (_("Stock"), url_for("inventory.levels")),
            (_("Papers"), url_for("inventory.documents")),
            (found.paper.number, None),
        ],
        **WORDS,
    )


def _brought_goods(paper: StockDocument) -> bool:
    return paper.kind in {"receipt", "transfer", "arrival"}


@module.get("/products/<int:product_id>", needs=Can.VIEW_STOCK)
def product_panel(product_id: int) -> Response:
    """What is on hand of a product, for the product's page; whole for those who follow the link."""
    name = queries.product_name(product_id)
    found = queries.levels_of_product(product_id)
    return html.page(
        "inventory/product.html",
        fragment="product_stock",
        product_id=product_id,
        product_name=name,
        levels=found,
        total=queries.on_hand_of_product(product_id),
        is_whole=len(found) < queries.MOST_LEVELS,
        several=len({one.variant_id for one in found}) > 1,
        product_url=link("catalog.product_page", product_id=product_id),
        **WORDS,
    )


@module.get("/articles/<int:variant_id>", needs=Can.VIEW_STOCK)
def article(variant_id: int) -> Response:
    """One article: where it lies, when it is low, what moved; and the forms to put it right."""
    return article_page(variant_id)


@module.post("/articles/<int:variant_id>/adjust", needs=Can.ADJUST_STOCK)
def adjust(variant_id: int) -> Response:
    """Correct a level by a difference, or to what was counted."""
    queries.goods_numbered(variant_id)
    form = AdjustForm()
    if form.validate_on_submit() and form.quantity.data is not None:
        with refusals(form):
            quantity = form.quantity.data
            try:
                paper = with_approval(lambda token: _put_right(variant_id, form, quantity, token))
            except NeedsApproval as need:
                return ask_approval(need, request.path, "body", url_for("inventory.article", variant_id=variant_id))
            said = _("%(number)s is booked.", number=paper.number) if paper else _("Counted: it is as it says here.")
            return html.done(said, to=url_for("inventory.article", variant_id=variant_id))
    html.settle(keep=False)
    return article_page(variant_id, adjusting=form)


def _put_right(variant_id: int, form: AdjustForm, quantity: Decimal, token: str) -> StockDocument | None:
    place, reason, note, key = form.location.data, form.reason.data, form.note.data or "", form.key.data or ""
    reach = services.Reach(person_or_none().limits.adjustment, token)
    if form.how.data == "counted":
        return services.count(place, variant_id, quantity, reason, note, key=key, reach=reach)
    change = -quantity if form.how.data == "less" else quantity
    return services.adjust(place, variant_id, change, reason, note, key=key, reach=reach)


@module.post("/articles/<int:variant_id>/reorder-point", needs=Can.ADJUST_STOCK)
def reorder_point(variant_id: int) -> Response:
    """Say at which quantity a location should order an article again (empty for never), and how many it keeps back."""
    queries.goods_numbered(variant_id)
    form = ReorderForm()
    if form.validate_on_submit():
        with refusals(form):
            services.set_reorder_point(form.location.data, variant_id, form.reorder_point.data)
            if form.safety_stock.raw_data:
                services.set_safety_stock(form.location.data, variant_id, form.safety_stock.data or Decimal(0))
            return html.done(_("Saved."), to=url_for("inventory.article", variant_id=variant_id))
    html.settle(keep=False)
    return article_page(variant_id, reordering=form)


def article_page(
    variant_id: int,
    *,
    adjusting: AdjustForm | None = None,
    reordering: ReorderForm | None = None,
    holding: HoldForm | None = None,
    tracking: TrackingForm | None = None,
    naming: NumberForm | None = None,
) -> Response:
    """The page, also beside a form that was refused; it only reads."""
    with db.reading():
        goods = queries.goods_numbered(variant_id)
        found = queries.levels_of_variant(variant_id)
        form = adjusting or AdjustForm(formdata=None, location=_place_here(found), key=services.new_key())
        context: dict[str, Any] = {
            "goods": goods,
            "levels": found,
            "total": sum((one.on_hand for one in found), Decimal(0)),
            "available": sum((one.available for one in found), Decimal(0)),
            "incoming": sum((one.incoming for one in found), Decimal(0)),
            "parts": [
                (QUANTITY_WORDS[name], quantity)
                for name in queries.QUANTITIES[1:]
                if (quantity := sum((getattr(one, name) for one in found), Decimal(0)))
            ],
            "holds": queries.holds_on_variant(variant_id),
            "hold_form": holding or HoldForm(formdata=None, location=_place_here(found)),
            "holding": holding is not None,
            "worth": sum((one.value for one in found), Decimal(0)),
            "moves": queries.moves_of_variant(variant_id),
            "form": form,
            "reordering": reordering,
            "product_url": link("catalog.product_page", product_id=goods.product_id),
            "incoming_url": link("purchasing.incoming_panel", variant_id=variant_id),
            "apart": (apart := told_apart(variant_id)),
            "tracking_form": tracking
            or TrackingForm(formdata=None, tracking=apart.tracking, warranty_months=apart.warranty_months),
            "number_form": naming or _number_form(apart),
            "breadcrumbs": [(_("Stock"), url_for("inventory.levels")), (goods.name, None)],
            **WORDS,
        }
    refused = any(one is not None for one in (adjusting, reordering, holding, tracking, naming))
    return html.page("inventory/article.html", status=422 if refused else 200, **context)


def _number_form(apart: Apart) -> NumberForm:
    place, _name, quantity = apart.without[0] if apart.without else (None, "", None)
    return NumberForm(formdata=None, key=services.new_key(), location=place, quantity=quantity)


def _place_here(found: list[queries.LevelHere]) -> int | None:
    """Where somebody most likely puts something right: where they work, else where most of it lies."""
    here: int | None = person_or_none().location_id
    places = {one.location_id: one.on_hand for one in found}
    if here in places or not places:
        return here
    return max(places, key=lambda place: places[place])
