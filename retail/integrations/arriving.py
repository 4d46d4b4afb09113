"""What is uploaded, before it is read as a table: a ZIP with a table and pictures in it is taken apart, and records
that refer to each other are laid out as a table."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from flask_babel import gettext as _

from retail.core import files
from retail.core.db import session
from retail.core.errors import Refused
from retail.core.imports import Import, Kind, services
from retail.integrations.layouts.saleor import laid_out
from retail.integrations.product_pictures import checked_pictures
from retail.tenancy.queries import current_tenant

TABLES = (".csv", ".tsv", ".xlsx", ".xls", ".ods", ".json", ".jsonl", ".csv.gz", ".tsv.gz", ".json.gz")
WORKBOOK_PARTS = frozenset({"xl/workbook.xml", "xl/workbook.bin", "content.xml", "[Content_Types].xml"})
LARGEST_TABLE = 256 * 1024 * 1024
LARGEST_RECORDS = 64 * 1024 * 1024


@dataclass(frozen=True)
class Arrived:
    """A table, the ZIP of pictures it came in if it did, and what people should know of how it was understood."""

    filename: str
    table: BinaryIO
    pictures: BinaryIO | None = None
    note: str = ""


def arrived(filename: str, stream: BinaryIO) -> Arrived:
    """What was sent, ready to be read as a table. Refused for a ZIP that holds no table, or several."""
    start = stream.read(4)
    stream.seek(0)
    if start == b"PK\x03\x04" and (found := _out_of_zip(stream)) is not None:
        return found
    stream.seek(0)
    return _laid_out(filename, stream)


def take_in(
    kind: Kind, filename: str, stream: BinaryIO, options: Mapping[str, Any], pictures: BinaryIO | None = None
) -> Import:
    """Begin the import of a file, with its pictures: those sent beside it, else those in the same ZIP. Refused when it
    is no table that can be read."""
    came = arrived(filename, stream)
    sent = came.pictures if pictures is None else checked_pictures(pictures)
    # Copying comes before the first statement: a long file must not hold the database's write lock.
    kept = None if sent is None else files.keep(sent)
    row = services.upload(kind.name, came.filename, "application/octet-stream", came.table, options)
    row.note = came.note
    if kept is not None:
        stored = files.store_kept(f"{came.filename}-pictures.zip", "application/zip", kept)
        row.options = {**row.options, "pictures_id": stored.id}
    session.flush()
    return row


def _out_of_zip(stream: BinaryIO) -> Arrived | None:
    """The table in a ZIP; None for a workbook, which is a ZIP itself, and for one that is damaged."""
    if not zipfile.is_zipfile(stream):
        return None
    try:
        with zipfile.ZipFile(stream) as archive:
            names = archive.namelist()
            if WORKBOOK_PARTS & set(names):
                return None
            tables = [name for name in names if _is_table(name)]
            if len(tables) != 1:
                raise Refused(_how_many(tables), field="file")
            with archive.open(tables[0]) as entry:
                content = entry.read(LARGEST_TABLE + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as problem:
        raise Refused(_("The ZIP cannot be opened. Make it anew, without a password."), field="file") from problem
    if len(content) > LARGEST_TABLE:
        raise Refused(_("The table in the ZIP is too large; send it by itself."), field="file")
    stream.seek(0)
    inner = _laid_out(PurePosixPath(tables[0]).name, io.BytesIO(content))
    return Arrived(inner.filename, inner.table, stream, inner.note)


def _is_table(name: str) -> bool:
    path = PurePosixPath(name)
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return not hidden and path.name.casefold().endswith(TABLES)


def _how_many(tables: list[str]) -> str:
    if not tables:
        return str(_("There is no table in this ZIP. Put the CSV or Excel file in beside the pictures."))
    named = ", ".join(tables[:5])
    return str(_("There are several tables in this ZIP (%(names)s). Leave one of them.", names=named))


def _laid_out(filename: str, stream: BinaryIO) -> Arrived:
    start = stream.read(2)
    stream.seek(0)
    if start == b"\x1f\x8b" or start[:1] == b"[" or start == b"\xef\xbb":
        content = _whole(stream, packed=start == b"\x1f\x8b")
        stream.seek(0)
        found = (
            laid_out(content, current_tenant().currency) if content.lstrip(b"\xef\xbb\xbf \r\n")[:1] == b"[" else None
        )
        if found is not None:
            return Arrived(filename, io.BytesIO(found.content), note=found.note)
    return Arrived(filename, stream)


def _whole(stream: BinaryIO, *, packed: bool) -> bytes:
    """All of a file, or nothing of one that is too long to be records, or damaged: how that is told is settled where
    tables are read."""
    try:
        if packed:
            with gzip.GzipFile(fileobj=stream) as unpacked:
                if unpacked.peek(64).lstrip(b"\xef\xbb\xbf \r\n")[:1] != b"[":
                    return b""
                content = unpacked.read(LARGEST_RECORDS + 1)
        else:
            content = stream.read(LARGEST_RECORDS + 1)
    except (EOFError, OSError, zlib.error):
        return b""
    return content if len(content) <= LARGEST_RECORDS else b""
