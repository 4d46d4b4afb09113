"""Reads of events and their deliveries: what can happen, who is told and how soon, what was given up."""

from __future__ import annotations

import inspect
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import MISSING, dataclass, fields
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from flask_babel import format_timedelta
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import case, func, select

from retail.core import shown
from retail.core.clock import now
from retail.core.db import session
from retail.core.errors import NotFound
from retail.core.events import HANDLERS, KINDS, Delivery, Event, Listener
from retail.identity.services import roles
from retail.permissions import Can

RECENT_EVENTS = 10_000
"""Kinds are counted among so many of the latest events."""
MEASURED = 5_000
"""How soon handlers are told is taken from so many of the latest deliveries of the last day."""
EXAMPLES = 10
TYPES = {"int": _l("whole number"), "str": _l("text"), "bool": _l("yes or no"), "float": _l("number")}
"""What the types of an event's values are called; one that is not named says its own name."""
OPEN_STATES = ("pending", "parked")


@dataclass(frozen=True)
class Delay:
    """How many seconds after something happened a handler was through with it: half were quicker than `median`, 95 of
    100 quicker than `most`."""

    median: float
    most: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Delay | None:
        """The figures of what was measured; None of nothing."""
        if not seconds:
            return None
        ranked = sorted(seconds)
        return cls(ranked[math.ceil(0.5 * len(ranked)) - 1], ranked[math.ceil(0.95 * len(ranked)) - 1])

    @property
    def median_words(self) -> str:
        """The median as people say it."""
        return in_words(self.median)

    @property
    def most_words(self) -> str:
        """The 95th percentile as people say it."""
        return in_words(self.most)


def in_words(seconds: float) -> str:
    """A delay as people say it: 0.3 s, 4 minutes."""
    if seconds < 100:
        return str(_("%(seconds)s s", seconds=shown.quantity(Decimal(seconds).quantize(Decimal("0.1")))))
    return str(format_timedelta(timedelta(seconds=seconds)))


@dataclass(frozen=True)
class Figures:
    """What became of deliveries: how soon they were made, how many wait, of these have failed already, are parked."""

    delay: Delay | None
    waiting: int
    failing: int
    parked: int


@dataclass(frozen=True)
class Field:
    """One value an event carries: its name, its type, and whether events of long ago may lack it."""

    name: str
    type: str
    optional: bool


@dataclass(frozen=True)
class Kind:
    """One kind of event: what it means and carries, who listens, how often it happened, what became of it."""

    name: str
    meaning: str
    holds: list[Field]
    listeners: list[str]
    count: int
    latest: datetime | None
    figures: Figures


@dataclass(frozen=True)
class Told:
    """One handler: what it does, what it listens to, where it waits, what became of what it was told."""

    name: str
    meaning: str
    kinds: tuple[str, ...]
    queue: str
    figures: Figures
    error: str
    failed_event_id: int | None


def sentence(documented: object) -> str:
    """The first paragraph of a docstring, as plain text."""
    return (inspect.getdoc(documented) or "").split("\n\n")[0].replace("\n", " ").replace("`", "")


def last_line(error: str | None) -> str:
    """What a trace says in the end."""
    return (error or "").strip().rpartition("\n")[2]


def _type_in_words(written: str) -> str:
    plain = written.removesuffix(" | None")
    return str(TYPES.get(plain, plain))


class Deliveries:
    """What became of deliveries lately, read once for a page; of one kind of event alone, or of all."""

    def __init__(self, kind: str | None = None) -> None:
        of_kind = (Event.kind == kind,) if kind else ()
        joined = select(Event.kind, Delivery.handler).join(Event, Event.id == Delivery.event_id).where(*of_kind)
        counted = joined.add_columns(
            Delivery.state, func.count(), func.sum(case((Delivery.attempts > 0, 1), else_=0))
        ).where(Delivery.state.in_(OPEN_STATES))
        self._open = session.execute(counted.group_by(Event.kind, Delivery.handler, Delivery.state)).all()
        # Events are numbered as they happen: the newest one older than a day is found from the end of an index.
        yesterday = select(Event.id).where(Event.occurred_at < now() - timedelta(days=1))
        first = session.scalar(yesterday.order_by(Event.id.desc()).limit(1)) or 0
        made = joined.add_columns(Event.occurred_at, Delivery.done_at).where(
            Delivery.state == "done", Delivery.done_at.is_not(None), Delivery.event_id > first
        )
        self._delays: dict[tuple[str, str], list[float]] = defaultdict(list)
        for event_kind, handler, occurred_at, done_at in session.execute(
            made.order_by(Delivery.event_id.desc()).limit(MEASURED)
        ):
            self._delays[event_kind, handler].append((done_at - occurred_at).total_seconds())

    def figures(self, *, kind: str | None = None, handler: str | None = None) -> Figures:
        """The figures of a kind, of a handler, or of both."""

        def wanted(one_kind: str, one_handler: str) -> bool:
            return kind in {None, one_kind} and handler in {None, one_handler}

        counts: Counter[str] = Counter()
        for one_kind, one_handler, state, count, tried in self._open:
            if wanted(one_kind, one_handler):
                counts[state] += count
                counts["failing"] += tried if state == "pending" else 0
        seconds = [one for key, found in self._delays.items() if wanted(*key) for one in found]
        return Figures(Delay.of(seconds), counts["pending"], counts["failing"], counts["parked"])


def kinds(deliveries: Deliveries, only: str | None = None) -> list[Kind]:
    """Every kind of event there is, by name, or one of them; counted among the latest RECENT_EVENTS."""
    recent = select(Event.kind, Event.occurred_at).order_by(Event.id.desc()).limit(RECENT_EVENTS).subquery()
    counted = select(recent.c.kind, func.count(), func.max(recent.c.occurred_at)).group_by(recent.c.kind)
    seen = {kind: (count, latest) for kind, count, latest in session.execute(counted)}
    found = []
    for name, declared in sorted(KINDS.items()):
        if only in {None, name}:
            count, latest = seen.get(name, (0, None))
            listeners = sorted(one.name for one in HANDLERS.values() if name in one.kinds)
            holds = [
                Field(one.name, _type_in_words(str(one.type)), one.default is not MISSING or "None" in str(one.type))
                for one in fields(declared)  # type: ignore[arg-type]
            ]
            figures = deliveries.figures(kind=name)
            found.append(Kind(name, sentence(declared), holds, listeners, count, latest, figures))
    return found


def kind_named(name: str, deliveries: Deliveries) -> Kind:
    """One kind of event. NotFound when nothing is called so."""
    if name not in KINDS:
        raise NotFound(_("No event is called “%(name)s”.", name=name[:80]))
    return kinds(deliveries, name)[0]


def handlers(deliveries: Deliveries, kind: str | None = None) -> list[Told]:
    """Every handler, by name, or those that listen to a kind, with the last thing that went wrong."""
    listening = [one for one in HANDLERS.values() if kind is None or kind in one.kinds]
    errors = _last_errors([one.name for one in listening], kind)
    return [
        _told(one, deliveries.figures(kind=kind, handler=one.name), errors.get(one.name))
        for one in sorted(listening, key=lambda listener: listener.name)
    ]


def _told(listener: Listener, figures: Figures, failed: Delivery | None) -> Told:
    return Told(
        listener.name,
        sentence(listener.handle),
        listener.kinds,
        listener.queue,
        figures,
        last_line(failed.error) if failed is not None else "",
        failed.event_id if failed is not None else None,
    )


def _last_errors(names: Iterable[str], kind: str | None) -> dict[str, Delivery]:
    """Of each handler the latest delivery that failed and was not made since."""
    newest = (
        select(func.max(Delivery.id))
        .where(Delivery.handler.in_(names), Delivery.state.in_(OPEN_STATES), Delivery.error.is_not(None))
        .group_by(Delivery.handler)
    )
    if kind is not None:
        newest = newest.join(Event, Event.id == Delivery.event_id).where(Event.kind == kind)
    return {row.handler: row for row in session.scalars(select(Delivery).where(Delivery.id.in_(newest)))}


def latest_events(kind: str) -> Sequence[Event]:
    """The last events of a kind, newest first, of those that count as recent."""
    recent = select(Event.id).order_by(Event.id.desc()).limit(RECENT_EVENTS).subquery()
    found = select(Event).where(Event.id.in_(select(recent.c.id)), Event.kind == kind)
    return session.scalars(found.order_by(Event.id.desc()).limit(EXAMPLES)).all()


def event_numbered(event_id: int) -> Event:
    """One event of this business. NotFound when there is none."""
    row = session.get(Event, event_id)
    if row is None:
        raise NotFound(_("There is no such event."))
    return row


def deliveries_of(event: Event) -> Sequence[Delivery]:
    """To whom an event was told, by name."""
    return session.scalars(select(Delivery).where(Delivery.event_id == event.id).order_by(Delivery.handler)).all()


def parked_count() -> int:
    """How many deliveries were given up."""
    return session.scalar(select(func.count()).select_from(Delivery).where(Delivery.state == "parked")) or 0


def roles_that(permission: Can) -> list[str]:
    """The names of the roles that hold a permission, the most powerful first."""
    return [role.name for role in roles() if permission.value in role.permissions]


def plain_values(event: Event) -> list[tuple[str, Any]]:
    """What an event carries, by name, in the order of its declaration; what a later version no longer knows comes
    last."""
    declared = [one.name for one in fields(KINDS[event.kind])] if event.kind in KINDS else []  # type: ignore[arg-type]
    order = [*(name for name in declared if name in event.data), *(name for name in event.data if name not in declared)]
    return [(name, event.data[name]) for name in order]
