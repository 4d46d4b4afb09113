"""All products as a file that can be edited and imported again: the columns of the import, a row per variant.

What is exported and imported unchanged changes nothing. On-hand stock is left out: the import gives stock to new
products only, and a number that looks as if it could be edited but is not would deceive.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import func, select

from retail.catalog.models import Barcode, Category, Product, Variant
from retail.catalog.queries import shown_code
from retail.core import export
from retail.core.db import in_chunks, session
from retail.finance.models import TaxRate
from retail.integrations.product_fields import FIELDS, OPTIONS
from retail.inventory.models import StockLevel

LEFT_OUT = frozenset({"stock"})
ROWS_A_CHUNK = 1000
AMOUNTS = frozenset({"price", "cost", "reorder_point"})


def product_file(location_id: int, *, with_costs: bool) -> Iterator[bytes]:
    """The file in pieces, products in the order they were made; reorder points are those of a location."""
    columns = [
        export.Column(one.name, str(one.label), "decimal" if one.name in AMOUNTS else "text")
        for one in FIELDS
        if one.name not in LEFT_OUT and (with_costs or one.name != "cost")
    ]
    return export.write_csv(columns, _rows(location_id))


def _rows(location_id: int) -> Iterator[dict[str, object]]:
    statement = (
        select(
            Variant,
            Product,
            func.coalesce(Category.path, "").label("category"),
            func.coalesce(TaxRate.code, "").label("tax"),
            StockLevel.reorder_point,
        )
        .join(Product, Product.id == Variant.product_id)
        .outerjoin(Category, Category.id == Product.category_id)
        .outerjoin(TaxRate, TaxRate.id == Product.tax_rate_id)
        .outerjoin(StockLevel, (StockLevel.variant_id == Variant.id) & (StockLevel.location_id == location_id))
        .order_by(Product.id, Variant.position, Variant.id)
        .execution_options(yield_per=ROWS_A_CHUNK)
    )
    for rows in in_chunks(session.execute(statement), ROWS_A_CHUNK):
        codes: dict[int, list[str]] = {}
        ids = [row.Variant.id for row in rows]
        for variant_id, code in session.execute(
            select(Barcode.variant_id, Barcode.code).where(Barcode.variant_id.in_(ids)).order_by(Barcode.id)
        ):
            codes.setdefault(variant_id, []).append(shown_code(code))
        for variant, product, category, tax, reorder_point in rows:
            row = _row(variant, product, codes.get(variant.id, []))
            yield {**row, "category": category, "tax": tax, "reorder_point": reorder_point}


def _row(variant: Variant, product: Product, codes: list[str]) -> dict[str, object]:
    values: dict[str, object] = {
        "name": product.name,
        "sku": variant.sku,
        "barcode": ", ".join(codes),
        "price": variant.price,
        "cost": variant.cost,
        "brand": product.brand,
        "unit": variant.unit,
        "description": product.description,
        # New rows with the same text become further variants of the product.
        "handle": f"product-{product.id}" if product.option_names else "",
        "archived": "yes" if variant.archived_at else "no",
    }
    for number, name in zip(OPTIONS, product.option_names, strict=False):
        values[f"option{number}_name"] = name
        values[f"option{number}_value"] = variant.options.get(name, "")
    return values
