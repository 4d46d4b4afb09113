"""Charts: one definition, three outputs. `Chart` says what; `render` and `figure` draw it for a page, `png` for a mail.

series = [Series(_("Today"), today), Series(_("Last week"), before, muted=True)]
chart = Chart("line", _("Sales by hour"), series, hours, format=money)

figure(chart)               a page: a wide and a phone drawing (CSS shows one) and the numbers as a table
render(chart)               one SVG, colors by CSS variables
render(chart, "light")      the same with colors written out: for PDF
png(chart), parts(chart)    for a mail; for Typst
as_table(chart)             for those who would rather read
"""

from retail.core.charts.drawing import NARROW, WIDE, render
from retail.core.charts.model import Chart, ChartTable, Formatter, Kind, Number, Series, as_table
from retail.core.charts.output import figure, parts, png

__all__ = [
    "NARROW",
    "WIDE",
    "Chart",
    "ChartTable",
    "Formatter",
    "Kind",
    "Number",
    "Series",
    "as_table",
    "figure",
    "parts",
    "png",
    "render",
]
