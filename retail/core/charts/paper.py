"""Ink and paper: colors of the two themes, and the SVG elements that charts are made of.

Only presentation attributes and classes are written, because the content security policy forbids `style`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup, escape

from retail.core.charts.scales import shortened, text_width

ThemeName = Literal["css", "light"]

# The light theme of static/css/tokens.css, for where no style sheet reaches.
COLORS = ("#0e7c6b", "#c98a1b", "#3f74c4", "#b8553a", "#7a5bb5", "#5c8a2e")


@dataclass(frozen=True)
class Theme:
    """The colors a chart is drawn in; `resolved` ones are for mail and PDF, which know no CSS variables."""

    colors: tuple[str, ...]
    muted: str
    text: str
    strong: str
    grid: str
    surface: str
    resolved: bool

    def color(self, index: int) -> str:
        return self.colors[index % len(self.colors)]


LIGHT = Theme(COLORS, "#c6c7bf", "#666960", "#1b1d1a", "#e8e8e3", "#ffffff", resolved=True)
CSS = Theme(
    tuple(f"var(--chart-{number}, {color})" for number, color in enumerate(COLORS, 1)),
    f"var(--chart-muted, {LIGHT.muted})",
    f"var(--chart-text, {LIGHT.text})",
    f"var(--text, {LIGHT.strong})",
    f"var(--chart-grid, {LIGHT.grid})",
    f"var(--surface, {LIGHT.surface})",
    resolved=False,
)
THEMES: dict[ThemeName, Theme] = {"css": CSS, "light": LIGHT}


def element(name: str, *content: str, **attributes: str | float | None) -> Markup:
    """An SVG element; `stroke_width` becomes `stroke-width`, `class_` `class`, and `None` is left out."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    inside = "".join(escape(part) for part in content)
    return Markup(f"<{name}{written}>{inside}</{name}>" if inside else f"<{name}{written}/>")  # noqa: S704  # every part is escaped


def _value(value: str | float) -> str:
    if isinstance(value, str):
        # A plain line break in an attribute is a space to XML.
        return str(escape(value)).replace("\n", "&#10;")
    return f"{value:.2f}".rstrip("0").rstrip(".")


def mark(tip: str, content: Iterable[str]) -> Markup:
    """What can be pointed at: its values as tooltip (`data-tip`) and as `<title>` where no script runs."""
    return element("g", element("title", tip), *content, class_="chart-mark", data_tip=tip)


def words(
    theme: Theme,
    text: str,
    x: float,
    y: float,
    *,
    size: float,
    anchor: str = "start",
    bold: bool = False,
    strong: bool = False,
) -> Markup:
    """Text at a place, in the theme's color and, where no page gives one, its font."""
    return element(
        "text",
        text,
        x=x,
        y=y,
        font_size=size,
        text_anchor=None if anchor == "start" else anchor,
        font_weight="700" if bold else None,
        fill=theme.strong if strong else theme.text,
        font_family="Noto Sans, sans-serif" if theme.resolved else None,
    )


def bar(x: float, y: float, width: float, height: float, fill: str, *, grows: str = "up") -> Markup:
    """A bar with its far end rounded; `grows` is up, down or right."""
    right, bottom = x + width, y + height
    if grows == "right":
        round_ = min(4.0, height / 3, width)
        path = (
            f"M{x:.1f} {y:.1f}H{right - round_:.1f}Q{right:.1f} {y:.1f} {right:.1f} {y + round_:.1f}"
            f"V{bottom - round_:.1f}Q{right:.1f} {bottom:.1f} {right - round_:.1f} {bottom:.1f}H{x:.1f}Z"
        )
    else:
        round_ = min(4.0, width / 3, height)
        start, end, inward = (y, bottom, -round_) if grows == "down" else (bottom, y, round_)
        path = (
            f"M{x:.1f} {start:.1f}V{end + inward:.1f}Q{x:.1f} {end:.1f} {x + round_:.1f} {end:.1f}"
            f"H{right - round_:.1f}Q{right:.1f} {end:.1f} {right:.1f} {end + inward:.1f}V{start:.1f}Z"
        )
    return element("path", d=path, fill=fill, class_="chart-bar")


def legend(theme: Theme, entries: Iterable[tuple[str, str]], *, size: float, room: float) -> tuple[list[Markup], float]:
    """Names beside swatches of their colors, in as many lines as `room` asks for; also the height that takes."""
    marks: list[Markup] = []
    x, line = 0.0, 0
    for name, color in entries:
        name = shortened(name, size, room - 2 * size)
        wide = text_width(name, size) + size * 2.6
        if x and x + wide > room:
            x, line = 0.0, line + 1
        y = line * size * 1.7
        marks.append(element("rect", x=x, y=y + 1, width=size * 0.8, height=size * 0.8, rx=2.5, fill=color))
        marks.append(words(theme, name, x + size * 1.2, y + size * 0.82, size=size))
        x += wide
    return marks, (line + 1) * size * 1.7 + 6 if marks else 0.0
