"""The forms of an import: the file, how it is read, and which column is which field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, SelectField, StringField
from wtforms.validators import Length

from retail.core.errors import Refused
from retail.core.forms import Form, choices_from
from retail.core.imports import Import
from retail.core.spreadsheets import Sheet
from retail.integrations.product_options import FREE, checked_price, location_choices, tax_rate_choices

ENCODINGS = {
    "utf-8": _l("Unicode (UTF-8)"),
    "utf-8-sig": _l("Unicode (UTF-8, marked)"),
    "utf-16": _l("Unicode (UTF-16)"),
    "cp1252": _l("Western Europe (Windows-1252)"),
    "cp1250": _l("Central Europe (Windows-1250)"),
    "cp1251": _l("Cyrillic (Windows-1251)"),
    "cp1253": _l("Greek (Windows-1253)"),
    "cp1254": _l("Turkish (Windows-1254)"),
    "cp1255": _l("Hebrew (Windows-1255)"),
    "cp1256": _l("Arabic (Windows-1256)"),
    "cp1257": _l("Baltic (Windows-1257)"),
    "cp850": _l("Western Europe (DOS 850)"),
    "mac_roman": _l("Western Europe (old Macintosh)"),
    "cp932": _l("Japanese (Shift JIS)"),
    "gb18030": _l("Chinese (GB 18030)"),
}
DELIMITERS = {",": _l("Comma  ,"), ";": _l("Semicolon  ;"), "\t": _l("Tab"), "|": _l("Vertical bar  |")}
DECIMALS = {"": _l("As found in each column"), "point": "1,234.56", "comma": "1.234,56"}
TAB = "tab"
"""How a tab is called in the form: browsers and forms strip the sign itself."""


MADE = ("name", "sku", "category", "description")
"""Fields that a page can have made of several columns."""


class Reading(TypedDict):
    """How a file is to be read."""

    encoding: str
    delimiter: str
    sheet: str
    decimal_comma: bool | None


class UploadForm(Form):
    """A file."""

    file = FileField(_l("File"), [FileRequired(_l("Choose a file first."))])


class ProductUploadForm(UploadForm):
    """A file of products, and the pictures it names."""

    pictures = FileField(_l("Pictures"))


class ReadingForm(Form):
    """How a file is read, where what was found is wrong."""

    encoding = SelectField(_l("Letters"))
    delimiter = SelectField(_l("Between columns"))
    sheet = SelectField(_l("Sheet"))
    decimals = SelectField(_l("Numbers"), choices=choices_from(DECIMALS.items()))

    @classmethod
    def of(cls, row: Import, sheet: Sheet) -> ReadingForm:
        """The form as the file is read now; what a file of this sort has no use for is left out."""
        form = cls(
            data={
                "encoding": sheet.encoding,
                "delimiter": TAB if sheet.delimiter == "\t" else sheet.delimiter,
                "sheet": sheet.sheet_name,
                "decimals": {None: "", True: "comma", False: "point"}[row.decimal_comma],
            }
        )
        if sheet.encoding:
            form.encoding.choices = choices_from(_with(ENCODINGS, sheet.encoding))
        else:
            del form.encoding
        if sheet.delimiter:
            signs = _with(DELIMITERS, sheet.delimiter)
            form.delimiter.choices = choices_from((TAB if sign == "\t" else sign, label) for sign, label in signs)
        else:
            del form.delimiter
        if len(sheet.sheet_names) > 1:
            form.sheet.choices = choices_from((name, name) for name in sheet.sheet_names)
        else:
            del form.sheet
        return form

    def chosen(self, sheet: Sheet) -> Reading:
        """What the person chose, as `read_differently` wants it."""
        delimiter = self.delimiter.data if "delimiter" in self else ""
        return {
            "encoding": self.encoding.data if "encoding" in self else "",
            "delimiter": "\t" if delimiter == TAB else delimiter,
            "sheet": self.sheet.data if "sheet" in self else sheet.sheet_name,
            "decimal_comma": {"comma": True, "point": False}.get(self.decimals.data),
        }


class ColumnsForm(Form):
    """What goes with the choice of columns."""

    name = StringField(
        _l("Remember this layout as"),
        [Length(max=80)],
        description=_l("Files with the same columns are matched like this next time, with a name or without."),
    )

    @classmethod
    def of(cls, row: Import, *, has_price: bool) -> ColumnsForm:
        """The form for an import; `has_price` says whether a column of its file holds prices."""
        return ProductColumnsForm.of_products(row, has_price=has_price) if row.kind == "products" else cls()

    def options(self) -> dict[str, Any]:
        """What the import needs to know besides its file."""
        return {}


class ProductColumnsForm(ColumnsForm):
    """For products: where opening stock lies, and what new products get whose row does not say."""

    location_id = SelectField(_l("Opening stock lies at"), coerce=int)
    tax_rate_id = SelectField(_l("Tax rate"), coerce=int, description=_l("For new products whose row names none."))
    price = StringField(
        _l("Price of new products"),
        description=_l("The file has no column of prices. Leave it empty to reject new products."),
    )
    fetch_pictures = BooleanField(
        _l("Fetch pictures from their addresses"),
        description=_l("The first address of a row that begins with http:// or https://. This can take a while."),
    )

    @classmethod
    def of_products(cls, row: Import, *, has_price: bool) -> ProductColumnsForm:
        """The form with the places and rates there are."""
        kept = {name: row.options.get(name) for name in ("location_id", "tax_rate_id")}
        fetches = bool(row.options.get("fetch_pictures"))
        form = cls(data={**kept, "price": row.options.get("price", FREE), "fetch_pictures": fetches})
        form.location_id.choices = choices_from(location_choices())
        if rates := tax_rate_choices():
            form.tax_rate_id.choices = choices_from(rates)
        else:
            del form.tax_rate_id
        if has_price and not form.is_submitted():
            del form.price
        return form

    def options(self) -> dict[str, Any]:
        """What new products are given besides what their row says. Refused for a price that is none."""
        return {
            "location_id": self.location_id.data,
            "tax_rate_id": self.tax_rate_id.data if "tax_rate_id" in self else None,
            "price": checked_price((self.price.data or "") if "price" in self else ""),
            "fetch_pictures": self.fetch_pictures.data,
        }


def _with(choices: Mapping[str, object], present: str) -> list[tuple[str, object]]:
    """The choices, and what is chosen now if it is none of them."""
    return [*choices.items(), *([] if present in choices else [(present, present)])]


def fields_chosen(sent: Mapping[str, str], headers: Sequence[str]) -> dict[str, str]:
    """Field name to column, from selects called `column-0`, `column-1`, … Refused when two columns are one field."""
    chosen: dict[str, str] = {}
    for index, header in enumerate(headers):
        name = sent.get(f"column-{index}", "")
        if name and name in chosen:
            raise Refused(
                _(
                    "The columns “%(one)s” and “%(other)s” are matched with the same field. Leave one of them out.",
                    one=chosen[name],
                    other=header,
                )
            )
        if name:
            chosen[name] = header
    for name in MADE:
        if pattern := sent.get(f"made-{name}", "").strip():
            chosen[name] = pattern
    return chosen
