"""A batch as paper: PDF pages and a picture of the first one, or the language of label printers (ZPL II)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _

from retail.core import shown
from retail.core.documents import qr_svg
from retail.core.typesetting import compile_pdf, compile_png
from retail.labels.bars import Bars, bars_of
from retail.labels.models import LabelBatch
from retail.labels.papers import Paper
from retail.labels.queries import Article
from retail.tenancy.queries import current_tenant

PADDING = Decimal("1.5")
"""Millimeters left white inside a label's edge: what printers and die cuts are off by."""
DOTS_PER_MM = 8
"""Label printers of 203 dots an inch, which most are."""
FEWEST_DOTS = 2
"""A bar one dot wide is not read reliably."""


@dataclass(frozen=True)
class Label:
    """What stands on one label, written for its reader. `problem` says whether the code finds room on it."""

    article: Article
    bars: Bars | None
    dots: str
    price: str
    shop: str
    sku: str
    per: str = ""

    @property
    def code(self) -> str:
        """What a scanner reads."""
        return self.bars.text if self.bars else self.dots


def written(articles: Iterable[Article], shows: Sequence[str]) -> list[Label]:
    """The labels of a batch's articles, one each."""
    tenant = current_tenant()
    found = []
    for one in articles:
        bars = bars_of(one.code, one.sku)
        found.append(
            Label(
                one,
                bars if "code" in shows and "qr" not in shows else None,
                bars.text if "qr" in shows else "",
                shown.money(one.price, tenant.currency) if "price" in shows else "",
                tenant.name if "shop" in shows else "",
                one.sku if "sku" in shows else "",
                _per(one, tenant.currency) if "price" in shows else "",
            )
        )
    return found


def _per(article: Article, currency: str) -> str:
    """What a kilogram or liter costs, which shelf labels of the EU have to say beside the price."""
    if article.unit_price is None:
        return ""
    price, unit = article.unit_price
    return str(_("%(price)s per %(unit)s", price=shown.money(price, currency), unit=unit))


def too_narrow(labels: Iterable[Label], paper: Paper) -> list[str]:
    """The names of the articles whose bars are too long for the paper; a square of dots would fit."""
    width = paper.label_width - 2 * PADDING
    return [one.article.name for one in labels if one.bars is not None and one.bars.module_within(width) is None]


def pdf(batch: LabelBatch, paper: Paper, labels: Sequence[Label]) -> bytes:
    """All labels on as many pages as they take, the used places of the first one left empty."""
    return compile_pdf("labels.typ", _on_paper(batch, paper, labels, _places(batch, labels)), standard=None)


def picture(batch: LabelBatch, paper: Paper, labels: Sequence[Label], *, pixels: int = 900) -> bytes:
    """The first page as PNG with the edges of the labels drawn, about so many pixels on its longer side."""
    places = _places(batch, labels)[: paper.places] or [None]
    longer = max(paper.page_width, paper.page_height)
    data = {**_on_paper(batch, paper, labels, places), "outlined": not paper.is_roll}
    return compile_png("labels.typ", data, ppi=float(pixels * Decimal("25.4") / longer))


def _places(batch: LabelBatch, labels: Sequence[Label]) -> list[int | None]:
    """For each place from the first on the label it takes, by its number; None stays empty."""
    taken: list[int | None] = [None] * batch.used
    for at, one in enumerate(labels):
        taken += [at] * one.article.copies
    return taken


def _on_paper(
    batch: LabelBatch, paper: Paper, labels: Sequence[Label], places: Sequence[int | None]
) -> Mapping[str, Any]:
    width = paper.label_width - 2 * PADDING
    return {
        "title": batch.title,
        "language": getattr(get_locale(), "language", "en"),
        "page": [float(paper.page_width), float(paper.page_height)],
        "label": [float(paper.label_width), float(paper.label_height)],
        "padding": float(PADDING),
        "corners": [[float(x), float(y)] for x, y in paper.corners()],
        "outlined": False,
        "places": list(places),
        "labels": [
            {
                "name": one.article.name,
                "detail": " · ".join(part for part in (one.article.detail, one.sku, one.per) if part),
                "price": one.price,
                "shop": one.shop,
                "bars": one.bars.svg() if one.bars and (module := one.bars.module_within(width)) else "",
                "bars_width": float(module * len(one.bars.modules)) if one.bars and module else 0,
                "dots": qr_svg(one.dots) if one.dots else "",
                "code": one.code if one.bars else "",
            }
            for one in labels
        ],
    }


def zpl(paper: Paper, labels: Iterable[Label]) -> str:
    """What a label printer takes: one form a label, each printed as often as it is wanted.

    Zebra, "ZPL II Programming Guide": ^PW and ^LL are the label in dots, ^CI28 is UTF-8, ^FH lets `_xx` stand for a
    byte, ^BE is EAN-13, ^B8 EAN-8, ^BC Code 128, ^BQ QR, ^PQ the copies.
    """
    return "".join(_form(paper, one) for one in labels)


def _form(paper: Paper, one: Label) -> str:
    width, height = _dots(paper.label_width), _dots(paper.label_height)
    edge = _dots(PADDING)
    free, tall = width - 2 * edge, height - 2 * edge
    small, large = max(16, tall // 9), max(24, tall // 5)
    square = min(tall // 2, free // 3) if one.dots else 0
    parts = [f"^XA^CI28^PW{width}^LL{height}^LH0,0"]
    y = edge
    if one.shop:
        parts.append(_text(edge, y, free, small, one.shop))
        y += small + 4
    parts.append(_text(edge, y, free, small + 4, one.article.name, lines=2))
    y += 2 * (small + 4) + 4
    detail = " · ".join(part for part in (one.article.detail, one.sku, one.per) if part)
    if detail:
        parts.append(_text(edge, y, free, small, detail))
        y += small + 4
    if one.price:
        parts.append(_text(edge, y, free - square, large, one.price))
        y += large + 4
    if one.bars is not None:
        modules = len(one.bars.modules) + 20
        narrow = int((Decimal(free) / modules).to_integral_value(ROUND_FLOOR))
        if narrow >= FEWEST_DOTS:
            bars = max(24, height - edge - y - small - 8)
            x = edge + (free - len(one.bars.modules) * min(narrow, 3)) // 2
            parts.append(f"^BY{min(narrow, 3)}^FO{x},{y}{_symbol(one.bars, bars)}^FH^FD{_escaped(_data(one.bars))}^FS")
    elif one.dots:
        size = max(1, min(10, square // 25))
        parts.append(
            f"^FO{width - edge - square},{height - edge - square}^BQN,2,{size}^FH^FDMA,{_escaped(one.dots)}^FS"
        )
    parts.append(f"^PQ{one.article.copies}^XZ\n")
    return "".join(parts)


def _symbol(bars: Bars, height: int) -> str:
    return {"ean13": f"^BEN,{height},Y,N", "ean8": f"^B8N,{height},Y,N", "code128": f"^BCN,{height},Y,N,N"}[bars.kind]


def _data(bars: Bars) -> str:
    # The printer reckons the check digits of GTINs itself.
    return bars.text if bars.kind == "code128" else bars.text[:-1]


def _text(x: int, y: int, width: int, size: int, text: str, lines: int = 1) -> str:
    return f"^FO{x},{y}^A0N,{size},{size}^FB{width},{lines},0,L^FH^FD{_escaped(text)}^FS"


def _dots(length: Decimal) -> int:
    return int((length * DOTS_PER_MM).to_integral_value())


def _escaped(text: str) -> str:
    """Text as a field's data: what the printer would take for a command is written as bytes."""
    return "".join(f"_{ord(one):02X}" if one in "^~_\\" or one < " " else one for one in text)
