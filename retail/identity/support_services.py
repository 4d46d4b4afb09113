"""Support looks into a business by consent: asked for, allowed or refused, ended. Inside the business."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import select

from retail.core import audit, push
from retail.core.audit import AuditEntry
from retail.core.clock import now
from retail.core.db import session
from retail.core.errors import NotFound, Refused
from retail.core.events import emit
from retail.events.identity import SupportAsked
from retail.identity.administrator_models import SUPPORT, SupportAccess

HOURS = (1, 8, 24)
"""For how long access can be asked."""
LOOKED = "support_looked"
AGAIN_AFTER = timedelta(minutes=5)
"""A page that support re-reads within this time is not written down again."""


def ask(administrator_id: int, name: str, reason: str, hours: int) -> SupportAccess:
    """Ask the owners to let an administrator look into the business; they are told. Refused without a reason, for other
    than HOURS, and while what was asked before is open."""
    reason = reason.strip()
    if not reason:
        raise Refused(_("Say what for; the owner reads it before they answer."), field="purpose")
    if hours not in HOURS:
        raise Refused(_("Choose how long: one, eight or twenty-four hours."), field="hours")
    if present_of(administrator_id) is not None:
        raise Refused(_("You have asked already; withdraw that first, or wait for the answer."), field="purpose")
    row = SupportAccess(
        administrator_id=administrator_id, administrator_name=name, reason=reason, hours=hours, asked_at=now()
    )
    session.add(row)
    session.flush()
    emit(SupportAsked(access_id=row.id, name=name, reason=reason, hours=hours))
    return row


def open_accesses() -> Sequence[SupportAccess]:
    """What waits for an answer, and what is in force, the oldest first."""
    rows = session.scalars(
        select(SupportAccess).where(SupportAccess.state.in_(("asked", "allowed"))).order_by(SupportAccess.id)
    )
    instant = now()
    return [one for one in rows if one.state == "asked" or one.is_in_force(instant)]


def present_of(administrator_id: int) -> SupportAccess | None:
    """What an administrator asked for and has no answer to, or is in force."""
    return next((one for one in open_accesses() if one.administrator_id == administrator_id), None)


def access_numbered(access_id: int, *, lock: bool = False) -> SupportAccess:
    """One of the business's accesses; NotFound when there is none. With `lock`, whoever else would answer it waits."""
    statement = select(SupportAccess).where(SupportAccess.id == access_id)
    row = session.scalar(statement.with_for_update() if lock else statement)
    if row is None:
        raise NotFound(_("There is no such request of support."))
    return row


def access_of(access_id: int, administrator_id: int) -> SupportAccess:
    """An access that this administrator asked for; NotFound when it is another's."""
    row = access_numbered(access_id, lock=True)
    if row.administrator_id != administrator_id:
        raise NotFound(_("There is no such request of support."))
    return row


def check_in_force(row: SupportAccess, instant: datetime) -> None:
    """Refused while nobody consented, and when the consent has ended."""
    if not row.is_in_force(instant):
        raise Refused(_("There is no consent, or it has ended. Ask for access again."))


def allow(access_id: int, user_id: int, user_name: str, *, may_change: bool) -> SupportAccess:
    """Let support in from now on, for as long as it asked; it changes nothing unless `may_change`."""
    row = access_numbered(access_id, lock=True)
    SUPPORT.move(row, "allowed")
    row.answered_at, row.answered_by_id, row.answered_by = now(), user_id, user_name
    row.may_change, row.ends_at = may_change, now() + timedelta(hours=row.hours)
    return row


def refuse(access_id: int, user_id: int, user_name: str) -> SupportAccess:
    """Do not let support in."""
    row = access_numbered(access_id, lock=True)
    SUPPORT.move(row, "refused")
    row.answered_at, row.answered_by_id, row.answered_by = now(), user_id, user_name
    return row


def withdraw(row: SupportAccess) -> None:
    """Take back a question that nobody has answered."""
    SUPPORT.move(row, "withdrawn")


def end_access(row: SupportAccess, by: str) -> None:
    """End an access at once, and close what support has open. Refused when it ran out or ended already."""
    if not row.is_in_force(now()):
        raise Refused(_("This access has ended already."))
    SUPPORT.move(row, "ended")
    row.ends_at, row.ended_by = now(), by
    push.close_after_commit(f"support:{row.id}")


def note_look(access_id: int, path: str) -> None:
    """Write down which page support opened, unless that was written down just now. From a request that only reads."""
    seen = session.scalar(
        select(AuditEntry.id)
        .where(
            AuditEntry.subject == "support_accesses",
            AuditEntry.subject_id == access_id,
            AuditEntry.action == LOOKED,
            AuditEntry.subject_label == path,
            AuditEntry.occurred_at > now() - AGAIN_AFTER,
        )
        .limit(1)
    )
    if seen is None:
        audit.record_apart(LOOKED, "support_accesses", access_id, path)
