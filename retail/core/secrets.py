"""Secrets at rest: AES-256-GCM, bound to the column and row they belong to, with a key id for rotation.

A column that holds sealed text says so, `mapped_column(info=SEALED)`, and seals it for the place `table.column:row`:
that is how rotation (`rotation`) finds it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_keys: dict[str, bytes] = {}
_current = ""
_LOOK_SECONDS = 1.0
_KEY_BYTES = 32
SEALED = {"sealed": True}
"""What a column says of itself that holds nothing but sealed text."""


class SecretUnreadable(ValueError):
    """The stored secret was made with a key that is not loaded, or was moved from another row."""


def load_keys(*secrets: str) -> None:
    """Derive the encryption keys; the first encrypts, all of them decrypt."""
    global _current  # noqa: PLW0603  one key ring per process
    ring = dict(_derived(secret) for secret in secrets)
    _keys.clear()
    _keys.update(ring)
    _current = next(iter(ring))


def _derived(secret: str) -> tuple[str, bytes]:
    key = hashlib.sha256(b"counterfoil secrets at rest\0" + secret.encode()).digest()
    return hashlib.sha256(key).hexdigest()[:8], key


@dataclass
class _Watched:
    """The file of keys, which another process may have rotated, and when it was last looked at."""

    path: Path | None = None
    changed: int = 0
    look_at: float = 0.0


_file = _Watched()


def watch(path: Path | None) -> None:
    """Take the keys of this file from now on when it changes; with None, keep those that are loaded."""
    _file.path, _file.look_at = path, 0.0
    _file.changed = path.stat().st_mtime_ns if path is not None and path.exists() else 0


def _look(at_once: bool = False) -> None:
    """Read the file of keys again if it was changed; looked at once a second."""
    if _file.path is None or (not at_once and time.monotonic() < _file.look_at):
        return
    _file.look_at = time.monotonic() + _LOOK_SECONDS
    try:
        changed = _file.path.stat().st_mtime_ns
        if changed != _file.changed:
            load_keys(*keys_in(_file.path))
            _file.changed = changed
    except FileNotFoundError:
        return


def keys_in(path: Path) -> list[str]:
    """The keys in a file, the one in force first."""
    return path.read_text(encoding="ascii").split()


def write_keys(path: Path, keys: Sequence[str]) -> None:
    """Write the keys, the one in force first: whole or not at all, readable by the owner alone."""
    aside = path.with_name(f"{path.name}.{os.getpid()}.part")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write("".join(f"{key}\n" for key in keys))
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, path)


def new_key() -> str:
    """A key that nobody guesses."""
    return os.urandom(_KEY_BYTES).hex()


def key_in_force() -> str:
    """The id of the key that encrypts; what it encrypted begins with it."""
    _look(at_once=True)
    return _current


def seal(text: str, place: str) -> str:
    """Encrypt `text` for `place` (`table.column:row`); the result can be read back only for the same place."""
    _look()
    nonce = os.urandom(12)
    sealed = AESGCM(_keys[_current]).encrypt(nonce, text.encode(), place.encode())
    return f"{_current}:{base64.b64encode(nonce + sealed).decode()}"


def unseal(sealed: str, place: str) -> str:
    """Decrypt; SecretUnreadable when the key is gone or the value was copied from elsewhere."""
    key_id, _, body = sealed.partition(":")
    if key_id not in _keys:
        _look(at_once=True)
    if key_id not in _keys:
        raise SecretUnreadable(f"no key {key_id} is loaded")
    raw = base64.b64decode(body)
    try:
        return AESGCM(_keys[key_id]).decrypt(raw[:12], raw[12:], place.encode()).decode()
    except InvalidTag:
        raise SecretUnreadable(f"the secret does not belong to {place}") from None


def sign(text: str) -> str:
    """A signature that only this installation can make; it proves that a row was written by the program."""
    _look()
    return f"{_current}:{_signature(_current, text)}"


def is_signed(text: str, signature: str) -> bool:
    """Whether `signature` was made over `text` with one of the keys that are loaded."""
    key_id, _, body = signature.partition(":")
    if key_id not in _keys:
        _look(at_once=True)
    return key_id in _keys and hmac.compare_digest(_signature(key_id, text), body)


def _signature(key_id: str, text: str) -> str:
    return hmac.new(_keys[key_id], b"signature\0" + text.encode(), hashlib.sha256).hexdigest()
