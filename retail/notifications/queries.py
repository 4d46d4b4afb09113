"""Reads of notifications and of who is to be told."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import Select, func, select

from retail.core.clock import as_utc
from retail.core.db import session
from retail.core.places import Places, shares_a_place
from retail.identity.models import Role, User
from retail.identity.place_queries import places_by_person
from retail.notifications.models import Notification
from retail.permissions import OF_THE_WHOLE, Can

PAGE_SIZE = 40
VIEWS = ("all", "unread", "archive")


@dataclass(frozen=True)
class Wanted:
    """Which of somebody's notifications: `view` is all, unread or archive; days are those of the clock in `zone`."""

    view: str = "all"
    category: str = ""
    severity: str = ""
    first: date | None = None
    last: date | None = None
    zone: str = "UTC"


@dataclass(frozen=True)
class Told:
    """A page of somebody's notifications, newest first; `before` is where the next page begins."""

    rows: Sequence[Notification]
    before: int | None


def unread_count(user_id: int) -> int:
    """What the bell shows."""
    statement = select(func.count()).select_from(Notification)
    unread = (Notification.read_at.is_(None), Notification.archived_at.is_(None), Notification.silent.is_(False))
    return session.scalar(statement.where(Notification.user_id == user_id, *unread)) or 0


def told(user_id: int, wanted: Wanted | None = None, before: int | None = None) -> Told:
    """Somebody's notifications, from the one before `before` on."""
    statement = _narrowed(select(Notification).where(Notification.user_id == user_id), wanted or Wanted())
    if before is not None:
        anchor = session.get(Notification, before)
        if anchor is not None:
            when = anchor.happened_at
            earlier = (Notification.happened_at == when) & (Notification.id < before)
            statement = statement.where((Notification.happened_at < when) | earlier)
    newest_first = statement.order_by(Notification.happened_at.desc(), Notification.id.desc())
    rows = session.scalars(newest_first.limit(PAGE_SIZE + 1)).all()
    more = len(rows) > PAGE_SIZE
    return Told(rows[:PAGE_SIZE], rows[PAGE_SIZE - 1].id if more else None)


def categories_of(user_id: int) -> list[str]:
    """The categories somebody has been told of."""
    found = select(Notification.category).where(Notification.user_id == user_id).distinct()
    return sorted(session.scalars(found))


def _narrowed(statement: Select[Notification], wanted: Wanted) -> Select[Notification]:
    if wanted.view == "archive":
        statement = statement.where(Notification.archived_at.is_not(None))
    else:
        statement = statement.where(Notification.archived_at.is_(None))
    if wanted.view == "unread":
        statement = statement.where(Notification.read_at.is_(None), Notification.silent.is_(False))
    if wanted.category:
        statement = statement.where(Notification.category == wanted.category)
    if wanted.severity:
        statement = statement.where(Notification.severity == wanted.severity)
    if wanted.first is not None:
        statement = statement.where(Notification.happened_at >= _begin_of(wanted.first, wanted.zone))
    if wanted.last is not None and wanted.last < date.max:
        statement = statement.where(Notification.happened_at < _begin_of(wanted.last + timedelta(days=1), wanted.zone))
    return statement


def _begin_of(day: date, zone: str) -> datetime:
    """The first instant of a day; days at the ends of the calendar are moved in, for zones reach beyond them."""
    inside = min(max(day, date(2, 1, 1)), date(9998, 12, 31))
    return as_utc(datetime.combine(inside, time(0)), zone)


def who_can(permission: Can) -> list[int]:
    """The active users whose role holds a permission; one of the whole business only those who work everywhere."""
    asked = select(User.id, User.everywhere, Role.permissions).join(Role, Role.id == User.role_id).where(User.active)
    return [
        row.id
        for row in session.execute(asked)
        if permission in row.permissions and (row.everywhere or permission not in OF_THE_WHOLE)
    ]


def those_at(user_ids: Collection[int], *location_ids: int | None) -> list[int]:
    """Those of some people who work at one of these locations; all of them where none is named."""
    at = frozenset(one for one in location_ids if one is not None)
    if not at or not user_ids:
        return list(user_ids)
    return [one for one, places in places_by_id(user_ids).items() if shares_a_place(places, at)]


def places_by_id(user_ids: Collection[int]) -> dict[int, Places]:
    """Where each of some people works."""
    return places_by_person(session.scalars(select(User).where(User.id.in_(user_ids))).all())
