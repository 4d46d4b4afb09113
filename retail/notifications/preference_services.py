"""How people and businesses say what they want to be told of; the only writer of rules, choices, mutes, addresses."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from flask_babel import gettext as _
from sqlalchemy import select, update

from retail.core import secrets, web_push
from retail.core.clock import now
from retail.core.db import session
from retail.core.errors import NotFound, Refused
from retail.core.tenancy import insert_owned
from retail.notifications.models import (
    CATEGORIES,
    CHANNELS,
    Addressee,
    NotificationChoice,
    NotificationMute,
    NotificationRule,
    PushKey,
    PushSubscription,
    SmsAccount,
)
from retail.notifications.preference_queries import Cell, addressee_of, built_in, rules, sms_account

Key = tuple[str, str]
DIGESTS = ("hourly", "daily")
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_SEPARATORS = re.compile(r"[\s().\-/]")
PUSH_SERVICES = (
    "fcm.googleapis.com",
    "updates.push.services.mozilla.com",
    "web.push.apple.com",
    "notify.windows.com",
)
"""Whose addresses browsers hand out. Anything else would let a page send the server wherever it likes."""


def values_of(channel: str) -> tuple[str, ...]:
    """What can be chosen for a channel."""
    return ("off", "now", "digest") if channel == "email" else ("off", "now")


def _check(wanted: Mapping[Key, str]) -> None:
    for (category, channel), value in wanted.items():
        if category not in CATEGORIES or channel not in CHANNELS or value not in values_of(channel):
            raise Refused(_("That cannot be chosen for this kind of news."), field=f"{channel}-{category}")


def choose(user_id: int, wanted: Mapping[Key, str]) -> None:
    """Set what one person wants. What the business fixed stays as it is; what equals its rule is no choice, so that the
    rule goes on to count when it is changed."""
    _check(wanted)
    known = {
        (row.category, row.channel): row
        for row in session.scalars(select(NotificationChoice).where(NotificationChoice.user_id == user_id))
    }
    for key, cell in rules().items():
        row = known.get(key)
        value = wanted.get(key)
        if value is None:
            continue
        if cell.forced or value == cell.value:
            if row is not None and not cell.forced:
                session.delete(row)
        elif row is None:
            session.add(NotificationChoice(user_id=user_id, category=key[0], channel=key[1], value=value))
        else:
            row.value = value
    session.flush()


def forget_choices(user_id: int) -> None:
    """Let the rules of the business hold for somebody again."""
    for row in session.scalars(select(NotificationChoice).where(NotificationChoice.user_id == user_id)):
        session.delete(row)
    for mute in session.scalars(select(NotificationMute).where(NotificationMute.user_id == user_id)):
        session.delete(mute)
    session.flush()


def rule(wanted: Mapping[Key, Cell]) -> None:
    """Set what the business wants for everybody."""
    _check({key: cell.value for key, cell in wanted.items()})
    known = {(row.category, row.channel): row for row in session.scalars(select(NotificationRule))}
    for key, cell in wanted.items():
        row = known.get(key)
        if row is not None:
            row.value, row.forced = cell.value, cell.forced
        elif cell.forced or cell.value != built_in(*key):
            session.add(NotificationRule(category=key[0], channel=key[1], value=cell.value, forced=cell.forced))
    session.flush()


def mute(user_id: int, category: str, until: datetime | None) -> None:
    """Let somebody hear nothing of a category until an instant, or until they say otherwise. Refused for what the
    business wants everybody to hear of."""
    if category not in CATEGORIES:
        raise Refused(_("There is no such kind of news."), field="category")
    if any(cell.forced and cell.value != "off" for (one, _c), cell in rules().items() if one == category):
        raise Refused(_("Your business wants everybody to hear of this."), field="category")
    row = _mute(user_id, category)
    if row is None:
        session.add(NotificationMute(user_id=user_id, category=category, until=until))
    else:
        row.until = until
    session.flush()


def unmute(user_id: int, category: str) -> None:
    """Let somebody hear of a category again."""
    row = _mute(user_id, category)
    if row is not None:
        session.delete(row)
        session.flush()


def _mute(user_id: int, category: str) -> NotificationMute | None:
    statement = select(NotificationMute).where(
        NotificationMute.user_id == user_id, NotificationMute.category == category
    )
    return session.scalar(statement)


def _addressee(user_id: int) -> Addressee:
    row = addressee_of(user_id)
    if row is None:
        row = Addressee(user_id=user_id)
        session.add(row)
        session.flush()
    return row


def set_reach(
    user_id: int,
    *,
    phone: str,
    quiet_from: int | None,
    quiet_to: int | None,
    urgent_anyway: bool,
    digest: str,
    digest_hour: int,
) -> Addressee:
    """Say where and when somebody is to be reached. Refused for a number that is not international, half of quiet
    hours, or an unknown rhythm."""
    number = _SEPARATORS.sub("", phone)
    if number and not _E164.fullmatch(number):
        raise Refused(_("Write the number with its country, such as +44 7700 900123."), field="phone")
    if (quiet_from is None) != (quiet_to is None):
        field = "quiet_to" if quiet_to is None else "quiet_from"
        raise Refused(_("Quiet hours need a beginning and an end; leave both empty for none."), field=field)
    if digest not in DIGESTS or not 0 <= digest_hour <= 23:
        raise Refused(_("Choose every hour, or once a day at an hour from 0 to 23."), field="digest")
    row = _addressee(user_id)
    if row.phone != number:
        row.phone, row.phone_stopped = number, ""
    row.quiet_from, row.quiet_to, row.urgent_anyway = quiet_from, quiet_to, urgent_anyway
    row.digest, row.digest_hour = digest, digest_hour
    session.flush()
    return row


def stop_email(user_id: int, address: str, reason: str) -> None:
    """Send nothing more to an address that refused us for good."""
    row = _addressee(user_id)
    row.email_stopped, row.stopped_email = reason[:300], address


def stop_phone(user_id: int, number: str, reason: str) -> None:
    """Send nothing more to a number that cannot be reached, or whose owner asked us to stop."""
    row = _addressee(user_id)
    if row.phone == number:
        row.phone_stopped = reason[:300]


def note_digest(user_id: int, day: str) -> None:
    """Remember the day, on their own wall clock, of somebody's last digest. Nobody changed anything: no audit entry."""
    row = addressee_of(user_id)
    if row is None:
        insert_owned(Addressee, [{"user_id": user_id, "last_digest_on": day}])
        return
    session.execute(
        update(Addressee).where(Addressee.id == row.id).values(last_digest_on=day),
        execution_options={"synchronize_session": False},
    )


def try_address_again(user_id: int) -> None:
    """Somebody says that their mailbox or telephone takes messages again."""
    row = _addressee(user_id)
    row.email_stopped = row.stopped_email = row.phone_stopped = ""


def set_sms_account(account_sid: str, auth_token: str, sender: str, active: bool) -> SmsAccount:
    """Set the Twilio account; an empty token keeps the present one. Refused when a part cannot be right."""
    if not re.fullmatch(r"AC[0-9a-fA-F]{32}", account_sid):
        raise Refused(_("An account SID is AC and 32 digits or letters a to f; the console shows it."), "account_sid")
    sender = _SEPARATORS.sub("", sender)
    if not (_E164.fullmatch(sender) or re.fullmatch(r"MG[0-9a-fA-F]{32}", sender)):
        raise Refused(_("Give a number such as +447700900123, or a messaging service (MG…)."), "sender")
    row = sms_account()
    if row is None:
        if not auth_token:
            raise Refused(_("Give the auth token; the console shows it beside the account SID."), "auth_token")
        row = SmsAccount(account_sid=account_sid, auth_token="", sender=sender)
        session.add(row)
        session.flush()
    row.account_sid, row.sender, row.active = account_sid, sender, active
    if auth_token:
        row.auth_token = secrets.seal(auth_token, f"sms_accounts.auth_token:{row.id}")
    session.flush()
    return row


def token_of(row: SmsAccount) -> str:
    """The secret of an account."""
    return secrets.unseal(row.auth_token, f"sms_accounts.auth_token:{row.id}")


def push_key() -> PushKey:
    """The key of this business for push services, made when it is first asked for."""
    row = session.scalar(select(PushKey))
    if row is None:
        private, public = web_push.new_keys()
        row = PushKey(public=public, private="", created_at=now())
        session.add(row)
        session.flush()
        row.private = secrets.seal(private, f"push_keys.private:{row.id}")
        session.flush()
    return row


def private_of(row: PushKey) -> str:
    """The private half."""
    return secrets.unseal(row.private, f"push_keys.private:{row.id}")


def is_push_service(endpoint: str, services: tuple[str, ...] = PUSH_SERVICES) -> bool:
    """Whether an address is one that browsers hand out."""
    parts = urlsplit(endpoint)
    try:
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    return (
        parts.scheme == "https"
        and port in {None, 443}
        and not parts.username
        and any(host == one or host.endswith(f".{one}") for one in services)
    )


def subscribe(user_id: int, endpoint: str, p256dh: str, auth: str, device: str) -> PushSubscription:
    """Let a browser be woken for somebody; once for each browser. Refused for what no browser hands out."""
    if len(endpoint) > 1000 or not is_push_service(endpoint):
        raise Refused(_("This browser's push service is not known here."), field="endpoint")
    try:
        web_push.check_keys(p256dh, auth)
    except web_push.BadKeys:
        raise Refused(_("This browser did not hand out proper keys; turn it on once more."), field="keys") from None
    mark = hashlib.sha256(endpoint.encode()).hexdigest()
    row = session.scalar(select(PushSubscription).where(PushSubscription.endpoint_hash == mark))
    if row is None:
        row = PushSubscription(endpoint_hash=mark, endpoint=endpoint, created_at=now(), keys="", user_id=user_id)
        session.add(row)
        session.flush()
    row.user_id, row.device, row.ended_at = user_id, device[:120], None
    row.keys = secrets.seal(json.dumps([p256dh, auth]), f"push_subscriptions.keys:{row.id}")
    session.flush()
    return row


def keys_of(row: PushSubscription) -> tuple[str, str]:
    """What a message for this browser is sealed with: its public key and its auth secret."""
    found: list[Any] = json.loads(secrets.unseal(row.keys, f"push_subscriptions.keys:{row.id}"))
    return str(found[0]), str(found[1])


def unsubscribe(subscription_id: int, user_id: int) -> None:
    """Let a browser sleep. NotFound for somebody else's."""
    row = session.get(PushSubscription, subscription_id)
    if row is None or row.user_id != user_id:
        raise NotFound(_("There is no such browser."))
    row.ended_at = row.ended_at or now()


def end_subscription(subscription_id: int) -> None:
    """The push service says that this browser is gone."""
    row = session.get(PushSubscription, subscription_id)
    if row is not None:
        row.ended_at = row.ended_at or now()
