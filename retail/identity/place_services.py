"""At which locations people work: everywhere, or at some of them, to which all they see and do is limited."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from flask_babel import gettext as _
from sqlalchemy import delete, select

from retail.core import audit
from retail.core.db import session
from retail.core.errors import Refused
from retail.core.events import emit
from retail.core.places import NOWHERE, Places, cover
from retail.core.push import close_after_commit
from retail.events.identity import PlacesGiven
from retail.identity import sessions
from retail.identity.limits import Powers
from retail.identity.models import User, UserPlace
from retail.identity.place_queries import placed
from retail.identity.services import check_may_manage, check_somebody_manages, let_work
from retail.tenancy.models import Location


def check_may_place(places: Places, mine: Powers) -> None:
    """Refused when somebody would work where whoever says so does not, or nowhere at all."""
    if places is not None and not places:
        raise Refused(_("Choose at least one location, or all of them."), field="places")
    if not cover(mine.places, places):
        raise Refused(_("You can only give locations at which you work yourself."), field="places")


def set_places(user: User, places: Places, mine: Powers, acting_id: int) -> None:
    """Let somebody work at these locations alone, or with None at all of them. What they see changes with their next
    request, their open screens are asked anew, and tills they took over are locked.

    Refused for oneself, and for locations which whoever says so has not.
    """
    before = placed(user)
    if before == places and before != NOWHERE:
        return
    if user.id == acting_id:
        raise Refused(_("You cannot change where you work yourself; ask a colleague."), field="places")
    check_may_manage(user, mine)
    check_may_place(places, mine)
    give_places(user, places)


def give_places(user: User, places: Places) -> None:
    """`set_places` for programs, which no person asked. Refused when nobody would be left who manages everything."""
    before = placed(user)
    let_work(user, everywhere=places is None)
    session.execute(delete(UserPlace).where(UserPlace.user_id == user.id))
    session.add_all(UserPlace(user_id=user.id, location_id=one) for one in sorted(places or ()))
    session.flush()
    check_somebody_manages()
    names = names_of({*(before or ()), *(places or ())})
    audit.record("places_given", "users", user.id, user.name, {"places": [_said(before, names), _said(places, names)]})
    sessions.leave_tills(user.id)
    close_after_commit(f"user:{user.id}")
    emit(PlacesGiven(user_id=user.id))


def words(places: Places) -> str:
    """Where somebody works, in words."""
    return _said(places, names_of(places or ()))


def names_of(location_ids: Collection[int]) -> Mapping[int, str]:
    """The names of locations by their ids."""
    rows = session.execute(select(Location.id, Location.name).where(Location.id.in_(location_ids)))
    return {row.id: row.name for row in rows}


def _said(places: Places, names: Mapping[int, str]) -> str:
    return str(_("everywhere")) if places is None else ", ".join(sorted(names.get(one, "") for one in places))
