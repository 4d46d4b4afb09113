"""Nobody is disturbed in their quiet hours, on their own wall clock, whichever night the clocks are changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from retail.notifications.quiet_hours import is_quiet, quiet_until

NIGHT = (22 * 60, 7 * 60)


def at(text, zone):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize(
    ("moment", "quiet"),
    [("2026-06-10T21:59", False), ("2026-06-10T22:00", True), ("2026-06-11T06:59", True), ("2026-06-11T07:00", False)],
)
def test_the_night_begins_and_ends_by_the_wall_clock(moment, quiet):
    assert is_quiet(at(moment, "America/New_York"), "America/New_York", *NIGHT) is quiet


def test_hours_within_one_day_and_none_at_all():
    noon = at("2026-06-10T12:30", "Europe/London")
    assert is_quiet(noon, "Europe/London", 12 * 60, 13 * 60)
    assert not is_quiet(noon, "Europe/London", 13 * 60, 12 * 60 + 15)
    assert not is_quiet(noon, "Europe/London", None, None)
    assert not is_quiet(noon, "Europe/London", 600, 600)
    assert quiet_until(noon, "Europe/London", None, None) is None


@pytest.mark.parametrize("day", ["2026-03-28", "2026-10-24", "2026-06-10"])
def test_a_night_ends_at_the_hour_on_the_wall_whatever_the_clock_does(day):
    late = at(f"{day}T23:30", "Europe/Berlin")
    end = quiet_until(late, "Europe/Berlin", *NIGHT)
    local = end.astimezone(ZoneInfo("Europe/Berlin"))
    assert (local.hour, local.minute) == (7, 0)
    assert end - late < timedelta(hours=9)


def test_an_end_that_the_clock_skips_comes_when_the_clock_goes_on():
    begin = at("2026-03-29T00:30", "Europe/Berlin")
    end = quiet_until(begin, "Europe/Berlin", 0, 2 * 60 + 30)
    assert end.astimezone(ZoneInfo("Europe/Berlin")).strftime("%H:%M") == "03:30"


@pytest.mark.parametrize(
    "zone", ["Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia"]
)
@pytest.mark.parametrize("hours", [(60, 90), (90, 150), (22 * 60, 7 * 60), (0, 120), (105, 104)])
def test_every_quiet_ends_later_and_in_a_time_that_is_not_quiet(zone, hours):
    begin, end = hours
    for first in ("2026-03-07", "2026-03-28", "2026-04-04", "2026-10-03", "2026-10-24", "2026-10-31"):
        moment = datetime.fromisoformat(first).replace(tzinfo=UTC)
        for _step in range(60 * 24 * 2 // 15):
            until = quiet_until(moment, zone, begin, end)
            assert (until is None) == (not is_quiet(moment, zone, begin, end))
            if until is not None:
                assert until > moment
                assert not is_quiet(until, zone, begin, end)
                assert until - moment <= timedelta(hours=50)
            moment += timedelta(minutes=15)
