"""Proving a PIN or a password in a request: tries are counted as at sign-in, and hashing is done while no transaction
is open."""

from __future__ import annotations

from flask import request
from flask_babel import gettext as _

from retail.core import db
from retail.core.db import session
from retail.core.errors import NeedsApproval, Refused
from retail.identity import approval_services, passwords, services, signing_in
from retail.identity.models import User


def prove_pin(user_id: int, pin: str) -> User:
    """The person whose PIN this is. Refused when it is not theirs, or when one has to wait after wrong ones."""
    session.rollback()
    with db.unit_of_work():
        attempt = signing_in.knock(f"pin:{user_id}", request.remote_addr or "")
    if attempt.id is None:
        raise Refused(_("Too many wrong PINs. Wait %(n)d seconds.", n=attempt.wait_seconds), field="pin")
    with db.reading():
        user = services.user_numbered(user_id)
        session.expunge_all()
    stored = user.pin_hash if user.active else None
    if stored is None:
        # As long as for a right one, so that the time does not tell who has a PIN.
        services.hasher.hash(pin)
    if stored is None or not passwords.fits(stored, pin, services.hasher):
        raise Refused(_("That PIN is not right."), field="pin")
    with db.unit_of_work():
        signing_in.forgive(attempt.id)
    return user


def prove_password(user: User, password: str) -> None:
    """Refused when this is not the password of a user, or when one has to wait after wrong ones."""
    with db.unit_of_work():
        attempt = signing_in.knock(user.email, request.remote_addr or "")
    if attempt.id is None:
        raise Refused(_("Too many tries. Wait %(n)d seconds and try again.", n=attempt.wait_seconds), field="password")
    if not user.active or not services.is_password(user, password):
        raise Refused(_("That is not the password of %(name)s.", name=user.name), field="password")
    with db.unit_of_work():
        signing_in.forgive(attempt.id)


def approve_by_pin(need: NeedsApproval, approver_id: int, pin: str) -> str:
    """Let a manager approve what is needed by their PIN, in a transaction of its own; returns the token."""
    approver = prove_pin(approver_id, pin)
    with db.unit_of_work():
        return approval_services.approve(need, services.user_numbered(approver.id))
