"""What is sent to people outside the program: planned with the notification, tried until it arrives or never will."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import select

from retail.core.clock import now
from retail.core.db import session
from retail.core.errors import NotFound, Refused
from retail.core.tasks import ENDS, Task, ask_for
from retail.core.tenancy import insert_owned
from retail.identity.models import User
from retail.notifications import preference_services as preferences
from retail.notifications.models import Addressee, Notification, NotificationDelivery
from retail.notifications.outcomes import Outcome
from retail.notifications.preference_queries import Reach, zone_of
from retail.notifications.quiet_hours import quiet_until

TASK = "notifications.deliver"
RETRY_SECONDS = (30, 120, 600, 3600, 4 * 3600, 12 * 3600)
MOST_ATTEMPTS = len(RETRY_SECONDS) + 1
LOST_AFTER = timedelta(hours=1)
LEASE = timedelta(minutes=3)
"""An attempt keeps its delivery from every other for so long: longer than the task that makes it may take."""
CLOCKS_APART = timedelta(seconds=5)
"""By so much the clocks of two machines may differ; a task that comes this early is not early."""
LONGEST_WAIT = timedelta(hours=24)


def plan_deliveries(told: Sequence[tuple[int, int, Reach]], severity: str) -> None:
    """Put each new notification (id, user, how they are to be reached) on its way, in the present transaction."""
    instant = now()
    rows = [
        {
            "notification_id": notification_id,
            "user_id": user_id,
            "channel": channel,
            "target": target,
            "state": "digest" if value == "digest" else "waiting",
            "due_at": None if value == "digest" else instant,
            "created_at": instant,
        }
        for notification_id, user_id, wanted in told
        for channel, value in wanted.channels.items()
        for target in wanted.targets.get(channel, ())
    ]
    if not rows:
        return
    held = _held({row["user_id"] for row in rows if row["state"] == "waiting"}, severity, instant)
    for row in rows:
        if row["state"] == "waiting":
            row["due_at"] = held.get(int(str(row["user_id"])), instant)
    insert_owned(NotificationDelivery, rows)
    numbers = [notification_id for notification_id, _user_id, _wanted in told]
    waiting = select(NotificationDelivery).where(
        NotificationDelivery.notification_id.in_(numbers), NotificationDelivery.state == "waiting"
    )
    for delivery in session.scalars(waiting.order_by(NotificationDelivery.id)):
        hand_over(delivery)


def _held(user_ids: set[object], severity: str, instant: datetime) -> dict[int, datetime]:
    """Who has quiet hours now, and until when; what is urgent reaches those who said so."""
    with_hours = select(Addressee, User).join(User, User.id == Addressee.user_id)
    with_hours = with_hours.where(Addressee.user_id.in_(user_ids), Addressee.quiet_from.is_not(None))
    held = {}
    for row, user in session.execute(with_hours):
        if severity == "danger" and row.urgent_anyway:
            continue
        until = quiet_until(instant, zone_of(user), row.quiet_from, row.quiet_to)
        if until is not None:
            held[row.user_id] = until
    return held


def hand_over(delivery: NotificationDelivery) -> None:
    """Ask for a delivery's next attempt, at its time; once however often this is called."""
    due = delivery.due_at or now()
    row = ask_for(TASK, key=f"{delivery.id}@{due.isoformat()}", delivery_id=delivery.id)
    row.due_at = due


def begin_attempt(delivery_id: int) -> bool:
    """Count an attempt and take the delivery for it, so that no other task tries it meanwhile; to be committed before
    anything is sent. False when there is nothing to send now: it ended, was read meanwhile, is not due, is being tried,
    or must wait for the end of quiet hours that were set after it was planned."""
    row = session.scalar(select(NotificationDelivery).where(NotificationDelivery.id == delivery_id).with_for_update())
    if row is None or row.state != "waiting":
        return False
    instant = now()
    if row.due_at is not None and row.due_at > instant + CLOCKS_APART:
        # Whoever is at it may be dead: somebody has to look again when its time is over.
        hand_over(row)
        return False
    notification = session.get_one(Notification, row.notification_id)
    if notification.read_at is not None or notification.archived_at is not None:
        end(row, "dropped", _("It was read before it was sent."))
        return False
    until = _held({row.user_id}, notification.severity, instant).get(row.user_id)
    if until is not None:
        row.due_at = until
        hand_over(row)
        return False
    if row.attempts >= MOST_ATTEMPTS:
        end(row, "failed", row.error or _("Every attempt broke; the tasks that failed say where."))
        return False
    row.attempts += 1
    row.due_at = instant + LEASE
    return True


def end(row: NotificationDelivery, state: str, error: str = "") -> None:
    """Try no more."""
    row.state, row.error, row.due_at, row.ended_at = state, error[:500], None, now()


def settle_attempt(delivery_id: int, outcome: Outcome) -> None:
    """Note what came of an attempt, plan the next one, or stop writing to an address that is no good."""
    row = session.scalar(select(NotificationDelivery).where(NotificationDelivery.id == delivery_id).with_for_update())
    if row is None:
        return
    row.reference = outcome.reference or row.reference
    if row.state != "waiting":
        return
    if outcome.state == "sent":
        end(row, "sent")
    elif outcome.state == "stop":
        end(row, "stopped", outcome.error)
        stop_target(row, outcome.error)
    elif outcome.state == "fail" or row.attempts >= MOST_ATTEMPTS:
        end(row, "failed", outcome.error)
    else:
        pause = timedelta(seconds=max(RETRY_SECONDS[row.attempts - 1], outcome.after_seconds or 0))
        row.error, row.due_at = outcome.error[:500], now() + min(pause, LONGEST_WAIT)
        hand_over(row)


def take_up_lost() -> int:
    """Put back in line what should have been tried an hour ago and no task will try: its attempt broke before it could
    be noted. What merely waits for a worker is left alone. Returns how many there were."""
    in_hand = select(Task.key).where(Task.name == TASK, Task.state.not_in(ENDS))
    tried = {int(str(key).partition("@")[0]) for key in session.scalars(in_hand)}
    late = select(NotificationDelivery).where(
        NotificationDelivery.state == "waiting", NotificationDelivery.due_at < now() - LOST_AFTER
    )
    rows = session.scalars(late.order_by(NotificationDelivery.id).with_for_update()).all()
    lost = [row for row in rows if row.id not in tried]
    for row in lost:
        row.due_at = now()
        hand_over(row)
    return len(lost)


def stop_target(row: NotificationDelivery, reason: str) -> None:
    """Write no more to where this went; what still waits for the same address ends with it."""
    if row.channel == "email":
        preferences.stop_email(row.user_id, row.target, reason)
    elif row.channel == "sms":
        preferences.stop_phone(row.user_id, row.target, reason)
    else:
        preferences.end_subscription(int(row.target))
    _end_waiting(row.user_id, row.channel, row.target, reason)


def _end_waiting(user_id: int, channel: str, target: str, reason: str) -> None:
    others = select(NotificationDelivery).where(
        NotificationDelivery.user_id == user_id,
        NotificationDelivery.channel == channel,
        NotificationDelivery.target == target,
        NotificationDelivery.state.in_(("waiting", "digest")),
    )
    for other in session.scalars(others):
        end(other, "stopped", reason)


def note_refusal(mail_id: int, address: str, reason: str) -> None:
    """A mail that left by itself, such as a digest, was refused for good: what it carried did not arrive, and the
    address gets no more. Nothing is done for an address that is nobody's here."""
    user = session.scalar(select(User).where(User.email == address))
    if user is None:
        return
    carried = select(NotificationDelivery).where(
        NotificationDelivery.user_id == user.id,
        NotificationDelivery.channel == "email",
        NotificationDelivery.reference == str(mail_id),
        NotificationDelivery.state == "sent",
    )
    for row in session.scalars(carried):
        end(row, "stopped", reason)
    preferences.stop_email(user.id, address, reason)
    _end_waiting(user.id, "email", address, reason)


def confirm(delivery_id: int, state: str, error: str) -> None:
    """The other side says later what became of it: `delivered`, `failed`, or `stopped` for an address that is no good.
    It may say so before the attempt itself was noted. What was stopped or dropped stays so."""
    row = session.scalar(select(NotificationDelivery).where(NotificationDelivery.id == delivery_id).with_for_update())
    if row is None or row.state not in {"waiting", "sent", "delivered", "failed"}:
        return
    if state == "stopped":
        end(row, state, error)
        stop_target(row, error)
    elif row.state == "waiting":
        end(row, state, error)
    else:
        row.state, row.error = state, error[:500]


def deliver_again(delivery_id: int) -> NotificationDelivery:
    """Try once more what was given up. NotFound for what is not there; Refused for what is on its way, arrived, or
    goes where nobody wants it."""
    row = session.scalar(select(NotificationDelivery).where(NotificationDelivery.id == delivery_id).with_for_update())
    if row is None:
        raise NotFound(_("There is no such delivery."))
    if row.state != "failed":
        raise Refused(_("Only what failed can be sent again; a stopped address must be taken up by its owner first."))
    row.state, row.ended_at, row.error, row.due_at, row.attempts = "waiting", None, "", now(), 0
    hand_over(row)
    return row
