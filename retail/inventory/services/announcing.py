"""Levels that run low or recover are told, once each."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from retail.catalog.models import Variant
from retail.core.db import session
from retail.core.events import emit
from retail.core.money import ZERO
from retail.events.inventory import StockRanLow, StockReplenished


def announce_changes(levels: Mapping[tuple[int, int], Any], was: Mapping[tuple[int, int], Decimal]) -> None:
    """Tell of levels that ran low or recovered; `was` is what was sellable of each before."""
    for (variant_id, location_id), level in levels.items():
        point = level.reorder_point
        before = was[variant_id, location_id]
        announce(variant_id, location_id, was=(before, point), now=(level.sellable, point))


def announce(
    variant_id: int,
    location_id: int,
    *,
    was: tuple[Decimal, Decimal | None],
    now: tuple[Decimal, Decimal | None],
) -> None:
    """Tell that a level has become low, or is no longer; `was` and `now` are what is sellable and the reorder point."""
    low_before, low_now = (point is not None and sellable <= point for sellable, point in (was, now))
    if low_now and not low_before:
        variant = session.execute(select(Variant.sku, Variant.name).where(Variant.id == variant_id)).one()
        emit(
            StockRanLow(
                variant_id=variant_id,
                location_id=location_id,
                sku=variant.sku,
                name=variant.name,
                on_hand=plain(now[0]),
                reorder_point=plain(now[1] or ZERO),
            )
        )
    elif low_before and not low_now:
        emit(StockReplenished(variant_id=variant_id, location_id=location_id))


def plain(quantity: Decimal) -> str:
    """A quantity without needless zeros and without an exponent, for sentences and events."""
    return f"{quantity.normalize():f}"
