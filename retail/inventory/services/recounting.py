"""Levels made anew from the moves they are the sums of."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import bindparam, func, select, update

from retail.catalog.models import Variant
from retail.core.audit import record
from retail.core.db import in_chunks, session, table_of
from retail.core.money import ZERO, AmountType, QuantityType
from retail.core.tenancy import current_tenant_id, insert_owned
from retail.inventory.models import StockLevel, StockMove
from retail.inventory.services.announcing import plain
from retail.tenancy.models import Location


@dataclass(frozen=True)
class Difference:
    """A level that was not the sum of its moves: what it said, and what it says now."""

    sku: str
    location: str
    on_hand: tuple[Decimal, Decimal]
    value: tuple[Decimal, Decimal]


def recount() -> list[Difference]:
    """Make every level the sum of its moves again; returns those that were not, by SKU and location.

    Moves are what happened and are never touched. All levels are locked while they are compared. What it changed goes
    into the audit; a level that changes here is told to nobody, as nothing moved.
    """
    levels = {
        (row.variant_id, row.location_id): (row.on_hand, row.value)
        for row in session.execute(
            select(StockLevel.variant_id, StockLevel.location_id, StockLevel.on_hand, StockLevel.value)
            .order_by(StockLevel.variant_id, StockLevel.location_id)
            .with_for_update()
        )
    }
    sums = {
        (row.variant_id, row.location_id): (row.quantity or ZERO, row.value or ZERO)
        for row in session.execute(
            select(
                StockMove.variant_id,
                StockMove.location_id,
                func.sum(StockMove.quantity, type_=QuantityType).label("quantity"),
                func.sum(StockMove.value, type_=AmountType).label("value"),
            ).group_by(StockMove.variant_id, StockMove.location_id)
        )
    }
    nothing = (ZERO, ZERO)
    wrong = {
        key: (levels.get(key, nothing), sums.get(key, nothing))
        for key in sorted(levels.keys() | sums.keys())
        if levels.get(key) != sums.get(key, nothing)
    }
    if not wrong:
        return []
    insert_owned(
        StockLevel,
        [
            {"variant_id": key[0], "location_id": key[1], "on_hand": ZERO, "value": ZERO}
            for key in wrong
            if key not in levels
        ],
    )
    table = table_of(StockLevel)
    session.connection().execute(
        update(table)
        .where(
            table.c.tenant_id == current_tenant_id(),
            table.c.variant_id == bindparam("the_variant"),
            table.c.location_id == bindparam("the_location"),
        )
        .values(
            on_hand=bindparam("quantity", type_=table.c.on_hand.type),
            value=bindparam("worth", type_=table.c.value.type),
        ),
        [
            {"the_variant": key[0], "the_location": key[1], "quantity": right[0], "worth": right[1]}
            for key, (_was, right) in wrong.items()
        ],
    )
    return _reported(wrong)


def _reported(
    wrong: dict[tuple[int, int], tuple[tuple[Decimal, Decimal], tuple[Decimal, Decimal]]],
) -> list[Difference]:
    skus: dict[int, str] = {}
    for chunk in in_chunks({key[0] for key in wrong}, 500):
        rows = session.execute(select(Variant.id, Variant.sku).where(Variant.id.in_(chunk)))
        skus.update((row.id, row.sku) for row in rows)
    places = {row.id: row.name for row in session.execute(select(Location.id, Location.name))}
    for (variant_id, location_id), (was, right) in wrong.items():
        record(
            "recount",
            "stock_levels",
            variant_id,
            f"{skus[variant_id]} {places[location_id]}",
            {"on_hand": [plain(was[0]), plain(right[0])], "value": [plain(was[1]), plain(right[1])]},
        )
    found = [
        Difference(skus[key[0]], places[key[1]], (was[0], right[0]), (was[1], right[1]))
        for key, (was, right) in wrong.items()
    ]
    return sorted(found, key=lambda one: (one.sku, one.location))
