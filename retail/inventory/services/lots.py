"""Which lots and pieces a movement is of: those named, else those that expire first.

Called while the level concerned is locked, so two tills cannot take the same piece.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from flask_babel import gettext as _
from sqlalchemy import func, select

from retail.catalog.models import Product, Variant
from retail.core.db import session
from retail.core.errors import NotFound, Refused
from retail.core.money import AMOUNT_PLACES, ZERO, QuantityType, share_out
from retail.core.places import everywhere
from retail.inventory.models import StockLot, StockLotLevel, StockMove, StockPolicy
from retail.inventory.services.announcing import plain

UNIT = Decimal(1).scaleb(-AMOUNT_PLACES)
LONGEST_NUMBER = 60
SEPARATORS = re.compile(r"[\s,;]+")


@dataclass(frozen=True)
class Pick:
    """So much of a lot; of none (`lot_id` None) where goods were not told apart when they came."""

    lot_id: int | None
    quantity: Decimal


@dataclass(frozen=True)
class Named:
    """So much of a lot, or a piece of a serial number, as somebody named it."""

    number: str
    quantity: Decimal
    expires_on: date | None = None


Numbers = Mapping[int, Sequence[Named]]
"""The lots or pieces that somebody named, by variant."""


@dataclass(frozen=True)
class Part:
    """What of a movement concerns one lot, with the signs of the movement."""

    lot_id: int | None
    quantity: Decimal
    value: Decimal


@dataclass(frozen=True)
class Moving:
    """A movement as lots need to know it: `before` is what the level held."""

    variant_id: int
    location_id: int
    quantity: Decimal
    value: Decimal
    before: Decimal
    tracking: str
    selling: bool
    today: date
    occurred_at: datetime


def sells_expired() -> bool:
    """Whether expired goods may be sold; unless a business says so, they may not."""
    return bool(session.scalar(select(StockPolicy.sells_expired)))


def tracking_of(variant_ids: Collection[int]) -> dict[int, str]:
    """How the goods of those of these variants are told apart that are."""
    rows = session.execute(
        select(Variant.id, Product.tracking)
        .join(Product, Product.id == Variant.product_id)
        .where(Variant.id.in_(sorted(variant_ids)), Product.tracking != "none")
    )
    return {row.id: row.tracking for row in rows}


def split(moving: Moving, picks: Sequence[Pick], named: Sequence[Named]) -> list[Part]:
    """The parts of a movement by lot, having changed what lies of each. Refused for a lot of which not as much is here,
    for a piece that is somewhere already, for pieces that nobody named, and for expired goods that may not be sold."""
    if moving.tracking == "none" or not moving.quantity:
        return [Part(None, moving.quantity, moving.value)]
    wanted = abs(moving.quantity)
    if moving.quantity > 0:
        picks = _filling_the_hole(moving, [*_of_this_kind(moving, picks), *_name(moving, named)])
    elif not picks:
        picks = _first_to_expire(moving)
    elif moving.selling:
        _check_sellable(moving, [one.lot_id for one in picks if one.lot_id is not None])
    chosen = sum((one.quantity for one in picks), ZERO)
    if chosen > wanted:
        raise Refused(_("More lots and numbers are named than there are pieces."), field="lines")
    if chosen < wanted:
        picks = [*picks, Pick(None, wanted - chosen)]
    if moving.tracking == "serial" and any(one.lot_id is not None and one.quantity != 1 for one in picks):
        raise Refused(_("A serial number of %(name)s is of one piece.", name=_name_of(moving)), field="lines")
    sign = 1 if moving.quantity > 0 else -1
    for one in picks:
        if one.lot_id is not None:
            _shift(moving, one.lot_id, sign * one.quantity)
    worth = share_out(moving.value, [one.quantity for one in picks], UNIT)
    _keep_warranty(moving, [one.lot_id for one in picks if one.lot_id is not None])
    return [Part(one.lot_id, sign * one.quantity, value) for one, value in zip(picks, worth, strict=True)]


def _keep_warranty(moving: Moving, lot_ids: Sequence[int]) -> None:
    """A piece that is sold has its warranty from that day on; one that comes in has none."""
    if moving.tracking != "serial" or not lot_ids or not (moving.selling or moving.quantity > 0):
        return
    months = session.scalar(
        select(Product.warranty_months)
        .join(Variant, Variant.product_id == Product.id)
        .where(Variant.id == moving.variant_id)
    )
    until = after_months(moving.today, months) if moving.selling and months else None
    for lot in session.scalars(select(StockLot).where(StockLot.id.in_(lot_ids))):
        lot.warranty_until = until


def after_months(day: date, months: int) -> date:
    """The same day so many months later, or the last of a shorter month."""
    whole = day.month - 1 + months
    year, month = day.year + whole // 12, whole % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def _of_this_kind(moving: Moving, picks: Sequence[Pick]) -> Sequence[Pick]:
    """Of goods that come back, what is still told apart as when they left; the rest comes without a number."""
    wanted = [one.lot_id for one in picks if one.lot_id is not None]
    known = set(
        session.scalars(select(StockLot.id).where(StockLot.id.in_(wanted), StockLot.kind == moving.tracking))
        if wanted
        else ()
    )
    return [one for one in picks if one.lot_id in known]


def _filling_the_hole(moving: Moving, picks: Sequence[Pick]) -> Sequence[Pick]:
    """Of goods that come where more was sold than there was, that much has left already: no lot has it any more."""
    if moving.tracking != "lot" or moving.before >= 0:
        return picks
    left = max(moving.quantity + moving.before, ZERO)
    return taken_from(picks, left)


def _name(moving: Moving, named: Sequence[Named]) -> list[Pick]:
    """The lots that come in under these numbers; those not known yet are made."""
    picks: list[Pick] = []
    for one in sorted(named, key=lambda one: one.number):  # one order everywhere, so that nobody waits in a circle
        number = " ".join(one.number.split())
        if not number or len(number) > LONGEST_NUMBER:
            raise Refused(_("Give the number of the lot or piece, in at most 60 letters."), field="lines")
        if moving.tracking == "serial" and one.quantity != 1:
            raise Refused(_("Serial number %(number)s is of one piece.", number=number), field="lines")
        lot = session.scalar(
            select(StockLot)
            .where(StockLot.variant_id == moving.variant_id, StockLot.number == number)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
        if lot is not None and lot.kind != moving.tracking:
            raise Refused(
                _("Number %(number)s was given to goods told apart another way; give another.", number=number),
                field="lines",
            )
        if lot is None:
            lot = StockLot(
                variant_id=moving.variant_id,
                kind=moving.tracking,
                number=number,
                expires_on=one.expires_on,
                received_at=moving.occurred_at,
            )
            session.add(lot)
            session.flush()
        elif one.expires_on is not None and one.expires_on != lot.expires_on:
            if lot.expires_on is not None:
                raise Refused(
                    _("Lot %(number)s expires on %(day)s, as it says here.", number=number, day=lot.expires_on),
                    field="lines",
                )
            lot.expires_on = one.expires_on
        picks.append(Pick(lot.id, one.quantity))
    return picks


def _first_to_expire(moving: Moving) -> list[Pick]:
    """What leaves when nobody says of which lot: first what was there before lots were, then what expires first."""
    left, picks = -moving.quantity, []
    lots = session.execute(
        select(StockLotLevel.lot_id, StockLotLevel.on_hand, StockLot.expires_on, StockLot.number)
        .join(StockLot, StockLot.id == StockLotLevel.lot_id)
        .where(
            StockLotLevel.variant_id == moving.variant_id,
            StockLotLevel.location_id == moving.location_id,
            StockLotLevel.on_hand > 0,
        )
        .order_by(StockLot.expires_on.is_(None), StockLot.expires_on, StockLot.received_at, StockLot.id)
    ).all()
    unnamed = max(moving.before - sum((row.on_hand for row in lots), ZERO), ZERO)
    if taken := min(left, unnamed):
        picks.append(Pick(None, taken))
        left -= taken
    if left and moving.tracking == "serial":
        raise Refused(
            _("Scan the serial number of %(name)s; %(n)s of them are here.", name=_name_of(moving), n=len(lots)),
            field="lines",
        )
    expired = [row for row in lots if moving.selling and row.expires_on is not None and row.expires_on < moving.today]
    for row in [one for one in lots if one not in expired]:
        if taken := min(left, row.on_hand):
            picks.append(Pick(row.lot_id, taken))
            left -= taken
    if left and expired and not sells_expired():
        raise Refused(_said_expired(moving, expired[0].number, expired[0].expires_on), field="lines")
    for row in expired:
        if taken := min(left, row.on_hand):
            picks.append(Pick(row.lot_id, taken))
            left -= taken
    return picks


def _check_sellable(moving: Moving, lot_ids: Collection[int]) -> None:
    if sells_expired():
        return
    row = session.execute(
        select(StockLot.number, StockLot.expires_on)
        .where(StockLot.id.in_(lot_ids), StockLot.expires_on < moving.today)
        .limit(1)
    ).one_or_none()
    if row is not None:
        raise Refused(_said_expired(moving, row.number, row.expires_on), field="lines")


def _said_expired(moving: Moving, number: str, day: date) -> str:
    return str(
        _(
            "%(name)s of lot %(number)s expired on %(day)s and is not sold; take it off the shelf and scrap it.",
            name=_name_of(moving),
            number=number,
            day=day.isoformat(),
        )
    )


def _name_of(moving: Moving) -> str:
    return session.scalar(select(Variant.name).where(Variant.id == moving.variant_id)) or ""


def _shift(moving: Moving, lot_id: int, quantity: Decimal) -> None:
    """Change what lies of a lot at the location of a movement."""
    level = session.scalar(
        select(StockLotLevel)
        .where(StockLotLevel.lot_id == lot_id, StockLotLevel.location_id == moving.location_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    there = level.on_hand if level is not None else ZERO
    if there + quantity < 0:
        number = session.scalar(select(StockLot.number).where(StockLot.id == lot_id))
        raise Refused(
            _(
                "Only %(left)s of %(name)s, number %(number)s, are here.",
                left=plain(there),
                name=_name_of(moving),
                number=number,
            ),
            field="lines",
        )
    if moving.tracking == "serial" and quantity > 0:
        session.execute(select(StockLot.id).where(StockLot.id == lot_id).with_for_update(key_share=True))
        with everywhere():
            anywhere = session.scalar(
                select(func.sum(StockLotLevel.on_hand, type_=QuantityType)).where(StockLotLevel.lot_id == lot_id)
            )
        if anywhere:
            number = session.scalar(select(StockLot.number).where(StockLot.id == lot_id))
            raise Refused(_("Serial number %(number)s is in stock already.", number=number), field="lines")
    if level is None:
        level = StockLotLevel(lot_id=lot_id, variant_id=moving.variant_id, location_id=moving.location_id, on_hand=ZERO)
        session.add(level)
    level.on_hand = there + quantity
    session.flush()


def picks_named(variant_id: int, named: Sequence[Named], quantity: Decimal) -> tuple[Pick, ...]:
    """The lots or pieces that somebody named for so many; none named, none picked. NotFound for a number that nothing
    of this variant has, Refused where they are named for more or fewer than there are."""
    if not named:
        return ()
    for number, times in Counter(one.number for one in named).items():
        if times > 1:
            raise Refused(_("Number %(number)s is named twice.", number=number), field="lines")
    total = sum((one.quantity for one in named), ZERO)
    if total != quantity:
        raise Refused(
            _("Numbers are given for %(n)s pieces, not for %(all)s.", n=plain(total), all=plain(quantity)),
            field="lines",
        )
    return tuple(Pick(_lot_called(variant_id, one.number), one.quantity) for one in named)


def numbers_in(text: str) -> list[str]:
    """The serial numbers in a text, one after the other."""
    return [one for one in SEPARATORS.split(text) if one]


def named_in(tracking: str, text: str, quantity: Decimal, expires: str = "") -> tuple[Named, ...]:
    """The lot, or the pieces, that were typed for so many. Refused unless each piece has its serial number, and for a
    day that is none."""
    try:
        day = date.fromisoformat(expires) if expires.strip() else None
    except ValueError:
        raise Refused(_("“%(text)s” is no day.", text=expires), field="lines") from None
    if tracking == "serial":
        numbers = numbers_in(text)
        if len(set(numbers)) != len(numbers) or (numbers and len(numbers) != quantity):
            given = len(set(numbers))
            said = _("%(n)s different serial numbers are given; there must be one for each piece.", n=given)
            raise Refused(said, field="lines")
        return tuple(Named(number, Decimal(1), day) for number in numbers)
    number = " ".join(text.split())
    return (Named(number, quantity, day),) if number and tracking == "lot" else ()


def _lot_called(variant_id: int, number: str) -> int:
    lot_id = session.scalar(select(StockLot.id).where(StockLot.variant_id == variant_id, StockLot.number == number))
    if lot_id is None:
        raise NotFound(_("No lot or piece has the number %(number)s.", number=number), field="lines")
    return lot_id


def picks_moved(
    sources: Sequence[str], source_ids: Collection[int], variant_id: int, quantity: Decimal
) -> tuple[Pick, ...]:
    """Of which lots the goods of a transfer's papers are that are still on their way: what left for them less what
    came, the last to expire first; as much as `quantity` of them. What came and was written off is not on its way."""
    rows = session.execute(
        select(StockMove.lot_id, func.sum(-StockMove.quantity, type_=QuantityType).label("out"))
        .join(StockLot, StockLot.id == StockMove.lot_id)
        .where(
            StockMove.source.in_(sources),
            StockMove.source_id.in_(sorted(source_ids)),
            StockMove.variant_id == variant_id,
            StockMove.counterpart == "transit",
        )
        .group_by(StockMove.lot_id, StockLot.expires_on)
        .having(func.sum(StockMove.quantity) < 0)
        .order_by(StockLot.expires_on.is_(None).desc(), StockLot.expires_on.desc(), StockMove.lot_id)
    )
    return taken_from([Pick(row.lot_id, row.out) for row in rows], quantity)


def taken_from(picks: Sequence[Pick], quantity: Decimal) -> tuple[Pick, ...]:
    """The first of these picks that make up a quantity."""
    found, left = [], quantity
    for one in picks:
        if taken := min(left, one.quantity):
            found.append(Pick(one.lot_id, taken))
            left -= taken
    return tuple(found)
