"""What was damaged from outside (a restored backup, a hand in the database) is put right, and each step is audited.

What happened is told by the moves, by the rows of holds and expectations, and by the scans of counts. Whatever is
reckoned from them (levels, papers, lines of transfers and counts) is reckoned anew; the books follow by a new entry.
Moves are never changed: those of a paper that is gone are taken back by moves the other way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import case, delete, func, or_, select

from retail.core.audit import record
from retail.core.clock import now
from retail.core.db import session
from retail.core.money import ZERO, AmountType, QuantityType, round_to
from retail.core.tenancy import update_owned
from retail.finance import services as finance
from retail.finance.queries import balance
from retail.finance.services import COUNTERPART_ACCOUNTS, Posting
from retail.inventory.figure_checks import ages_are_the_standings, months_are_the_moves
from retail.inventory.lot_checks import lot_sums
from retail.inventory.models import (
    DOCUMENT_KINDS,
    HOLD,
    HOLD_KINDS,
    TRANSFER,
    StockAge,
    StockCount,
    StockCountEntry,
    StockCountLine,
    StockDocument,
    StockExpectation,
    StockHold,
    StockLevel,
    StockLot,
    StockLotLevel,
    StockMonth,
    StockMove,
    StockStanding,
    StockTransfer,
    StockTransferLine,
)
from retail.inventory.paper_checks import paper_sums, posted_otherwise
from retail.inventory.queries import own_document
from retail.inventory.services.announcing import plain
from retail.inventory.services.ledger import UNIT, Document, Movement, move
from retail.inventory.services.lot_repairing import even_out, lots_of_lost
from retail.inventory.services.recounting import recount
from retail.tenancy.queries import current_tenant


@dataclass(frozen=True)
class Repair:
    """Something that was put right: in which table, what it is called, and what changed from what to what."""

    table: str
    label: str
    changes: Mapping[str, list[str]]


def repair() -> list[Repair]:
    """Make everything about stock agree again with what happened; returns what had to be put right, nothing in a sound
    shop. What cannot be told any more is corrected by a new move or entry, never by changing an old one."""
    done = _lots() + _take_back_orphans()
    done += [
        Repair(
            "stock_levels",
            f"{one.sku} {one.location}",
            {"on_hand": [plain(part) for part in one.on_hand], "value": [plain(part) for part in one.value]},
        )
        for one in recount()
    ]
    done += _figures() + _lots() + _evened() + _papers() + _holds() + _transfers() + _counts() + _levels() + _books()
    session.flush()
    session.expire_all()
    return done


def _lots() -> list[Repair]:
    """What lies of each lot, by its moves."""
    right = {(row.lot_id, row.location_id): row.quantity for row in session.execute(select(lot_sums()))}
    kept = {(row.lot_id, row.location_id): row for row in session.scalars(select(StockLotLevel))}
    lots = {row.id: row for row in session.scalars(select(StockLot))}
    done = []
    for key in sorted(kept.keys() | right.keys()):
        row, lot, quantity = kept.get(key), lots[key[0]], right.get(key, ZERO)
        was = (row.on_hand, row.variant_id) if row is not None else (ZERO, lot.variant_id)
        if was == (quantity, lot.variant_id):
            continue
        if row is None:
            row = StockLotLevel(lot_id=key[0], location_id=key[1])
            session.add(row)
        row.variant_id, row.on_hand = lot.variant_id, quantity
        after = {"on_hand": quantity, "variant_id": lot.variant_id}
        done.append(_told("stock_lots", lot.id, lot.number, {"on_hand": was[0], "variant_id": was[1]}, after))
    session.flush()
    return done


def _evened() -> list[Repair]:
    """What lots have more than lies there."""
    return [
        _told("stock_lots", one.lot_id or 0, number, {"left": ZERO}, {"left": one.quantity})
        for number, one in even_out()
    ]


def _told(table: str, row_id: int, label: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Repair:
    changes = {
        name: [_text(before[name]), _text(after[name])] for name in after if _text(before[name]) != _text(after[name])
    }
    record("repair", table, row_id, label, changes)
    return Repair(table, label, changes)


def _text(value: Any) -> str:
    return plain(value) if isinstance(value, Decimal) else str(value)


def _take_back_orphans() -> list[Repair]:
    rows = session.execute(
        select(
            StockMove.source,
            StockMove.source_id,
            StockMove.counterpart,
            StockMove.variant_id,
            StockMove.location_id,
            func.sum(StockMove.quantity, type_=QuantityType).label("quantity"),
            func.sum(StockMove.value, type_=AmountType).label("value"),
        )
        .outerjoin(StockDocument, own_document)
        .where(StockMove.source.in_(DOCUMENT_KINDS), StockMove.source_id.is_not(None), StockDocument.id.is_(None))
        .group_by(
            StockMove.source,
            StockMove.source_id,
            StockMove.counterpart,
            StockMove.variant_id,
            StockMove.location_id,
        )
        .having(or_(func.sum(StockMove.quantity) != 0, func.sum(StockMove.value) != 0))
    ).all()
    done = []
    for row in rows:
        document = Document(row.counterpart, "correction", row.source, row.source_id, current_tenant().today(), now())
        lots = lots_of_lost(row)
        named = sum((one.quantity for one in lots), ZERO)
        worth = round_to(row.value * named / abs(row.quantity), UNIT) if row.quantity else ZERO
        sign = -1 if row.quantity > 0 else 1
        back = [Movement(row.variant_id, row.location_id, sign * named, value=-worth, note="paper is gone", lots=lots)]
        rest = Movement(
            row.variant_id, row.location_id, -row.quantity - sign * named, value=worth - row.value, note="paper is gone"
        )
        move([*(back if named else ()), *([rest] if rest.quantity or rest.value else ())], document, corrects=True)
        done.append(
            _told(
                "stock_moves",
                row.source_id,
                f"{row.source} {row.source_id}",
                {"quantity": row.quantity},
                {"quantity": ZERO},
            )
        )
    return done


def _differing(statement: Any, table: type[Any], label: str, names: list[str]) -> list[Repair]:
    """Rows of a statement (id, label, what is said by name, what is right as `right_` and name) that are put right."""
    done, changes = [], {}
    for row in session.execute(statement).mappings():
        before = {name: row[name] for name in names}
        after = {name: row[f"right_{name}"] for name in names}
        if before != after:
            changes[row["id"]] = after
            done.append(_told(table.__tablename__, row["id"], str(row[label]), before, after))
    update_owned(table, changes)
    return done


def _figures() -> list[Repair]:
    """Figures that are not what the moves say go; the night reckons them anew."""
    done = []
    kept = ((months_are_the_moves(), (StockMonth,)), (ages_are_the_standings(), (StockStanding, StockAge)))
    for faults, models in kept:
        for fault in faults:
            for model in models:
                session.execute(delete(model), execution_options={"synchronize_session": False})
            done.append(_told(models[0].__tablename__, 0, fault.first, {"rows": fault.count}, {"rows": 0}))
    return done


def _papers() -> list[Repair]:
    sums = paper_sums()
    statement = select(
        StockDocument.id,
        StockDocument.number,
        StockDocument.lines,
        StockDocument.quantity,
        StockDocument.value,
        sums.c.lines.label("right_lines"),
        func.coalesce(sums.c.quantity, ZERO, type_=QuantityType).label("right_quantity"),
        func.coalesce(sums.c.value, ZERO, type_=AmountType).label("right_value"),
    ).join(sums, sums.c.id == StockDocument.id)
    return _differing(statement, StockDocument, "number", ["lines", "quantity", "value"])


def _holds() -> list[Repair]:
    done, changes = [], {}
    for row in session.execute(
        select(StockHold.id, StockHold.state, StockHold.quantity, StockHold.left, StockHold.ended_at, StockHold.note)
    ).mappings():
        before = {name: row[name] for name in ("state", "left", "ended_at")}
        after = dict(before)
        after["left"] = min(max(row["left"], ZERO), row["quantity"])
        if row["state"] == HOLD.start and not after["left"]:
            after["state"] = "released"
        if after["state"] != HOLD.start and row["ended_at"] is None:
            after["ended_at"] = now()
        if before != after:
            changes[row["id"]] = after
            done.append(_told("stock_holds", row["id"], row["note"], before, after))
    update_owned(StockHold, changes)
    return done


def _transfers() -> list[Repair]:
    """Lines of transfers by what was sent, came, came back and was lost; then their states."""
    of = {
        reason: func.coalesce(
            func.sum(case((StockMove.reason == reason, StockMove.quantity), else_=ZERO), type_=QuantityType),
            ZERO,
            type_=QuantityType,
        ).label(reason.replace(" ", "_"))
        for reason in ("sent", "arrived", "sent back", "lost in transit")
    }
    worth = func.sum(case((StockMove.counterpart == "transit", -StockMove.value), else_=ZERO), type_=AmountType)
    moved = (
        select(StockDocument.transfer_id, StockMove.variant_id, *of.values(), worth.label("worth"))
        .join(StockMove, own_document)
        .where(StockDocument.transfer_id.is_not(None))
        .group_by(StockDocument.transfer_id, StockMove.variant_id)
    )
    sums = {(row.transfer_id, row.variant_id): row for row in session.execute(moved)}
    transfers = {row.id: row for row in session.scalars(select(StockTransfer))}
    done, changes, rest = [], {}, dict.fromkeys(transfers, ZERO)
    for line in session.scalars(select(StockTransferLine).order_by(StockTransferLine.id)):
        row = sums.get((line.transfer_id, line.variant_id))
        names = ("shipped", "received", "damaged", "missing", "returned", "value_left")
        before = {name: getattr(line, name) for name in names}
        after = dict.fromkeys(names, ZERO)
        if row is not None:
            came = row.arrived + row.lost_in_transit
            damaged = min(max(line.damaged, ZERO), came)
            figures = (-row.sent, came - damaged, damaged, -row.lost_in_transit, row.sent_back, row.worth)
            after = dict(zip(names, figures, strict=True))
            rest[line.transfer_id] += -row.sent - row.arrived - row.sent_back
        if before != after:
            changes[line.id] = after
            number = transfers[line.transfer_id].number
            done.append(_told("stock_transfer_lines", line.id, number, before, after))
    update_owned(StockTransferLine, changes)
    for transfer_id, transfer in transfers.items():
        on_its_way = rest[transfer_id] != 0
        right = transfer.state
        if on_its_way and transfer.state in TRANSFER.ends:
            right = "shipped"
        if right != transfer.state:
            done.append(
                _told("stock_transfers", transfer_id, transfer.number, {"state": transfer.state}, {"state": right})
            )
            transfer.state, transfer.ended_at = right, None
    session.flush()
    return done


def _counts() -> list[Repair]:
    seen = {
        (row.count_id, row.variant_id): row.quantity
        for row in session.execute(
            select(
                StockCountEntry.count_id,
                StockCountEntry.variant_id,
                func.sum(StockCountEntry.quantity, type_=QuantityType).label("quantity"),
            )
            .where(StockCountEntry.void.is_(False))
            .group_by(StockCountEntry.count_id, StockCountEntry.variant_id)
        )
    }
    booked = {
        (row.source_id, row.variant_id): row.quantity
        for row in session.execute(
            select(
                StockMove.source_id,
                StockMove.variant_id,
                func.sum(StockMove.quantity, type_=QuantityType).label("quantity"),
            )
            .where(StockMove.source == "count")
            .group_by(StockMove.source_id, StockMove.variant_id)
        )
    }
    papers = {
        row.reference: row.id
        for row in session.execute(
            select(StockDocument.reference, StockDocument.id).where(StockDocument.kind == "count")
        )
    }
    done, changes = [], {}
    counts = {row.id: row for row in session.scalars(select(StockCount))}
    for row in counts.values():
        if row.state == "posted" and row.document_id is None and row.number in papers:
            done.append(_told("stock_counts", row.id, row.number, {"document_id": None}, {"document_id": "found"}))
            row.document_id = papers[row.number]
    for line in session.scalars(select(StockCountLine)):
        row = counts[line.count_id]
        before = {name: getattr(line, name) for name in ("counted", "expected", "variance")}
        after = dict(before)
        known = seen.get((line.count_id, line.variant_id))
        if known is not None or line.counted:
            after["counted"] = known or ZERO
        if row.state == "posted" and line.variance is not None:
            after["variance"] = booked.get((row.document_id or 0, line.variant_id), ZERO)
            after["expected"] = (after["counted"] or ZERO) - after["variance"]
        if before != after:
            changes[line.id] = after
            done.append(_told("stock_count_lines", line.id, row.number, before, after))
    update_owned(StockCountLine, changes)
    session.flush()
    return done


def _levels() -> list[Repair]:
    """Holds by kind, what is on order and what is in transit, of every level."""
    right: dict[tuple[int, int], dict[str, Decimal]] = {}

    def gather(name: str, statement: Any) -> None:
        for variant_id, location_id, quantity in session.execute(statement):
            right.setdefault((variant_id, location_id), {})[name] = quantity

    for kind in HOLD_KINDS:
        held = select(StockHold.variant_id, StockHold.location_id, func.sum(StockHold.left, type_=QuantityType))
        gather(
            kind,
            held.where(StockHold.kind == kind, StockHold.state == HOLD.start).group_by(
                StockHold.variant_id, StockHold.location_id
            ),
        )
    expected = select(
        StockExpectation.variant_id,
        StockExpectation.location_id,
        func.sum(StockExpectation.quantity, type_=QuantityType),
    )
    gather("on_order", expected.group_by(StockExpectation.variant_id, StockExpectation.location_id))
    coming = select(
        StockTransferLine.variant_id,
        StockTransfer.to_location_id,
        func.sum(StockTransferLine.in_transit, type_=QuantityType),
    ).join(StockTransfer, StockTransfer.id == StockTransferLine.transfer_id)
    gather("in_transit", coming.group_by(StockTransferLine.variant_id, StockTransfer.to_location_id))
    names = (*HOLD_KINDS, "on_order", "in_transit")
    done, changes = [], {}
    for level in session.scalars(select(StockLevel).execution_options(populate_existing=True)):
        sums = right.get((level.variant_id, level.location_id), {})
        before = {name: getattr(level, name) for name in names}
        after = {name: sums.get(name, ZERO) for name in names}
        if before != after:
            changes[level.id] = after
            done.append(_told("stock_levels", level.variant_id, f"level {level.id}", before, after))
    update_owned(StockLevel, changes)
    return done


def _books() -> list[Repair]:
    """Post what documents were posted too little or too much, and what 1210 differs by."""
    today, done = current_tenant().today(), []
    for statement in posted_otherwise():
        for source, source_id, moved, posted in session.execute(statement).all():
            difference = (moved or ZERO) - posted
            counterpart = session.scalar(
                select(StockMove.counterpart)
                .where(StockMove.source == source, StockMove.source_id == source_id, StockMove.value != 0)
                .order_by(StockMove.id)
                .limit(1)
            )
            against = COUNTERPART_ACCOUNTS[counterpart or "adjustment"]
            memo = f"Correction of {source} {source_id}"
            finance.post(Posting(source, source_id or 0, memo, today, {"1200": difference, against: -difference}))
            done.append(_told("journal_entries", source_id or 0, memo, {"1200": posted}, {"1200": moved or ZERO}))
    worth = session.scalar(select(func.sum(StockTransferLine.value_left, type_=AmountType))) or ZERO
    if difference := worth - balance("1210"):
        memo = "Correction of stock in transit"
        finance.post(Posting("repair", 1210, memo, today, {"1210": difference, "5100": -difference}))
        done.append(_told("journal_entries", 1210, memo, {"1210": worth - difference}, {"1210": worth}))
    return done
