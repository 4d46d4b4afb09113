"""What labels are printed on: the sheets and rolls that shops buy, and where each label lies on them.

Measures are those the makers print on the pack and in their templates, in millimeters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from flask_babel import gettext as _

from retail.core.money import plain
from retail.labels.models import LabelFormat

OWN = "own-"
"""How the key of a shop's own paper begins; its number follows."""


@dataclass(frozen=True)
class Paper:
    """A sheet of labels, or a roll. `step_x` and `step_y` lead from a label's corner to that of the next one; `left`
    and `top` to the first from the corner of the sheet."""

    key: str
    name: str
    page_width: Decimal
    page_height: Decimal
    label_width: Decimal
    label_height: Decimal
    columns: int = 1
    rows: int = 1
    left: Decimal = Decimal(0)
    top: Decimal = Decimal(0)
    step_x: Decimal = Decimal(0)
    step_y: Decimal = Decimal(0)

    @property
    def places(self) -> int:
        """Labels on one page."""
        return self.columns * self.rows

    @property
    def is_roll(self) -> bool:
        """Whether each label is a page of its own, as a label printer wants it."""
        return self.places == 1

    @property
    def size(self) -> str:
        """The label in words."""
        return f"{plain(self.label_width)} × {plain(self.label_height)} mm"

    @property
    def words(self) -> str:
        """What stands in the list people choose from."""
        if self.is_roll:
            return str(_("%(name)s, %(size)s", name=self.name, size=self.size))
        return str(_("%(name)s: %(n)s on a sheet, %(size)s", name=self.name, n=self.places, size=self.size))

    def corners(self) -> list[tuple[Decimal, Decimal]]:
        """The upper left corner of each label on a page, row by row."""
        return [
            (self.left + column * self.step_x, self.top + row * self.step_y)
            for row in range(self.rows)
            for column in range(self.columns)
        ]


Two = tuple[str, str]


def _sheet(key: str, name: str, page: Two, label: Two, grid: tuple[int, int], at: Two, step: Two) -> Paper:
    lengths = [Decimal(one) for pair in (page, label) for one in pair]
    where = [Decimal(one) for pair in (at, step) for one in pair]
    return Paper(key, name, lengths[0], lengths[1], lengths[2], lengths[3], *grid, *where)


def _roll(key: str, name: str, width: str, height: str) -> Paper:
    return Paper(key, name, Decimal(width), Decimal(height), Decimal(width), Decimal(height))


A4, LETTER = ("210", "297"), ("215.9", "279.4")
SHIPPED: Mapping[str, Paper] = {
    one.key: one
    for one in (
        _sheet("l7651", "Avery L7651", A4, ("38.1", "21.2"), (5, 13), ("4.75", "10.7"), ("40.6", "21.2")),
        _sheet("l7160", "Avery L7160", A4, ("63.5", "38.1"), (3, 7), ("7.25", "15.15"), ("66.0", "38.1")),
        _sheet("l7161", "Avery L7161", A4, ("63.5", "46.6"), (3, 6), ("7.25", "8.7"), ("66.0", "46.6")),
        _sheet("l7163", "Avery L7163", A4, ("99.1", "38.1"), (2, 7), ("4.65", "15.15"), ("101.6", "38.1")),
        _sheet("5160", "Avery 5160", LETTER, ("66.675", "25.4"), (3, 10), ("4.7625", "12.7"), ("69.85", "25.4")),
        _roll("roll-57x32", "Roll", "57", "32"),
        _roll("roll-50x25", "Roll", "50", "25"),
        _roll("roll-62x29", "Brother DK-11209", "62", "29"),
        _roll("roll-38x25", "Roll", "38", "25"),
        _roll("roll-100x50", "Roll", "100", "50"),
    )
}
USUAL = "l7160"


def paper_of(row: LabelFormat) -> Paper:
    """A shop's own paper, from its row."""
    return Paper(
        f"{OWN}{row.id}",
        row.name,
        row.page_width,
        row.page_height,
        row.label_width,
        row.label_height,
        row.columns,
        row.rows,
        row.left,
        row.top,
        row.step_x,
        row.step_y,
    )
