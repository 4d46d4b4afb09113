"""Rows of a workbook (XLSX, XLS, ODS), its cells as text that remembers having been typed."""

import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from flask_babel import gettext as _

from retail.core.spreadsheets import reader_process
from retail.core.spreadsheets.delimited import RawRow
from retail.core.spreadsheets.errors import SpreadsheetError
from retail.core.spreadsheets.source import Source, locked, not_a_table, too_large_unpacked
from retail.core.spreadsheets.values import TypedText

PIECE = 1024 * 1024
READER_MEMORY, READER_SECONDS = 2 * 1024 * 1024 * 1024, 120


def sheets(source: Source, sheet: str | None = None) -> tuple[tuple[str, ...], str]:
    """The names of the visible sheets, and of the one that is read.

    Raises SpreadsheetError when the workbook is locked, damaged, has no such sheet, or is made to overwhelm its reader.
    """
    _check_package(source)
    with closing(_lines(source, sheet or "")) as lines:
        head = json.loads(next(lines))
    return tuple(head["sheets"]), head["sheet"]


def rows(source: Source, sheet: str) -> Iterator[RawRow]:
    """The rows of a sheet, numbered as on screen; empty rows above the table are there too."""
    with closing(_lines(source, sheet)) as lines:
        next(lines)
        for number, line in enumerate(lines, 1):
            yield number, [cell if isinstance(cell, str) else TypedText(cell[0]) for cell in json.loads(line)], ""


def _lines(source: Source, sheet: str) -> Generator[bytes, None, None]:
    """What the reader process prints, line by line; closing it early ends the process."""
    with _on_disk(source) as path:
        program = [sys.executable, "-I", reader_process.__file__]
        arguments = [str(path), sheet, str(READER_MEMORY), str(READER_SECONDS)]
        with subprocess.Popen([*program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as reader:
            assert reader.stdout is not None
            try:
                yield from reader.stdout
                code = reader.wait()
            finally:
                reader.kill()
        if code:
            raise _refusal(source, code, sheet)


def _refusal(source: Source, code: int, sheet: str) -> SpreadsheetError:
    if code == reader_process.LOCKED:
        return locked(source.filename)
    if code == reader_process.DAMAGED:
        return _damaged(source)
    if code == reader_process.NO_SUCH_SHEET:
        return SpreadsheetError(
            source.filename, _("There is no sheet “%(name)s”.", name=sheet), _("Choose one of the sheets of this file.")
        )
    return SpreadsheetError(
        source.filename,
        _("The sheet reaches too far: it has cells far below or to the right of its table."),
        _("Copy the table into a new workbook and upload that."),
    )


@contextmanager
def _on_disk(source: Source) -> Iterator[Path]:
    if isinstance(source.content, Path) and not source.is_packed:
        yield source.content
        return
    with tempfile.NamedTemporaryFile(prefix="workbook-") as file, source.open() as stream:
        shutil.copyfileobj(stream, file, PIECE)
        file.flush()
        yield Path(file.name)


def _check_package(source: Source) -> None:
    """Refuse a ZIP package that is no workbook or that unpacks to more than is allowed, whatever size it claims."""
    limit = source.limits.workbook_unpacked
    with source.open() as stream:
        if stream.read(2) != b"PK":
            return
        stream.seek(0)
        try:
            with zipfile.ZipFile(stream) as package:
                _check_names(source, package)
                if sum(entry.file_size for entry in package.infolist()) > limit:
                    raise too_large_unpacked(source.filename, limit)
                for entry in package.infolist():
                    with package.open(entry) as unpacked:
                        while unpacked.read(PIECE):
                            pass
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as problem:
            raise _damaged(source) from problem


def _check_names(source: Source, package: zipfile.ZipFile) -> None:
    names = set(package.namelist())
    if "xl/workbook.bin" in names:
        raise SpreadsheetError(source.filename, _("This is a binary workbook (.xlsb)."), _("Save it as .xlsx."))
    if "xl/workbook.xml" not in names and "content.xml" not in names:
        raise not_a_table(source.filename, _("It is a ZIP file or another document."))
    if "META-INF/manifest.xml" in names and b"encryption-data" in package.read("META-INF/manifest.xml"):
        raise locked(source.filename)


def _damaged(source: Source) -> SpreadsheetError:
    return SpreadsheetError(
        source.filename,
        _("The workbook is damaged."),
        _("Open it in a spreadsheet program, save it anew and upload that."),
    )
