"""Secrets at rest: AES-256-GCM, bound to the column and row they belong to, with a key id for rotation."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_keys: dict[str, bytes] = {}
_current = ""


class SecretUnreadable(ValueError):
    """The stored secret was made with a key that is not loaded, or was moved from another row."""


def load_keys(*secrets: str) -> None:
    """Derive the encryption keys; the first encrypts, all of them decrypt."""
    global _current  # noqa: PLW0603  one key ring per process, set once at start
    _keys.clear()
    for secret in secrets:
        key = hashlib.sha256(b"counterfoil secrets at rest\0" + secret.encode()).digest()
        _keys[hashlib.sha256(key).hexdigest()[:8]] = key
    _current = next(iter(_keys))


def seal(text: str, place: str) -> str:
    """Encrypt `text` for `place` (`table.column:row`); the result can be read back only for the same place."""
    nonce = os.urandom(12)
    sealed = AESGCM(_keys[_current]).encrypt(nonce, text.encode(), place.encode())
    return f"{_current}:{base64.b64encode(nonce + sealed).decode()}"


def unseal(sealed: str, place: str) -> str:
    """Decrypt; SecretUnreadable when the key is gone or the value was copied from elsewhere."""
    key_id, _, body = sealed.partition(":")
    if key_id not in _keys:
        raise SecretUnreadable(f"no key {key_id} is loaded")
    raw = base64.b64decode(body)
    try:
        return AESGCM(_keys[key_id]).decrypt(raw[:12], raw[12:], place.encode()).decode()
    except InvalidTag:
        raise SecretUnreadable(f"the secret does not belong to {place}") from None


def sign(text: str) -> str:
    """A signature that only this installation can make; it proves that a row was written by the program."""
    return f"{_current}:{_signature(_current, text)}"


def is_signed(text: str, signature: str) -> bool:
    """Whether `signature` was made over `text` with one of the keys that are loaded."""
    key_id, _, body = signature.partition(":")
    return key_id in _keys and hmac.compare_digest(_signature(key_id, text), body)


def _signature(key_id: str, text: str) -> str:
    return hmac.new(_keys[key_id], b"signature\0" + text.encode(), hashlib.sha256).hexdigest()
