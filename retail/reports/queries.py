"""Reads of the dashboard. Sums come from rollups; what cannot be summed is read from one day's documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, case, func, select

from retail.catalog.models import Product, Variant
from retail.core.db import session
from retail.core.events import Event
from retail.core.money import ZERO
from retail.core.places import everywhere
from retail.identity.models import User
from retail.inventory.models import StockLevel
from retail.orders.models import Order
from retail.payments.models import Payment
from retail.reports.models import SalesDayProduct, SalesHour
from retail.tenancy.models import Location
from retail.till.models import Register, Shift


@dataclass(frozen=True)
class Taken:
    """What some hours of trade came to; returns and voids are below zero in the amounts, `sales` counts sales alone."""

    gross: Decimal = ZERO
    net: Decimal = ZERO
    cost: Decimal = ZERO
    units: Decimal = ZERO
    sales: int = 0

    def __add__(self, other: Taken) -> Taken:
        return Taken(
            self.gross + other.gross,
            self.net + other.net,
            self.cost + other.cost,
            self.units + other.units,
            self.sales + other.sales,
        )

    @property
    def margin(self) -> Decimal | None:
        """Net less the cost of the goods; None where something was sold and no cost is known."""
        return None if self.net and not self.cost else self.net - self.cost

    @property
    def basket(self) -> Decimal | None:
        """Gross over the number of sales; None without a sale."""
        return self.gross / self.sales if self.sales else None


def _at(column: Any, location_id: int | None) -> list[ColumnElement[bool]]:
    return [] if location_id is None else [column == location_id]


def by_hour(days: Sequence[date], location_id: int | None = None) -> dict[tuple[date, int], Taken]:
    """What every hour of these business dates came to; hours without trade are absent."""
    found = session.execute(
        select(
            SalesHour.business_date,
            SalesHour.hour,
            func.sum(SalesHour.gross),
            func.sum(SalesHour.net),
            func.sum(SalesHour.cost),
            func.sum(SalesHour.units),
            func.sum(SalesHour.sales),
        )
        .where(SalesHour.business_date.in_(days), *_at(SalesHour.location_id, location_id))
        .group_by(SalesHour.business_date, SalesHour.hour)
    )
    return {(row[0], row[1]): Taken(row[2], row[3], row[4], row[5], int(row[6])) for row in found}


def until(day: date, instant: datetime, location_id: int | None = None) -> tuple[Decimal, int]:
    """Gross and number of sales of a business date up to an instant of it, to the minute."""
    row = session.execute(
        select(func.sum(Order.gross), func.count(case((Order.kind == "sale", 1)))).where(
            Order.business_date == day, Order.occurred_at <= instant, *_at(Order.location_id, location_id)
        )
    ).one()
    return row[0] or ZERO, row[1]


def customers_on(day: date, location_id: int | None = None) -> int:
    """How many known customers bought on a business date."""
    return (
        session.scalar(
            select(func.count(Order.customer_id.distinct())).where(
                Order.business_date == day, Order.kind == "sale", *_at(Order.location_id, location_id)
            )
        )
        or 0
    )


def has_traded() -> bool:
    """Whether anything has been sold at all, ever, anywhere."""
    with everywhere():
        return session.scalar(select(SalesHour.id).limit(1)) is not None


def has_products() -> bool:
    """Whether there is anything to sell."""
    return session.scalar(select(Variant.id).limit(1)) is not None


def top_products(first: date, last: date, location_id: int | None = None, limit: int = 6) -> Sequence[Any]:
    """The products that brought most between two business dates: id, name, units, gross."""
    gross = func.sum(SalesDayProduct.gross)
    return session.execute(
        select(Product.id, Product.name, func.sum(SalesDayProduct.units).label("units"), gross.label("gross"))
        .join(Variant, Variant.id == SalesDayProduct.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .where(SalesDayProduct.business_date.between(first, last), *_at(SalesDayProduct.location_id, location_id))
        .group_by(Product.id, Product.name)
        .having(gross > 0)
        .order_by(gross.desc(), Product.id)
        .limit(limit)
    ).all()


def low_stock(location_id: int | None = None, limit: int = 6) -> tuple[Sequence[Any], int]:
    """Variants at or below their reorder point, the emptiest first, and how many there are in all; `on_hand` is what
    may be sold."""
    rows = session.execute(
        select(
            StockLevel.variant_id,
            StockLevel.sellable.label("on_hand"),
            StockLevel.reorder_point,
            Product.id.label("product_id"),
            Product.name.label("product"),
            Variant.name,
            Variant.sku,
            Location.name.label("location"),
            func.count().over().label("total"),
        )
        .join(Variant, Variant.id == StockLevel.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .join(Location, Location.id == StockLevel.location_id)
        .where(StockLevel.is_low, *_at(StockLevel.location_id, location_id))
        .order_by(StockLevel.sellable - StockLevel.reorder_point, StockLevel.id)
        .limit(limit)
    ).all()
    return rows, rows[0].total if rows else 0


def shifts_open(location_id: int | None = None) -> Sequence[Any]:
    """The open shifts with what each has taken so far."""
    taken = (
        select(Payment.shift_id, func.sum(Payment.amount).label("taken"))
        .where(Payment.shift_id.in_(select(Shift.id).where(Shift.closed_at.is_(None))))
        .group_by(Payment.shift_id)
        .subquery()
    )
    return session.execute(
        select(
            Shift.id,
            Shift.opened_at,
            Shift.register_id,
            Register.name.label("register"),
            Location.name.label("location"),
            User.name.label("cashier"),
            taken.c.taken,
        )
        .join(Register, Register.id == Shift.register_id)
        .join(Location, Location.id == Shift.location_id)
        .join(User, User.id == Shift.user_id)
        .outerjoin(taken, taken.c.shift_id == Shift.id)
        .where(Shift.closed_at.is_(None), *_at(Shift.location_id, location_id))
        .order_by(Shift.opened_at)
    ).all()


def latest(kinds: Sequence[str], limit: int = 10) -> Sequence[Event]:
    """The newest events of these kinds."""
    return session.scalars(select(Event).where(Event.kind.in_(kinds)).order_by(Event.id.desc()).limit(limit)).all()


def tenders_on(day: date, location_id: int | None = None) -> dict[str, Decimal]:
    """What each method of payment came to on a business date."""
    found = session.execute(
        select(Payment.method, func.sum(Payment.amount))
        .where(Payment.business_date == day, *_at(Payment.location_id, location_id))
        .group_by(Payment.method)
        .order_by(func.sum(Payment.amount).desc())
    )
    return {row[0]: row[1] for row in found}


def reversed_on(day: date, location_id: int | None = None) -> dict[str, tuple[int, Decimal]]:
    """Returns and voids of a business date: kind to how many and what they came to (below zero)."""
    found = session.execute(
        select(Order.kind, func.count(), func.sum(Order.gross))
        .where(Order.business_date == day, Order.kind.in_(("return", "void")), *_at(Order.location_id, location_id))
        .group_by(Order.kind)
    )
    return {row[0]: (row[1], row[2]) for row in found}
