"""Taking over the history of another system: documents into the ledgers, whole or not at all, each once.

The file is read and grouped by invoice, then booked in chunks of whole invoices, each chunk one transaction with its
event, so that a crash loses nothing and the next run goes on where it stopped. What is booked already is compared line
by line: nothing is booked twice, and lines a later file (or a mended error file) adds to an invoice become a supplement
of their own, because posted documents do not change.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from retail.catalog.services import PastProduct, ensure_past_products
from retail.core import tenancy
from retail.core.audit import record
from retail.core.clock import as_utc
from retail.core.db import in_chunks, reading, session, unit_of_work
from retail.core.errors import Refused
from retail.core.events import emit
from retail.core.money import ZERO
from retail.core.spreadsheets import SpreadsheetError, read, write_error_file
from retail.customers.services import ensure_past_customers
from retail.events.integrations import HistoryImported
from retail.finance import services as finance
from retail.finance.services import Posting
from retail.integrations.online_retail import MERCHANDISE, History, Invoice, Line, Reader, in_order
from retail.inventory import services as inventory
from retail.inventory.services import PastMove
from retail.orders import services as orders
from retail.orders.models import Order, OrderLine
from retail.orders.services import PastDocument, PastLine
from retail.payments import services as payments
from retail.payments.services import PastPayment
from retail.tenancy.models import Tenant
from retail.tenancy.queries import first_shop

ROWS_A_CHUNK = 10_000
MAPPINGS = ("online-retail",)
CHANNEL = "history"
Progress = Callable[[str, int, int], None]
"""Told what is being done, how many rows of it are done, and of how many."""


@dataclass
class Imported:
    """What an import did. Rows are rows of the file; `documents` and `lines` were booked by this run."""

    rows: int
    lines: int
    documents: int
    known_lines: int
    rejected: int
    new_products: int
    new_customers: int
    error_file: str | None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def import_sales(tenant: Tenant, path: Path, mapping: str, progress: Progress, error_file: Path) -> Imported:
    """Book the history in `path` into `tenant`. Bad rows are written to `error_file` with the reason beside each.

    Refused when the mapping is unknown or the file cannot be read at all; then nothing was booked.
    """
    if mapping not in MAPPINGS:
        raise Refused(
            _("There is no mapping “%(name)s”; there is: %(known)s.", name=mapping, known=", ".join(MAPPINGS)),
            field="mapping",
        )
    if not path.is_file():
        raise Refused(_("There is no file %(path)s.", path=path), field="file")
    try:
        history = Reader(read(path)).read(lambda rows: progress(_("reading"), rows, 0))
    except SpreadsheetError as problem:
        raise Refused(str(problem), field="file") from None
    result = Imported(history.rows, 0, 0, 0, len(history.bad), 0, 0, None)
    if history.bad:
        write_error_file(error_file, history.headers, history.bad)
        result.error_file = str(error_file)
    with tenancy.inside(tenant.id):
        _book(tenant, history, mapping, result, progress)
    return result


def _book(tenant: Tenant, history: History, mapping: str, result: Imported, progress: Progress) -> None:
    with unit_of_work():
        location_id = first_shop().id
        customers, result.new_customers = ensure_past_customers(sorted(history.countries.items()))
        products = [
            PastProduct(sku, history.names.get(sku, sku), price, bool(MERCHANDISE.match(sku)))
            for sku, price in sorted(history.prices.items())
        ]
        variants, result.new_products = ensure_past_products(products)
    booking = _Booking(tenant, mapping, location_id, customers, variants)
    total = history.rows - result.rejected
    done = 0
    for chunk in in_order(history.invoices.values(), ROWS_A_CHUNK):
        with reading():
            news = booking.what_is_new(chunk)
        booked = sum(len(lines) for _invoice, _part, lines in news)
        if news:
            with unit_of_work():
                booking.book(news)
        done += sum(len(invoice.lines) for invoice in chunk)
        result.lines += booked
        result.documents += len(news)
        result.known_lines = done - result.lines
        progress(_("booking"), done, total)
    if result.documents:
        with unit_of_work():
            record("import", "history", None, f"{mapping}: {result.documents} documents", result.as_dict())


New = tuple[Invoice, int, list[Line]]
"""An invoice, which part of it (0 the document itself, from 1 on supplements), and the lines not booked yet."""


class _Booking:
    """Books chunks of invoices into one location."""

    def __init__(
        self, tenant: Tenant, mapping: str, location_id: int, customers: dict[str, int], variants: dict[str, int]
    ) -> None:
        self._tenant, self._mapping, self._location_id = tenant, mapping, location_id
        self._customers, self._variants = customers, variants

    def what_is_new(self, chunk: Sequence[Invoice]) -> list[New]:
        """The lines of these invoices that no earlier run booked; equal lines are counted, for a file may repeat
        one.
        """
        parts: dict[str, int] = {}
        booked: dict[str, Counter[tuple[str, Decimal, Decimal, str]]] = defaultdict(Counter)
        for numbers in in_chunks((invoice.number for invoice in chunk), 400):
            origins = {f"{self._mapping}:{number}": number for number in numbers}
            known = session.execute(
                select(Order.id, Order.origin).where(Order.origin.in_(origins), Order.origin != "")
            ).all()
            by_id = {order_id: origins[origin] for order_id, origin in known}
            for number in by_id.values():
                parts[number] = parts.get(number, 0) + 1
            for ids in in_chunks(by_id, 400):
                for row in session.execute(
                    select(
                        OrderLine.order_id,
                        OrderLine.sku,
                        OrderLine.quantity,
                        OrderLine.list_price,
                        OrderLine.description,
                    ).where(OrderLine.order_id.in_(ids))
                ):
                    booked[by_id[row.order_id]][row.sku, row.quantity, row.list_price, row.description] += 1
        news: list[New] = []
        for invoice in chunk:
            seen = booked.get(invoice.number)
            if seen is None:
                news.append((invoice, 0, invoice.lines))
                continue
            added = []
            for line in invoice.lines:
                key = (line.sku, line.quantity, line.price, line.description)
                if seen[key] > 0:
                    seen[key] -= 1
                else:
                    added.append(line)
            if added:
                news.append((invoice, parts[invoice.number], added))
        return news

    def book(self, news: Sequence[New]) -> None:
        """Documents, lines, stock, payments and journal of a chunk, and the event that says so."""
        documents = [self._document(*one) for one in news]
        results = orders.book_past(
            documents, channel=CHANNEL, location_id=self._location_id, currency=self._tenant.currency
        )
        inventory.book_past_moves(
            self._location_id,
            [
                self._move(document, booked.id, line)
                for document, booked in zip(documents, results, strict=True)
                for line in document.lines
                if MERCHANDISE.match(line.sku)
            ],
        )
        pairs = list(zip(documents, results, strict=True))
        payments.record_past(
            [
                PastPayment(booked.id, booked.total, document.business_date, document.occurred_at)
                for document, booked in pairs
                if booked.total
            ],
            location_id=self._location_id,
        )
        finance.post_many(
            [
                Posting(
                    "order",
                    booked.id,
                    document.number,
                    document.business_date,
                    finance.sale_amounts(
                        net=booked.gross,
                        tax=ZERO,
                        rounding=booked.rounding,
                        cost=ZERO,
                        tenders={payments.PAST_METHOD: booked.total},
                    ),
                    document.occurred_at,
                )
                for document, booked in pairs
            ]
        )
        emit(
            HistoryImported(
                first=min(one.business_date for one in documents).isoformat(),
                last=max(one.business_date for one in documents).isoformat(),
                documents=len(documents),
                lines=sum(len(one.lines) for one in documents),
            )
        )

    def _document(self, invoice: Invoice, part: int, lines: Sequence[Line]) -> PastDocument:
        number = invoice.number if not part else f"{invoice.number}/{part + 1}"
        instant = as_utc(invoice.at, self._tenant.timezone)
        return PastDocument(
            key=f"{self._mapping}:{number}",
            number=number,
            kind=invoice.kind,
            customer_id=self._customers[invoice.customer] if invoice.customer else None,
            country=invoice.country,
            business_date=self._tenant.business_date(instant),
            hour=invoice.at.hour,
            occurred_at=instant,
            origin=f"{self._mapping}:{invoice.number}",
            lines=[
                PastLine(self._variants[line.sku], line.sku, line.description, line.quantity, line.price)
                for line in lines
            ],
        )

    def _move(self, document: PastDocument, order_id: int, line: PastLine) -> PastMove:
        """What a line did to the shelf. Goods below nothing at no price were written off: they left, too."""
        written_off = document.kind in {"sale", "write_off"} and line.quantity < 0 and not line.price
        reason = "written off" if written_off else "sold" if line.quantity > 0 else "returned"
        return PastMove(
            variant_id=line.variant_id,
            quantity=line.quantity if written_off else -line.quantity,
            counterpart="scrap" if written_off else "customer",
            reason=reason,
            source="order",
            source_id=order_id,
            business_date=document.business_date,
            occurred_at=document.occurred_at,
            note=line.description if written_off else "",
        )
