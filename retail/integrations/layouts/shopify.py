"""Products as Shopify exports them: a row per variant, rows of a product together under one handle.

What describes the product stands in its first row only; a row without a price only adds a picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask_babel import lazy_gettext as _l

from retail.core.imports import Layout, Told
from retail.core.spreadsheets import Row, Sheet
from retail.integrations.layouts.columns import Columns

NAMES: Mapping[str, Sequence[str]] = {
    "handle": ("Handle", "URL handle"),
    "name": ("Title",),
    "description": ("Body (HTML)", "Body HTML", "Description"),
    "brand": ("Vendor",),
    "category": ("Type",),
    "option1_name": ("Option1 Name",),
    "option1_value": ("Option1 Value",),
    "option2_name": ("Option2 Name",),
    "option2_value": ("Option2 Value",),
    "option3_name": ("Option3 Name",),
    "option3_value": ("Option3 Value",),
    "sku": ("Variant SKU", "SKU"),
    "barcode": ("Variant Barcode", "Barcode"),
    "price": ("Variant Price", "Price"),
    "cost": ("Cost per item",),
    "stock": ("Variant Inventory Qty", "Inventory quantity"),
    "archived": ("Status",),
    "pictures": ("Image Src", "Product image URL", "Variant Image"),
}
UNSOLD = frozenset({"archived", "draft"})


class ShopifyReader:
    """The rows of one Shopify file."""

    def __init__(self, sheet: Sheet) -> None:
        self._columns = Columns(sheet, NAMES)
        self.headers = self._columns.headers
        self._titles: dict[str, str] = {}
        self._status: dict[str, str] = {}

    def read(self, row: Row) -> Told:
        """The variant in a row; a row without price, SKU and options belongs to the product above it."""
        cells = self._columns.of(row)
        handle = cells.get("handle", "").strip()
        title = self._titles.setdefault(handle, cells.get("name", "").strip()) if handle else ""
        if title and not any(cells.get(name, "").strip() for name in ("name", "price", "sku", "option1_value")):
            return Told({}, about=title)
        # The status stands in the first row of a product and holds for all of it.
        status = cells.get("archived", "").strip().casefold()
        status = self._status.setdefault(handle, status) or status
        if "archived" in cells:
            cells["archived"] = "yes" if status in UNSOLD else "no" if status else ""
        stock = cells.get("stock", "").strip()
        if stock.startswith("-"):
            cells["stock"] = "0"  # sold beyond what was there: nothing is
        return Told(cells)


SHOPIFY = Layout(
    name="shopify",
    label="Shopify",
    columns=(
        frozenset({"handle", "title", "option1 value", "variant price"}),
        frozenset({"url handle", "title", "option1 value", "price"}),
    ),
    open=ShopifyReader,
    left_out=_l("Pictures are fetched only if you ask for it; tags, weights, compare-at prices and "
                "search-engine texts are left out."),
)  # fmt: skip
