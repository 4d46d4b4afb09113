"""People: who works here."""

from __future__ import annotations

from typing import Any

from flask import g, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retail.core import audit, html, tables
from retail.core.forms import choices_from, refusals
from retail.core.module import can
from retail.identity import module, passkeys, place_services, second_factor, services, sessions
from retail.identity.forms import InviteForm, PinForm, UserForm
from retail.identity.letters import send_link
from retail.identity.limits import Powers
from retail.identity.models import User
from retail.identity.place_queries import placed
from retail.identity.proof import fresh
from retail.identity.tables import PeopleTable
from retail.permissions import Can
from retail.tenancy.queries import every_location


def people_tabs(here: str) -> list[dict[str, Any]]:
    """The tabs of the pages about people and roles."""
    entries = [(_("People"), "identity.people")]
    if can(Can.MANAGE_ROLES):
        entries += [
            (_("Roles"), "identity.roles"),
            (_("Compare"), "identity.compare_roles"),
            (_("Who may do what"), "identity.access"),
        ]
    return [{"label": label, "url": url_for(endpoint), "active": endpoint == here} for label, endpoint in entries]


def _role_choices(mine: Powers, keep: int | None = None) -> list[tuple[int, str]]:
    return [(role.id, role.name) for role in services.roles() if mine.cover(role) or role.id == keep]


@module.get("/people/", needs=Can.VIEW_USERS)
def people() -> Any:
    """Everybody who may sign in."""
    return tables.table_page(
        PeopleTable(),
        "identity/people.html",
        title=_("People"),
        subtitle=_("Who works here, and what they may do"),
        tabs=people_tabs("identity.people"),
    )


@module.route("/people/invite", methods=["GET", "POST"], needs=Can.MANAGE_USERS)
def invite() -> Response:
    """Give somebody an account; they choose a password by a link from the mail."""
    form, mine = InviteForm(), g.person.powers
    form.role_id.choices = choices_from(_role_choices(mine))
    form.offer(mine.places, mine.places)
    if form.validate_on_submit():
        with refusals(form):
            role = services.role_numbered(form.role_id.data)
            user = services.invite(form.email.data, form.name.data, role, mine)
            place_services.set_places(user, form.chosen(mine.places), mine, g.person.id)
            send_link(user, "invitation")
            return html.done(
                _("%(name)s is invited; the link is on its way.", name=user.name),
                to=url_for("identity.person", user_id=user.id),
            )
    status = 422 if form.is_submitted() else 200
    return html.page("identity/invite.html", status=status, form=form, has_places=len(every_location()) > 1)


@module.get("/people/<int:user_id>", needs=Can.VIEW_USERS)
def person(user_id: int) -> Response:
    """One person: name, role, state, devices."""
    user = services.colleague_numbered(user_id, g.person.powers)
    return _person_page(user, UserForm(obj=user))


def _person_page(user: User, form: UserForm, status: int = 200) -> Response:
    form.role_id.choices = choices_from(_role_choices(g.person.powers, keep=user.role_id))
    if "places" not in form.errors and form.places.choices is None:
        form.offer(placed(user), g.person.places)
    return html.page("identity/person.html", status=status, **_person_context(user, form))


@module.post("/people/<int:user_id>", needs=Can.MANAGE_USERS)
@fresh
def change_person(user_id: int) -> Response:
    """Another name or role for somebody."""
    user, mine = services.colleague_numbered(user_id, g.person.powers), g.person.powers
    form = UserForm(obj=user)
    form.role_id.choices = choices_from(_role_choices(mine, keep=user.role_id))
    form.offer(placed(user), mine.places)
    if form.validate():
        with refusals(form):
            role = services.role_numbered(form.role_id.data)
            services.change_user(user, form.name.data, role, mine, g.person.id)
            present = placed(user)
            place_services.set_places(user, form.chosen(present), mine, g.person.id)
            return html.done(_("Saved."), to=url_for("identity.person", user_id=user_id))
        user = services.user_numbered(user_id)
    return _person_page(user, form, 422)


def _person_context(user: User, form: UserForm) -> dict[str, Any]:
    return {
        "form": form,
        "user": user,
        "works_at": place_services.words(placed(user)),
        "has_places": len(every_location()) > 1,
        "may": can(Can.MANAGE_USERS) and services.manageable(user, g.person.powers),
        "is_me": user.id == g.person.id,
        "invited": user.password_hash is None,
        "pin_form": PinForm(formdata=None),
        "may_look_as": can(Can.VIEW_AS) and services.manageable(user, g.person.powers),
        "passkey_count": len(passkeys.passkeys_of(user.id)),
        "device_count": len(sessions.sessions_of(user.id)),
        "breadcrumbs": [(_("People"), url_for("identity.people")), (user.name, None)],
    }


def _managed(user_id: int) -> User:
    user = services.colleague_numbered(user_id, g.person.powers)
    services.check_may_manage(user, g.person.powers)
    return user


def _back(user_id: int, message: str) -> Response:
    return html.done(message, to=url_for("identity.person", user_id=user_id))


@module.post("/people/<int:user_id>/deactivate", needs=Can.MANAGE_USERS)
def deactivate(user_id: int) -> Response:
    """Keep somebody out, at once."""
    user = _managed(user_id)
    services.deactivate(user, g.person.powers, g.person.id)
    return _back(user_id, _("%(name)s can no longer sign in.", name=user.name))


@module.post("/people/<int:user_id>/reactivate", needs=Can.MANAGE_USERS)
def reactivate(user_id: int) -> Response:
    """Let somebody in again."""
    user = _managed(user_id)
    services.reactivate(user, g.person.powers)
    return _back(user_id, _("%(name)s can sign in again.", name=user.name))


@module.post("/people/<int:user_id>/link", needs=Can.MANAGE_USERS)
def send_password_link(user_id: int) -> Response:
    """Mail a link to set a password."""
    user = _managed(user_id)
    send_link(user, "reset" if user.password_hash else "invitation")
    audit.record("password_link", "users", user.id, user.name)
    return _back(user_id, _("A link is on its way to %(email)s.", email=user.email))


@module.post("/people/<int:user_id>/sign-out", needs=Can.MANAGE_USERS)
def sign_out_everywhere(user_id: int) -> Response:
    """End all sessions of somebody."""
    user = _managed(user_id)
    sessions.end_all(user.id)
    audit.record("sessions_ended", "users", user.id, user.name)
    return _back(user_id, _("%(name)s is signed out everywhere.", name=user.name))


@module.post("/people/<int:user_id>/second-factor/off", needs=Can.MANAGE_USERS)
@fresh
def remove_second_factor(user_id: int) -> Response:
    """For somebody who lost the phone and the recovery codes: their passkeys go as well."""
    user = _managed(user_id)
    second_factor.remove_all(user)
    sessions.end_all(user.id)
    return _back(user_id, _("The second factor and the passkeys of %(name)s are gone.", name=user.name))
