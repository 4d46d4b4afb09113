"""A report on paper: figures, pictures and tables of a period."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from flask_babel import gettext as _

from retail.core.charts import Chart, parts
from retail.core.documents.language import is_right_to_left, isolated
from retail.core.typesetting import compile_pdf

Tone = Literal["neutral", "good", "bad"]


@dataclass(frozen=True)
class Stat:
    """One figure: “Net sales”, “£1,204.50”, “▲ 12 % on last Tuesday”, and whether that is good."""

    label: str
    value: str
    change: str = ""
    tone: Tone = "neutral"


@dataclass(frozen=True)
class ReportColumn:
    """A column of a table; figures are aligned to the end."""

    label: str
    align: Literal["start", "end"] = "start"


@dataclass(frozen=True)
class ReportTable:
    """Rows of written values, with the totals of each column where it has some.

    Raises ValueError when a row has not one value a column.
    """

    title: str
    columns: tuple[ReportColumn, ...]
    rows: tuple[tuple[str, ...], ...]
    totals: tuple[str, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        for row in (*self.rows, *([self.totals] if self.totals else [])):
            if len(row) != len(self.columns):
                raise ValueError(f"{self.title}: {row} has not {len(self.columns)} values")


@dataclass(frozen=True)
class ReportText:
    """A paragraph, under a heading if it has one."""

    text: str
    title: str = ""


@dataclass(frozen=True)
class ReportDocument:
    """A report as plain values and charts: page, mail and PDF are made from the same one.

    `generated` fixes the bytes of the PDF; `footer` says who made it and when.
    """

    shop_name: str
    title: str
    period: str
    stats: tuple[Stat, ...] = ()
    sections: tuple[Chart | ReportTable | ReportText, ...] = ()
    compared_with: str = ""
    footer: str = ""
    language: str = "en"
    generated: datetime | None = None


def report_pdf(report: ReportDocument) -> bytes:
    """The report as A4 pages in PDF/UA-1 (readable aloud)."""
    right_to_left = is_right_to_left(report.language)
    values: dict[str, Any] = {
        "shop_name": report.shop_name,
        "title": report.title,
        "period": report.period,
        "compared_with": report.compared_with,
        "footer": report.footer,
    }
    data: dict[str, Any] = {
        **(isolated(values) if right_to_left else values),
        "language": report.language.partition("_")[0].partition("-")[0],
        "right_to_left": right_to_left,
        "stats": [_stat(stat, right_to_left) for stat in report.stats],
        "sections": [_section(section, right_to_left) for section in report.sections],
        "words": {
            "page": str(_("Page {page} of {pages}")),
            "nothing": str(_("Nothing in this period.")),
        },
    }
    return compile_pdf("report.typ", data, standard="ua-1", timestamp=report.generated)


def _stat(stat: Stat, right_to_left: bool) -> dict[str, Any]:
    values = asdict(stat)
    return (isolated(values) if right_to_left else values) | {"tone": stat.tone}


def _section(section: Chart | ReportTable | ReportText, right_to_left: bool) -> dict[str, Any]:
    if isinstance(section, Chart):
        return {"kind": "chart", "title": section.title, "note": section.note, "parts": parts(section)}
    values = asdict(section)
    shown = isolated(values) if right_to_left else values
    if isinstance(section, ReportText):
        return {"kind": "text", **shown}
    return {"kind": "table", **shown, "columns": values["columns"]}
