"""What an import of products needs to know besides its file, and what it is when nobody says."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from retail.core.db import session
from retail.core.errors import Refused
from retail.core.money import AMOUNT_PLACES
from retail.core.spreadsheets import CellError, parse_decimal
from retail.finance.models import TaxRate
from retail.tenancy.queries import first_shop, locations

FREE = "0"
"""The price of new products of a file that has no prices at all, unless somebody says another."""


def checked_price(text: str) -> str:
    """A price somebody gave for new products; Refused when it is none. Empty means that they need one of their own."""
    if not text.strip():
        return ""
    try:
        amount = parse_decimal(text)
    except CellError as problem:
        raise Refused(_("“%(text)s” is no price; write it as 2.50.", text=text), field="price") from problem
    if amount < 0 or round(amount, AMOUNT_PLACES) != amount:
        raise Refused(_("A price is nothing or more, with at most four decimal places."), field="price")
    return str(amount)


def default_options() -> dict[str, Any]:
    """The first shop, and the tax rate new products get whose row names none: the highest there is."""
    rate_id = session.scalar(select(TaxRate.id).order_by(TaxRate.rate.desc(), TaxRate.id).limit(1))
    return {"location_id": first_shop().id, "tax_rate_id": rate_id}


def location_choices() -> list[tuple[int, str]]:
    """The places opening stock can lie at."""
    return [(place.id, place.name) for place in locations()]


def tax_rate_choices() -> list[tuple[int, str]]:
    """The rates a new product can have, the highest first."""
    rows = session.execute(select(TaxRate.id, TaxRate.name).order_by(TaxRate.rate.desc(), TaxRate.id))
    return [(row.id, row.name) for row in rows]


def example_rows() -> list[list[str]]:
    """Rows of an example file in the order of the fields: a plain product, and one with two sizes."""
    code = session.scalar(select(TaxRate.code).order_by(TaxRate.rate.desc(), TaxRate.id).limit(1)) or ""
    return [
        ["Green tea 100 g", "TEA-100", "5012345678900", "4.50", "2.10", "Drinks > Tea", "Leaf & Co", code, "pack",
         "Fine leaves.", "12", "3", "", "", "", "", "", "", "", "", "", ""],
        ["T-shirt", "SHIRT-S", "", "19.00", "8.40", "Clothes", "Loom", code, "", "", "5", "2", "t-shirt", "Size", "S",
         "", "", "", "", "", "", ""],
        ["T-shirt", "SHIRT-M", "", "19.00", "8.40", "Clothes", "Loom", code, "", "", "8", "2", "t-shirt", "Size", "M",
         "", "", "", "", "", "", ""],
    ]  # fmt: skip
