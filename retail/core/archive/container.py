"""The file: a zip with one member of JSON lines for each table, the stored files, and a manifest with checksums.

Everything is written and read as a stream, so that the size of a business does not matter. A file that is cut off,
changed or made by a newer program is refused before anything is written.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal

from flask_babel import gettext as _

from retail.core.clock import now
from retail.core.errors import Refused

VERSION = 1
MANIFEST = "manifest.json"
PIECE = 1024 * 1024
Lost = Literal["missing", "damaged"]
FILE_NAME = re.compile(r"files/[0-9]+/[0-9a-f]{64}")


class Damaged(Refused):
    """The file is no archive, or not as it was written."""


class ArchiveWriter:
    """Writes one archive; whole under its name, or not at all. For a `with` block, in which `finish` is called last."""

    def __init__(self, path: Path, kind: str) -> None:
        self.path, self.kind = path, kind
        self._aside = path.with_name(f"{path.name}.{os.getpid()}.part")
        self._manifest: dict[str, Any] = {"tables": [], "files": []}
        self._finished = False

    def __enter__(self) -> ArchiveWriter:
        try:
            descriptor = os.open(self._aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        except OSError as problem:
            raise Refused(_("%(path)s cannot be written (%(why)s).", path=self.path, why=problem.strerror)) from None
        self._file = os.fdopen(descriptor, "wb")
        self._zip = zipfile.ZipFile(self._file, "w", zipfile.ZIP_DEFLATED, allowZip64=True, compresslevel=3)
        return self

    def write_table(self, name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        """Write the rows of a table, each a list of plain values in the order of `columns`; returns how many."""
        count, digest = 0, hashlib.sha256()
        with self._zip.open(f"tables/{name}.jsonl", "w", force_zip64=True) as member, io.BytesIO() as gathered:
            for row in rows:
                gathered.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode())
                gathered.write(b"\n")
                count += 1
                if gathered.tell() > PIECE:
                    _pour(gathered, member, digest)
            _pour(gathered, member, digest)
        told = {"name": name, "columns": [*columns], "rows": count, "sha256": digest.hexdigest()}
        self._manifest["tables"].append(told)
        return count

    def write_file(self, owner: int, sha256: str, path: Path) -> Lost | None:
        """Write a stored file, once however often it is used; left out when it is missing or not what it should be."""
        name, digest = f"files/{owner}/{sha256}", hashlib.sha256()
        try:
            stream = path.open("rb")
        except FileNotFoundError:
            return "missing"
        with stream, self._zip.open(name, "w", force_zip64=True) as member:
            while piece := stream.read(PIECE):
                member.write(piece)
                digest.update(piece)
        if digest.hexdigest() != sha256:
            # Its bytes are in the zip by now, but nobody takes for good what the manifest does not name.
            return "damaged"
        self._manifest["files"].append({"name": name, "sha256": sha256})
        return None

    def finish(self, **facts: Any) -> None:
        """Write the manifest, with these facts in it, and give the archive its name."""
        head = {"kind": self.kind, "version": VERSION, "made_at": now().isoformat(), **facts}
        self._zip.writestr(MANIFEST, json.dumps({**head, **self._manifest}, ensure_ascii=False, indent=1))
        self._zip.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        os.replace(self._aside, self.path)
        self._finished = True

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if not self._finished:
            self._zip.close()
            self._file.close()
            self._aside.unlink(missing_ok=True)


def _pour(gathered: io.BytesIO, member: IO[bytes], digest: Any) -> None:
    piece = gathered.getvalue()
    member.write(piece)
    digest.update(piece)
    gathered.seek(0)
    gathered.truncate()


class Archive:
    """An archive that is read. Raises Damaged, or Refused for one of another kind or of a newer program."""

    def __init__(self, path: Path, kind: str) -> None:
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
            self.manifest: dict[str, Any] = json.loads(self._zip.read(MANIFEST))
            found, version = self.manifest["kind"], int(self.manifest["version"])
            self.tables: dict[str, dict[str, Any]] = {one["name"]: one for one in self.manifest["tables"]}
            self.files: list[str] = [one["name"] for one in self.manifest["files"]]
        except FileNotFoundError:
            raise Refused(_("There is no file %(path)s.", path=path)) from None
        except (OSError, zipfile.BadZipFile, zlib.error, KeyError, TypeError, ValueError):
            raise Damaged(_("%(path)s is no archive of this program, or was cut off.", path=path)) from None
        if found != kind:
            raise Refused(_("%(path)s is an archive of another kind (%(kind)s).", path=path, kind=found))
        if version > VERSION:
            raise Refused(_("%(path)s was made by a newer version of the program; update this one.", path=path))
        if strange := [name for name in self.files if not FILE_NAME.fullmatch(name)]:
            raise Damaged(_("%(path)s holds a file with a strange name: %(name)s.", path=path, name=strange[0]))

    def verify(self) -> None:
        """Read everything once and compare it with the checksums. Raises Damaged naming what is wrong."""
        parts = [(f"tables/{one['name']}.jsonl", one["sha256"], one["rows"]) for one in self.tables.values()]
        parts += [(one["name"], one["sha256"], None) for one in self.manifest["files"]]
        for name, expected, rows in parts:
            digest, lines = hashlib.sha256(), 0
            for piece in self._pieces(name):
                digest.update(piece)
                lines += piece.count(b"\n")
            if digest.hexdigest() != expected or rows not in {None, lines}:
                raise Damaged(_("%(path)s is damaged: %(part)s is not what was written.", path=self.path, part=name))

    def _pieces(self, name: str) -> Iterator[bytes]:
        try:
            with self._zip.open(name) as member:
                while piece := member.read(PIECE):
                    yield piece
        except (KeyError, OSError, EOFError, zipfile.BadZipFile, zlib.error):
            raise Damaged(_("%(path)s is damaged: %(part)s cannot be read.", path=self.path, part=name)) from None

    def rows(self, table: str) -> Iterator[list[Any]]:
        """The rows of a table, in the order of its columns in the manifest."""
        with self._zip.open(f"tables/{table}.jsonl") as member:
            for line in member:
                yield json.loads(line)

    def unpack(self, name: str, into: Callable[[str, str], Path]) -> None:
        """Put a stored file where `into(owner, sha256)` says; one that is there already, and whole, is left."""
        _files, owner, sha256 = name.split("/")
        path = into(owner, sha256)
        if path.exists():
            with path.open("rb") as there:
                if hashlib.file_digest(there, "sha256").hexdigest() == sha256:
                    return
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_suffix(f".{os.getpid()}.part")
        with aside.open("wb") as written:
            for piece in self._pieces(name):
                written.write(piece)
        os.replace(aside, path)

    def close(self) -> None:
        """Let go of the file."""
        self._zip.close()
