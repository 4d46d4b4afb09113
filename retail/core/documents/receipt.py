"""The receipt: what stands on it, as values already written for its reader."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

import segno
from flask_babel import gettext as _
from markupsafe import Markup

from retail.core.documents.language import is_right_to_left, isolated
from retail.core.language import attributes, speaking
from retail.core.typesetting import compile_pdf

ReceiptKind = Literal["sale", "refund", "void"]


@dataclass(frozen=True)
class LabeledValue:
    """A label and what belongs to it, both as text for people."""

    label: str
    value: str


@dataclass(frozen=True)
class ReceiptLine:
    """One thing sold: “2 × £3.50” is `quantity` and `unit_price`; leave `quantity` empty where it says nothing."""

    name: str
    amount: str
    quantity: str = ""
    unit_price: str = ""
    note: str = ""
    discounts: tuple[LabeledValue, ...] = ()


@dataclass(frozen=True)
class TaxLine:
    """What one rate of tax came to: “VAT 20 %”, net, tax, gross."""

    label: str
    net: str
    tax: str
    gross: str


@dataclass(frozen=True)
class ReceiptDocument:
    """A receipt as plain text values: page and PDF are made from the same one.

    `issued` fixes the bytes of the PDF, so that a copy printed next year is the same file. `facts` are the small lines
    under the number (date, cashier, register, customer). `refers_to` is the sale that a refund or void undoes. What is
    empty (`subtotal`, `rounding`, `change`, `qr_text`…) is left out.
    """

    shop_name: str
    number: str
    lines: tuple[ReceiptLine, ...]
    total: str
    facts: tuple[LabeledValue, ...] = ()
    address: tuple[str, ...] = ()
    phone: str = ""
    tax_id: str = ""
    subtotal: str = ""
    discounts: tuple[LabeledValue, ...] = ()
    charges: tuple[LabeledValue, ...] = ()
    rounding: str = ""
    tenders: tuple[LabeledValue, ...] = ()
    change: str = ""
    taxes: tuple[TaxLine, ...] = ()
    footer: tuple[str, ...] = ()
    kind: ReceiptKind = "sale"
    is_copy: bool = False
    refers_to: str = ""
    qr_text: str = ""
    language: str = "en"
    issued: datetime | None = None

    @property
    def spoken(self) -> Markup:
        """The attributes of the receipt on a page whose own language may be another."""
        return attributes(self.language)

    @property
    def words(self) -> dict[str, str]:
        """What is printed beside the values."""
        with speaking(self.language):
            return {
                "number": str(_("Number")),
                "subtotal": str(_("Subtotal")),
                "rounding": str(_("Rounding")),
                "change": str(_("Change")),
                "tax": str(_("Tax")),
                "net": str(_("Net")),
                "tax_amount": str(_("Tax")),
                "gross": str(_("Gross")),
                "refund": str(_("Refund")),
                "void": str(_("Void")),
                "receipt": str(_("Receipt")),
                "copy": str(_("Copy")),
                "refunded": str(_("Refunded")),
                "total": str(_("Total")),
                "for_sale": str(_("For sale")),
            }

    @property
    def title(self) -> str:
        return f"{self.words['receipt' if self.kind == 'sale' else self.kind]} {self.number}"

    @property
    def marks(self) -> tuple[str, ...]:
        """What is stamped on it: that it is a refund, void, a copy."""
        words = self.words
        stamps = [words[self.kind]] if self.kind != "sale" else []
        return (*stamps, words["copy"]) if self.is_copy else tuple(stamps)

    @property
    def total_label(self) -> str:
        return self.words["refunded" if self.kind == "refund" else "total"]

    @property
    def all_facts(self) -> tuple[LabeledValue, ...]:
        reference = (LabeledValue(self.words["for_sale"], self.refers_to),) if self.refers_to else ()
        return (*self.facts, *reference)


def receipt_pdf(receipt: ReceiptDocument) -> bytes:
    """The receipt as PDF/A-2b, 80 mm wide and as long as it needs to be."""
    right_to_left = is_right_to_left(receipt.language)
    values = asdict(receipt) | {
        "marks": receipt.marks,
        "total_label": receipt.total_label,
        "facts": [asdict(fact) for fact in receipt.all_facts],
    }
    del values["issued"]
    data: dict[str, Any] = {
        **(isolated(values) if right_to_left else values),
        "title": receipt.title,
        "right_to_left": right_to_left,
        "language": receipt.language.partition("_")[0].partition("-")[0],
        "qr": qr_svg(receipt.qr_text) if receipt.qr_text else "",
        "words": receipt.words,
    }
    return compile_pdf("receipt.typ", data, standard="a-2b", timestamp=receipt.issued)


def qr_svg(text: str, *, scale: int = 4) -> str:
    """`text` as a QR code: an SVG without styles, for pages and PDF alike."""
    return segno.make(text, error="m", micro=False).svg_inline(scale=scale, border=1, dark="#000", light="#fff")
