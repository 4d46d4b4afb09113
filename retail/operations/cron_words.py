"""Cron lines for people: read out in words, and written from a few choices."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask_babel import get_locale
from flask_babel import gettext as _

from retail.core.errors import Refused

EVERY = ("hour", "day", "week", "month", "custom")


@dataclass(frozen=True)
class Rhythm:
    """When something happens: hourly, daily, weekly (`weekday` 0 is Sunday), monthly (on `day`) or by a cron line."""

    every: str
    time: str = "07:00"
    weekday: int = 1
    day: int = 1
    cron: str = ""


def rhythm_of(cron: str) -> Rhythm:
    """The rhythm a cron line has; `custom` when it is none of the simple ones."""
    fields = cron.split()
    if len(fields) != 5 or not fields[0].isdecimal() or fields[3] != "*":
        return Rhythm("custom", cron=cron)
    minute, hour, day, _month, weekday = fields
    if (hour, day, weekday) == ("*", "*", "*"):
        return Rhythm("hour", f"00:{int(minute):02}", cron=cron)
    if not hour.isdecimal():
        return Rhythm("custom", cron=cron)
    at = f"{int(hour):02}:{int(minute):02}"
    if (day, weekday) == ("*", "*"):
        return Rhythm("day", at, cron=cron)
    if day == "*" and weekday.isdecimal():
        return Rhythm("week", at, weekday=int(weekday) % 7, cron=cron)
    if weekday == "*" and day.isdecimal():
        return Rhythm("month", at, day=int(day), cron=cron)
    return Rhythm("custom", cron=cron)


def cron_of(rhythm: Rhythm) -> str:
    """The cron line of a rhythm. Refused when its time cannot be read."""
    if rhythm.every == "custom":
        return " ".join(rhythm.cron.split())
    found = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", rhythm.time.strip())
    if not found:
        raise Refused(_("Write a time such as 07:30."), field="time")
    hour, minute = int(found[1]), int(found[2])
    if rhythm.every == "hour":
        return f"{minute} * * * *"
    if rhythm.every == "week":
        return f"{minute} {hour} * * {rhythm.weekday}"
    if rhythm.every == "month":
        if not 1 <= rhythm.day <= 28:
            raise Refused(_("Choose a day from 1 to 28: every month has those."), field="day")
        return f"{minute} {hour} {rhythm.day} * *"
    return f"{minute} {hour} * * *"


def weekday_name(weekday: int) -> str:
    """The day's name; 0 is Sunday."""
    names = get_locale().days["stand-alone"]["wide"]
    return str(names[(weekday - 1) % 7])


def in_words(cron: str) -> str:
    """When a cron line happens, as people say it."""
    rhythm = rhythm_of(cron)
    if rhythm.every == "hour":
        minute = int(rhythm.time[3:])
        return str(_("every hour") if not minute else _("every hour at %(minute)s past", minute=minute))
    if rhythm.every == "day":
        return str(_("every day at %(time)s", time=rhythm.time))
    if rhythm.every == "week":
        return str(_("every %(day)s at %(time)s", day=weekday_name(rhythm.weekday), time=rhythm.time))
    if rhythm.every == "month":
        return str(_("on day %(day)s of every month at %(time)s", day=rhythm.day, time=rhythm.time))
    steps = re.fullmatch(r"\*/(\d+) \* \* \* \*", cron)
    if steps:
        return str(_("every %(minutes)s minutes", minutes=steps[1]))
    return cron
