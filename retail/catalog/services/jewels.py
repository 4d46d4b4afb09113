"""Jewelry: purities, the rates of the day, what a piece is, and prices that are promised for a time."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select, update

from retail.catalog.jewel_models import (
    MAKING_KINDS,
    WASTAGE_KINDS,
    Jewel,
    MetalRate,
    PriceLock,
    Purity,
    RateRule,
)
from retail.catalog.jewel_pricing import CARAT_IN_GRAMS
from retail.catalog.jewel_queries import jewel_of, rules, workings
from retail.catalog.models import Variant
from retail.core import files
from retail.core.audit import current_actor
from retail.core.clock import now
from retail.core.db import in_chunks, session
from retail.core.errors import NotFound, Refused
from retail.core.events import emit
from retail.core.money import ZERO
from retail.core.numbers import next_number
from retail.events.catalog import MetalRateSet
from retail.tenancy.queries import current_tenant

LONGEST, MOST_STONES, REPRICED = 60, 20, 500
HUNDRED = Decimal(100)
HUID = re.compile(r"[A-Z0-9]{6}")
"""India's hallmark unique identification: six letters and digits, lasered on the piece."""
CERTIFICATES = {b"%PDF": "application/pdf", b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png"}
LARGEST_CERTIFICATE = 10 * 1024 * 1024


@dataclass(frozen=True)
class Stone:
    """Stones of one kind in a piece: how many, their carats together, and what they cost together."""

    name: str
    count: int
    carat: Decimal
    worth: Decimal


@dataclass(frozen=True)
class JewelFacts:
    """What is said of a piece; weights in grams. See `Jewel`."""

    purity_id: int
    gross_weight: Decimal
    net_weight: Decimal
    making_kind: str = MAKING_KINDS[0]
    making: Decimal = ZERO
    wastage_kind: str = WASTAGE_KINDS[0]
    wastage: Decimal = ZERO
    stones: Sequence[Stone] = ()
    other_charges: Decimal = ZERO
    certificate_number: str = ""
    huid: str = ""


def add_purity(metal: str, name: str, fineness: Decimal) -> Purity:
    """A metal in a purity the shop trades. Refused for a fineness that is none, and for one that is there."""
    metal, name = " ".join(metal.split())[:LONGEST], " ".join(name.split())[:LONGEST]
    if not metal or not name:
        raise Refused(_("Give the metal and the purity a name, such as Gold and 22K."), field="metal")
    if not 0 < fineness <= 1:
        raise Refused(_("Fineness is a part of one, such as 0.916 for 22 carats."), field="fineness")
    twin = select(Purity.id).where(func.lower(Purity.metal) == metal.lower(), func.lower(Purity.name) == name.lower())
    if session.scalar(twin) is not None:
        raise Refused(_("%(metal)s %(name)s is there already.", metal=metal, name=name), field="name")
    row = Purity(metal=metal, name=name, fineness=fineness)
    session.add(row)
    session.flush()
    return row


def set_rates(rates: Mapping[int, Decimal], valid_from: datetime | None = None) -> int:
    """Set what a gram costs, by purity, from an instant on (now, if none is given); returns how many pieces have
    another price by it. Earlier rates stay in the history. Refused for a rate of nothing and for the future."""
    instant = now()
    since = valid_from or instant
    if since > instant:
        raise Refused(_("A rate holds from now or from earlier; set tomorrow's tomorrow."), field="valid_from")
    if not rates:
        raise Refused(_("Type at least one rate."), field="rate")
    known = {one.id: one for one in session.scalars(select(Purity).where(Purity.id.in_(sorted(rates))))}
    for purity_id, rate in rates.items():
        if purity_id not in known:
            raise NotFound(_("There is no such purity."))
        if rate <= 0:
            raise Refused(_("%(metal)s: a rate is above zero.", metal=known[purity_id].words), field="rate")
    who = current_actor().name
    for purity_id, rate in sorted(rates.items()):
        session.add(MetalRate(purity_id=purity_id, rate=rate, valid_from=since, set_at=instant, set_by=who))
    session.flush()
    changed = 0
    for purity_id, rate in sorted(rates.items()):
        pieces = reprice(purity_id)
        changed += pieces
        emit(MetalRateSet(purity_id=purity_id, purity=known[purity_id].words, rate=f"{rate:f}", pieces=pieces))
    return changed


def change_rules(rate_hours: int, lock_hours: int) -> RateRule:
    """After how many hours a rate is too old to sell at, and for how many a price can be promised."""
    if not 1 <= rate_hours <= 24 * 31 or not 1 <= lock_hours <= 24 * 31:
        raise Refused(_("Between one hour and a month, please."), field="rate_hours")
    row = session.scalar(select(RateRule)) or RateRule()
    row.rate_hours, row.lock_hours = rate_hours, lock_hours
    session.add(row)
    session.flush()
    return row


def reprice(purity_id: int) -> int:
    """Let the pieces of a purity cost what its present rate makes of them; returns how many cost something else."""
    ids = session.scalars(select(Jewel.variant_id).where(Jewel.purity_id == purity_id).order_by(Jewel.variant_id)).all()
    return sum(_follow(chunk) for chunk in in_chunks(ids, REPRICED))


def describe_jewel(variant_id: int, facts: JewelFacts) -> Jewel:
    """Say what a variant is as a piece of jewelry; from then on its price follows the rate. Refused for weights that
    contradict each other and for numbers that are none."""
    if session.get(Variant, variant_id) is None:
        raise NotFound(_("There is no such variant."))
    if session.get(Purity, facts.purity_id) is None:
        raise Refused(_("Choose the metal and its purity."), field="purity_id")
    stones = _checked_stones(facts.stones)
    stone_weight = sum((one.carat for one in stones), ZERO) * CARAT_IN_GRAMS
    if facts.net_weight <= 0:
        raise Refused(_("Give the net weight of the metal in grams."), field="net_weight")
    if facts.gross_weight < facts.net_weight + stone_weight:
        raise Refused(
            _(
                "Gross weight is at least net weight and stones: %(least)s g.",
                least=f"{(facts.net_weight + stone_weight).normalize():f}",
            ),
            field="gross_weight",
        )
    if facts.making_kind not in MAKING_KINDS or facts.wastage_kind not in WASTAGE_KINDS:
        raise Refused(_("Choose how making and wastage are reckoned."), field="making_kind")
    if min(facts.making, facts.wastage, facts.other_charges) < 0:
        raise Refused(_("Making, wastage and charges are not below zero."), field="making")
    if (facts.making_kind == "percent" and facts.making > HUNDRED) or (
        facts.wastage_kind == "percent" and facts.wastage > HUNDRED
    ):
        raise Refused(_("A percentage is at most 100."), field="making")
    huid = facts.huid.strip().upper()
    if huid and not HUID.fullmatch(huid):
        raise Refused(_("A HUID is six letters and digits, such as AB12CD."), field="huid")
    twin = session.scalar(select(Jewel.variant_id).where(Jewel.huid == huid, Jewel.variant_id != variant_id).limit(1))
    if huid and twin is not None:
        name = session.scalar(select(Variant.name).where(Variant.id == twin))
        raise Refused(_("The HUID %(huid)s belongs to “%(name)s”.", huid=huid, name=name), field="huid")
    row = jewel_of(variant_id) or Jewel(variant_id=variant_id)
    row.purity_id, row.gross_weight, row.net_weight = facts.purity_id, facts.gross_weight, facts.net_weight
    row.stone_weight = stone_weight.quantize(Decimal("0.001"))
    row.making_kind, row.making = facts.making_kind, facts.making
    row.wastage_kind, row.wastage = facts.wastage_kind, facts.wastage
    row.stones = [
        {"name": one.name, "count": one.count, "carat": f"{one.carat.normalize():f}", "worth": f"{one.worth:f}"}
        for one in stones
    ]
    row.other_charges = facts.other_charges
    row.certificate_number, row.huid = facts.certificate_number.strip()[:LONGEST], huid
    session.add(row)
    session.flush()
    _follow([variant_id])
    return row


def keep_certificate(variant_id: int, name: str, content: bytes) -> Jewel:
    """Keep the certificate of a piece: a PDF or a picture, judged by its content."""
    row = jewel_of(variant_id)
    if row is None:
        raise NotFound(_("There is no such variant."))
    kind = next((kind for head, kind in CERTIFICATES.items() if content.startswith(head)), None)
    if kind is None or len(content) > LARGEST_CERTIFICATE:
        raise Refused(_("A certificate is a PDF, JPEG or PNG of at most 10 MB."), field="certificate")
    row.certificate_file_id = files.store(name[:LONGEST] or "certificate", kind, content).id
    session.flush()
    return row


def lock_price(variant_id: int, promised_to: str) -> PriceLock:
    """Promise somebody the price of now, with its working, for as long as the shop's rule says. Refused where today's
    rate is missing."""
    variant = session.get(Variant, variant_id)
    if variant is None:
        raise NotFound(_("There is no such variant."))
    working = workings([variant_id], current_tenant().currency, strict=True).get(variant_id)
    if working is None:
        raise Refused(_("Only the price of what follows a metal's rate is locked."))
    name = " ".join(promised_to.split())[:LONGEST]
    if not name:
        raise Refused(_("Say for whom the price is kept."), field="promised_to")
    instant = now()
    row = PriceLock(
        number=next_number("price lock", "Q-"),
        variant_id=variant_id,
        price=working.price,
        working=working.stored(),
        promised_to=name,
        locked_at=instant,
        valid_until=instant + timedelta(hours=rules().lock_hours),
    )
    session.add(row)
    session.flush()
    return row


def use_locks(numbers: Sequence[str]) -> None:
    """Sell at promised prices, each once. Refused when somebody else did in the same instant."""
    for number in sorted(numbers):
        done = session.execute(
            update(PriceLock)
            .where(PriceLock.number == number, PriceLock.sold_at.is_(None))
            .values(sold_at=now())
            .returning(PriceLock.id)
            .execution_options(synchronize_session=False)
        ).one_or_none()
        if done is None:
            raise Refused(_("%(number)s was sold already.", number=number), field="lines")


def _follow(variant_ids: Sequence[int]) -> int:
    priced: dict[int, Any] = workings(variant_ids, current_tenant().currency)
    changed = 0
    for variant in session.scalars(select(Variant).where(Variant.id.in_(sorted(priced))).order_by(Variant.id)):
        if variant.price != priced[variant.id].price:
            variant.price = priced[variant.id].price
            changed += 1
    session.flush()
    return changed


def _checked_stones(stones: Sequence[Stone]) -> list[Stone]:
    if len(stones) > MOST_STONES:
        raise Refused(_("At most %(most)s kinds of stones.", most=MOST_STONES), field="stones")
    for one in stones:
        if not one.name.strip() or one.count < 1 or one.carat < 0 or one.worth < 0:
            raise Refused(_("Each kind of stones has a name, a count, carats and what they cost."), field="stones")
    return list(stones)
