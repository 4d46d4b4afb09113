"""What stays closed whatever somebody's role allows: while a device is locked or taken over by PIN, while they look at
the program as somebody else or as support, and until they have the second factor their role demands."""

from __future__ import annotations

from flask import current_app, g, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retail.core import db, html
from retail.core.errors import Refused
from retail.core.module import WRITES, registry_of
from retail.identity import module
from retail.identity.sessions import SignedIn
from retail.identity.support_services import note_look as note_support
from retail.permissions import PUBLIC

LONGEST_PATH = 300
ALWAYS = frozenset({"static", "core_health", "core_favicon", "identity.sign_out", "identity.sign_in"})
WITHOUT_SECOND_FACTOR = ALWAYS | {
    "identity.security",
    "identity.confirm",
    "identity.set_up_second_factor",
    "identity.turn_on_second_factor",
    "identity.theme",
}
"""What somebody may still do whose role demands a second factor they have not set up."""
SETTING_UP_FOR_PLATFORM = {"static", "identity.platform_second_factor", "identity.platform_sign_out"}
"""All that an administrator without a second factor may open."""
WHILE_LOCKED = ALWAYS | {"identity.switch", "identity.unlock_with_password"}
"""What works on a device that is locked."""
WHILE_LOOKING = ALWAYS | {"identity.stop_looking"}
"""What may be sent while looking at the program as somebody else."""


FOR_SUPPORT = {"static", "core_health", "core_favicon", "identity.leave_support"}
"""What support may open and send whatever it was allowed."""
OF_PEOPLE = ("/notifications", "/switch", "/lock")
"""Where people's own things are besides their account, which support never sees: what they were told, their till."""


def _keep_support_out(person: SignedIn, endpoint: str) -> None:
    assert person.support is not None
    if endpoint in FOR_SUPPORT:
        return
    sends = request.method in WRITES
    is_own = endpoint in registry_of(current_app).own or request.path.startswith(OF_PEOPLE)
    if is_own or (sends and request.blueprint == module.name):
        raise Refused(_("This belongs to %(name)s alone; support does not see or change it.", name=person.viewing))
    if not person.support.may_change:
        if sends:
            raise Refused(_("%(name)s lets you look, and change nothing.", name=person.viewing))
        db.set_intent("read")


@module.after_app_request
def note_look(response: Response) -> Response:
    """Write down each page that support was shown, for the owner to see."""
    person = g.get("person")
    if person is None or person.support is None or request.method != "GET" or response.status_code != 200:
        return response
    if registry_of(current_app).needs.get(request.endpoint or "", PUBLIC) != PUBLIC:
        note_support(person.support.access_id, request.full_path.rstrip("?")[:LONGEST_PATH])
    return response


@module.before_app_request
def keep_out() -> Response | None:
    """Lead to what has to be done first, or refuse what the present state of the device does not allow."""
    person = g.get("person")
    if person is None:
        return None
    endpoint = request.endpoint or ""
    if person.of_platform:
        ready = not person.must_set_up_second_factor or endpoint in SETTING_UP_FOR_PLATFORM
        return None if ready else html.done("", to=url_for("identity.platform_second_factor"))
    own_account = endpoint in registry_of(current_app).own
    if person.support is not None:
        _keep_support_out(person, endpoint)
        return None
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
