"""Live screens: who may listen, and what a screen missed while it was away.

Socket.IO has a way of its own into the program, past the guard of pages, so everything here enters and leaves its
tenant itself. Only kinds and ids go out; what a person may see is decided when their page reads it.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import func, select

from retail.core import screens
from retail.core.clock import now
from retail.core.db import reading, session
from retail.core.events import Event
from retail.core.places import Places, limited_to
from retail.core.push import consequences
from retail.core.screens import Admitted, NotAdmitted
from retail.core.tenancy import across_tenants, forget, inside
from retail.identity.identification import identify

RECENT = timedelta(seconds=10)
"""A page that connects for the first time hears of what happened while it was being drawn."""


@screens.admission
def admit(said: Any) -> Admitted:
    """Let somebody who is signed in listen to their business, to the places they work at and to themselves, and tell
    them what they missed."""
    forget()
    try:
        with across_tenants(), reading():
            person = identify()
        if person is None or person.tenant_id is None or person.kept_out:
            raise NotAdmitted("signed out")
        since = said.get("since") if isinstance(said, dict) else None
        known = since if isinstance(since, int) else None
        missed = partial(_missed_by, person.tenant_id, person.places, known)
        everywhere = [f"everywhere:{person.tenant_id}"]
        places = everywhere if person.places is None else [f"place:{one}" for one in sorted(person.places)]
        rooms = (f"tenant:{person.tenant_id}", *places)
        if person.support is None:
            return Admitted((*rooms, f"user:{person.id}"), missed)
        seconds = (person.support.ends_at - now()).total_seconds()
        return Admitted((*rooms, f"support:{person.support.access_id}"), missed, seconds)
    finally:
        session.remove()
        forget()


def _missed_by(tenant_id: int, places: Places, since: int | None) -> list[tuple[str, int]]:
    try:
        with inside(tenant_id), reading(), limited_to(places):
            return _missed(since)
    finally:
        session.remove()
        forget()


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
