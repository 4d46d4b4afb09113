"""A file as a table: headers found and checked, rows numbered, what is wrong with a row said beside it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from flask_babel import gettext as _

from retail.core import shown
from retail.core.export import unguarded
from retail.core.spreadsheets import delimited, encodings, objects, workbooks
from retail.core.spreadsheets.delimited import RawRow
from retail.core.spreadsheets.errors import CellError, Limits, SpreadsheetError
from retail.core.spreadsheets.source import FileKind, Source, kind_of
from retail.core.spreadsheets.values import decimal_commas, parse_date, parse_decimal

ROWS_LOOKED_AT, ROWS_SHOWN = 500, 20
TITLE_ROWS = 8


class Row(NamedTuple):
    """A row of a file: its number as a spreadsheet shows it, a value for each header, and what is wrong with it.

    A row with a problem is for the error file, not for import; its values are as they were found.
    """

    number: int
    values: tuple[str, ...]
    problem: str = ""


@dataclass(frozen=True)
class Sheet:
    """A table in a file. `rows()` reads it from the start, as often as asked, without keeping it.

    `encoding_sure` is false where the encoding was guessed: show the `preview` and let a person confirm.
    `decimal_comma` says for each header how its numbers are written, for `parse_decimal`. `encoding` and `delimiter`
    are empty for workbooks, `sheet_names` for other files. `spills` says that columns without a name stand behind the
    last one: programs leave them where a text in it had delimiters that were not quoted, and it is put together again.
    """

    source: Source = field(repr=False)
    kind: FileKind
    headers: tuple[str, ...]
    header_row: int
    preview: tuple[Row, ...] = field(repr=False)
    decimal_comma: Mapping[str, bool] = field(repr=False)
    encoding: str = ""
    encoding_sure: bool = True
    delimiter: str = ""
    sheet_names: tuple[str, ...] = ()
    sheet_name: str = ""
    spills: bool = False

    @property
    def filename(self) -> str:
        return self.source.filename

    def rows(self) -> Iterator[Row]:
        """The rows below the header, blank ones left out. Raises SpreadsheetError where the file cannot be read on."""
        limits = self.source.limits
        count = 0
        for number, cells, problem in _raw_rows(self):
            if number <= self.header_row or not any(cells):
                continue
            count += 1
            if count > limits.rows:
                raise SpreadsheetError(
                    self.filename,
                    _("There are more than %(count)s rows.", count=shown.quantity(limits.rows)),
                    _("Split it into several files."),
                    number,
                )
            yield self._row(number, cells, problem)

    def _row(self, number: int, cells: list[str], problem: str) -> Row:
        width = len(self.headers)
        if len(cells) > width:
            if not any(cell.strip() for cell in cells[width:]):
                cells = cells[:width]
            elif self.spills:
                whole = self.delimiter.join(cells[width - 1 :])
                cells = [*cells[: width - 1], whole.rstrip(f"{self.delimiter} ")]
        if not problem:
            problem = _fault(cells, width, self.kind, self.source.limits)
        if problem:
            return Row(number, tuple(cells), problem)
        if len(cells) < width:
            cells = cells + [""] * (width - len(cells))
        if self.kind == "text":
            return Row(number, tuple([unguarded(cell) if cell[:1] == "'" else cell for cell in cells]))
        return Row(number, tuple(cells))


def _fault(cells: list[str], width: int, kind: FileKind, limits: Limits) -> str:
    """What is wrong with a row as such."""
    if len(cells) > width or (len(cells) < width and kind == "text"):
        return str(
            _(
                "The row has %(found)s cells, the header has %(wanted)s: a delimiter or quotation mark is missing "
                "or too many.",
                found=len(cells),
                wanted=width,
            )
        )
    for index, cell in enumerate(cells):
        if len(cell) > limits.cell_length:
            most = shown.quantity(limits.cell_length)
            return str(_("Cell %(column)s is longer than %(limit)s letters.", column=letters(index), limit=most))
        if "\0" in cell:
            return str(_("Cell %(column)s holds a zero byte: the file was damaged.", column=letters(index)))
    return ""


def read(
    content: Path | bytes,
    filename: str = "",
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    limits: Limits | None = None,
) -> Sheet:
    """Open CSV, XLSX, XLS, ODS or JSON (also gzipped) as a table, told apart by contents and not by name.

    `encoding`, `delimiter` and `sheet` are what a person chose; else they are found. Raises SpreadsheetError, whose
    message names the file, the row and the remedy.
    """
    name = filename or (content.name if isinstance(content, Path) else str(_("The file")))
    source = Source(content, name, limits or Limits())
    kind = kind_of(source)
    found_encoding, found_delimiter = encodings.Encoding("", sure=True), ""
    names: tuple[str, ...] = ()
    sheet_name = ""
    if kind == "workbook":
        names, sheet_name = workbooks.sheets(source, sheet)
    elif kind == "text":
        found_encoding = encodings.require(source, encoding) if encoding else encodings.detect(source)
        found_delimiter = delimiter or delimited.find_delimiter(source, found_encoding)
    # The table is opened three times, each time knowing more: to find the header, to judge the columns, to be used.
    opened = Sheet(
        source, kind, (), 0, (), {}, found_encoding.name, found_encoding.sure, found_delimiter, names, sheet_name
    )
    first = list(islice(_raw_rows(opened), ROWS_LOOKED_AT))
    header_row, headers, nameless = _headers(source, first)
    opened = replace(opened, headers=headers, header_row=header_row, spills=nameless and kind == "text")
    seen = tuple(islice(opened.rows(), ROWS_LOOKED_AT))
    if not seen:
        raise SpreadsheetError(name, _("There are no rows below the header."), _("Add the rows and upload it again."))
    good = [row.values for row in seen if not row.problem]
    columns = [[values[index] for values in good] for index in range(len(headers))]
    commas = decimal_commas(columns, semicolons=found_delimiter == ";")
    return replace(opened, preview=seen[:ROWS_SHOWN], decimal_comma=dict(zip(headers, commas, strict=True)))


def _raw_rows(sheet: Sheet) -> Iterator[RawRow]:
    if sheet.kind == "workbook":
        return workbooks.rows(sheet.source, sheet.sheet_name)
    if sheet.kind == "json":
        return objects.rows(sheet.source)
    return delimited.rows(sheet.source, encodings.Encoding(sheet.encoding, sheet.encoding_sure), sheet.delimiter)


def _headers(source: Source, first: list[RawRow]) -> tuple[int, tuple[str, ...], bool]:
    """The number of the header's row, the names in it, and whether nameless columns stand behind them;
    SpreadsheetError where there is none or two are alike."""
    filled = [(number, cells) for number, cells, _problem in first if any(cell.strip() for cell in cells)]
    if not filled:
        raise SpreadsheetError(source.filename, _("The sheet is empty."), _("Choose another sheet, or add rows."))
    widths = [sum(bool(cell.strip()) for cell in cells) for _number, cells in filled]
    # A title or two over the table: rows of one cell before one of three or more.
    top = next((i for i, width in enumerate(widths[:TITLE_ROWS]) if width >= 3), 0) if widths[0] == 1 else 0
    number, cells = filled[top]
    names = [cell.strip().strip("\ufeff") for cell in cells]
    width = len(names)
    while names and not names[-1]:
        names.pop()
    nameless = len(names) < width
    if len(names) > source.limits.columns:
        raise SpreadsheetError(
            source.filename,
            _("There are more than %(count)s columns.", count=source.limits.columns),
            _("Delete the columns that are not needed."),
            number,
        )
    _require_names(source, number, names)
    called = (name or str(_("Column %(letter)s", letter=letters(index))) for index, name in enumerate(names))
    return number, tuple(called), nameless


def _require_names(source: Source, number: int, names: list[str]) -> None:
    if "\0" in "".join(names):
        raise SpreadsheetError(
            source.filename,
            _("The header holds zero bytes: the file was damaged."),
            _("Save it anew and upload that."),
            number,
        )
    kinds = [_kind_of_name(name) for name in names if name]
    if all(kinds) or "fraction" in kinds:
        raise SpreadsheetError(
            source.filename,
            _("The first row holds values, not the names of the columns."),
            _("Add a row with names (such as Name, SKU, Price) above it."),
            number,
        )
    seen: dict[str, int] = {}
    for index, name in enumerate(names):
        key = name.casefold()
        if name and key in seen:
            raise SpreadsheetError(
                source.filename,
                _(
                    "Columns %(first)s and %(second)s are both called “%(name)s”.",
                    first=letters(seen[key]),
                    second=letters(index),
                    name=name,
                ),
                _("Rename or delete one of them."),
                number,
            )
        seen[key] = index


def _kind_of_name(name: str) -> str:
    """ "whole", "fraction" or "date" for what looks like a value; nothing for a name."""
    for comma in (False, True):
        try:
            return "whole" if parse_decimal(name, comma) % 1 == 0 and "." not in name else "fraction"
        except CellError:
            continue
    try:
        parse_date(name)
    except CellError:
        return ""
    return "date"


def letters(index: int) -> str:
    """The name of a column in a spreadsheet: 0 is A, 26 is AA."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(65 + rest) + name
    return name
