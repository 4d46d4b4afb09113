"""When somebody does not want to be disturbed, on their own wall clock, also in nights on which it is changed."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from retail.core.clock import as_utc

DAY = 24 * 60


def is_quiet(instant: datetime, zone: str, begin: int | None, end: int | None) -> bool:
    """Whether the wall clock of `zone` stands between `begin` and `end`, minutes after midnight; `begin` belongs to the
    quiet, `end` does not. Without both, or with equal ones, it is never quiet."""
    if begin is None or end is None or begin == end:
        return False
    local = instant.astimezone(ZoneInfo(zone))
    minute = local.hour * 60 + local.minute
    return begin <= minute < end if begin < end else minute >= begin or minute < end


def quiet_until(instant: datetime, zone: str, begin: int | None, end: int | None) -> datetime | None:
    """The instant at which the present quiet ends; None when it is not quiet. A wall-clock end that a clock change
    skips comes as much later as the clock jumped."""
    if not is_quiet(instant, zone, begin, end):
        return None
    assert end is not None
    local = instant.astimezone(ZoneInfo(zone))
    wanted = time(*divmod(end % DAY, 60))
    for days in (0, 1, 2):
        wall = datetime.combine(local.date() + timedelta(days=days), wanted)
        for fold in (0, 1):
            # A time that comes twice counts both times: the quiet may have begun again with the second.
            candidate = wall.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(instant.tzinfo)
            candidate = max(candidate, as_utc(wall, zone)) if fold else as_utc(wall, zone)
            if candidate > instant and not is_quiet(candidate, zone, begin, end):
                return candidate
    raise AssertionError("every quiet ends within two days")
