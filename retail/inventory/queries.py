"""Reads of the stock ledger: what its pages show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true
from sqlalchemy.orm import aliased

from retail.catalog.models import Product, Variant
from retail.catalog.queries import search_variants
from retail.core.db import session
from retail.core.errors import NotFound
from retail.core.money import AMOUNT_PLACES, ZERO, AmountType, QuantityType, round_to
from retail.identity.models import User
from retail.inventory.models import DOCUMENT_KINDS, StockDocument, StockHold, StockLevel, StockMove, sellable_of
from retail.tenancy.models import Location

QUANTITIES = (
    "on_hand",
    "reserved",
    "committed",
    "damaged",
    "quality_control",
    "safety_stock",
    "on_order",
    "in_transit",
)
"""What a level holds, what of it is not for sale and why, and what is on its way there."""

MOST_LEVELS = 120
"""Levels the panel on a product's page shows."""


@dataclass(frozen=True)
class Goods:
    """A variant as a line of a delivery or a transfer shows it; `on_hand` is what may leave the location asked of."""

    variant_id: int
    product_id: int
    name: str
    sku: str
    unit: str
    cost: Decimal | None
    on_hand: Decimal
    picture: int | None
    tracking: str = "none"


def goods_of(variant_ids: Iterable[int], location_id: int | None) -> dict[int, Goods]:
    """Those of these variants that are kept in stock, by id."""
    here = and_(StockLevel.variant_id == Variant.id, StockLevel.location_id == (location_id or 0))
    rows = session.execute(
        select(
            Variant.id,
            Variant.product_id,
            Variant.name,
            Variant.sku,
            Variant.unit,
            Variant.cost,
            func.coalesce(StockLevel.sellable, ZERO, type_=QuantityType).label("on_hand"),
            Product.image_file_id,
            Product.tracking,
        )
        .join(Product, Product.id == Variant.product_id)
        .outerjoin(StockLevel, here)
        .where(Variant.id.in_(set(variant_ids)), Product.is_stocked)
    )
    return {row.id: Goods(*row) for row in rows}


def find_goods(text: str, location_id: int | None, limit: int = 8) -> list[Goods]:
    """Variants in stock-keeping that a text may mean, the likeliest first."""
    ids = [one.id for one in search_variants(text, limit)]
    found = goods_of(ids, location_id)
    return [found[variant_id] for variant_id in ids if variant_id in found]


def goods_numbered(variant_id: int) -> Goods:
    """One variant; NotFound when there is none, or when it is not kept in stock."""
    found = goods_of([variant_id], None)
    if variant_id not in found:
        raise NotFound(_("There is no such article in stock."))
    return found[variant_id]


@dataclass(frozen=True)
class LevelHere:
    """What one location holds of a variant; all zero where it never lay."""

    variant_id: int
    variant_name: str
    sku: str
    location_id: int
    location_name: str
    value: Decimal
    reorder_point: Decimal | None
    on_hand: Decimal
    reserved: Decimal
    committed: Decimal
    damaged: Decimal
    quality_control: Decimal
    safety_stock: Decimal
    on_order: Decimal
    in_transit: Decimal

    @property
    def sellable(self) -> Decimal:
        """See `StockLevel.sellable`."""
        found: Decimal = sellable_of(self)
        return found

    @property
    def available(self) -> Decimal:
        """See `StockLevel.available`."""
        return self.sellable - self.safety_stock

    @property
    def incoming(self) -> Decimal:
        """See `StockLevel.incoming`."""
        return self.on_order + self.in_transit

    @property
    def state(self) -> str:
        """See `state_of`."""
        return state_of(self.on_hand, self.sellable, self.reorder_point)


def state_of(on_hand: Decimal, sellable: Decimal, reorder_point: Decimal | None) -> str:
    """`below` (fewer than none), `over` (more is held than there is), `out` (none to sell, though there should be
    some), `none`, `low`, else `fine`."""
    if on_hand < 0:
        return "below"
    if sellable < 0:
        return "over"
    if reorder_point is not None and sellable <= reorder_point:
        return "low" if sellable else "out"
    return "fine" if on_hand else "none"


def levels_of_variant(variant_id: int) -> list[LevelHere]:
    """What every location holds of a variant: the active ones, and those closed where some still lies."""
    return _levels_here(Variant.id == variant_id)


def product_name(product_id: int) -> str:
    """What a product is called; NotFound when there is no such product."""
    name = session.scalar(select(Product.name).where(Product.id == product_id))
    if name is None:
        raise NotFound(_("There is no such product."))
    return name


def levels_of_product(product_id: int) -> list[LevelHere]:
    """What every location holds of a product's variants; of a style of thousands the first MOST_LEVELS."""
    which = (Variant.product_id == product_id, Variant.archived_at.is_(None) | (StockLevel.on_hand != ZERO))
    return _levels_here(*which, limit=MOST_LEVELS)


def on_hand_of_product(product_id: int) -> Decimal:
    """How many pieces of a product lie anywhere."""
    held = select(func.sum(StockLevel.on_hand)).join(Variant, Variant.id == StockLevel.variant_id)
    return session.scalar(held.where(Variant.product_id == product_id)) or ZERO


def _levels_here(*which: ColumnElement[bool], limit: int | None = None) -> list[LevelHere]:
    rows = session.execute(
        select(
            Variant.id,
            Variant.name,
            Variant.sku,
            Location.id,
            Location.name,
            func.coalesce(StockLevel.value, ZERO, type_=AmountType),
            StockLevel.reorder_point,
            *(func.coalesce(getattr(StockLevel, name), ZERO, type_=QuantityType) for name in QUANTITIES),
        )
        .select_from(Variant)
        .join(Location, true())
        .outerjoin(StockLevel, and_(StockLevel.variant_id == Variant.id, StockLevel.location_id == Location.id))
        .where(or_(Location.active, StockLevel.on_hand != ZERO), *which)
        .order_by(Variant.position, Variant.id, Location.kind, Location.name, Location.id)
        .limit(limit)
    )
    return [LevelHere(*row) for row in rows]


@dataclass(frozen=True)
class HoldShown:
    """A hold that stands, as the page of its article shows it."""

    id: int
    kind: str
    location_name: str
    owner: str
    owner_id: int | None
    note: str
    left: Decimal
    expires_at: datetime | None


def holds_on_variant(variant_id: int, limit: int = 30) -> list[HoldShown]:
    """What is held of a variant, the latest first."""
    rows = session.execute(
        select(
            StockHold.id,
            StockHold.kind,
            Location.name,
            StockHold.owner,
            StockHold.owner_id,
            StockHold.note,
            StockHold.left,
            StockHold.expires_at,
        )
        .join(Location, Location.id == StockHold.location_id)
        .where(StockHold.variant_id == variant_id, StockHold.state == "active")
        .order_by(StockHold.id.desc())
        .limit(limit)
    )
    return [HoldShown(*row) for row in rows]


@dataclass(frozen=True)
class MoveShown:
    """A move as a page shows it; `number` is that of its stock document, empty for sales and imports."""

    variant_name: str
    sku: str
    variant_id: int
    location_name: str
    quantity: Decimal
    value: Decimal
    reason: str
    note: str
    occurred_at: datetime
    who: str
    source: str
    source_id: int | None
    number: str

    @property
    def each(self) -> Decimal | None:
        """What one piece was worth; None for a move of no quantity."""
        return round_to(self.value / self.quantity, Decimal(1).scaleb(-AMOUNT_PLACES)) if self.quantity else None


own_document = and_(
    StockDocument.id == StockMove.source_id,
    StockDocument.kind == StockMove.source,
    StockMove.source.in_(DOCUMENT_KINDS),
)
"""How a move finds its paper, when it is one of the stock's own."""


_MOVE_COLUMNS: tuple[Any, ...] = (
    Variant.name,
    Variant.sku,
    Variant.id,
    Location.name,
    StockMove.quantity,
    StockMove.value,
    StockMove.reason,
    StockMove.note,
    StockMove.occurred_at,
    func.coalesce(User.name, ""),
    StockMove.source,
    StockMove.source_id,
    func.coalesce(StockDocument.number, ""),
)


def _moves() -> Select[Any]:
    return (
        select(*_MOVE_COLUMNS)
        .select_from(StockMove)
        .join(Variant, Variant.id == StockMove.variant_id)
        .join(Location, Location.id == StockMove.location_id)
        .outerjoin(User, User.id == StockMove.user_id)
        .outerjoin(StockDocument, own_document)
    )


def moves_of_variant(variant_id: int, limit: int = 12) -> list[MoveShown]:
    """The latest moves of a variant, newest first."""
    statement = _moves().where(StockMove.variant_id == variant_id).order_by(StockMove.id.desc()).limit(limit)
    return [MoveShown(*row) for row in session.execute(statement)]


@dataclass(frozen=True)
class DocumentShown:
    """A stock document with its moves, in the order they were made."""

    paper: StockDocument
    location_name: str
    to_location_name: str
    who: str
    moves: Sequence[MoveShown]


def document_numbered(document_id: int) -> DocumentShown:
    """A stock document with all its page shows; NotFound when there is none."""
    there = aliased(Location)
    row = session.execute(
        select(StockDocument, Location.name, func.coalesce(there.name, ""), func.coalesce(User.name, ""))
        .join(Location, Location.id == StockDocument.location_id)
        .outerjoin(there, there.id == StockDocument.to_location_id)
        .outerjoin(User, User.id == StockDocument.user_id)
        .where(StockDocument.id == document_id)
    ).one_or_none()
    if row is None:
        raise NotFound(_("There is no such document."))
    paper = row[0]
    statement = _moves().where(StockMove.source == paper.kind, StockMove.source_id == paper.id).order_by(StockMove.id)
    return DocumentShown(paper, row[1], row[2], row[3], [MoveShown(*one) for one in session.execute(statement)])
