"""The verbs of the stock ledger; the only writer of its tables.

Every change is a move, and every move changes its level in the same transaction. Levels are locked in the order of
variant and location, so two tills that sell the same goods cannot block each other. Cost is the moving average of the
level: goods leave at value ÷ on hand, the last one takes what value is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from flask_babel import gettext as _
from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from retail.catalog.models import Product, Variant
from retail.core.audit import current_actor
from retail.core.clock import now
from retail.core.db import session, table_of
from retail.core.errors import NotFound, Refused
from retail.core.money import AMOUNT_PLACES, ZERO, QuantityType, round_to
from retail.core.tenancy import current_tenant_id, insert_owned
from retail.finance import services as finance
from retail.finance.services import COUNTERPART_ACCOUNTS, Posting
from retail.inventory.models import HOLD, HOLD_KINDS, StockHold, StockLevel, StockMove, sellable_of
from retail.inventory.services.announcing import announce_changes, plain
from retail.inventory.services.lots import Moving, Named, Part, Pick, split
from retail.inventory.services.reckoning import forget_months_from
from retail.tenancy.models import Location
from retail.tenancy.queries import current_tenant

UNIT = Decimal(1).scaleb(-AMOUNT_PLACES)

Before = Mapping[tuple[int, int], tuple[Decimal, Decimal]]
"""What levels held and were worth before they were moved, by variant and location."""


@dataclass(frozen=True)
class Movement:
    """A quantity to be moved into (above zero) or out of (below zero) a location.

    `unit_cost` is what incoming goods cost, or `value` what all of them are worth (above zero), for goods that come
    back at what they left for. Outgoing goods leave at their average. `lots` are those they are of, where it is
    known; what comes in from a supplier is `named`.
    """

    variant_id: int
    location_id: int
    quantity: Decimal
    unit_cost: Decimal | None = None
    value: Decimal | None = None
    note: str = ""
    lots: tuple[Pick, ...] = ()
    named: tuple[Named, ...] = ()


@dataclass(frozen=True)
class Moved:
    """What a movement was worth, with the sign of its quantity, and the level it left: `on_hand`, and its `worth`;
    and its parts by lot, once it is written."""

    movement: Movement
    value: Decimal
    on_hand: Decimal
    worth: Decimal = ZERO
    tracking: str = "none"
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Document:
    """What goods are moved for: `source` and `source_id` name it, `counterpart` is where they come from or go to."""

    counterpart: str
    reason: str
    source: str
    source_id: int | None
    business_date: date
    occurred_at: datetime


def move(movements: Sequence[Movement], document: Document, *, corrects: bool = False) -> list[Moved]:
    """Write movements into the ledger and keep the levels; one result per movement, in the order given.

    Refused when a location that may not go below nothing would, or would sell what is held. Announces levels that run
    low or recover. With `corrects` only what is on hand counts: what is gone is gone, whoever it was kept for.
    """
    return write_moves(shift_levels(movements, corrects=corrects), document)


def shift_levels(movements: Sequence[Movement], *, corrects: bool = False) -> list[Moved]:
    """The first half of `move`, for a document that must know the cost of its goods before it is written: lock and
    change the levels. The caller must hand the result to `write_moves` in the same transaction."""
    if not movements:
        return []
    levels = lock_levels(movements)
    before = {key: (level.on_hand, level.value) for key, level in levels.items()}
    was = {key: level.sellable for key, level in levels.items()}
    leaving = {one.location_id for one in movements if one.quantity < 0}
    refusals = refusing_locations(leaving) if leaving else {}
    results: list[Moved] = []
    for one in movements:
        level = levels[one.variant_id, one.location_id]
        value = _value_of(one, level)
        level.on_hand += one.quantity
        level.value += value
        left = level.on_hand if corrects else level.sellable
        if one.quantity < 0 and left < 0 and one.location_id in refusals:
            left += ZERO if corrects else _outlived(one)
            if left < 0:
                held = ZERO if corrects else level.on_hand - level.sellable
                message = _short_of(one.variant_id, max(left - one.quantity, ZERO), refusals[one.location_id], held)
                raise Refused(message, field="lines")
        results.append(Moved(one, value, level.on_hand, level.value, level.tracking))
    _keep_levels(levels, before)
    announce_changes(levels, was)
    return results


def _outlived(one: Movement) -> Decimal:
    """What is still held where these goods lie though its time is over: the next buyer may have it at once."""
    statement = select(func.sum(StockHold.left, type_=QuantityType)).where(
        StockHold.state == HOLD.start,
        StockHold.expires_at <= now(),
        StockHold.variant_id == one.variant_id,
        StockHold.location_id == one.location_id,
    )
    return session.scalar(statement) or ZERO


def _short_of(variant_id: int, left: Decimal, where: str, held: Decimal = ZERO) -> str:
    name = session.scalar(select(Variant.name).where(Variant.id == variant_id))
    if held:
        return str(
            _(
                "Only %(left)s of %(what)s can be sold at %(where)s; %(held)s more are reserved or set aside.",
                left=plain(left),
                what=name,
                where=where,
                held=plain(held),
            )
        )
    if not left:
        return str(_("None of %(what)s left at %(where)s.", what=name, where=where))
    return str(_("Only %(left)s of %(what)s left at %(where)s.", left=plain(left), what=name, where=where))


def write_moves(moved: Sequence[Moved], document: Document) -> list[Moved]:
    """The second half of `move`: the ledger's rows, one for each lot. Returns what moved with its parts."""
    if document.business_date < current_tenant().today():
        forget_months_from(document.business_date)
    user_id = current_actor().user_id
    moved = [replace(one, parts=tuple(_parts_of(one, document))) for one in moved]
    insert_owned(
        StockMove,
        [
            {
                "variant_id": done.movement.variant_id,
                "location_id": done.movement.location_id,
                "lot_id": part.lot_id,
                "counterpart": document.counterpart,
                "quantity": part.quantity,
                "value": part.value,
                "reason": document.reason,
                "source": document.source,
                "source_id": document.source_id,
                "note": done.movement.note,
                "business_date": document.business_date,
                "occurred_at": document.occurred_at,
                "user_id": user_id,
            }
            for done in moved
            for part in done.parts
        ],
    )
    return moved


def _parts_of(one: Moved, document: Document) -> list[Part]:
    if one.tracking == "none":
        return [Part(None, one.movement.quantity, one.value)]
    moving = Moving(
        one.movement.variant_id,
        one.movement.location_id,
        one.movement.quantity,
        one.value,
        one.on_hand - one.movement.quantity,
        one.tracking,
        document.counterpart == "customer" and one.movement.quantity < 0,
        document.business_date,
        document.occurred_at,
    )
    return split(moving, one.movement.lots, one.movement.named)


@dataclass
class Level:
    """A level as it is being changed; plain values, because a sale changes many and the ORM would track each."""

    on_hand: Decimal
    value: Decimal
    reserved: Decimal
    committed: Decimal
    damaged: Decimal
    quality_control: Decimal
    safety_stock: Decimal
    reorder_point: Decimal | None
    cost: Decimal
    tracking: str

    @property
    def sellable(self) -> Decimal:
        """See `StockLevel.sellable`."""
        found: Decimal = sellable_of(self)
        return found

    @property
    def available(self) -> Decimal:
        """See `StockLevel.available`."""
        return self.sellable - self.safety_stock


def lock_levels(movements: Sequence[Movement]) -> dict[tuple[int, int], Level]:
    """The levels concerned, locked in a fixed order; those that do not exist yet are made.

    For a document that moves goods in two steps: it locks all it will touch before the first.
    """
    wanted = sorted({(one.variant_id, one.location_id) for one in movements})
    found = _read_levels(wanted)
    missing = [key for key in wanted if key not in found]
    if missing:
        known = set(session.scalars(select(Variant.id).where(Variant.id.in_([key[0] for key in missing]))))
        if lost := [key for key in missing if key[0] not in known]:
            raise NotFound(_("There is no product variant %(id)s.", id=lost[0][0]), field="lines")
        _open_levels(missing)
        found = _read_levels(wanted)
    return found


def _open_levels(keys: Sequence[tuple[int, int]]) -> None:
    """Make levels of nothing; another till that makes the same at this moment is waited for, and its row is taken."""
    table, tenant_id = table_of(StockLevel), current_tenant_id()
    connection = session.connection()
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    rows = [
        {"tenant_id": tenant_id, "variant_id": key[0], "location_id": key[1], "on_hand": ZERO, "value": ZERO}
        for key in keys
    ]
    connection.execute(insert(table).on_conflict_do_nothing(), rows)


_LEVELS = (
    select(
        StockLevel.variant_id,
        StockLevel.location_id,
        StockLevel.on_hand,
        StockLevel.value,
        StockLevel.reserved,
        StockLevel.committed,
        StockLevel.damaged,
        StockLevel.quality_control,
        StockLevel.safety_stock,
        StockLevel.reorder_point,
        Variant.cost,
        Product.tracking,
    )
    .join(Variant, Variant.id == StockLevel.variant_id)
    .join(Product, Product.id == Variant.product_id)
    .where(
        StockLevel.variant_id.in_(bindparam("variants", expanding=True)),
        StockLevel.location_id.in_(bindparam("locations", expanding=True)),
    )
    .order_by(StockLevel.variant_id, StockLevel.location_id)
    .with_for_update(of=StockLevel)
)
_REFUSING = select(Location.id, Location.name).where(
    Location.id.in_(bindparam("locations", expanding=True)), Location.allows_negative_stock.is_(False)
)


def _read_levels(wanted: Sequence[tuple[int, int]]) -> dict[tuple[int, int], Level]:
    rows = session.execute(
        _LEVELS,
        {"variants": sorted({key[0] for key in wanted}), "locations": sorted({key[1] for key in wanted})},
    )
    return {
        (row.variant_id, row.location_id): Level(
            row.on_hand,
            row.value,
            row.reserved,
            row.committed,
            row.damaged,
            row.quality_control,
            row.safety_stock,
            row.reorder_point,
            row.cost or ZERO,
            row.tracking,
        )
        for row in rows
    }


def _value_of(one: Movement, level: Level) -> Decimal:
    if one.value is not None:
        return one.value
    if one.unit_cost is not None:
        return round_to(one.quantity * one.unit_cost, UNIT)
    if one.quantity == -level.on_hand:
        return -level.value
    if level.on_hand < 0 < one.quantity:
        return _value_of_filling(one.quantity, level)
    if level.on_hand > 0 and level.value > 0:
        return round_to(one.quantity * level.value / level.on_hand, UNIT)
    return round_to(one.quantity * level.cost, UNIT)


def _value_of_filling(quantity: Decimal, level: Level) -> Decimal:
    """What goods add that are found where fewer than none were: the hole at what it was valued, the rest at cost."""
    after = level.on_hand + quantity
    left = level.value * after / level.on_hand if after < 0 else after * level.cost
    return round_to(left, UNIT) - level.value


def refusing_locations(location_ids: Iterable[int]) -> dict[int, str]:
    """The names of those of these locations that may not go below nothing."""
    rows = session.execute(_REFUSING, {"locations": sorted(set(location_ids))})
    return {row.id: row.name for row in rows}


_TABLE = table_of(StockLevel)
_KEEP = update(_TABLE).where(
    _TABLE.c.tenant_id == bindparam("of_tenant"),
    _TABLE.c.variant_id == bindparam("of_variant"),
    _TABLE.c.location_id == bindparam("of_location"),
)


def _keep_levels(levels: Mapping[tuple[int, int], Level], before: Before) -> None:
    tenant_id = current_tenant_id()
    changed = [
        {
            "of_tenant": tenant_id,
            "of_variant": key[0],
            "of_location": key[1],
            "on_hand": level.on_hand,
            "value": level.value,
        }
        for key, level in levels.items()
        if (level.on_hand, level.value) != before[key]
    ]
    if changed:
        session.connection().execute(_KEEP, changed)


def keep_holds(levels: Mapping[tuple[int, int], Level]) -> None:
    """Write the holds of these levels, by kind, as they now are."""
    if levels:
        session.connection().execute(
            _KEEP,
            [
                {
                    "of_tenant": current_tenant_id(),
                    "of_variant": key[0],
                    "of_location": key[1],
                    **{kind: getattr(level, kind) for kind in HOLD_KINDS},
                }
                for key, level in levels.items()
            ],
        )


def post_stock(
    counterpart: str,
    moved: Sequence[Moved],
    source: str,
    source_id: int,
    memo: str,
    business_date: date,
    posted_at: datetime | None = None,
) -> None:
    """Post what movements were worth, so that the stock account always equals the worth of the levels. `posted_at` is
    when they moved: so the books agree with the ledger at every instant of the past."""
    value = sum((one.value for one in moved), ZERO)
    finance.post(
        Posting(
            source,
            source_id,
            memo,
            business_date,
            {"1200": value, COUNTERPART_ACCOUNTS[counterpart]: -value},
            posted_at,
        )
    )
