"""Documents: the list, the page of one, its receipt."""

from __future__ import annotations

from flask import abort, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retail.core import html
from retail.core.documents import ReceiptDocument, qr_svg, receipt_pdf
from retail.core.module import can, person_or_none
from retail.core.tables import table_page
from retail.orders import module, queries, services
from retail.orders.labels import CHANNELS, KINDS, STATES, TONES, method
from retail.orders.queries import Document
from retail.orders.receipts import receipt_of
from retail.orders.tables import Orders
from retail.permissions import Can


@module.get("/", needs=Can.VIEW_ORDERS)
def order_list() -> Response:
    """Sales, returns and voids."""
    answer: Response = table_page(
        Orders(), "orders/list.html", title=_("Sales"), subtitle=_("Every sale, return and void, the latest first.")
    )
    return answer


@module.get("/<int:order_id>", needs=Can.VIEW_ORDERS)
def order_page(order_id: int) -> Response:
    """One document with its lines, payments, taxes, books and history."""
    found = _found(order_id)
    return html.page(
        "orders/order.html",
        found=found,
        order=found.order,
        journal=queries.journal_of(order_id) if can(Can.VIEW_JOURNAL) else [],
        history=queries.history_of(order_id),
        kinds=KINDS,
        channels=CHANNELS,
        states=STATES,
        tones=TONES,
        method=method,
        is_today=found.order.business_date == person_or_none().tenant.today(),
        breadcrumbs=[(_("Sales"), url_for("orders.order_list")), (found.order.number, None)],
    )


@module.get("/<int:order_id>/receipt", needs=Can.VIEW_ORDERS)
def receipt(order_id: int) -> Response:
    """The receipt on screen; marked as a copy once it has been printed."""
    return _receipt_page(order_id, print_now=False)


@module.post("/<int:order_id>/printed", needs=Can.VIEW_ORDERS)
def print_receipt(order_id: int) -> Response:
    """The receipt, sent to the printer of the browser. The first is the original, all others are copies."""
    return _receipt_page(order_id, print_now=True, count=True)


@module.get("/<int:order_id>/receipt.pdf", needs=Can.VIEW_ORDERS)
def receipt_file(order_id: int) -> Response:
    """The receipt as PDF; marked as a copy once it has been printed."""
    return _pdf(_receipt(_found(order_id)))


@module.post("/<int:order_id>/receipt.pdf", needs=Can.VIEW_ORDERS)
def take_receipt_pdf(order_id: int) -> Response:
    """The receipt as PDF, counted as printed."""
    document = _receipt(_found(order_id))
    services.note_printed(order_id)
    html.settle(keep=True)
    return _pdf(document)


def _found(order_id: int) -> Document:
    found = queries.document(order_id)
    if found is None:
        abort(404)
    return found


def _receipt(found: Document) -> ReceiptDocument:
    return receipt_of(found, person_or_none().tenant, is_copy=found.order.copies_printed > 0)


def _receipt_page(order_id: int, *, print_now: bool, count: bool = False) -> Response:
    found = _found(order_id)
    document = _receipt(found)
    if count:
        services.note_printed(order_id)
    return html.page(
        "orders/receipt.html",
        receipt=document,
        order_id=order_id,
        number=document.number,
        print_now=print_now,
        qr=qr_svg(document.qr_text),
    )


def _pdf(document: ReceiptDocument) -> Response:
    disposition = f'inline; filename="{document.number}.pdf"'
    headers = {"Content-Disposition": disposition, "Cache-Control": "no-store"}
    return Response(receipt_pdf(document), mimetype="application/pdf", headers=headers)
