"""Reads of registers and shifts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, bindparam, func, or_, select
from sqlalchemy.orm import aliased

from retail.catalog.models import Category, Product, Variant
from retail.core.db import session
from retail.core.money import ZERO
from retail.identity.models import User
from retail.inventory.models import StockLevel
from retail.orders.models import Order, OrderLine
from retail.payments.models import Payment
from retail.tenancy.models import Location
from retail.till.models import CashMovement, Register, Shift


@dataclass(frozen=True)
class Station:
    """An open register: where a sale is made."""

    register_id: int
    register_name: str
    location_id: int
    location_name: str
    shift_id: int
    opened_at: datetime
    user_id: int


_STATION = (
    select(
        Register.id,
        Register.name,
        Register.location_id,
        Location.name.label("location_name"),
        Shift.id.label("shift_id"),
        Shift.opened_at,
        Shift.user_id,
    )
    .join(Shift, (Shift.register_id == Register.id) & Shift.closed_at.is_(None))
    .join(Location, Location.id == Register.location_id)
    .where(Register.id == bindparam("register"))
)


def station_at(register_id: int) -> Station | None:
    """The open shift at a register, or None when it is closed."""
    row = session.execute(_STATION, {"register": register_id}).one_or_none()
    if row is None:
        return None
    return Station(row.id, row.name, row.location_id, row.location_name, row.shift_id, row.opened_at, row.user_id)


def registers() -> Sequence[Register]:
    """The registers in use, by name."""
    return session.scalars(select(Register).where(Register.active).order_by(Register.name)).all()


def open_shifts() -> Sequence[Shift]:
    """The shifts that are open now, the oldest first."""
    return session.scalars(select(Shift).where(Shift.closed_at.is_(None)).order_by(Shift.opened_at)).all()


def cash_taken(shift_id: int) -> Decimal:
    """What sales and refunds of a shift put into its drawer."""
    total = session.scalar(
        select(func.sum(Payment.amount)).where(Payment.shift_id == shift_id, Payment.method == "cash")
    )
    return total or ZERO


def cash_moved(shift_id: int) -> Decimal:
    """What pay-ins, pay-outs and drops put into a shift's drawer."""
    return session.scalar(select(func.sum(CashMovement.amount)).where(CashMovement.shift_id == shift_id)) or ZERO


def movements_of(shift_id: int) -> Sequence[CashMovement]:
    """The cash put into and taken out of a shift's drawer, in that order."""
    return session.scalars(
        select(CashMovement).where(CashMovement.shift_id == shift_id).order_by(CashMovement.id)
    ).all()


def tenders_of(shift_id: int) -> dict[str, Decimal]:
    """What each method of payment came to in a shift."""
    rows = session.execute(
        select(Payment.method, func.sum(Payment.amount)).where(Payment.shift_id == shift_id).group_by(Payment.method)
    )
    return {method: amount for method, amount in rows if amount}


@dataclass(frozen=True)
class Tile:
    """A product as the till shows it; `on_hand` is what may be sold, None for what is not kept in stock."""

    variant_id: int
    name: str
    sku: str
    price: Decimal
    on_hand: Decimal | None
    image_file_id: int | None


def tiles_of(variant_ids: Sequence[int], location_id: int) -> list[Tile]:
    """These variants as tiles, in this order, with what the location holds of them."""
    rows = session.execute(
        select(
            Variant.id,
            Variant.name,
            Variant.sku,
            Variant.price,
            Product.is_stocked,
            Product.image_file_id,
            StockLevel.sellable.label("sellable"),
        )
        .join(Product, Product.id == Variant.product_id)
        .outerjoin(StockLevel, (StockLevel.variant_id == Variant.id) & (StockLevel.location_id == location_id))
        .where(Variant.id.in_(variant_ids), Variant.archived_at.is_(None), Product.archived_at.is_(None))
    )
    found = {
        row.id: Tile(
            row.id, row.name, row.sku, row.price, (row.sellable or ZERO) if row.is_stocked else None, row.image_file_id
        )
        for row in rows
    }
    return [found[one] for one in variant_ids if one in found]


def favorites(location_id: int, since: date, limit: int) -> list[int]:
    """The best-selling variants at a location since a day, judged by its latest thousand sales, so that the cost does
    not grow with the history; filled up by name where little was sold."""
    recent = (
        select(Order.id)
        .where(Order.kind == "sale", Order.location_id == location_id, Order.business_date >= since)
        .order_by(Order.id.desc())
        .limit(1000)
        .subquery()
    )
    best = list(
        session.scalars(
            select(OrderLine.variant_id)
            .join(recent, recent.c.id == OrderLine.order_id)
            .join(Variant, Variant.id == OrderLine.variant_id)
            .join(Product, Product.id == Variant.product_id)
            .where(Variant.archived_at.is_(None), Product.archived_at.is_(None), Product.is_merchandise)
            .group_by(OrderLine.variant_id)
            .order_by(func.sum(OrderLine.quantity).desc(), OrderLine.variant_id)
            .limit(limit)
        )
    )
    if len(best) < limit:
        best += session.scalars(
            _on_sale().where(Variant.id.not_in(best)).order_by(Variant.name, Variant.id).limit(limit - len(best))
        )
    return best


def variants_in(category_id: int, limit: int) -> Sequence[int]:
    """What is on sale in a category and, three levels deep, in what stands below it."""
    within = select(Category.id).where(
        or_(
            Category.id == category_id,
            Category.parent_id == category_id,
            Category.parent_id.in_(select(Category.id).where(Category.parent_id == category_id)),
        )
    )
    statement = _on_sale().where(Product.category_id.in_(within))
    return session.scalars(statement.order_by(Variant.name, Variant.id).limit(limit)).all()


def main_categories(limit: int = 30) -> Sequence[Category]:
    """The categories at the root of the tree."""
    return session.scalars(
        select(Category).where(Category.parent_id.is_(None)).order_by(Category.position, Category.name).limit(limit)
    ).all()


def _on_sale() -> Select[Any]:
    return (
        select(Variant.id)
        .join(Product, Product.id == Variant.product_id)
        .where(Variant.archived_at.is_(None), Product.archived_at.is_(None), Product.is_merchandise)
    )


@dataclass(frozen=True)
class Desk:
    """A register as the opening page shows it: free, or open since when and by whom."""

    register_id: int
    name: str
    location_name: str
    shift_id: int | None
    opened_at: datetime | None
    cashier: str | None


def desks() -> list[Desk]:
    """The registers in use with their open shifts."""
    rows = session.execute(
        select(Register.id, Register.name, Location.name, Shift.id, Shift.opened_at, User.name)
        .join(Location, Location.id == Register.location_id)
        .outerjoin(Shift, (Shift.register_id == Register.id) & Shift.closed_at.is_(None))
        .outerjoin(User, User.id == Shift.user_id)
        .where(Register.active)
        .order_by(Location.name, Register.name)
    )
    return [Desk(*row) for row in rows]


@dataclass(frozen=True)
class ShiftDetail:
    """A shift with the names people know."""

    shift: Shift
    register_name: str
    location_name: str
    cashier: str
    closed_by: str | None


def shift_detail(shift_id: int, of_user_id: int | None = None) -> ShiftDetail | None:
    """A shift with its names; None when there is none, or when `of_user_id` is given and it is another's."""
    closer = aliased(User)
    statement = (
        select(Shift, Register.name, Location.name, User.name, closer.name)
        .join(Register, Register.id == Shift.register_id)
        .join(Location, Location.id == Shift.location_id)
        .join(User, User.id == Shift.user_id)
        .outerjoin(closer, closer.id == Shift.closed_by_id)
        .where(Shift.id == shift_id)
    )
    if of_user_id is not None:
        statement = statement.where(Shift.user_id == of_user_id)
    row = session.execute(statement).one_or_none()
    return None if row is None else ShiftDetail(*row)


def documents_of(shift_id: int) -> dict[str, tuple[int, Decimal]]:
    """How many documents of each kind a shift made, and what they come to."""
    rows = session.execute(
        select(Order.kind, func.count(), func.sum(Order.total)).where(Order.shift_id == shift_id).group_by(Order.kind)
    )
    return {kind: (count, total or ZERO) for kind, count, total in rows}
