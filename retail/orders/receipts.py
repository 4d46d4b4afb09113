"""A document as a receipt: the one object from which page, print and PDF are made."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from flask_babel import format_datetime
from flask_babel import gettext as _

from retail.catalog.jewel_queries import words_of
from retail.core import shown
from retail.core.documents import LabeledValue, ReceiptDocument, ReceiptKind, ReceiptLine, TaxLine
from retail.core.language import readable, speaking
from retail.core.money import ZERO
from retail.orders.labels import method
from retail.orders.models import OrderLine
from retail.orders.queries import Document
from retail.tenancy.models import Tenant

KINDS: dict[str, ReceiptKind] = {"return": "refund", "void": "void"}


def receipt_of(found: Document, tenant: Tenant, *, is_copy: bool) -> ReceiptDocument:
    """The receipt of a document in its own currency; what is given back stands there above zero. It is written for the
    customer, in their language or the shop's and on the shop's clock, whoever prints it."""
    customer = found.order.customer
    language = readable((customer.locale if customer is not None else None) or tenant.locale)
    with speaking(language):
        return _write(found, tenant, is_copy, language)


def _write(found: Document, tenant: Tenant, is_copy: bool, language: str) -> ReceiptDocument:
    order = found.order
    sign: Literal[1, -1] = -1 if order.kind in KINDS else 1

    def money(amount: Decimal) -> str:
        return shown.money(sign * amount, order.currency)

    cart_discount = sum((line.cart_discount for line in found.lines), ZERO)
    subtotal = sum((_amount(line, tenant) for line in found.lines), ZERO)
    facts = [LabeledValue(str(_("Date")), _when(order.occurred_at, tenant))]
    if found.cashier:
        facts.append(LabeledValue(str(_("Served by")), found.cashier))
    if order.location is not None:
        facts.append(LabeledValue(str(_("Shop")), order.location.name))
    if order.customer is not None:
        facts.append(LabeledValue(str(_("Customer")), order.customer.name))
    if order.reason:
        facts.append(LabeledValue(str(_("Reason")), order.reason))
    added_tax = not tenant.prices_include_tax and order.tax
    return ReceiptDocument(
        shop_name=tenant.name,
        address=_printed(tenant.address or order.location.address),
        phone=tenant.phone,
        tax_id=tenant.tax_id,
        number=order.number,
        kind=KINDS.get(order.kind, "sale"),
        facts=tuple(facts),
        lines=tuple(_line(line, tenant, sign, order.currency) for line in found.lines),
        subtotal=money(subtotal) if cart_discount or added_tax else "",
        discounts=(LabeledValue(str(_("Discount")), money(-cart_discount)),) if cart_discount else (),
        charges=(LabeledValue(str(_("Tax")), money(order.tax)),) if added_tax else (),
        rounding=money(order.rounding) if order.rounding else "",
        total=money(order.total),
        tenders=tuple(
            LabeledValue(
                method(one.method) + (f" · {one.reference}" if one.reference else ""),
                money(one.tendered if one.tendered is not None and sign == 1 else one.amount),
            )
            for one in found.payments
        ),
        change=shown.money(found.change, order.currency) if sign == 1 and found.change else "",
        taxes=tuple(
            TaxLine(one.label or str(_("No tax")), money(one.net), money(one.tax), money(one.gross))
            for one in found.taxes
        ),
        footer=(*_printed(tenant.receipt_header), *_printed(tenant.receipt_footer)),
        is_copy=is_copy,
        refers_to=found.reverses.number if found.reverses else "",
        qr_text=order.number,
        language=language,
        issued=order.occurred_at,
    )


def _when(instant: datetime, tenant: Tenant) -> str:
    local = instant.astimezone(ZoneInfo(tenant.timezone))
    return str(format_datetime(local, "medium", rebase=False))


def _amount(line: OrderLine, tenant: Tenant) -> Decimal:
    """What a line costs before the cart's discount, as its price is marked: with tax or without."""
    return (line.gross if tenant.prices_include_tax else line.net) + line.cart_discount


def _line(line: OrderLine, tenant: Tenant, sign: int, currency: str) -> ReceiptLine:
    count = sign * line.quantity
    discounts: tuple[LabeledValue, ...] = ()
    if line.line_discount:
        why = line.discount_reason or str(_("Discount"))
        discounts = (LabeledValue(why, shown.money(-sign * line.line_discount, currency)),)
    return ReceiptLine(
        name=line.description,
        amount=shown.money(sign * (_amount(line, tenant) + line.line_discount), currency),
        quantity=shown.quantity(count) if count != 1 else "",
        unit_price=shown.money(line.list_price, currency) if count != 1 else "",
        note="; ".join(f"{what}: {amount}" for what, amount in words_of(line.working, currency)),
        discounts=discounts,
    )


def _printed(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())
