"""Items as Square exports its library: a row per variation, variations of an item under the same name (and token).

Stock and taxes have a column for each location and each tax, whose names hold the location's and the tax's.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from retail.core.imports import Layout, Told
from retail.core.spreadsheets import Row, Sheet
from retail.integrations.layouts.columns import Columns, several

NAMES: Mapping[str, Sequence[str]] = {
    "name": ("Item Name",),
    "variation": ("Variation Name",),
    "sku": ("SKU",),
    "description": ("Description",),
    "category": ("Reporting Category", "Categories", "Category"),
    "barcode": ("GTIN",),
    "price": ("Price",),
    "cost": ("Default Unit Cost",),
    "sellable": ("Sellable",),
    "gone": ("Archived",),
    "brand": ("Default Vendor Name",),
    **{f"option{place}_name": (f"Option Name {place}",) for place in (1, 2, 3)},
    **{f"option{place}_value": (f"Option Value {place}",) for place in (1, 2, 3)},
}
TAX = re.compile(r"tax - .*\((?P<percent>[\d.,]+)\s*%\)", re.IGNORECASE)
ONLY = frozenset({"", "regular", "default"})
"""What Square calls the variation of an item that has no others."""
TOKEN = re.compile(r"\s*\(#?[A-Z0-9]{8,}\)$")
YES, NO = frozenset({"y", "yes", "true"}), frozenset({"n", "no", "false"})


class SquareReader:
    """The rows of one Square file."""

    def __init__(self, sheet: Sheet) -> None:
        self._columns = Columns(sheet, {**NAMES, **_of_location(sheet.headers)})
        self.headers = {**self._columns.headers, "handle": self._columns.headers["name"]}
        self._taxes = {index: found["percent"] for index, header in enumerate(sheet.headers)
                       if (found := TAX.fullmatch(header.strip()))}  # fmt: skip
        counted: Counter[str] = Counter()
        for row in sheet.rows():
            if not row.problem:
                counted[self._columns.of(row)["name"].strip().casefold()] += 1
        self._several = {name for name, count in counted.items() if count > 1}

    def read(self, row: Row) -> Told:
        """The variation in a row."""
        cells = self._columns.of(row)
        variation = cells.pop("variation", "").strip()
        together = cells["name"].strip().casefold() in self._several
        if cells.get("option1_value", "").strip() or together or variation.casefold() not in ONLY:
            cells["handle"] = cells["name"]
            if not cells.get("option1_value", "").strip():
                cells["option1_name"], cells["option1_value"] = str(_("Variation")), variation or str(_("Regular"))
        categories = several(cells.get("category", ""))
        cells["category"] = TOKEN.sub("", categories[0]) if categories else ""
        off_sale = cells.pop("sellable", "").strip().casefold() in NO
        cells["archived"] = "yes" if cells.pop("gone", "").strip().casefold() in YES or off_sale else "no"
        cells["tax"] = next(
            (f"{rate}%" for place, rate in self._taxes.items() if row.values[place].strip().casefold() in YES), ""
        )
        if cells.get("price", "").strip().casefold() == "variable":
            cells["price"] = ""
            why = _("Price: Square asks for it at the till (“variable”); write a usual price in.")
            return Told(cells, problem=str(why))
        return Told(cells)


def _of_location(headers: Sequence[str]) -> dict[str, Sequence[str]]:
    """The columns of the first location."""
    found: dict[str, Sequence[str]] = {}
    for field, start in (("stock", "current quantity"), ("reorder_point", "stock alert count")):
        first = next((one for one in headers if one.strip().casefold().startswith(start)), None)
        if first is not None:
            found[field] = (first,)
    return found


SQUARE = Layout(
    name="square",
    label="Square",
    columns=(frozenset({"item name", "variation name", "sku", "price"}),),
    open=SquareReader,
    left_out=_l("Stock is that of the first location; modifiers, weights and online settings are left out."),
)  # fmt: skip
