"""Writing products from files, as they were planned: few statements a chunk, each change kept for the history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l

from retail.catalog.services import bulk, ensure_category, next_sku
from retail.catalog.services.products import variant_name
from retail.core.clock import now
from retail.core.events import emit
from retail.core.imports import Changed, Import, Kind, Plan, declare
from retail.core.money import ZERO
from retail.events.catalog import ProductsImported
from retail.integrations.product_fields import FIELDS
from retail.integrations.product_plans import ProductPlanner, Work
from retail.inventory.services import opening
from retail.inventory.services.opening import Opening


class ProductImporting(ProductPlanner):
    """One pass over a file of products, which also writes."""

    def __init__(self, row: Import) -> None:
        super().__init__(row)
        self._category_ids: dict[str, int] = {}

    def apply(self, plans: Sequence[Plan]) -> list[Changed]:
        """Write the plans of a chunk."""
        works: list[Work] = [plan.work for plan in plans]
        new = [work for work in works if work.variant is None]
        old = [work for work in works if work.variant is not None]
        made = self._make_products(new)
        return [*made, *self._make_variants(new), *self._change_products(works), *self._change_variants(old)]

    def _make_products(self, works: Sequence[Work]) -> list[Changed]:
        fresh: dict[int, Work] = {}
        for work in works:
            if work.product.id is None:
                fresh.setdefault(id(work.product), work)
        categories = self._categories(work.product.category for work in fresh.values())
        ids = bulk.insert_products(
            [
                {
                    "name": work.product.name,
                    "description": work.product.description,
                    "brand": work.product.brand,
                    "category_id": categories.get(work.product.category),
                    "tax_rate_id": work.product.tax_rate_id,
                    "option_names": list(work.product.option_names),
                }
                for work in fresh.values()
            ]
        )
        changed = []
        for work, product_id in zip(fresh.values(), ids, strict=True):
            work.product.id = product_id
            changed.append(Changed(work.row.number, "products", product_id, True, {}, {"name": work.product.name}))
        return changed

    def _make_variants(self, works: Sequence[Work]) -> list[Changed]:
        rows: list[dict[str, Any]] = []
        instant = now()
        for work in works:
            row, product = work.row, work.product
            rows.append(
                {
                    "product_id": product.id,
                    "sku": row.sku or next_sku(product.name, work.options),
                    "name": variant_name(product.name, work.options),
                    "options": work.options,
                    "position": product.position,
                    "unit": row.unit or "piece",
                    "price": row.price,
                    "cost": row.cost,
                }
            )
            product.position += 1
        ids = bulk.insert_variants(rows)
        bulk.insert_barcodes([(key, code) for key, work in zip(ids, works, strict=True) for code in work.codes])
        opening.open_stock(
            self._location_id,
            [
                Opening(key, work.row.stock or ZERO, work.row.cost or ZERO, work.row.reorder_point)
                for key, work in zip(ids, works, strict=True)
                if work.row.stock or work.row.reorder_point is not None
            ],
            "import",
            self._import_id,
            self._memo,
        )
        bulk.update_variants(
            {key: {"archived_at": instant} for key, work in zip(ids, works, strict=True) if work.row.archived}
        )
        return [
            Changed(work.row.number, "variants", key, True, {}, {"sku": row["sku"], "price": str(row["price"])})
            for key, work, row in zip(ids, works, rows, strict=True)
        ]

    def _categories(self, paths: Iterable[str]) -> dict[str, int]:
        """The categories at some paths by path; made where there is none yet, looked up once in a pass."""
        for path in sorted({path for path in paths if path} - self._category_ids.keys()):
            category = ensure_category(path)
            if category is not None:
                self._category_ids[path] = category.id
        return self._category_ids

    def _change_products(self, works: Sequence[Work]) -> list[Changed]:
        told = [work for work in works if work.product_values]
        categories = self._categories(
            work.product_values["category"][1] for work in told if "category" in work.product_values
        )
        columns: dict[int, dict[str, Any]] = {}
        for work in told:
            assert work.product.id is not None
            values = {name: after for name, (_before, after) in work.product_values.items()}
            if "category" in values:
                values["category_id"] = categories.get(values.pop("category"))
            if "tax" in values:
                values["tax_rate_id"] = values.pop("tax")
            columns[work.product.id] = values
        bulk.update_products(columns)
        return [_changed(work, "products", work.product.id, work.product_values) for work in told]

    def _change_variants(self, works: Sequence[Work]) -> list[Changed]:
        columns: dict[int, dict[str, Any]] = {}
        points: dict[int, Decimal] = {}
        codes: list[tuple[int, str]] = []
        changed = []
        for work in works:
            assert work.variant is not None
            key, told = work.variant.id, dict(work.variant_values)
            values = {name: after for name, (_before, after) in told.items()}
            if "archived" in values:
                values["archived_at"] = now() if values.pop("archived") else None
            if values:
                columns[key] = values
            codes.extend((key, code) for code in work.codes)
            if work.codes:
                told["barcodes"] = (sorted(work.variant.codes), [*sorted(work.variant.codes), *work.codes])
            if work.reorder_point is not None:
                points[key] = work.reorder_point[1]
                told["reorder_point"] = work.reorder_point
            if told:
                changed.append(_changed(work, "variants", key, told))
        bulk.update_variants(columns)
        bulk.insert_barcodes(codes)
        opening.set_reorder_points(self._location_id, points)
        return changed


def _changed(work: Work, subject: str, subject_id: int | None, values: dict[str, tuple[Any, Any]]) -> Changed:
    assert subject_id is not None
    before = {name: _plain(pair[0]) for name, pair in values.items()}
    after = {name: _plain(pair[1]) for name, pair in values.items()}
    return Changed(work.row.number, subject, subject_id, False, before, after)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value


def _finish(row: Import) -> None:
    emit(ProductsImported(import_id=row.id, created=row.created, updated=row.updated, rejected=row.rejected))


PRODUCTS = declare(Kind("products", _l("Products"), FIELDS, ProductImporting, _finish, ("sku", "barcode", "name")))
