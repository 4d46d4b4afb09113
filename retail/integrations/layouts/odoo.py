"""What Odoo gives its users as templates for import: products, and contacts as customers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from flask_babel import lazy_gettext as _l

from retail.catalog.models import BRANCH
from retail.core.imports import Layout, Told
from retail.core.spreadsheets import Row, Sheet
from retail.integrations.layouts.columns import Columns

PRODUCT: Mapping[str, Sequence[str]] = {
    "name": ("Name", "Product Name"),
    "sku": ("Internal Reference",),
    "barcode": ("Barcode",),
    "price": ("Sales Price", "Sale Price"),
    "cost": ("Cost", "Standard Price"),
    "category": (
        "Product Category",
        "Category",
        "Category/Name",
        "Product Category/Name",
        "Product Category/Display Name",
    ),
    "kind": ("Product Type", "Type"),
    "sold": ("Can be Sold", "Sales"),
    "unit": ("Unit of Measure", "UoM", "Unit"),
    "description": ("Sales Description", "Description for Customers", "Description"),
    "stock": ("Quantity On Hand", "On Hand"),
    "archived": ("Active",),
    "pictures": ("Image",),
}
CONTACT: Mapping[str, Sequence[str]] = {
    "name": ("Name",),
    "kind": ("Company Type", "Is a company"),
    "company": ("Related Company", "Company", "Company Name"),
    "code": ("Reference", "Internal Reference"),
    "email": ("Email",),
    "phone": ("Phone", "Mobile"),
    "street": ("Street",),
    "street2": ("Street2",),
    "zip": ("Zip",),
    "city": ("City",),
    "state": ("State",),
    "country": ("Country",),
    "tax_id": ("Tax ID", "VAT"),
    "website": ("Website",),
    "note": ("Notes",),
}
SERVICES = frozenset({"service"})
NO, YES = frozenset({"false", "0", "no", "n"}), frozenset({"true", "1", "yes", "y", "company"})
ALMOST_WHOLE = re.compile(r"(\d{8,14})\.(?:0\d*|9{4,}\d*)")
"""A barcode that was kept as a number; a spreadsheet counts in fractions of two and is a little off."""


class OdooProducts:
    """The rows of one file of products."""

    def __init__(self, sheet: Sheet) -> None:
        self._columns = Columns(sheet, PRODUCT)
        self.headers = {**self._columns.headers, "stocked": self._columns.headers.get("kind", "")}
        if "archived" not in self.headers and "sold" in self.headers:
            self.headers["archived"] = self.headers["sold"]

    def read(self, row: Row) -> Told:
        """The product in a row."""
        cells = self._columns.of(row)
        kind = cells.pop("kind", "").strip().casefold()
        cells["stocked"] = "no" if kind in SERVICES else ""
        active, sold = cells.pop("archived", "").strip().casefold(), cells.pop("sold", "").strip().casefold()
        cells["archived"] = "yes" if NO & {active, sold} else "no" if active or sold else ""
        if found := ALMOST_WHOLE.fullmatch(cells.get("barcode", "").strip()):
            cells["barcode"] = f"{round(float(found[0]))}"
        path = [part.strip() for part in cells.get("category", "").split("/")]
        cells["category"] = BRANCH.join(part for part in path if part and part.casefold() != "all")
        return Told(cells)


class OdooContacts:
    """The rows of one file of contacts: what has no field of its own here stands in the note, a line each."""

    def __init__(self, sheet: Sheet) -> None:
        self._columns = Columns(sheet, CONTACT)
        found = self._columns.headers
        kept = ("name", "code", "email", "phone", "country")
        self.headers = {name: found[name] for name in kept if name in found} | {"note": found.get("note", "")}

    def read(self, row: Row) -> Told:
        """The company or person in a row."""
        cells = {name: cell.strip() for name, cell in self._columns.of(row).items()}
        told = {name: cells.get(name, "") for name in ("name", "code", "email", "phone", "country")}
        place = " ".join(part for part in (_whole(cells.get("zip", "")), cells.get("city", "")) if part)
        address = ", ".join(
            part for part in (cells.get("street"), cells.get("street2"), place, cells.get("state")) if part
        )
        tax_id, website = cells.get("tax_id"), cells.get("website")
        lines = [cells.get("note"), cells.get("company"), address, tax_id and f"Tax ID: {tax_id}", website]
        told["note"] = "\n".join(line for line in lines if line)
        return Told(told)


def _whole(text: str) -> str:
    """A postcode that a spreadsheet made a number of."""
    return text.removesuffix(".0")


ODOO_PRODUCTS = Layout(
    name="odoo",
    label="Odoo",
    columns=(
        frozenset({"name", "internal reference"}),
        frozenset({"external id", "name", "sales price"}),
        frozenset({"external id", "name", "sale price"}),
    ),
    open=OdooProducts,
    left_out=_l("Services come in without stock, what cannot be sold comes in archived. A category that is named by "
                "its External ID only is left out, and so are weights, vendors and how things are procured."),
)  # fmt: skip
ODOO_CONTACTS = Layout(
    name="odoo",
    label="Odoo",
    columns=(frozenset({"name", "company type"}), frozenset({"name", "is a company"})),
    open=OdooContacts,
    left_out=_l("The company, the address, the tax ID and the website go into the note; tags are left out."),
)
