"""What a shop has when it begins with a product: first levels and reorder points, many at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import bindparam, select, update

from retail.catalog.models import Variant
from retail.catalog.services.grid import first_stock
from retail.core.clock import now
from retail.core.db import in_chunks, session, table_of
from retail.core.money import ZERO, round_to
from retail.core.tenancy import current_tenant_id, insert_owned
from retail.inventory.models import StockLevel
from retail.inventory.services.ledger import UNIT, Document, Moved, Movement, post_stock, write_moves
from retail.inventory.services.lots import tracking_of
from retail.inventory.services.papers import check_quantity
from retail.tenancy.queries import current_tenant


@dataclass(frozen=True, slots=True)
class Opening:
    """What lies at a location of a variant that has no level there yet, and what one of it cost."""

    variant_id: int
    quantity: Decimal = ZERO
    unit_cost: Decimal = ZERO
    reorder_point: Decimal | None = None


def open_stock(location_id: int, openings: Sequence[Opening], source: str, source_id: int, memo: str) -> None:
    """Book the first stock of new variants against the opening balances. Nobody is told that it is low: it never was
    more."""
    today, instant = current_tenant().today(), now()
    tracking = tracking_of([one.variant_id for one in openings])
    moved = [
        Moved(
            Movement(one.variant_id, location_id, one.quantity, one.unit_cost),
            round_to(one.quantity * one.unit_cost, UNIT),
            one.quantity,
            tracking=tracking.get(one.variant_id, "none"),
        )
        for one in openings
    ]
    insert_owned(
        StockLevel,
        [
            {
                "variant_id": one.variant_id,
                "location_id": location_id,
                "on_hand": one.quantity,
                "value": done.value,
                "reorder_point": one.reorder_point,
            }
            for one, done in zip(openings, moved, strict=True)
        ],
    )
    goods = [done for done in moved if done.movement.quantity]
    if goods:
        write_moves(goods, Document("opening", "opening stock", source, source_id, today, instant))
        post_stock("opening", goods, source, source_id, memo, today, instant)


def open_variants(location_id: int, product_id: int, new: Sequence[tuple[Variant, Decimal]]) -> None:
    """Book what is there already of variants that were made in a product's grid, at their costs."""
    for _variant, quantity in new:
        check_quantity(quantity)
    openings = [Opening(variant.id, quantity, variant.cost or ZERO) for variant, quantity in new]
    open_stock(location_id, openings, "product", product_id, new[0][0].name)


first_stock.append(open_variants)


def reorder_points(location_id: int, variant_ids: Sequence[int]) -> dict[int, Decimal | None]:
    """The reorder points at a location of those of these variants that have a level there."""
    found: dict[int, Decimal | None] = {}
    for chunk in in_chunks(variant_ids, 500):
        rows = session.execute(
            select(StockLevel.variant_id, StockLevel.reorder_point).where(
                StockLevel.location_id == location_id, StockLevel.variant_id.in_(chunk)
            )
        )
        found.update((row.variant_id, row.reorder_point) for row in rows)
    return found


def set_reorder_points(location_id: int, points: Mapping[int, Decimal]) -> None:
    """`set_reorder_point` for many variants; the caller keeps a record of the change."""
    known = reorder_points(location_id, sorted(points))
    table, tenant_id = table_of(StockLevel), current_tenant_id()
    present = [
        {"the_variant": variant_id, "new_point": points[variant_id]} for variant_id in points if variant_id in known
    ]
    if present:
        session.connection().execute(
            update(table)
            .where(
                table.c.tenant_id == tenant_id,
                table.c.location_id == location_id,
                table.c.variant_id == bindparam("the_variant"),
            )
            .values(reorder_point=bindparam("new_point", type_=table.c.reorder_point.type)),
            present,
        )
    insert_owned(
        StockLevel,
        [
            {
                "variant_id": variant_id,
                "location_id": location_id,
                "on_hand": ZERO,
                "value": ZERO,
                "reorder_point": point,
            }
            for variant_id, point in points.items()
            if variant_id not in known
        ],
    )
