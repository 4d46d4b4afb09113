"""How tests say how somebody wants to be told, tell them, and look at what left."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from retail.core import tasks
from retail.core.db import reading, session, unit_of_work
from retail.notifications import preference_services as preferences
from retail.notifications.models import Notification, NotificationDelivery
from retail.notifications.services import Message, notify

KEYS = (
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    "BTBZMqHH6r4Tts7J_aSIgg",
)
REACH: dict[str, Any] = {
    "phone": "",
    "quiet_from": None,
    "quiet_to": None,
    "urgent_anyway": True,
    "digest": "daily",
    "digest_hour": 8,
}


def reach(user_id, **more):
    with unit_of_work():
        preferences.set_reach(user_id, **{**REACH, **more})


def wants(user_id, **values):
    """wants(user, email="now") for the category `orders`, of which nothing is sent by default."""
    with unit_of_work():
        preferences.choose(user_id, {("orders", channel): value for channel, value in values.items()})


def tell(*user_ids, severity="info", title="A new order", group_key=None, category="orders"):
    with unit_of_work():
        notify(user_ids, Message(category, severity, title, "For Ada.", "notifications.index", group_key=group_key))
    with reading():
        return session.scalars(select(Notification.id).order_by(Notification.id.desc())).first()


def send():
    """Whatever is due now."""
    return tasks.run_due()


def left(*names):
    """The deliveries as (channel, state), and whatever else is named, in the order in which they were planned."""
    with reading():
        rows = session.scalars(select(NotificationDelivery).order_by(NotificationDelivery.id))
        return [(row.channel, row.state, *(getattr(row, name) for name in names)) for row in rows]
