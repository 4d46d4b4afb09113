"""Reads of the catalog: finding what is scanned or typed, and what the product pages show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import joinedload, selectinload
from stdnum import ean

from retail.catalog.garment_models import GalleryPicture
from retail.catalog.models import BRANCH, Barcode, Category, Product, ScaleRule, Variant
from retail.core import search
from retail.core.audit import AuditEntry
from retail.core.db import session
from retail.core.errors import NotFound
from retail.core.files import StoredFile
from retail.finance.models import TaxRate

SURE = 3
"""The last rank of the search (`docs/search.md`) at which something is what was typed."""
MOST_SHOWN = 40
"""Variants a product's page shows; a style of more is seen whole in its grid."""
SCALE_LENGTH = 13
MEASURES = {
    "g": ("kg", Decimal("0.001")),
    "kg": ("kg", Decimal(1)),
    "ml": ("l", Decimal("0.001")),
    "cl": ("l", Decimal("0.01")),
    "l": ("l", Decimal(1)),
    "cm": ("m", Decimal("0.01")),
    "m": ("m", Decimal(1)),
}
"""Units of a content: the whole unit its price is told for, and how much of that one is."""
SMALL, QUARTER = {"kg": "100 g", "l": "100 ml"}, Decimal("0.25")
GTIN_LENGTHS = frozenset({8, 12, 13, 14})


def normalize_gtin(code: str) -> str:
    """A code as it is stored. A GTIN of 8, 12, 13 or 14 digits whose check digit is right is written with 14 digits, so
    that a UPC-A and the EAN-13 that means the same are one; anything else stays as it was typed.
    """
    plain = "".join(code.split()).replace("-", "")
    if plain.isascii() and plain.isdecimal() and len(plain) in GTIN_LENGTHS and ean.is_valid(plain):
        return plain.zfill(14)
    return code.strip()


def only_meant(text: str) -> Variant | None:
    """The only variant on sale that a text can mean as it was typed, without a slip or a piece of a word having to be
    assumed. A whole number of a barcode that nobody knows means none, though a longer one may hold it."""
    hits = search.find("variants", text, 2)
    if len(hits) != 1 or hits[0].rank > SURE or "code" in looked_for(text):
        return None
    return session.scalar(select(Variant).where(Variant.id == hits[0].subject_id))


def looked_for(text: str) -> dict[str, str]:
    """What the page of a new product is told of a text that was looked for in vain: its name, or the code of a
    barcode."""
    is_number = text.isascii() and text.isdecimal() and len(text) in GTIN_LENGTHS
    return {"code" if is_number else "name": text}


def shown_code(code: str) -> str:
    """A stored barcode as it is printed: a GTIN without the zeros that only fill it up."""
    if len(code) != 14 or not code.isdecimal() or code[0] != "0":
        return code
    return code[6:] if code.startswith("000000") else code[2:] if code.startswith("00") else code[1:]


@dataclass(frozen=True)
class Scanned:
    """What a code means: a variant, how many or how much of it, and what that costs where the code says so."""

    variant: Variant
    quantity: Decimal = Decimal(1)
    price: Decimal | None = None
    is_portion: bool = False


def find_by_code(code: str) -> Variant | None:
    """The variant a scanned or typed code names; None for a code nobody knows, and for what is archived."""
    found = scanned(code)
    return None if found is None else found.variant


def scanned(code: str) -> Scanned | None:
    """What a scanned or typed code means: a barcode, else the label of a scale, else exactly a SKU, else a SKU in other
    letters' case. None for a code nobody knows, and for what is archived.
    """
    code = code.strip()
    if not code:
        return None
    on_sale = select(Variant).where(Variant.archived_at.is_(None)).limit(1)
    row = session.execute(
        on_sale.add_columns(Barcode.pack_size)
        .join(Barcode, Barcode.variant_id == Variant.id)
        .where(Barcode.code.in_({code, normalize_gtin(code)}))
    ).one_or_none()
    if row is not None:
        return Scanned(row[0], row[1])
    if portion := _from_a_scale(code):
        return portion
    variant = session.scalar(on_sale.where(Variant.sku == code)) or session.scalar(
        on_sale.where(func.lower(Variant.sku) == code.lower()).order_by(Variant.id)
    )
    return None if variant is None else Scanned(variant)


def _from_a_scale(code: str) -> Scanned | None:
    """What the label of a scale means, by the shop's rules: GS1 leaves 20 to 29 to each shop. The goods are found by
    their number on the scale, which is one of their barcodes or their SKU, with or without zeros before it."""
    plain = "".join(code.split())
    if len(plain) != SCALE_LENGTH or not plain.isascii() or not plain.isdecimal() or plain[0] != "2":
        return None
    if not ean.is_valid(plain):
        return None
    rules = session.scalars(select(ScaleRule).order_by(func.length(ScaleRule.prefix).desc())).all()
    rule = next((one for one in rules if plain.startswith(one.prefix)), None)
    if rule is None:
        return None
    begin = len(rule.prefix)
    item = plain[begin : begin + rule.item_digits]
    value = Decimal(plain[begin + rule.item_digits : begin + rule.item_digits + rule.value_digits])
    numbers = {item, item.lstrip("0") or "0"}
    variant = session.scalar(
        select(Variant)
        .outerjoin(Barcode, Barcode.variant_id == Variant.id)
        .where(Variant.archived_at.is_(None), or_(Barcode.code.in_(numbers), Variant.sku.in_(numbers)))
        .order_by(Variant.id)
        .limit(1)
    )
    if variant is None:
        return None
    value = value.scaleb(-rule.decimals)
    if rule.holds == "weight":
        return Scanned(variant, value, is_portion=True)
    return Scanned(variant, price=value, is_portion=True)


def scale_rules() -> Sequence[ScaleRule]:
    """How the shop's scales print barcodes."""
    return session.scalars(select(ScaleRule).order_by(ScaleRule.prefix)).all()


def unit_price(variant: Variant) -> tuple[Decimal, str] | None:
    """What a kilogram, liter or meter of it costs, and the words of that unit; by 100 g or 100 ml for what holds at
    most a quarter of one. None for what is sold by the piece without a content.

    Directive 98/6/EC (articles 2 and 3) asks for it beside the price of goods offered to consumers: for one kilogram,
    liter, meter, or another single quantity that is customary.
    """
    unit, content = variant.content_unit, variant.content
    if content is None or unit not in MEASURES:
        unit, content = variant.unit, Decimal(1)
    if unit not in MEASURES or not content:
        return None
    whole, factor = MEASURES[unit]
    held = content * factor
    if whole in SMALL and held <= QUARTER:
        return variant.price / held / 10, SMALL[whole]
    return variant.price / held, whole


def search_variants(text: str, limit: int = 24) -> list[Variant]:
    """Variants on sale that a text may mean, the likeliest first; see `retail.core.search`."""
    ids = [hit.subject_id for hit in search.find("variants", text, limit)]
    found = {one.id: one for one in session.scalars(select(Variant).where(Variant.id.in_(ids)))} if ids else {}
    return [found[variant_id] for variant_id in ids if variant_id in found]


def product_page(product_id: int) -> Product:
    """A product with all its page shows: category, tax rate, the first variants (MOST_SHOWN, those on sale before the
    archived ones) and their barcodes. NotFound when there is none."""
    first = (
        select(Variant.id)
        .where(Variant.product_id == product_id)
        .order_by(Variant.archived_at.is_not(None), Variant.position, Variant.id)
        .limit(MOST_SHOWN)
    )
    found = session.scalar(
        select(Product)
        .where(Product.id == product_id)
        .options(
            joinedload(Product.category),
            joinedload(Product.tax_rate),
            selectinload(Product.variants.and_(Variant.id.in_(first))).selectinload(Variant.barcodes),
        )
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound(_("There is no such product."))
    return found


def variants_on_sale(product_id: int) -> int:
    """How many variants of a product are on sale."""
    return (
        session.scalar(select(func.count()).where(Variant.product_id == product_id, Variant.archived_at.is_(None))) or 0
    )


def margin(price: Decimal, cost: Decimal | None, rate: Decimal, includes_tax: bool) -> Decimal | None:
    """What part of a price without tax is left when the goods are paid: 0.54. None without a cost or a price."""
    net = price / (1 + rate) if includes_tax else price
    return None if cost is None or net == 0 else (net - cost) / net


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


def tax_rate_choices() -> list[tuple[int, str]]:
    """Every tax rate by id and name, the highest first: that is the usual one."""
    rows = session.execute(select(TaxRate.id, TaxRate.name).order_by(TaxRate.rate.desc(), TaxRate.id))
    return [(row.id, row.name) for row in rows]


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


def picture_file(file_id: int) -> StoredFile | None:
    """A stored file that is a picture of some product: only those are served as pictures."""
    shown = select(Product.id).where(Product.image_file_id == file_id).exists()
    among_others = select(GalleryPicture.id).where(GalleryPicture.file_id == file_id).exists()
    return session.scalar(select(StoredFile).where(StoredFile.id == file_id, or_(shown, among_others)))


def has_products() -> bool:
    """Whether anything was ever sold here."""
    return session.scalar(select(Product.id).limit(1)) is not None


def variant_of(product_id: int, variant_id: int) -> Variant:
    """A variant of this product; NotFound when it is another's."""
    found = session.scalar(select(Variant).where(Variant.id == variant_id, Variant.product_id == product_id))
    if found is None:
        raise NotFound(_("There is no such variant."))
    return found


def barcode_of(product_id: int, barcode_id: int) -> tuple[str, int, str]:
    """The code, the variant and the pack (empty for one) of one of this product's barcodes; NotFound when it is
    another's."""
    row = session.execute(
        select(Barcode.code, Barcode.variant_id, Barcode.pack_size)
        .join(Variant, Variant.id == Barcode.variant_id)
        .where(Barcode.id == barcode_id, Variant.product_id == product_id)
    ).one_or_none()
    if row is None:
        raise NotFound(_("There is no such barcode."))
    return row.code, row.variant_id, "" if row.pack_size == 1 else f"{row.pack_size.normalize():f}"
