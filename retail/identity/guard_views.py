"""What stays closed whatever somebody's role allows: while a device is locked or taken over by PIN, while they look at
the program as somebody else, and until they have the second factor their role demands."""

from __future__ import annotations

from flask import current_app, g, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retail.core import db, html
from retail.core.errors import Refused
from retail.core.module import WRITES, registry_of
from retail.identity import module

ALWAYS = frozenset({"static", "core_health", "core_favicon", "identity.sign_out", "identity.sign_in"})
WITHOUT_SECOND_FACTOR = ALWAYS | {
    "identity.security",
    "identity.confirm",
    "identity.set_up_second_factor",
    "identity.turn_on_second_factor",
    "identity.theme",
}
"""What somebody may still do whose role demands a second factor they have not set up."""
WHILE_LOCKED = ALWAYS | {"identity.switch", "identity.unlock_with_password"}
"""What works on a device that is locked."""
WHILE_LOOKING = ALWAYS | {"identity.stop_looking"}
"""What may be sent while looking at the program as somebody else."""


@module.before_app_request
def keep_out() -> Response | None:
    """Lead to what has to be done first, or refuse what the present state of the device does not allow."""
    person = g.get("person")
    if person is None:
        return None
    endpoint = request.endpoint or ""
    own_account = endpoint in registry_of(current_app).own
    if person.locked and endpoint not in WHILE_LOCKED:
        return html.done("", to=url_for("identity.switch"))
    if person.must_set_up_second_factor and endpoint not in WITHOUT_SECOND_FACTOR:
        return html.done("", to=url_for("identity.security"))
    if person.by_pin and own_account:
        raise Refused(_("A PIN opens the till only. For your account, sign in with your password."))
    if person.viewing and endpoint not in WHILE_LOOKING:
        if request.method in WRITES:
            raise Refused(
                _("You are only looking, as %(name)s. Go back to yourself to change things.", name=person.viewing)
            )
        if own_account:
            raise Refused(_("The account of %(name)s is not shown. Go back to yourself first.", name=person.viewing))
        db.set_intent("read")
    return None
