"""Many products at once, as imports write them: few statements a chunk, and no audit entry per row.

Whoever calls these has checked the values and keeps a record of the change.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, func, select

from retail.catalog.models import Barcode, Category, Product, Variant, combination_of
from retail.catalog.services.products import variant_name, with_values
from retail.core.clock import now
from retail.core.db import in_chunks, session
from retail.core.tenancy import insert_owned, insert_owned_returning, update_owned

LOOKED_UP = 500


@dataclass(slots=True)
class KnownProduct:
    """A product as it is."""

    id: int
    name: str
    description: str
    brand: str
    category: str
    tax_rate_id: int | None
    option_names: list[str]
    picture_id: int | None = None


@dataclass(slots=True)
class KnownVariant:
    """A variant as it is, with its product and barcodes."""

    id: int
    product: KnownProduct
    sku: str
    options: dict[str, str]
    unit: str
    price: Decimal
    cost: Decimal | None
    is_archived: bool
    codes: set[str] = field(default_factory=set)


def known_variants(skus: Iterable[str], codes: Iterable[str]) -> list[KnownVariant]:
    """The variants that have one of these SKUs (also in all capitals or all small letters) or barcodes (as stored)."""
    forms = {form for sku in skus for form in (sku, sku.upper(), sku.lower())}
    found = _read(Variant.sku.in_(chunk) for chunk in in_chunks(sorted(forms), LOOKED_UP))
    further = set(codes).difference(*(one.codes for one in found))
    owners = (
        select(Barcode.variant_id).where(Barcode.code.in_(chunk)) for chunk in in_chunks(sorted(further), LOOKED_UP)
    )
    return [*found, *_read(Variant.id.in_(owner) for owner in owners)]


def variants_of_products(names: Iterable[str], besides: Collection[int]) -> list[KnownVariant]:
    """The variants of the products called so, but for those whose ids are given."""
    found = _read(Product.name.in_(chunk) for chunk in in_chunks(sorted(set(names)), LOOKED_UP))
    return [one for one in found if one.id not in besides]


def variants_numbered(variant_ids: Iterable[int]) -> dict[int, KnownVariant]:
    """Variants by their ids; those that are no more are missing."""
    found = _read(Variant.id.in_(chunk) for chunk in in_chunks(sorted(set(variant_ids)), LOOKED_UP))
    return {one.id: one for one in found}


def products_numbered(product_ids: Iterable[int]) -> dict[int, tuple[KnownProduct, set[int]]]:
    """Products by their ids, each with the ids of its variants; those that are no more are missing."""
    found: dict[int, tuple[KnownProduct, set[int]]] = {}
    for chunk in in_chunks(sorted(set(product_ids)), LOOKED_UP):
        for row in session.execute(
            select(*_OF_PRODUCT).outerjoin(Category, Category.id == Product.category_id).where(Product.id.in_(chunk))
        ):
            found[row.product_id] = _product(row), set()
        for product_id, variant_id in session.execute(
            select(Variant.product_id, Variant.id).where(Variant.product_id.in_(chunk))
        ):
            found[product_id][1].add(variant_id)
    return found


def sole_variants_called(names: Iterable[str], besides: Collection[int]) -> list[KnownVariant]:
    """The variants of those products that are the only ones of their name and have one variant, but for those whose
    ids are given. Where many products are called alike, a name says nothing and would only cost time."""
    alone: list[str] = []
    for chunk in in_chunks(sorted(set(names)), LOOKED_UP):
        alone.extend(
            session.scalars(
                select(Product.name)
                .join(Variant, Variant.product_id == Product.id)
                .where(Product.name.in_(chunk))
                .group_by(Product.name)
                .having(func.count() == 1)
            )
        )
    return variants_of_products(alone, besides)


_OF_PRODUCT = (
    Product.id.label("product_id"),
    Product.name,
    Product.description,
    Product.brand,
    Product.tax_rate_id,
    Product.option_names,
    Product.image_file_id,
    func.coalesce(Category.path, "").label("category"),
)


def _product(row: Any) -> KnownProduct:
    return KnownProduct(
        row.product_id,
        row.name,
        row.description,
        row.brand,
        row.category,
        row.tax_rate_id,
        row.option_names,
        row.image_file_id,
    )


def _read(conditions: Iterable[ColumnElement[bool]]) -> list[KnownVariant]:
    products: dict[int, KnownProduct] = {}
    found: dict[int, KnownVariant] = {}
    for condition in conditions:
        for row in session.execute(
            select(
                Variant.id,
                Variant.sku,
                Variant.options,
                Variant.unit,
                Variant.price,
                Variant.cost,
                Variant.archived_at,
                *_OF_PRODUCT,
            )
            .join(Product, Product.id == Variant.product_id)
            .outerjoin(Category, Category.id == Product.category_id)
            .where(condition)
        ):
            product = products.setdefault(row.product_id, _product(row))
            found[row.id] = KnownVariant(
                row.id,
                product,
                row.sku,
                row.options,
                row.unit,
                row.price,
                row.cost,
                row.archived_at is not None,
            )
    for chunk in in_chunks(sorted(found), LOOKED_UP):
        for variant_id, code in session.execute(
            select(Barcode.variant_id, Barcode.code).where(Barcode.variant_id.in_(chunk))
        ):
            found[variant_id].codes.add(code)
    return list(found.values())


def options_taken(product_ids: Iterable[int]) -> dict[int, dict[tuple[str, ...], str]]:
    """For each product the option values of its variants, in small letters, with the SKU that has them."""
    taken: dict[int, dict[tuple[str, ...], str]] = defaultdict(dict)
    for chunk in in_chunks(sorted(set(product_ids)), LOOKED_UP):
        for product_id, options, sku in session.execute(
            select(Variant.product_id, Variant.options, Variant.sku).where(Variant.product_id.in_(chunk))
        ):
            taken[product_id][values_of(options)] = sku
    return taken


def values_of(options: Mapping[str, str]) -> tuple[str, ...]:
    """Option values as they are compared."""
    return tuple(value.casefold() for value in options.values())


def insert_products(rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """New products, in order; a row holds the columns of `Product`, those left out have their defaults."""
    usual: dict[str, Any] = {
        "description": "",
        "brand": "",
        "category_id": None,
        "tax_rate_id": None,
        "is_stocked": True,
        "is_merchandise": True,
        "option_names": [],
        "option_values": {},
        "sku_pattern": "",
        "created_at": now(),
    }
    return insert_owned_returning(Product, [{**usual, **row} for row in rows])


def insert_variants(rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """New variants, in order; a row holds the columns of `Variant`, those left out have their defaults."""
    usual: dict[str, Any] = {
        "options": {},
        "position": 0,
        "unit": "piece",
        "content": None,
        "content_unit": "",
        "cost": None,
        "archived_at": None,
    }
    full = [{**usual, **row} for row in rows]
    _learn_values(full)
    return insert_owned_returning(
        Variant, [{**row, "combination": combination_of(row["options"].values())} for row in full]
    )


def _learn_values(rows: Iterable[Mapping[str, Any]]) -> None:
    """Let products know the option values their new variants bring."""
    brought: dict[int, list[Mapping[str, str]]] = defaultdict(list)
    for row in rows:
        if row["options"]:
            brought[row["product_id"]].append(row["options"])
    changes: dict[int, dict[str, Any]] = {}
    for chunk in in_chunks(sorted(brought), LOOKED_UP):
        for found in session.execute(select(Product.id, Product.option_values).where(Product.id.in_(chunk))):
            changes[found.id] = {"option_values": with_values(found.option_values, brought[found.id])}
    update_owned(Product, changes)


def insert_barcodes(pairs: Sequence[tuple[int, str]]) -> None:
    """Let codes, as they are stored, mean variants."""
    insert_owned(
        Barcode, [{"variant_id": variant_id, "code": code, "pack_size": Decimal(1)} for variant_id, code in pairs]
    )


def update_products(changes: Mapping[int, Mapping[str, Any]]) -> None:
    """Change columns of products, each its own; the variants of those renamed are called after them."""
    update_owned(Product, changes)
    names = {product_id: values["name"] for product_id, values in changes.items() if "name" in values}
    renamed: dict[int, dict[str, Any]] = {}
    for chunk in in_chunks(sorted(names), LOOKED_UP):
        for row in session.execute(
            select(Variant.id, Variant.product_id, Variant.options).where(Variant.product_id.in_(chunk))
        ):
            renamed[row.id] = {"name": variant_name(names[row.product_id], row.options)}
    update_owned(Variant, renamed)


def update_variants(changes: Mapping[int, Mapping[str, Any]]) -> None:
    """Change columns of variants, each its own. A product all of whose variants are archived is so itself."""
    combined = {
        variant_id: {**values, "combination": combination_of(values["options"].values())}
        if "options" in values
        else values
        for variant_id, values in changes.items()
    }
    update_owned(Variant, combined)
    turned = sorted(variant_id for variant_id, values in changes.items() if "archived_at" in values)
    instant = now()
    for chunk in in_chunks(turned, LOOKED_UP):
        products = set(session.scalars(select(Variant.product_id).where(Variant.id.in_(chunk))))
        on_sale = select(Variant.product_id).where(Variant.archived_at.is_(None), Variant.product_id.in_(products))
        open_ids = set(session.scalars(on_sale))
        update_owned(
            Product,
            {
                row.id: {"archived_at": None if row.id in open_ids else row.archived_at or instant}
                for row in session.execute(select(Product.id, Product.archived_at).where(Product.id.in_(products)))
            },
        )
