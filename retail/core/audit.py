"""Who changed what: written by the unit of work itself, so that no service can forget it. Append-only and chained.

What happens in a transaction is gathered and written as its last step, because a chain has one end (`chain`).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

from sqlalchemy import JSON, Index, UniqueConstraint, event, inspect
from sqlalchemy.orm import Mapped, Session, mapped_column

from retail.core import chain
from retail.core.clock import now
from retail.core.db import Model, db, session, unit_of_work
from retail.core.tenancy import OfTenant, current_tenant_id, enter, leave, tenant_id_or_none


@dataclass(frozen=True)
class Actor:
    """Who acts, and from where; `acting_for` is set when support or a manager acts for somebody."""

    user_id: int | None = None
    name: str = "system"
    address: str | None = None
    acting_for: int | None = None


_NOBODY = Actor()
_actor: ContextVar[Actor] = ContextVar("actor", default=_NOBODY)


class Chained:
    """Mixin: what an entry of any chain says, its place in the chain, and the digest that ties it to the one before."""

    occurred_at: Mapped[datetime]
    user_id: Mapped[int | None]
    user_name: Mapped[str]
    address: Mapped[str | None]
    acting_for: Mapped[int | None]
    action: Mapped[str]
    subject: Mapped[str]
    subject_id: Mapped[int | None]
    subject_label: Mapped[str] = mapped_column(default="")
    changes: Mapped[dict[str, Any]] = mapped_column(JSON)
    position: Mapped[int]
    digest: Mapped[str]


class AuditEntry(Chained, OfTenant, Model):
    """One change to one record: before and after by field."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index(None, "tenant_id", "subject", "subject_id"),
        Index(None, "tenant_id", "occurred_at"),
        UniqueConstraint("tenant_id", "position"),
    )


class PlatformEntry(Chained, Model):
    """One thing done to the whole installation, or by somebody who belongs to no tenant."""

    __tablename__ = "platform_entries"
    __table_args__ = (UniqueConstraint("position"), Index(None, "occurred_at"))


class Audited:
    """Mixin: creating, changing and deleting such a row leaves an audit entry; `audit_hidden` names fields to keep
    out.
    """

    audit_hidden: frozenset[str] = frozenset()

    @property
    def audit_label(self) -> str:
        """What people call this row."""
        return str(getattr(self, "name", None) or getattr(self, "number", None) or "")

    @property
    def audit_tenant_id(self) -> int | None:
        """Whose history the change belongs to."""
        return cast("int | None", getattr(self, "tenant_id", None))


def current_actor() -> Actor:
    """Who acts in this request, job or command."""
    return _actor.get()


def act_as(actor: Actor) -> None:
    """Set who acts from here on in this request, job or command."""
    _actor.set(actor)


def record(
    action: str, subject: str, subject_id: int | None = None, label: str = "", changes: Mapping[str, Any] | None = None
) -> None:
    """Write down something that is not the change of a row: a sign-in, an export, a view of sensitive data, a sale."""
    _gather(session.info, current_tenant_id(), _entry(action, subject, subject_id, label, dict(changes or {})))


def record_for_platform(
    action: str, subject: str, subject_id: int | None = None, label: str = "", changes: Mapping[str, Any] | None = None
) -> None:
    """`record` for what concerns the whole installation, or nobody's tenant."""
    entry = _entry(action, subject, subject_id, label, dict(changes or {}))
    _gather(session.info, chain.OF_THE_PLATFORM, entry)


def record_apart(action: str, subject: str, subject_id: int | None = None, label: str = "") -> None:
    """`record` from a request that only reads: in a short write transaction of its own, after what was read."""
    session.rollback()
    with unit_of_work():
        record(action, subject, subject_id, label)


def _entry(action: str, subject: str, subject_id: int | None, label: str, changes: dict[str, Any]) -> dict[str, Any]:
    actor = _actor.get()
    return {
        "occurred_at": now(),
        "user_id": actor.user_id,
        "user_name": actor.name,
        "address": actor.address,
        "acting_for": actor.acting_for,
        "action": action,
        "subject": subject,
        "subject_id": subject_id,
        "subject_label": label,
        "changes": changes,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal | datetime | date):
        return str(value)
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return value


def _changes_of(row: Any, created: bool) -> dict[str, Any]:
    state = inspect(row)
    changes: dict[str, Any] = {}
    for column in state.mapper.column_attrs:
        name = column.key
        if name in {"id", "tenant_id"}:
            continue
        history = state.attrs[name].history
        if not history.has_changes():
            continue
        after = history.added[0] if history.added else None
        before = history.deleted[0] if history.deleted else None
        if (created and after is None) or before == after:
            continue
        if name in row.audit_hidden:
            changes[name] = ["•••", "•••"]
        else:
            changes[name] = [None if created else _plain(before), _plain(after)]
    return changes


def _note_changes(flushing: Session, _context: object, _instances: object) -> None:
    if flushing.info.get("audit_off"):
        return
    for row in list(flushing.new):
        if isinstance(row, Audited):
            flushing.info.setdefault("audit_created", []).append((row, _changes_of(row, created=True)))
    entries = flushing.info.setdefault("audit_changed", [])
    for row in list(flushing.dirty):
        if isinstance(row, Audited) and flushing.is_modified(row):
            changes = _changes_of(row, created=False)
            if changes:
                entries.append(("update", row, changes))
    for row in list(flushing.deleted):
        if isinstance(row, Audited):
            entries.append(("delete", row, {}))


def _write_entries(flushing: Session, _context: object) -> None:
    created = flushing.info.pop("audit_created", [])
    changed = flushing.info.pop("audit_changed", [])
    rows = [("create", row, changes) for row, changes in created] + changed
    if not rows:
        return
    for action, row, changes in rows:
        owner = row.audit_tenant_id or tenant_id_or_none() or chain.OF_THE_PLATFORM
        _gather(flushing.info, owner, _entry(action, row.__tablename__, row.id, row.audit_label, changes))


def _gather(info: dict[Any, Any], owner: int, entry: dict[str, Any]) -> None:
    info.setdefault("audit_gathered", {}).setdefault(owner, []).append(entry)


def _write_gathered(committing: Session) -> None:
    """Write what the transaction gathered, one chain after the other in the order of their numbers."""
    committing.flush()
    gathered: dict[int, list[dict[str, Any]]] = committing.info.pop("audit_gathered", {})
    for owner, entries in sorted(gathered.items()):
        if owner == chain.OF_THE_PLATFORM:
            chain.append(PlatformEntry, owner, entries)
            continue
        token = enter(owner, None)
        try:
            chain.append(AuditEntry, owner, [{**entry, "tenant_id": owner} for entry in entries])
        finally:
            leave(token)


def _forget_gathered(rolled_back: Session, _transaction: object) -> None:
    for name in ("audit_created", "audit_changed", "audit_gathered"):
        rolled_back.info.pop(name, None)


LISTENERS = (
    ("before_flush", _note_changes),
    ("after_flush", _write_entries),
    ("before_commit", _write_gathered),
    ("after_soft_rollback", _forget_gathered),
)


def init_app(_app: object) -> None:
    """Listen to every transaction of the session; twice is once, so a process may make several applications."""
    for moment, listener in LISTENERS:
        if not event.contains(db.session, moment, listener):
            event.listen(db.session, moment, listener)
