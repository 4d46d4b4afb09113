"""Rows of a delimited text (CSV and its relatives), read as a stream in constant memory."""

import csv
import io
import re
from collections.abc import Iterator

from flask_babel import gettext as _

from retail.core.spreadsheets.encodings import Encoding, wrong
from retail.core.spreadsheets.errors import SpreadsheetError
from retail.core.spreadsheets.source import SAMPLE, Source

DELIMITERS = (",", ";", "\t", "|")
LINES_SCORED = 200

RawRow = tuple[int, list[str], str]


def find_delimiter(source: Source, encoding: Encoding) -> str:
    """The delimiter by which most rows have as many cells as the header; a comma where there is one column only.

    A first line `sep=;`, which Excel understands, decides at once.
    """
    text = source.sample().decode(encoding.name, errors="replace").lstrip("\ufeff").replace("\0", "")
    if text[:4].lower() == "sep=" and len(text) > 4:
        return text[4]
    lines = text.splitlines(keepends=True)
    if len(text) > SAMPLE // 4 and len(lines) > 1:
        lines.pop()  # the sample ends within it
    scores = {delimiter: _score(lines, delimiter) for delimiter in DELIMITERS}
    best = max(DELIMITERS, key=lambda delimiter: scores[delimiter])
    return best if scores[best] > 0 else ","


def _score(lines: list[str], delimiter: str) -> float:
    """How alike the rows are in width to the header: between 0 and 1, a little more for wider ones."""
    widths = []
    try:
        for row in csv.reader(lines, delimiter=delimiter):
            if any(row):
                widths.append(len(row))
            if len(widths) == LINES_SCORED:
                break
    except csv.Error:
        return 0.0
    wide = [width for width in widths if width > 1]
    if not wide:
        return 0.0
    usual = max(set(wide), key=wide.count)
    header = widths[0] if widths[0] > 1 else usual
    alike = sum(width == header for width in widths) / len(widths)
    # A title above the table must not hide that all rows below are alike.
    alike = max(alike, sum(width == usual for width in widths) / len(widths) * 0.95)
    # A comma inside the cells of a file with another delimiter is there in some rows only, and never in the header.
    return alike * (1.0 if widths[0] > 1 else 0.6) + min(header, 50) / 1000


def rows(source: Source, encoding: Encoding, delimiter: str) -> Iterator[RawRow]:
    """Each row with its number, its cells and what is wrong with it (or nothing), counted from 1 as a spreadsheet does.

    Raises SpreadsheetError when the encoding is wrong or a quotation mark is never closed.
    """
    number, lines = 0, _Lines()
    with source.open() as stream:
        text = io.TextIOWrapper(stream, encoding.name, newline="")
        # Columns lined up by hand have spaces before their quotation marks; elsewhere a space belongs to the cell.
        spaced = f'{delimiter} "'.encode(encoding.name) in source.sample()
        reader = csv.reader(lines.of(text), delimiter=delimiter, strict=True, skipinitialspace=spaced)
        while True:
            number += 1
            lines.begin()
            try:
                cells = next(reader)
            except StopIteration:
                break
            except UnicodeDecodeError as problem:
                raise wrong(source, encoding.name) from problem
            except csv.Error as problem:
                if lines.ended or "field larger" in str(problem):
                    raise SpreadsheetError(
                        source.filename,
                        _("A quotation mark opens here and is never closed."),
                        _("Close it, or write it twice if it belongs to the text."),
                        number,
                    ) from problem
                raw = lines.current.rstrip("\r\n")
                if (mended := _without_spaces_behind_quotes(raw, delimiter)) is not None:
                    yield number, mended, ""
                    continue
                yield (
                    number,
                    raw.split(delimiter),
                    str(_("Quotation marks in the middle of a cell must be written twice.")),
                )
                continue
            if number == 1 and len(cells) <= 2 and lines.current.lower().startswith("sep="):
                continue
            yield number, cells, ""
        text.detach()


def _without_spaces_behind_quotes(line: str, delimiter: str) -> list[str] | None:
    closed = re.sub(rf'"[ \t]+(?={re.escape(delimiter)}|$)', '"', line)
    try:
        return next(
            csv.reader(closed.splitlines(keepends=True), delimiter=delimiter, strict=True, skipinitialspace=True)
        )
    except csv.Error:
        return None


class _Lines:
    """The lines of a text on their way to the csv reader, the current one kept for when it cannot be read."""

    def __init__(self) -> None:
        self.current = ""
        self.ended = False

    def begin(self) -> None:
        self.current = ""

    def of(self, text: Iterator[str]) -> Iterator[str]:
        first = True
        for line in text:
            if first:
                line, first = line.removeprefix("\ufeff"), False
            if len(self.current) < SAMPLE:
                self.current += line
            yield line
        self.ended = True
