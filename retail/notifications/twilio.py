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
OPTED_OUT = 21610
NO_SUCH_NUMBER = frozenset({21211, 21214, 21217, 21408, 21612, 21614, 30003, 30005, 30006})
"""No number, no mobile, or a country the account may not write to: trying again would change nothing."""
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
    if code == OPTED_OUT or code in NO_SUCH_NUMBER:
        return Outcome("stop", text)
    return Outcome("fail", text)


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
