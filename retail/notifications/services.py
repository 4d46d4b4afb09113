"""Telling people, and what they do with what they were told; the only writer of notifications."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, delete, func, select, update

from retail.core.clock import now
from retail.core.db import session
from retail.core.errors import NotFound
from retail.core.events import Event
from retail.core.push import push_after_commit
from retail.core.retention import passes
from retail.core.tenancy import insert_owned, insert_owned_returning
from retail.notifications.delivery_services import plan_deliveries
from retail.notifications.models import Notification
from retail.notifications.preference_queries import reach
from retail.notifications.queries import those_at

SILENT_GROUP = timedelta(days=1)
"""How long what a person muted goes on gathering in one row."""
KIND = "notification"
"""What a person's screens are told when the bell changes."""


@dataclass(frozen=True)
class Message:
    """What is told. With a `group_key` it takes the place of an unread message of the same group; `count` is how many
    things it speaks of, by default one more than before. What is said to each `per_person`, of what they may see
    anyway, does not belong to the location of the event that led to it."""

    category: str
    severity: str
    title: str
    text: str = ""
    endpoint: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    group_key: str | None = None
    count: int | None = None
    actor: str = ""
    per_person: bool = False


def notify(user_ids: Collection[int], message: Message, event_id: int | None = None) -> int:
    """Tell those of these people who work where the event happened; returns how many were told. Nobody is told of one
    event twice, nor of one thing again while they have not read of it."""
    at = _where(event_id) if not message.per_person else (None, None)
    people = set(those_at(user_ids, *at))
    if event_id is not None and people:
        people -= _told_already(people, message, event_id)
    if not people:
        return 0
    instant, told = now(), len(people)
    if message.group_key is not None:
        people -= _grow(people, message, event_id, instant)
    wanted = reach(people, message.category)
    order = sorted(people)
    common = {
        "category": message.category,
        "severity": message.severity,
        "title": message.title,
        "text": message.text,
        "endpoint": message.endpoint,
        "arguments": dict(message.arguments),
        "actor_name": message.actor,
        "group_key": message.group_key,
        "count": 1 if message.count is None else message.count,
        "event_id": event_id,
        "location_id": at[0],
        "to_location_id": at[1],
        "created_at": instant,
        "happened_at": instant,
    }
    outward = [one for one in order if wanted[one].channels]
    inward = [one for one in order if not wanted[one].channels]
    insert_owned(Notification, [{**common, "user_id": one, "silent": wanted[one].silent} for one in inward])
    # Only what is sent further needs its number, which costs a statement for each on SQLite.
    made = insert_owned_returning(
        Notification, [{**common, "user_id": one, "silent": wanted[one].silent} for one in outward]
    )
    plan_deliveries([(number, one, wanted[one]) for number, one in zip(made, outward, strict=True)], message.severity)
    for one in order:
        if not wanted[one].silent:
            push_after_commit(KIND, None, user_id=one)
    return told


def _where(event_id: int | None) -> tuple[int | None, int | None]:
    """The locations of an event; none for what concerns the business as a whole."""
    if event_id is None:
        return None, None
    row = session.execute(select(Event.location_id, Event.to_location_id).where(Event.id == event_id)).one_or_none()
    return (row.location_id, row.to_location_id) if row is not None else (None, None)


def _told_already(people: Collection[int], message: Message, event_id: int) -> set[int]:
    later = select(Notification.user_id).where(Notification.user_id.in_(people), Notification.event_id >= event_id)
    if message.group_key is None:
        later = later.where(Notification.event_id == event_id, Notification.category == message.category)
    else:
        later = later.where(Notification.group_key == message.group_key)
    return set(session.scalars(later))


def _grow(people: Collection[int], message: Message, event_id: int | None, instant: datetime) -> set[int]:
    """Let unread notifications of the group speak of this as well; returns whom that reaches."""
    assert message.group_key is not None
    grown = set()
    for row in session.scalars(_unread(message.group_key).with_for_update()):
        if row.user_id not in people:
            continue
        if row.silent and row.created_at < instant - SILENT_GROUP:
            # Nobody will read it: it must not keep the next one from being sent.
            row.read_at = instant
            continue
        row.category, row.severity = message.category, message.severity
        row.title, row.text = message.title, message.text
        row.endpoint, row.arguments, row.actor_name = message.endpoint, dict(message.arguments), message.actor
        row.count = row.count + 1 if message.count is None else message.count
        row.happened_at, row.event_id = instant, event_id if event_id is not None else row.event_id
        grown.add(row.user_id)
        if not row.silent:
            push_after_commit(KIND, None, user_id=row.user_id)
    session.flush()
    return grown


def settle(group_key: str, concerns: Callable[[int], bool]) -> int:
    """What a group speaks of is over for the people whom it `concerns`: none of them needs to read of it any more.
    Returns how many had not."""
    rows = [one for one in session.scalars(_unread(group_key)) if concerns(one.user_id)]
    for row in rows:
        row.read_at = now()
        push_after_commit(KIND, None, user_id=row.user_id)
    return len(rows)


def retell(group_key: str, title: str, text: str, count: int, concerns: Callable[[int], bool]) -> None:
    """Bring unread messages of a group up to date for the people whom it `concerns`, without telling anybody anew."""
    for row in session.scalars(_unread(group_key)):
        if concerns(row.user_id):
            row.title, row.text, row.count = title, text, count


def forget_group(group_key: str, user_id: int) -> None:
    """Take back all that somebody was ever told of a group."""
    gone = delete(Notification).where(Notification.group_key == group_key, Notification.user_id == user_id)
    session.execute(gone, execution_options={"synchronize_session": False})
    push_after_commit(KIND, None, user_id=user_id)


def summarize(group_key: str, words: Callable[[int], tuple[str, str]], endpoint: str) -> None:
    """Let unread messages of a group that grew beyond one thing speak of all of them: `words` makes title and text of
    their number, `endpoint` is the page of them all."""
    for row in session.scalars(_unread(group_key)):
        if row.count > 1:
            row.title, row.text = words(row.count)
            row.endpoint, row.arguments = endpoint, {}


def _unread(group_key: str) -> Any:
    return select(Notification).where(
        Notification.group_key == group_key, Notification.read_at.is_(None), Notification.archived_at.is_(None)
    )


def own(notification_id: int, user_id: int) -> Notification:
    """One of a person's notifications. NotFound when it is somebody else's."""
    row = session.get(Notification, notification_id)
    if row is None or row.user_id != user_id:
        raise NotFound(_("There is no such notification."))
    return row


def mark_read(notification_id: int, user_id: int) -> Notification:
    """Note that a person has seen it."""
    row = own(notification_id, user_id)
    row.read_at = row.read_at or now()
    push_after_commit(KIND, None, user_id=user_id)
    return row


def mark_unread(notification_id: int, user_id: int) -> Notification:
    """Let the bell count it again. It stands alone from now on, so that news of its group can come beside it."""
    row = own(notification_id, user_id)
    row.read_at, row.archived_at, row.group_key, row.silent = None, None, None, False
    push_after_commit(KIND, None, user_id=user_id)
    return row


def mark_all_read(user_id: int, category: str = "") -> int:
    """Note that a person has seen everything, or everything of a category; returns how many they had not."""
    statement = update(Notification).where(
        Notification.user_id == user_id, Notification.read_at.is_(None), Notification.archived_at.is_(None)
    )
    if category:
        statement = statement.where(Notification.category == category)
    seen = session.execute(
        statement.values(read_at=now()).returning(Notification.id).execution_options(synchronize_session=False)
    )
    push_after_commit(KIND, None, user_id=user_id)
    return len(seen.all())


def archive(notification_id: int, user_id: int) -> Notification:
    """Put it away; it stays in the archive, and comes back as it was by `restore`."""
    row = own(notification_id, user_id)
    row.archived_at = row.archived_at or now()
    push_after_commit(KIND, None, user_id=user_id)
    return row


def restore(notification_id: int, user_id: int) -> Notification:
    """Take it out of the archive, read or unread as it was. News of its group that came meanwhile stays beside it."""
    row = own(notification_id, user_id)
    if row.archived_at is not None:
        row.archived_at, row.group_key = None, None
        push_after_commit(KIND, None, user_id=user_id)
    return row


@passes("notifications", Notification, days=180)
def read_before(instant: datetime) -> ColumnElement[bool]:
    """What somebody read or put away long ago; what nobody has read stays."""
    return func.coalesce(Notification.read_at, Notification.archived_at) < instant
