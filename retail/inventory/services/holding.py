"""What is on hand but not for sale to others: reserved, promised, damaged, to be looked at.

A hold is a row with an owner; the level's column of its kind is the sum of the active ones, kept under the level's
lock in the same transaction. So of two who want the last piece one is refused, whatever they do with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, and_, or_, select

from retail.catalog.models import Variant
from retail.core.audit import current_actor, record
from retail.core.clock import now
from retail.core.db import session
from retail.core.errors import NotFound, Refused
from retail.core.events import emit
from retail.core.money import ZERO
from retail.events.inventory import HoldEnded, StockHeld
from retail.inventory.models import HOLD, HOLD_KINDS, StockHold
from retail.inventory.services.announcing import announce_changes, plain
from retail.inventory.services.ledger import Level, Movement, keep_holds, lock_levels, refusing_locations
from retail.inventory.services.papers import check_goods, check_place, check_quantity

SET_ASIDE = ("damaged", "quality_control")
"""The kinds of holds that say something about the goods, not about who gets them."""
LONGEST_NOTE = 200
EXPIRED_AT_ONCE = 500
"""Reservations that one transaction of the expiry task lets go, so that tills wait for no longer than that takes."""


@dataclass(frozen=True)
class Owner:
    """What goods are held for: the kind of a document and its id, e.g. order 17; `label` is what people call it."""

    kind: str
    id: int | None
    label: str = ""


@dataclass(frozen=True)
class Want:
    """A quantity of a variant at a location that somebody wants kept."""

    variant_id: int
    location_id: int
    quantity: Decimal


def reserve(
    owner: Owner, wants: Sequence[Want], *, until: datetime | None = None, kind: str = "reserved"
) -> list[StockHold]:
    """Let an owner hold exactly these quantities, until an instant or until they are released or fulfilled.

    What the owner held of this kind before is let go in the same step, so asking twice holds once. `kind` is
    `reserved` for what somebody is about to buy, `committed` for what an order promises. Refused, and nothing
    changes, where a location that may not go below nothing has less available.
    """
    if kind in SET_ASIDE or kind not in HOLD_KINDS:
        raise ValueError(f"{kind} is not for an owner to reserve")
    for want in wants:
        check_quantity(want.quantity)
    check_goods(want.variant_id for want in wants)
    for location_id in {want.location_id for want in wants}:
        check_place(location_id)
    before = _active(
        or_(
            and_(StockHold.owner == owner.kind, StockHold.owner_id == owner.id, StockHold.kind == kind),
            *(_outlived(want) for want in wants),
        ),
        also={(want.variant_id, want.location_id) for want in wants},
    )
    return _change(before, "released", owner, wants, until, kind, "")


def release(owner: Owner) -> int:
    """Let go of all an owner still holds, because it was cancelled; returns how many holds that were."""
    holds = _active(StockHold.owner == owner.kind, StockHold.owner_id == owner.id)
    _change(holds, "released")
    return len(holds)


def fulfil(owner: Owner, quantities: Mapping[tuple[int, int], Decimal] | None = None) -> None:
    """The goods are about to leave for their owner: end the holds on them, by (variant, location); None for all.

    To be followed by `move` or `shift_levels` in the same transaction, which then finds them free. More than is held
    is no fault: an order may take what nobody kept for it.
    """
    holds = _active(StockHold.owner == owner.kind, StockHold.owner_id == owner.id)
    if quantities is None:
        _change(holds, "fulfilled")
        return
    levels = _locked([(one.variant_id, one.location_id) for one in holds])
    rest = dict(quantities)
    with _telling(levels):
        for one in holds:
            key = one.variant_id, one.location_id
            taken = min(one.left, rest.get(key, ZERO))
            if taken <= 0:
                continue
            rest[key] -= taken
            _take_off(one, levels[key], taken)
            if not one.left:
                _end(one, "fulfilled")
    session.flush()


def set_aside(
    location_id: int, variant_id: int, quantity: Decimal, kind: str, note: str = "", until: datetime | None = None
) -> StockHold:
    """Take goods out of what is sold without taking them out of stock: `damaged`, `quality_control`, or `reserved` for
    somebody who will come for them until an instant.

    Refused for more than there is to be had: what is promised to somebody must be released first.
    """
    if kind not in {*SET_ASIDE, "reserved"}:
        raise Refused(_("Choose reserved, damaged or quality control."), field="kind")
    if until is not None and until <= now():
        raise Refused(_("That is over already; choose a later day."), field="until")
    check_quantity(quantity)
    check_place(location_id)
    check_goods([variant_id])
    want = Want(variant_id, location_id, quantity)
    outlived = _active(_outlived(want), also={(variant_id, location_id)})
    (hold,) = _change(outlived, "expired", Owner("person", None), [want], until, kind, " ".join(note.split()))
    return hold


def hold_damaged(location_id: int, variant_id: int, quantity: Decimal, transfer_id: int, note: str) -> StockHold:
    """Set aside what has just arrived damaged with a transfer; only the one who booked it in calls this."""
    want = Want(variant_id, location_id, quantity)
    (hold,) = _change([], "released", Owner("transfer", transfer_id), [want], None, "damaged", " ".join(note.split()))
    return hold


def put_back(hold_id: int, quantity: Decimal | None = None) -> StockHold:
    """Let go of a hold, or of part of goods set aside: they may be sold again. NotFound when there is none, Refused
    for one that has ended."""
    hold = hold_numbered(hold_id)
    if quantity is None or quantity == hold.left:
        _change([hold], "released")
        return hold
    check_quantity(quantity)
    if quantity > hold.left:
        raise Refused(_("Only %(left)s are held.", left=plain(hold.left)), field="quantity")
    levels = _locked([(hold.variant_id, hold.location_id)])
    with _telling(levels):
        _take_off(hold, levels[hold.variant_id, hold.location_id], quantity)
    record("release", "stock_holds", hold.id, _label(hold), {"left": [plain(hold.left + quantity), plain(hold.left)]})
    return hold


def hold_numbered(hold_id: int) -> StockHold:
    """A hold that stands, with its level locked. NotFound when there is none, Refused for one that has ended."""
    hold = session.get(StockHold, hold_id)
    if hold is None:
        raise NotFound(_("There is no such reservation."))
    _locked([(hold.variant_id, hold.location_id)])
    session.refresh(hold)
    if hold.state != HOLD.start:
        raise Refused(_("This reservation has ended already."))
    return hold


def release_expired() -> int:
    """Let go of reservations whose time is over, so many at a time; returns how many. See `EXPIRED_AT_ONCE`."""
    due = _active(StockHold.expires_at <= now(), limit=EXPIRED_AT_ONCE)
    _change(due, "expired")
    return len(due)


def _outlived(want: Want) -> ColumnElement[bool]:
    """Holds whose time is over, on what is wanted: whoever comes first after that may have it."""
    return and_(
        StockHold.expires_at <= now(),
        StockHold.variant_id == want.variant_id,
        StockHold.location_id == want.location_id,
    )


def _active(*which: Any, also: Iterable[tuple[int, int]] = (), limit: int | None = None) -> list[StockHold]:
    """The active holds that are so, with their levels locked, and those of `also`; read again under the locks, until
    nothing came in between."""
    statement = select(StockHold).where(StockHold.state == HOLD.start, *which).order_by(StockHold.id).limit(limit)
    locked = set(also)
    _locked(locked)
    while True:
        found = session.scalars(statement.execution_options(populate_existing=True)).all()
        if (keys := {(one.variant_id, one.location_id) for one in found}) <= locked:
            return list(found)
        locked |= keys
        _locked(locked)


def _locked(keys: Iterable[tuple[int, int]]) -> dict[tuple[int, int], Level]:
    movements = [Movement(variant_id, location_id, ZERO) for variant_id, location_id in keys]
    return lock_levels(movements) if movements else {}


class _telling:  # noqa: N801  used as a block
    """Levels whose holds change in the block: written and announced at its end."""

    def __init__(self, levels: Mapping[tuple[int, int], Level]) -> None:
        self.levels = levels
        self.was = {key: level.sellable for key, level in levels.items()}

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if error is None:
            keep_holds(self.levels)
            announce_changes(self.levels, self.was)


def _take_off(hold: StockHold, level: Level, quantity: Decimal) -> None:
    hold.left -= quantity
    setattr(level, hold.kind, getattr(level, hold.kind) - quantity)


def _end(hold: StockHold, state: str) -> None:
    HOLD.move(hold, state)
    hold.ended_at = now()
    emit(
        HoldEnded(
            hold_id=hold.id,
            variant_id=hold.variant_id,
            location_id=hold.location_id,
            owner=hold.owner,
            owner_id=hold.owner_id,
            by=state,
        )
    )


def _change(
    ending: Sequence[StockHold],
    state: str,
    owner: Owner | None = None,
    wants: Sequence[Want] = (),
    until: datetime | None = None,
    kind: str = "reserved",
    note: str = "",
) -> list[StockHold]:
    """End holds and make others in one step, under the locks of all levels concerned."""
    keys = {(one.variant_id, one.location_id) for one in ending}
    keys |= {(one.variant_id, one.location_id) for one in wants}
    levels = _locked(keys)
    with _telling(levels):
        for hold in ending:
            _take_off(hold, levels[hold.variant_id, hold.location_id], hold.left)
            outlived = hold.expires_at is not None and hold.expires_at <= now()
            end = "expired" if outlived and state == "released" else state
            _end(hold, end)
            record(end, "stock_holds", hold.id, _label(hold))
        made = [_make(owner, want, levels, until, kind, note) for want in wants if owner is not None]
    session.flush()
    return made


def _make(
    owner: Owner,
    want: Want,
    levels: Mapping[tuple[int, int], Level],
    until: datetime | None,
    kind: str,
    note: str,
) -> StockHold:
    level = levels[want.variant_id, want.location_id]
    places = refusing_locations([want.location_id])
    # Over the counter safety stock is sold and breaks; it is only not promised.
    by_hand = owner.kind == "person"
    free = level.sellable if by_hand else level.available
    # What has arrived broken is broken, even where tills sold it before it came.
    if want.quantity > free and owner.kind != "transfer" and (want.location_id in places or by_hand):
        name = session.scalar(select(Variant.name).where(Variant.id == want.variant_id))
        left = plain(max(free, ZERO))
        raise Refused(_("Only %(left)s of %(what)s are available.", left=left, what=name), field="quantity")
    setattr(level, kind, getattr(level, kind) + want.quantity)
    hold = StockHold(
        kind=kind,
        variant_id=want.variant_id,
        location_id=want.location_id,
        owner=owner.kind,
        owner_id=owner.id,
        quantity=want.quantity,
        left=want.quantity,
        note=(note or owner.label)[:LONGEST_NOTE],
        created_at=now(),
        expires_at=until,
        user_id=current_actor().user_id,
    )
    session.add(hold)
    session.flush()
    record("hold", "stock_holds", hold.id, _label(hold), {"quantity": [None, plain(want.quantity)]})
    emit(
        StockHeld(
            hold_id=hold.id,
            variant_id=want.variant_id,
            location_id=want.location_id,
            hold_kind=kind,
            quantity=plain(want.quantity),
            owner=owner.kind,
            owner_id=owner.id,
        )
    )
    return hold


def _label(hold: StockHold) -> str:
    return " ".join(f"{hold.owner} {hold.owner_id or ''} {hold.note}".split())
