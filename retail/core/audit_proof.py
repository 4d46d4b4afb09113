"""Proving that the audit is as it was written: every entry of a chain, from where it begins to its signed head."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Dialect, LargeBinary, Select, Table, Text, cast, delete, func, select
from sqlalchemy.exc import SQLAlchemyError

from retail.core import audit, secrets
from retail.core.audit import AuditEntry, PlatformEntry
from retail.core.chain import (
    HASHED,
    OF_THE_PLATFORM,
    AuditHead,
    digest_of,
    instant_text,
    locked_head,
    move_head,
    signed,
)
from retail.core.db import session, table_of
from retail.core.errors import Refused
from retail.core.tenancy import EVERY_TENANT, NoTenant, current_tenant_id, entered

CHUNK = 2000


@dataclass(frozen=True)
class Bad:
    """The first entry that is not as it was written. `id` is None when it is gone; `why` is changed, moved, missing,
    inserted, or head (the end of the chain itself)."""

    position: int
    id: int | None
    why: str
    words: str


@dataclass(frozen=True)
class Proof:
    """What proving a chain found: how many entries it has, its last digest, and the first bad entry, if any."""

    chain: int
    entries: int
    head: str
    first_bad: Bad | None

    @property
    def ok(self) -> bool:
        """Whether the chain is whole."""
        return self.first_bad is None


def prove(chain: int) -> Proof:
    """Read a whole chain and compare; reads only. Raises NoTenant outside of the tenant whose chain it is."""
    if chain != OF_THE_PLATFORM and entered() not in {EVERY_TENANT, chain}:
        raise NoTenant("the audit of a tenant is proved inside of it")
    return _Walk(chain).prove()


class _Walk:
    """One walk along a chain, in pieces, so that memory stays small however long it is."""

    def __init__(self, chain: int) -> None:
        self.chain = chain
        self.connection = session.connection()
        self.table: Table = table_of(PlatformEntry if chain == OF_THE_PLATFORM else AuditEntry)
        self.columns = [self.table.c.id, self.table.c.position, _raw(self.table.c.digest, self.connection.dialect)]
        self.columns += [_raw(self.table.c[name], self.connection.dialect) for name in HASHED]
        self.seen = 0

    def mine(self) -> Sequence[ColumnElement[bool]]:
        return () if self.chain == OF_THE_PLATFORM else (self.table.c.tenant_id == self.chain,)

    def prove(self) -> Proof:
        heads = table_of(AuditHead)
        head = self.connection.execute(select(heads).where(heads.c.chain == self.chain)).one_or_none()
        if head is None:
            first = self._first(select(func.min(self.table.c.id)).where(*self.mine()))
            bad = None if first is None else Bad(0, first, "head", _("the end of the chain was removed"))
            return Proof(self.chain, 0, "", bad)
        bad = self._first_bad(head)
        return Proof(self.chain, self.seen, head.digest, bad)

    def _first_bad(self, head: Any) -> Bad | None:
        before, expected, ids = head.base_digest, head.base_position, [0, 0]
        for row in self._rows(head.base_position):
            expected += 1
            bad = row if isinstance(row, Bad) else self._bad(row, before, expected, head.position, ids)
            if bad is not None:
                return bad
            before, ids = _text(row[2]), [ids[1], row[0]]
            self.seen += 1
        if expected < head.position:
            return self._misplaced(expected + 1, before, ids[1], None)
        return self._bad_end(head, before, ids[1])

    def _bad(self, row: Any, before: str, expected: int, last: int, ids: Sequence[int]) -> Bad | None:
        """What is wrong with an entry; `ids` are those of the two before it, for ids grow along a chain."""
        if expected > last:
            return Bad(row[1], row[0], "inserted", _("it is beyond the end of the chain"))
        if row[1] != expected:
            return self._misplaced(expected, before, ids[1], row[0])
        if _digest(row, before) != _text(row[2]):
            return Bad(expected, row[0], "changed", _("it is not what was written"))
        if row[0] <= ids[1]:
            at, moved = (expected - 1, ids[1]) if row[0] > ids[0] else (expected, row[0])
            return Bad(at, moved, "moved", _("it stands in the place of another"))
        return None

    def _bad_end(self, head: Any, digest: str, last_id: int) -> Bad | None:
        early = self._first(
            select(func.min(self.table.c.id)).where(*self.mine(), self.table.c.position <= head.base_position)
        )
        if early is not None:
            return Bad(head.base_position, early, "inserted", _("it is before the beginning of the chain"))
        ends = signed(self.chain, head.position, head.digest, head.base_position, head.base_digest)
        if digest != head.digest or not secrets.is_signed(ends, head.signature):
            return Bad(head.position, last_id or None, "head", _("the end of the chain is not what was written"))
        return None

    def _misplaced(self, position: int, before: str, after_id: int, until_id: int | None) -> Bad:
        """The entry that should stand at a position: found elsewhere by what it says, or gone."""
        beside = [self.table.c.id > after_id]
        if until_id is not None and until_id > after_id:
            beside.append(self.table.c.id < until_id)
        for row in self.connection.execute(select(*self.columns).where(*beside).order_by(self.table.c.id).limit(CHUNK)):
            if _digest((row[0], position, *row[2:]), before) == _text(row[2]):
                return Bad(position, row[0], "moved", _("it was moved out of its place"))
        return Bad(position, None, "missing", _("it was removed"))

    def _rows(self, after: int) -> Iterator[Any]:
        """The entries in order; for one that cannot be read, that."""
        while True:
            asked = self._after(after)
            try:
                rows = self.connection.execute(asked.limit(CHUNK)).all()
            except (SQLAlchemyError, ValueError, OverflowError):
                yield from self._one_by_one(after)
                return
            yield from rows
            if len(rows) < CHUNK:
                return
            after = rows[-1][1]

    def _one_by_one(self, after: int) -> Iterator[Any]:
        known = self.connection.execute(
            select(self.table.c.id, self.table.c.position)
            .where(*self.mine(), self.table.c.position > after)
            .order_by(self.table.c.position)
        )
        for row_id, position in known:
            try:
                yield self.connection.execute(select(*self.columns).where(self.table.c.id == row_id)).one()
            except (SQLAlchemyError, ValueError, OverflowError):
                yield Bad(position, row_id, "changed", _("it cannot be read"))
                return

    def _after(self, position: int) -> Select[Any]:
        return (
            select(*self.columns).where(*self.mine(), self.table.c.position > position).order_by(self.table.c.position)
        )

    def _first(self, asked: Select[Any]) -> int | None:
        found: int | None = self.connection.execute(asked).scalar()
        return found


def _raw(column: ColumnElement[Any], dialect: Dialect) -> ColumnElement[Any]:
    """A column as the bytes or text that are stored, so that no byte of it is interpreted, and none overlooked."""
    if dialect.name == "sqlite":
        return column if column.type.python_type is int else cast(column, LargeBinary)
    return cast(column, Text) if column.key == "changes" else column


def _text(value: Any) -> Any:
    """Stored bytes as text; what was never text stays recognizably different."""
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value


def _digest(row: Sequence[Any], before: str) -> str:
    facts = [_text(value) for value in row[3:]]
    if isinstance(facts[0], datetime):
        facts[0] = instant_text(facts[0])
    return digest_of(before, row[1], facts)


def cut(before: datetime) -> int:
    """Delete the entries of the tenant we are in that are older than `before`, and write down where the chain begins
    from now on; returns how many went. Refused when the chain is not whole: cutting would hide that."""
    chain = current_tenant_id()
    connection = session.connection()
    head = locked_head(connection, chain)
    proof = prove(chain)
    if proof.first_bad is not None:
        raise Refused(
            _("The audit is damaged at entry %(at)s; it is not cut.", at=proof.first_bad.id or proof.first_bad.position)
        )
    entries = table_of(AuditEntry)
    mine = entries.c.tenant_id == chain
    kept = select(func.min(entries.c.position)).where(mine, entries.c.occurred_at >= before)
    first_kept = connection.execute(kept).scalar()
    last_cut = head.position if first_kept is None else first_kept - 1
    if last_cut <= head.base_position:
        return 0
    digest = connection.execute(select(entries.c.digest).where(mine, entries.c.position == last_cut)).scalar_one()
    connection.execute(delete(entries).where(mine, entries.c.position <= last_cut))
    ends = {"position": head.position, "digest": head.digest}
    move_head(connection, chain, **ends, base_position=last_cut, base_digest=digest)
    count = int(last_cut - head.base_position)
    audit.record("audit_cut", "audit_entries", None, before.date().isoformat(), {"entries": count, "digest": digest})
    return count
