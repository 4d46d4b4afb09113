"""The whole installation as one file, and back: every row with its id, every stored file, the keys.

The form is the same for both databases, so that a backup of one restores into the other. Writing reads one moment
while everybody goes on; restoring checks the file first and changes the database in one transaction.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from pathlib import Path
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, Table, delete, func, select

from retail.core import audit, files, secrets
from retail.core.archive.businesses import pack_files
from retail.core.archive.container import Archive, ArchiveWriter
from retail.core.archive.rows import (
    CHUNK,
    RowWriter,
    all_tables,
    fitting_columns,
    points_to,
    raise_counters,
    rows_of,
    snapshot,
    tenants_table,
)
from retail.core.db import in_chunks, reading, session, unit_of_work
from retail.core.errors import Refused
from retail.core.tenancy import across_tenants

KIND = "counterfoil-instance"


def back_up(path: Path, keys: list[str] | None) -> dict[str, Any]:
    """Write everything to `path`, with these keys if any; returns what was written. Refused when that cannot be."""
    started, rows = time.monotonic(), 0
    with across_tenants(), unit_of_work():
        audit.record_for_platform("backup", "instance", label=path.name, changes={"keys": bool(keys)})
    with snapshot() as connection, ArchiveWriter(path, KIND) as archive:
        for table in all_tables():
            columns = [one.name for one in table.c]
            rows += archive.write_table(table.name, columns, rows_of(connection, table, columns))
        packed = pack_files(archive, connection)
        archive.finish(keys=keys or [])
    return {
        "rows": rows,
        **packed,
        "keys": len(keys or []),
        "bytes": path.stat().st_size,
        "seconds": round(time.monotonic() - started, 1),
    }


def restore(path: Path, *, force: bool, key_file: Path | None) -> dict[str, Any]:
    """Make this installation what the file says. Refused over businesses unless `force`, and when the file is damaged
    or newer than the program; until the last row is in, what was there stays."""
    started = time.monotonic()
    archive = Archive(path, KIND)
    try:
        tables = all_tables()
        if strange := set(archive.tables) - {one.name for one in tables}:
            raise Refused(_("The archive was made by a newer version of the program (%(what)s).", what=min(strange)))
        for table in tables:
            if table.name in archive.tables:
                fitting_columns(table, archive.tables[table.name]["columns"])
        archive.verify()
        if not force and (there := _businesses()):
            raise Refused(_("There are %(count)s businesses here already; --force replaces everything.", count=there))
        for name in archive.files:
            archive.unpack(name, lambda owner, sha256: files.place(int(owner), sha256))
        keys = _take_keys(archive.manifest["keys"], key_file)
        with across_tenants(), unit_of_work():
            rows = _replace_rows(archive, tables)
    finally:
        archive.close()
    _remove_files_of_nobody()
    with across_tenants(), unit_of_work():
        made_at = archive.manifest["made_at"]
        audit.record_for_platform("restore", "instance", label=path.name, changes={"made_at": made_at})
    seconds = round(time.monotonic() - started, 1)
    return {"rows": rows, "files": len(archive.files), "keys": keys, "made_at": made_at, "seconds": seconds}


def _businesses() -> int:
    with across_tenants(), reading():
        return int(session.connection().execute(select(func.count()).select_from(tenants_table())).scalar_one())


def _remove_files_of_nobody() -> None:
    """Take away the stored files of businesses that were replaced; their ids may be given again."""
    tenants = tenants_table()
    with across_tenants(), reading():
        here = {str(one) for one in session.connection().execute(select(tenants.c.id)).scalars()}
    for folder in files.folder_of(0).parent.glob("[0-9]*"):
        if folder.name not in here:
            shutil.rmtree(folder, ignore_errors=True)


def _take_keys(kept: list[str], key_file: Path | None) -> str:
    """Add the keys of the backup to ours, theirs in force: whatever happens next, both old and new rows can be read.

    Returns `restored`, `known` (they are ours already), `missing` (the backup has none) or `given` (ours come from
    the environment, and must be theirs).
    """
    if not kept:
        return "missing"
    if key_file is None:
        return "given"
    ours = secrets.keys_in(key_file) if key_file.exists() else []
    if ours[:1] == kept[:1]:
        return "known"
    secrets.write_keys(key_file, list(dict.fromkeys([*kept, *ours])))
    secrets.load_file(key_file)
    return "restored"


def _replace_rows(archive: Archive, tables: list[Table]) -> int:
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        # Rows that point to one another come in any order; all of it is looked at before the commit.
        connection.exec_driver_sql("pragma defer_foreign_keys=1")
    for table in reversed(tables):
        connection.execute(delete(table))
    count = 0
    for table in tables:
        if table.name in archive.tables:
            count += _write(connection, archive, table)
    raise_counters(connection)
    return count


def _write(connection: Connection, archive: Archive, table: Table) -> int:
    columns = archive.tables[table.name]["columns"]
    writer = RowWriter(table, columns)
    own = [name for name, target in points_to(table).items() if target == table.name]
    later: list[tuple[int, str, int]] = []
    count = 0
    for values in in_chunks(archive.rows(table.name), CHUNK):
        rows = [dict(zip(columns, one, strict=True)) for one in values]
        for row in rows:
            for name in own:
                if row[name] is not None:
                    later.append((row["id"], name, row[name]))
                    row[name] = None
        writer.write(connection, rows)
        count += len(rows)
    writer.point(connection, later)
    return count


def is_running(instance: Path) -> bool:
    """Whether the program runs on this folder: its supervisor holds a lock there."""
    try:
        descriptor = os.open(instance / "run" / "lock", os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
