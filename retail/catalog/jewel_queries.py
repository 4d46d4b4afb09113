"""Reads of jewelry: the board of rates, what pieces cost now, and prices that were promised."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from flask_babel import format_datetime
from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from retail.catalog.jewel_models import HOURS_OF_A_LOCK, HOURS_OF_A_RATE, Jewel, MetalRate, PriceLock, Purity, RateRule
from retail.catalog.jewel_pricing import DayRate, Piece, Working, in_words, work_out
from retail.catalog.models import Variant
from retail.core.clock import now
from retail.core.db import among, session
from retail.core.errors import NotFound, Refused
from retail.core.files import StoredFile


@dataclass(frozen=True)
class Rules:
    """After how many hours a rate is too old, and for how many a price can be locked."""

    rate_hours: int = HOURS_OF_A_RATE
    lock_hours: int = HOURS_OF_A_LOCK


@dataclass(frozen=True)
class BoardLine:
    """A purity with the rate that holds now, who set it, and whether it is too old to sell at."""

    purity: Purity
    rate: MetalRate | None
    pieces: int
    is_old: bool


def rules() -> Rules:
    """The shop's rules about rates."""
    row = session.scalar(select(RateRule))
    return Rules() if row is None else Rules(row.rate_hours, row.lock_hours)


def has_metals() -> bool:
    """Whether the shop trades any metal."""
    return session.scalar(select(Purity.id).limit(1)) is not None


def purities() -> Sequence[Purity]:
    """The purities the shop trades in, the finest of each metal first."""
    return session.scalars(select(Purity).order_by(Purity.metal, Purity.fineness.desc(), Purity.id)).all()


def rates_at(purity_ids: Collection[int], instant: datetime) -> dict[int, MetalRate]:
    """The rate of each purity that held at an instant, where there was one."""
    other = aliased(MetalRate)
    latest = (
        select(other.id)
        .where(other.purity_id == MetalRate.purity_id, other.valid_from <= instant)
        .order_by(other.valid_from.desc(), other.id.desc())
        .limit(1)
        .correlate(MetalRate)
        .scalar_subquery()
    )
    rows = session.scalars(
        select(MetalRate).where(among(MetalRate.purity_id, sorted(purity_ids)), MetalRate.id == latest)
    )
    return {one.purity_id: one for one in rows}


def board() -> list[BoardLine]:
    """The board of the morning: every purity with its present rate."""
    every, instant = purities(), now()
    if not every:
        return []
    held = rates_at([one.id for one in every], instant)
    rows = session.execute(select(Jewel.purity_id, func.count().label("pieces")).group_by(Jewel.purity_id))
    counts = {row.purity_id: row.pieces for row in rows}
    oldest = instant - timedelta(hours=rules().rate_hours)
    return [
        BoardLine(one, rate, counts.get(one.id, 0), rate is None or rate.valid_from < oldest)
        for one in every
        for rate in [held.get(one.id)]
    ]


def piece_of(jewel: Jewel) -> Piece:
    """A piece as it is reckoned with."""
    return Piece(
        jewel.net_weight,
        jewel.making_kind,
        jewel.making,
        jewel.wastage_kind,
        jewel.wastage,
        jewel.stones_worth,
        jewel.other_charges,
    )


def workings(variant_ids: Collection[int], currency: str, *, strict: bool = False) -> dict[int, Working]:
    """What those of these variants that are jewelry cost at the rates of now. A piece whose metal has no rate is left
    out; `strict`, for selling: Refused, naming the metal, where there is none or it is older than the shop allows."""
    jewels = session.execute(
        select(Jewel, Purity).join(Purity, Purity.id == Jewel.purity_id).where(among(Jewel.variant_id, variant_ids))
    ).all()
    if not jewels:
        return {}
    instant = now()
    held = rates_at({purity.id for _jewel, purity in jewels}, instant)
    oldest = instant - timedelta(hours=rules().rate_hours) if strict else None
    found: dict[int, Working] = {}
    for jewel, purity in jewels:
        rate = held.get(purity.id)
        if oldest is not None and (rate is None or rate.valid_from < oldest):
            raise Refused(_stale(purity, rate), field="lines")
        if rate is not None:
            day = DayRate(purity.words, rate.rate, rate.valid_from)
            found[jewel.variant_id] = work_out(piece_of(jewel), day, currency)
    return found


def priced_now(variant_ids: Collection[int], currency: str) -> dict[int, tuple[Decimal, dict[str, Any]]]:
    """For selling: what those of these variants that are jewelry cost now, and the working as it is frozen. Refused as
    `workings` does when strict."""
    found = workings(variant_ids, currency, strict=True)
    return {variant_id: (one.price, one.stored()) for variant_id, one in found.items()}


def words_of(working: Mapping[str, Any] | None, currency: str) -> list[tuple[str, str]]:
    """A frozen working as it is read: what each part is, and its amount; nothing of none."""
    return in_words(working, currency) if working else []


def _stale(purity: Purity, rate: MetalRate | None) -> str:
    if rate is None:
        return str(_("%(metal)s has no rate yet. Set today's under Products, Metal rates.", metal=purity.words))
    since = format_datetime(rate.valid_from, "short")
    return str(
        _(
            "The rate of %(metal)s is from %(since)s, too old to sell at. Set today's under Products, Metal rates.",
            metal=purity.words,
            since=since,
        )
    )


def jewel_of(variant_id: int) -> Jewel | None:
    """What a variant is as a piece of jewelry, if it is one."""
    return session.scalar(select(Jewel).where(Jewel.variant_id == variant_id))


def jewels_of(product_id: int) -> dict[int, tuple[Jewel, Purity]]:
    """The pieces among a product's variants, with their purities."""
    rows = session.execute(
        select(Jewel, Purity)
        .join(Variant, Variant.id == Jewel.variant_id)
        .join(Purity, Purity.id == Jewel.purity_id)
        .where(Variant.product_id == product_id)
        .order_by(Variant.position, Variant.id)
    )
    return {jewel.variant_id: (jewel, purity) for jewel, purity in rows}


def open_locks(variant_ids: Collection[int]) -> Sequence[PriceLock]:
    """The promised prices of variants that still stand, the latest first."""
    return session.scalars(
        select(PriceLock)
        .where(among(PriceLock.variant_id, variant_ids), PriceLock.sold_at.is_(None), PriceLock.valid_until > now())
        .order_by(PriceLock.id.desc())
    ).all()


def lock_numbered(number: str) -> PriceLock | None:
    """A promised price by its number, in whatever case; None when there is none."""
    plain = number.strip().upper()
    if not plain.startswith("Q-"):
        return None
    return session.scalar(select(PriceLock).where(PriceLock.number == plain))


def standing_lock(number: str, variant_id: int) -> PriceLock:
    """The promised price a line of a cart names. Refused when it is over, used, or of another piece."""
    lock = lock_numbered(number)
    if lock is None or lock.variant_id != variant_id:
        raise NotFound(_("There is no promised price %(number)s for this piece.", number=number[:20]), field="lines")
    if lock.sold_at is not None:
        raise Refused(_("%(number)s was sold already.", number=lock.number), field="lines")
    if lock.valid_until <= now():
        until = format_datetime(lock.valid_until, "short")
        raise Refused(
            _("%(number)s was promised until %(until)s; make a new one.", number=lock.number, until=until),
            field="lines",
        )
    return lock


def certificate_of(variant_id: int) -> StoredFile | None:
    """The certificate of a piece as a stored file, if it has one."""
    return session.scalar(
        select(StoredFile).join(Jewel, Jewel.certificate_file_id == StoredFile.id).where(Jewel.variant_id == variant_id)
    )
