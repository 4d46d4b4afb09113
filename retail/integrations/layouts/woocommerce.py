"""Products as WooCommerce exports them: rows of several types; a variation names its parent by SKU or `id:`.

A parent is read before anything else, wherever it stands: it describes its variations and is nothing to sell itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from retail.core.imports import Layout, Told
from retail.core.spreadsheets import Row, Sheet
from retail.integrations.layouts.columns import Columns, several

ATTRIBUTES = (1, 2, 3, 4, 5, 6)
MOST_OPTIONS = 3
NAMES: Mapping[str, Sequence[str]] = {
    "id": ("ID",),
    "type": ("Type",),
    "sku": ("SKU",),
    "barcode": ("GTIN, UPC, EAN, or ISBN", "GTIN UPC EAN or ISBN", "GTIN"),
    "name": ("Name",),
    "published": ("Published",),
    "short": ("Short description",),
    "description": ("Description",),
    "tax_status": ("Tax status",),
    "tax": ("Tax class",),
    "stock": ("Stock",),
    "reorder_point": ("Low stock amount",),
    "price": ("Regular price",),
    "sale_price": ("Sale price",),
    "cost": ("Cost of goods", "Cost"),
    "category": ("Categories",),
    "brand": ("Brands", "Brand"),
    "parent": ("Parent",),
    "pictures": ("Images",),
    **{f"name{number}": (f"Attribute {number} name",) for number in ATTRIBUTES},
    **{f"value{number}": (f"Attribute {number} value(s)",) for number in ATTRIBUTES},
}
TAX_CODES = {"": "", "parent": "", "standard": "", "reduced-rate": "reduced", "zero-rate": "zero"}
DESCRIBING = ("name", "description", "category", "brand", "published", "tax", "tax_status")
ANY = "Any"
"""What a variation is that holds for every value of an attribute."""


class WooCommerceReader:
    """The rows of one WooCommerce file."""

    def __init__(self, sheet: Sheet) -> None:
        self._columns = Columns(sheet, NAMES)
        self.headers = {
            **self._columns.headers,
            "handle": self._columns.headers.get("parent", ""),
            "archived": self._columns.headers.get("published", ""),
            "option1_value": self._columns.headers.get("value1", ""),
        }
        self._parents: dict[str, dict[str, str]] = {}
        used: dict[str, set[str]] = defaultdict(set)
        for row in sheet.rows():
            if row.problem:
                continue
            cells = self._columns.of(row)
            kinds = _kinds(cells)
            if "variable" in kinds:
                for key in (cells.get("sku", ""), f"id:{cells.get('id', '')}"):
                    self._parents[key.strip().casefold()] = cells
            elif "variation" in kinds:
                named = _attributes(cells)
                used[cells.get("parent", "").strip().casefold()].update(name for name in named if named[name])
        # An attribute that no variation chooses a value of is no choice; by either name of the parent.
        self._options: dict[str, tuple[str, ...]] = {}
        for key, parent in self._parents.items():
            keys = (parent.get("sku", "").strip().casefold(), f"id:{parent.get('id', '').strip()}")
            chosen = set().union(*(used.get(one, set()) for one in keys))
            self._options[key] = tuple(name for name in _attributes(parent) if name in chosen)[:MOST_OPTIONS]

    def read(self, row: Row) -> Told:
        """What a row says of one thing that is sold."""
        cells = self._columns.of(row)
        kinds = _kinds(cells)
        if "variable" in kinds:
            return Told({}, about=cells.get("name", ""))
        if "grouped" in kinds:
            why = _("A page of other products, which are imported by themselves; there is nothing to sell in it.")
            return Told({"name": cells.get("name", "")}, problem=str(why))
        if "variation" in kinds:
            return self._variation(cells)
        return Told(self._sold(cells, cells))

    def _variation(self, cells: Mapping[str, str]) -> Told:
        key = cells.get("parent", "").strip().casefold()
        parent = self._parents.get(key)
        if parent is None:
            why = _("Its parent “%(parent)s” is not in the file; export it with its parent.", parent=cells["parent"])
            return Told({"name": cells.get("name", ""), "sku": cells.get("sku", "")}, problem=str(why))
        told = self._sold(cells, parent)
        told["handle"] = parent.get("sku") or f"id:{parent.get('id', '')}"
        chosen = _attributes(cells)
        for place, name in enumerate(self._options[key], 1):
            told[f"option{place}_name"] = name
            told[f"option{place}_value"] = chosen.get(name) or ANY
        return Told(told)

    @staticmethod
    def _sold(cells: Mapping[str, str], about: Mapping[str, str]) -> dict[str, str]:
        """A row in our fields, described by `about`: by itself, or by its parent."""
        told = {name: cells.get(name, "") for name in ("sku", "barcode", "stock", "reorder_point", "cost")}
        told |= {name: about.get(name, "") for name in ("name", "brand")}
        told["pictures"] = about.get("pictures", "") or cells.get("pictures", "")
        told["price"] = cells.get("price", "").strip() or cells.get("sale_price", "")
        text = about.get("description", "").strip() or about.get("short", "")
        told["description"] = text.replace("\\r", "").replace("\\n", "\n")
        categories = several(about.get("category", ""))
        told["category"] = categories[0] if categories else ""
        tax = cells.get("tax", "").strip() or about.get("tax", "").strip()
        told["tax"] = TAX_CODES.get(about.get("tax", "").strip() if tax == "parent" else tax, tax)
        if about.get("tax_status", "").strip() == "none":
            told["tax"] = "zero"
        told["archived"] = "yes" if "-1" in (cells.get("published", "").strip(), about.get("published", "")) else "no"
        if told["stock"].strip().startswith("-"):
            told["stock"] = "0"
        if told["reorder_point"].strip() == "0":
            told["reorder_point"] = ""  # what WooCommerce writes where nobody said anything
        return told


def _kinds(cells: Mapping[str, str]) -> set[str]:
    return {one.casefold() for one in several(cells.get("type", ""))}


def _attributes(cells: Mapping[str, str]) -> dict[str, str]:
    """The attributes of a row by name, in order."""
    return {
        name: cells.get(f"value{number}", "").strip()
        for number in ATTRIBUTES
        if (name := cells.get(f"name{number}", "").strip())
    }


WOOCOMMERCE = Layout(
    name="woocommerce",
    label="WooCommerce",
    columns=(frozenset({"type", "sku", "name", "regular price", "parent", "categories"}),),
    open=WooCommerceReader,
    left_out=_l("Pictures are fetched only if you ask for it; of several categories the first is "
                "taken; tags, weights, sale prices and downloads are left out."),
)  # fmt: skip
