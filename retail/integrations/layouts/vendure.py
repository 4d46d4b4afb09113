"""Products as Vendure's importer takes them: a row per variant, further variants in rows without a name.

Cells are padded with blanks, lists stand in a cell with “|” between, and a file may give its texts in several
languages, in columns called `name:en`, `name:de`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask_babel import lazy_gettext as _l

from retail.catalog.models import BRANCH
from retail.core.imports import Layout, Told
from retail.core.spreadsheets import Row, Sheet
from retail.integrations.layouts.columns import Columns
from retail.tenancy.queries import current_tenant

TRANSLATED = ("name", "slug", "description", "facets", "optionGroups", "optionValues", "variantFacets")
PLAIN: Mapping[str, Sequence[str]] = {
    "sku": ("sku",),
    "price": ("price",),
    "tax": ("taxCategory",),
    "stock": ("stockOnHand",),
    "assets": ("assets",),
    "variantAssets": ("variantAssets",),
}
USUAL_TAX = "standard"
MOST_OPTIONS = 3


class VendureReader:
    """The rows of one Vendure file."""

    def __init__(self, sheet: Sheet) -> None:
        language = _language(sheet.headers)
        spelled = {name: (f"{name}:{language}", name) if language else (name,) for name in TRANSLATED}
        self._columns = Columns(sheet, {**PLAIN, **spelled})
        found = self._columns.headers
        self.headers = {
            **{name: header for name, header in found.items() if name not in {"optionGroups", "optionValues"}},
            "handle": found.get("name", ""),
            "option1_value": found.get("optionValues", ""),
            "pictures": found.get("assets", ""),
            "category": found.get("facets", ""),
        }
        self._product: dict[str, str] = {}
        self._handle = ""

    def read(self, row: Row) -> Told:
        """The variant in a row; without a name it is one of the product above it."""
        cells = {name: cell.strip() for name, cell in self._columns.of(row).items()}
        starts = bool(cells.get("name"))
        if starts:
            self._product, self._handle = cells, f"{cells.get('slug') or cells['name']} {row.number}"
        product = self._product
        if not starts and not any(cells.get(name) for name in ("sku", "price", "optionValues")):
            return Told({}, about=product.get("name", ""))
        facets = [*_facets(product.get("facets", "")), *_facets(cells.get("variantFacets", ""))]
        told = {name: cells.get(name, "") for name in ("sku", "price")}
        told["name"] = cells.get("name", "")
        told["description"] = product.get("description", "") if starts else ""
        told["category"] = BRANCH.join(dict.fromkeys(value for name, value in facets if name == "category"))
        told["brand"] = next((value for name, value in facets if name == "brand"), "")
        tax = cells.get("tax", "")
        told["tax"] = "" if tax.casefold() == USUAL_TAX else tax
        stock = cells.get("stock", "")
        told["stock"] = "0" if stock.startswith("-") else stock
        told["pictures"] = product.get("assets", "") or cells.get("variantAssets", "")
        values = _parts(cells.get("optionValues", ""))
        if values:
            told["handle"] = self._handle
            names = _parts(product.get("optionGroups", ""))
            for place, value in enumerate(values[:MOST_OPTIONS], 1):
                told[f"option{place}_value"] = value
                told[f"option{place}_name"] = names[place - 1] if place <= len(names) else ""
        return Told(told)


def _language(headers: Sequence[str]) -> str:
    """The language whose columns are read: the one of the business, else the first the file has."""
    given = [header.partition(":")[2].strip() for header in headers if header.strip().casefold().startswith("name:")]
    ours = _spoken(current_tenant().locale)
    return next((one for one in given if _spoken(one) == ours), given[0] if given else "")


def _spoken(locale: str) -> str:
    return locale.casefold().replace("-", "_").partition("_")[0]


def _parts(cell: str) -> list[str]:
    return [part for part in (one.strip() for one in cell.split("|")) if part]


def _facets(cell: str) -> list[tuple[str, str]]:
    """The facets in a cell, `name:value` each."""
    pairs = (part.partition(":") for part in _parts(cell))
    return [(name.strip().casefold(), value.strip()) for name, _sign, value in pairs if value.strip()]


VENDURE = Layout(
    name="vendure",
    label="Vendure",
    columns=(
        frozenset({"sku", "price", "tax category", "stock on hand"}),
        frozenset({"option groups", "option values", "sku", "price"}),
    ),
    open=VendureReader,
    left_out=_l("Of several languages yours is read, else the first; of the facets, category and brand. Columns of "
                "your own (such as variant:weight) are left out."),
)  # fmt: skip
