"""The verbs of the stock ledger; the only writer of its tables.

Every change is a move, and every move changes its level in the same transaction. Levels are locked in the order of
variant and location, so two tills that sell the same goods cannot block each other. Cost is the moving average of the
level: goods leave at value ÷ on hand, the last one takes what value is left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from flask_babel import gettext as _
from sqlalchemy import insert, select, update

from retail.catalog.models import Variant
from retail.core.audit import current_actor, record
from retail.core.clock import now
from retail.core.db import session, table_of
from retail.core.errors import NotFound, Refused
from retail.core.events import emit
from retail.core.money import AMOUNT_PLACES, ZERO, round_to
from retail.core.tenancy import current_tenant_id, insert_owned
from retail.events.inventory import StockAdjusted, StockRanLow, StockReceived, StockReplenished
from retail.finance import services as finance
from retail.finance.services import COUNTERPART_ACCOUNTS, Posting
from retail.inventory.models import StockLevel, StockMove
from retail.tenancy.models import Location
from retail.tenancy.queries import current_tenant

UNIT = Decimal(1).scaleb(-AMOUNT_PLACES)
REASONS = ("found", "lost", "damaged", "stolen", "expired", "own use", "correction")
"""Why a level is adjusted; what leaves for one of SCRAP_REASONS is scrapped."""
SCRAP_REASONS = frozenset({"damaged", "expired"})


@dataclass(frozen=True)
class Movement:
    """A quantity to be moved into (above zero) or out of (below zero) a location.

    `unit_cost` is what incoming goods cost, or `value` what all of them are worth (above zero), for goods that come
    back at what they left for. Outgoing goods leave at their average.
    """

    variant_id: int
    location_id: int
    quantity: Decimal
    unit_cost: Decimal | None = None
    value: Decimal | None = None
    note: str = ""


@dataclass(frozen=True)
class Moved:
    """What a movement was worth; `value` has the sign of the quantity."""

    movement: Movement
    value: Decimal
    on_hand: Decimal


@dataclass(frozen=True)
class Document:
    """What goods are moved for: `source` and `source_id` name it, `counterpart` is where they come from or go to."""

    counterpart: str
    reason: str
    source: str
    source_id: int | None
    business_date: date
    occurred_at: datetime


def move(movements: Sequence[Movement], document: Document) -> list[Moved]:
    """Write movements into the ledger and keep the levels; one result per movement, in the order given.

    Refused when a location that may not go below nothing would. Announces levels that run low or recover.
    """
    moved = shift_levels(movements)
    write_moves(moved, document)
    return moved


def shift_levels(movements: Sequence[Movement]) -> list[Moved]:
    """The first half of `move`, for a document that must know the cost of its goods before it is written: lock and
    change the levels. The caller must hand the result to `write_moves` in the same transaction."""
    if not movements:
        return []
    levels = _locked_levels(movements)
    before = {key: level.on_hand for key, level in levels.items()}
    refusals = _locations_that_refuse(movements)
    results: list[Moved] = []
    for one in movements:
        level = levels[one.variant_id, one.location_id]
        value = _value_of(one, level)
        level.on_hand += one.quantity
        level.value += value
        if one.quantity < 0 and level.on_hand < 0 and one.location_id in refusals:
            name = session.scalar(select(Variant.name).where(Variant.id == one.variant_id))
            raise Refused(
                _(
                    "Only %(left)s of %(what)s left at %(where)s.",
                    left=f"{max(level.on_hand - one.quantity, ZERO).normalize():f}",
                    what=name,
                    where=refusals[one.location_id],
                ),
                field="lines",
            )
        results.append(Moved(one, value, level.on_hand))
    _keep_levels(levels, before)
    _announce(levels, before)
    return results


def write_moves(moved: Sequence[Moved], document: Document) -> None:
    """The second half of `move`: the ledger's rows."""
    user_id = current_actor().user_id
    insert_owned(
        StockMove,
        [
            {
                "variant_id": done.movement.variant_id,
                "location_id": done.movement.location_id,
                "counterpart": document.counterpart,
                "quantity": done.movement.quantity,
                "value": done.value,
                "reason": document.reason,
                "source": document.source,
                "source_id": document.source_id,
                "note": done.movement.note,
                "business_date": document.business_date,
                "occurred_at": document.occurred_at,
                "user_id": user_id,
            }
            for done in moved
        ],
    )


@dataclass
class _Level:
    """A level as it is being changed; plain values, because a sale changes many and the ORM would track each."""

    on_hand: Decimal
    value: Decimal
    reorder_point: Decimal | None
    cost: Decimal


def _locked_levels(movements: Sequence[Movement]) -> dict[tuple[int, int], _Level]:
    """The levels concerned, locked in a fixed order; those that do not exist yet are made."""
    wanted = sorted({(one.variant_id, one.location_id) for one in movements})
    found = _read_levels(wanted)
    missing = [key for key in wanted if key not in found]
    if missing:
        known = set(session.scalars(select(Variant.id).where(Variant.id.in_([key[0] for key in missing]))))
        if lost := [key for key in missing if key[0] not in known]:
            raise NotFound(_("There is no product variant %(id)s.", id=lost[0][0]), field="lines")
        insert_owned(
            StockLevel,
            [{"variant_id": key[0], "location_id": key[1], "on_hand": ZERO, "value": ZERO} for key in missing],
        )
        found = _read_levels(wanted)
    return found


def _read_levels(wanted: Sequence[tuple[int, int]]) -> dict[tuple[int, int], _Level]:
    rows = session.execute(
        select(
            StockLevel.variant_id,
            StockLevel.location_id,
            StockLevel.on_hand,
            StockLevel.value,
            StockLevel.reorder_point,
            Variant.cost,
        )
        .join(Variant, Variant.id == StockLevel.variant_id)
        .where(
            StockLevel.variant_id.in_({key[0] for key in wanted}),
            StockLevel.location_id.in_({key[1] for key in wanted}),
        )
        .order_by(StockLevel.variant_id, StockLevel.location_id)
        .with_for_update(of=StockLevel)
    )
    return {
        (row.variant_id, row.location_id): _Level(row.on_hand, row.value, row.reorder_point, row.cost or ZERO)
        for row in rows
    }


def _value_of(one: Movement, level: _Level) -> Decimal:
    if one.value is not None:
        return one.value
    if one.unit_cost is not None:
        return round_to(one.quantity * one.unit_cost, UNIT)
    if one.quantity == -level.on_hand:
        return -level.value
    if level.on_hand > 0 and level.value > 0:
        return round_to(one.quantity * level.value / level.on_hand, UNIT)
    return round_to(one.quantity * level.cost, UNIT)


def _locations_that_refuse(movements: Sequence[Movement]) -> dict[int, str]:
    """The names of those locations concerned that may not go below nothing."""
    if all(one.quantity > 0 for one in movements):
        return {}
    rows = session.execute(
        select(Location.id, Location.name).where(
            Location.id.in_({one.location_id for one in movements}), Location.allows_negative_stock.is_(False)
        )
    )
    return {row.id: row.name for row in rows}


def _keep_levels(levels: Mapping[tuple[int, int], _Level], before: Mapping[tuple[int, int], Decimal]) -> None:
    table = table_of(StockLevel)
    connection = session.connection()
    tenant_id = current_tenant_id()
    for (variant_id, location_id), level in levels.items():
        if level.on_hand != before[variant_id, location_id]:
            connection.execute(
                update(table)
                .where(
                    table.c.tenant_id == tenant_id,
                    table.c.variant_id == variant_id,
                    table.c.location_id == location_id,
                )
                .values(on_hand=level.on_hand, value=level.value)
            )


def _announce(levels: Mapping[tuple[int, int], _Level], before: Mapping[tuple[int, int], Decimal]) -> None:
    for (variant_id, location_id), level in levels.items():
        point, was = level.reorder_point, before[variant_id, location_id]
        if point is None:
            continue
        if level.on_hand <= point < was:
            variant = session.execute(select(Variant.sku, Variant.name).where(Variant.id == variant_id)).one()
            emit(
                StockRanLow(
                    variant_id=variant_id,
                    location_id=location_id,
                    sku=variant.sku,
                    name=variant.name,
                    on_hand=f"{level.on_hand.normalize():f}",
                    reorder_point=f"{point.normalize():f}",
                )
            )
        elif was <= point < level.on_hand:
            emit(StockReplenished(variant_id=variant_id, location_id=location_id))


def receive(location_id: int, lines: Sequence[Movement], reference: str = "") -> None:
    """Take goods in from a supplier at their cost, post them to the books, and remember the cost."""
    if not lines:
        raise Refused(_("Add at least one line to receive."), field="lines")
    for line in lines:
        if line.quantity <= 0:
            raise Refused(_("A received quantity must be more than nothing."), field="lines")
        if line.unit_cost is None or line.unit_cost < 0:
            raise Refused(_("Give the cost of what was received; nothing is below zero."), field="lines")
    today, instant = current_tenant().today(), now()
    _check_location(location_id)
    moved = move(lines, Document("supplier", "received", "receipt", None, today, instant))
    for line in lines:
        session.execute(
            update(Variant).where(Variant.id == line.variant_id).values(cost=line.unit_cost),
            execution_options={"synchronize_session": False},
        )
    post_stock("supplier", moved, "receipt", moved[0].movement.variant_id, reference or _("Goods received"), today)
    record(
        "receive",
        "stock_levels",
        None,
        reference,
        {"lines": len(lines), "value": str(sum((one.value for one in moved), ZERO))},
    )
    emit(StockReceived(location_id=location_id, lines=len(lines), reference=reference))


def adjust(location_id: int, variant_id: int, quantity: Decimal, reason: str, note: str = "") -> Decimal:
    """Correct a level by `quantity`, with a reason; returns what is on hand afterwards."""
    if not quantity:
        raise Refused(_("An adjustment of nothing changes nothing; give a quantity."), field="quantity")
    if reason not in REASONS:
        raise Refused(_("Choose a reason for the adjustment."), field="reason")
    _check_location(location_id)
    today, instant = current_tenant().today(), now()
    counterpart = "scrap" if reason in SCRAP_REASONS and quantity < 0 else "adjustment"
    (moved,) = move(
        [Movement(variant_id, location_id, quantity, note=note)],
        Document(counterpart, reason, "adjustment", None, today, instant),
    )
    post_stock(counterpart, [moved], "adjustment", variant_id, f"{reason} {note}".strip(), today)
    record(
        "adjust",
        "stock_levels",
        variant_id,
        reason,
        {"quantity": [str(moved.on_hand - quantity), str(moved.on_hand)], "note": [None, note]},
    )
    emit(
        StockAdjusted(
            location_id=location_id, variant_id=variant_id, quantity=f"{quantity.normalize():f}", reason=reason
        )
    )
    return moved.on_hand


def post_stock(
    counterpart: str, moved: Sequence[Moved], source: str, source_id: int, memo: str, business_date: date
) -> None:
    """Post what movements were worth, so that the stock account always equals the worth of the levels."""
    value = sum((one.value for one in moved), ZERO)
    finance.post(
        Posting(source, source_id, memo, business_date, {"1200": value, COUNTERPART_ACCOUNTS[counterpart]: -value})
    )


def set_reorder_point(location_id: int, variant_id: int, point: Decimal | None) -> None:
    """At or below which quantity a variant is low at a location; None for never."""
    if point is not None and point < 0:
        raise Refused(_("A reorder point cannot be below zero."), field="reorder_point")
    _check_location(location_id)
    changed = session.execute(
        update(StockLevel)
        .where(StockLevel.variant_id == variant_id, StockLevel.location_id == location_id)
        .values(reorder_point=point)
        .returning(StockLevel.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if changed is None:
        session.execute(
            insert(table_of(StockLevel)),
            {
                "tenant_id": current_tenant_id(),
                "variant_id": variant_id,
                "location_id": location_id,
                "on_hand": ZERO,
                "value": ZERO,
                "reorder_point": point,
            },
            execution_options={"stamped": True},
        )
    record("update", "stock_levels", variant_id, "", {"reorder_point": [None, str(point)]})


def _check_location(location_id: int) -> None:
    if session.get(Location, location_id) is None:
        raise NotFound(_("There is no such location."), field="location")
