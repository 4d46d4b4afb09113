"""Live screens: a push says what happened, never what it is now; the page re-reads the fragments that care.

Rooms are `tenant:ID` for what concerns a business as a whole, `place:ID` for what happened at a location,
`everywhere:ID` for all that happened at any, and `user:ID`. Workers publish through Redis; the web process only joins
rooms.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from functools import lru_cache, partial

from flask import current_app
from redis.exceptions import RedisError
from socketio import RedisManager
from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

from retail.core.db import db, session

log = logging.getLogger(__name__)

WANTED, COMMITTED = "pushes", "pushes.committed"
OVER = "over"
"""What is said in a room whose sockets are to be closed; it never reaches a screen."""
consequences: dict[str, frozenset[str]] = {}
"""What is pushed when the kinds of events on the right were handled, so that it can be told to who missed those."""


# A Redis that is away is said once by whoever needs it; here losing a word is harmless.
_quiet = logging.getLogger("retail.core.push.redis")
_quiet.setLevel(logging.CRITICAL)


@lru_cache(maxsize=4)
def _publisher(url: str) -> RedisManager:
    return RedisManager(url, write_only=True, logger=_quiet)


def rooms_of(tenant_id: int, location_ids: Iterable[int]) -> list[str]:
    """Where is told what happened at these locations, or with none of them to the business as a whole."""
    places = [f"place:{one}" for one in sorted(location_ids)]
    return [f"everywhere:{tenant_id}", *places] if places else [f"tenant:{tenant_id}"]


def push(kind: str, event_id: int | None, room: str) -> None:
    """Tell the screens in a room that something of this kind happened. Losing it is harmless."""
    try:
        _publisher(current_app.config["REDIS_URL"]).emit("happened", {"kind": kind, "id": event_id}, room=room)
    except RedisError as problem:
        log.warning("screens not told of %s: %s", kind, problem)


def close(room: str) -> None:
    """Close the sockets of all screens in a room. Each may connect anew, and is asked again who it is."""
    try:
        _publisher(current_app.config["REDIS_URL"]).emit(OVER, {}, room=room)
    except RedisError as problem:
        log.warning("the screens of %s were not closed: %s", room, problem)


@event.listens_for(db.session, "after_commit")
def _committed(current: Session) -> None:
    if WANTED in current.info:
        current.info[COMMITTED] = current.info.pop(WANTED)


@event.listens_for(db.session, "after_transaction_end")
def _tell(current: Session, transaction: SessionTransaction) -> None:
    """Tell when whoever waits to write next has been let in: Redis may take its time. What was not committed is told to
    nobody."""
    if transaction.parent is None and (COMMITTED in current.info or WANTED in current.info):
        current.info.pop(WANTED, None)
        for act in current.info.pop(COMMITTED, {}).values():
            act()


def push_after_commit(kind: str, event_id: int | None, *, user_id: int) -> None:
    """`push` to one user once the present transaction is committed: a screen that read before would show the old.
    However often it is asked for in one transaction, each user is told once."""
    _wanted()[kind, user_id] = partial(push, kind, event_id, f"user:{user_id}")


def close_after_commit(room: str) -> None:
    """`close` once the present transaction is committed: before, a screen would only be let in again."""
    _wanted()[OVER, room] = partial(close, room)


def _wanted() -> dict[tuple[str, int | str], Callable[[], None]]:
    wanted: dict[tuple[str, int | str], Callable[[], None]] = session.info.setdefault(WANTED, {})
    return wanted
