"""One business out of an installation, and into this or another one under a name of its own.

Every row keeps its order and gets a new id; whatever names an id (keys, columns, JSON) names the new one. The audit is
proved on its way, and chained anew with the new ids. Rows go in by steps of their own, so that other shops sell
meanwhile; until the last is in, the business is suspended, and whatever goes wrong takes it away again.
"""

from __future__ import annotations

import fcntl
import json
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import JSON, Connection, Table, delete, func, select, update

from retail.core import audit, chain, files
from retail.core.archive.container import Archive, ArchiveWriter
from retail.core.archive.rows import (
    CHUNK,
    Condition,
    NewIds,
    RowWriter,
    all_tables,
    fitting_columns,
    points_to,
    reserve_ids,
    rows_of,
    snapshot,
    tenants_table,
)
from retail.core.audit import AuditEntry
from retail.core.audit_proof import prove
from retail.core.chain import AuditHead
from retail.core.clock import now
from retail.core.db import in_chunks, reading, session, table_of, unit_of_work
from retail.core.errors import Refused
from retail.core.search import SEARCHED, rebuild
from retail.core.tenancy import across_tenants, inside

KIND = "counterfoil-business"


@dataclass(frozen=True)
class Travel:
    """What the core cannot know of the tables above it.

    `named` says of which table the ids in a column or a JSON field of some name are, `kinds` of columns whose table
    another column of the row names (`table.column`); `last` are the tables whose JSON speaks of rows of all others.
    `stays` are tables of which nothing travels, `only` which rows of a table do. `changed` adapts rows of a table to
    their new place: it gets the row, the new ids and the new slug.
    """

    named: Mapping[str, str]
    kinds: Mapping[str, tuple[str, Mapping[str, str] | None]]
    last: tuple[str, ...] = ()
    stays: frozenset[str] = frozenset()
    only: Mapping[str, Condition] = field(default_factory=dict)
    changed: Mapping[str, Callable[[dict[str, Any], NewIds, str], None]] = field(default_factory=dict)


def tables_of_a_business(travel: Travel) -> list[Table]:
    """The tables whose rows travel with a business: those that others point to first, by a key of the database before
    all, else by what the columns mean."""
    waiting = {one.name: one for one in all_tables() if "tenant_id" in one.c and one.name not in travel.stays}
    keys = {name: set(points_to(table).values()) - {name} for name, table in waiting.items()}
    loose = {name: _loosely_points_to(table, travel) - {name} for name, table in waiting.items()}
    found: list[Table] = []

    def turn(name: str) -> tuple[int, int, str]:
        last = travel.last.index(name) + 1 if name in travel.last else 0
        return last, len(loose[name] & waiting.keys()), name

    while waiting:
        free = [name for name in waiting if not keys[name] & waiting.keys()]
        found.append(waiting.pop(min(free, key=turn)))
    return found


def _loosely_points_to(table: Table, travel: Travel) -> set[str]:
    found = {travel.named[one.name] for one in table.c if one.name in travel.named}
    for name, (_kind, targets) in travel.kinds.items():
        if name.startswith(f"{table.name}."):
            found |= set((targets or {}).values())
    return found


def export_business(tenant_id: int, slug: str, path: Path, travel: Travel) -> dict[str, Any]:
    """Write everything of a business to `path`, as it is at this moment, while it goes on; returns what was written.

    Refused when the file cannot be written. Stored files that were left out are named, see `pack_files`.
    """
    tenants, rows = tenants_table(), 0
    with snapshot() as connection, ArchiveWriter(path, KIND) as archive:
        proof = prove(tenant_id)
        head = connection.execute(
            select(table_of(AuditHead)).where(table_of(AuditHead).c.chain == tenant_id)
        ).one_or_none()
        mine = [one.name for one in tenants.c if one.name != "id"]
        archive.write_table("tenants", mine, rows_of(connection, tenants, mine, lambda one: one.c.id == tenant_id))
        for table in tables_of_a_business(travel):
            columns = [one.name for one in table.c if one.name != "tenant_id"]
            conditions: list[Condition] = [lambda one: one.c.tenant_id == tenant_id]
            if table.name in travel.only:
                conditions.append(travel.only[table.name])
            rows += archive.write_table(table.name, columns, rows_of(connection, table, columns, *conditions))
        packed = pack_files(archive, connection, tenant_id)
        base = (head.base_position, head.base_digest) if head else (0, chain.BEGINNING)
        archive.finish(
            business=slug,
            audit={"ok": proof.ok, "head": proof.head, "base_position": base[0], "base_digest": base[1]},
        )
    return {"tenant": slug, "rows": rows, **packed}


def pack_files(archive: ArchiveWriter, connection: Connection, tenant_id: int | None = None) -> dict[str, Any]:
    """Write the contents on disk that rows speak of; of one tenant, or of all.

    Returns how many `files` went in, and a name of each that did not: `missing`, or `damaged`.
    """
    stored = table_of(files.StoredFile)
    asked = select(stored.c.tenant_id, stored.c.sha256, func.min(stored.c.name))
    if tenant_id is not None:
        asked = asked.where(stored.c.tenant_id == tenant_id)
    lost: dict[str, list[str]] = {"missing": [], "damaged": []}
    count = 0
    for owner, sha256, name in connection.execute(
        asked.group_by(stored.c.tenant_id, stored.c.sha256).order_by(stored.c.sha256)
    ):
        why = archive.write_file(owner, sha256, files.place(owner, sha256))
        if why is None:
            count += 1
        else:
            lost[why].append(name)
    return {"files": count, **lost}


def import_business(path: Path, name: str, slug: str, travel: Travel) -> dict[str, Any]:
    """Make a business called `name` of an archive; returns what came in. Refused when there is one of that slug or one
    is being imported, or the file is damaged or newer than the program; then nothing is kept."""
    with _alone(slug):
        return _import(path, name, slug, travel)


@contextmanager
def _alone(slug: str) -> Iterator[None]:
    """One import under a name at a time: a second would take the first for one that was killed."""
    lock = Path(current_app.config["INSTANCE_DIR"]) / "run" / f"import-{slug[:200]}"
    lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with lock.open("ab") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(_("“%(slug)s” is being imported already; wait for its end.", slug=slug)) from None
        yield


def _import(path: Path, name: str, slug: str, travel: Travel) -> dict[str, Any]:
    archive = Archive(path, KIND)
    started = time.monotonic()
    try:
        tables = tables_of_a_business(travel)
        known = {"tenants", *(one.name for one in tables)}
        if strange := [one for one in archive.tables if one not in known | travel.stays]:
            raise Refused(_("The archive was made by a newer version of the program (%(what)s).", what=min(strange)))
        tables = [one for one in tables if one.name in archive.tables]
        for table in tables:
            fitting_columns(table, [*archive.tables[table.name]["columns"], "tenant_id"])
        archive.verify()
        _sweep(slug)
        tenant_id = _begin(archive, name, slug)
        try:
            arrival = _Arrival(archive, tenant_id, slug, travel)
            rows = sum(arrival.take(table) for table in tables)
            arrival.point_to_what_came_later()
            with inside(tenant_id):
                for kind in SEARCHED.values():
                    rebuild(kind)
            for one in archive.files:
                archive.unpack(one, lambda _owner, sha256: files.place(tenant_id, sha256))
            damage = _end(tenant_id, arrival, archive, name)
        except BaseException:
            remove_business(tenant_id)
            raise
    finally:
        archive.close()
    return {
        "tenant": slug,
        "rows": rows,
        "files": len(archive.files),
        "audit": damage or "whole",
        "seconds": round(time.monotonic() - started, 1),
    }


def _sweep(slug: str) -> None:
    """Take away what an import that was killed has left under this name. Refused when it is a business."""
    tenants = tenants_table()
    with across_tenants(), reading():
        asked = select(tenants.c.id, tenants.c.arriving_at).where(tenants.c.slug == slug)
        found = session.connection().execute(asked).one_or_none()
    if found is not None:
        if found.arriving_at is None:
            raise Refused(_("A tenant called “%(slug)s” exists already; choose another name.", slug=slug))
        remove_business(found.id)


def _begin(archive: Archive, name: str, slug: str) -> int:
    tenants = tenants_table()
    columns = archive.tables["tenants"]["columns"]
    fitting_columns(tenants, [*columns, "id"])
    (values,) = archive.rows("tenants")
    row = dict(zip(columns, values, strict=True))
    row |= {"slug": slug, "name": name, "suspended_reason": str(_("It is being imported."))}
    row["arriving_at"] = row["suspended_at"] = now().isoformat()
    with across_tenants(), unit_of_work():
        connection = session.connection()
        (row["id"],) = reserve_ids(connection, tenants, 1)
        RowWriter(tenants, [*row]).write(connection, [row])
    return int(row["id"])


def _end(tenant_id: int, arrival: _Arrival, archive: Archive, name: str) -> str | None:
    """Close the audit's chain, let people in, and write down where the business came from."""
    tenants = tenants_table()
    told = archive.manifest["audit"]
    damage = arrival.audit_damage or (None if told["ok"] else _("damaged before it was exported"))
    with inside(tenant_id), unit_of_work():
        connection = session.connection()
        chain.locked_head(connection, tenant_id)
        base = {"base_position": told["base_position"], "base_digest": told["base_digest"]}
        chain.move_head(connection, tenant_id, position=arrival.position, digest=arrival.digest, **base)
        came = {"from": archive.manifest["business"], "made_at": archive.manifest["made_at"], "head": told["head"]}
        audit.record("arrive", "tenants", tenant_id, name, came | ({"audit": damage} if damage else {}))
    with across_tenants(), unit_of_work():
        in_force = {"arriving_at": None, "suspended_at": None, "suspended_reason": ""}
        session.connection().execute(update(tenants).where(tenants.c.id == tenant_id).values(in_force))
        audit.record_for_platform("arrive", "tenants", tenant_id, name, came)
    return damage


class _Arrival:
    """The rows of one business on their way in."""

    def __init__(self, archive: Archive, tenant_id: int, slug: str, travel: Travel) -> None:
        self.archive, self.tenant_id, self.slug, self.travel = archive, tenant_id, slug, travel
        self.ids = NewIds()
        self._taken: set[str] = set()
        self._later: dict[str, list[tuple[int, str, str, int]]] = {}
        told = archive.manifest["audit"]
        self.position = self._old_position = int(told["base_position"])
        self.digest = self._old_digest = str(told["base_digest"])
        self.audit_damage: str | None = None

    def take(self, table: Table) -> int:
        """Insert the rows of one table; returns how many."""
        columns = self.archive.tables[table.name]["columns"]
        writer = RowWriter(table, [*columns, "tenant_id"])
        count = 0
        for values in in_chunks(self.archive.rows(table.name), CHUNK):
            rows = [dict(zip(columns, one, strict=True)) for one in values]
            with across_tenants(), unit_of_work():
                connection = session.connection()
                new = reserve_ids(connection, table, len(rows))
                self.ids.add(table.name, [row["id"] for row in rows], new)
                self._translate(table, rows, new)
                writer.write(connection, rows)
            count += len(rows)
        self._taken.add(table.name)
        return count

    def point_to_what_came_later(self) -> None:
        """Set what pointed to rows that were not here yet."""
        for table in all_tables():
            pointing = self._later.get(table.name, ())
            known = [(row, name, self.ids.get(target, old)) for row, name, target, old in pointing]
            for piece in in_chunks(((row, name, to) for row, name, to in known if to is not None), CHUNK):
                with across_tenants(), unit_of_work():
                    RowWriter(table, ()).point(session.connection(), piece)

    def _translate(self, table: Table, rows: Sequence[dict[str, Any]], new: Sequence[int]) -> None:
        """Give rows their own ids and those of what they speak of."""
        keys, named, kinds = points_to(table), self.travel.named, self.travel.kinds
        loose = {one: named[one] for one in rows[0] if one in named and one in table.c and one not in keys}
        by_kind = {one: kinds[f"{table.name}.{one}"] for one in rows[0] if f"{table.name}.{one}" in kinds}
        json_columns = [one for one in rows[0] if isinstance(table.c[one].type, JSON)]
        change = self.travel.changed.get(table.name)
        is_audit = table.name == AuditEntry.__tablename__
        for row, new_id in zip(rows, new, strict=True):
            if is_audit:
                self._prove(row)
            row["id"], row["tenant_id"] = new_id, self.tenant_id
            for name, target in (keys | loose).items():
                self._point(table, row, name, target)
            for name, (kind, tables) in by_kind.items():
                self._point(table, row, name, str(row[kind] if tables is None else tables.get(row[kind], "")))
            for name in json_columns:
                row[name] = self.renamed(row[name])
            if change is not None:
                change(row, self.ids, self.slug)
            if is_audit:
                self._chain(row)

    def _point(self, table: Table, row: dict[str, Any], name: str, target: str) -> None:
        old = row[name]
        if old is None:
            return
        row[name] = self.ids.get(target, old)
        if row[name] is not None:
            return
        if target not in self._taken:
            self._later.setdefault(table.name, []).append((row["id"], name, target, old))
        if not table.c[name].nullable:
            if name in points_to(table):
                raise Refused(
                    _("The archive lacks what a row of %(table)s points to (%(name)s).", table=table.name, name=name)
                )
            row[name] = 0

    def renamed(self, value: Any) -> Any:
        """JSON in which fields that are called like ids carry the new ones."""
        if isinstance(value, dict):
            return {name: self._renamed_field(name, one) for name, one in value.items()}
        if isinstance(value, list):
            return [self.renamed(one) for one in value]
        return value

    def _renamed_field(self, name: str, value: Any) -> Any:
        target = self.travel.named.get(name)
        if target is None or isinstance(value, bool):
            return self.renamed(value)
        if isinstance(value, int):
            return self.ids.get(target, value)
        if isinstance(value, list) and all(one is None or isinstance(one, int) for one in value):
            return [self.ids.get(target, one) for one in value]
        return self.renamed(value)

    def _prove(self, row: dict[str, Any]) -> None:
        """Is the entry what was written there? It comes in either way; what is wrong is told and written down."""
        self._old_position += 1
        digest = chain.digest_of(self._old_digest, row["position"], _facts(row))
        if self.audit_damage is None and (digest != row["digest"] or row["position"] != self._old_position):
            self.audit_damage = _("damaged at position %(at)s before it was exported", at=self._old_position)
        self._old_position, self._old_digest = row["position"], row["digest"]

    def _chain(self, row: dict[str, Any]) -> None:
        self.position += 1
        self.digest = chain.digest_of(self.digest, self.position, _facts(row))
        row["position"], row["digest"] = self.position, self.digest


def _facts(row: Mapping[str, Any]) -> list[Any]:
    facts = [row[name] for name in chain.HASHED]
    facts[0] = chain.instant_text(datetime.fromisoformat(row["occurred_at"]).astimezone(UTC))
    facts[-1] = json.dumps(row["changes"])
    return facts


def remove_business(tenant_id: int) -> None:
    """Take away every row and file of a business. For what arrived only in part."""
    tenants = tenants_table()
    owned: Iterable[Table] = [one for one in reversed(all_tables()) if "tenant_id" in one.c]
    with across_tenants(), unit_of_work():
        connection = session.connection()
        for table in owned:
            connection.execute(delete(table).where(table.c.tenant_id == tenant_id))
        connection.execute(delete(table_of(AuditHead)).where(table_of(AuditHead).c.chain == tenant_id))
        connection.execute(delete(tenants).where(tenants.c.id == tenant_id))
    shutil.rmtree(files.folder_of(tenant_id), ignore_errors=True)
