"""The one small interface between deliveries and what carries them: a parcel goes in, an outcome comes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True)
class Parcel:
    """What is to be carried: to which address, in whose words, leading where (`url` is absolute)."""

    delivery_id: int
    user_id: int
    name: str
    target: str
    shop: str
    title: str
    text: str
    category: str
    severity: str
    url: str
    reference: str = ""


@dataclass(frozen=True)
class Outcome:
    """sent: the other side took it. again: try later, after `after_seconds` at least. fail: never will, but the address
    is good. stop: the address is no good, or its owner wants nothing of us. `reference` is what they call it."""

    state: Literal["sent", "again", "fail", "stop"]
    error: str = ""
    reference: str = ""
    after_seconds: int | None = None


class Channel(Protocol):
    """A way to people. `prepare` runs in a transaction and writes what is to be kept; what it returns runs outside of
    one and talks to the world."""

    name: str

    def prepare(self, parcel: Parcel) -> Callable[[], Outcome]: ...
