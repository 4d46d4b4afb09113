"""Who makes a request: read from the session cookie, once, before anything else."""

from __future__ import annotations

from flask import current_app
from flask import session as cookie

from retail.identity import administrator_sessions
from retail.identity.administrator_sessions import OnPlatform
from retail.identity.sessions import SignedIn, signed_in, why_closed

ADMINISTRATOR = "administrator"
"""Under which name the browser keeps the token of an administrator of the platform."""


def identify() -> SignedIn | OnPlatform | None:
    """The person whose token the browser sent, or None. A token that is no longer good leaves a mark, so that the
    sign-in page can say why it is shown."""
    token, administrators_token = cookie.get("token"), cookie.get(ADMINISTRATOR)
    person: SignedIn | OnPlatform | None
    if isinstance(token, str):
        person = signed_in(token, current_app.config["SESSION_IDLE"])
    elif isinstance(administrators_token, str):
        person = administrator_sessions.signed_in(administrators_token)
    else:
        return None
    if person is None:
        cookie.pop("token", None)
        cookie.pop(ADMINISTRATOR, None)
        cookie["ended"] = (isinstance(token, str) and why_closed(token)) or True
    return person
