"""Live screens: a push says what happened, never what it is now; the page re-reads the fragments that care.

Rooms are `tenant:ID` and `user:ID`. Workers publish through Redis; the web process only joins rooms.
"""

from __future__ import annotations

import logging
from functools import lru_cache

from flask import current_app
from redis.exceptions import RedisError
from socketio import RedisManager
from sqlalchemy import event

from retail.core.db import session

log = logging.getLogger(__name__)

WANTED = "pushes"
consequences: dict[str, frozenset[str]] = {}
"""What is pushed when the kinds of events on the right were handled, so that it can be told to who missed those."""


# A Redis that is away is said once by whoever needs it; here losing a word is harmless.
_quiet = logging.getLogger("retail.core.push.redis")
_quiet.setLevel(logging.CRITICAL)


@lru_cache(maxsize=4)
def _publisher(url: str) -> RedisManager:
    return RedisManager(url, write_only=True, logger=_quiet)


def push(kind: str, event_id: int | None, *, user_id: int | None = None, tenant_id: int | None = None) -> None:
    """Tell the screens of one user, or of a whole tenant, that something of this kind happened. Losing it is
    harmless.
    """
    room = f"user:{user_id}" if user_id is not None else f"tenant:{tenant_id}"
    try:
        _publisher(current_app.config["REDIS_URL"]).emit("happened", {"kind": kind, "id": event_id}, room=room)
    except RedisError as problem:
        log.warning("screens not told of %s: %s", kind, problem)


def push_after_commit(kind: str, event_id: int | None, *, user_id: int) -> None:
    """`push` to one user once the present transaction is committed: a screen that read before would show the old.
    However often it is asked for in one transaction, each user is told once."""
    wanted: dict[tuple[str, int], int | None] | None = session.info.get(WANTED)
    if wanted is None:
        wanted = session.info[WANTED] = {}
        current, told = session(), wanted

        def tell(_session: object) -> None:
            # After a rollback this may be heard at the end of the next transaction, whose wishes are not ours to take.
            if current.info.get(WANTED) is told:
                del current.info[WANTED]
                for (one, person), latest in told.items():
                    push(one, latest, user_id=person)

        event.listen(current, "after_commit", tell, once=True)
        event.listen(current, "after_rollback", lambda _session: current.info.pop(WANTED, None), once=True)
    wanted[kind, user_id] = event_id
