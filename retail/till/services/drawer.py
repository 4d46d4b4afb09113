"""What lies in a cash drawer: the coins and notes of a currency, and the amounts people hand over."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal

from retail.core.money import minor_unit

_FACES = {
    "AED": "1000 500 200 100 50 20 10 5 1 0.50 0.25",
    "AUD": "100 50 20 10 5 2 1 0.50 0.20 0.10 0.05",
    "CAD": "100 50 20 10 5 2 1 0.25 0.10 0.05",
    "CHF": "1000 200 100 50 20 10 5 2 1 0.50 0.20 0.10 0.05",
    "EUR": "200 100 50 20 10 5 2 1 0.50 0.20 0.10 0.05 0.02 0.01",
    "GBP": "50 20 10 5 2 1 0.50 0.20 0.10 0.05 0.02 0.01",
    "INR": "500 200 100 50 20 10 5 2 1",
    "JPY": "10000 5000 2000 1000 500 100 50 10 5 1",
    "MXN": "1000 500 200 100 50 20 10 5 2 1 0.50",
    "NZD": "100 50 20 10 5 2 1 0.50 0.20 0.10",
    "SAR": "500 100 50 10 5 2 1 0.50 0.25 0.10 0.05 0.01",
    "USD": "100 50 20 10 5 2 1 0.25 0.10 0.05 0.01",
}
"""Coins and notes in use, largest first; an unlisted currency gets the series 1, 2, 5 of its own minor unit."""


def denominations(currency: str) -> tuple[Decimal, ...]:
    """The coins and notes of a currency, largest first."""
    if faces := _FACES.get(currency):
        return tuple(Decimal(face) for face in faces.split())
    unit = minor_unit(currency)
    series = [unit * digit * 10**power for power in range(5) for digit in (1, 2, 5)]
    return tuple(sorted(series, reverse=True))


def quick_amounts(due: Decimal, currency: str, most: int = 6) -> tuple[Decimal, ...]:
    """What somebody is likely to hand over for `due`: exactly that, then the next sums of notes, rising."""
    if due <= 0:
        return ()
    faces = [face for face in denominations(currency) if face >= 1]
    sums = {(due / face).to_integral_value(ROUND_CEILING) * face for face in faces}
    return (due, *sorted(sums - {due})[: most - 1])
