"""What suppliers will bring, as the documents that ordered it say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from sqlalchemy import bindparam, delete, select, update

from retail.core.db import session, table_of
from retail.core.money import ZERO
from retail.core.tenancy import current_tenant_id, insert_owned
from retail.inventory.models import StockExpectation, StockLevel
from retail.inventory.services.ledger import Movement, lock_levels
from retail.inventory.services.papers import check_goods, check_place, check_quantity


def expect(
    source: str, source_id: int, quantities: Mapping[tuple[int, int], Decimal], due_on: date | None = None
) -> None:
    """Say what a document (`source` and its id) still brings, by (variant, location): exactly this, none when empty.

    To be said again whenever it changes, with each receipt too. Keeps `StockLevel.on_order`; nothing is announced, as
    what is low is low until it is here. Refused for a quantity of nothing and for what is not kept in stock.
    """
    for quantity in quantities.values():
        check_quantity(quantity)
    check_goods(variant_id for variant_id, _location in quantities)
    for location_id in {location_id for _variant, location_id in quantities}:
        check_place(location_id)
    ours = (StockExpectation.source == source, StockExpectation.source_id == source_id)
    known = {
        (row.variant_id, row.location_id): row.quantity
        for row in session.execute(
            select(StockExpectation.variant_id, StockExpectation.location_id, StockExpectation.quantity).where(*ours)
        )
    }
    changes = {
        key: difference
        for key in known.keys() | quantities.keys()
        if (difference := quantities.get(key, ZERO) - known.get(key, ZERO))
    }
    shift_column("on_order", changes)
    session.execute(delete(StockExpectation).where(*ours))
    insert_owned(
        StockExpectation,
        [
            {
                "source": source,
                "source_id": source_id,
                "variant_id": key[0],
                "location_id": key[1],
                "quantity": quantity,
                "due_on": due_on,
            }
            for key, quantity in sorted(quantities.items())
        ],
    )


def shift_column(name: str, changes: Mapping[tuple[int, int], Decimal]) -> None:
    """Add to a running figure of levels that neither is on hand nor holds what is: `on_order` or `in_transit`."""
    if not changes:
        return
    lock_levels([Movement(variant_id, location_id, ZERO) for variant_id, location_id in changes])
    table = table_of(StockLevel)
    session.connection().execute(
        update(table)
        .where(
            table.c.tenant_id == current_tenant_id(),
            table.c.variant_id == bindparam("of_variant"),
            table.c.location_id == bindparam("of_location"),
        )
        .values({name: table.c[name] + bindparam("change", type_=table.c[name].type)}),
        [{"of_variant": key[0], "of_location": key[1], "change": change} for key, change in sorted(changes.items())],
    )
