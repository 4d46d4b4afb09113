"""Stored files: contents by their SHA-256 under the instance folder, one row per use, owned by a tenant."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from flask import current_app
from sqlalchemy import event, select
from sqlalchemy.orm import Mapped

from retail.core.db import Model, session
from retail.core.tenancy import OfTenant, current_tenant_id


class StoredFile(OfTenant, Model):
    """A file somebody uploaded or the program made: its name, type and contents' hash."""

    __tablename__ = "stored_files"

    name: Mapped[str]
    content_type: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[str]


def folder_of(tenant_id: int) -> Path:
    """Where everything of a tenant lies."""
    return Path(current_app.config["INSTANCE_DIR"]) / "files" / str(tenant_id)


def place(tenant_id: int, sha256: str) -> Path:
    """Where these contents of a tenant lie, or would."""
    return folder_of(tenant_id) / sha256[:2] / sha256


def _path(sha256: str) -> Path:
    path = place(current_tenant_id(), sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def store(name: str, content_type: str, content: bytes) -> StoredFile:
    """Keep these bytes; written aside and renamed, so a file is whole or absent."""
    sha256 = hashlib.sha256(content).hexdigest()
    path = _path(sha256)
    if not path.exists():
        aside = path.with_suffix(f".{os.getpid()}.part")
        aside.write_bytes(content)
        os.replace(aside, path)
    row = StoredFile(name=name, content_type=content_type, size=len(content), sha256=sha256)
    session.add(row)
    session.flush()
    return row


@dataclass(frozen=True)
class Kept:
    """Contents on disk that have no row yet."""

    path: Path
    sha256: str
    size: int


def keep(stream: BinaryIO) -> Kept:
    """Put a stream of any length among the contents without holding it in memory, and without the database."""
    folder = Path(current_app.config["INSTANCE_DIR"]) / "files"
    folder.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with tempfile.NamedTemporaryFile(dir=folder, prefix="arriving-", delete=False) as aside:
        try:
            while piece := stream.read(1024 * 1024):
                aside.write(piece)
                digest.update(piece)
                size += len(piece)
        except BaseException:
            Path(aside.name).unlink()
            raise
    path = _path(digest.hexdigest())
    os.replace(aside.name, path)
    return Kept(path, digest.hexdigest(), size)


def store_kept(name: str, content_type: str, kept: Kept) -> StoredFile:
    """A row for contents that `keep` took in."""
    row = StoredFile(name=name, content_type=content_type, size=kept.size, sha256=kept.sha256)
    session.add(row)
    session.flush()
    return row


def discard(file_ids: Sequence[int]) -> None:
    """Delete stored files, their contents once the transaction is committed; contents that another row uses stay."""
    rows = session.scalars(select(StoredFile).where(StoredFile.id.in_(file_ids))).all()
    hashes = {row.sha256 for row in rows}
    for row in rows:
        session.delete(row)
    session.flush()
    hashes -= set(session.scalars(select(StoredFile.sha256).where(StoredFile.sha256.in_(hashes))))
    paths = [_path(sha256) for sha256 in hashes]

    def unlink(_session: object) -> None:
        for path in paths:
            path.unlink(missing_ok=True)

    event.listen(session(), "after_commit", unlink, once=True)


def path_of(row: StoredFile) -> Path:
    """Where the contents lie; reading them needs no database."""
    return _path(row.sha256)


def read(file_id: int) -> tuple[StoredFile, bytes]:
    """A stored file and its contents."""
    row = session.get_one(StoredFile, file_id)
    return row, _path(row.sha256).read_bytes()
