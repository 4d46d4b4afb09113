"""The six kinds of charts, drawn as SVG of a given width."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from flask_babel import gettext as _
from markupsafe import Markup

from retail.core.charts.model import Chart, Number, Series, added, nothing_to_show
from retail.core.charts.paper import THEMES, Theme, ThemeName, bar, element, legend, mark, words
from retail.core.charts.scales import Axis, labels_shown, shortened, smooth_path, text_width, value_axis

WIDE, NARROW = 640, 350
SLICES = 6
Drawn = tuple[list[Markup], float]


@dataclass(frozen=True)
class Frame:
    """The plot inside the axes: `left` to `right`, `top` to `bottom`, in user units."""

    left: float
    right: float
    top: float
    bottom: float
    axis: Axis

    def y(self, value: Number) -> float:
        return self.bottom - self.axis.share(float(value)) * (self.bottom - self.top)


def render(chart: Chart, theme: ThemeName = "css", width: int = WIDE) -> Markup:
    """The chart as one `<svg>` of `width` user units, scaled to its container by its view box.

    "css" colors by the page's variables (`--chart-1`… `--chart-6`, `--chart-muted`, `--chart-text`, `--chart-grid`,
    `--text`, `--surface`); "light" has its colors written out, for mail and PDF.
    """
    ink = THEMES[theme]
    if chart.kind == "spark":
        width = min(width, 120)
    marks, height = (_nothing if chart.is_empty else DRAWINGS[chart.kind])(chart, ink, width)
    return element(
        "svg",
        element("title", chart.description) if ink.resolved else "",
        *marks,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width} {height:.0f}",
        width=width if ink.resolved or chart.kind == "spark" else "100%",
        height=height if ink.resolved or chart.kind == "spark" else None,
        role="img",
        aria_label=chart.description,
        class_=f"chart chart-{chart.kind.replace('_', '-')}",
        direction="ltr",
    )


def _letters(width: int) -> float:
    return 12.0 if width >= 500 else 11.0


def _height(chart: Chart, width: int) -> float:
    return float(chart.height or (240 if width >= 500 else 210))


def _nothing(chart: Chart, ink: Theme, width: int) -> Drawn:
    if chart.kind == "spark":
        return [element("path", d=f"M2 16H{width - 2}", stroke=ink.grid, stroke_width=2)], 32
    height = _height(chart, width) / 2
    return [words(ink, nothing_to_show(), width / 2, height / 2, size=_letters(width), anchor="middle")], height


def _color(ink: Theme, chart: Chart, series: Series) -> str:
    bright = [each for each in chart.series if not each.muted]
    return ink.muted if series.muted else ink.color(bright.index(series))


def _axes(chart: Chart, ink: Theme, width: int, *, from_zero: bool = True) -> tuple[list[Markup], Frame, float]:
    """Legend, grid and both axes; the plot that is left; the height of it all."""
    size = _letters(width)
    entries = [(series.name, _color(ink, chart, series)) for series in chart.series] if len(chart.series) > 1 else []
    marks, used = legend(ink, entries, size=size, room=width)
    axis = value_axis([float(value) for value in chart.known_values], from_zero=from_zero)
    names = [chart.short(tick) for tick in axis.ticks]
    left = max(text_width(name, size) for name in names) + 10
    height = used + _height(chart, width)
    frame = Frame(left, width - 4, used + size * 0.7, height - size * 1.9, axis)
    for tick, name in zip(axis.ticks, names, strict=True):
        y = frame.y(tick)
        base = tick == 0
        marks.append(
            element(
                "path",
                d=f"M{left:.1f} {y:.1f}H{frame.right:.1f}",
                stroke=ink.muted if base else ink.grid,
                stroke_width=1,
            )
        )
        marks.append(words(ink, name, left - 8, y + size * 0.35, size=size, anchor="end"))
    return marks, frame, height


def _below(chart: Chart, ink: Theme, frame: Frame, centers: list[float], width: int, height: float) -> list[Markup]:
    size = _letters(width)
    marks = []
    for index in labels_shown(chart.labels, size, frame.right - frame.left):
        half = text_width(chart.labels[index], size) / 2
        x = min(max(centers[index], half), width - half)
        marks.append(words(ink, chart.labels[index], x, height - size * 0.4, size=size, anchor="middle"))
    return marks


def _tip(chart: Chart, index: int) -> str:
    if len(chart.series) == 1:
        return f"{chart.labels[index]}: {chart.written(chart.series[0].values[index])}"
    values = (f"{series.name}: {chart.written(series.values[index])}" for series in chart.series)
    return "\n".join([chart.labels[index], *values])


def _touch(x: float, width: float, frame: Frame) -> Markup:
    """An invisible area as high as the plot, so that a finger need not meet the mark itself."""
    return element(
        "rect",
        x=x,
        y=frame.top,
        width=width,
        height=frame.bottom - frame.top,
        fill="currentColor",
        fill_opacity=0,
        class_="chart-touch",
    )


def _bars(chart: Chart, ink: Theme, width: int) -> Drawn:
    marks, frame, height = _axes(chart, ink, width)
    slot = (frame.right - frame.left) / len(chart.labels)
    each = min(slot * 0.72 / len(chart.series), 46.0)
    gap = min(2.0, each * 0.15) if len(chart.series) > 1 else 0.0
    zero = frame.y(0)
    centers = [frame.left + slot * (index + 0.5) for index in range(len(chart.labels))]
    for index, center in enumerate(centers):
        drawn = [_touch(center - slot / 2, slot, frame)]
        x = center - each * len(chart.series) / 2
        for series in chart.series:
            value = series.values[index]
            if value:
                y = frame.y(value)
                grows = "up" if y < zero else "down"
                size = max(abs(zero - y), 1.0)
                top = zero - size if grows == "up" else zero
                drawn.append(bar(x + gap / 2, top, each - gap, size, _color(ink, chart, series), grows=grows))
            x += each
        marks.append(mark(_tip(chart, index), drawn))
    return [*marks, *_below(chart, ink, frame, centers, width, height)], height


def _lines(chart: Chart, ink: Theme, width: int) -> Drawn:
    marks, frame, height = _axes(chart, ink, width)
    count = len(chart.labels)
    step = (frame.right - frame.left - 12) / max(count - 1, 1)
    centers = [frame.left + 6 + step * index for index in range(count)]
    if count == 1:
        centers = [(frame.left + frame.right) / 2]
    # The compared series lie underneath, whatever the order they were given in.
    for series in sorted(chart.series, key=lambda each: not each.muted):
        marks.extend(_line(chart, series, ink, frame, centers))
    for index, center in enumerate(centers):
        left, right = max(center - step / 2, frame.left), min(center + step / 2, frame.right)
        dots = [
            element(
                "circle",
                cx=center,
                cy=frame.y(value),
                r=3.5,
                fill=_color(ink, chart, series),
                opacity=0,
                class_="chart-dot",
            )
            for series in chart.series
            if (value := series.values[index]) is not None and not ink.resolved
        ]
        marks.append(mark(_tip(chart, index), [_touch(left, max(right - left, 1), frame), *dots]))
    return [*marks, *_below(chart, ink, frame, centers, width, height)], height


def _runs(series: Series, centers: list[float], y: Callable[[Number], float]) -> list[list[tuple[float, float]]]:
    """The known stretches of a series as points."""
    runs: list[list[tuple[float, float]]] = [[]]
    for center, value in zip(centers, series.values, strict=True):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((center, y(value)))
    return [run for run in runs if run]


def _line(chart: Chart, series: Series, ink: Theme, frame: Frame, centers: list[float]) -> list[Markup]:
    color = _color(ink, chart, series)
    first = not series.muted and series is next(each for each in chart.series if not each.muted)
    drawn: list[Markup] = []
    runs = _runs(series, centers, frame.y)
    for run in runs:
        path = smooth_path(run)
        if first and len(run) > 1:
            area = f"{path}L{run[-1][0]:.1f} {frame.y(0):.1f}L{run[0][0]:.1f} {frame.y(0):.1f}Z"
            drawn.append(element("path", d=area, fill=color, fill_opacity=0.09, class_="chart-area"))
        if len(run) == 1:
            drawn.append(element("circle", cx=run[0][0], cy=run[0][1], r=3, fill=color))
        else:
            drawn.append(
                element(
                    "path",
                    d=path,
                    fill="none",
                    stroke=color,
                    stroke_width=1.75 if series.muted else 2.25,
                    stroke_dasharray="4 4" if series.muted else None,
                    stroke_linecap="round",
                    stroke_linejoin="round",
                    class_="chart-stroke",
                )
            )
    if first and runs:
        x, y = runs[-1][-1]
        drawn.append(element("circle", cx=x, cy=y, r=4, fill=color, stroke=ink.surface, stroke_width=2))
    return drawn


def _horizontal_bars(chart: Chart, ink: Theme, width: int) -> Drawn:
    size = _letters(width)
    values = list(chart.series[0].values)
    row = size * 3.1
    axis = value_axis([float(value) for value in values if value is not None])
    figures = [chart.written(value) for value in values]
    marks: list[Markup] = []
    for index, (label, value, figure) in enumerate(zip(chart.labels, values, figures, strict=True)):
        y = index * row
        room = width - text_width(figure, size, bold=True) - 12
        # A negative value has no length to the right; its figure says it.
        share = max(float(value or 0), 0.0) / axis.high if axis.high > 0 else 0.0
        drawn = [
            words(ink, shortened(label, size, room), 0, y + size, size=size, strong=True),
            words(ink, figure, width, y + size, size=size, anchor="end", bold=True, strong=True),
            element("rect", x=0, y=y + size * 1.5, width=width, height=size * 0.62, rx=3.5, fill=ink.grid),
        ]
        if share:
            drawn.append(bar(0, y + size * 1.5, max(share * width, 4), size * 0.62, ink.color(0), grows="right"))
        marks.append(mark(f"{label}: {figure}", drawn))
    return marks, row * len(values)


def _slices(chart: Chart) -> list[tuple[str, Number]]:
    known = [(label, value) for label, value in zip(chart.labels, chart.series[0].values, strict=True) if value]
    if len(known) <= SLICES:
        return known
    known.sort(key=lambda entry: entry[1], reverse=True)
    rest = added([value for _label, value in known[SLICES - 1 :]])
    return [*known[: SLICES - 1], (_("Other"), rest)]


def _donut(chart: Chart, ink: Theme, width: int) -> Drawn:
    slices = _slices(chart)
    if not slices:
        return _nothing(chart, ink, width)
    size = _letters(width)
    whole = sum(float(value) for _label, value in slices)
    total = added([value for _label, value in slices])
    beside = width >= 460
    outer = 86.0 if beside else 78.0
    center_x, center_y = (outer + 6, outer + 6) if beside else (width / 2, outer + 6)
    marks: list[Markup] = []
    entries: list[Markup] = []
    radius, turn = outer - 12, -0.25
    left, top = (outer * 2 + 40, max(center_y - len(slices) * size * 0.95, 4)) if beside else (0.0, outer * 2 + 26)
    for index, (label, value) in enumerate(slices):
        share = float(value) / whole
        tip = f"{label}: {chart.written(value)} ({share:.0%})"
        color = ink.color(index)
        marks.append(mark(tip, [_arc(center_x, center_y, radius, turn, share, color)]))
        turn += share
        y = top + index * size * 1.9
        figure = chart.written(value)
        room = min(width, left + 330) if beside else width
        name = shortened(label, size, room - left - size * 6 - text_width(figure, size, bold=True))
        entries += [
            element("rect", x=left, y=y, width=size * 0.8, height=size * 0.8, rx=2.5, fill=color),
            words(ink, name, left + size * 1.3, y + size * 0.8, size=size),
            words(ink, figure, room - size * 3.4, y + size * 0.8, size=size, anchor="end", bold=True, strong=True),
            words(ink, f"{share:.0%}", room, y + size * 0.8, size=size, anchor="end"),
        ]
    whole_text = chart.written(total)
    letters = min(20.0, 20.0 * radius * 1.4 / text_width(whole_text, 20, bold=True))
    marks.append(
        words(
            ink, whole_text, center_x, center_y + letters * 0.35, size=letters, anchor="middle", bold=True, strong=True
        )
    )
    bottom = top + len(slices) * size * 1.9
    return [*marks, *entries], max(outer * 2 + 12, bottom)


def _arc(x: float, y: float, radius: float, start: float, share: float, color: str) -> Markup:
    if share > 0.9999:
        return element("circle", cx=x, cy=y, r=radius, fill="none", stroke=color, stroke_width=22)
    gap = min(0.006, share / 4)
    angles = [(start + gap / 2) * math.tau, (start + share - gap / 2) * math.tau]
    (x1, y1), (x2, y2) = ((x + radius * math.cos(angle), y + radius * math.sin(angle)) for angle in angles)
    path = f"M{x1:.2f} {y1:.2f}A{radius} {radius} 0 {int(share > 0.5)} 1 {x2:.2f} {y2:.2f}"
    return element("path", d=path, fill="none", stroke=color, stroke_width=22)


def _spark(chart: Chart, ink: Theme, width: int) -> Drawn:
    height = float(chart.height or 32)
    axis = value_axis([float(value) for value in chart.known_values], from_zero=False)
    low, high = (min(chart.known_values), max(chart.known_values))
    axis = Axis(float(low), float(high) if high != low else float(low) + 1, axis.ticks)
    frame = Frame(3, width - 5, 4, height - 4, axis)
    step = (frame.right - frame.left) / max(len(chart.labels) - 1, 1)
    centers = [frame.left + step * index for index in range(len(chart.labels))]
    marks: list[Markup] = []
    for series in chart.series:
        color = _color(ink, chart, series)
        runs = _runs(series, centers, frame.y)
        marks += [
            element(
                "path",
                d=smooth_path(run),
                fill="none",
                stroke=color,
                stroke_width=2,
                stroke_linecap="round",
                stroke_linejoin="round",
            )
            for run in runs
            if len(run) > 1
        ]
        if runs and not series.muted:
            marks.append(element("circle", cx=runs[-1][-1][0], cy=runs[-1][-1][1], r=3, fill=color))
    return marks, height


DRAWINGS: dict[str, Callable[[Chart, Theme, int], Drawn]] = {
    "line": _lines,
    "bar": _bars,
    "grouped_bar": _bars,
    "horizontal_bar": _horizontal_bars,
    "donut": _donut,
    "spark": _spark,
}
