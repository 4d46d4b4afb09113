"""Proving a PIN in a request, and approving by it."""

from __future__ import annotations

from flask_babel import gettext as _

from retail.core import db
from retail.core.db import session
from retail.core.errors import NeedsApproval, Refused
from retail.core.module import person_or_none
from retail.identity import approval_services, passwords, services
from retail.identity.models import User
from retail.identity.proof import counted


def prove_pin(user_id: int, pin: str) -> User:
    """The person whose PIN this is. Refused when it is not theirs, or when one has to wait after wrong ones."""
    with db.reading():
        user = services.user_numbered(user_id)
        session.expunge_all()

    def is_right() -> bool:
        if user.pin_hash is None or not user.active:
            # As long as for a right one, so that the time does not tell who has a PIN.
            services.hasher.hash(pin)
            return False
        return passwords.fits(user.pin_hash, pin, services.hasher)

    if not counted(f"pin:{user_id}", "pin", is_right):
        raise Refused(_("That PIN is not right."), field="pin")
    return user


def approve_by_pin(need: NeedsApproval, approver_id: int, pin: str) -> str:
    """Let a manager approve what is needed by their PIN, in a transaction of its own; returns the token."""
    approver = prove_pin(approver_id, pin)
    with db.unit_of_work():
        return approval_services.approve(need, services.user_numbered(approver.id), person_or_none().stands_at)
