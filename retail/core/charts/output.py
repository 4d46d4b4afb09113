"""A chart on a page, and as a picture."""

import re
from html import unescape
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup

from retail.core.charts.drawing import NARROW, WIDE, render
from retail.core.charts.model import Chart, as_table
from retail.core.charts.paper import element
from retail.core.typesetting import compile_png

VIEW_BOX = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')
WORDS = re.compile(r"<text ([^>]*)>(.*?)</text>")
ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')


def figure(chart: Chart, *, wide: int = WIDE, table: bool = True) -> Markup:
    """The chart for a page, drawn twice, and its numbers in `<details class="chart-table">`.

    Of `.chart-wide` and `.chart-narrow` the style sheet shows the one that fits. `wide` is about the width of its card
    in pixels.
    """
    if chart.kind == "spark":
        return render(chart)
    return element(
        "figure",
        element("div", render(chart, width=wide), class_="chart-wide"),
        element("div", render(chart, width=NARROW), class_="chart-narrow"),
        _details(chart) if table and not chart.is_empty else "",
        class_="chart-figure",
    )


def _details(chart: Chart) -> Markup:
    content = as_table(chart)
    head = element("tr", *(_head_cell(name) for name in content.headers))
    rows = [
        element("tr", element("th", row[0], scope="row"), *(element("td", cell, class_="num") for cell in row[1:]))
        for row in content.rows
    ]
    return element(
        "details",
        element("summary", _("Show as table")),
        element(
            "table",
            element("caption", chart.title),
            element("thead", head),
            element("tbody", *rows),
            class_="table",
        ),
        class_="chart-table details-table",
    )


def _head_cell(name: str) -> Markup:
    # An empty heading says nothing aloud; a plain cell does not pretend to be one.
    return element("th", name, scope="col", class_="num") if name else Markup("<td></td>")


def png(chart: Chart, ppi: float = 144, width: int = WIDE) -> bytes:
    """The chart as PNG on white, `width` CSS pixels wide at 96 pixels an inch (144: half as many again)."""
    return compile_png("picture.typ", parts(chart, width), ppi=ppi)


def parts(chart: Chart, width: int = WIDE) -> dict[str, Any]:
    """The chart for Typst's `chart.typ` (JSON values): the shapes as SVG and, apart, the words with places."""
    drawn = str(render(chart, "light", width))
    view = VIEW_BOX.search(drawn)
    assert view is not None
    return {
        "svg": WORDS.sub("", drawn),
        "words": [_word(*found.groups()) for found in WORDS.finditer(drawn)],
        "width": float(view[1]),
        "height": float(view[2]),
        "alt": chart.description,
    }


def _word(attributes: str, content: str) -> dict[str, Any]:
    given = {name: unescape(value) for name, value in ATTRIBUTE.findall(attributes)}
    return {
        "text": unescape(content),
        "x": float(given["x"]),
        "y": float(given["y"]),
        "size": float(given["font-size"]),
        "anchor": given.get("text-anchor", "start"),
        "bold": "font-weight" in given,
        "fill": given["fill"],
    }
