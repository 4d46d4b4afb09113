"""The only clock of the program, so that a test can stop it, and the arithmetic of business dates."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

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

    The comparison is made on the local wall clock, so nights on which the clock changes need no special case.
    """
    local = instant.astimezone(ZoneInfo(zone))
    return local.date() - timedelta(days=1) if local.time() < day_start else local.date()


def local_hour(instant: datetime, zone: str) -> int:
    """The hour on the shop's wall clock, 0 to 23."""
    return instant.astimezone(ZoneInfo(zone)).hour


def as_utc(local: datetime, zone: str) -> datetime:
    """The instant of a wall-clock time; of a time that happens twice the first, of one that never happens the next."""
    return local.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)
