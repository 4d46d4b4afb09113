"""Live screens: who may listen, and what a screen missed while it was away.

Socket.IO has a way of its own into the program, past the guard of pages, so everything here enters and leaves its
tenant itself. Only kinds and ids go out; what a person may see is decided when their page reads it.
"""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

from flask import request
from flask_socketio import ConnectionRefusedError as Refusal
from flask_socketio import emit, join_room
from sqlalchemy import func, select

from retail.core.clock import now
from retail.core.db import reading, session
from retail.core.events import Event
from retail.core.push import MOST_SOCKETS, consequences, socketio
from retail.core.tenancy import across_tenants, forget, inside
from retail.identity.identification import identify

RECENT = timedelta(seconds=10)
"""A page that connects for the first time hears of what happened while it was being drawn."""
_open: set[str] = set()
_lock = threading.Lock()


@socketio.on("connect")
def connect(auth: Any = None) -> None:
    """Let somebody who is signed in listen to their business and to themselves, and tell them what they missed."""
    forget()
    try:
        with across_tenants(), reading():
            person = identify()
        if person is None or person.kept_out:
            raise Refusal("signed out")
        with _lock:
            if len(_open) >= MOST_SOCKETS:
                raise Refusal("busy")
            _open.add(_sid())
        join_room(f"tenant:{person.tenant_id}")
        join_room(f"user:{person.id}")
        since = auth.get("since") if isinstance(auth, dict) else None
        with inside(person.tenant_id), reading():
            for kind, event_id in _missed(since if isinstance(since, int) else None):
                emit("happened", {"kind": kind, "id": event_id})
    finally:
        session.remove()
        forget()


@socketio.on("disconnect")
def disconnect(*_reason: object) -> None:
    """Make room for another."""
    with _lock:
        _open.discard(_sid())


def _sid() -> str:
    return str(request.sid)  # type: ignore[attr-defined]


def _missed(since: int | None) -> list[tuple[str, int]]:
    """The kinds that happened since, each with its latest event, oldest first; what followed from them; and where the
    screen stands now."""
    latest = session.scalar(select(func.max(Event.id))) or 0
    statement = select(Event.kind, func.max(Event.id)).group_by(Event.kind).order_by(func.max(Event.id))
    if since is None:
        statement = statement.where(Event.occurred_at > now() - RECENT)
    else:
        statement = statement.where(Event.id > since)
    missed = [(kind, event_id) for kind, event_id in session.execute(statement)]
    kinds = {kind for kind, _event_id in missed}
    followed = [(name, latest) for name, causes in consequences.items() if causes & kinds]
    return [*missed, *followed, ("position", latest)]
