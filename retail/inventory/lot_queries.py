"""Reads of lots and pieces: what a scanned code names, and what became of a lot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select

from retail.catalog.models import Product, Variant
from retail.catalog.queries import find_by_code
from retail.core.db import session
from retail.core.errors import NotFound
from retail.core.money import ZERO, QuantityType
from retail.inventory import gs1
from retail.inventory.models import StockLevel, StockLot, StockLotLevel, StockMove, StockPolicy
from retail.inventory.services.reckoning import carrying_percent
from retail.inventory.services.tracking import expiry_days
from retail.tenancy.models import Location

BETWEEN = " / "
"""What stands between an article's SKU and the number of a lot of it, where both are needed: two articles may have lots
of one number."""


def reference_of(sku: str, number: str) -> str:
    """A lot of an article as one text."""
    return f"{sku}{BETWEEN}{number}"


@dataclass(frozen=True)
class ToldByCode:
    """What a code names: a variant, and where the code tells them, its lot, expiry and serial number."""

    variant_id: int
    lot: str = ""
    serial: str = ""
    expires_on: date | None = None

    def number_for(self, tracking: str) -> str:
        """The number by which goods that are told apart so are called."""
        return {"lot": self.lot, "serial": self.serial or self.lot}.get(tracking, "")


def read_code(text: str) -> ToldByCode | None:
    """The variant that a code names: printed on it, in a GS1 code with its lot, or known as a lot or a piece of it."""
    if variant := find_by_code(text):
        return ToldByCode(variant.id)
    if (element := gs1.parse(text)) and (variant := find_by_code(element.gtin)):
        return ToldByCode(variant.id, element.lot, element.serial, element.expires_on)
    rows = session.execute(
        select(StockLot.variant_id, StockLot.number, StockLot.kind, StockLot.expires_on)
        .join(Variant, Variant.id == StockLot.variant_id)
        .where(StockLot.number == text.strip(), Variant.archived_at.is_(None))
        .limit(2)
    ).all()
    if len(rows) != 1:
        return None
    (row,) = rows
    named = {"serial": row.number} if row.kind == "serial" else {"lot": row.number}
    return ToldByCode(row.variant_id, expires_on=row.expires_on, **named)


def number_on_scan(text: str) -> tuple[int, str] | None:
    """The variant and the number of its lot or piece that a code names at a till; None where it names neither."""
    found = read_code(text)
    if found is None:
        return None
    tracking = session.scalar(
        select(Product.tracking).join(Variant, Variant.product_id == Product.id).where(Variant.id == found.variant_id)
    )
    return found.variant_id, found.number_for(tracking or "none")


def is_piece(variant_id: int, number: str) -> bool:
    """Whether a number is that of a single piece."""
    kind = session.scalar(select(StockLot.kind).where(StockLot.variant_id == variant_id, StockLot.number == number))
    return kind == "serial"


@dataclass(frozen=True)
class LotShown:
    """A lot or piece as its page shows it. `places` are location, its name and what lies there."""

    lot: StockLot
    name: str
    sku: str
    places: Sequence[tuple[int, str, Decimal]]
    moves: Sequence[Any]
    sold: Decimal

    @property
    def on_hand(self) -> Decimal:
        """What lies of it anywhere."""
        return sum((quantity for _id, _name, quantity in self.places), ZERO)


def lot_numbered(lot_id: int) -> LotShown:
    """One lot with where it lies and all that became of it, the latest first. NotFound when there is none."""
    lot = session.get(StockLot, lot_id)
    if lot is None:
        raise NotFound(_("There is no such lot or piece."))
    variant = session.get_one(Variant, lot.variant_id)
    places = session.execute(
        select(Location.id, Location.name, StockLotLevel.on_hand)
        .join(StockLotLevel, StockLotLevel.location_id == Location.id)
        .where(StockLotLevel.lot_id == lot.id, StockLotLevel.on_hand != 0)
        .order_by(Location.name)
    ).all()
    moves = session.execute(
        select(
            StockMove.occurred_at,
            StockMove.quantity,
            StockMove.reason,
            StockMove.source,
            StockMove.source_id,
            Location.name.label("location"),
        )
        .join(Location, Location.id == StockMove.location_id)
        .where(StockMove.lot_id == lot.id)
        .order_by(StockMove.occurred_at.desc(), StockMove.id.desc())
        .limit(200)
    ).all()
    sold = session.scalar(
        select(func.sum(-StockMove.quantity, type_=QuantityType)).where(
            StockMove.lot_id == lot.id, StockMove.counterpart == "customer"
        )
    )
    lies = [(row[0], row[1], row[2]) for row in places]
    return LotShown(lot, variant.name, variant.sku, lies, moves, sold or ZERO)


def policy() -> dict[str, Any]:
    """What the business decided about its stock, by the names of its fields."""
    row = session.scalar(select(StockPolicy))
    return {
        "carrying_percent": carrying_percent(),
        "sells_expired": row.sells_expired if row is not None else False,
        "expiry_days": expiry_days(),
    }


@dataclass(frozen=True)
class Apart:
    """How the goods of an article are told apart, which lots of it lie where, and what lies there without a number."""

    tracking: str
    warranty_months: int
    lots: Sequence[Any]
    without: Sequence[tuple[int, str, Decimal]]


def told_apart(variant_id: int) -> Apart:
    """The lots and pieces of a variant that lie somewhere, the first to expire first."""
    product = session.scalars(
        select(Product).join(Variant, Variant.product_id == Product.id).where(Variant.id == variant_id)
    ).one()
    lots = session.execute(
        select(
            StockLot.id, StockLot.number, StockLot.expires_on, Location.name.label("location"), StockLotLevel.on_hand
        )
        .join(StockLotLevel, StockLotLevel.lot_id == StockLot.id)
        .join(Location, Location.id == StockLotLevel.location_id)
        .where(StockLot.variant_id == variant_id, StockLotLevel.on_hand > 0)
        .order_by(StockLot.expires_on.is_(None), StockLot.expires_on, StockLot.received_at, StockLot.id)
        .limit(50)
    ).all()
    in_lots = (
        select(StockLotLevel.location_id, func.sum(StockLotLevel.on_hand, type_=QuantityType).label("quantity"))
        .where(StockLotLevel.variant_id == variant_id)
        .group_by(StockLotLevel.location_id)
        .subquery()
    )
    without = (StockLevel.on_hand - func.coalesce(in_lots.c.quantity, ZERO, type_=QuantityType)).label("without")
    rows = session.execute(
        select(Location.id, Location.name, without)
        .select_from(StockLevel)
        .join(Location, Location.id == StockLevel.location_id)
        .outerjoin(in_lots, in_lots.c.location_id == StockLevel.location_id)
        .where(StockLevel.variant_id == variant_id)
        .order_by(Location.name)
    ).all()
    found = [(row[0], row[1], row[2]) for row in rows if row[2] > 0] if product.tracking != "none" else []
    return Apart(product.tracking, product.warranty_months, lots, found)
