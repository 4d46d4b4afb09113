"""An order on paper, and on its way to the supplier by mail."""

from __future__ import annotations

from babel.dates import format_date
from flask import current_app
from flask_babel import get_locale
from flask_babel import gettext as _

from retail.core import mail, shown
from retail.core.errors import Refused
from retail.core.language import attributes, readable, speaking
from retail.core.typesetting import compile_pdf
from retail.purchasing.models import PurchaseOrder
from retail.purchasing.services.ordering import mark_sent
from retail.tenancy.models import Tenant
from retail.tenancy.queries import current_tenant


def order_pdf(order: PurchaseOrder) -> bytes:
    """The order as PDF/A-2b, in the language of the shop: what a supplier needs to deliver and to bill it."""
    tenant = current_tenant()
    with speaking(readable(tenant.locale)):
        return compile_pdf("order.typ", _on_paper(order, tenant), standard="a-2b", timestamp=order.created_at)


def send_order(order: PurchaseOrder, address: str = "") -> mail.Mail:
    """Mail an approved order to its supplier, as PDF, and mark it as sent.

    `address` is where to, unless it is the supplier's usual one. Refused when neither is known.
    """
    to = (address or order.supplier.email).strip()
    if not to:
        raise Refused(
            _("%(name)s has no mail address. Give one, or mark the order as sent.", name=order.supplier.name),
            field="address",
        )
    mark_sent(order)
    tenant = current_tenant()
    locale = readable(tenant.locale)
    with speaking(locale):
        title = _("Order %(number)s from %(shop)s", number=numbered(order), shop=tenant.name)
        words = [
            _("Dear %(name)s,", name=order.supplier.contact or order.supplier.name),
            _("Please find our order %(number)s attached.", number=numbered(order)),
        ]
        if order.expected_on is not None:
            words.append(_("We expect the goods by %(day)s.", day=_day(order.expected_on)))
        if order.revision:
            words.append(_("It takes the place of what we sent you before."))
        html = current_app.jinja_env.get_template("purchasing/mail_order.html").render(
            subject=title, words=words, shop=tenant.name, spoken=attributes(locale)
        )
        return mail.send(
            to,
            title,
            "\n\n".join([*words, tenant.name]) + "\n",
            html,
            name=order.supplier.contact or order.supplier.name,
            category="purchasing",
            attachments=[(f"{numbered(order)}.pdf", "application/pdf", order_pdf(order))],
        )


def numbered(order: PurchaseOrder) -> str:
    """An order's number, with that of its revision once it was amended."""
    return f"{order.number}-{order.revision}" if order.revision else order.number


def _day(day: object) -> str:
    return str(format_date(day, "long", locale=get_locale() or "en"))  # type: ignore[arg-type]


def _on_paper(order: PurchaseOrder, tenant: Tenant) -> dict[str, object]:
    supplier, place = order.supplier, order.location

    def money(amount: object) -> str:
        return shown.money(amount, order.currency)  # type: ignore[arg-type]

    facts = [
        (_("Date"), _day(order.business_date)),
        (_("Delivery by"), _day(order.expected_on) if order.expected_on else ""),
        (_("Your reference"), order.reference),
        (_("Our tax number"), tenant.tax_id),
        (
            _("Payment"),
            _("%(n)s days", n=supplier.payment_days) if supplier.payment_days else _("at once"),
        ),
    ]
    return {
        "shop_name": tenant.name,
        "shop": _printed(tenant.address) + [one for one in (tenant.phone, tenant.email) if one],
        "title": _("Purchase order %(number)s", number=numbered(order)),
        "supplier": [supplier.name, *([supplier.contact] if supplier.contact else []), *_printed(supplier.address)],
        "place": [place.name, *_printed(place.address)],
        "facts": [[str(label), text] for label, text in facts if text],
        "note": order.note,
        "lines": [
            [
                line.supplier_code or line.variant.sku,
                line.description,
                shown.quantity(line.quantity),
                money(line.unit_cost),
                money(round(line.net, 2)),
            ]
            for line in order.lines
        ],
        "total": money(order.net),
        "language": str(get_locale() or "en").partition("_")[0],
        "words": {
            "to": str(_("Supplier")),
            "deliver": str(_("Deliver to")),
            "code": str(_("Code")),
            "article": str(_("Article")),
            "quantity": str(_("Quantity")),
            "each": str(_("Each")),
            "total": str(_("Total")),
            "net": str(_("Total without tax")),
            "page": str(_("Page {page} of {pages}")),
        },
    }


def _printed(address: str) -> list[str]:
    return [line.strip() for line in address.replace(",", "\n").splitlines() if line.strip()]
