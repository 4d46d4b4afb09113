"""What a colleague with a higher limit allows on the spot: once, soon, and only exactly what was shown to them."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select, update

from retail.core import audit
from retail.core.clock import now
from retail.core.db import session
from retail.core.errors import NeedsApproval, Refused
from retail.core.places import Places, shares_a_place
from retail.identity.limits import limits_of
from retail.identity.models import Approval, Role, User
from retail.identity.pin_services import WithPin, people_with_pin
from retail.identity.place_queries import placed

LIFETIME = timedelta(minutes=5)


@dataclass(frozen=True)
class Approved:
    """Who allowed it."""

    approver_id: int
    approver_name: str


def fingerprint(*parts: Any) -> str:
    """What an approval is bound to, in short: equal for equal parts only."""
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()


def who_may_approve(need: NeedsApproval, asked_at: Places) -> list[WithPin]:
    """The people who work where it is needed (else where it is asked: all of them count), whose permission and limit
    reach as far, and who have a PIN, by name."""
    return people_with_pin(lambda role: _reaches(role, need), _where(need, asked_at))


def _where(need: NeedsApproval, asked_at: Places) -> Places:
    return asked_at if need.location_id is None else frozenset({need.location_id})


def _reaches(role: Role, need: NeedsApproval) -> bool:
    return need.permission in role.permissions and limits_of(role).allow(need.action, need.measure)


def approve(need: NeedsApproval, approver: User, asked_at: Places) -> str:
    """Allow what is needed to whoever acts, in the name of somebody who has just given their PIN; returns the token
    that stands for it. Refused when their own limit does not reach as far, or they do not work there."""
    requester = audit.current_actor()
    is_there = shares_a_place(placed(approver), _where(need, asked_at))
    if requester.user_id is None or not (approver.active and is_there and _reaches(approver.role, need)):
        raise Refused(_("%(name)s may not approve this.", name=approver.name), field="pin")
    token, instant = secrets.token_urlsafe(24), now()
    session.add(
        Approval(
            token_hash=_hash_of(token),
            action=need.action,
            amount=need.amount,
            bound_to=need.bound_to,
            approver_id=approver.id,
            requester_id=requester.user_id,
            approved_at=instant,
            expires_at=instant + LIFETIME,
        )
    )
    session.flush()
    # The entry is the manager's, and says for whom: that of what was then done is the cashier's.
    audit.act_as(
        audit.Actor(approver.id, approver.name, requester.address, acting_for=requester.user_id),
    )
    audit.record("approved", "users", requester.user_id, requester.name, _particulars(need))
    audit.act_as(requester)
    return token


def _particulars(need: NeedsApproval) -> dict[str, Any]:
    return {"action": [None, need.action], "amount": [None, str(need.amount)], "measure": [None, str(need.measure)]}


def stands(token: str, need: NeedsApproval) -> bool:
    """Whether a token allows exactly this to whoever acts; it is not used up by asking."""
    return session.scalar(select(Approval.id).where(*_fitting(token, need))) is not None


def use(token: str, need: NeedsApproval) -> Approved:
    """Use an approval up. Raises `need` itself when the token does not allow this: it is unknown, too old, used,
    another person's, or for another action, amount or cart."""
    approver_id = session.scalar(
        update(Approval)
        .where(*_fitting(token, need))
        .values(used_at=now())
        .returning(Approval.approver_id)
        .execution_options(synchronize_session=False)
    )
    if approver_id is None:
        raise need
    name = session.scalar(select(User.name).where(User.id == approver_id)) or ""
    return Approved(approver_id, name)


def note(approved: Approved, need: NeedsApproval, subject_id: int, label: str, subject: str = "orders") -> None:
    """Leave in the history of a document who approved it."""
    changes = {"approved_by": [None, approved.approver_name], **_particulars(need)}
    audit.record("done_with_approval", subject, subject_id, label, changes)


def _fitting(token: str, need: NeedsApproval) -> Sequence[Any]:
    return (
        Approval.token_hash == _hash_of(token),
        Approval.requester_id == audit.current_actor().user_id,
        Approval.action == need.action,
        Approval.amount == need.amount,
        Approval.bound_to == need.bound_to,
        Approval.used_at.is_(None),
        Approval.expires_at > now(),
    )


def _hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
