"""The lists for administrators: what was sent to whom by which way, and every text."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, select

from retail.core.tables import Column, Filter, Table, choices_of
from retail.identity.models import User
from retail.notifications.labels import CHANNEL_WORDS, STATE_TONES, STATE_WORDS, TEXT_STATES
from retail.notifications.models import Notification, NotificationDelivery, ShortMessage
from retail.permissions import Can

OUTWARD = tuple((name, words) for name, words in CHANNEL_WORDS.items() if name != "in_app")


class Deliveries(Table):
    """Every message outside the program: to whom, by which way, and what came of it."""

    name = "notification-deliveries"
    label = _l("Deliveries")
    order = "-planned"
    needs = Can.SEE_DELIVERIES
    row_id = NotificationDelivery.id
    columns = {
        "title": Column(
            _l("Notification"),
            Notification.title,
            search=True,
            sortable=False,
            link=lambda row: url_for("notifications.delivery_page", delivery_id=row.row_id),
        ),
        "who": Column(_l("To"), User.name, search=True, sortable=False),
        "channel": Column(
            _l("Way"), NotificationDelivery.channel, show=lambda name: str(CHANNEL_WORDS.get(name, name))
        ),
        "planned": Column(_l("Planned"), NotificationDelivery.created_at, "datetime"),
        "attempts": Column(_l("Attempts"), NotificationDelivery.attempts, "integer"),
        "next": Column(_l("Next attempt"), NotificationDelivery.due_at, "datetime"),
        "state": Column(
            _l("State"),
            NotificationDelivery.state,
            show=lambda state: str(STATE_WORDS.get(state, state)),
            tone=STATE_TONES.get,
        ),
    }
    filters = {
        "channel": Filter(
            _l("Every way"), lambda s, v: s.where(NotificationDelivery.channel == v), "choice", choices_of(*OUTWARD)
        ),
        "state": Filter(
            _l("Every state"),
            lambda s, v: s.where(NotificationDelivery.state == v),
            "choice",
            choices_of(*STATE_WORDS.items()),
        ),
    }
    empty = {
        "title": _l("Nothing was sent yet"),
        "text": _l("Notifications that leave by mail, SMS or to a browser are listed here, with every attempt."),
        "icon": "send",
    }

    def source(self) -> Select[Any]:
        return (
            select(NotificationDelivery)
            .join(Notification, Notification.id == NotificationDelivery.notification_id)
            .join(User, User.id == NotificationDelivery.user_id)
        )


class Texts(Table):
    """Every SMS the program wrote."""

    name = "texts"
    label = _l("SMS")
    order = "-created"
    needs = Can.SEE_MAILBOX
    row_id = ShortMessage.id
    columns = {
        "text": Column(_l("Text"), ShortMessage.text, search=True, sortable=False),
        "to": Column(_l("To"), ShortMessage.to_number, search=True),
        "created": Column(_l("Written"), ShortMessage.created_at, "datetime"),
        "state": Column(
            _l("State"),
            ShortMessage.state,
            show=lambda state: str(TEXT_STATES.get(state, state)),
            tone=STATE_TONES.get,
        ),
        "error": Column(_l("Why not"), ShortMessage.error, sortable=False),
    }
    filters = {
        "state": Filter(
            _l("Every state"),
            lambda s, v: s.where(ShortMessage.state == v),
            "choice",
            choices_of(*TEXT_STATES.items()),
        ),
    }
    empty = {
        "title": _l("No SMS yet"),
        "text": _l("Every text the program writes is kept here, also while no account is there to send it."),
        "icon": "device-mobile",
    }

    def source(self) -> Select[Any]:
        return select(ShortMessage)
