"""Where the bytes of a file come from, opened anew for every reading, and what kind of file they are."""

import gzip
import io
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, cast

from flask_babel import gettext as _

from retail.core.spreadsheets.errors import Limits, SpreadsheetError

FileKind = Literal["text", "json", "workbook"]
JSON_START = re.compile(rb"\[\s*[{\]]|\{\s*[\"}]")
SAMPLE = 256 * 1024
COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
PICTURES_AND_SUCH = {
    b"%PDF": "PDF",
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF8": "GIF",
    b"Rar!": "RAR",
    b"7z\xbc\xaf": "7-Zip",
    b"SQLite format 3": "SQLite",
    b"\x7fELF": "program",
    b"MZ\x90": "program",
}


class _Unpacked(io.RawIOBase):
    """A gzip stream that refuses to grow beyond its limit."""

    def __init__(self, stream: gzip.GzipFile, filename: str, limit: int) -> None:
        self.stream, self.filename, self.limit, self.count = stream, filename, limit, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]  # typeshed has no public name for a writable buffer
        try:
            piece = self.stream.read(len(view))
        except (EOFError, OSError, zlib.error) as problem:
            raise SpreadsheetError(
                self.filename, _("The compressed file is damaged."), _("Make it again and upload the new one.")
            ) from problem
        self.count += len(piece)
        if self.count > self.limit:
            raise too_large_unpacked(self.filename, self.limit)
        view[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self.stream.close()
        super().close()


@dataclass(frozen=True)
class Source:
    """A file to be read, on disk or in memory. `open` gives its bytes from the start, unpacked if it was gzipped."""

    content: Path | bytes
    filename: str
    limits: Limits

    @property
    def size(self) -> int:
        return len(self.content) if isinstance(self.content, bytes) else self.content.stat().st_size

    @contextmanager
    def open_packed(self) -> Iterator[BinaryIO]:
        stream: BinaryIO = io.BytesIO(self.content) if isinstance(self.content, bytes) else self.content.open("rb")
        with stream:
            yield stream

    @property
    def is_packed(self) -> bool:
        """Whether it is gzipped."""
        with self.open_packed() as stream:
            return stream.read(2) == b"\x1f\x8b"

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        with self.open_packed() as stream:
            if self.is_packed:
                raw = _Unpacked(gzip.GzipFile(fileobj=stream), self.filename, self.limits.unpacked)
                with io.BufferedReader(raw, SAMPLE) as unpacked:
                    yield cast(BinaryIO, unpacked)
            else:
                yield stream

    def sample(self) -> bytes:
        """The first quarter of a megabyte."""
        with self.open() as stream:
            return stream.read(SAMPLE)


def too_large_unpacked(filename: str, limit: int) -> SpreadsheetError:
    """The refusal of a file that grows beyond all measure when unpacked."""
    return SpreadsheetError(
        filename,
        _("Unpacked, the file is larger than %(size)s.", size=in_words(limit)),
        _("Split it into several files."),
    )


def in_words(size: int) -> str:
    """1572864 as “1.5 MB”."""
    return f"{size / 1024 / 1024:.4g} MB" if size >= 1024 * 1024 else f"{max(size // 1024, 1)} KB"


def kind_of(source: Source) -> FileKind:
    """What the file is by its contents, whatever its name says.

    Raises SpreadsheetError for what is empty, too large, locked by a password, or no table at all.
    """
    limits, name = source.limits, source.filename
    if not source.size:
        raise SpreadsheetError(name, _("The file is empty."), _("Save it again with its rows, then upload it."))
    if source.size > limits.size:
        raise SpreadsheetError(
            name,
            _(
                "The file has %(size)s; at most %(limit)s can be read.",
                size=in_words(source.size),
                limit=in_words(limits.size),
            ),
            _("Split it into several files."),
        )
    sample = source.sample()
    if not sample.strip():
        raise SpreadsheetError(name, _("The file is empty."), _("Save it again with its rows, then upload it."))
    if sample.startswith(b"PK\x03\x04"):
        return "workbook"
    if sample.startswith(COMPOUND):
        if _is_locked(source):
            raise locked(name)
        return "workbook"
    for start, what in PICTURES_AND_SUCH.items():
        if sample.startswith(start):
            raise not_a_table(name, _("It is a %(kind)s file.", kind=what))
    begins = sample[:2000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if begins.startswith((b"<html", b"<!doctype", b"<table", b"<?xml")):
        raise SpreadsheetError(
            name,
            _("This is a web page or XML, whatever its name says."),
            _("Open it in a spreadsheet program and save it as .xlsx or .csv."),
        )
    if JSON_START.match(begins):
        return "json"
    if _is_garbage(sample):
        raise not_a_table(name, _("It holds binary data."))
    return "text"


def locked(filename: str) -> SpreadsheetError:
    """The refusal of a workbook that asks for a password."""
    return SpreadsheetError(
        filename, _("The workbook is protected by a password."), _("Save it without the password and upload that.")
    )


def not_a_table(filename: str, why: object) -> SpreadsheetError:
    """The refusal of what is no spreadsheet."""
    return SpreadsheetError(
        filename, _("This is not a spreadsheet. %(why)s", why=why), _("Upload CSV, XLSX, XLS, ODS or JSON.")
    )


def _is_locked(source: Source) -> bool:
    with source.open() as stream:
        rest = b""
        while piece := stream.read(1024 * 1024):
            if ENCRYPTED in rest + piece:
                return True
            rest = piece[-len(ENCRYPTED) :]
    return False


def _is_garbage(sample: bytes) -> bool:
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")) or looks_like_utf16(sample):
        return False
    odd = sum(sample.count(byte) for byte in range(32) if byte not in (9, 10, 11, 12, 13, 26))
    return odd > max(len(sample) * 0.02, 4)


def looks_like_utf16(sample: bytes) -> str:
    """ "utf-16-le" or "utf-16-be" where every other byte is zero though no mark says so, else nothing."""
    head = sample[:4000]
    if len(head) < 8 or head.count(0) < len(head) * 0.3:
        return ""
    even, odd = head[::2].count(0), head[1::2].count(0)
    if odd > len(head) * 0.3 and even < len(head) * 0.02:
        return "utf-16-le"
    if even > len(head) * 0.3 and odd < len(head) * 0.02:
        return "utf-16-be"
    return ""
