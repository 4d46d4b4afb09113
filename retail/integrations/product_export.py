"""All products as a file: in the columns of the import, to be edited and taken in again; and as rows for other shapes.

What is exported and imported unchanged changes nothing. In our own file on-hand stock is left out: the import gives
stock to new products only, and a number that looks as if it could be edited but is not would deceive.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import func, select

from retail.catalog.models import Barcode, Category, Product, Variant
from retail.catalog.queries import shown_code
from retail.core import export
from retail.core.db import in_chunks, session
from retail.core.money import ZERO
from retail.finance.models import TaxRate
from retail.integrations.product_fields import AMOUNTS, FIELDS, OPTIONS
from retail.inventory.models import StockLevel

LEFT_OUT = frozenset({"stock", "stocked", "pictures"})
ROWS_A_CHUNK = 1000


@dataclass(frozen=True, slots=True)
class Exported:
    """One variant of a product, on its way into a file."""

    product: Product
    variant: Variant
    first: bool
    codes: tuple[str, ...]
    category: str
    tax: str
    reorder_point: Decimal | None
    on_hand: Decimal


def product_file(location_id: int, *, with_costs: bool) -> Iterator[bytes]:
    """The file in pieces, products in the order they were made; reorder points are those of a location."""
    columns = [
        export.Column(one.name, str(one.label), "decimal" if one.name in AMOUNTS else "text")
        for one in FIELDS
        if one.name not in LEFT_OUT and (with_costs or one.name != "cost")
    ]
    return export.write_csv(columns, map(_row, all_variants(location_id)))


def all_variants(location_id: int) -> Iterator[Exported]:
    """Every variant, those of a product together; stock and reorder points are those of a location."""
    statement = (
        select(
            Variant,
            Product,
            func.coalesce(Category.path, "").label("category"),
            func.coalesce(TaxRate.code, "").label("tax"),
            StockLevel.reorder_point,
            StockLevel.on_hand,
        )
        .join(Product, Product.id == Variant.product_id)
        .outerjoin(Category, Category.id == Product.category_id)
        .outerjoin(TaxRate, TaxRate.id == Product.tax_rate_id)
        .outerjoin(StockLevel, (StockLevel.variant_id == Variant.id) & (StockLevel.location_id == location_id))
        .order_by(Product.id, Variant.position, Variant.id)
        .execution_options(yield_per=ROWS_A_CHUNK)
    )
    last = 0
    for rows in in_chunks(session.execute(statement), ROWS_A_CHUNK):
        codes: dict[int, list[str]] = {}
        ids = [row.Variant.id for row in rows]
        for variant_id, code in session.execute(
            select(Barcode.variant_id, Barcode.code).where(Barcode.variant_id.in_(ids)).order_by(Barcode.id)
        ):
            codes.setdefault(variant_id, []).append(shown_code(code))
        for variant, product, category, tax, reorder_point, on_hand in rows:
            first, last = product.id != last, product.id
            known = tuple(codes.get(variant.id, ()))
            yield Exported(product, variant, first, known, category, tax, reorder_point, on_hand or ZERO)


def _row(one: Exported) -> dict[str, object]:
    product, variant = one.product, one.variant
    values: dict[str, object] = {
        "name": product.name,
        "sku": variant.sku,
        "barcode": ", ".join(one.codes),
        "price": variant.price,
        "cost": variant.cost,
        "category": one.category,
        "brand": product.brand,
        "tax": one.tax,
        "unit": variant.unit,
        "description": product.description,
        "reorder_point": one.reorder_point,
        # New rows with the same text become further variants of the product.
        "handle": f"product-{product.id}" if product.option_names else "",
        "archived": "yes" if variant.archived_at else "no",
    }
    for number, name in zip(OPTIONS, product.option_names, strict=False):
        values[f"option{number}_name"] = name
        values[f"option{number}_value"] = variant.options.get(name, "")
    return values
