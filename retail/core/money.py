"""Amounts, quantities and rates: whole numbers in the database, `Decimal` in Python, never a float.

An amount is kept in ten-thousandths of a currency unit, so that unit prices with three decimals are exact and a sum is
exact on every database. What people pay is rounded to the currency's minor unit by `to_minor`, and the difference is
booked, never dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import Annotated, Any, Literal

from babel.numbers import get_currency_precision
from sqlalchemy import Dialect
from sqlalchemy.orm import mapped_column
from sqlalchemy.types import BigInteger, TypeDecorator

ZERO = Decimal(0)
LIMIT = 2**63 - 1
Rounding = Literal["half-up", "half-even"]
_MODES = {"half-up": ROUND_HALF_UP, "half-even": ROUND_HALF_EVEN}


class ScaledDecimal(TypeDecorator[Decimal]):
    """A `Decimal` with a fixed number of places, stored as one integer.

    Binding raises ValueError for floats, for more places than the column keeps, and beyond 64 bits.
    """

    impl = BigInteger
    cache_ok = True

    def __init__(self, places: int) -> None:
        super().__init__()
        self.places = places

    def process_bind_param(self, value: Any, dialect: Dialect) -> int | None:
        if value is None:
            return None
        if isinstance(value, float):
            raise ValueError(f"{value!r}: amounts and quantities are Decimal, not float")  # noqa: TRY004  one error for bad values
        return scaled(Decimal(value), self.places)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(int(value)).scaleb(-self.places)

    def coerce_compared_value(self, op: Any, value: Any) -> Any:
        return self


AMOUNT_PLACES, QUANTITY_PLACES, RATE_PLACES = 4, 3, 6
AmountType, QuantityType, RateType = (
    ScaledDecimal(AMOUNT_PLACES),
    ScaledDecimal(QUANTITY_PLACES),
    ScaledDecimal(RATE_PLACES),
)
Amount = Annotated[Decimal, mapped_column(AmountType)]
Quantity = Annotated[Decimal, mapped_column(QuantityType)]
Rate = Annotated[Decimal, mapped_column(RateType)]


def plain(value: Decimal) -> str:
    """A number as data, for files, addresses and keys: a point, no zeros behind it, never an exponent. People read
    `shown.quantity`."""
    return f"{value.normalize():f}"


def scaled(value: Decimal, places: int) -> int:
    """The integer a `Decimal` is stored as; ValueError when digits would be lost."""
    try:
        exact = value.scaleb(places)
        whole = int(exact)
    except (InvalidOperation, OverflowError, ValueError):
        raise ValueError(f"{value} cannot be stored") from None
    if whole != exact:
        raise ValueError(f"{value} has more than {places} decimal places")
    if abs(whole) > LIMIT:
        raise ValueError(f"{value} is too large")
    return whole


@lru_cache(maxsize=64)
def minor_unit(currency: str) -> Decimal:
    """The smallest amount of a currency: 0.01 for GBP, 1 for JPY, 0.001 for KWD."""
    return Decimal(1).scaleb(-get_currency_precision(currency))


def round_to(value: Decimal, step: Decimal, mode: Rounding = "half-up") -> Decimal:
    """`value` rounded to a multiple of `step` (0.05 for Swiss cash)."""
    return (value / step).quantize(Decimal(1), _MODES[mode]) * step


def to_minor(value: Decimal, currency: str, mode: Rounding = "half-up") -> Decimal:
    """An amount rounded to what can be paid in a currency."""
    return round_to(value, minor_unit(currency), mode)


def share_out(amount: Decimal, weights: Sequence[Decimal], step: Decimal) -> list[Decimal]:
    """Split `amount` in proportion to `weights` into multiples of `step` that add up exactly (largest remainder).

    Ties go to the earlier line. With weights of zero the split is even. `amount` must be a multiple of `step`.
    """
    if not weights:
        raise ValueError("nothing to share the amount over")
    total = sum(weights, ZERO)
    if not total:
        weights, total = [Decimal(1)] * len(weights), Decimal(len(weights))
    exact = [amount * weight / total for weight in weights]
    shares = [(part / step).quantize(Decimal(1), ROUND_DOWN) * step for part in exact]
    missing = int((amount - sum(shares, ZERO)) / step)
    sign = 1 if missing >= 0 else -1
    order = sorted(range(len(weights)), key=lambda i: (-abs(exact[i] - shares[i]), i))
    for index in order[: abs(missing)]:
        shares[index] += sign * step
    rest = amount - sum(shares, ZERO)
    if rest:
        raise ValueError(f"{amount} is not a multiple of {step}")
    return shares


@dataclass(frozen=True)
class Taxed:
    """A price with its tax; net and tax always add up to gross, or it cannot exist."""

    net: Decimal
    tax: Decimal
    gross: Decimal

    def __post_init__(self) -> None:
        if self.net + self.tax != self.gross:
            raise ValueError(f"{self.net} + {self.tax} is not {self.gross}")

    @classmethod
    def from_gross(cls, gross: Decimal, rate: Decimal, step: Decimal) -> Taxed:
        """Take the tax out of a price that includes it."""
        net = round_to(gross / (1 + rate), step)
        return cls(net, gross - net, gross)

    @classmethod
    def from_net(cls, net: Decimal, rate: Decimal, step: Decimal) -> Taxed:
        """Put tax on a price that excludes it."""
        tax = round_to(net * rate, step)
        return cls(net, tax, net + tax)
