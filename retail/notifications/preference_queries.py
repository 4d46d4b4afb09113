"""How people want to be told: what holds for each of them, from the program's defaults, the rules of the business and
their own choices."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, or_, select

from retail.core.clock import now
from retail.core.db import session
from retail.identity.models import User
from retail.notifications.models import (
    CATEGORIES,
    CHANNELS,
    Addressee,
    NotificationChoice,
    NotificationMute,
    NotificationRule,
    PushSubscription,
    SmsAccount,
)
from retail.tenancy.queries import current_tenant

BY_MAIL: Mapping[str, str] = {"security": "now", "finance": "digest", "stock": "digest", "system": "digest"}
"""What is mailed unless a business or a person says otherwise; everything is shown in the program, nothing is sent to
telephones or to sleeping browsers."""


def built_in(category: str, channel: str) -> str:
    """What holds where nobody chose."""
    if channel == "in_app":
        return "now"
    return BY_MAIL.get(category, "off") if channel == "email" else "off"


@dataclass(frozen=True)
class Cell:
    """One category and channel: what holds, and whether the business fixed it."""

    value: str
    forced: bool


def rules() -> dict[tuple[str, str], Cell]:
    """What the business wants for every category and channel."""
    stored = {(row.category, row.channel): Cell(row.value, row.forced) for row in session.scalars(_RULES)}
    return {
        (category, channel): stored.get((category, channel)) or Cell(built_in(category, channel), False)
        for category in CATEGORIES
        for channel in CHANNELS
    }


_RULES = select(NotificationRule)


def matrix_of(user_id: int) -> dict[tuple[str, str], Cell]:
    """What holds for one person, for every category and channel; mutes are left out."""
    chosen = select(NotificationChoice).where(NotificationChoice.user_id == user_id)
    choices = {(row.category, row.channel): row.value for row in session.scalars(chosen)}
    return {key: cell if cell.forced else Cell(choices.get(key, cell.value), False) for key, cell in rules().items()}


def mutes_of(user_id: int) -> dict[str, NotificationMute]:
    """The categories somebody hears nothing of at present."""
    statement = select(NotificationMute).where(NotificationMute.user_id == user_id, _still())
    return {row.category: row for row in session.scalars(statement)}


def _still() -> ColumnElement[bool]:
    return or_(NotificationMute.until.is_(None), NotificationMute.until > now())


@dataclass(frozen=True)
class Reach:
    """How one person is to be told of one category now: `silent` leaves the bell still; `channels` are the others, by
    what is wanted of them; `targets` are the addresses they go to."""

    silent: bool
    channels: Mapping[str, str] = field(default_factory=dict)
    targets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def reach(user_ids: Collection[int], category: str) -> dict[int, Reach]:
    """How each of these people is to be told of a category, in five statements however many they are."""
    cells = {channel: cell for (one, channel), cell in rules().items() if one == category}
    chosen = session.execute(
        select(NotificationChoice.user_id, NotificationChoice.channel, NotificationChoice.value).where(
            NotificationChoice.category == category
        )
    ).all()
    choices = {(user_id, channel): value for user_id, channel, value in chosen}
    silenced = select(NotificationMute.user_id).where(NotificationMute.category == category, _still())
    muted = set(session.scalars(silenced))
    wanted: dict[int, dict[str, str]] = {}
    for user_id in user_ids:
        values = {}
        for channel, cell in cells.items():
            free = "off" if user_id in muted else choices.get((user_id, channel), cell.value)
            values[channel] = cell.value if cell.forced else free
        wanted[user_id] = values
    outward = {user_id for user_id, values in wanted.items() if any(values[one] != "off" for one in CHANNELS[1:])}
    targets = _targets(outward) if outward else {}
    return {
        user_id: Reach(
            silent=values["in_app"] == "off",
            channels={one: values[one] for one in CHANNELS[1:] if values[one] != "off"},
            targets=targets.get(user_id, {}),
        )
        for user_id, values in wanted.items()
    }


def _targets(user_ids: Collection[int]) -> dict[int, dict[str, tuple[str, ...]]]:
    """Where these people can be reached; what refused our messages is left out."""
    people = session.execute(
        select(User.id, User.email, Addressee)
        .outerjoin(Addressee, Addressee.user_id == User.id)
        .where(User.id.in_(user_ids), User.active)
    ).all()
    found: dict[int, dict[str, tuple[str, ...]]] = {}
    for user_id, email, known in people:
        row: Addressee | None = known
        found[user_id] = {}
        if row is None or not row.refuses(email):
            found[user_id]["email"] = (email,)
        if row is not None and row.phone and not row.phone_stopped:
            found[user_id]["sms"] = (row.phone,)
    live = select(PushSubscription.user_id, PushSubscription.id).where(
        PushSubscription.user_id.in_(found), PushSubscription.ended_at.is_(None)
    )
    for user_id, subscription_id in session.execute(live):
        found[user_id]["push"] = (*found[user_id].get("push", ()), str(subscription_id))
    return found


def addressee_of(user_id: int) -> Addressee | None:
    """How somebody is reached, or None when they never said."""
    return session.scalar(select(Addressee).where(Addressee.user_id == user_id))


def zone_of(user: User) -> str:
    """The zone of somebody's wall clock."""
    return user.timezone or current_tenant().timezone


def subscriptions_of(user_id: int) -> list[PushSubscription]:
    """The browsers that may be woken for somebody, the newest first."""
    live = select(PushSubscription).where(PushSubscription.user_id == user_id, PushSubscription.ended_at.is_(None))
    return list(session.scalars(live.order_by(PushSubscription.id.desc())))


def sms_account() -> SmsAccount | None:
    """The account texts are sent by, or None."""
    return session.scalar(select(SmsAccount))
