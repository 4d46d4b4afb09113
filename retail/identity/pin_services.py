"""PINs: how people at a till change places in a second, and how a manager approves on the spot.

A PIN opens the work at a till and nothing else, on a device where somebody has signed in. It is not unique: whoever
gives it also says who they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import select, update
from sqlalchemy.orm.attributes import set_committed_value

from retail.core import audit
from retail.core.db import session
from retail.core.errors import Refused
from retail.core.places import Places, shares_a_place
from retail.identity import sessions
from retail.identity.letters import tell
from retail.identity.models import Role, User
from retail.identity.place_queries import places_by_person
from retail.permissions import Can

SHORTEST, LONGEST = 4, 8
RUNS = ("01234567890123456789", "98765432109876543210")


@dataclass(frozen=True)
class WithPin:
    """Somebody who can be chosen beside a PIN pad."""

    id: int
    name: str
    role: str


def check_pin(pin: str) -> None:
    """Refused for what is no PIN, and for those everybody tries first."""
    if not (pin.isascii() and pin.isdecimal() and SHORTEST <= len(pin) <= LONGEST):
        raise Refused(_("A PIN is %(least)d to %(most)d digits.", least=SHORTEST, most=LONGEST), field="pin")
    if len(set(pin)) == 1 or any(pin in run for run in RUNS):
        raise Refused(_("That PIN is among the first anybody tries; take another one."), field="pin")


def set_pin(user: User, hashed: str) -> None:
    """Give a user a PIN, by its hash. Tills they had taken over by the old one are locked."""
    _keep(user, hashed)
    sessions.leave_tills(user.id)
    audit.record("pin_set", "users", user.id, user.name)
    tell(user, "pin")


def remove_pin(user: User) -> None:
    """Take a user's PIN away."""
    if user.pin_hash is not None:
        tell(user, "pin_removed")
    _keep(user, None)
    sessions.leave_tills(user.id)
    audit.record("pin_removed", "users", user.id, user.name)


def _keep(user: User, hashed: str | None) -> None:
    # By a statement of its own, because the history has an entry that says it in words.
    session.execute(
        update(User).where(User.id == user.id).values(pin_hash=hashed),
        execution_options={"synchronize_session": False},
    )
    set_committed_value(user, "pin_hash", hashed)


def people_with_pin(allows: Callable[[Role], bool], at: Places) -> list[WithPin]:
    """Who works at one of these places, can give a PIN and has a role that `allows` what it is for, by name."""
    asked = select(User).where(User.active, User.pin_hash.is_not(None)).order_by(User.name, User.id)
    people = [one for one in session.scalars(asked) if allows(one.role)]
    placed = places_by_person(people)
    return [WithPin(one.id, one.name, one.role.name) for one in people if shares_a_place(placed[one.id], at)]


def cashiers(at: Places) -> list[WithPin]:
    """Who can take over a till that stands at one of these places."""
    return people_with_pin(lambda role: Can.SELL in role.permissions, at)
