"""The lists of stock: levels, moves, documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _l
from markupsafe import Markup, escape
from sqlalchemy import Row, Select, and_, case, func, literal, or_, select, true
from sqlalchemy.orm import aliased

from retail.catalog.models import Category, Product, Variant
from retail.catalog.queries import category_choices, within_category
from retail.core import html, shown
from retail.core.links import link
from retail.core.tables import Column, Edit, Filter, FoundBy, Table, among_days, among_numbers, choices_of
from retail.identity.models import User
from retail.inventory import services
from retail.inventory.labels import HOLD_STATES, HOLDS, KINDS, MOVE_REASONS, OWNERS, SOURCES, STATES
from retail.inventory.models import StockDocument, StockHold, StockLevel, StockMove
from retail.inventory.queries import own_document
from retail.permissions import Can
from retail.tenancy.models import Location
from retail.tenancy.queries import locations

_there = aliased(Location)
_state = case(
    (StockLevel.on_hand < 0, "below"),
    (StockLevel.sellable < 0, "over"),
    (and_(StockLevel.is_low, StockLevel.sellable == 0), "out"),
    (StockLevel.is_low, "low"),
    (StockLevel.on_hand == 0, "none"),
    else_="fine",
)


def places() -> Sequence[tuple[str, Any]]:
    """The locations a list may be narrowed to."""
    return [(str(one.id), one.name) for one in locations()]


def at_location(column: Any) -> Any:
    """A filter by the id of a location; what is no id finds nothing."""
    return lambda statement, text: statement.where(column == int(text) if is_id(text) else literal(value=False))


def is_id(text: str) -> bool:
    """Whether a text may be the id of a row."""
    return text.isascii() and text.isdecimal() and len(text) < 18


def _in_category(statement: Select[Any], text: str) -> Select[Any]:
    return statement.where(within_category(int(text)) if is_id(text) else literal(value=False))


def _thing(row: Row[Any]) -> Markup:
    picture = link("catalog.thumbnail", file_id=row.picture) if row.picture else None
    return html.drawn("thing", row.product, src=picture)


def _state_badge(row: Row[Any]) -> Markup:
    label, tone = STATES[row.state]
    return html.drawn("badge", label, tone, dot=True)


def of_article(column: Any) -> Any:
    """A filter by the exact SKU of a variant or the exact name of its product, as reports name them."""

    def apply(statement: Select[Any], text: str) -> Select[Any]:
        named = or_(Variant.sku == text.strip(), Product.name == text.strip())
        return statement.where(
            column.in_(select(Variant.id).join(Product, Product.id == Variant.product_id).where(named))
        )

    return apply


class Levels(Table):
    """What lies where: one row for each variant at each location where it ever lay, or at the one looked at."""

    name = "levels"
    label = _l("Stock")
    order = "product"
    needs = Can.VIEW_STOCK
    row_id = StockLevel.id
    columns = {
        "product": Column(
            _l("Product"),
            Variant.name,
            search=True,
            link=lambda row: url_for("inventory.article", variant_id=row.variant_id),
            draw=_thing,
        ),
        "sku": Column(_l("SKU"), Variant.sku, search=True),
        "location": Column(_l("Location"), Location.name),
        "on_hand": Column(_l("On hand"), StockLevel.on_hand, "quantity"),
        "available": Column(_l("Available"), StockLevel.available, "quantity", sortable=False),
        "incoming": Column(_l("On the way"), StockLevel.incoming, "quantity", sortable=False, hidden=True),
        "reorder_point": Column(
            _l("Reorder at"),
            StockLevel.reorder_point,
            "quantity",
            edit=Edit(
                Can.ADJUST_STOCK,
                services.set_level_reorder_point,
                lambda row: "" if row.reorder_point is None else row.reorder_point,
                "quantity",
            ),
        ),
        "value": Column(_l("Worth at cost"), StockLevel.value, "money", needs=Can.VIEW_COSTS),
        "state": Column(
            _l("State"), _state, show=lambda state: str(STATES[state][0]), draw=_state_badge, sortable=False
        ),
    }
    also = {"variant_id": Variant.id, "picture": Product.image_file_id}
    found_by = FoundBy("variants", Variant.id)
    filters = {
        "location": Filter(_l("Location"), at_location(StockLevel.location_id), "choice", places),
        "category": Filter(
            _l("Category"), _in_category, "choice", lambda: [(str(one), path) for one, path in category_choices()]
        ),
        "article": Filter(_l("SKU or product"), of_article(StockLevel.variant_id), "text"),
        "on_hand": Filter(_l("On hand"), among_numbers(StockLevel.on_hand), "numbers"),
        "low": Filter(_l("Running low"), lambda statement, _value: statement.where(StockLevel.is_low)),
        "held": Filter(_l("Something held"), lambda s, _value: s.where(StockLevel.on_hand != StockLevel.sellable)),
        "below": Filter(_l("Below zero"), lambda statement, _value: statement.where(StockLevel.on_hand < 0)),
    }
    empty = {
        "title": _l("Nothing has come in yet"),
        "text": _l("Receive your first delivery, or count in what stands on the shelf. The till keeps it up to date."),
        "icon": "packages",
    }

    def __init__(self, location_id: int | None = None) -> None:
        self.location_id = location_id

    def source(self) -> Select[Any]:
        here = true() if self.location_id is None else StockLevel.location_id == self.location_id
        return (
            select(StockLevel)
            .join(Variant, Variant.id == StockLevel.variant_id)
            .join(Product, Product.id == Variant.product_id)
            .join(Location, Location.id == StockLevel.location_id)
            .outerjoin(Category, Category.id == Product.category_id)
            .where(here, or_(Variant.archived_at.is_(None), StockLevel.on_hand != 0))
        )


def _signed(row: Row[Any]) -> Markup:
    text = shown.quantity(row.quantity)
    return escape(f"+{text}" if row.quantity > 0 else text)


ELSEWHERE = {
    "order": ("orders.order_page", "order_id"),
    "supplier_bill": ("purchasing.bill_page", "supplier_bill_id"),
    "supplier_return": ("purchasing.return_page", "supplier_return_id"),
}
"""The pages of documents of other modules that goods move for, and what they are numbered by."""


def document_url(source: str, source_id: int | None) -> str | None:
    """The page of the document that goods moved for, where there is one that this person may open."""
    if source_id is None:
        return None
    if source in KINDS:
        return link("inventory.document_page", document_id=source_id)
    page = ELSEWHERE.get(source)
    return link(page[0], **{page[1]: source_id}) if page is not None else None


def _of_category(statement: Select[Any], text: str) -> Select[Any]:
    if not is_id(text):
        return statement.where(literal(value=False))
    within = (
        select(Variant.id)
        .join(Product, Product.id == Variant.product_id)
        .join(Category, Category.id == Product.category_id)
        .where(within_category(int(text)))
    )
    return statement.where(StockMove.variant_id.in_(within))


class Moves(Table):
    """Everything that came into a location or left it."""

    name = "moves"
    label = _l("Movements")
    order = "-when"
    needs = Can.VIEW_STOCK
    row_id = StockMove.id
    columns = {
        "product": Column(
            _l("Product"),
            Variant.name,
            search=True,
            sortable=False,
            link=lambda row: url_for("inventory.article", variant_id=row.variant_id),
        ),
        "sku": Column(_l("SKU"), Variant.sku, search=True, sortable=False),
        "when": Column(_l("When"), StockMove.occurred_at, "datetime"),
        "quantity": Column(_l("Quantity"), StockMove.quantity, "quantity", sortable=False, draw=_signed),
        "reason": Column(
            _l("Reason"),
            StockMove.reason,
            show=lambda reason: str(MOVE_REASONS.get(reason, reason)),
            sortable=False,
        ),
        "location": Column(_l("Location"), Location.name, sortable=False),
        "document": Column(
            _l("Document"),
            func.coalesce(StockDocument.number, StockMove.source),
            show=lambda text: str(SOURCES.get(text, text)),
            link=lambda row: document_url(row.source, row.source_id) or "",
            sortable=False,
        ),
        "value": Column(_l("Worth"), StockMove.value, "money", needs=Can.VIEW_COSTS, sortable=False),
        "who": Column(_l("By"), func.coalesce(User.name, ""), sortable=False),
        "note": Column(_l("Note"), StockMove.note, sortable=False),
    }
    found_by = FoundBy("variants", StockMove.variant_id)
    also = {"variant_id": Variant.id, "source": StockMove.source, "source_id": StockMove.source_id}
    filters = {
        "location": Filter(_l("Location"), at_location(StockMove.location_id), "choice", places),
        "reason": Filter(
            _l("Reason"), lambda s, v: s.where(StockMove.reason == v), "choice", choices_of(*MOVE_REASONS.items())
        ),
        "article": Filter(_l("SKU or product"), of_article(StockMove.variant_id), "text"),
        "category": Filter(
            _l("Category"), _of_category, "choice", lambda: [(str(one), path) for one, path in category_choices()]
        ),
        "day": Filter(_l("Day"), among_days(StockMove.business_date), "days"),
    }
    empty = {
        "title": _l("Nothing has moved yet"),
        "text": _l("Every delivery, sale, return, count and transfer stands here with who did it and why."),
        "icon": "history",
    }

    def source(self) -> Select[Any]:
        return (
            select(StockMove)
            .join(Variant, Variant.id == StockMove.variant_id)
            .join(Location, Location.id == StockMove.location_id)
            .outerjoin(User, User.id == StockMove.user_id)
            .outerjoin(StockDocument, own_document)
        )


def _kind_badge(row: Row[Any]) -> Markup:
    label, icon, tone = KINDS[row.kind]
    return html.drawn("badge", label, tone, icon=icon)


class Documents(Table):
    """Deliveries, corrections and transfers."""

    name = "stock-documents"
    label = _l("Stock documents")
    order = "-when"
    needs = Can.VIEW_STOCK
    row_id = StockDocument.id
    columns = {
        "number": Column(
            _l("Number"),
            StockDocument.number,
            search=True,
            sortable=False,
            link=lambda row: url_for("inventory.document_page", document_id=row.row_id),
        ),
        "kind": Column(
            _l("Kind"), StockDocument.kind, show=lambda kind: str(KINDS[kind][0]), draw=_kind_badge, sortable=False
        ),
        "when": Column(_l("When"), StockDocument.occurred_at, "datetime"),
        "location": Column(_l("Location"), Location.name, sortable=False),
        "to_location": Column(_l("To"), func.coalesce(_there.name, ""), sortable=False),
        "reference": Column(_l("Reference"), StockDocument.reference, search=True, sortable=False),
        "quantity": Column(_l("Quantity"), StockDocument.quantity, "quantity", sortable=False),
        "value": Column(_l("Worth at cost"), StockDocument.value, "money", needs=Can.VIEW_COSTS, sortable=False),
        "who": Column(_l("By"), func.coalesce(User.name, ""), sortable=False),
    }
    filters = {
        "kind": Filter(
            _l("Kind"),
            lambda s, v: s.where(StockDocument.kind == v),
            "choice",
            choices_of(*((kind, words[0]) for kind, words in KINDS.items())),
        ),
        "location": Filter(
            _l("Location"),
            lambda statement, text: statement.where(
                or_(StockDocument.location_id == int(text), StockDocument.to_location_id == int(text))
                if is_id(text)
                else literal(value=False)
            ),
            "choice",
            places,
        ),
        "day": Filter(_l("Day"), among_days(StockDocument.business_date), "days"),
    }
    empty = {
        "title": _l("No deliveries, counts or transfers yet"),
        "text": _l("What people change about stock stands here, each under a number of its own."),
        "icon": "clipboard-list",
    }

    def source(self) -> Select[Any]:
        return (
            select(StockDocument)
            .join(Location, Location.id == StockDocument.location_id)
            .outerjoin(_there, _there.id == StockDocument.to_location_id)
            .outerjoin(User, User.id == StockDocument.user_id)
        )


def _hold_badge(row: Row[Any]) -> Markup:
    label, tone = HOLDS[row.kind]
    return html.drawn("badge", label, tone)


def _hold_state_badge(row: Row[Any]) -> Markup:
    label, tone = HOLD_STATES[row.state]
    return html.drawn("badge", label, tone, dot=True)


class Holds(Table):
    """What is kept for somebody, promised or set aside."""

    name = "holds"
    label = _l("Held goods")
    order = "-since"
    needs = Can.VIEW_STOCK
    row_id = StockHold.id
    columns = {
        "product": Column(
            _l("Product"),
            Variant.name,
            search=True,
            sortable=False,
            link=lambda row: url_for("inventory.article", variant_id=row.variant_id),
        ),
        "kind": Column(
            _l("Why"), StockHold.kind, show=lambda kind: str(HOLDS[kind][0]), draw=_hold_badge, sortable=False
        ),
        "left": Column(_l("Held"), StockHold.left, "quantity", sortable=False),
        "quantity": Column(_l("Asked for"), StockHold.quantity, "quantity", sortable=False),
        "location": Column(_l("Location"), Location.name, sortable=False),
        "owner": Column(_l("For"), StockHold.owner, show=lambda owner: str(OWNERS.get(owner, owner)), sortable=False),
        "note": Column(_l("Note"), StockHold.note, search=True, sortable=False),
        "until": Column(_l("Until"), StockHold.expires_at, "datetime", sortable=False),
        "state": Column(
            _l("State"),
            StockHold.state,
            show=lambda state: str(HOLD_STATES[state][0]),
            draw=_hold_state_badge,
            sortable=False,
        ),
        "since": Column(_l("Since"), StockHold.created_at, "datetime"),
    }
    also = {"variant_id": Variant.id}
    filters = {
        "state": Filter(
            _l("State"),
            lambda s, v: s.where(StockHold.state == v),
            "choice",
            choices_of(*((state, words[0]) for state, words in HOLD_STATES.items())),
        ),
        "kind": Filter(
            _l("Why"),
            lambda s, v: s.where(StockHold.kind == v),
            "choice",
            choices_of(*((kind, words[0]) for kind, words in HOLDS.items())),
        ),
        "location": Filter(_l("Location"), at_location(StockHold.location_id), "choice", places),
    }
    empty = {
        "title": _l("Nothing is held"),
        "text": _l("Keep something for a customer, or set damaged goods aside, on the page of an article."),
        "icon": "lock",
    }

    def source(self) -> Select[Any]:
        return (
            select(StockHold)
            .join(Variant, Variant.id == StockHold.variant_id)
            .join(Location, Location.id == StockHold.location_id)
        )
