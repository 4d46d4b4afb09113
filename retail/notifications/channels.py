"""The ways to people: mail, SMS, web push. Each is a `Channel`; what none of them knows is when to try again."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import urlsplit

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import select

from retail.core import mail, outside, web_push
from retail.core.clock import now
from retail.core.db import session, unit_of_work
from retail.core.links import absolute, root_address
from retail.notifications import letters, twilio
from retail.notifications import preference_services as preferences
from retail.notifications.models import NotificationDelivery, PushSubscription, ShortMessage
from retail.notifications.outcomes import Channel, Outcome, Parcel
from retail.notifications.preference_queries import sms_account

LONGEST_SMS = 320
PUSH_SECONDS = 24 * 3600
AFTER_SENDING = {"sent": "sent", "again": "queued"}
"""The state of a text after each outcome; after any other it failed."""


class ByMail:
    """One mail at once, as HTML and text."""

    name = "email"

    def prepare(self, parcel: Parcel) -> Callable[[], Outcome]:
        mail_id = int(parcel.reference) if parcel.reference else letters.write_one(parcel).id
        # Kept before it leaves: an attempt whose end was never noted goes on with this very mail.
        session.get_one(NotificationDelivery, parcel.delivery_id).reference = str(mail_id)

        def send() -> Outcome:
            problem = mail.hand_over(mail_id)
            if problem is None:
                return Outcome("sent", reference=str(mail_id))
            return Outcome("stop" if problem.is_final else "again", problem.text, str(mail_id))

        return send


class BySms:
    """One SMS through Twilio; without an account it stays in the mailbox page."""

    name = "sms"

    def prepare(self, parcel: Parcel) -> Callable[[], Outcome]:
        row = session.scalar(select(ShortMessage).where(ShortMessage.delivery_id == parcel.delivery_id))
        if row is None:
            words = f"{parcel.shop}: {parcel.title}" + (f". {parcel.text}" if parcel.text else "")
            text = words if len(words) <= LONGEST_SMS else words[: LONGEST_SMS - 1] + "…"
            row = ShortMessage(delivery_id=parcel.delivery_id, to_number=parcel.target, text=text, created_at=now())
            session.add(row)
            session.flush()
        elif row.state in {"sent", "delivered"}:
            taken = Outcome("sent", reference=row.sid)
            return lambda: taken
        row.state = "queued"
        account = sms_account()
        request = None
        if account is not None and account.active:
            base = str(current_app.config.get("TWILIO_URL") or twilio.API)
            token = preferences.token_of(account)
            request = twilio.Request(
                base, account.account_sid, token, account.sender, row.to_number, row.text, callback_of(row)
            )
        text_id = row.id

        def send() -> Outcome:
            outcome = Outcome("sent") if request is None else twilio.send(request)
            with unit_of_work():
                sent = session.get_one(ShortMessage, text_id)
                sent.sid = outcome.reference or sent.sid
                sent.sent_at = now() if outcome.state == "sent" else None
                # What became of it may have been told before this is noted.
                if sent.state == "queued":
                    sent.state, sent.error = AFTER_SENDING.get(outcome.state, "failed"), outcome.error
            return outcome

        return send


def callback_of(row: ShortMessage) -> str:
    """Where Twilio says what became of a text; empty while the program has no address of its own in the world."""
    if not root_address().startswith("https://"):
        return ""
    return absolute("notifications.sms_status", mark=twilio.mark_of(row.tenant_id, row.id))


class ByPush:
    """One message to a sleeping browser."""

    name = "push"

    def prepare(self, parcel: Parcel) -> Callable[[], Outcome]:
        row = session.get(PushSubscription, int(parcel.target))
        if row is None or row.ended_at is not None:
            return lambda: Outcome("stop", _("This browser was turned off."))
        key = preferences.push_key()
        private, public, endpoint = preferences.private_of(key), key.public, row.endpoint
        p256dh, auth = preferences.keys_of(row)
        path = urlsplit(parcel.url)
        message = {
            "title": parcel.title[:120],
            "body": parcel.text[:240],
            "url": f"{path.path}?{path.query}" if path.query else path.path,
            "tag": f"notification-{parcel.delivery_id}",
        }

        def send() -> Outcome:
            parts = urlsplit(endpoint)
            audience = f"{parts.scheme}://{parts.netloc}"
            expires = int(now().timestamp()) + 12 * 3600
            subject = root_address()
            contact = subject if subject.startswith("https://") else "mailto:noreply@localhost.localdomain"
            headers = {
                "Authorization": web_push.authorization(private, public, audience, contact, expires),
                "Content-Encoding": "aes128gcm",
                "Content-Type": "application/octet-stream",
                "TTL": str(PUSH_SECONDS),
                "Urgency": "high" if parcel.severity == "danger" else "normal",
            }
            body = web_push.encrypt(json.dumps(message).encode(), p256dh, auth)
            try:
                answer = outside.post(endpoint, body, headers)
            except outside.Unreachable as problem:
                return Outcome("again", str(problem))
            return as_outcome(answer)

        return send


def as_outcome(answer: outside.Answer) -> Outcome:
    """What a push service's answer means (RFC 8030)."""
    if answer.status in {200, 201, 202, 204}:
        return Outcome("sent", reference=answer.headers.get("location", "")[:300])
    said = f"{answer.status} {answer.body[:200].decode(errors='replace')}".strip()
    if answer.status in {404, 410}:
        return Outcome("stop", said)
    if answer.status == 429 or answer.status >= 500:
        return Outcome("again", said, after_seconds=answer.retry_after)
    return Outcome("fail", said)


CHANNELS_OUT: dict[str, Channel] = {one.name: one for one in (ByMail(), BySms(), ByPush())}
