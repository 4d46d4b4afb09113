"""What happened, written in the same transaction as the fact, and told to handlers afterwards, each retried on its own.

`emit` adds one row. The relay turns each row into one delivery per handler; a worker runs due deliveries handler by
handler, in one transaction together with the mark that it is done, so a handler's database work happens exactly once
and its outside effects at least once. After MAX_ATTEMPTS a delivery is parked for a person to look at.
"""

from __future__ import annotations

import logging
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal, TypeVar, cast, dataclass_transform

from sqlalchemy import JSON, ColumnElement, Index, Select, UniqueConstraint, func, select, text, update
from sqlalchemy.orm import Mapped, mapped_column

from retail.core.audit import current_actor
from retail.core.clock import now
from retail.core.db import Model, give_way, insert_rows, reading, session, unit_of_work
from retail.core.language import locale_of, speaking
from retail.core.places import AtPlace, places_of
from retail.core.retention import passes
from retail.core.tenancy import OfTenant, across_tenants, awake, insert_owned, inside
from retail.core.troubles import note_error

log = logging.getLogger(__name__)
RETRY_SECONDS = (5, 30, 120, 600, 3600, 3600, 6 * 3600)
MAX_ATTEMPTS = len(RETRY_SECONDS) + 1
HOLD_SECONDS = 0.02
"""How long one transaction takes up events: about as long as a sale writes, so no till waits longer for a burst."""
ENDED = frozenset({"done", "skipped"})
"""The states in which a delivery is over."""


class Happening:
    """Base of every event: a frozen dataclass of plain values, in the past tense."""

    kind: ClassVar[str]

    @property
    def event(self) -> Event:
        """The row this was read from, in a handler: its id, its instant and who did it."""
        return cast(Event, self.__dict__["_event"])

    @property
    def aggregate(self) -> str:
        """What the event is about; events of one aggregate are delivered in order. By default each is free."""
        return ""


H = TypeVar("H", bound=Happening)
Lane = Literal["high", "default", "low"]
Handler = Callable[[Any], None]
KINDS: dict[str, type[Happening]] = {}


@dataclass(frozen=True)
class Listener:
    """A handler by its stable name `module.function`: the kinds it listens to, whether it takes lists of events, and in
    which queue its work waits."""

    name: str
    kinds: tuple[str, ...]
    handle: Handler
    batch: bool
    queue: Lane
    last: bool


HANDLERS: dict[str, Listener] = {}


class Event(OfTenant, AtPlace, Model):
    """One thing that happened, and where: outbox, timeline and the screens' wake-up call at once."""

    __tablename__ = "events"
    at, may_be_nowhere = ("location_id", "to_location_id"), True
    __table_args__ = (
        Index(
            "ix_events_unrelayed",
            "id",
            sqlite_where=text("relayed_at IS NULL"),
            postgresql_where=text("relayed_at IS NULL"),
        ),
        Index(None, "tenant_id", "id"),
    )

    kind: Mapped[str]
    aggregate: Mapped[str] = mapped_column(default="")
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    occurred_at: Mapped[datetime]
    user_id: Mapped[int | None]
    user_name: Mapped[str] = mapped_column(default="")
    location_id: Mapped[int | None]
    to_location_id: Mapped[int | None]
    relayed_at: Mapped[datetime | None]


class Delivery(OfTenant, Model):
    """One event on its way to one handler: pending, then done or parked; what is parked a person delivers again or
    skips."""

    __tablename__ = "event_deliveries"
    __table_args__ = (
        UniqueConstraint("tenant_id", "event_id", "handler"),
        Index(None, "state", "handler", "due_at"),
    )

    event_id: Mapped[int]
    handler: Mapped[str]
    aggregate: Mapped[str] = mapped_column(default="")
    state: Mapped[str] = mapped_column(default="pending")
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    error: Mapped[str | None]
    skipped_because: Mapped[str | None]


@dataclass_transform(frozen_default=True, kw_only_default=True)
def event(kind: str) -> Callable[[type[H]], type[H]]:
    """Declare an event under its public name, e.g. `sale.completed`."""

    def declare(cls: type[H]) -> type[H]:
        made = cast("type[H]", dataclass(frozen=True, kw_only=True)(cls))
        if "kind" in made.__dataclass_fields__:  # type: ignore[attr-defined]
            raise TypeError(f"{cls.__name__}: `kind` is what the event is called and cannot be a field")
        made.kind = kind
        if kind in KINDS:
            raise ValueError(f"two events are called {kind}")
        KINDS[kind] = made
        return made

    return declare


def emit(happening: Happening) -> None:
    """Write down that this happened; it becomes true for others when the transaction commits."""
    actor = current_actor()
    insert_owned(
        Event,
        [
            {
                "kind": happening.kind,
                "aggregate": happening.aggregate,
                "data": asdict(happening),  # type: ignore[call-overload]
                "occurred_at": now(),
                "user_id": actor.user_id,
                "user_name": actor.name,
                **places_of(happening),
            }
        ],
    )
    session.info["emitted"] = True


def on(
    *kinds: type[Happening], batch: bool = False, queue: Lane = "default", last: bool = False
) -> Callable[[Handler], Handler]:
    """Listen: the handler runs in a worker, after commit, inside the event's tenant, in its own transaction.

    With `batch` it receives a list of events of one tenant, oldest first, and must be able to take any of them twice.
    The queue `high` is for what a waiting screen shows, and runs before the screens are told (which is `last` there).
    Handlers return nothing; what they raise is recorded and retried.
    """

    def listen(handler: Handler) -> Handler:
        name = f"{handler.__module__.split('.')[1]}.{handler.__name__}"
        if name in HANDLERS:
            raise ValueError(f"two handlers are called {name}")
        HANDLERS[name] = Listener(name, tuple(kind.kind for kind in kinds), handler, batch, queue, last)
        return handler

    return listen


def as_happening(row: Event) -> Happening:
    """The event as its handlers know it."""
    happening = KINDS[row.kind](**row.data)
    happening.__dict__["_event"] = row
    return happening


def relay(limit: int = 500) -> int:
    """Turn events not yet relayed into deliveries, one per handler that listens; returns how many events were taken."""
    listeners: dict[str, list[str]] = defaultdict(list)
    for listener in HANDLERS.values():
        for kind in listener.kinds:
            listeners[kind].append(listener.name)
    waiting = Event.relayed_at.is_(None), awake(Event.tenant_id)
    with across_tenants(), reading():
        if session.scalar(select(Event.id).where(*waiting).limit(1)) is None:
            return 0
    with across_tenants(), unit_of_work():
        ids = _fairly(select(Event.tenant_id).where(*waiting), select(Event.id).where(*waiting), Event, limit)
        asked = select(Event).where(Event.id.in_(ids), *waiting).order_by(Event.id)
        rows = list(session.scalars(asked.with_for_update(skip_locked=True)))
        instant = now()
        insert_rows(
            Delivery,
            [
                {
                    "tenant_id": row.tenant_id,
                    "event_id": row.id,
                    "handler": name,
                    "aggregate": row.aggregate,
                    "state": "pending",
                    "attempts": 0,
                    "due_at": instant,
                }
                for row in rows
                for name in listeners.get(row.kind, ())
            ],
        )
        session.execute(
            update(Event).where(Event.id.in_([row.id for row in rows])).values(relayed_at=instant),
            execution_options={"synchronize_session": False},
        )
        return len(rows)


def _fairly(tenants: Select[int], rows: Select[int], model: type[Event] | type[Delivery], limit: int) -> list[int]:
    """The ids of the oldest rows, as many of each tenant: a thousand of one do not hold up the one of another."""
    waiting = session.scalars(tenants.distinct().order_by(model.tenant_id)).all()
    order = model.id if model is Event else Delivery.event_id
    share = max(1, limit // max(1, len(waiting)))
    return [
        row
        for one in waiting
        for row in session.scalars(rows.where(model.tenant_id == one).order_by(order).limit(share))
    ]


def handlers_with_work() -> list[str]:
    """The handlers that have deliveries due now, in the order in which they should run."""
    with across_tenants(), reading():
        waiting = Delivery.state == "pending", Delivery.due_at <= now(), awake(Delivery.tenant_id)
        due = set(session.scalars(select(Delivery.handler).where(*waiting).distinct()))
    return sorted(due & HANDLERS.keys(), key=lambda name: (HANDLERS[name].last, name))


def deliver(handler: str, limit: int = 200) -> int:
    """Run one handler's due deliveries, oldest first, as many of each tenant; returns how many were taken up.

    When an event of an aggregate has failed, later ones of the same aggregate wait for it.
    """
    listener = HANDLERS[handler]
    instant = now()
    with across_tenants(), reading():
        pending = select(Delivery).where(
            Delivery.state == "pending", Delivery.handler == handler, awake(Delivery.tenant_id)
        )
        waiting = pending.where(Delivery.due_at > instant, Delivery.aggregate != "").with_only_columns(
            Delivery.tenant_id, Delivery.aggregate, func.max(Delivery.due_at)
        )
        held = {
            (tenant_id, aggregate): until
            for tenant_id, aggregate, until in session.execute(waiting.group_by(Delivery.tenant_id, Delivery.aggregate))
        }
        now_due = pending.where(Delivery.due_at <= instant)
        ids = _fairly(
            now_due.with_only_columns(Delivery.tenant_id), now_due.with_only_columns(Delivery.id), Delivery, limit
        )
        rows = session.execute(
            select(Delivery.id, Delivery.tenant_id, Delivery.event_id, Delivery.aggregate)
            .where(Delivery.id.in_(ids))
            .order_by(Delivery.event_id)
        ).all()
    _hold(rows, held)
    by_tenant: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        if (row.tenant_id, row.aggregate) not in held:
            by_tenant[row.tenant_id].append(row)
    failed: set[tuple[int, str]] = set()
    while by_tenant:
        for tenant_id, due in list(by_tenant.items()):
            left = _take_up_list(listener, due) if listener.batch else _take_up(listener, due, failed, HOLD_SECONDS)
            if left:
                by_tenant[tenant_id] = left
            else:
                del by_tenant[tenant_id]
            give_way()
    return len(rows)


def _hold(rows: Sequence[Any], held: Mapping[tuple[int, str], datetime]) -> None:
    """Let what must wait for an earlier event of its aggregate become due together with it."""
    for row in rows:
        until = held.get((row.tenant_id, row.aggregate))
        if until is not None:
            with inside(row.tenant_id), unit_of_work():
                session.execute(
                    update(Delivery).where(Delivery.id == row.id, Delivery.state == "pending").values(due_at=until),
                    execution_options={"synchronize_session": False},
                )


def _take_up(listener: Listener, rows: Sequence[Any], failed: set[tuple[int, str]], seconds: float) -> list[Any]:
    """Handle the first of these events of one tenant and mark them done, in one transaction and for so long at most.

    One that fails undoes the transaction; those before it are handled again without it, and later ones of its aggregate
    are left out. Answers what is left.
    """
    rows = [row for row in rows if (row.tenant_id, row.aggregate) not in failed]
    if not rows:
        return []
    until = time.monotonic() + seconds
    count, is_through = 0, False
    try:
        with inside(rows[0].tenant_id), unit_of_work(), speaking(locale_of()):
            for row in rows:
                for happening in _claimed([row]):
                    listener.handle(happening)
                count += 1
                if time.monotonic() >= until:
                    break
            is_through = True
        return rows[count:]
    except Exception as problem:
        log.exception("handler %s failed", listener.name)
        if is_through and count > 1:
            # The end of the transaction failed, and nobody knows whose fault it is: each ends on its own.
            again, left, seconds = rows[:count], rows[count:], 0
        else:
            bad = 0 if is_through else count
            _note_failure(listener, rows[bad], problem)
            if rows[bad].aggregate:
                failed.add((rows[bad].tenant_id, rows[bad].aggregate))
            again, left = rows[:bad], rows[bad + 1 :]
    while again:
        again = _take_up(listener, again, failed, seconds)
    return left


def _take_up_list(listener: Listener, rows: Sequence[Any]) -> list[Any]:
    """Handle these events as one list in one transaction; when it fails, each as a list of its own. Leaves nothing."""
    try:
        with inside(rows[0].tenant_id), unit_of_work(), speaking(locale_of()):
            if happenings := _claimed(rows):
                listener.handle(happenings)
    except Exception as problem:
        log.exception("handler %s failed", listener.name)
        if len(rows) == 1:
            _note_failure(listener, rows[0], problem)
        else:
            for row in rows:
                _take_up_list(listener, [row])
                give_way()
    return []


def _claimed(rows: Sequence[Any]) -> list[Happening]:
    """The events of these deliveries, oldest first, marked as handled; without what another worker took up before."""
    claimed = session.execute(
        update(Delivery)
        .where(Delivery.id.in_([row.id for row in rows]), Delivery.state == "pending")
        .values(state="done", done_at=now(), attempts=Delivery.attempts + 1, error=None)
        .returning(Delivery.event_id)
        .execution_options(synchronize_session=False)
    ).scalars()
    ids = sorted(claimed)
    return [as_happening(row) for row in session.scalars(select(Event).where(Event.id.in_(ids)).order_by(Event.id))]


def _note_failure(listener: Listener, failed: Any, problem: Exception) -> None:
    """Write down why a delivery failed, and when it is tried again."""
    note_error(failed.tenant_id, problem, where=f"handler {listener.name}")
    error = "".join(traceback.format_exception(problem, limit=8))
    with inside(failed.tenant_id), unit_of_work():
        row = session.get_one(Delivery, failed.id)
        row.attempts += 1
        row.error = error[-4000:]
        if row.attempts >= MAX_ATTEMPTS:
            row.state = "parked"
        else:
            row.due_at = now() + timedelta(seconds=RETRY_SECONDS[row.attempts - 1])


def drain() -> int:
    """Relay and deliver everything that is due, in this process; for commands and tests. Returns deliveries run."""
    count = 0
    while True:
        while relay():
            pass
        busy = handlers_with_work()
        tried = sum(deliver(name) for name in busy)
        count += tried
        if not tried:
            return count


@passes("deliveries", Delivery, days=30)
def delivered_before(instant: datetime) -> ColumnElement[bool]:
    """What was delivered or skipped long ago; the events themselves stay, and so does what was parked."""
    return Delivery.state.in_(ENDED) & (Delivery.done_at < instant)
