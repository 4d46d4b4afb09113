"""What a scanner reads from GS1 bar codes: article, lot, dates and serial number, each behind its identifier."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date

SEPARATOR = "\x1d"
IN_BRACKETS = re.compile(r"\((\d{2,4})\)([^(]*)")
FIXED = {"00": 18, "01": 14, "02": 14, "11": 6, "12": 6, "13": 6, "15": 6, "16": 6, "17": 6, "20": 2}
"""Identifiers whose values have so many digits; others end with the separator or the code."""
OPEN = ("10", "21", "30", "37", "240", "241", "250", "400", "410", "414", "422")
MEASURES = re.compile(r"(3[1-6]\d\d)(\d{6})")
CENTURY = 50


@dataclass(frozen=True)
class Element:
    """What a code says: a GTIN of 14 digits, and of the goods their lot, expiry and serial number."""

    gtin: str
    lot: str = ""
    expires_on: date | None = None
    serial: str = ""


def parse(text: str) -> Element | None:
    """Read an element string, as scanners send it, with or without brackets; None for anything else."""
    text = text.strip().removeprefix("]C1").removeprefix("]d2").removeprefix("]Q3").lstrip(SEPARATOR)
    in_brackets: dict[str, str] = dict(IN_BRACKETS.findall(text))
    found = in_brackets if text.startswith("(") else _walk(text)
    if found is None or not re.fullmatch(r"\d{14}", gtin := found.get("01", found.get("02", ""))):
        return None
    if len(found) == 1 and not text.startswith("("):
        return None
    return Element(
        gtin,
        found.get("10", "").strip()[:20],
        _day(found.get("17") or found.get("15") or ""),
        found.get("21", "").strip()[:20],
    )


def _walk(text: str) -> dict[str, str] | None:
    found: dict[str, str] = {}
    while text:
        if measure := MEASURES.match(text):
            found[measure[1]], text = measure[2], text[measure.end() :].lstrip(SEPARATOR)
            continue
        name = next((one for one in (*FIXED, *OPEN) if text.startswith(one)), None)
        if name is None:
            return None
        rest = text[len(name) :]
        if name in FIXED:
            value, text = rest[: FIXED[name]], rest[FIXED[name] :]
            if len(value) < FIXED[name] or not value.isdigit():
                return None
        else:
            value, _separator, text = rest.partition(SEPARATOR)
        found[name] = value
        text = text.lstrip(SEPARATOR)
    return found


def _day(text: str) -> date | None:
    """A day of six digits; 00 is the last of its month, and years are of the century that is nearest."""
    if not re.fullmatch(r"\d{6}", text):
        return None
    year, month, day = int(text[:2]), int(text[2:4]), int(text[4:])
    year += 2000 if year <= CENTURY else 1900
    try:
        return date(year, month, day or monthrange(year, month)[1])
    except ValueError:
        return None
