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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_LOOK_SECONDS = 1.0
_KEY_BYTES = 32
SEALED = {"sealed": True}
"""What a column says of itself that holds nothing but sealed text."""


class SecretUnreadable(ValueError):
    """The stored secret was made with a key that is not loaded, or was moved from another row."""


@dataclass(frozen=True)
class _Ring:
    """The keys by their ids, and the id of the one that encrypts. Taken up whole: other threads read meanwhile."""

    current: str = ""
    keys: Mapping[str, bytes] = field(default_factory=dict)


_ring = _Ring()


def load_keys(*secrets: str) -> None:
    """Derive the encryption keys; the first encrypts, all of them decrypt."""
    global _ring  # noqa: PLW0603  one key ring per process
    keys = dict(_derived(secret) for secret in secrets)
    _ring = _Ring(next(iter(keys)), keys)


def _derived(secret: str) -> tuple[str, bytes]:
    key = hashlib.sha256(b"counterfoil secrets at rest\0" + secret.encode()).digest()
    return hashlib.sha256(key).hexdigest()[:8], key


@dataclass
class _Watched:
    """The file of keys, which another process may have rotated, what else reads, and when it was last looked at."""

    path: Path | None = None
    others: tuple[str, ...] = ()
    changed: int = 0
    look_at: float = 0.0


_file = _Watched()


def watch(path: Path | None, *others: str) -> None:
    """Take the keys of this file from now on when it changes, and keep `others`, which are not in it; with None, keep
    those that are loaded."""
    kept = path if path is not None and path.exists() else None
    _file.path, _file.look_at = path, 0.0
    _file.others = tuple(one for one in others if kept is None or one not in keys_in(kept))
    _file.changed = kept.stat().st_mtime_ns if kept is not None else 0


def load_file(path: Path) -> None:
    """Load the keys of a file, and those that are known from elsewhere (OLD_SECRET_KEYS)."""
    load_keys(*keys_in(path), *_file.others)


def _look(at_once: bool = False) -> _Ring:
    """The keys, from the file anew if it was changed; looked at once a second."""
    if _file.path is not None and (at_once or time.monotonic() >= _file.look_at):
        _file.look_at = time.monotonic() + _LOOK_SECONDS
        try:
            changed = _file.path.stat().st_mtime_ns
            if changed != _file.changed:
                load_file(_file.path)
                _file.changed = changed
        except FileNotFoundError:
            pass
    return _ring


def _ring_with(key_id: str) -> _Ring:
    """The keys, looked for at once when this one is not among them: another process may have just made it."""
    ring = _ring
    return ring if key_id in ring.keys else _look(at_once=True)


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
    return _look(at_once=True).current


def seal(text: str, place: str) -> str:
    """Encrypt `text` for `place` (`table.column:row`); the result can be read back only for the same place."""
    ring = _look()
    nonce = os.urandom(12)
    sealed = AESGCM(ring.keys[ring.current]).encrypt(nonce, text.encode(), place.encode())
    return f"{ring.current}:{base64.b64encode(nonce + sealed).decode()}"


def unseal(sealed: str, place: str) -> str:
    """Decrypt; SecretUnreadable when the key is gone or the value was damaged or copied from elsewhere."""
    key_id, _, body = sealed.partition(":")
    key = _ring_with(key_id).keys.get(key_id)
    if key is None:
        raise SecretUnreadable(f"no key {key_id} is loaded")
    try:
        raw = base64.b64decode(body)
        return AESGCM(key).decrypt(raw[:12], raw[12:], place.encode()).decode()
    except (InvalidTag, ValueError):
        raise SecretUnreadable(f"the secret does not belong to {place}") from None


def sign(text: str) -> str:
    """A signature that only this installation can make; it proves that a row was written by the program."""
    ring = _look()
    return f"{ring.current}:{_signature(ring.keys[ring.current], text)}"


def is_signed(text: str, signature: str) -> bool:
    """Whether `signature` was made over `text` with one of the keys that are loaded."""
    key_id, _, body = signature.partition(":")
    key = _ring_with(key_id).keys.get(key_id)
    return key is not None and hmac.compare_digest(_signature(key, text), body)


def _signature(key: bytes, text: str) -> str:
    return hmac.new(key, b"signature\0" + text.encode(), hashlib.sha256).hexdigest()
