"""Products that another system's history names, made in bulk where they are missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select

from retail.catalog.models import Product, Variant
from retail.core.clock import now
from retail.core.db import in_chunks, session
from retail.core.tenancy import insert_owned, insert_owned_returning


@dataclass(frozen=True, slots=True)
class PastProduct:
    """A product as a history knows it; what is no merchandise (postage, fees) holds no stock."""

    sku: str
    name: str
    price: Decimal
    is_merchandise: bool


def variants_by_sku(skus: Sequence[str]) -> dict[str, int]:
    """The variants that exist among these SKUs, which are compared letter by letter."""
    found: dict[str, int] = {}
    for chunk in in_chunks(skus, 500):
        rows = session.execute(select(Variant.sku, Variant.id).where(Variant.sku.in_(chunk)))
        found.update((sku, variant_id) for sku, variant_id in rows)
    return found


def ensure_past_products(products: Sequence[PastProduct]) -> tuple[dict[str, int], int]:
    """The variant of each product by SKU, and how many were created; those there stay as they are."""
    found = variants_by_sku([one.sku for one in products])
    missing = [one for one in products if one.sku not in found]
    if not missing:
        return found, 0
    instant = now()
    ids = insert_owned_returning(
        Product,
        [
            {
                "name": one.name,
                "description": "",
                "brand": "",
                "is_stocked": one.is_merchandise,
                "is_merchandise": one.is_merchandise,
                "option_names": [],
                "option_values": {},
                "created_at": instant,
            }
            for one in missing
        ],
    )
    insert_owned(
        Variant,
        [
            {
                "product_id": product_id,
                "sku": one.sku,
                "name": one.name,
                "options": {},
                "position": 0,
                "unit": "piece",
                "price": one.price,
            }
            for product_id, one in zip(ids, missing, strict=True)
        ],
    )
    return variants_by_sku([one.sku for one in products]), len(missing)
