"""Counting what really is there, while the shop goes on selling.

What was counted is held against the ledger as of the instant of the scan, so what is sold or received before or after
it makes no difference. Only the difference is booked, never a figure: a sale between scan and booking is not undone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, select, update

from retail.catalog.models import Category, Product, Variant
from retail.catalog.queries import within_category
from retail.core.audit import current_actor, record
from retail.core.clock import now
from retail.core.db import session
from retail.core.errors import NotFound, Refused
from retail.core.events import emit
from retail.core.money import ZERO
from retail.core.numbers import next_number
from retail.core.tenancy import insert_owned
from retail.events.inventory import StockCounted
from retail.inventory.count_queries import due_for_counting, variances
from retail.inventory.models import (
    COUNT,
    COUNT_KINDS,
    StockCount,
    StockCountEntry,
    StockCountLine,
    StockDocument,
    StockLevel,
)
from retail.inventory.services.announcing import plain
from retail.inventory.services.ledger import Movement, lock_levels, move, post_stock
from retail.inventory.services.limiting import ANY, Reach, check_reach
from retail.inventory.services.papers import (
    LONGEST_TEXT,
    check_goods,
    check_place,
    document_of,
    draw_up,
    new_key,
)
from retail.permissions import Can

NUMBERS = "counts"
"""The series of a count's own numbers."""
LONGEST_KEY = 80
LARGEST = Decimal(1_000_000)


@dataclass(frozen=True)
class Counted:
    """So many more of a variant, seen at an instant; `key` is the device's own, to be sent again without harm."""

    key: str
    variant_id: int
    quantity: Decimal
    at: datetime


def start_count(
    location_id: int,
    kind: str,
    *,
    category_id: int | None = None,
    blind: bool = True,
    most: int = 50,
    note: str = "",
    key: str = "",
) -> StockCount:
    """Begin a count: `full` of all that lies at a location, `category` of a branch, `cyclic` of the at most `most`
    articles whose turn it is by their class. With a `key` used before, nothing happens a second time.

    Refused for a kind there is not, without the category it needs, and when nothing is to be counted.
    """
    if kind not in COUNT_KINDS:
        raise Refused(_("Choose what is to be counted."), field="kind")
    check_place(location_id, lock=True)
    if key and (known := session.scalar(select(StockCount).where(StockCount.key == key))):
        return known
    if kind == "category" and (category_id is None or session.get(Category, category_id) is None):
        raise Refused(_("Choose the category that is to be counted."), field="category")
    if kind == "cyclic":
        wanted: Sequence[int] = [one.variant_id for one in due_for_counting(location_id, most)]
    else:
        wanted = _lying(location_id, within_category(category_id) if kind == "category" and category_id else None)
    if not wanted and kind != "full":
        raise Refused(_("Nothing of that is to be counted here now."), field="kind")
    row = StockCount(
        number=next_number(NUMBERS, "C-"),
        key=key or new_key(),
        kind=kind,
        state=COUNT.start,
        location_id=location_id,
        category_id=category_id if kind == "category" else None,
        blind=blind,
        note=" ".join(note.split())[:LONGEST_TEXT],
        started_at=now(),
        started_by_id=current_actor().user_id,
    )
    session.add(row)
    session.flush()
    insert_owned(
        StockCountLine,
        [
            {
                "count_id": row.id,
                "variant_id": variant_id,
                "counted": None,
                "first_at": None,
                "counted_at": None,
                "expected": None,
                "variance": None,
                "value": None,
            }
            for variant_id in wanted
        ],
    )
    return row


def _lying(location_id: int, among: ColumnElement[bool] | None) -> Sequence[int]:
    statement = (
        select(StockLevel.variant_id)
        .join(Variant, Variant.id == StockLevel.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .where(StockLevel.location_id == location_id, StockLevel.on_hand != 0, Product.is_stocked)
        .order_by(Variant.name, Variant.id)
    )
    if among is not None:
        statement = statement.join(Category, Category.id == Product.category_id).where(among)
    return session.scalars(statement).all()


def enter_counts(count_id: int, entries: Sequence[Counted]) -> int:
    """Write down what was seen; returns how many of these entries are new. What came before under the same key counts
    once. An article nobody expected joins the count.

    Instants lie between the beginning of the count and now: a device whose clock is wrong cannot count the future.
    Refused when the count is not open, and for what is not kept in stock.
    """
    row = _count(count_id)
    if row.state != "open":
        raise Refused(_("%(number)s is not open any more; nothing can be counted in it.", number=row.number))
    keys = [one.key[:LONGEST_KEY] for one in entries]
    known = set(session.scalars(select(StockCountEntry.key).where(StockCountEntry.key.in_(keys))))
    fresh = {key: one for key, one in zip(keys, entries, strict=True) if key and key not in known}
    if not fresh:
        return 0
    check_goods(one.variant_id for one in fresh.values())
    lines = {
        one.variant_id: one
        for one in session.scalars(
            select(StockCountLine).where(
                StockCountLine.count_id == row.id,
                StockCountLine.variant_id.in_({one.variant_id for one in fresh.values()}),
            )
        )
    }
    received = now()
    for key, one in fresh.items():
        if not one.quantity or abs(one.quantity) > LARGEST:
            raise Refused(_("Give how many there are."), field="quantity")
        instant = min(max(one.at, row.started_at), received)
        line = lines.get(one.variant_id)
        if line is None:
            line = lines[one.variant_id] = StockCountLine(count_id=row.id, variant_id=one.variant_id, recount=False)
            session.add(line)
        counted = (line.counted or ZERO) + one.quantity
        if counted < 0:
            raise Refused(_("That would be fewer than none."), field="quantity")
        line.counted, line.recount = counted, False
        line.first_at = instant if line.first_at is None else min(line.first_at, instant)
        line.counted_at = instant if line.counted_at is None else max(line.counted_at, instant)
        session.add(
            StockCountEntry(
                count_id=row.id,
                variant_id=one.variant_id,
                key=key,
                quantity=one.quantity,
                counted_at=instant,
                received_at=received,
                user_id=current_actor().user_id,
            )
        )
    session.flush()
    return len(fresh)


def find_none(count_id: int, variant_id: int) -> None:
    """Write down that none of an article is there. Refused when some of it was counted."""
    row = _count(count_id)
    line = session.scalar(
        select(StockCountLine).where(StockCountLine.count_id == row.id, StockCountLine.variant_id == variant_id)
    )
    if line is None:
        raise NotFound(_("That is not part of this count."))
    if row.state != "open" or line.counted:
        raise Refused(_("Some of it was counted already."))
    line.counted, line.recount = ZERO, False
    line.first_at = line.counted_at = now()
    session.flush()


def finish_count(count_id: int) -> StockCount:
    """All is counted: let whoever may book it look at the differences."""
    row = _count(count_id)
    COUNT.move(row, "review")
    row.closed_at = now()
    session.flush()
    return row


def count_again(count_id: int, line_ids: Collection[int]) -> StockCount:
    """Open a count again, with these lines to be counted anew; what was seen of them is void, and kept. Without lines
    it is only opened."""
    row = _count(count_id)
    if row.state != "open":
        COUNT.move(row, "open")
    chosen = session.scalars(
        select(StockCountLine).where(StockCountLine.count_id == row.id, StockCountLine.id.in_(line_ids))
    ).all()
    for line in chosen:
        line.counted = line.first_at = line.counted_at = None
        line.recount = True
    session.execute(
        update(StockCountEntry)
        .where(StockCountEntry.count_id == row.id, StockCountEntry.variant_id.in_([line.variant_id for line in chosen]))
        .values(void=True),
        execution_options={"synchronize_session": False},
    )
    row.closed_at = None
    record("count_again", "stock_counts", row.id, row.number, {"lines": [None, len(chosen)]})
    return row


def cancel_count(count_id: int) -> StockCount:
    """Give a count up; nothing is booked, what was seen is kept."""
    row = _count(count_id)
    COUNT.move(row, "cancelled")
    row.ended_at, row.ended_by_id = now(), current_actor().user_id
    session.flush()
    return row


def post_count(count_id: int, *, rest_is_none: bool = False, reach: Reach = ANY) -> StockDocument | None:
    """Book the differences of a reviewed count and freeze it. None when nothing differed.

    Each difference is what was counted less what the ledger says of that instant. With `rest_is_none` what nobody
    counted is taken as none, as of the end of counting; without, it stays as it is. Refused when it is not reviewed,
    NeedsApproval when all differences together are beyond the reach of whoever books.
    """
    row = _count(count_id)
    check_place(row.location_id, lock=True)
    COUNT.move(row, "posted")
    instant = now()
    lines = {
        line.variant_id: line
        for line in session.scalars(select(StockCountLine).where(StockCountLine.count_id == row.id))
    }
    if rest_is_none:
        for line in lines.values():
            if line.counted is None:
                line.counted, line.first_at, line.counted_at = ZERO, row.closed_at, row.closed_at
        session.flush()
    if lines:
        lock_levels([Movement(variant_id, row.location_id, ZERO) for variant_id in lines])
    found = {one.variant_id: one for one in variances(row.id)}
    wrong = [variant_id for variant_id, one in sorted(found.items()) if one.variance]
    paper = None
    values: Mapping[int, Decimal] = {}
    if wrong:
        paper = draw_up("count", row.location_id, f"count-{row.id}", reference=row.number, reason="counted")
        moved = move(
            [Movement(variant_id, row.location_id, found[variant_id].variance or ZERO) for variant_id in wrong],
            document_of(paper, "adjustment", "counted"),
            corrects=True,
        )
        memo = f"{paper.number} {row.number}"
        post_stock("adjustment", moved, "count", paper.id, memo, paper.business_date, paper.occurred_at)
        values = {one.movement.variant_id: one.value for one in moved}
        paper.lines = sum(len(one.parts) for one in moved)
        paper.quantity = sum((one.movement.quantity for one in moved), ZERO)
        paper.value = sum(values.values(), ZERO)
        row.document_id = paper.id
        worth = sum((abs(value) for value in values.values()), ZERO)
        check_reach(reach, worth, paper, Can.APPROVE_COUNT, "count", row.id, rest_is_none)
    for variant_id, line in lines.items():
        if line.counted is not None and (one := found.get(variant_id)):
            line.expected, line.variance, line.value = one.expected, one.variance, values.get(variant_id, ZERO)
    _remember_when(row.location_id, lines)
    row.ended_at, row.ended_by_id = instant, current_actor().user_id
    session.flush()
    record("count", "stock_counts", row.id, row.number, {"value": [None, plain(sum(values.values(), ZERO))]})
    emit(
        StockCounted(
            count_id=row.id,
            number=row.number,
            location_id=row.location_id,
            lines=sum(line.counted is not None for line in lines.values()),
            differences=len(wrong),
        )
    )
    return paper


def _remember_when(location_id: int, lines: Mapping[int, StockCountLine]) -> None:
    for level in session.scalars(
        select(StockLevel)
        .where(StockLevel.location_id == location_id, StockLevel.variant_id.in_(lines))
        .execution_options(populate_existing=True)
    ):
        if lines[level.variant_id].counted is not None:
            level.counted_at = lines[level.variant_id].counted_at


def _count(count_id: int) -> StockCount:
    row = session.scalar(
        select(StockCount).where(StockCount.id == count_id).with_for_update().execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound(_("There is no such count."))
    return row
