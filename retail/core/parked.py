"""What was given up after many attempts: delivered again, or skipped for a reason, by a person."""

from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy import select

from retail.core import audit
from retail.core.clock import now
from retail.core.db import session
from retail.core.errors import NotFound, Refused
from retail.core.events import MAX_ATTEMPTS, Delivery

LONGEST_REASON = 300


def replay(delivery_id: int) -> Delivery:
    """Put a parked delivery back in line, due at once. NotFound when there is none or it is no longer parked."""
    row = parked_delivery(delivery_id, locked=True)
    row.state, row.attempts, row.due_at, row.error = "pending", 0, now(), None
    audit.record("replay", "event_deliveries", row.id, row.handler)
    session.info["emitted"] = True
    return row


def skip(delivery_id: int, reason: str) -> Delivery:
    """Let a parked delivery never happen. Refused without a reason; NotFound when it is no longer parked."""
    reason = reason.strip()[:LONGEST_REASON]
    if not reason:
        raise Refused(_("Say why it is skipped; the audit keeps it."), field="reason")
    row = parked_delivery(delivery_id, locked=True)
    row.state, row.done_at, row.skipped_because = "skipped", now(), reason
    audit.record("skip", "event_deliveries", row.id, row.handler, {"reason": reason})
    return row


def park_again(delivery_id: int, error: str | None) -> None:
    """Take back that a delivery was put in line or skipped, with the error it was parked for."""
    row = session.scalars(select(Delivery).where(Delivery.id == delivery_id).with_for_update()).one()
    row.state, row.attempts, row.error = "parked", MAX_ATTEMPTS, error
    row.done_at = row.skipped_because = None
    audit.record("park", "event_deliveries", row.id, row.handler)


def parked_delivery(delivery_id: int, *, locked: bool = False) -> Delivery:
    """One that was given up, `locked` against others who settle it. NotFound when there is none, or a person has
    delivered or skipped it already."""
    found = select(Delivery).where(Delivery.id == delivery_id, Delivery.state == "parked")
    row = session.scalar(found.with_for_update() if locked else found)
    if row is None:
        raise NotFound(_("There is no such parked delivery; it may have been delivered or skipped already."))
    return row
