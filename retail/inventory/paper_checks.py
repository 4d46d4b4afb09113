"""What must be true of the papers of stock: each moved what it says, posted what it moved, and is there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, Subquery, and_, case, func, or_, select

from retail.catalog.models import Variant
from retail.core.checks import Fault, check, faults_in
from retail.core.money import ZERO, AmountType, QuantityType
from retail.finance.models import Account, JournalEntry, JournalLine
from retail.inventory.labels import SOURCES
from retail.inventory.models import (
    COUNT,
    DOCUMENT_KINDS,
    StockCount,
    StockCountEntry,
    StockCountLine,
    StockDocument,
    StockMove,
)
from retail.inventory.queries import own_document

PAPER_REASONS = ("received", "transferred", "sent", "arrived", "sent back", "counted")
"""The reasons of those moves a paper is about; an adjustment is about those of its own reason."""


def paper_sums() -> Subquery:
    """What the moves of each paper come to: `lines`, `quantity` and `value`, with the signs papers give them."""
    counts = and_(
        or_(StockMove.reason.in_(PAPER_REASONS), StockMove.reason == StockDocument.reason),
        # A transfer at once is told by what arrived.
        or_(StockDocument.kind != "transfer", StockMove.quantity > 0),
    )
    sign = case((StockDocument.kind == "dispatch", -1), else_=1)
    return (
        select(
            StockDocument.id,
            func.count(case((counts, 1))).label("lines"),
            func.sum(case((counts, StockMove.quantity * sign), else_=ZERO), type_=QuantityType).label("quantity"),
            func.sum(case((counts, StockMove.value * sign), else_=ZERO), type_=AmountType).label("value"),
        )
        .outerjoin(StockMove, and_(own_document, StockMove.quantity != 0))
        .group_by(StockDocument.id)
        .subquery()
    )


@check("stock papers", "A paper says what its moves say: how many lines, how much, and what it is worth.")
def papers_are_sums_of_moves() -> list[Fault]:
    """Compare every paper with its moves, and look for moves whose paper is gone."""
    sums = paper_sums()
    wrong = (
        select(StockDocument.number, StockDocument.quantity, sums.c.quantity)
        .join(sums, sums.c.id == StockDocument.id)
        .where(
            or_(
                StockDocument.lines != sums.c.lines,
                StockDocument.quantity != sums.c.quantity,
                StockDocument.value != sums.c.value,
            )
        )
        .order_by(StockDocument.id)
    )
    orphans = (
        select(StockMove.source, StockMove.source_id, Variant.sku)
        .join(Variant, Variant.id == StockMove.variant_id)
        .outerjoin(StockDocument, own_document)
        .where(StockMove.source.in_(DOCUMENT_KINDS), StockMove.source_id.is_not(None), StockDocument.id.is_(None))
        .group_by(StockMove.source, StockMove.source_id, Variant.sku)
        .having(or_(func.sum(StockMove.quantity) != 0, func.sum(StockMove.value) != 0))
        .order_by(func.min(StockMove.id))
    )
    return [
        *faults_in(
            wrong,
            lambda row: _(
                "%(number)s says %(said)s, its moves make %(sum)s",
                number=row[0],
                said=f"{row[1]:f}",
                sum=f"{row[2] or ZERO:f}",
            ),
        ),
        *faults_in(
            orphans,
            lambda row: _(
                "%(sku)s was moved for %(source)s %(id)s, which is gone", sku=row[2], source=row[0], id=row[1]
            ),
        ),
    ]


def posted_otherwise() -> Sequence[Select[Any]]:
    """Documents whose moves are worth other than account 1200 was posted for them: source, id, moved, posted. Those
    that moved something, and those that were only posted."""
    moved = (
        select(
            StockMove.source,
            StockMove.source_id,
            func.sum(StockMove.value, type_=AmountType).label("value"),
            func.min(StockMove.id).label("first"),
        )
        .group_by(StockMove.source, StockMove.source_id)
        .subquery()
    )
    posted = (
        select(
            JournalEntry.source,
            JournalEntry.source_id,
            func.sum(JournalLine.amount, type_=AmountType).label("value"),
            func.min(JournalEntry.id).label("first"),
        )
        .join(JournalLine, JournalLine.entry_id == JournalEntry.id)
        .join(Account, Account.id == JournalLine.account_id)
        .where(Account.code == "1200")
        .group_by(JournalEntry.source, JournalEntry.source_id)
        .subquery()
    )
    same = and_(moved.c.source == posted.c.source, moved.c.source_id == posted.c.source_id)
    booked = func.coalesce(posted.c.value, ZERO, type_=AmountType)
    return (
        select(moved.c.source, moved.c.source_id, moved.c.value, booked.label("posted"))
        .outerjoin(posted, same)
        .where(moved.c.value != booked)
        .order_by(moved.c.first),
        select(posted.c.source, posted.c.source_id, moved.c.value, posted.c.value.label("posted"))
        .outerjoin(moved, same)
        .where(moved.c.source.is_(None), posted.c.value != 0)
        .order_by(posted.c.first),
    )


@check("stock in the books", "Each document is in the books with what its goods were worth.")
def documents_are_posted() -> list[Fault]:
    """Compare the moves of every document with what account 1200 was posted for it."""
    return [fault for statement in posted_otherwise() for fault in faults_in(statement, _told)]


def _told(row: Any) -> str:
    return str(
        _(
            "%(source)s %(id)s moved goods worth %(moved)s, the books say %(posted)s",
            source=SOURCES.get(row[0], row[0]),
            id=row[1],
            moved=f"{row[2] or ZERO:f}",
            posted=f"{row[3]:f}",
        )
    )


@check("stock counts", "A count says what was seen, and once it is booked, what was booked.")
def counts_are_sums_of_entries() -> list[Fault]:
    """Compare the lines of counts with their entries, and those of booked ones with their moves."""
    seen = (
        select(
            StockCountEntry.count_id,
            StockCountEntry.variant_id,
            func.sum(StockCountEntry.quantity, type_=QuantityType).label("quantity"),
        )
        .where(StockCountEntry.void.is_(False))
        .group_by(StockCountEntry.count_id, StockCountEntry.variant_id)
        .subquery()
    )
    unlike = (
        select(StockCount.number, Variant.sku)
        .select_from(StockCountLine)
        .join(StockCount, StockCount.id == StockCountLine.count_id)
        .join(Variant, Variant.id == StockCountLine.variant_id)
        .outerjoin(
            seen,
            and_(
                seen.c.count_id == StockCountLine.count_id,
                seen.c.variant_id == StockCountLine.variant_id,
            ),
        )
        .where(
            func.coalesce(StockCountLine.counted, ZERO, type_=QuantityType)
            != func.coalesce(seen.c.quantity, ZERO, type_=QuantityType)
        )
        .order_by(StockCountLine.id)
    )
    moved = (
        select(
            StockMove.source_id,
            StockMove.variant_id,
            func.sum(StockMove.quantity, type_=QuantityType).label("quantity"),
        )
        .where(StockMove.source == "count")
        .group_by(StockMove.source_id, StockMove.variant_id)
        .subquery()
    )
    booked = (
        select(StockCount.number, Variant.sku)
        .select_from(StockCountLine)
        .join(StockCount, StockCount.id == StockCountLine.count_id)
        .join(Variant, Variant.id == StockCountLine.variant_id)
        .outerjoin(
            moved,
            and_(moved.c.source_id == StockCount.document_id, moved.c.variant_id == StockCountLine.variant_id),
        )
        .where(
            StockCount.state == "posted",
            or_(
                func.coalesce(StockCountLine.variance, ZERO, type_=QuantityType)
                != func.coalesce(moved.c.quantity, ZERO, type_=QuantityType),
                StockCountLine.counted - StockCountLine.expected != StockCountLine.variance,
            ),
        )
        .order_by(StockCountLine.id)
    )
    unended = (
        select(StockCount.number, StockCount.state)
        .where(StockCount.state.in_(COUNT.ends), StockCount.ended_at.is_(None))
        .order_by(StockCount.id)
    )
    return [
        *faults_in(unlike, lambda row: _("%(number)s: %(sku)s is not what was seen", number=row[0], sku=row[1])),
        *faults_in(booked, lambda row: _("%(number)s: %(sku)s is not what was booked", number=row[0], sku=row[1])),
        *faults_in(unended, lambda row: _("%(number)s is %(state)s and has no end", number=row[0], state=row[1])),
    ]
