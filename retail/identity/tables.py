"""The list of people."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, case, exists, func, or_, select
from sqlalchemy.engine import Row

from retail.core.db import session
from retail.core.places import present_places
from retail.core.tables import Column, Filter, Table, choices_of
from retail.identity.models import Role, User, UserPlace
from retail.permissions import Can
from retail.tenancy.models import Location
from retail.tenancy.queries import locations

_NAMES = (
    select(func.coalesce(func.aggregate_strings(Location.name, ", "), "–"))
    .join(UserPlace, UserPlace.location_id == Location.id)
    .where(UserPlace.user_id == User.id)
    .correlate(User)
    .scalar_subquery()
)
PLACES = case((User.everywhere, ""), else_=_NAMES)
"""Where somebody works: the names of the locations, or nothing for everywhere."""
STATE = case((User.active.is_(False), "off"), (User.password_hash.is_(None), "invited"), else_="active")


def _state_word(value: str) -> str:
    words = {"active": _("active"), "invited": _("invited"), "off": _("deactivated")}
    return str(words[value])


def _link(row: Row[Any]) -> str:
    return url_for("identity.person", user_id=row.row_id)


def _roles() -> list[tuple[str, str]]:
    return [(str(role_id), name) for role_id, name in session.execute(select(Role.id, Role.name).order_by(Role.name))]


def _places() -> list[tuple[str, str]]:
    return [(str(one.id), one.name) for one in locations()]


def _at_place(statement: Select[Any], value: str) -> Select[Any]:
    if not value.isdigit():
        return statement
    there = exists().where(UserPlace.user_id == User.id, UserPlace.location_id == int(value))
    return statement.where(or_(User.everywhere, there))


def _with_role(statement: Select[Any], value: str) -> Select[Any]:
    return statement.where(User.role_id == int(value)) if value.isdigit() else statement


class PeopleTable(Table):
    """Everybody who may sign in."""

    name = "people"
    label = _l("People")
    order = "name"
    needs = Can.VIEW_USERS
    row_id = User.id
    columns = {
        "name": Column(_l("Name"), User.name, link=_link, search=True),
        "email": Column(_l("E-mail"), User.email, search=True),
        "role": Column(_l("Role"), Role.name),
        "places": Column(_l("Works at"), PLACES, show=lambda value: value or _("everywhere"), sortable=False),
        "state": Column(
            _l("State"),
            STATE,
            show=_state_word,
            tone=lambda value: {"active": "success", "invited": "info"}.get(value, "neutral"),
        ),
        "pin": Column(_l("PIN"), User.pin_hash.is_not(None), "boolean"),
        "second_factor": Column(_l("Second factor"), User.totp_confirmed_at.is_not(None), "boolean"),
        "last_sign_in": Column(_l("Last sign-in"), User.last_sign_in_at, "datetime"),
    }
    filters = {
        "role": Filter(_l("Role"), _with_role, "choice", _roles),
        "location": Filter(_l("Works at"), _at_place, "choice", _places),
        "state": Filter(
            _l("State"),
            lambda statement, value: statement.where(STATE.in_((value,))),
            "choice",
            choices_of(("active", _l("active")), ("invited", _l("invited")), ("off", _l("deactivated"))),
        ),
    }

    def source(self) -> Select[Any]:
        people = select(User).join(Role, Role.id == User.role_id)
        places = present_places()
        if places is None:
            return people
        here = exists().where(UserPlace.user_id == User.id, UserPlace.location_id.in_(places))
        return people.where(or_(User.everywhere, here))
