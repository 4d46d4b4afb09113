"""Reads of the catalog: finding what is scanned or typed."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import or_, select

from retail.catalog.models import Barcode, Product, Variant
from retail.core.db import session

GTIN_LENGTHS = frozenset({8, 12, 13, 14})


def normalize_gtin(code: str) -> str:
    """A code as it is stored: without spaces and hyphens; a GTIN of 8, 12 or 13 digits is filled up to 14."""
    plain = (
        "".join(code.split()).replace("-", "") if code.replace("-", "").replace(" ", "").isdecimal() else code.strip()
    )
    return plain.zfill(14) if plain.isascii() and plain.isdecimal() and len(plain) in GTIN_LENGTHS else plain


def find_by_code(code: str) -> Variant | None:
    """The variant a scanned or typed code names: an exact barcode, else an exact SKU. None for a code nobody knows."""
    code = code.strip()
    if not code:
        return None
    wanted = {code, normalize_gtin(code)}
    found = session.scalar(
        select(Variant)
        .join(Barcode, Barcode.variant_id == Variant.id)
        .where(Barcode.code.in_(wanted), Variant.archived_at.is_(None))
        .limit(1)
    )
    if found is None:
        found = session.scalar(
            select(Variant).where(Variant.sku.in_({code, code.upper()}), Variant.archived_at.is_(None)).limit(1)
        )
    return found


def search_variants(text: str, limit: int = 24) -> Sequence[Variant]:
    """Variants on sale whose name, SKU or brand holds every word of a text, those that begin with it first."""
    words = text.split()[:6]
    if not words:
        return []
    statement = (
        select(Variant)
        .join(Product, Product.id == Variant.product_id)
        .where(Variant.archived_at.is_(None), Product.archived_at.is_(None))
    )
    for word in words:
        statement = statement.where(
            or_(*(part.icontains(word, autoescape=True) for part in (Variant.name, Variant.sku, Product.brand)))
        )
    begins = Variant.name.istartswith(text.strip(), autoescape=True)
    return session.scalars(statement.order_by(begins.desc(), Variant.name, Variant.id).limit(limit)).all()
