"""Goods travel from one location to another: asked for, sent, on their way, received with what differs.

Between leaving and arriving they are in transit: the moves out and in have `transit` as counterpart, so what is on the
way is what left less what came, in quantity, in worth and in the books (account 1210). Goods that never come arrive on
paper and are written off at once, so that the ledger says where they were lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from flask_babel import gettext as _
from sqlalchemy import select

from retail.core.audit import current_actor, record
from retail.core.clock import now
from retail.core.db import session
from retail.core.errors import NotFound, Refused
from retail.core.events import emit
from retail.core.money import ZERO, round_to
from retail.core.numbers import next_number
from retail.events.inventory import TransferArrived, TransferCancelled, TransferSent
from retail.inventory.models import TRANSFER, StockDocument, StockTransfer, StockTransferLine
from retail.inventory.services.announcing import plain
from retail.inventory.services.ends import at_end, from_either_end
from retail.inventory.services.expecting import shift_column
from retail.inventory.services.holding import hold_damaged
from retail.inventory.services.ledger import UNIT, Moved, Movement, lock_levels, move, post_stock
from retail.inventory.services.lots import Numbers, Pick, picks_moved, picks_named, taken_from
from retail.inventory.services.papers import (
    LONGEST_TEXT,
    check_goods,
    check_place,
    check_quantity,
    document_of,
    draw_up,
    new_key,
    paper_of,
)
from retail.inventory.services.receiving import correct_costs, sum_up

PAPERS = ("dispatch", "arrival")
"""The kinds of paper that a transfer leaves behind."""
NUMBERS = "transfers"
"""The series of a transfer's own numbers."""


@dataclass(frozen=True)
class Arrival:
    """What came of one line: in order, damaged, and what is known to be lost. The rest stays on its way."""

    good: Decimal = ZERO
    damaged: Decimal = ZERO
    missing: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """How many are in transit no longer."""
        return self.good + self.damaged + self.missing


@from_either_end
def request_transfer(
    from_location_id: int,
    to_location_id: int,
    lines: Sequence[tuple[int, Decimal]],
    note: str = "",
    *,
    key: str = "",
) -> StockTransfer:
    """Ask for goods (variant, quantity) from another location; nothing moves yet.

    With a `key` used before, nothing happens a second time. Refused without lines, for a quantity of nothing, and when
    both locations are the same.
    """
    if from_location_id == to_location_id:
        raise Refused(_("Choose two different locations."), field="to_location")
    check_place(from_location_id, lock=True)
    if key and (known := session.scalar(select(StockTransfer).where(StockTransfer.key == key))):
        return known
    check_place(to_location_id, "to_location")
    if not lines:
        raise Refused(_("Add at least one line to transfer."), field="lines")
    wanted: dict[int, Decimal] = {}
    for variant_id, quantity in lines:
        check_quantity(quantity)
        wanted[variant_id] = wanted.get(variant_id, ZERO) + quantity
    check_goods(wanted)
    row = StockTransfer(
        number=next_number(NUMBERS, "T-"),
        key=key or new_key(),
        state=TRANSFER.start,
        location_id=from_location_id,
        to_location_id=to_location_id,
        note=" ".join(note.split())[:LONGEST_TEXT],
        requested_at=now(),
        requested_by_id=current_actor().user_id,
    )
    session.add(row)
    session.flush()
    session.add_all(
        StockTransferLine(transfer_id=row.id, variant_id=variant_id, requested=quantity)
        for variant_id, quantity in wanted.items()
    )
    session.flush()
    return row


def send(
    from_location_id: int,
    to_location_id: int,
    lines: Sequence[tuple[int, Decimal]],
    note: str = "",
    *,
    key: str = "",
    numbers: Numbers | None = None,
) -> StockTransfer:
    """`request_transfer` and `ship` in one step, for who packs what they thought of themselves."""
    row = request_transfer(from_location_id, to_location_id, lines, note, key=key)
    if row.state == TRANSFER.start:
        ship(row.id, numbers=numbers)
    return row


@at_end("location_id")
def ship(
    transfer_id: int,
    quantities: Mapping[int, Decimal] | None = None,
    *,
    key: str = "",
    numbers: Numbers | None = None,
) -> StockDocument:
    """Send a requested transfer on its way, with all that was asked for or with `quantities` by line id; `numbers`
    names lots and pieces.

    What is not sent now is not sent: a line may be 0, the transfer not. Goods leave at what they are worth. Refused
    when it was sent before, and when the location may not go below nothing and would.
    """
    row, lines = _transfer(transfer_id)
    if key and (paper := paper_of(key, row.location_id)):
        return paper
    check_place(row.location_id, lock=True)
    TRANSFER.move(row, "shipped")
    sent = {line: line.requested if quantities is None else quantities.get(line.id, ZERO) for line in lines}
    if any(quantity < 0 for quantity in sent.values()) or not any(sent.values()):
        raise Refused(_("Send at least one piece; a quantity is not below zero."), field="lines")
    going = [(line, quantity) for line, quantity in sent.items() if quantity]
    _lock(row, (line for line, _quantity in going))
    paper = draw_up(
        "dispatch",
        row.location_id,
        key,
        to_location_id=row.to_location_id,
        transfer_id=row.id,
        reference=row.note,
    )
    left = move(
        [
            Movement(
                line.variant_id,
                row.location_id,
                -quantity,
                lots=picks_named(line.variant_id, (numbers or {}).get(line.variant_id, ()), quantity),
            )
            for line, quantity in going
        ],
        document_of(paper, "transit", "sent"),
    )
    for (line, quantity), one in zip(going, left, strict=True):
        line.shipped, line.value_left = quantity, -one.value
    shift_column("in_transit", {(line.variant_id, row.to_location_id): quantity for line, quantity in going})
    _post("transit", left, paper, row)
    sum_up(paper, left)
    paper.quantity, paper.value = -paper.quantity, -paper.value
    row.shipped_at, row.shipped_by_id = paper.occurred_at, current_actor().user_id
    session.flush()
    emit(
        TransferSent(
            transfer_id=row.id,
            number=row.number,
            from_location_id=row.location_id,
            to_location_id=row.to_location_id,
            lines=len(going),
        )
    )
    return paper


@at_end("to_location_id")
def receive_transfer(
    transfer_id: int, arrivals: Mapping[int, Arrival], note: str = "", *, key: str = ""
) -> StockDocument:
    """Take in what came of a transfer, by line id; what is not named stays on its way.

    Damaged goods come on hand and are set aside; missing ones are written off as lost in transit. With a `key` used
    before, nothing happens a second time. Refused for more than is on its way, and for nothing at all.
    """
    row, lines = _transfer(transfer_id)
    if paper := paper_of(key, row.to_location_id):
        return paper
    _check_under_way(row)
    coming = [(line, arrivals[line.id]) for line in lines if line.id in arrivals and arrivals[line.id].total]
    if not coming:
        raise Refused(_("Say at least of one line what came."), field="lines")
    for line, arrival in coming:
        if min(arrival.good, arrival.damaged, arrival.missing) < 0:
            raise Refused(_("A quantity is not below zero."), field="lines")
        if arrival.total > line.in_transit:
            raise Refused(
                _(
                    "Only %(left)s are on their way; receive those, and count in what came besides.",
                    left=plain(line.in_transit),
                ),
                field="lines",
            )
    _lock(row, (line for line, _arrival in coming))
    paper = draw_up("arrival", row.to_location_id, key, transfer_id=row.id, reference=note)
    arrived = _bring(row, [(line, arrival.total) for line, arrival in coming], row.to_location_id, paper, "arrived")
    _write_off(row, coming, arrived, paper)
    for line, arrival in coming:
        line.received += arrival.good
        line.damaged += arrival.damaged
        line.missing += arrival.missing
        if arrival.damaged:
            hold_damaged(row.to_location_id, line.variant_id, arrival.damaged, row.id, f"{row.number} {note}")
    sum_up(paper, arrived)
    if not any(line.in_transit for line in lines):
        TRANSFER.move(row, "received")
        row.ended_at = now()
    elif row.state == "shipped":
        TRANSFER.move(row, "partly received")
    session.flush()
    emit(
        TransferArrived(
            transfer_id=row.id,
            number=row.number,
            from_location_id=row.location_id,
            to_location_id=row.to_location_id,
            state=row.state,
            missing=plain(sum((arrival.missing for _line, arrival in coming), ZERO)),
            damaged=plain(sum((arrival.damaged for _line, arrival in coming), ZERO)),
        )
    )
    return paper


@at_end("location_id")
def call_back(transfer_id: int, reason: str, *, key: str = "") -> StockDocument:
    """Take back to where it came from what is still on its way, at what it left for. Refused without a reason, and
    when nothing is on its way."""
    row, lines = _transfer(transfer_id)
    if paper := paper_of(key, row.location_id):
        return paper
    _check_under_way(row)
    if not reason.strip():
        raise Refused(_("Say why; it is kept with the transfer."), field="reason")
    back = [(line, line.in_transit) for line in lines if line.in_transit]
    _lock(row, (line for line, _quantity in back))
    paper = draw_up("arrival", row.location_id, key, transfer_id=row.id, reference=reason)
    arrived = _bring(row, back, row.location_id, paper, "sent back")
    for line, quantity in back:
        line.returned += quantity
    sum_up(paper, arrived)
    TRANSFER.move(row, "cancelled" if row.state == "shipped" else "received")
    row.ended_at = now()
    session.flush()
    record("call_back", "stock_transfers", row.id, row.number, {"reason": [None, reason]})
    if row.state == "cancelled":
        emit(
            TransferCancelled(
                transfer_id=row.id,
                number=row.number,
                from_location_id=row.location_id,
                to_location_id=row.to_location_id,
            )
        )
    return paper


@at_end("location_id", "to_location_id")
def cancel_transfer(transfer_id: int) -> StockTransfer:
    """Give up a transfer of which nothing was sent. Refused for one that is on its way: call it back."""
    row, _lines = _transfer(transfer_id)
    if row.state != TRANSFER.start:
        raise Refused(_("%(number)s was sent already; call it back instead.", number=row.number))
    TRANSFER.move(row, "cancelled")
    row.ended_at = now()
    session.flush()
    emit(
        TransferCancelled(
            transfer_id=row.id,
            number=row.number,
            from_location_id=row.location_id,
            to_location_id=row.to_location_id,
        )
    )
    return row


def _transfer(transfer_id: int) -> tuple[StockTransfer, list[StockTransferLine]]:
    row = session.scalar(
        select(StockTransfer)
        .where(StockTransfer.id == transfer_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound(_("There is no such transfer."))
    lines = session.scalars(
        select(StockTransferLine)
        .where(StockTransferLine.transfer_id == row.id)
        .order_by(StockTransferLine.id)
        .execution_options(populate_existing=True)
    )
    return row, list(lines)


def _check_under_way(row: StockTransfer) -> None:
    if row.state not in {"shipped", "partly received"}:
        raise Refused(_("Nothing of %(number)s is on its way.", number=row.number))


def _lock(row: StockTransfer, lines: Iterable[StockTransferLine]) -> None:
    """All levels that a step touches, before the first changes."""
    places = (row.location_id, row.to_location_id)
    lock_levels([Movement(line.variant_id, place, ZERO) for line in lines for place in places])


def _bring(
    row: StockTransfer,
    quantities: Sequence[tuple[StockTransferLine, Decimal]],
    location_id: int,
    paper: StockDocument,
    reason: str,
) -> list[Moved]:
    """Move goods out of transit onto a location, each with its share of what they are worth."""
    movements = []
    for line, quantity in quantities:
        rest = line.in_transit
        worth = line.value_left if quantity == rest else round_to(line.value_left * quantity / rest, UNIT)
        line.value_left -= worth
        # What missing goods are of is not known; that the last to expire arrive last is a guess like any other.
        picks = picks_moved(PAPERS, _papers_of(row), line.variant_id, quantity)
        movements.append(Movement(line.variant_id, location_id, quantity, value=worth, lots=picks))
    arrived = move(movements, document_of(paper, "transit", reason))
    shift_column("in_transit", {(line.variant_id, row.to_location_id): -quantity for line, quantity in quantities})
    _post("transit", arrived, paper, row)
    correct_costs(arrived, paper, f"{paper.number} {row.number}")
    return arrived


def _papers_of(row: StockTransfer) -> Sequence[int]:
    return session.scalars(select(StockDocument.id).where(StockDocument.transfer_id == row.id)).all()


def _write_off(
    row: StockTransfer,
    coming: Sequence[tuple[StockTransferLine, Arrival]],
    arrived: Sequence[Moved],
    paper: StockDocument,
) -> None:
    """What never came leaves the books at what it was sent for."""
    lost = [
        Movement(
            line.variant_id,
            row.to_location_id,
            -arrival.missing,
            value=-round_to(one.value * arrival.missing / arrival.total, UNIT),
            lots=taken_from(
                [Pick(part.lot_id, part.quantity) for part in reversed(one.parts) if part.lot_id], arrival.missing
            ),
        )
        for (line, arrival), one in zip(coming, arrived, strict=True)
        if arrival.missing
    ]
    if lost:
        _post("adjustment", move(lost, document_of(paper, "adjustment", "lost in transit"), corrects=True), paper, row)


def _post(counterpart: str, moved: Sequence[Moved], paper: StockDocument, row: StockTransfer) -> None:
    post_stock(
        counterpart, moved, paper.kind, paper.id, f"{paper.number} {row.number}", paper.business_date, paper.occurred_at
    )
