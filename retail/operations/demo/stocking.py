"""What else goes on in a stockroom, so that its pages are not empty: lots and pieces, a van on its way, a count to be
looked at, something kept for a customer, something broken."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from math import ceil

from sqlalchemy import select

from retail.catalog.models import Product, Variant
from retail.core.clock import now
from retail.core.db import session
from retail.inventory import services as inventory
from retail.inventory.models import StockLevel, StockTransfer
from retail.inventory.services import Counted, Named
from retail.tenancy.models import Location, Tenant
from retail.tenancy.queries import first_shop

LOTS = 3
"""How many articles are told apart by lot, and in how many lots each lies there."""
EXPIRES_IN = (-3, 9, 60)
"""Days until the lots of an article expire."""
KEPT = 2


def furnish(tenant: Tenant) -> None:
    """Do it once; nothing happens where goods were ever sent about. Inside the tenant, in a transaction."""
    if session.scalar(select(StockTransfer.id).limit(1)) is not None:
        return
    shop = first_shop()
    store = session.scalars(select(Location).where(Location.id != shop.id).order_by(Location.id)).first()
    rows = session.execute(
        select(StockLevel.variant_id, StockLevel.on_hand, Variant.product_id)
        .join(Variant, Variant.id == StockLevel.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .where(StockLevel.location_id == shop.id, StockLevel.on_hand >= 8)
        .order_by(StockLevel.on_hand.desc(), StockLevel.variant_id)
        .limit(20)
    ).all()
    if len(rows) < 2 * LOTS + KEPT or store is None:
        return
    products = list(dict.fromkeys(row.product_id for row in rows))
    told_apart = set(products[:LOTS])
    for product_id in told_apart:
        inventory.set_tracking(product_id, "lot")
    for row in rows:
        if row.product_id in told_apart:
            _give_lots(tenant, shop.id, row.variant_id, int(row.on_hand))
    free = [row.variant_id for row in rows if row.product_id not in told_apart]
    _send_about(shop.id, store.id, free)
    _count(shop.id, free)
    until = now() + timedelta(days=5)
    inventory.set_aside(shop.id, free[0], Decimal(1), "reserved", "Mrs. Lindqvist, collects on Friday", until)
    inventory.set_aside(shop.id, free[1], Decimal(1), "damaged", "Chipped on the shelf")


def _give_lots(tenant: Tenant, location_id: int, variant_id: int, on_hand: int) -> None:
    left, parts = on_hand, len(EXPIRES_IN)
    for number, days in enumerate(EXPIRES_IN, start=1):
        share = left if number == parts else min(ceil(on_hand / 6), left)
        if share <= 0:
            continue
        day = tenant.today() + timedelta(days=days)
        named = [Named(f"L{variant_id:03d}-{number}", Decimal(share), day)]
        inventory.name_goods(location_id, variant_id, named)
        left -= share


def _send_about(shop_id: int, store_id: int, goods: list[int]) -> None:
    """One transfer came, one is on its way, one is asked for."""
    inventory.transfer(shop_id, store_id, [(goods[2], Decimal(2)), (goods[3], Decimal(1))], "To the back")
    inventory.send(shop_id, store_id, [(goods[0], Decimal(2)), (goods[1], Decimal(1))], "With the Tuesday van")
    inventory.request_transfer(store_id, shop_id, [(goods[2], Decimal(1))], "For the window")


def _count(shop_id: int, goods: list[int]) -> None:
    """A count that somebody has to look at."""
    count = inventory.start_count(shop_id, "full", note="Shelf by the door")
    session.flush()
    lies = dict(
        session.execute(
            select(StockLevel.variant_id, StockLevel.on_hand).where(
                StockLevel.location_id == shop_id, StockLevel.variant_id.in_(goods[:4])
            )
        ).all()
    )
    seen = [
        Counted(f"demo-{variant_id}", variant_id, lies[variant_id] - (place == 1), count.started_at)
        for place, variant_id in enumerate(goods[:4])
    ]
    inventory.enter_counts(count.id, seen)
    inventory.finish_count(count.id)
