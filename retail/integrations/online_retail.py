"""The layout of the “Online Retail” invoice lines (UCI 352): what its columns and its habits mean.

InvoiceNo, StockCode, Description, Quantity, InvoiceDate (shop's wall clock), UnitPrice (up to four decimals),
CustomerID,
Country. An invoice that starts with C takes goods back, one with A adjusts money; goods that leave at no price
without a
C are written off (their note stands in the description). Codes that are not five digits and up to two letters are no
merchandise: postage, fees, vouchers, manual entries.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from flask_babel import gettext as _

from retail.core.money import AMOUNT_PLACES
from retail.core.spreadsheets import BadRow, CellError, Field, Sheet, SpreadsheetError, match_columns, parse_decimal

MERCHANDISE = re.compile(r"[0-9]{5}[A-Za-z]{0,2}\Z")
FIELDS = (
    Field("invoice", "InvoiceNo", required=True),
    Field("sku", "StockCode", required=True),
    Field("description", "Description"),
    Field("quantity", "Quantity", required=True),
    Field("at", "InvoiceDate", required=True),
    Field("price", "UnitPrice", required=True),
    Field("customer", "CustomerID"),
    Field("country", "Country"),
)
MOST = Decimal(10) ** 9


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the file, read."""

    sku: str
    description: str
    quantity: Decimal
    price: Decimal


@dataclass(slots=True)
class Invoice:
    """The rows of one invoice, in the order of the file; it is dated by its first row."""

    number: str
    at: datetime
    customer: str
    country: str
    lines: list[Line] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """What the invoice is: see the head of this file."""
        if self.number[:1] in {"C", "c"}:
            return "return"
        if self.number[:1] in {"A", "a"}:
            return "adjustment"
        if all(line.quantity < 0 and not line.price for line in self.lines):
            return "write_off"
        return "sale"


@dataclass
class History:
    """A whole file, read: invoices by number, what it says of each product and customer, and the rows it got wrong."""

    headers: Sequence[str]
    invoices: dict[str, Invoice]
    names: Mapping[str, str]
    prices: Mapping[str, Decimal]
    countries: Mapping[str, str]
    bad: list[BadRow]
    rows: int


class Reader:
    """Reads one file. Equal texts are kept once, and equal numbers parsed once: the file repeats itself a lot."""

    def __init__(self, sheet: Sheet) -> None:
        matches = match_columns(sheet.headers, FIELDS)
        missing = [one.label for one in FIELDS if one.required and one.name not in matches]
        if missing:
            raise SpreadsheetError(
                sheet.filename,
                _("The columns %(names)s are missing.", names=", ".join(map(str, missing))),
                _("Give a file with the columns %(all)s.", all=", ".join(str(one.label) for one in FIELDS)),
            )
        self._sheet = sheet
        self._index = {name: sheet.headers.index(match.header) for name, match in matches.items()}
        self._comma = {name: sheet.decimal_comma[match.header] for name, match in matches.items()}
        self._texts: dict[str, str] = {}
        self._numbers: dict[tuple[str, str], Decimal] = {}
        self._instants: dict[str, datetime] = {}

    def read(self, progress: Callable[[int], None]) -> History:
        """Read every row; a row that cannot be read is kept with the reason and does not stop the others."""
        invoices: dict[str, Invoice] = {}
        names: dict[str, Counter[str]] = defaultdict(Counter)
        prices: dict[str, Decimal] = {}
        countries: dict[str, str] = {}
        bad: list[BadRow] = []
        count = 0
        for row in self._sheet.rows():
            count += 1
            if count % 20_000 == 0:
                progress(count)
            try:
                if row.problem:
                    raise CellError(row.problem)
                number, at, customer, country, line = self._row(row.values)
                invoice = invoices.get(number)
                if invoice is None:
                    invoice = invoices[number] = Invoice(number, at, customer, country)
            except CellError as problem:
                bad.append(BadRow(row.number, row.values, str(problem)))
                continue
            invoice.lines.append(line)
            if customer and not invoice.customer:
                invoice.customer = customer
            if line.description:
                names[line.sku][line.description] += 1
            if line.price > 0:
                prices[line.sku] = line.price
            else:
                prices.setdefault(line.sku, Decimal(0))
            if customer:
                countries.setdefault(customer, country)
        progress(count)
        return History(
            self._sheet.headers,
            invoices,
            {sku: _usual(seen) for sku, seen in names.items()},
            prices,
            countries,
            bad,
            count,
        )

    def _row(self, values: Sequence[str]) -> tuple[str, datetime, str, str, Line]:
        number = self._text(values, "invoice")
        if not number:
            raise CellError(_("InvoiceNo is empty; write the invoice's number."))
        sku = self._text(values, "sku")
        if not sku:
            raise CellError(_("StockCode is empty; write the article's code."))
        quantity = self._number(values, "quantity", 3)
        price = self._number(values, "price", AMOUNT_PLACES)
        if not quantity:
            raise CellError(_("Quantity is 0; a line sells or returns something."))
        if price < 0 and number[:1] not in {"A", "a"}:
            raise CellError(_("UnitPrice is below zero; only an adjustment (A…) may be."))
        at = self._instant(self._text(values, "at"))
        customer = self._text(values, "customer").removesuffix(".0")
        line = Line(sku, self._text(values, "description"), quantity, price)
        return number, at, customer, self._text(values, "country"), line

    def _text(self, values: Sequence[str], name: str) -> str:
        index = self._index.get(name)
        if index is None:
            return ""
        text = values[index].strip()
        return self._texts.setdefault(text, text)

    def _number(self, values: Sequence[str], name: str, places: int) -> Decimal:
        text = values[self._index[name]]
        known = self._numbers.get((name, text))
        if known is not None:
            return known
        label = {"quantity": "Quantity", "price": "UnitPrice"}[name]
        try:
            value = parse_decimal(text, self._comma[name])
        except CellError as problem:
            raise CellError(f"{label}: {problem}") from None
        if abs(value) > MOST:
            raise CellError(_("%(column)s: %(text)s is too large.", column=label, text=text))
        if value != round(value, places):
            raise CellError(_("%(column)s: %(text)s has more than %(n)d decimals.", column=label, text=text, n=places))
        self._numbers[name, text] = value
        return value

    def _instant(self, text: str) -> datetime:
        known = self._instants.get(text)
        if known is not None:
            return known
        for layout in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%y %H:%M"):
            try:
                at = datetime.strptime(text, layout)  # noqa: DTZ007  the shop's wall clock; its zone is added on booking
            except ValueError:
                continue
            if at.year >= 1990:
                self._instants[text] = at
                return at
        raise CellError(_("InvoiceDate “%(text)s” is no date and time such as 2011-08-31 17:45:00.", text=text[:40]))


def _usual(seen: Counter[str]) -> str:
    """The description used most often; of equals the first in the alphabet."""
    return min(seen, key=lambda text: (-seen[text], text))


def in_order(invoices: Iterable[Invoice], rows: int) -> Iterator[list[Invoice]]:
    """Invoices by date in chunks of about `rows` rows: each chunk is booked in one transaction."""
    chunk: list[Invoice] = []
    size = 0
    for invoice in sorted(invoices, key=lambda one: (one.at, one.number)):
        chunk.append(invoice)
        size += len(invoice.lines)
        if size >= rows:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk
