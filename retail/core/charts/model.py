"""What a chart says, apart from how it is drawn."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from flask_babel import gettext as _

Kind = Literal["line", "bar", "grouped_bar", "horizontal_bar", "donut", "spark"]
Number = int | float | Decimal
Formatter = Callable[[Number], str]


def plain_number(value: Number) -> str:
    """1234.5 as “1,234.5”: the formatter of a chart that names no other."""
    return f"{value:,.2f}".rstrip("0").rstrip(".") if value != int(value) else f"{int(value):,}"


def compact_number(value: Number) -> str:
    """12000 as “12k”: what an axis has room for."""
    for size, suffix in ((10**9, "bn"), (10**6, "M"), (10**3, "k")):
        if abs(float(value)) >= size:
            return f"{float(value) / size:.10g}{suffix}"
    return f"{float(value):.10g}"


@dataclass(frozen=True)
class Series:
    """One run of values, `None` where nothing is known. `muted` is for what the others are compared with."""

    name: str
    values: Sequence[Number | None]
    muted: bool = False


@dataclass(frozen=True)
class Chart:
    """A picture of numbers.

    `labels` name the values of every series (hours, days, products). `format` writes a value in full (tooltips, the
    table); `short` writes it for an axis and must stay brief. `note` is one sentence for those who do not see the
    picture. A donut and a horizontal bar read the first series only; a donut takes no negative values.

    Raises ValueError when a series has not one value a label.
    """

    kind: Kind
    title: str
    series: Sequence[Series]
    labels: Sequence[str]
    format: Formatter = plain_number
    short: Formatter = compact_number
    note: str = ""
    height: int | None = None

    def __post_init__(self) -> None:
        for series in self.series:
            if len(series.values) != len(self.labels):
                raise ValueError(
                    f"{self.title}: {series.name} has {len(series.values)} values for {len(self.labels)} labels"
                )
        if self.kind == "donut" and any(value < 0 for value in self.known_values):
            raise ValueError(f"{self.title}: a donut has no negative slices")

    @property
    def known_values(self) -> list[Number]:
        return [value for series in self.series for value in series.values if value is not None]

    @property
    def is_empty(self) -> bool:
        return not self.known_values

    @property
    def description(self) -> str:
        """What a screen reader says instead of the picture."""
        return f"{self.title}. {self.note}" if self.note else self.title

    def written(self, value: Number | None) -> str:
        return "–" if value is None else self.format(value)


@dataclass(frozen=True)
class ChartTable:
    """The numbers of a chart as text: the first column holds the labels."""

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def as_table(chart: Chart) -> ChartTable:
    """The same numbers as a table, for `<details>` beside the picture and for mails."""
    return ChartTable(
        headers=("", *(series.name for series in chart.series)),
        rows=tuple(
            (label, *(chart.written(series.values[index]) for series in chart.series))
            for index, label in enumerate(chart.labels)
        ),
    )


def nothing_to_show() -> str:
    """What stands in the place of a picture without values."""
    return str(_("Nothing to show yet"))


def added(values: Sequence[Number]) -> Number:
    """The sum, exact where all values are `Decimal` or whole."""
    if any(isinstance(value, float) for value in values):
        return sum(float(value) for value in values)
    return sum((Decimal(value) for value in values), Decimal(0))
