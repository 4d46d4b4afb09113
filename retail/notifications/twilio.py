"""SMS by Twilio's HTTP API: one request, what its answers mean, and the signature of what it tells us later.

https://www.twilio.com/docs/messaging/api/message-resource, https://www.twilio.com/docs/usage/security
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from retail.core import outside
from retail.core.secrets import SecretUnreadable, seal, unseal
from retail.notifications.outcomes import Outcome

API = "https://api.twilio.com"
NO_GOOD = {
    21211: "not a valid phone number",
    21214: "the number cannot be reached",
    21217: "not a valid phone number",
    21610: "its owner asked for no more texts",
    21614: "not a mobile number",
    30005: "unknown destination handset",
    30006: "landline or unreachable carrier",
}
"""What is said of a number that takes no texts, at once or, from 30000 on, only when the text should have arrived. A
telephone that is off (30003) or a country the account may not write to (21408, 21612) is not the number's fault."""
ENDS = {"delivered": "delivered", "undelivered": "failed", "failed": "failed"}


@dataclass(frozen=True)
class Request:
    """One text to be sent. `sender` is a number, or a messaging service (MG…); `callback` may be empty."""

    base: str
    account_sid: str
    token: str
    sender: str
    to: str
    text: str
    callback: str


def send(request: Request) -> Outcome:
    """Ask Twilio to send a text. Outside of transactions."""
    form = {"To": request.to, "Body": request.text}
    form["MessagingServiceSid" if request.sender.startswith("MG") else "From"] = request.sender
    if request.callback:
        form["StatusCallback"] = request.callback
    proof = base64.b64encode(f"{request.account_sid}:{request.token}".encode()).decode()
    headers = {
        "Authorization": f"Basic {proof}",
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "application/json",
    }
    url = f"{request.base.rstrip('/')}/2010-04-01/Accounts/{request.account_sid}/Messages.json"
    try:
        return as_outcome(outside.post(url, urlencode(form).encode(), headers))
    except outside.Unreachable as problem:
        return Outcome("again", str(problem))


def as_outcome(answer: outside.Answer) -> Outcome:
    """What an answer means for the text, and for the number it was to go to."""
    try:
        read: Any = json.loads(answer.body or b"{}")
    except ValueError:
        read = {}
    said: dict[str, Any] = read if isinstance(read, dict) else {}
    if answer.status in {200, 201}:
        return Outcome("sent", reference=str(said.get("sid", "")))
    code = said.get("code")
    text = f"{code or answer.status}: {said.get('message') or 'no reason given'}"
    if answer.status == 429 or answer.status >= 500:
        return Outcome("again", text, after_seconds=answer.retry_after)
    if code in NO_GOOD:
        return Outcome("stop", text)
    return Outcome("fail", text)


def said_later(code: str) -> tuple[str, bool]:
    """What the code of a callback means, in words where it is about the number, and whether that takes no texts."""
    reason = NO_GOOD.get(int(code)) if code.isascii() and code.isdecimal() and len(code) < 9 else None
    return (code, False) if reason is None else (f"{code}: {reason}", True)


def signature(token: str, url: str, form: Iterable[tuple[str, str]]) -> str:
    """What Twilio writes into X-Twilio-Signature for a form posted to `url`."""
    whole = url + "".join(name + value for name, value in sorted(set(form)))
    return base64.b64encode(hmac.new(token.encode(), whole.encode(), hashlib.sha1).digest()).decode()


def is_signed(given: str, token: str, url: str, form: Iterable[tuple[str, str]]) -> bool:
    """Whether a request came from Twilio."""
    return hmac.compare_digest(given.encode(), signature(token, url, form).encode())


def mark_of(tenant_id: int, text_id: int) -> str:
    """The part of a callback's address that names the text; made so that nobody can name another."""
    key, _colon, body = seal(f"{tenant_id}:{text_id}", "sms:callback").partition(":")
    return f"{key}.{body.replace('+', '-').replace('/', '_').rstrip('=')}"


def text_of(mark: str) -> tuple[int, int] | None:
    """The tenant and the text that a mark names, or None."""
    key, _dot, body = mark.partition(".")
    plain = body.replace("-", "+").replace("_", "/")
    try:
        tenant_id, _colon, text_id = unseal(f"{key}:{plain + '=' * (-len(plain) % 4)}", "sms:callback").partition(":")
        return int(tenant_id), int(text_id)
    except (SecretUnreadable, ValueError, binascii.Error):
        return None
