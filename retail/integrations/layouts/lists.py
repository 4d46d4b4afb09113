"""Lists of goods that are no shop's export: garments with their traits, loose stones, pictures with a label each.

They have no prices or no names; names are made of what they have, and who takes one in is asked for a price once.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from retail.catalog.models import BRANCH
from retail.catalog.services.skus import LONGEST_SKU
from retail.core.imports import Layout, Told
from retail.core.language import speaking
from retail.core.spreadsheets import Row, Sheet
from retail.integrations.layouts.columns import Columns
from retail.tenancy.queries import current_tenant

GARMENT: Mapping[str, Sequence[str]] = {
    "sku": ("id",),
    "name": ("productDisplayName",),
    "gender": ("gender",),
    "master": ("masterCategory",),
    "part": ("subCategory",),
    "article": ("articleType",),
    "color": ("baseColour", "baseColor"),
    "season": ("season",),
    "year": ("year",),
    "usage": ("usage",),
    "price": ("price",),
    "brand": ("brand", "brandName"),
    "pictures": ("image", "filename", "link", "picture"),
}
STONE: Mapping[str, Sequence[str]] = {
    "carat": ("carat",),
    "cut": ("cut",),
    "color": ("color", "colour"),
    "clarity": ("clarity",),
    "depth": ("depth",),
    "table": ("table",),
    "price": ("price",),
    "cost": ("cost",),
    "x": ("x",),
    "y": ("y",),
    "z": ("z",),
    "sku": ("sku", "stock number", "certificate", "id"),
    "name": ("name", "title"),
    "barcode": ("barcode", "ean", "gtin"),
    "stock": ("stock", "quantity", "qty"),
}
LABEL: Mapping[str, Sequence[str]] = {
    "pictures": ("file", "image", "filename", "path"),
    "label": ("class", "label", "category"),
    "price": ("price",),
}
NOTHING = frozenset({"", "na", "nan", "null", "none"})
STONE_TRAITS = ("carat", "cut", "color", "clarity", "depth", "table", "x", "y", "z", "price")


class GarmentReader:
    """The rows of a list of garments."""

    def __init__(self, sheet: Sheet) -> None:
        self._columns = Columns(sheet, GARMENT)
        found = self._columns.headers
        self.headers = {**found, "category": found.get("master", ""), "description": found.get("gender", "")}
        # Words that become part of the goods are those of the business, whoever takes the file in.
        with speaking(current_tenant().locale):
            self._traits = {
                "gender": _("For"),
                "color": _("Color"),
                "season": _("Season"),
                "year": _("Year"),
                "usage": _("Use"),
            }

    def read(self, row: Row) -> Told:
        """The garment in a row; traits that have no field here are lines of its description."""
        cells = {name: _said(cell) for name, cell in self._columns.of(row).items()}
        path = dict.fromkeys(cells.get(name, "") for name in ("master", "part", "article"))
        traits = ((label, cells.get(name)) for name, label in self._traits.items())
        told = {name: cells.get(name, "") for name in ("sku", "name", "price", "brand", "pictures")}
        told["category"] = BRANCH.join(part for part in path if part)
        told["description"] = "\n".join(f"{label}: {value}" for label, value in traits if value)
        return Told(told)


class StoneReader:
    """The rows of a list of stones. A stone's SKU is made of its traits, and of how many like it went before: the same
    list gives the same SKUs whatever its order, and two lists do not mistake each other's stones."""

    def __init__(self, sheet: Sheet) -> None:
        self._columns = Columns(sheet, STONE)
        self.headers = self._columns.headers
        self._alike: Counter[str] = Counter()
        with speaking(current_tenant().locale):
            self._name = _("{cut} diamond {carat} ct {color} {clarity}")
            self._category = _("Diamonds")
            self._size, self._depth = _("Measures: {size} mm"), _("Depth: {percent} %")
            self._table = _("Table: {percent} %")

    def read(self, row: Row) -> Told:
        """The stone in a row."""
        cells = {name: cell.strip() for name, cell in self._columns.of(row).items()}
        traits = "|".join(cells.get(name, "").casefold() for name in STONE_TRAITS)
        self._alike[traits] += 1
        told = {name: cells.get(name, "") for name in ("sku", "name", "price", "cost", "barcode", "stock")}
        if not told["sku"]:
            mark = hashlib.sha256(traits.encode()).hexdigest()[:10].upper()
            told["sku"] = f"DIA-{mark}" if self._alike[traits] == 1 else f"DIA-{mark}-{self._alike[traits]}"
        if not told["name"]:
            parts = {name: cells.get(name, "") for name in ("cut", "carat", "color", "clarity")}
            told["name"] = self._name.format(**parts)
        told["category"] = self._category
        told["description"] = "\n".join(self._measures(cells))
        return Told(told)

    def _measures(self, cells: Mapping[str, str]) -> list[str]:
        """What was measured of a stone; nothing where a list says 0 for what nobody measured."""
        lines = []
        sides = [cells.get(name, "") for name in ("x", "y", "z")]
        if all(side.strip("0.,") for side in sides):
            lines.append(self._size.format(size=" × ".join(sides)))
        if cells.get("depth"):
            lines.append(self._depth.format(percent=cells["depth"]))
        if cells.get("table"):
            lines.append(self._table.format(percent=cells["table"]))
        return lines


class LabelReader:
    """The rows of a list of pictures, each a product of what its label says."""

    def __init__(self, sheet: Sheet) -> None:
        self._columns = Columns(sheet, LABEL)
        found = self._columns.headers
        self.headers = {**found, "name": found["label"], "sku": found["pictures"], "category": found["label"]}

    def read(self, row: Row) -> Told:
        """The product in a picture: called by its label, its SKU the name of the file."""
        cells = {name: cell.strip() for name, cell in self._columns.of(row).items()}
        stem, label = PurePosixPath(cells["pictures"].replace("\\", "/")).stem, cells["label"]
        label = label[:1].upper() + label[1:]
        return Told(
            {
                "name": f"{label} {stem[:8]}".strip(),
                "sku": stem[:LONGEST_SKU],
                "category": label,
                "pictures": cells["pictures"],
                "price": cells.get("price", ""),
            }
        )


def _said(cell: str) -> str:
    text = cell.strip()
    return "" if text.casefold() in NOTHING else text


GARMENTS = Layout(
    name="garments",
    label=_l("Fashion catalog"),
    columns=(frozenset({"id", "product display name"}),),
    open=GarmentReader,
    priced=False,
    left_out=_l("The id is taken as SKU; for whom, color, season and use go into the description. The file has no "
                "prices: say below what new products cost."),
)  # fmt: skip
STONES = Layout(
    name="stones",
    label=_l("List of diamonds"),
    columns=(frozenset({"carat", "cut", "color", "clarity"}), frozenset({"carat", "cut", "colour", "clarity"})),
    open=StoneReader,
    left_out=_l("Names are made of cut, carat, color and clarity, SKUs of all traits; measures go into the "
                "description, but for those of 0 mm."),
)  # fmt: skip
LABELS = Layout(
    name="labels",
    label=_l("List of pictures"),
    columns=(frozenset({"file", "class"}), frozenset({"image", "label"}), frozenset({"filename", "label"})),
    open=LabelReader,
    priced=False,
    left_out=_l("Each picture becomes a product called by its label and the beginning of the file's name. The file "
                "has no prices: say below what new products cost."),
)  # fmt: skip
