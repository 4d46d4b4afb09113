"""Typed filters: ranges of numbers and of days, written into the address so that people can read them there.

`10..20` is from ten to twenty, `10..` at least ten, `..20` at most twenty. Days are written `2026-01-01..2026-01-31`,
or as the name of a period (`this-month`), which means another month when the link is opened again in the next.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING, Any

from babel.numbers import NumberFormatError
from flask_babel import format_date, get_timezone
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Integer, Select

from retail.core import shown
from retail.core.clock import as_utc, now
from retail.core.forms import read_decimal

if TYPE_CHECKING:
    from retail.core.tables.declared import Filter

RANGE = ".."
FIRST_YEAR, LAST_YEAR = 1900, 9998
PERIODS: dict[str, Any] = {
    "today": _l("Today"),
    "yesterday": _l("Yesterday"),
    "last-7-days": _l("Last 7 days"),
    "last-30-days": _l("Last 30 days"),
    "this-week": _l("This week"),
    "this-month": _l("This month"),
    "last-month": _l("Last month"),
    "this-year": _l("This year"),
    "last-year": _l("Last year"),
}


def _zone() -> str:
    return str(get_timezone() or "UTC")


def today() -> date:
    """The day it is where the reader is."""
    return _day_of(now())


def _day_of(instant: datetime) -> date:
    """The day of an instant on the reader's calendar."""
    return instant.astimezone(get_timezone()).date() if get_timezone() else instant.date()


def period(name: str, day: date) -> tuple[date, date] | None:
    """The first and the last day of a period by name, seen from `day`; None for a name nobody knows."""
    month = day.replace(day=1)
    before = month - timedelta(days=1)
    week = day - timedelta(days=day.weekday())
    return {
        "today": (day, day),
        "yesterday": (day - timedelta(days=1), day - timedelta(days=1)),
        "last-7-days": (day - timedelta(days=6), day),
        "last-30-days": (day - timedelta(days=29), day),
        "this-week": (week, week + timedelta(days=6)),
        "this-month": (month, (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)),
        "last-month": (before.replace(day=1), before),
        "this-year": (date(day.year, 1, 1), date(day.year, 12, 31)),
        "last-year": (date(day.year - 1, 1, 1), date(day.year - 1, 12, 31)),
    }.get(name)


def read_day(text: str) -> date | None:
    """A day as the address writes it; None for nothing and for nonsense, such as years whose first or last midnight
    somewhere on earth no calendar has."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if FIRST_YEAR <= day.year <= LAST_YEAR else None


def read_number(text: str) -> Decimal | None:
    """A number as people type it; None for nothing and for nonsense."""
    if not text.strip():
        return None
    try:
        return read_decimal(text.strip(), 4)
    except (ValueError, ArithmeticError, NumberFormatError):
        return None


def days_of(text: str) -> tuple[date | None, date | None]:
    """The days a filter's value means, either end open."""
    known = period(text, today())
    if known is not None:
        return known
    first, _dots, last = text.partition(RANGE)
    return read_day(first), read_day(last)


def numbers_of(text: str) -> tuple[Decimal | None, Decimal | None]:
    """The numbers a filter's value means, either end open."""
    low, _dots, high = text.partition(RANGE)
    return read_number(low), read_number(high)


def _between(column: Any, ends: Callable[[str], tuple[Any, Any]]) -> Callable[[Select[Any], str], Select[Any]]:
    def apply(statement: Select[Any], text: str) -> Select[Any]:
        low, high = ends(text)
        if low is not None:
            statement = statement.where(column >= low)
        return statement if high is None else statement.where(column <= high)

    return apply


def among_numbers(column: Any) -> Callable[[Select[Any], str], Select[Any]]:
    """The `apply` of a filter of kind `numbers`: a column of amounts, quantities or counts between two numbers. Ends
    with more places than the column keeps mean the nearest value within them."""
    places = getattr(column.type, "places", 0 if isinstance(column.type, Integer) else None)

    def ends(text: str) -> tuple[Decimal | None, Decimal | None]:
        low, high = numbers_of(text)
        if places is None:
            return low, high
        step = Decimal(1).scaleb(-places)
        return (
            None if low is None else low.quantize(step, ROUND_CEILING),
            None if high is None else high.quantize(step, ROUND_FLOOR),
        )

    return _between(column, ends)


def among_days(column: Any) -> Callable[[Select[Any], str], Select[Any]]:
    """The `apply` of a filter of kind `days`, for a column of dates."""
    return _between(column, days_of)


def among_instants(column: Any) -> Callable[[Select[Any], str], Select[Any]]:
    """The `apply` of a filter of kind `days`, for a column of instants: days begin at the reader's midnight."""

    def apply(statement: Select[Any], text: str) -> Select[Any]:
        first, last = days_of(text)
        if first is not None:
            statement = statement.where(column >= as_utc(datetime.combine(first, time()), _zone()))
        if last is not None:
            end = as_utc(datetime.combine(last + timedelta(days=1), time()), _zone())
            statement = statement.where(column < end)
        return statement

    return apply


def means_something(one: Filter, value: str) -> bool:
    """Whether a value narrows at all: nonsense in the address is passed over."""
    if one.kind == "days":
        return days_of(value) != (None, None)
    if one.kind == "numbers":
        return numbers_of(value) != (None, None)
    if one.kind == "date":
        return read_day(value) is not None
    return bool(value)


def in_words(one: Filter, value: str) -> str:
    """What a filter is set to, for its chip: `10 – 20`, `This month`, `Drinks > Tea`."""
    if one.kind == "choice":
        return next((str(label) for key, label in (one.choices() if one.choices else ()) if str(key) == value), value)
    if one.kind == "days":
        return str(PERIODS[value]) if value in PERIODS else _span(*(_day(end) for end in days_of(value)))
    if one.kind == "numbers":
        return _span(*(None if end is None else shown.quantity(end) for end in numbers_of(value)))
    if one.kind == "date":
        return _day(read_day(value)) or value
    return value


def _day(day: date | None) -> str | None:
    return None if day is None else str(format_date(day, "medium", rebase=False))


def _span(low: str | None, high: str | None) -> str:
    if low is None:
        return str(_("up to %(end)s", end=high))
    if high is None:
        return str(_("from %(start)s", start=low))
    return low if low == high else f"{low} – {high}"
