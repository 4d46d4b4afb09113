"""What a piece of jewelry costs at a rate: a pure calculation with its working.

The formula is the one of itemized jewelers' bills, which name net weight, purity and charges one by one, as India's BIS
hallmarking scheme demands of sellers (net weight of the precious metal, caratage and fineness, hallmarking charges):

    metal    = net weight × rate of the purity
    wastage  = (net weight × percent, or grams) × rate
    making   = net weight × money a gram, or an amount, or percent of metal and wastage
    price    = metal + wastage + making + stones + other charges

Tax comes on top or is included as for all goods of the shop. Weights are grams; a carat of stones is 0.2 g. Each part
is rounded to the smallest coin, so that the parts on a receipt add up to the price.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _

from retail.core import shown
from retail.core.money import ZERO, minor_unit, round_to

CARAT_IN_GRAMS = Decimal("0.2")
HUNDRED = Decimal(100)


@dataclass(frozen=True)
class Piece:
    """What the calculation needs of a piece; see `Jewel`."""

    net_weight: Decimal
    making_kind: str
    making: Decimal
    wastage_kind: str
    wastage: Decimal
    stones: Decimal = ZERO
    other: Decimal = ZERO


@dataclass(frozen=True)
class DayRate:
    """A rate as it holds: of which purity, for a gram, since when."""

    purity: str
    rate: Decimal
    valid_from: datetime


@dataclass(frozen=True)
class Working:
    """A price with its parts, in the order of the bill: kind, amount, and what it was reckoned from."""

    price: Decimal
    rate: DayRate
    parts: tuple[tuple[str, Decimal, dict[str, str]], ...]

    def stored(self) -> dict[str, Any]:
        """As it is frozen on the line of a sale: plain values."""
        return {
            "purity": self.rate.purity,
            "rate": _plain(self.rate.rate),
            "valid_from": self.rate.valid_from.isoformat(),
            "price": _plain(self.price),
            "parts": [{"kind": kind, "amount": _plain(amount), **told} for kind, amount, told in self.parts],
        }


def work_out(piece: Piece, rate: DayRate, currency: str) -> Working:
    """What a piece costs at a rate, part by part; parts of nothing are left out."""
    step = minor_unit(currency)
    metal = round_to(piece.net_weight * rate.rate, step)
    wasted = piece.net_weight * piece.wastage / HUNDRED if piece.wastage_kind == "percent" else piece.wastage
    wastage = round_to(wasted * rate.rate, step)
    if piece.making_kind == "per_gram":
        making = round_to(piece.net_weight * piece.making, step)
    elif piece.making_kind == "percent":
        making = round_to((metal + wastage) * piece.making / HUNDRED, step)
    else:
        making = round_to(piece.making, step)
    parts: list[tuple[str, Decimal, dict[str, str]]] = [
        ("metal", metal, {"weight": _plain(piece.net_weight)}),
        ("wastage", wastage, {"how": piece.wastage_kind, "value": _plain(piece.wastage)}),
        ("making", making, {"how": piece.making_kind, "value": _plain(piece.making)}),
        ("stones", round_to(piece.stones, step), {}),
        ("other", round_to(piece.other, step), {}),
    ]
    kept = tuple(part for part in parts if part[1])
    return Working(sum((amount for _kind, amount, _told in kept), ZERO), rate, kept)


def in_words(working: Mapping[str, Any], currency: str) -> list[tuple[str, str]]:
    """A stored working as it is read: what each part is, and its amount."""
    return [(_part(one, working, currency), shown.money(Decimal(one["amount"]), currency)) for one in working["parts"]]


def _part(part: dict[str, str], working: Mapping[str, Any], currency: str) -> str:
    kind, how = part["kind"], part.get("how")
    value = shown.quantity(Decimal(part["value"])) if part.get("value") else ""
    if kind == "metal":
        rate = shown.money(Decimal(working["rate"]), currency)
        weight = shown.quantity(Decimal(part["weight"]))
        return str(_("%(purity)s, %(weight)s g at %(rate)s", purity=working["purity"], weight=weight, rate=rate))
    if kind == "wastage":
        if how == "percent":
            return str(_("Wastage, %(percent)s %%", percent=value))
        return str(_("Wastage, %(grams)s g", grams=value))
    if kind == "making":
        if how == "per_gram":
            a_gram = shown.money(Decimal(part["value"]), currency)
            return str(_("Making, %(amount)s a gram", amount=a_gram))
        return str(_("Making, %(percent)s %%", percent=value)) if how == "percent" else str(_("Making"))
    return str(_("Stones")) if kind == "stones" else str(_("Hallmark and other charges"))


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"
