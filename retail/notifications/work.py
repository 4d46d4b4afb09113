"""Sending what people are told outside the program: each delivery alone, digests by the clock."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from retail.core.clock import as_utc, now
from retail.core.db import session, unit_of_work
from retail.core.language import locale_of, speaking
from retail.core.links import absolute
from retail.core.schedules import stand
from retail.core.tasks import ask_for, task
from retail.identity.models import User
from retail.notifications import letters
from retail.notifications.channels import CHANNELS_OUT
from retail.notifications.delivery_services import (
    TASK,
    begin_attempt,
    end,
    settle_attempt,
    take_up_lost,
)
from retail.notifications.models import Addressee, Notification, NotificationDelivery
from retail.notifications.outcomes import Parcel
from retail.notifications.preference_queries import addressee_of, zone_of
from retail.notifications.preference_services import note_digest
from retail.notifications.quiet_hours import is_quiet, quiet_until
from retail.tenancy.queries import current_tenant

DIGEST = "notifications.digest"
MORNING = 8
"""The hour of the digest of whoever never chose one."""
stand("notification-digests", _l("Digests of notifications"), "notifications.digests", "0 * * * *")


def parcel_of(row: NotificationDelivery) -> Parcel:
    """What a delivery carries, in its reader's words."""
    notification = session.get_one(Notification, row.notification_id)
    user = session.get_one(User, row.user_id)
    return Parcel(
        delivery_id=row.id,
        user_id=user.id,
        name=user.name,
        target=row.target,
        shop=current_tenant().name,
        title=notification.title,
        text=notification.text,
        category=notification.category,
        severity=notification.severity,
        url=absolute("notifications.go", notification_id=notification.id),
        reference=row.reference,
    )


@task(TASK, _l("Send a notification"), queue="default", timeout=120, quiet=True, of_business=True)
def deliver(
    progress: object,  # noqa: ARG001  every task is handed it
    delivery_id: int,
) -> dict[str, Any] | None:
    """One attempt: count it, prepare it, talk to the world outside of a transaction, note what came of it. It counts
    before anything can break, so that what breaks every time is given up as well."""
    with unit_of_work():
        if not begin_attempt(delivery_id):
            return None
    with unit_of_work():
        row = session.get_one(NotificationDelivery, delivery_id)
        with speaking(locale_of(row.user_id)):
            send = CHANNELS_OUT[row.channel].prepare(parcel_of(row))
    outcome = send()
    with unit_of_work():
        settle_attempt(delivery_id, outcome)
    return {"state": outcome.state}


@task(
    "notifications.digests", _l("Digests of notifications"), queue="default", timeout=900, quiet=True, of_business=True
)
def digests(
    progress: object,  # noqa: ARG001  every task is handed it
) -> dict[str, Any]:
    """Ask for the digest of each person whose time has come, in a task of its own: where one breaks, the others get
    theirs."""
    instant = now()
    with unit_of_work():
        take_up_lost()
    with unit_of_work():
        waiting = select(NotificationDelivery.user_id).where(NotificationDelivery.state == "digest")
        people = select(User, Addressee).outerjoin(Addressee, Addressee.user_id == User.id)
        found = session.execute(people.where(User.id.in_(waiting)).order_by(User.id)).all()
        due = [user.id for user, row in found if digest_day(row, zone_of(user), instant) is not None]
        for user_id in due:
            ask_for(DIGEST, key=f"{user_id}@{instant:%Y-%m-%dT%H}", user_id=user_id)
    return {"asked": len(due)}


@task(DIGEST, _l("Digest of one person's notifications"), queue="default", timeout=300, quiet=True, of_business=True)
def digest(
    progress: object,  # noqa: ARG001  every task is handed it
    user_id: int,
) -> dict[str, Any]:
    """Send somebody one mail of all that waits for it. Running it twice sends nothing twice: what a mail speaks of is
    taken out of the queue in the transaction that writes the mail."""
    with unit_of_work():
        return {"sent": _digest_for(user_id, now())}


def digest_day(row: Addressee | None, zone: str, instant: datetime) -> str | None:
    """The day on somebody's wall clock whose digest is to go now, every hour or once a day from their hour on; None
    when none is. In quiet hours none goes: one whose hour is quiet follows when they end, maybe on the next day."""
    today = instant.astimezone(ZoneInfo(zone)).date()
    quiet = (None, None) if row is None else (row.quiet_from, row.quiet_to)
    if is_quiet(instant, zone, *quiet):
        return None
    if row is not None and row.digest == "hourly":
        return today.isoformat()
    hour, last = (MORNING, "") if row is None else (row.digest_hour, row.last_digest_on)
    for day in (today, today - timedelta(days=1)):
        struck = as_utc(datetime.combine(day, time(hour)), zone)
        leaves = quiet_until(struck, zone, *quiet) or struck
        if leaves <= instant and leaves.astimezone(ZoneInfo(zone)).date() == today and last < day.isoformat():
            return day.isoformat()
    return None


def _digest_for(user_id: int, instant: datetime) -> int:
    """Write one person's digest; returns how many mails that were."""
    user, row = session.get_one(User, user_id), addressee_of(user_id)
    day = digest_day(row, zone_of(user), instant)
    if day is None:
        return 0
    statement = select(NotificationDelivery).where(
        NotificationDelivery.user_id == user_id, NotificationDelivery.state == "digest"
    )
    deliveries = list(session.scalars(statement.order_by(NotificationDelivery.id).with_for_update()))
    told = {}
    for delivery in deliveries:
        notification = session.get_one(Notification, delivery.notification_id)
        if notification.read_at is not None or notification.archived_at is not None:
            end(delivery, "dropped", _("It was read before it was sent."))
        elif row is not None and row.refuses(user.email):
            end(delivery, "stopped", row.email_stopped)
        elif not user.active:
            end(delivery, "stopped")
        else:
            told[delivery.id] = (delivery, notification)
    if not told:
        return 0
    with speaking(locale_of(user.id)):
        written = letters.write_digest(user, [notification for _delivery, notification in told.values()])
    for delivery, _notification in told.values():
        end(delivery, "sent")
        delivery.reference, delivery.attempts = str(written.id), 1
    note_digest(user_id, day)
    return 1
