"""Looking at the program as another person or role sees it, without changing anything."""

from __future__ import annotations

from flask import g, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retail.core import audit, html
from retail.core.errors import Refused
from retail.identity import module, services, sessions
from retail.permissions import SIGNED_IN, Can


@module.post("/people/<int:user_id>/look-as", needs=Can.VIEW_AS)
def look_as_person(user_id: int) -> Response:
    """See what somebody sees."""
    user = services.colleague_numbered(user_id, g.person.powers)
    services.check_may_manage(user, g.person.powers)
    if user.id == g.person.id:
        raise Refused(_("You see the program as yourself already."))
    sessions.look_as(g.person.session_id, user_id=user.id, role_id=user.role_id)
    audit.record("looked_as", "users", user.id, user.name)
    return html.done("", to="/")


@module.post("/roles/<int:role_id>/look-as", needs=Can.VIEW_AS)
def look_as_role(role_id: int) -> Response:
    """See what a role sees."""
    role = services.role_numbered(role_id)
    sessions.look_as(g.person.session_id, role_id=role.id)
    audit.record("looked_as", "roles", role.id, role.name)
    return html.done("", to="/")


@module.post("/look-as/stop", needs=SIGNED_IN)
def stop_looking() -> Response:
    """Be oneself again."""
    sessions.look_as(g.person.session_id)
    return html.done(_("You see the program as yourself again."), to=url_for("identity.people"))
