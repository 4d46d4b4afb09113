"""Which signs a scanner reads off a label: the printed code of an article as bars.

A GTIN is printed as it stands on goods (EAN-13, EAN-8), everything else as Code 128. Widths follow the GS1 General
Specifications: a module is 0.264 to 0.66 mm at a till, 0.33 mm being the size the codes were made for; smaller ones are
read by many hand scanners down to 0.17 mm. Beside the bars a quiet zone of ten modules stays white.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import barcode

Kind = Literal["ean13", "ean8", "code128"]
USUAL_MODULE, SMALLEST_MODULE = Decimal("0.33"), Decimal("0.17")
"""Millimeters."""
QUIET = 10
"""Modules left white on either side."""


@dataclass(frozen=True)
class Bars:
    """A code as bars: `modules` is one character for each, 1 for black; `text` what is printed below for people."""

    kind: Kind
    text: str
    modules: str

    def module_within(self, width: Decimal) -> Decimal | None:
        """How wide one module is where so many millimeters are free; None where no scanner would read it."""
        module = min(USUAL_MODULE, width / (len(self.modules) + 2 * QUIET))
        return module if module >= SMALLEST_MODULE else None

    def svg(self) -> str:
        """The bars as a picture that may be stretched to any size: a module is 1 wide, the height is 1."""
        drawn, at = [], 0
        for black, run in _runs(self.modules):
            if black:
                drawn.append(f"M{at} 0h{run}v1h-{run}z")
            at += run
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {at} 1" preserveAspectRatio="none">'
            f'<path d="{"".join(drawn)}"/></svg>'
        )


def _runs(modules: str) -> list[tuple[bool, int]]:
    found: list[tuple[bool, int]] = []
    for one in modules:
        black = one == "1"
        if found and found[-1][0] == black:
            found[-1] = (black, found[-1][1] + 1)
        else:
            found.append((black, 1))
    return found


def bars_of(stored: str, sku: str) -> Bars:
    """The bars of a code as it is stored, or of the SKU where there is none."""
    if len(stored) == 14 and stored.isdecimal() and stored.startswith("0"):
        kind: Kind = "ean8" if stored.startswith("000000") else "ean13"
        text = stored[-8:] if kind == "ean8" else stored[1:]
        return Bars(kind, text, _modules(kind, text[:-1]))
    text = stored or sku
    return Bars("code128", text, _modules("code128", text))


def _modules(kind: Kind, text: str) -> str:
    return str(barcode.get_barcode_class(kind)(text).build()[0])
