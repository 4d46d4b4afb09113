"""Changing the keys: everything that is sealed is sealed anew with the key in force, a few rows at a time.

At every moment each secret can be read, because old keys are kept until nothing needs them; what was cut off is gone on
with by running it again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Column, Table, select, update

from retail.core import audit, secrets
from retail.core.chain import AuditHead, signed
from retail.core.db import Model, reading, session, table_of, unit_of_work
from retail.core.errors import Refused
from retail.core.secrets import SecretUnreadable
from retail.core.tenancy import across_tenants

PIECE = 200


@dataclass
class Rotated:
    """What was sealed and signed anew, and what no loaded key can read (its owner must enter it again)."""

    sealed: int = 0
    signed: int = 0
    unreadable: int = 0


def sealed_columns() -> Iterator[tuple[Table, Column[str]]]:
    """Every column that says it holds sealed text."""
    for table in Model.metadata.sorted_tables:
        for column in table.c:
            if column.info.get("sealed"):
                yield table, column


def take_new_key(path: Path) -> None:
    """Put a new key in force; those before it still read."""
    secrets.write_keys(path, [secrets.new_key(), *secrets.keys_in(path)])


def seal_anew() -> Rotated:
    """Seal and sign with the key in force whatever was with another."""
    done = Rotated()
    key = secrets.key_in_force()
    for table, column in sealed_columns():
        last: int | None = 0
        while last is not None:
            last = _seal_piece(table, column, key, last, done)
    _sign_heads(key, done)
    with across_tenants(), unit_of_work():
        told = {"sealed": done.sealed, "signed": done.signed, "unreadable": done.unreadable}
        audit.record_for_platform("keys_rotated", "instance", label=key, changes=told)
    return done


def _seal_piece(table: Table, column: Column[str], key: str, after: int, done: Rotated) -> int | None:
    with across_tenants(), unit_of_work():
        connection = session.connection()
        rows = connection.execute(
            select(table.c.id, column)
            .where(table.c.id > after, column.is_not(None), ~column.startswith(f"{key}:"))
            .order_by(table.c.id)
            .limit(PIECE)
            .with_for_update()
        ).all()
        for row_id, sealed in rows:
            place = f"{table.name}.{column.name}:{row_id}"
            try:
                anew = secrets.seal(secrets.unseal(sealed, place), place)
            except SecretUnreadable:
                done.unreadable += 1
                continue
            connection.execute(update(table).where(table.c.id == row_id).values({column.name: anew}))
            done.sealed += 1
    return rows[-1][0] if len(rows) == PIECE else None


def _sign_heads(key: str, done: Rotated) -> None:
    """Sign the ends of the audit's chains anew; one whose signature does not hold keeps it, for that must show."""
    heads = table_of(AuditHead)
    with across_tenants(), reading():
        chains = session.connection().execute(select(heads.c.chain).order_by(heads.c.chain)).scalars().all()
    for chain in chains:
        with across_tenants(), unit_of_work():
            connection = session.connection()
            head = connection.execute(select(heads).where(heads.c.chain == chain).with_for_update()).one()
            if head.signature.startswith(f"{key}:"):
                continue
            if not secrets.is_signed(_ends(head), head.signature):
                done.unreadable += 1
                continue
            anew = update(heads).where(heads.c.chain == chain).values(signature=secrets.sign(_ends(head)))
            connection.execute(anew)
            done.signed += 1


def _ends(head: Any) -> str:
    return signed(head.chain, head.position, head.digest, head.base_position, head.base_digest)


@dataclass
class Forgotten:
    """How many keys went, and how many secrets no key could read, before or after."""

    keys: int
    unreadable: int


def forget_old_keys(path: Path) -> Forgotten:
    """Keep only the key in force. Refused while an old one reads or proves anything; what none of them reads keeps
    none of them."""
    key = secrets.key_in_force()
    with across_tenants(), reading():
        readable = Counter(_with_another_key(key))
    if needed := readable[True]:
        raise Refused(_("%(count)s secrets need the old keys; run “flask keys rotate” first.", count=needed))
    kept = secrets.keys_in(path)
    secrets.write_keys(path, kept[:1])
    return Forgotten(len(kept) - 1, readable[False])


def _with_another_key(key: str) -> Iterator[bool]:
    """Everything sealed or signed with another key than this: can it be read?"""
    connection, heads = session.connection(), table_of(AuditHead)
    for table, column in sealed_columns():
        asked = select(table.c.id, column).where(column.is_not(None), ~column.startswith(f"{key}:"))
        for row_id, sealed in connection.execute(asked, execution_options={"yield_per": PIECE}):
            yield _reads(sealed, f"{table.name}.{column.name}:{row_id}")
    for head in connection.execute(select(heads).where(~heads.c.signature.startswith(f"{key}:"))):
        yield secrets.is_signed(_ends(head), head.signature)


def _reads(sealed: str, place: str) -> bool:
    try:
        secrets.unseal(sealed, place)
    except SecretUnreadable:
        return False
    return True
