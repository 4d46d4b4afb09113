"""Goods come in, and go from one location to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from flask_babel import gettext as _
from sqlalchemy import bindparam, update

from retail.catalog.models import Variant
from retail.core.audit import record
from retail.core.db import session, table_of
from retail.core.errors import Refused
from retail.core.events import emit
from retail.core.money import ZERO, round_to
from retail.core.tenancy import current_tenant_id
from retail.events.inventory import StockReceived, StockTransferred
from retail.inventory.models import StockDocument
from retail.inventory.services.ends import check_both_ends
from retail.inventory.services.ledger import UNIT, Moved, Movement, lock_levels, move, post_stock
from retail.inventory.services.lots import Numbers, Pick, picks_named
from retail.inventory.services.papers import check_goods, check_place, check_quantity, document_of, draw_up, paper_of


def receive(location_id: int, lines: Sequence[Movement], reference: str = "", *, key: str = "") -> StockDocument:
    """Take goods in from a supplier at their cost, post them to the books, and remember the cost.

    `reference` is what the supplier calls the delivery. With a `key` used before, nothing happens a second time: the
    paper of the first time is returned. Refused without lines, for a quantity of nothing and a cost below zero.
    """
    if paper := paper_of(key, location_id):
        return paper
    if not lines:
        raise Refused(_("Add at least one line to receive."), field="lines")
    for line in lines:
        check_quantity(line.quantity)
        if line.unit_cost is None or line.unit_cost < 0:
            raise Refused(_("Give the cost of what was received; it is not below zero."), field="lines")
    lines = [replace(line, location_id=location_id) for line in lines]
    check_goods(line.variant_id for line in lines)
    paper = draw_up("receipt", location_id, key, reference=reference)
    moved = move(lines, document_of(paper, "supplier", "received"))
    _remember_costs(lines)
    memo = f"{paper.number} {paper.reference}".strip()
    post_stock("supplier", moved, "receipt", paper.id, memo, paper.business_date, paper.occurred_at)
    correct_costs(moved, paper, memo)
    sum_up(paper, moved)
    record("receive", "stock_documents", paper.id, paper.number, {"lines": paper.lines, "value": str(paper.value)})
    emit(StockReceived(location_id=location_id, lines=len(lines), reference=paper.reference))
    return paper


def transfer(
    from_location_id: int,
    to_location_id: int,
    lines: Sequence[tuple[int, Decimal]],
    reference: str = "",
    *,
    key: str = "",
    numbers: Numbers | None = None,
) -> StockDocument:
    """Send goods (variant, quantity) from one location to another, at what they are worth where they leave.

    `numbers` names their lots or pieces; of those not named what expires first is taken.

    Both moves are in one transaction, so goods are never nowhere. The books do not change: stock stays stock. Refused
    when both locations are the same, and when the first may not go below nothing and would.
    """
    if from_location_id == to_location_id:
        raise Refused(_("Choose two different locations."), field="to_location")
    check_both_ends(from_location_id, to_location_id)
    if paper := paper_of(key, from_location_id):
        return paper
    check_place(to_location_id, "to_location")
    if not lines:
        raise Refused(_("Add at least one line to transfer."), field="lines")
    wanted: dict[int, Decimal] = {}
    for variant_id, quantity in lines:
        check_quantity(quantity)
        wanted[variant_id] = wanted.get(variant_id, ZERO) + quantity
    check_goods(wanted)
    paper = draw_up("transfer", from_location_id, key, to_location_id=to_location_id, reference=reference)
    document = document_of(paper, "transit", "transferred")
    leaving = [
        Movement(
            variant_id,
            from_location_id,
            -quantity,
            lots=picks_named(variant_id, (numbers or {}).get(variant_id, ()), quantity),
        )
        for variant_id, quantity in wanted.items()
    ]
    lock_levels([*leaving, *(replace(one, location_id=to_location_id) for one in leaving)])
    left = move(leaving, document)
    arrived = move(
        [
            replace(
                one.movement,
                location_id=to_location_id,
                quantity=-one.movement.quantity,
                value=-one.value,
                lots=tuple(Pick(part.lot_id, -part.quantity) for part in one.parts if part.lot_id is not None),
            )
            for one in left
        ],
        document,
    )
    correct_costs(arrived, paper, paper.number)
    sum_up(paper, arrived)
    record("transfer", "stock_documents", paper.id, paper.number, {"lines": paper.lines, "value": str(paper.value)})
    emit(
        StockTransferred(
            from_location_id=from_location_id, to_location_id=to_location_id, lines=len(lines), number=paper.number
        )
    )
    return paper


def _remember_costs(lines: Sequence[Movement]) -> None:
    """What was paid last is what goods cost until the next delivery."""
    table = table_of(Variant)
    session.connection().execute(
        update(table)
        .where(table.c.tenant_id == current_tenant_id(), table.c.id == bindparam("the_variant"))
        .values(cost=bindparam("new_cost", type_=table.c.cost.type)),
        [{"the_variant": line.variant_id, "new_cost": line.unit_cost} for line in lines],
    )


def sum_up(paper: StockDocument, moved: Sequence[Moved]) -> None:
    """Write on a paper how many lines it has, and what they come to."""
    paper.lines = sum(len(one.parts) for one in moved)
    paper.quantity = sum((one.movement.quantity for one in moved), ZERO)
    paper.value = sum((one.value for one in moved), ZERO)
    session.flush()


def correct_costs(moved: Sequence[Moved], paper: StockDocument, memo: str) -> None:
    """Put right what left before it came: goods sold below nothing were valued at an estimate, now their cost is known.

    What fills the hole goes at what the hole was valued, what lies above it at what came in; the difference is a move
    of no quantity against the stock adjustments. Without it a level of nothing could be worth something.
    """
    came: dict[tuple[int, int], list[Moved]] = {}
    for one in moved:
        came.setdefault((one.movement.variant_id, one.movement.location_id), []).append(one)
    corrections = []
    for (variant_id, location_id), parts in came.items():
        quantity = sum((one.movement.quantity for one in parts), ZERO)
        value = sum((one.value for one in parts), ZERO)
        after, worth = parts[-1].on_hand, parts[-1].worth
        before, was_worth = after - quantity, worth - value
        if before >= 0:
            continue
        right = was_worth * after / before if after < 0 else value * after / quantity
        if difference := round_to(right, UNIT) - worth:
            corrections.append(Movement(variant_id, location_id, ZERO, value=difference))
    if corrections:
        corrected = move(corrections, document_of(paper, "adjustment", "cost corrected"))
        post_stock("adjustment", corrected, paper.kind, paper.id, memo, paper.business_date, paper.occurred_at)
