"""What went wrong and what took long, kept where people can see it: errors by fingerprint, slow requests and queries.

Both are written apart from the work they are about, in short transactions of their own, and never make it fail.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
import traceback
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Index, UniqueConstraint, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, mapped_column

from retail.core import audit
from retail.core.clock import now
from retail.core.db import Model, insert_rows, session, unit_of_work
from retail.core.errors import NotFound
from retail.core.retention import passes
from retail.core.tenancy import NoTenant, OfTenant, inside

log = logging.getLogger(__name__)
Severity = Literal["error", "warning"]
LONGEST_TRACE = 8000
PAUSE_SECONDS = 1.0
"""At most so often does a process write down that something was slow: that must not make it slower."""


class Trouble(OfTenant, Model):
    """One kind of error, however often it happened: same exception at the same place of the program."""

    __tablename__ = "troubles"
    __table_args__ = (UniqueConstraint("tenant_id", "fingerprint"), Index(None, "tenant_id", "last_seen_at"))

    fingerprint: Mapped[str]
    severity: Mapped[str]
    kind: Mapped[str]
    message: Mapped[str]
    place: Mapped[str]
    count: Mapped[int] = mapped_column(default=1)
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    last_reference: Mapped[str] = mapped_column(default="")
    last_where: Mapped[str] = mapped_column(default="")
    last_user: Mapped[str] = mapped_column(default="")
    trace: Mapped[str]
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[str] = mapped_column(default="")


class SlowNote(OfTenant, Model):
    """One request or query that took long."""

    __tablename__ = "slow_notes"
    __table_args__ = (Index(None, "tenant_id", "at"),)

    kind: Mapped[str]
    what: Mapped[str]
    milliseconds: Mapped[int]
    queries: Mapped[int] = mapped_column(default=0)
    reference: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]


def note_error(
    tenant_id: int | None,
    error: BaseException,
    *,
    reference: str = "",
    where: str = "",
    user: str = "",
    severity: Severity = "error",
) -> None:
    """Count an error of a tenant; one that was resolved is open again. Outside of tenants the log alone has it."""
    if tenant_id is None:
        return
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/retail/" in frame.filename or "/jobs/" in frame.filename]
    last = (ours or frames)[-1] if frames else None
    place = f"{last.filename.rpartition('/retail/')[2]}:{last.name}" if last else ""
    kind = type(error).__name__
    told = " ".join(str(error).split())[:500]
    fingerprint = hashlib.sha256(f"{kind}\0{place}".encode()).hexdigest()[:16]
    trace = "".join(traceback.format_exception(error))[-LONGEST_TRACE:]
    newest = {"message": told, "trace": trace, "last_reference": reference, "last_where": where, "last_user": user}
    try:
        session.rollback()
        with inside(tenant_id), unit_of_work():
            row = session.scalar(select(Trouble).where(Trouble.fingerprint == fingerprint).with_for_update())
            if row is None:
                row = Trouble(fingerprint=fingerprint, kind=kind, place=place, count=0, first_seen_at=now())
                session.add(row)
            row.count, row.last_seen_at, row.severity = row.count + 1, now(), severity
            row.resolved_at, row.resolved_by = None, ""
            for name, value in newest.items():
                setattr(row, name, value)
    except (SQLAlchemyError, NoTenant) as problem:
        log.warning("an error could not be noted: %s", problem)


_turn = threading.Lock()
_noted_at = {"request": 0.0, "query": 0.0}


def note_slow(tenant_id: int, kind: Literal["request", "query"], values: Mapping[str, Any]) -> None:
    """Write down that something was slow, unless something was written down just now."""
    with _turn:
        instant = time.monotonic()
        if instant - _noted_at[kind] < PAUSE_SECONDS:
            return
        _noted_at[kind] = instant
    try:
        session.rollback()
        with inside(tenant_id), unit_of_work():
            insert_rows(SlowNote, [{"tenant_id": tenant_id, "kind": kind, "at": now(), **values}])
    except (SQLAlchemyError, NoTenant) as problem:
        log.warning("a slow %s could not be noted: %s", kind, problem)


def resolve(trouble_id: int, by: str) -> Trouble:
    """Say that the cause of an error is mended; it opens again by itself when it happens again."""
    row = _trouble(trouble_id)
    row.resolved_at, row.resolved_by = now(), by
    audit.record("resolve", "troubles", row.id, row.kind)
    return row


def reopen(trouble_id: int) -> Trouble:
    """Take that back."""
    row = _trouble(trouble_id)
    row.resolved_at, row.resolved_by = None, ""
    audit.record("reopen", "troubles", row.id, row.kind)
    return row


def _trouble(trouble_id: int) -> Trouble:
    row = session.scalar(select(Trouble).where(Trouble.id == trouble_id).with_for_update())
    if row is None:
        raise NotFound(_("There is no such error."))
    return row


@passes("slow requests", SlowNote, days=30)
def slow_before(instant: datetime) -> ColumnElement[bool]:
    """What was slow long ago."""
    return SlowNote.at < instant


@passes("errors", Trouble, days=90)
def resolved_before(instant: datetime) -> ColumnElement[bool]:
    """Errors that were resolved long ago and did not come back."""
    return Trouble.resolved_at < instant
