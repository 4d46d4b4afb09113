"""Who makes a request: read from the session cookie, once, before anything else."""

from __future__ import annotations

from flask import current_app
from flask import session as cookie

from retail.identity.sessions import SignedIn, signed_in


def identify() -> SignedIn | None:
    """The person whose token the browser sent, or None. A token that is no longer good leaves a mark, so that the
    sign-in page can say why it is shown."""
    token = cookie.get("token")
    if not isinstance(token, str):
        return None
    person = signed_in(token, current_app.config["SESSION_IDLE"])
    if person is None:
        cookie.pop("token", None)
        cookie["ended"] = True
    return person
