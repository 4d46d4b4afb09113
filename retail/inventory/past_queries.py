"""What lay where, and what it was worth, at an instant of the past."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import case, func, select

from retail.catalog.models import Variant
from retail.core.clock import now
from retail.core.db import in_chunks, session
from retail.core.errors import Refused
from retail.core.money import ZERO, AmountType, QuantityType
from retail.finance.queries import balance
from retail.inventory.models import StockLevel, StockMonth, StockMove
from retail.inventory.services.reckoning import first_of_last, first_of_next
from retail.tenancy.models import Location, Tenant


@dataclass(frozen=True)
class PastLevel:
    """What a location held of a variant."""

    sku: str
    name: str
    location: str
    on_hand: Decimal
    value: Decimal


@dataclass(frozen=True)
class PastStock:
    """All stock at an instant: what lay at locations, and what was on its way between them; beside it what the books
    said then."""

    instant: datetime
    levels: Sequence[PastLevel]
    value: Decimal
    in_transit: Decimal
    in_transit_value: Decimal
    booked: Decimal
    booked_in_transit: Decimal

    @property
    def total(self) -> Decimal:
        """What all of it was worth."""
        return self.value + self.in_transit_value

    @property
    def difference(self) -> Decimal:
        """By how much the books differed; nothing."""
        return self.total - self.booked - self.booked_in_transit

    @property
    def by_location(self) -> list[tuple[str, Decimal, Decimal]]:
        """Location, quantity and worth."""
        sums: dict[str, tuple[Decimal, Decimal]] = {}
        for one in self.levels:
            quantity, value = sums.get(one.location, (ZERO, ZERO))
            sums[one.location] = quantity + one.on_hand, value + one.value
        return [(name, *figures) for name, figures in sorted(sums.items())]


def instant_of(text: str, tenant: Tenant) -> datetime:
    """An instant as people and programs write it: ISO, on the shop's clock where it names no zone; a day alone is the
    end of that business day. Refused for what is no instant, and for one to come."""
    zone = ZoneInfo(tenant.timezone)
    try:
        if len(text.strip()) == len("2026-01-31"):
            day = date.fromisoformat(text.strip()) + timedelta(days=1)
            found = datetime.combine(day, tenant.day_start, zone) - timedelta(microseconds=1)
        else:
            read = datetime.fromisoformat(text.strip())
            found = read if read.tzinfo else read.replace(tzinfo=zone)
    except ValueError:
        said = _("“%(text)s” is no instant; write 2026-01-31 or 2026-01-31T18:00.", text=text[:40])
        raise Refused(said, field="at") from None
    if datetime.combine(found.date(), time(0), found.tzinfo) > now():
        raise Refused(_("That is still to come; give an instant of the past."), field="at")
    return found


ASTRAY = timedelta(days=2)
"""So far a business day may lie from an instant of it."""
Sums = dict[tuple[int, int], tuple[Decimal, Decimal]]
"""What lies of each variant at each location, and its worth."""


def _sums_at(instant: datetime) -> Sums:
    moved = select(
        StockMove.variant_id,
        StockMove.location_id,
        func.sum(StockMove.quantity, type_=QuantityType).label("quantity"),
        func.sum(StockMove.value, type_=AmountType).label("value"),
    ).group_by(StockMove.variant_id, StockMove.location_id)
    first: date | None = session.scalar(select(func.min(StockMonth.month)))
    last: date | None = session.scalar(select(func.max(StockMonth.month)))
    over = _over_by(instant, first) if first is not None else None
    if first is None or last is None or over is None or _is_near(instant, over, last):
        return _added(_now(), session.execute(moved.where(StockMove.occurred_at > instant)), -1)
    if over < first:
        return _added({}, session.execute(moved.where(StockMove.occurred_at <= instant)), 1)
    lay = {
        (row.variant_id, row.location_id): (row.closing, row.closing_value)
        for row in session.execute(
            select(StockMonth.variant_id, StockMonth.location_id, StockMonth.closing, StockMonth.closing_value).where(
                StockMonth.month == over
            )
        )
    }
    within = moved.where(
        StockMove.business_date > _last_of(over),
        StockMove.business_date <= instant.date() + ASTRAY,
        StockMove.occurred_at <= instant,
    )
    return _added(lay, session.execute(within), 1)


def _is_near(instant: datetime, over: date, last: date) -> bool:
    """Whether less has moved since an instant than between it and the month that was over by then."""
    if over >= last:
        return True
    return first_of_next(over) >= last and (now() - instant).days < (instant.date() - _last_of(over)).days


def _over_by(instant: datetime, first: date) -> date:
    """The last month of which everything had happened by an instant; a month before the first where there is none.

    A business day lies within two days of its instants, whatever the zone and whenever the day begins.
    """
    month = max(first_of_last(instant.date() - ASTRAY), first_of_last(first))
    late = set(
        session.scalars(
            select(StockMonth.month)
            .where(StockMonth.month > month, StockMonth.month <= instant.date(), StockMonth.last_at > instant)
            .distinct()
        )
    )
    following = first_of_next(month)
    return month if following in late else following


def _last_of(day: date) -> date:
    return first_of_next(day.replace(day=1)) - timedelta(days=1)


def _now() -> Sums:
    rows = session.execute(select(StockLevel.variant_id, StockLevel.location_id, StockLevel.on_hand, StockLevel.value))
    return {(row.variant_id, row.location_id): (row.on_hand, row.value) for row in rows}


def _added(sums: Sums, rows: Iterable[Any], sign: int) -> Sums:
    for row in rows:
        on_hand, value = sums.get((row.variant_id, row.location_id), (ZERO, ZERO))
        sums[row.variant_id, row.location_id] = on_hand + sign * row.quantity, value + sign * row.value
    return sums


def stock_as_of(instant: datetime) -> PastStock:
    """Every level that was not empty at an instant, by SKU and location, with what the books said then.

    Reckoned from the nearest month that was over by then, or back from what lies there now: so that neither the present
    nor the far past reads more than a month of moves.
    """
    sums = _sums_at(instant)
    held = {key: figures for key, figures in sums.items() if any(figures)}
    names: dict[int, tuple[str, str]] = {}
    for chunk in in_chunks(sorted({variant_id for variant_id, _place in held}), 500):
        rows = session.execute(select(Variant.id, Variant.sku, Variant.name).where(Variant.id.in_(chunk)))
        names.update({row.id: (row.sku, row.name) for row in rows})
    places = {row.id: row.name for row in session.execute(select(Location.id, Location.name))}
    levels = [
        PastLevel(*names[variant_id], places[location_id], *figures)
        for (variant_id, location_id), figures in held.items()
    ]
    # By the papers of transfers, few beside all that moved. The instant is no condition, lest it be searched by.
    by_then = StockMove.occurred_at <= instant
    transit = session.execute(
        select(
            func.coalesce(func.sum(case((by_then, -StockMove.quantity)), type_=QuantityType), ZERO, type_=QuantityType),
            func.coalesce(func.sum(case((by_then, -StockMove.value)), type_=AmountType), ZERO, type_=AmountType),
        ).where(StockMove.source.in_(("dispatch", "arrival")), StockMove.counterpart == "transit")
    ).one()
    return PastStock(
        instant,
        sorted(levels, key=lambda one: (one.sku, one.location)),
        sum((one.value for one in levels), ZERO),
        *transit,
        balance("1200", instant),
        balance("1210", instant),
    )
