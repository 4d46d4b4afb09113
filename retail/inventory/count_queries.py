"""Reads of counts: what differs, what is due, what was seen last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import and_, case, func, select

from retail.catalog.models import Category, Product, Variant
from retail.core.clock import now
from retail.core.db import session
from retail.core.errors import NotFound
from retail.core.money import AMOUNT_PLACES, ZERO, AmountType, QuantityType, round_to
from retail.identity.models import User
from retail.inventory.models import (
    StockCount,
    StockCountEntry,
    StockCountLine,
    StockLevel,
    StockMove,
)
from retail.inventory.services.standing import grades
from retail.tenancy.models import Location

UNIT = Decimal(1).scaleb(-AMOUNT_PLACES)
SALES_LOOKED_AT = timedelta(days=90)
COUNTED_EVERY = {"A": timedelta(days=30), "B": timedelta(days=90), "C": timedelta(days=180)}
"""How long after a count an article of a class is due again."""


@dataclass(frozen=True)
class Variance:
    """A line of a count held against the ledger as of the instant it was counted; now, when it was not."""

    line_id: int
    variant_id: int
    name: str
    sku: str
    unit: str
    counted: Decimal | None
    counted_at: datetime | None
    recount: bool
    on_hand: Decimal
    worth: Decimal
    cost: Decimal | None
    since: Decimal
    meanwhile: int

    @property
    def expected(self) -> Decimal:
        """What the ledger says there was."""
        return self.on_hand - self.since

    @property
    def variance(self) -> Decimal | None:
        """What was counted less what was expected; None when it was not counted."""
        return None if self.counted is None else self.counted - self.expected

    @property
    def value(self) -> Decimal:
        """What the difference is worth at the average cost."""
        each = self.worth / self.on_hand if self.on_hand > 0 and self.worth > 0 else self.cost or ZERO
        return round_to((self.variance or ZERO) * each, UNIT)


def variances(count_id: int) -> list[Variance]:
    """Every line of a count with what it differs by, by name. A sale after the scan is not missing, one before it is
    not found: only what moved after the instant of the scan is taken off what is on hand."""
    after = and_(
        StockMove.variant_id == StockCountLine.variant_id,
        StockMove.location_id == StockCount.location_id,
        StockMove.occurred_at > StockCountLine.first_at,
    )
    late = StockMove.occurred_at > StockCountLine.counted_at
    moved = (
        select(
            StockCountLine.id,
            func.sum(case((late, StockMove.quantity), else_=ZERO), type_=QuantityType).label("since"),
            func.count(case((StockMove.occurred_at <= StockCountLine.counted_at, 1))).label("meanwhile"),
        )
        .join(StockCount, StockCount.id == StockCountLine.count_id)
        .join(StockMove, after)
        .where(StockCountLine.count_id == count_id)
        .group_by(StockCountLine.id)
        .subquery()
    )
    rows = session.execute(
        select(
            StockCountLine.id,
            StockCountLine.variant_id,
            Variant.name,
            Variant.sku,
            Variant.unit,
            StockCountLine.counted,
            StockCountLine.counted_at,
            StockCountLine.recount,
            func.coalesce(StockLevel.on_hand, ZERO, type_=QuantityType),
            func.coalesce(StockLevel.value, ZERO, type_=AmountType),
            Variant.cost,
            func.coalesce(moved.c.since, ZERO, type_=QuantityType),
            func.coalesce(moved.c.meanwhile, 0),
        )
        .join(StockCount, StockCount.id == StockCountLine.count_id)
        .join(Variant, Variant.id == StockCountLine.variant_id)
        .outerjoin(
            StockLevel,
            and_(StockLevel.variant_id == StockCountLine.variant_id, StockLevel.location_id == StockCount.location_id),
        )
        .outerjoin(moved, moved.c.id == StockCountLine.id)
        .where(StockCountLine.count_id == count_id)
        .order_by(Variant.name, StockCountLine.id)
    )
    return [Variance(*tuple(row)) for row in rows]


@dataclass(frozen=True)
class Due:
    """An article whose turn it is to be counted."""

    variant_id: int
    grade: str
    counted_at: datetime | None


def due_for_counting(location_id: int, limit: int) -> list[Due]:
    """Whose turn it is: class A before B before C by what was sold at cost in the last ninety days, within a class the
    longest uncounted first."""
    instant = now()
    sold = (
        select(StockMove.variant_id, func.sum(-StockMove.value, type_=AmountType).label("value"))
        .where(
            StockMove.location_id == location_id,
            StockMove.counterpart == "customer",
            StockMove.occurred_at > instant - SALES_LOOKED_AT,
        )
        .group_by(StockMove.variant_id)
        .subquery()
    )
    value = func.coalesce(sold.c.value, ZERO, type_=AmountType).label("value")
    rows = session.execute(
        select(StockLevel.variant_id, StockLevel.counted_at, value)
        .join(Variant, Variant.id == StockLevel.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .outerjoin(sold, sold.c.variant_id == StockLevel.variant_id)
        .where(StockLevel.location_id == location_id, Product.is_stocked, StockLevel.on_hand != 0)
        .order_by(value.desc(), StockLevel.variant_id)
    ).all()
    graded = grades((row.variant_id, row.value) for row in rows)
    due = []
    for row in rows:
        grade = graded.get(row.variant_id, "C")
        if row.counted_at is None or row.counted_at <= instant - COUNTED_EVERY[grade]:
            due.append(Due(row.variant_id, grade, row.counted_at))
    due.sort(key=lambda one: (one.grade, one.counted_at is not None, one.counted_at or instant))
    return due[:limit]


@dataclass(frozen=True)
class CountShown:
    """A count as its page shows it."""

    count: StockCount
    location_name: str
    category: str
    started_by: str
    ended_by: str
    lines: int
    counted: int
    pieces: Decimal


def count_numbered(count_id: int) -> CountShown:
    """A count with how far it is; NotFound when there is none."""
    names = {"start": select(User.name).where(User.id == StockCount.started_by_id).scalar_subquery()}
    names["end"] = select(User.name).where(User.id == StockCount.ended_by_id).scalar_subquery()
    row = session.execute(
        select(
            StockCount,
            Location.name,
            func.coalesce(Category.path, ""),
            func.coalesce(names["start"], ""),
            func.coalesce(names["end"], ""),
        )
        .join(Location, Location.id == StockCount.location_id)
        .outerjoin(Category, Category.id == StockCount.category_id)
        .where(StockCount.id == count_id)
    ).one_or_none()
    if row is None:
        raise NotFound(_("There is no such count."))
    figures = session.execute(
        select(
            func.count(StockCountLine.id),
            func.count(StockCountLine.counted),
            func.coalesce(func.sum(StockCountLine.counted, type_=QuantityType), ZERO, type_=QuantityType),
        ).where(StockCountLine.count_id == count_id)
    ).one()
    return CountShown(*tuple(row), *tuple(figures))


@dataclass(frozen=True)
class Seen:
    """One entry of a count, newest first on the page."""

    name: str
    sku: str
    quantity: Decimal
    counted: Decimal | None
    counted_at: datetime
    who: str


def last_seen(count_id: int, limit: int = 12) -> list[Seen]:
    """What was counted last."""
    rows = session.execute(
        select(
            Variant.name,
            Variant.sku,
            StockCountEntry.quantity,
            StockCountLine.counted,
            StockCountEntry.counted_at,
            func.coalesce(User.name, ""),
        )
        .join(Variant, Variant.id == StockCountEntry.variant_id)
        .join(
            StockCountLine,
            and_(
                StockCountLine.count_id == StockCountEntry.count_id,
                StockCountLine.variant_id == StockCountEntry.variant_id,
            ),
        )
        .outerjoin(User, User.id == StockCountEntry.user_id)
        .where(StockCountEntry.count_id == count_id, StockCountEntry.void.is_(False))
        .order_by(StockCountEntry.id.desc())
        .limit(limit)
    )
    return [Seen(*row) for row in rows]


def still_to_count(count_id: int, limit: int = 40) -> Sequence[tuple[int, str, str, Decimal, bool]]:
    """What nobody has counted yet, first what is to be counted again: variant, name, SKU, on hand, whether again."""
    rows = session.execute(
        select(
            Variant.id,
            Variant.name,
            Variant.sku,
            func.coalesce(StockLevel.on_hand, ZERO, type_=QuantityType),
            StockCountLine.recount,
        )
        .join(StockCount, StockCount.id == StockCountLine.count_id)
        .join(Variant, Variant.id == StockCountLine.variant_id)
        .outerjoin(
            StockLevel,
            and_(StockLevel.variant_id == StockCountLine.variant_id, StockLevel.location_id == StockCount.location_id),
        )
        .where(StockCountLine.count_id == count_id, StockCountLine.counted.is_(None))
        .order_by(StockCountLine.recount.desc(), Variant.name, Variant.id)
        .limit(limit)
    )
    return [(row[0], row[1], row[2], row[3], row[4]) for row in rows]


@dataclass(frozen=True)
class Frozen:
    """A line of a count as it was booked."""

    variant_id: int
    name: str
    sku: str
    counted: Decimal
    expected: Decimal
    variance: Decimal
    value: Decimal


def frozen_lines(count_id: int) -> list[Frozen]:
    """The lines of a booked count, those that differed first, the dearest first."""
    rows: Any = session.execute(
        select(
            StockCountLine.variant_id,
            Variant.name,
            Variant.sku,
            StockCountLine.counted,
            StockCountLine.expected,
            StockCountLine.variance,
            StockCountLine.value,
        )
        .join(Variant, Variant.id == StockCountLine.variant_id)
        .where(StockCountLine.count_id == count_id, StockCountLine.variance.is_not(None))
    )
    found = [Frozen(*tuple(row)) for row in rows]
    return sorted(found, key=lambda one: (not one.variance, -abs(one.value), one.name))
