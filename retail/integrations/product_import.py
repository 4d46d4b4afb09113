"""Writing products from files, as they were planned: few statements a chunk, each change kept for the history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l

from retail.catalog.models import Category
from retail.catalog.services import bulk, ensure_category, next_skus
from retail.catalog.services.products import variant_name
from retail.core import files
from retail.core.clock import now
from retail.core.events import emit
from retail.core.imports import Changed, Import, Kind, Plan, declare
from retail.core.money import ZERO
from retail.events.catalog import ProductsImported
from retail.integrations.layouts import LAYOUTS
from retail.integrations.product_fields import FIELDS, HINTS
from retail.integrations.product_options import default_options
from retail.integrations.product_pictures import kept_under
from retail.integrations.product_plans import ProductPlanner
from retail.integrations.product_undo import ProductUndoing
from retail.integrations.product_work import Group, Work
from retail.integrations.undone import tell_undone
from retail.inventory.services import opening
from retail.inventory.services.opening import Opening
from retail.permissions import Can


class ProductImporting(ProductPlanner):
    """One pass over a file of products, which also writes."""

    def __init__(self, row: Import) -> None:
        super().__init__(row)
        self._category_ids: dict[str, int] = {}
        self._new_categories: dict[int, str] = {}

    def apply(self, plans: Sequence[Plan]) -> list[Changed]:
        """Write the plans of a chunk."""
        works: list[Work] = [plan.work for plan in plans]
        new = [work for work in works if work.variant is None]
        old = [work for work in works if work.variant is not None]
        made = [*self._make_products(new), *self._make_variants(new)]
        changed = [*self._change_products(works), *self._change_variants(old)]
        return [*self._made_categories(plans[0].number if plans else 0), *made, *changed]

    @property
    def attaches(self) -> bool:
        """Whether pictures came with the file, or may be fetched."""
        return self.pictures.is_open

    def prepare(self, plan: Plan) -> bytes:
        """The picture a row names, as it will be shown. Raises Refused."""
        return self.pictures.small(plan.work.picture)

    def attach(self, ready: Sequence[tuple[Plan, bytes]]) -> list[Changed]:
        """Show the pictures; what a product showed before is kept for the undo."""
        shown: dict[int, dict[str, Any]] = {}
        changed = []
        for plan, small in ready:
            work: Work = plan.work
            if work.product.id is None or work.picture is None:
                continue
            stored = files.store(kept_under(work.picture.mark), "image/webp", small)
            shown[work.product.id] = {"image_file_id": stored.id}
            pair = {"picture": (work.product.picture_id, stored.id)}
            changed.append(_changed(work, "products", work.product.id, pair))
        bulk.update_products(shown)
        return changed

    def _made_categories(self, number: int) -> list[Changed]:
        """The categories this chunk had to make, kept before what stands in them: an undo goes the other way."""
        made = [
            Changed(number, "categories", key, True, {}, {"name": path}) for key, path in self._new_categories.items()
        ]
        self._new_categories.clear()
        return made

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
                    "is_stocked": work.row.stocked is not False,
                }
                for work in fresh.values()
            ]
        )
        changed = []
        for work, product_id in zip(fresh.values(), ids, strict=True):
            work.product.id = product_id
            changed.append(Changed(work.row.number, "products", product_id, True, {}, _product_as_made(work.product)))
        return changed

    def _make_variants(self, works: Sequence[Work]) -> list[Changed]:
        rows: list[dict[str, Any]] = []
        instant = now()
        nameless = [work for work in works if not work.row.sku]
        made = iter(next_skus([(work.product.name, work.options) for work in nameless]) if nameless else ())
        for work in works:
            row, product = work.row, work.product
            rows.append(
                {
                    "product_id": product.id,
                    "sku": row.sku or next(made),
                    "name": variant_name(product.name, work.options),
                    "options": work.options,
                    "position": product.position,
                    "unit": row.unit or "piece",
                    "price": row.new_price,
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
        # A later row that names one of them otherwise means it a second time.
        self._meant.update((key, work.row.number) for key, work in zip(ids, works, strict=True))
        return [
            Changed(work.row.number, "variants", key, True, {}, _variant_as_made(work, row))
            for key, work, row in zip(ids, works, rows, strict=True)
        ]

    def _categories(self, paths: Iterable[str]) -> dict[str, int]:
        """The categories at some paths by path; made where there is none yet, looked up once in a pass."""
        wanted = sorted({path for path in paths if path} - self._category_ids.keys())
        if wanted:
            made: list[Category] = []
            for path in wanted:
                category = ensure_category(path, made)
                if category is not None:
                    self._category_ids[path] = category.id
            self._new_categories |= {one.id: one.path for one in made}
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


def _product_as_made(product: Group) -> dict[str, Any]:
    """What an undo compares with what stands there then."""
    return {
        "name": product.name,
        "description": product.description,
        "brand": product.brand,
        "category": product.category,
        "tax": product.tax_rate_id,
        "picture": None,
    }


def _variant_as_made(work: Work, row: Mapping[str, Any]) -> dict[str, Any]:
    point = work.row.reorder_point
    return {
        "sku": row["sku"],
        "price": str(row["price"]),
        "cost": None if row["cost"] is None else str(row["cost"]),
        "unit": row["unit"],
        "options": row["options"],
        "archived": bool(work.row.archived),
        "barcodes": sorted(work.codes),
        "reorder_point": None if point is None else str(point),
    }


def _changed(work: Work, subject: str, subject_id: int | None, values: dict[str, tuple[Any, Any]]) -> Changed:
    assert subject_id is not None
    before = {name: _plain(pair[0]) for name, pair in values.items()}
    after = {name: _plain(pair[1]) for name, pair in values.items()}
    return Changed(work.row.number, subject, subject_id, False, before, after)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value


def _finish(row: Import) -> None:
    emit(ProductsImported(import_id=row.id, created=row.created, updated=row.updated, rejected=row.rejected))


PRODUCTS = declare(
    Kind(
        name="products",
        label=_l("Products"),
        needs=Can.IMPORT_PRODUCTS,
        fields=FIELDS,
        begin=ProductImporting,
        undo=ProductUndoing,
        finish=_finish,
        undone=tell_undone,
        options=default_options,
        known_by=("sku", "barcode", "name"),
        hints=HINTS,
        layouts=LAYOUTS,
    )
)
