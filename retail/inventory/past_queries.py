"""What lay where, and what it was worth, at an instant of the past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import func, select

from retail.catalog.models import Variant
from retail.core.clock import now
from retail.core.db import in_chunks, session
from retail.core.errors import Refused
from retail.core.money import ZERO, AmountType, QuantityType
from retail.finance.queries import balance
from retail.inventory.models import StockLevel, StockMove
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


def stock_as_of(instant: datetime) -> PastStock:
    """Every level that was not empty at an instant, by SKU and location, with what the books said then.

    Reckoned back from what lies there now by the moves since, so that the present costs nothing and the past what
    happened since.
    """
    sums = {
        (row.variant_id, row.location_id): (row.on_hand, row.value)
        for row in session.execute(
            select(StockLevel.variant_id, StockLevel.location_id, StockLevel.on_hand, StockLevel.value)
        )
    }
    since = session.execute(
        select(
            StockMove.variant_id,
            StockMove.location_id,
            func.sum(StockMove.quantity, type_=QuantityType).label("quantity"),
            func.sum(StockMove.value, type_=AmountType).label("value"),
        )
        .where(StockMove.occurred_at > instant)
        .group_by(StockMove.variant_id, StockMove.location_id)
    )
    for row in since:
        on_hand, value = sums.get((row.variant_id, row.location_id), (ZERO, ZERO))
        sums[row.variant_id, row.location_id] = on_hand - row.quantity, value - row.value
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
    transit = session.execute(
        select(
            func.coalesce(func.sum(-StockMove.quantity, type_=QuantityType), ZERO, type_=QuantityType),
            func.coalesce(func.sum(-StockMove.value, type_=AmountType), ZERO, type_=AmountType),
        ).where(StockMove.counterpart == "transit", StockMove.occurred_at <= instant)
    ).one()
    return PastStock(
        instant,
        sorted(levels, key=lambda one: (one.sku, one.location)),
        sum((one.value for one in levels), ZERO),
        *transit,
        balance("1200", instant),
        balance("1210", instant),
    )
