"""Links sent by mail that let somebody set a password: sealed, expiring, and worth nothing once used.

A link names the user and a fingerprint of the password they had when it was made; setting a password changes the
fingerprint, so every link made before is spent with it.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from datetime import timedelta
from secrets import compare_digest
from typing import Literal

from retail.core.clock import now
from retail.core.db import session
from retail.core.secrets import SecretUnreadable, seal, unseal
from retail.identity.models import User

Purpose = Literal["invitation", "reset"]
LIFETIME: dict[str, timedelta] = {"invitation": timedelta(days=7), "reset": timedelta(hours=1)}


def _fingerprint(user: User) -> str:
    return hashlib.sha256(f"{user.id}\0{user.password_hash}".encode()).hexdigest()[:24]


def make(user: User, purpose: Purpose) -> str:
    """The part of the link after the last slash."""
    expires = int((now() + LIFETIME[purpose]).timestamp())
    sealed = seal(json.dumps([user.id, _fingerprint(user), expires]), f"link:{purpose}")
    key_id, _colon, body = sealed.partition(":")
    return f"{key_id}.{urlsafe_b64encode(_bytes(body)).decode().rstrip('=')}"


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text.replace("+", "-").replace("/", "_"))


def user_of(link: str, purpose: Purpose) -> User | None:
    """Whom a link is for, or None when it is spent, too old, tampered with, or its user may not sign in. Call it across
    tenants."""
    key_id, _dot, body = link.partition(".")
    try:
        raw = urlsafe_b64decode(body + "=" * (-len(body) % 4))
        user_id, fingerprint, expires = json.loads(unseal(f"{key_id}:{b64encode(raw).decode()}", f"link:{purpose}"))
    except (SecretUnreadable, Error, ValueError):
        return None
    user = session.get(User, user_id)
    if user is None or not user.active or expires <= now().timestamp():
        return None
    return user if compare_digest(_fingerprint(user), fingerprint) else None
