"""A level is put right by hand, and the point at which to order again is set."""

from __future__ import annotations

from decimal import Decimal

from flask_babel import gettext as _
from sqlalchemy import update

from retail.core.audit import record
from retail.core.db import session
from retail.core.errors import NotFound, Refused
from retail.core.events import emit
from retail.core.money import ZERO
from retail.events.inventory import StockAdjusted
from retail.inventory.models import StockDocument, StockLevel
from retail.inventory.services.announcing import announce, plain
from retail.inventory.services.holding import hold_numbered, put_back
from retail.inventory.services.ledger import Movement, lock_levels, move, post_stock
from retail.inventory.services.limiting import ANY, Reach, check_reach
from retail.inventory.services.lots import Named, Pick, picks_named
from retail.inventory.services.papers import check_goods, document_of, draw_up, paper_of
from retail.permissions import Can

REASONS = ("found", "lost", "damaged", "stolen", "expired", "own use", "correction")
"""Why a level is adjusted; what leaves for one of SCRAP_REASONS is scrapped."""
SCRAP_REASONS = frozenset({"damaged", "expired"})


def adjust(
    location_id: int,
    variant_id: int,
    quantity: Decimal,
    reason: str,
    note: str = "",
    *,
    key: str = "",
    reach: Reach = ANY,
    number: str = "",
) -> StockDocument:
    """Correct a level by `quantity` (above zero: more, below: less), with a reason; post it to the books. `number`
    names the lot or piece it is about.

    With a `key` used before, nothing happens a second time. Refused for a quantity of nothing, without a reason, and
    when the location may not go below nothing and would. NeedsApproval beyond the reach of whoever books.
    """
    if paper := paper_of(key, location_id):
        return paper
    lots = picks_named(variant_id, [Named(number, abs(quantity))] if number else [], abs(quantity))
    return _adjusted(location_id, variant_id, quantity, reason, note, key, reach, lots)


def count(
    location_id: int,
    variant_id: int,
    counted: Decimal,
    reason: str,
    note: str = "",
    *,
    key: str = "",
    reach: Reach = ANY,
) -> StockDocument | None:
    """Set a level to what was counted; the difference is the adjustment. None when the count is as the level says.

    The level is locked before the difference is taken, so a sale at the same moment is neither lost nor undone.
    """
    if counted < 0:
        raise Refused(_("A count cannot be below zero."), field="quantity")
    if paper := paper_of(key, location_id):
        return paper
    check_goods([variant_id])
    level = lock_levels([Movement(variant_id, location_id, ZERO)])[variant_id, location_id]
    if counted == level.on_hand:
        record("count", "stock_levels", variant_id, reason, {"on_hand": plain(counted)})
        return None
    return _adjusted(location_id, variant_id, counted - level.on_hand, reason, note, key, reach)


def _adjusted(
    location_id: int,
    variant_id: int,
    quantity: Decimal,
    reason: str,
    note: str,
    key: str,
    reach: Reach,
    lots: tuple[Pick, ...] = (),
) -> StockDocument:
    if not quantity:
        raise Refused(_("An adjustment of nothing changes nothing; give a quantity."), field="quantity")
    if reason not in REASONS:
        raise Refused(_("Choose a reason for the adjustment."), field="reason")
    check_goods([variant_id])
    paper = draw_up("adjustment", location_id, key, reference=note, reason=reason)
    counterpart = "scrap" if reason in SCRAP_REASONS and quantity < 0 else "adjustment"
    (moved,) = move(
        [Movement(variant_id, location_id, quantity, note=note, lots=lots)],
        document_of(paper, counterpart, reason),
        corrects=True,
    )
    memo = " ".join(f"{paper.number} {reason} {note}".split())
    post_stock(counterpart, [moved], "adjustment", paper.id, memo, paper.business_date, paper.occurred_at)
    paper.lines, paper.quantity, paper.value = len(moved.parts), quantity, moved.value
    session.flush()
    check_reach(reach, abs(moved.value), paper, Can.ADJUST_STOCK, location_id, variant_id, plain(quantity), reason)
    record(
        "adjust",
        "stock_levels",
        variant_id,
        f"{paper.number} {reason}",
        {"on_hand": [plain(moved.on_hand - quantity), plain(moved.on_hand)], "note": [None, note]},
    )
    emit(StockAdjusted(location_id=location_id, variant_id=variant_id, quantity=plain(quantity), reason=reason))
    return paper


def scrap_held(hold_id: int, note: str = "", *, key: str = "", reach: Reach = ANY) -> StockDocument:
    """Scrap what was set aside as damaged, in one step: it is let go of and leaves the stock. Refused for what is held
    for another reason. NeedsApproval beyond the reach of whoever books."""
    hold = hold_numbered(hold_id)
    if hold.kind != "damaged":
        raise Refused(_("Only damaged goods are scrapped; release it first."))
    quantity = hold.left
    put_back(hold_id)
    return adjust(hold.location_id, hold.variant_id, -quantity, "damaged", note or hold.note, key=key, reach=reach)


def set_reorder_point(location_id: int, variant_id: int, point: Decimal | None) -> None:
    """At or below which quantity a variant is low at a location; None for never.

    A point at or above what is on hand makes the level low, and that is told at once; a lower one ends it.
    """
    if point is not None and point < 0:
        raise Refused(_("A reorder point cannot be below zero."), field="reorder_point")
    paper_of("", location_id)
    check_goods([variant_id])
    level = lock_levels([Movement(variant_id, location_id, ZERO)])[variant_id, location_id]
    before = level.reorder_point
    if point == before:
        return
    session.execute(
        update(StockLevel)
        .where(StockLevel.variant_id == variant_id, StockLevel.location_id == location_id)
        .values(reorder_point=point),
        execution_options={"synchronize_session": False},
    )
    announce(variant_id, location_id, was=(level.sellable, before), now=(level.sellable, point))
    record(
        "update",
        "stock_levels",
        variant_id,
        "",
        {"reorder_point": [None if before is None else plain(before), None if point is None else plain(point)]},
    )


def set_safety_stock(location_id: int, variant_id: int, quantity: Decimal) -> None:
    """How many of a variant a location keeps back from what it promises; 0 for none."""
    if quantity < 0:
        raise Refused(_("A safety stock cannot be below zero."), field="safety_stock")
    paper_of("", location_id)
    check_goods([variant_id])
    before = lock_levels([Movement(variant_id, location_id, ZERO)])[variant_id, location_id].safety_stock
    if quantity == before:
        return
    session.execute(
        update(StockLevel)
        .where(StockLevel.variant_id == variant_id, StockLevel.location_id == location_id)
        .values(safety_stock=quantity),
        execution_options={"synchronize_session": False},
    )
    record("update", "stock_levels", variant_id, "", {"safety_stock": [plain(before), plain(quantity)]})


def set_level_reorder_point(level_id: int, point: Decimal | None) -> None:
    """`set_reorder_point` for a row of the list of stock. NotFound when there is no such level."""
    level = session.get(StockLevel, level_id)
    if level is None:
        raise NotFound(_("There is no such stock level."))
    set_reorder_point(level.location_id, level.variant_id, point)
