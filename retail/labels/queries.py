"""What labels ask: papers, batches, and what an article's label needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from retail.catalog.models import Barcode, Product, Variant
from retail.catalog.queries import unit_price
from retail.core.db import in_chunks, session
from retail.core.errors import NotFound
from retail.inventory.models import StockDocument, StockLevel, StockMove
from retail.labels.models import LabelBatch, LabelFormat, LabelLine
from retail.labels.papers import OWN, SHIPPED, Paper, paper_of


def paper(key: str) -> Paper | None:
    """A paper by its key; None when it is no more."""
    if key in SHIPPED:
        return SHIPPED[key]
    number = key.removeprefix(OWN)
    if not key.startswith(OWN) or not (number.isascii() and number.isdecimal() and len(number) < 18):
        return None
    row = session.get(LabelFormat, int(number))
    return paper_of(row) if row is not None and row.archived_at is None else None


def papers() -> list[Paper]:
    """What may be printed on: the shop's own papers first."""
    own = session.scalars(
        select(LabelFormat).where(LabelFormat.archived_at.is_(None)).order_by(LabelFormat.name, LabelFormat.id)
    )
    return [*map(paper_of, own), *SHIPPED.values()]


def own_papers() -> list[LabelFormat]:
    """The shop's own papers, also those no longer offered."""
    return list(session.scalars(select(LabelFormat).order_by(LabelFormat.name, LabelFormat.id)))


def own_paper(label_format_id: int) -> LabelFormat:
    """One of them; NotFound when there is none."""
    found = session.get(LabelFormat, label_format_id)
    if found is None:
        raise NotFound(_("There is no such paper."))
    return found


def batch_numbered(label_batch_id: int) -> LabelBatch:
    """One batch; NotFound when there is none."""
    found = session.get(LabelBatch, label_batch_id)
    if found is None:
        raise NotFound(_("There are no such labels."))
    return found


def lines_of(batch: LabelBatch) -> list[LabelLine]:
    """The lines in the order in which they were put on, with their variants and products."""
    return list(
        session.scalars(
            select(LabelLine)
            .where(LabelLine.batch_id == batch.id)
            .order_by(LabelLine.id)
            .options(joinedload(LabelLine.variant).joinedload(Variant.product))
        )
    )


def size_of(batch: LabelBatch) -> tuple[int, int]:
    """How many articles and how many labels."""
    row = session.execute(
        select(func.count(), func.coalesce(func.sum(LabelLine.copies), 0)).where(LabelLine.batch_id == batch.id)
    ).one()
    return int(row[0]), int(row[1])


@dataclass(frozen=True)
class Article:
    """What a label says of a variant: `detail` are its options, `code` the barcode as it is stored, empty for none;
    `unit_price` what a whole unit such as a kilogram costs, with the words of that unit."""

    variant_id: int
    name: str
    detail: str
    sku: str
    price: Decimal
    code: str
    copies: int
    line_id: int
    unit_price: tuple[Decimal, str] | None = None


def articles_of(batch: LabelBatch, limit: int | None = None) -> list[Article]:
    """The lines as labels need them, up to `limit` of them. Of several barcodes the one that was there first counts,
    those of packs last."""
    lines = lines_of(batch)[:limit]
    codes: dict[int, str] = {}
    for part in in_chunks([one.variant_id for one in lines], 500):
        found = (
            select(Barcode.variant_id, Barcode.code)
            .where(Barcode.variant_id.in_(part))
            .order_by(Barcode.pack_size != 1, Barcode.id)
        )
        for variant_id, code in session.execute(found):
            codes.setdefault(variant_id, code)
    return [
        Article(
            one.variant_id,
            one.variant.product.name,
            " / ".join(map(str, one.variant.options.values())),
            one.variant.sku,
            one.variant.price,
            codes.get(one.variant_id, ""),
            one.copies,
            one.id,
            unit_price(one.variant),
        )
        for one in lines
    ]


def labels_of_products(product_ids: Sequence[int], *, per_piece: bool) -> list[tuple[int, int]]:
    """The variants on sale of products, each with one label or with one for each piece in stock."""
    pieces = func.coalesce(func.sum(StockLevel.on_hand), 0)
    rows = session.execute(
        select(Variant.id, Variant.unit, pieces.label("pieces"))
        .join(Product, Product.id == Variant.product_id)
        .outerjoin(StockLevel, StockLevel.variant_id == Variant.id)
        .where(Variant.product_id.in_(product_ids), Variant.archived_at.is_(None))
        .group_by(Variant.id, Variant.unit, Product.name, Variant.position)
        .order_by(Product.name, Variant.position, Variant.id)
    )
    if not per_piece:
        return [(row.id, 1) for row in rows]
    return [(row.id, copies) for row in rows if (copies := _copies(Decimal(row.pieces), row.unit)) > 0]


def labels_of_document(document_id: int) -> tuple[str, list[tuple[int, int]]]:
    """The number of a stock paper, and what it brought to a shelf with how many labels that wants."""
    paper = session.get(StockDocument, document_id)
    if paper is None:
        raise NotFound(_("There is no such paper."))
    rows = session.execute(
        select(StockMove.variant_id, Variant.unit, func.sum(StockMove.quantity).label("pieces"), func.min(StockMove.id))
        .join(Variant, Variant.id == StockMove.variant_id)
        .where(StockMove.source == paper.kind, StockMove.source_id == paper.id, StockMove.quantity > 0)
        .group_by(StockMove.variant_id, Variant.unit)
        .order_by(func.min(StockMove.id))
    )
    return paper.number, [(row.variant_id, _copies(Decimal(row.pieces), row.unit)) for row in rows]


def came_to(document_id: int) -> int:
    """The location to which the goods of a stock paper came."""
    place = func.coalesce(StockDocument.to_location_id, StockDocument.location_id)
    return session.scalars(select(place).where(StockDocument.id == document_id)).one()


def _copies(pieces: Decimal, unit: str) -> int:
    if unit != "piece":
        return int(pieces > 0)
    return max(0, int(pieces.to_integral_value(ROUND_CEILING)))
