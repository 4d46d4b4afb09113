"""Products as rows of a file: the columns understood, and what one row says once it has been read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from retail.catalog.models import BRANCH
from retail.catalog.queries import shown_code
from retail.catalog.services import checked_code
from retail.catalog.services.categories import LONGEST_NAME as LONGEST_BRANCH
from retail.catalog.services.categories import MOST_LEVELS
from retail.catalog.services.products import LONGEST_NAME
from retail.catalog.services.skus import LONGEST_SKU
from retail.core.errors import Refused
from retail.core.imports import Given, several_lines
from retail.core.money import AMOUNT_PLACES, QUANTITY_PLACES
from retail.core.spreadsheets import CellError, Field, parse_boolean

OPTIONS = (1, 2, 3)
FIELDS = (
    Field("name", _l("Name"), ("title", "product", "product name", "item", "item name", "article", "artikel",
                               "nombre", "description short", "produktname", "bezeichnung")),
    Field("sku", _l("SKU"), ("variant sku", "stock code", "stockcode", "item number", "item no", "article number",
                             "product code", "item code", "reference", "artikelnummer", "style code", "part number")),
    Field("barcode", _l("Barcode"), ("variant barcode", "ean", "ean13", "upc", "gtin", "isbn", "ean code", "bar code",
                                     "strichcode", "codigo de barras")),
    Field("price", _l("Price"), ("variant price", "unit price", "retail price", "selling price", "sale price", "rrp",
                                 "price inc vat", "price incl tax", "preis", "precio", "verkaufspreis", "prix")),
    Field("cost", _l("Cost"), ("cost per item", "cost price", "unit cost", "purchase price", "buy price",
                               "supplier price", "wholesale cost", "einkaufspreis", "coste")),
    Field("category", _l("Category"), ("product category", "type", "product type", "department", "group", "categories",
                                       "kategorie", "categoria", "collection", "coarse class")),
    Field("brand", _l("Brand"), ("vendor", "manufacturer", "make", "marke", "marca", "hersteller")),
    Field("tax", _l("Tax code"), ("tax", "tax rate", "vat", "vat rate", "vat code", "tax class", "mwst", "iva")),
    Field("unit", _l("Unit"), ("unit of measure", "uom", "sold by", "einheit", "unidad")),
    Field("description", _l("Description"), ("body html", "body", "long description", "details", "beschreibung",
                                             "descripcion")),
    Field("stock", _l("Opening stock"), ("stock", "quantity", "qty", "on hand", "in stock", "stock on hand",
                                         "variant inventory qty", "inventory", "current quantity", "bestand")),
    Field("reorder_point", _l("Reorder point"), ("reorder level", "min stock", "minimum stock", "low stock alert",
                                                 "low stock level", "stock alert count", "par level",
                                                 "mindestbestand")),
    Field("handle", _l("Product group"), ("handle", "parent sku", "parent", "product id", "group id", "style",
                                          "item group", "url handle", "token")),
    Field("option1_name", _l("Option 1 name"), ("option1 name", "attribute 1 name")),
    Field("option1_value", _l("Option 1 value"), ("option1 value", "attribute 1 value", "size", "variation")),
    Field("option2_name", _l("Option 2 name"), ("option2 name", "attribute 2 name")),
    Field("option2_value", _l("Option 2 value"), ("option2 value", "attribute 2 value", "color", "colour")),
    Field("option3_name", _l("Option 3 name"), ("option3 name", "attribute 3 name")),
    Field("option3_value", _l("Option 3 value"), ("option3 value", "attribute 3 value", "material")),
    Field("archived", _l("Archived"), ("status", "discontinued", "inactive", "is archived")),
    Field("stocked", _l("Kept in stock"), ("stocked", "track inventory", "track stock", "manage stock")),
    Field("pictures", _l("Pictures"), ("picture", "image", "images", "photo", "photos", "image src", "image url",
                                       "image file", "image link", "picture url", "bild", "bilder", "imagen", "foto")),
)  # fmt: skip
LABELS: Mapping[str, object] = {one.name: one.label for one in FIELDS}
AMOUNTS = frozenset({"price", "cost", "reorder_point"})
"""The fields that are numbers."""
HINTS: Mapping[str, object] = {
    "name": _l("Needed for new products."),
    "sku": _l("Finds products that are here already. New ones without get one."),
    "barcode": _l("Several may stand in one cell, with commas between."),
    "price": _l("Needed for new products."),
    "category": _l("“Drinks > Tea”; what is missing is made."),
    "tax": _l("The code, name or percentage of a tax rate."),
    "stock": _l("Only for new products, at the location chosen below."),
    "handle": _l("Rows with the same text here are variants of one product."),
    "archived": _l("Yes, archived or discontinued takes it out of sale."),
    "stocked": _l("No is for services and the like. Only for new products."),
    "pictures": _l(
        "Names of files in the ZIP that comes with the table, or addresses; the first that can be read is taken."
    ),
}
SHORTENED = re.compile(r"\d(?:[.,]\d+)?[eE]\+\d+")
NO_CHOICE = "default title"
ARCHIVED = {"archived": True, "discontinued": True, "inactive": True, "draft": True, "active": False, "on sale": False}


@dataclass(frozen=True, slots=True)
class ProductRow:
    """What a row says. Empty texts and None mean that it says nothing of it."""

    number: int
    name: str
    sku: str
    codes: tuple[str, ...]
    handle: str
    category: str
    brand: str
    tax: str
    description: str
    unit: str
    price: Decimal | None
    cost: Decimal | None
    stock: Decimal | None
    reorder_point: Decimal | None
    option_names: tuple[str, ...]
    option_values: tuple[str, ...]
    archived: bool | None
    usual_price: Decimal | None = None
    stocked: bool | None = None
    pictures: tuple[str, ...] = ()

    @property
    def new_price(self) -> Decimal | None:
        """What a new product of this row is sold for."""
        return self.usual_price if self.price is None else self.price


def read_row(given: Given, usual_price: Decimal | None = None) -> ProductRow:
    """Read every cell; what makes no sense is noted in `given.problems`. Where a file has no prices at all, new
    products get the usual one."""
    names, values = _options(given)
    return ProductRow(
        number=given.number,
        name=given.text("name", LONGEST_NAME),
        sku=given.text("sku", LONGEST_SKU),
        codes=_codes(given),
        handle=given.text("handle"),
        category=_category(given),
        brand=given.text("brand"),
        tax=given.text("tax"),
        description=several_lines(given.raw("description")),
        unit=given.text("unit", 20),
        price=given.decimal("price", AMOUNT_PLACES),
        cost=given.decimal("cost", AMOUNT_PLACES),
        stock=given.decimal("stock", QUANTITY_PLACES),
        reorder_point=given.decimal("reorder_point", QUANTITY_PLACES),
        option_names=names,
        option_values=values,
        archived=_archived(given),
        usual_price=None if given.has_column("price") else usual_price,
        stocked=_yes_or_no(given, "stocked"),
        pictures=pictures_in(given.raw("pictures")),
    )


def _codes(given: Given) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for part in re.split(r"[,;|\n]", given.raw("barcode")):
        code = part.strip().lstrip("'")  # which keeps a spreadsheet from making a number of it
        if not code:
            continue
        if SHORTENED.fullmatch(code):
            given.refuse(
                "barcode",
                _(
                    "“%(code)s” was shortened by a spreadsheet program. Format the column as text and put the whole "
                    "barcode in.",
                    code=code,
                ),
            )
            continue
        try:
            found[checked_code(code)] = None
        except Refused as problem:
            given.refuse("barcode", problem.message)
    return tuple(found)


def _category(given: Given) -> str:
    parts = [part for part in (" ".join(one.split()) for one in given.text("category", 500).split(">")) if part]
    if len(parts) > MOST_LEVELS:
        given.refuse("category", _("Categories go at most %(count)d levels deep.", count=MOST_LEVELS))
    elif any(len(part) > LONGEST_BRANCH for part in parts):
        given.refuse("category", _("A category's name has at most %(count)d letters.", count=LONGEST_BRANCH))
    return BRANCH.join(parts)


def _options(given: Given) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the options as far as the row gives them (else “”), and their values."""
    names, values = [], []
    for number in OPTIONS:
        value = given.text(f"option{number}_value", 60)
        if not value or value.casefold() == NO_CHOICE:
            continue
        # A column called “Size” says what its values are; one called “Option1 Value” does not.
        header = given.headers.get(f"option{number}_value", "")
        spoken = "" if re.search(r"\d|value|variation|option|attribute", header, re.IGNORECASE) else header
        names.append(given.text(f"option{number}_name", 40) or spoken)
        values.append(value)
    return tuple(names), tuple(values)


def _archived(given: Given) -> bool | None:
    text = given.raw("archived")
    if not text:
        return None
    if text.casefold() in ARCHIVED:
        return ARCHIVED[text.casefold()]
    return _yes_or_no(given, "archived")


def _yes_or_no(given: Given, name: str) -> bool | None:
    text = given.raw(name)
    if not text:
        return None
    try:
        return parse_boolean(text)
    except CellError as problem:
        given.refuse(name, problem)
        return None


def pictures_in(cell: str) -> tuple[str, ...]:
    """The pictures a cell names, each once: between them stands “|”, a line break or a comma (which may also be part of
    an address: there only one before the next address counts)."""
    if "|" in cell or "\n" in cell:
        parts = re.split(r"[|\n]", cell)
    else:
        parts = re.split(r",(?=\s*https?://)" if "://" in cell else ",", cell)
    return tuple(dict.fromkeys(part for one in parts if (part := one.strip().strip("\"'"))))


def codes_text(codes: Sequence[str]) -> str:
    """Barcodes as they are printed."""
    return ", ".join(shown_code(code) for code in codes)


def value_text(value: Any) -> str:
    """A value as a list of changes shows it, not too long."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if isinstance(value, Decimal):
        # As it would stand in a file: exact, and the same whoever reads it.
        return f"{value.normalize():f}"
    text = str(value)
    return text if len(text) <= 120 else text[:119] + "…"
