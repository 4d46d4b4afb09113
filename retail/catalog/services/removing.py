"""Taking products out again that an import had made: removed without a trace where nothing speaks of them, else
withdrawn, so that what is written of them stays.

Whoever calls these has made sure that nobody wants to keep them, and keeps a record.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete, func, select

from retail.catalog.models import Barcode, Category, Product, Variant
from retail.catalog.services import bulk
from retail.catalog.services.products import LONGEST_NAME
from retail.catalog.services.skus import LONGEST_SKU
from retail.core.clock import now
from retail.core.db import in_chunks, session

LOOKED_UP = 500


def remove_variants(variant_ids: Collection[int]) -> None:
    """Remove variants, with their barcodes, that nothing else refers to."""
    for chunk in in_chunks(sorted(variant_ids), LOOKED_UP):
        remove_barcodes(dict.fromkeys(chunk))
        session.execute(delete(Variant).where(Variant.id.in_(chunk)))


def remove_products(product_ids: Collection[int]) -> None:
    """Remove products that have no variants any more."""
    for chunk in in_chunks(sorted(product_ids), LOOKED_UP):
        session.execute(delete(Product).where(Product.id.in_(chunk)))


def remove_barcodes(codes: Mapping[int, Collection[str] | None]) -> None:
    """Let codes mean nothing any more, by variant; all of a variant's where None is given."""
    whole = [variant_id for variant_id, some in codes.items() if some is None]
    for chunk in in_chunks(whole, LOOKED_UP):
        session.execute(delete(Barcode).where(Barcode.variant_id.in_(chunk)))
    for variant_id, some in codes.items():
        if some:
            session.execute(delete(Barcode).where(Barcode.variant_id == variant_id, Barcode.code.in_(sorted(some))))


def withdraw_variants(variant_ids: Collection[int], mark: str) -> None:
    """Take variants out of sale for good whose history must stay: archived, their barcodes and SKUs free for others.
    `mark` is put behind their names and SKUs, so that nobody takes them for the real ones."""
    instant = now()
    for chunk in in_chunks(sorted(variant_ids), LOOKED_UP):
        remove_barcodes(dict.fromkeys(chunk))
        rows = session.execute(select(Variant.id, Variant.sku).where(Variant.id.in_(chunk))).all()
        bulk.update_variants(
            {row.id: {"archived_at": instant, "sku": f"{row.sku[: LONGEST_SKU - len(mark)]}{mark}"} for row in rows}
        )


def withdraw_products(product_ids: Collection[int], mark: str) -> None:
    """Let products all of whose variants were withdrawn no longer be found by their names."""
    changes: dict[int, dict[str, Any]] = {}
    for chunk in in_chunks(sorted(product_ids), LOOKED_UP):
        for row in session.execute(select(Product.id, Product.name).where(Product.id.in_(chunk))):
            changes[row.id] = {"name": f"{row.name[: LONGEST_NAME - len(mark)]}{mark}"}
    bulk.update_products(changes)


def remove_empty_categories(category_ids: Collection[int]) -> set[int]:
    """Remove those of these categories in which nothing stands, deepest first; returns which were removed."""
    removed: set[int] = set()
    rows = session.scalars(
        select(Category).where(Category.id.in_(sorted(category_ids))).order_by(func.length(Category.path).desc())
    ).all()
    for row in rows:
        below = session.scalar(select(Category.id).where(Category.parent_id == row.id).limit(1))
        within = session.scalar(select(Product.id).where(Product.category_id == row.id).limit(1))
        if below is None and within is None:
            session.delete(row)
            session.flush()
            removed.add(row.id)
    return removed


def withdrawn_mark(import_id: int) -> str:
    """What is put behind names and SKUs of what an undone import leaves."""
    return str(_(" (import %(id)d undone)", id=import_id))
