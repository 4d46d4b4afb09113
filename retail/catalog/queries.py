"""Reads of the catalog: finding what is scanned or typed, and what the product pages show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import joinedload, selectinload
from stdnum import ean

from retail.catalog.models import BRANCH, Barcode, Category, Product, Variant
from retail.core.audit import AuditEntry
from retail.core.db import session

GTIN_LENGTHS = frozenset({8, 12, 13, 14})
SHORTEST_PART_OF_A_CODE = 4


def normalize_gtin(code: str) -> str:
    """A code as it is stored. A GTIN of 8, 12, 13 or 14 digits whose check digit is right is written with 14 digits, so
    that a UPC-A and the EAN-13 that means the same are one; anything else stays as it was typed.
    """
    plain = "".join(code.split()).replace("-", "")
    if plain.isascii() and plain.isdecimal() and len(plain) in GTIN_LENGTHS and ean.is_valid(plain):
        return plain.zfill(14)
    return code.strip()


def shown_code(code: str) -> str:
    """A stored barcode as it is printed: a GTIN without the zeros that only fill it up."""
    if len(code) != 14 or not code.isdecimal() or code[0] != "0":
        return code
    return code[6:] if code.startswith("000000") else code[2:] if code.startswith("00") else code[1:]


def find_by_code(code: str) -> Variant | None:
    """The variant a scanned or typed code names: a barcode, else exactly a SKU, else a SKU in other letters' case. None
    for a code nobody knows, and for what is archived.
    """
    code = code.strip()
    if not code:
        return None
    on_sale = select(Variant).where(Variant.archived_at.is_(None)).limit(1)
    return (
        session.scalar(
            on_sale.join(Barcode, Barcode.variant_id == Variant.id).where(
                Barcode.code.in_({code, normalize_gtin(code)})
            )
        )
        or session.scalar(on_sale.where(Variant.sku == code))
        or session.scalar(on_sale.where(func.lower(Variant.sku) == code.lower()).order_by(Variant.id))
    )


def search_variants(text: str, limit: int = 24) -> Sequence[Variant]:
    """Variants on sale whose name, SKU, brand or barcode holds every word of a text, those that begin with it first."""
    words = text.split()[:6]
    if not words:
        return []
    statement = (
        select(Variant)
        .join(Product, Product.id == Variant.product_id)
        .where(Variant.archived_at.is_(None), Product.archived_at.is_(None))
    )
    for word in words:
        statement = statement.where(or_(*_holds(word)))
    begins = Variant.name.istartswith(text.strip(), autoescape=True)
    return session.scalars(statement.order_by(begins.desc(), Variant.name, Variant.id).limit(limit)).all()


def _holds(word: str) -> list[ColumnElement[bool]]:
    parts: list[ColumnElement[bool]] = [
        column.icontains(word, autoescape=True) for column in (Variant.name, Variant.sku, Product.brand)
    ]
    if word.isascii() and word.isdecimal() and len(word) >= SHORTEST_PART_OF_A_CODE:
        parts.append(Variant.id.in_(select(Barcode.variant_id).where(Barcode.code.contains(word, autoescape=True))))
    return parts


def product_page(product_id: int) -> Product | None:
    """A product with all its page shows: category, tax rate, variants and their barcodes."""
    return session.scalar(
        select(Product)
        .where(Product.id == product_id)
        .options(
            joinedload(Product.category),
            joinedload(Product.tax_rate),
            selectinload(Product.variants).selectinload(Variant.barcodes),
        )
    )


@dataclass(frozen=True)
class Branch:
    """A category as the tree shows it: how deep it stands and how many products stand in it directly."""

    id: int
    name: str
    path: str
    parent_id: int | None
    depth: int
    products: int


def category_tree() -> list[Branch]:
    """Every category, each followed by what stands below it."""
    rows = session.execute(
        select(Category, func.count(Product.id))
        .outerjoin(Product, (Product.category_id == Category.id) & Product.archived_at.is_(None))
        .group_by(Category.id)
        .order_by(Category.position, func.lower(Category.name), Category.id)
    ).all()
    below: dict[int | None, list[Any]] = {}
    for row in rows:
        below.setdefault(row[0].parent_id, []).append(row)
    found: list[Branch] = []

    def walk(parent_id: int | None, depth: int) -> None:
        for category, count in below.get(parent_id, ()):
            found.append(Branch(category.id, category.name, category.path, category.parent_id, depth, count))
            walk(category.id, depth + 1)

    walk(None, 0)
    return found


def category_choices() -> list[tuple[int, str]]:
    """Every category by id and path, in the order of the tree."""
    return [(one.id, one.path) for one in category_tree()]


def within_category(category_id: int) -> ColumnElement[bool]:
    """The condition that a category is this one or stands anywhere below it."""
    path = select(Category.path).where(Category.id == category_id).scalar_subquery()
    return or_(Category.id == category_id, Category.path.startswith(path.concat(BRANCH)))


@dataclass(frozen=True)
class PriceChange:
    """A price that was given or changed."""

    variant_name: str
    before: Decimal | None
    after: Decimal
    changed_at: datetime
    who: str


def price_history(variant_ids: Sequence[int], limit: int = 12) -> list[PriceChange]:
    """How the prices of variants changed, newest first, told by the audit."""
    entries = session.scalars(
        select(AuditEntry)
        .where(
            AuditEntry.subject == "variants",
            AuditEntry.subject_id.in_(variant_ids),
            AuditEntry.action.in_(("create", "update")),
        )
        .order_by(AuditEntry.id.desc())
        .limit(limit * 8)
    )
    changes = [
        PriceChange(
            one.subject_label,
            None if one.changes["price"][0] is None else Decimal(one.changes["price"][0]),
            Decimal(one.changes["price"][1]),
            one.occurred_at,
            one.user_name,
        )
        for one in entries
        if "price" in one.changes
    ]
    return changes[:limit]


def picture_is_shown(file_id: int) -> bool:
    """Whether a stored file is the picture of some product: only those are served as pictures."""
    return session.scalar(select(Product.id).where(Product.image_file_id == file_id).limit(1)) is not None
