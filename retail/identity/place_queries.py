"""Where people work."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import select

from retail.core.db import session
from retail.core.places import Places
from retail.identity.models import User, UserPlace


def placed(user: User) -> Places:
    """At which locations somebody works; None is everywhere."""
    return places_by_person([user])[user.id]


def places_by_person(users: Iterable[User]) -> dict[int, Places]:
    """Where each of these people works."""
    everybody = list(users)
    limited = [one.id for one in everybody if not one.everywhere]
    found: dict[int, set[int]] = defaultdict(set)
    if limited:
        rows = session.execute(select(UserPlace.user_id, UserPlace.location_id).where(UserPlace.user_id.in_(limited)))
        for user_id, location_id in rows:
            found[user_id].add(location_id)
    return {one.id: None if one.everywhere else frozenset(found[one.id]) for one in everybody}
