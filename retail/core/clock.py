"""The only clock of the program, so that a test can stop it, and the arithmetic of business dates."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

REPEATED = timedelta(hours=3)
"""No clock is put back by more than this, save where a whole day is repeated at the date line."""
_frozen: ContextVar[datetime | None] = ContextVar("frozen", default=None)


def now() -> datetime:
    """The present instant in UTC, with its zone."""
    return _frozen.get() or datetime.now(UTC)


@contextmanager
def frozen(instant: datetime) -> Iterator[None]:
    """Stop the clock at `instant` for tests and for generated history; it must carry a zone."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    token = _frozen.set(instant.astimezone(UTC))
    try:
        yield
    finally:
        _frozen.reset(token)


def business_date(instant: datetime, zone: str, day_start: time = time(0)) -> date:
    """The shop's local day an instant belongs to; a day that starts at 04:00 keeps the small hours for the day before.

    A day has begun once the wall clock has shown its start: an hour that the clock repeats in autumn does not take
    the shop back into the day before, and a start that the clock skips in spring comes with the hour after it.
    """
    local = instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    for day in (local.date() + timedelta(days=1), local.date()):
        start = datetime.combine(day, day_start)
        if start <= local or (start - local < REPEATED and as_utc(start, zone) <= instant):
            return day
    return local.date() - timedelta(days=1)


def local_hour(instant: datetime, zone: str) -> int:
    """The hour on the shop's wall clock, 0 to 23."""
    return instant.astimezone(ZoneInfo(zone)).hour


def as_utc(local: datetime, zone: str) -> datetime:
    """The instant of a wall-clock time; of a time that happens twice the first, of one that never happens the next."""
    return local.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)


def typed_instant(text: str, zone: str) -> datetime:
    """The instant that a date and time field of a form names on the shop's clock; ValueError for anything else."""
    read = datetime.fromisoformat(text.strip())
    return as_utc(read, zone) if read.tzinfo is None else read.astimezone(UTC)
