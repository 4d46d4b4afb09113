"""Undoing an import of products: what it made goes, what it changed becomes what it was.

A product that was edited, sold or stocked since stays as it is, and so does a field that was edited since. What cannot
be removed because something is written of it (its opening stock, a forecast) is withdrawn instead.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from retail.catalog.services import bulk, ensure_category, removing
from retail.catalog.services.bulk import KnownProduct, KnownVariant
from retail.catalog.services.products import variant_name
from retail.core.clock import now
from retail.core.db import session
from retail.core.imports import Import, ImportChange, Past, Reversal
from retail.core.imports.reversing import edits, referring, restored
from retail.finance.models import TaxRate
from retail.integrations.product_fields import AMOUNTS, LABELS, codes_text, value_text
from retail.inventory.services import opening, taking_back
from retail.tenancy.models import Location
from retail.tenancy.queries import first_shop

CARRIED = frozenset({"barcodes", "stock_levels", "stock_moves", "variants"})
"""Tables whose rows go with a variant, or whose rows are looked at by themselves."""
DERIVED = frozenset({"product_forecasts"})
"""Tables that are computed: to stand there is no sign that somebody uses a product."""
WORDS: Mapping[str, object] = {"barcodes": LABELS["barcode"], "options": LABELS["option1_value"]}


class ProductUndoing:
    """One pass over what an import of products changed, the last change first."""

    def __init__(self, row: Import) -> None:
        self._import_id, self._memo = row.id, row.filename
        place = session.get(Location, row.options.get("location_id") or 0)
        self._location_id = place.id if place is not None else first_shop().id
        self._rate_names = {one.id: one.code for one in session.scalars(select(TaxRate))}
        self._removed: set[int] = set()
        self._withdrawn: set[int] = set()

    def plan(self, changes: Sequence[Past]) -> list[Reversal]:
        """What is to become of each record."""
        variants = bulk.variants_numbered(one.subject_id for one in changes if one.subject == "variants")
        owners = {one.product.id for one in variants.values()}
        products = bulk.products_numbered(
            owners | {one.subject_id for one in changes if one.subject == "products"},
        )
        self._made = self._imported_products(products)
        self._points = opening.reorder_points(self._location_id, sorted(variants))
        self._ours, self._others = taking_back.moved_by("import", self._import_id, variants)
        used = referring("variants", variants, CARRIED)
        self._derived = set().union(*(used.get(name, ()) for name in DERIVED))
        self._used = self._others.union(*(ids for name, ids in used.items() if name not in DERIVED))
        self._used_products = set().union(*referring("products", products, CARRIED).values())
        found = []
        for change in changes:
            if change.subject == "variants":
                found.append(self._variant(change, variants.get(change.subject_id)))
            elif change.subject == "products":
                found.append(self._product(change, products.get(change.subject_id)))
            else:
                found.append(Reversal(change.id, change.row, "removed", change.after.get("name", "")))
        return found

    def _imported_products(self, products: Collection[int]) -> dict[int, dict[str, Any]]:
        """Of these products, those this import made, as it made them."""
        rows = session.execute(
            select(ImportChange.subject_id, ImportChange.after).where(
                ImportChange.import_id == self._import_id,
                ImportChange.subject == "products",
                ImportChange.created,
                ImportChange.subject_id.in_(products),
            )
        )
        made = {row.subject_id: row.after for row in rows}
        # A picture comes after its product, and as long as that is not taken back it is what the import left.
        for row in session.execute(
            select(ImportChange.subject_id, ImportChange.after).where(
                ImportChange.import_id == self._import_id,
                ImportChange.subject == "products",
                ~ImportChange.created,
                ImportChange.outcome == "",
                ImportChange.subject_id.in_(made),
            )
        ):
            if "picture" in row.after:
                made[row.subject_id] = {**made[row.subject_id], "picture": row.after["picture"]}
        return made

    def _variant(self, change: Past, variant: KnownVariant | None) -> Reversal:
        if variant is None:
            return Reversal(change.id, change.row, "gone", change.after.get("sku", ""))
        label = variant_name(variant.product.name, variant.options)
        if not change.created:
            return self._restored(change, label, self._state_of(variant), variant.codes)
        edited = self._edits(change.after, self._state_of(variant))
        if variant.product.id in self._made:
            made = self._made[variant.product.id]
            edited |= self._edits(made, _state_of(variant.product))
        reason = str(_("sold, ordered or stocked since")) if variant.id in self._used else ""
        if edited or reason:
            return Reversal(change.id, change.row, "kept", label, edited, reason)
        if variant.id in self._ours or variant.id in self._derived:
            self._withdrawn.add(variant.id)
            return Reversal(change.id, change.row, "withdrawn", label)
        self._removed.add(variant.id)
        return Reversal(change.id, change.row, "removed", label)

    def _product(self, change: Past, known: tuple[KnownProduct, set[int]] | None) -> Reversal:
        if known is None:
            return Reversal(change.id, change.row, "gone", str(change.after.get("name", "")))
        product, variant_ids = known
        if not change.created:
            return self._restored(change, product.name, _state_of(product), set())
        # What comes of it was settled with its variants, which were made after it and so came first.
        left = variant_ids - self._removed
        if not left and product.id not in self._used_products:
            return Reversal(change.id, change.row, "removed", product.name)
        if left and self._are_withdrawn(left):
            return Reversal(change.id, change.row, "withdrawn", product.name)
        return Reversal(change.id, change.row, "needed", product.name)

    def _are_withdrawn(self, variant_ids: set[int]) -> bool:
        """Whether this undo withdraws all of these variants, or did before its worker died."""
        earlier = variant_ids - self._withdrawn
        if not earlier:
            return True
        settled = session.scalars(
            select(ImportChange.subject_id).where(
                ImportChange.import_id == self._import_id,
                ImportChange.subject == "variants",
                ImportChange.outcome == "withdrawn",
                ImportChange.subject_id.in_(earlier),
            )
        )
        return earlier <= set(settled)

    def _restored(self, change: Past, label: str, state: Mapping[str, Any], codes: set[str]) -> Reversal:
        """Each field goes back to what it was; barcodes are taken away one by one."""
        imported, before = change.after.get("barcodes", ()), change.before.get("barcodes", ())
        found = restored(change, label, {**state, "barcodes": sorted(imported)}, _same, self._label, self._words)
        if imported:
            found.work["barcodes"] = (set(imported) - set(before)) & codes
        return found

    def _edits(self, imported: Mapping[str, Any], state: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
        """What differs from what was imported, in words."""
        found = edits(imported, state, _same)
        return {
            self._label(name): (self._words(name, one), self._words(name, other))
            for name, (one, other) in found.items()
        }

    def _state_of(self, variant: KnownVariant) -> dict[str, Any]:
        point = self._points.get(variant.id)
        return {
            "sku": variant.sku,
            "price": str(variant.price),
            "cost": None if variant.cost is None else str(variant.cost),
            "unit": variant.unit,
            "options": variant.options,
            "archived": variant.is_archived,
            "barcodes": sorted(variant.codes),
            "reorder_point": None if point is None else str(point),
        }

    def _label(self, name: str) -> str:
        return str(WORDS.get(name) or LABELS.get(name) or _("Picture"))

    def _words(self, name: str, value: Any) -> str:
        if name == "tax":
            return self._rate_names.get(value or 0, "")
        if name == "picture":
            return str(_("a picture")) if value else ""
        if name == "barcodes":
            return codes_text(value or [])
        if name == "options":
            return " / ".join((value or {}).values())
        if name in AMOUNTS and value is not None:
            return value_text(Decimal(value))
        return value_text(value)

    def apply(self, changes: Sequence[Past], reversals: Sequence[Reversal]) -> None:
        """Write what was planned."""
        mark = removing.withdrawn_mark(self._import_id)
        pairs = list(zip(changes, reversals, strict=True))
        self._put_back([(change, one.work) for change, one in pairs if not change.created and one.work])
        withdrawn = _made(pairs, "variants", "withdrawn")
        taking_back.take_back("import", self._import_id, withdrawn, self._memo)
        removing.withdraw_variants(withdrawn, mark)
        removed = _made(pairs, "variants", "removed")
        taking_back.forget_levels(removed)
        removing.remove_variants(removed)
        removing.withdraw_products(_made(pairs, "products", "withdrawn"), mark)
        removing.remove_products(_made(pairs, "products", "removed"))
        emptied = removing.remove_empty_categories(_made(pairs, "categories", "removed"))
        for change, one in pairs:
            if change.subject == "categories" and change.subject_id not in emptied:
                one.outcome = "needed"

    def _put_back(self, changed: Sequence[tuple[Past, dict[str, Any]]]) -> None:
        products: dict[int, dict[str, Any]] = {}
        variants: dict[int, dict[str, Any]] = {}
        points: dict[int, Decimal | None] = {}
        for change, work in changed:
            values = dict(work)
            if change.subject == "products":
                products[change.subject_id] = _columns_of_product(values)
                continue
            removing.remove_barcodes({change.subject_id: values.pop("barcodes", set())})
            if "reorder_point" in values:
                points[change.subject_id] = _amount(values.pop("reorder_point"))
            if "archived" in values:
                values["archived_at"] = now() if values.pop("archived") else None
            variants[change.subject_id] = {
                name: _amount(value) if name in AMOUNTS else value for name, value in values.items()
            }
        bulk.update_products(products)
        bulk.update_variants(variants)
        taking_back.restore_reorder_points(self._location_id, points)


def _columns_of_product(values: dict[str, Any]) -> dict[str, Any]:
    if "category" in values:
        category = ensure_category(values.pop("category") or "")
        values["category_id"] = None if category is None else category.id
    if "tax" in values:
        values["tax_rate_id"] = values.pop("tax")
    if "picture" in values:
        values["image_file_id"] = values.pop("picture")
    return values


def _made(pairs: Sequence[tuple[Past, Reversal]], subject: str, outcome: str) -> list[int]:
    """The records the import had made of which this comes."""
    return [
        change.subject_id
        for change, one in pairs
        if change.created and change.subject == subject and one.outcome == outcome
    ]


def _state_of(product: KnownProduct) -> dict[str, Any]:
    return {
        "name": product.name,
        "description": product.description,
        "brand": product.brand,
        "category": product.category,
        "tax": product.tax_rate_id,
        "picture": product.picture_id,
    }


def _same(name: str, one: Any, other: Any) -> bool:
    if name == "barcodes":
        return set(one or ()) == set(other or ())
    return _amount(one) == _amount(other) if name in AMOUNTS else one == other


def _amount(value: Any) -> Decimal | None:
    return None if value is None else Decimal(value)
