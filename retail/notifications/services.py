"""Telling people, and what they do with what they were told; the only writer of notifications."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, select, update

from retail.core.clock import now
from retail.core.db import session
from retail.core.errors import NotFound
from retail.core.push import push_after_commit
from retail.core.retention import passes
from retail.notifications.models import Notification

KIND = "notification"
"""What a person's screens are told when the bell changes."""


@dataclass(frozen=True)
class Message:
    """What is told. With a `group_key` it takes the place of an unread message of the same group; `count` is how many
    things it speaks of, by default one more than before."""

    category: str
    severity: str
    title: str
    text: str = ""
    endpoint: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    group_key: str | None = None
    count: int | None = None


def notify(user_ids: Collection[int], message: Message, event_id: int | None = None) -> int:
    """Tell these people; returns how many were told. Nobody is told of one event twice, nor of one thing again while
    they have not read of it."""
    people = set(user_ids)
    if event_id is not None:
        later = select(Notification.user_id).where(Notification.user_id.in_(people), Notification.event_id >= event_id)
        if message.group_key is None:
            later = later.where(Notification.event_id == event_id, Notification.category == message.category)
        else:
            later = later.where(Notification.group_key == message.group_key)
        people -= set(session.scalars(later))
    unread: dict[int, Notification] = {}
    if message.group_key is not None:
        unread = {row.user_id: row for row in session.scalars(_unread(message.group_key).with_for_update())}
    instant = now()
    for user_id in sorted(people):
        row = unread.get(user_id)
        if row is None:
            row = Notification(user_id=user_id, group_key=message.group_key, created_at=instant, count=0)
            session.add(row)
        row.category, row.severity = message.category, message.severity
        row.title, row.text = message.title, message.text
        row.endpoint, row.arguments = message.endpoint, dict(message.arguments)
        row.count = row.count + 1 if message.count is None else message.count
        row.happened_at = instant
        row.event_id = event_id if event_id is not None else row.event_id
        push_after_commit(KIND, None, user_id=user_id)
    session.flush()
    return len(people)


def settle(group_key: str) -> int:
    """What a group speaks of is over: nobody needs to read of it any more. Returns how many people had not."""
    rows = session.scalars(_unread(group_key)).all()
    for row in rows:
        row.read_at = now()
        push_after_commit(KIND, None, user_id=row.user_id)
    return len(rows)


def retell(group_key: str, title: str, text: str, count: int) -> None:
    """Bring unread messages of a group up to date without telling anybody anew."""
    for row in session.scalars(_unread(group_key)):
        row.title, row.text, row.count = title, text, count


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
    row.read_at, row.archived_at, row.group_key = None, None, None
    push_after_commit(KIND, None, user_id=user_id)
    return row


def mark_all_read(user_id: int) -> int:
    """Note that a person has seen everything; returns how many they had not."""
    seen = session.execute(
        update(Notification)
        .where(Notification.user_id == user_id, Notification.read_at.is_(None), Notification.archived_at.is_(None))
        .values(read_at=now())
        .returning(Notification.id)
        .execution_options(synchronize_session=False)
    )
    push_after_commit(KIND, None, user_id=user_id)
    return len(seen.all())


def archive(notification_id: int, user_id: int) -> Notification:
    """Put it away; it stays in the archive."""
    row = own(notification_id, user_id)
    row.read_at, row.archived_at = row.read_at or now(), now()
    push_after_commit(KIND, None, user_id=user_id)
    return row


@passes("notifications", Notification, days=180)
def read_before(instant: datetime) -> ColumnElement[bool]:
    """What somebody read long ago; what nobody has read stays."""
    return Notification.read_at < instant
