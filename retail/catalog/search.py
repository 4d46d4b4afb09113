"""What variants are found by: name, brand, options, SKU and barcodes. Lists show them under their products."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator

from sqlalchemy import select

from retail.catalog.models import Barcode, Product, Variant
from retail.core.db import among, session
from retail.core.search import Searched, SearchText, Watch, searched


def texts(variant_ids: Collection[int]) -> Iterator[SearchText]:
    """The texts of variants; those of an archived product are archived with it. Barcodes are found by the 14 digits
    they are kept with, which contain every form that is printed."""
    codes: dict[int, list[str]] = defaultdict(list)
    for variant_id, code in session.execute(
        select(Barcode.variant_id, Barcode.code).where(among(Barcode.variant_id, variant_ids)).order_by(Barcode.id)
    ):
        codes[variant_id].append(code)
    rows = session.execute(
        select(
            Variant.id,
            Variant.product_id,
            Variant.name,
            Variant.sku,
            Variant.archived_at,
            Product.brand,
            Product.archived_at.label("product_archived_at"),
        )
        .join(Product, Product.id == Variant.product_id)
        .where(among(Variant.id, variant_ids))
        .order_by(Variant.id)
    )
    for row in rows:
        yield SearchText(
            row.id,
            row.name,
            also=row.brand,
            codes=(row.sku, *codes[row.id]),
            group_id=row.product_id,
            active=row.archived_at is None and row.product_archived_at is None,
        )


VARIANTS = searched(
    Searched(
        "variants",
        texts,
        {
            Variant: Watch("id", frozenset({"name", "sku", "archived_at", "product_id"})),
            Barcode: Watch("variant_id", frozenset({"code", "variant_id"})),
            Product: Watch("id", frozenset({"brand", "archived_at"}), through=Variant.product_id),
        },
        Variant.id,
    )
)
