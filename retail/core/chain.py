"""The chain of the audit: each entry carries the digest of itself and of the one before it, so that tampering shows.

There is a chain for each tenant and one (number 0) for what belongs to none. Its head is a row that a transaction locks
when it writes its entries, last before the commit, so that concurrent writers make one chain and wait for one another
no longer than a commit takes. The head is signed with a key that is not in the database: whoever can only write to the
database cannot make a whole new chain that verifies.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from retail.core import secrets
from retail.core.db import BigId, Model, insert_rows, session, table_of

OF_THE_PLATFORM = 0
"""The chain of what belongs to no tenant."""
BEGINNING = "0" * 64
"""What stands in place of a digest before the first entry."""
HASHED = (
    "occurred_at",
    "user_id",
    "user_name",
    "address",
    "acting_for",
    "action",
    "subject",
    "subject_id",
    "subject_label",
    "changes",
)
"""The fields of an entry that its digest covers, in this order, after the digest before it and its position."""


class AuditHead(Model):
    """The end of one chain, and where it begins: `base_…` is the last entry that was cut off, if any was."""

    __tablename__ = "audit_heads"

    chain: Mapped[int] = mapped_column(BigId, unique=True)
    position: Mapped[int] = mapped_column(default=0)
    digest: Mapped[str] = mapped_column(default=BEGINNING)
    base_position: Mapped[int] = mapped_column(default=0)
    base_digest: Mapped[str] = mapped_column(default=BEGINNING)
    signature: Mapped[str] = mapped_column(default="")


_heads = table_of(AuditHead)
_LOCK = select(_heads).where(_heads.c.chain == bindparam("of_chain")).with_for_update()
_MOVE = update(_heads).where(_heads.c.chain == bindparam("of_chain"))


def digest_of(before: str, position: int, facts: Sequence[Any]) -> str:
    """The digest of an entry: `facts` are its HASHED fields, the instant and the changes as stored text."""
    plain = json.dumps([before, position, *facts], separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()


def instant_text(instant: datetime) -> str:
    """An instant as SQLite stores it and digests take it, on either database."""
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def signed(chain: int, position: int, digest: str, base_position: int, base_digest: str) -> str:
    """What the signature of a head is made over."""
    return f"audit head:{chain}:{position}:{digest}:{base_position}:{base_digest}"


def locked_head(connection: Connection, chain: int) -> Any:
    """The head of a chain, locked until the transaction ends; a chain begins when it is first asked for."""
    head = connection.execute(_LOCK, {"of_chain": chain}).one_or_none()
    if head is None:
        insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        begun = insert(_heads).values(chain=chain, signature=secrets.sign(signed(chain, 0, BEGINNING, 0, BEGINNING)))
        connection.execute(begun.on_conflict_do_nothing(index_elements=["chain"]))
        head = connection.execute(_LOCK, {"of_chain": chain}).one()
    return head


def move_head(connection: Connection, chain: int, **ends: Any) -> None:
    """Write down where a chain ends and begins now, signed: `position`, `digest`, `base_position`, `base_digest`."""
    connection.execute(_MOVE.values(**ends, signature=secrets.sign(signed(chain, **ends))), {"of_chain": chain})


def append(model: type[Model], chain: int, entries: Sequence[Mapping[str, Any]]) -> None:
    """Write entries to the end of a chain. Nothing may be written to the chain after it but by the next transaction."""
    connection = session.connection()
    head = locked_head(connection, chain)
    position, digest = head.position, head.digest
    rows = []
    for entry in entries:
        position += 1
        facts = [entry[name] for name in HASHED]
        facts[0], facts[-1] = instant_text(entry["occurred_at"]), json.dumps(entry["changes"])
        digest = digest_of(digest, position, facts)
        rows.append({**entry, "position": position, "digest": digest})
    insert_rows(model, rows)
    move_head(
        connection,
        chain,
        position=position,
        digest=digest,
        base_position=head.base_position,
        base_digest=head.base_digest,
    )
