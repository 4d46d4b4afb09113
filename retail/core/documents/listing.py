"""A list on paper: the columns as the page shows them, on A4 across."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _

from retail.core.documents.language import is_right_to_left, isolated
from retail.core.typesetting import compile_pdf


@dataclass(frozen=True)
class ListDocument:
    """Rows of written values under labels; `ends` says which columns are figures, aligned to the end. `generated`
    fixes the bytes of the PDF."""

    shop_name: str
    title: str
    labels: Sequence[str]
    ends: Sequence[bool]
    rows: Sequence[Sequence[str]]
    totals: Sequence[str] = ()
    footer: str = ""
    language: str = "en"
    generated: datetime | None = None


def list_pdf(document: ListDocument) -> bytes:
    """The list as pages in PDF/UA-1 (readable aloud)."""
    right_to_left = is_right_to_left(document.language)
    values = {
        "shop_name": document.shop_name,
        "title": document.title,
        "footer": document.footer,
        "rows": [list(row) for row in document.rows],
        "totals": list(document.totals),
        "columns": [
            {"label": label, "align": "end" if end else "start"}
            for label, end in zip(document.labels, document.ends, strict=True)
        ],
    }
    shown = isolated(values) if right_to_left else values
    for column, end in zip(shown["columns"], document.ends, strict=True):
        column["align"] = "end" if end else "start"
    data = {
        **shown,
        "language": document.language.partition("_")[0].partition("-")[0],
        "right_to_left": right_to_left,
        "words": {"page": str(_("Page {page} of {pages}")), "nothing": str(_("Nothing to show."))},
    }
    return compile_pdf("list.typ", data, standard="ua-1", timestamp=document.generated)
