"""Pictures that come with a file of products: found in a ZIP beside the table, or fetched from their addresses.

A picture is known again by what was sent, so that a file that comes twice changes nothing and nothing is fetched twice.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from flask_babel import gettext as _
from sqlalchemy import select

from retail.catalog.services.pictures import MOST_BYTES, shrunk
from retail.core import files
from retail.core.db import in_chunks, session
from retail.core.errors import Refused
from retail.core.files import StoredFile
from retail.core.imports import Import
from retail.core.outside import Unreachable, fetch

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif")
ASKED_AT_ONCE = 500


@dataclass(frozen=True)
class Named:
    """A picture a row names: its name or address, what it is known again by, and where it is in the ZIP; nothing of
    that when it is not there."""

    name: str
    mark: str = ""
    entry: str = ""


class PictureBox:
    """Where an import finds its pictures."""

    def __init__(self, row: Import) -> None:
        stored = session.get(StoredFile, row.options.get("pictures_id") or 0)
        self._path = None if stored is None else files.path_of(stored)
        self._fetches = bool(row.options.get("fetch_pictures"))
        self._by_path: dict[str, str] = {}
        self._by_name: dict[str, list[str]] = {}
        self._marks: dict[str, str] = {}
        if self._path is not None:
            for entry, mark in _entries(self._path).items():
                key = _key(entry)
                self._marks[entry] = mark
                self._by_path[key] = entry
                self._by_name.setdefault(PurePosixPath(key).name, []).append(entry)

    @property
    def is_open(self) -> bool:
        """Whether pictures came with the file, or may be fetched."""
        return self._path is not None or self._fetches

    def named(self, names: Sequence[str]) -> Named | None:
        """The first of these pictures that is there; without any of them, the first as what is missing. None where
        nobody asked for such pictures."""
        missing = None
        for name in names:
            if "://" in name:
                if self._fetches:
                    return Named(name, hashlib.sha256(name.encode()).hexdigest()[:32])
            elif self._path is not None:
                entry = self._entry(name)
                if entry:
                    return Named(name, self._marks[entry], entry)
                missing = missing or Named(name)
        return missing

    def _entry(self, name: str) -> str:
        """The file in the ZIP: the one at this path, or at the end of which it stands, or the only one so called."""
        key = _key(name)
        if key in self._by_path:
            return self._by_path[key]
        alike = self._by_name.get(PurePosixPath(key).name, [])
        deeper = [entry for entry in alike if _key(entry).endswith(f"/{key}")]
        found = deeper or alike
        return found[0] if len(found) == 1 else ""

    def _read(self, entry: str) -> bytes:
        assert self._path is not None
        try:
            with zipfile.ZipFile(self._path) as archive, archive.open(entry) as stream:
                return stream.read(MOST_BYTES + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError):
            return b""  # which is told as no picture

    def small(self, named: Named) -> bytes:
        """The picture as products show it. Refused when it is missing, cannot be had, or is no picture."""
        if named.entry:
            return shrunk(self._read(named.entry) or b"\0")
        if not named.mark:
            raise Refused(_("there is no such file, or several of that name, among the pictures"))
        try:
            return shrunk(fetch(named.name, largest=MOST_BYTES))
        except Unreachable as problem:
            raise Refused(_("it could not be fetched (%(why)s)", why=problem)) from problem


def kept_under(mark: str) -> str:
    """What the stored picture is called that was made of what has this mark."""
    return f"import-{mark}.webp"


def names_of(file_ids: Iterable[int]) -> dict[int, str]:
    """How stored files are called, by their ids."""
    found: dict[int, str] = {}
    for chunk in in_chunks(sorted(set(file_ids)), ASKED_AT_ONCE):
        for row in session.execute(select(StoredFile.id, StoredFile.name).where(StoredFile.id.in_(chunk))):
            found[row.id] = row.name
    return found


def checked_pictures(stream: BinaryIO) -> BinaryIO:
    """A ZIP of pictures that was sent. Refused for anything else."""
    if not zipfile.is_zipfile(stream):
        raise Refused(_("The pictures come as a ZIP; put them into one."), field="pictures")
    stream.seek(0)
    return stream


def packed(folder: Path) -> BinaryIO:
    """The pictures of a folder and the folders in it as a ZIP; Refused when there are none."""
    found = [path for path in sorted(folder.rglob("*")) if path.suffix.casefold() in SUFFIXES and path.is_file()]
    if not found:
        raise Refused(_("There are no pictures in %(folder)s.", folder=folder), field="pictures")
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for path in found:
            archive.write(path, path.relative_to(folder).as_posix())
    content.seek(0)
    return content


def _entries(path: Path) -> dict[str, str]:
    """The files in a ZIP, each with what its contents are known by: their check sum and size, which stand in the
    ZIP's own directory, so that nothing has to be read for it."""
    try:
        with zipfile.ZipFile(path) as archive:
            return {
                one.filename: f"{one.CRC:08x}-{one.file_size}"
                for one in archive.infolist()
                if not one.is_dir() and "__MACOSX" not in one.filename
            }
    except (zipfile.BadZipFile, OSError) as problem:
        raise Refused(_("The ZIP of pictures cannot be opened; make it anew."), field="pictures") from problem


def _key(name: str) -> str:
    parts = (part for part in name.replace("\\", "/").split("/") if part not in {"", "."})
    return "/".join(parts).casefold()
