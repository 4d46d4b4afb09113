"""Users, roles and passwords: creating and changing them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from flask_babel import gettext as _
from sqlalchemy import func, select

from retail.core import audit
from retail.core.clock import now
from retail.core.db import session, table_of
from retail.core.errors import NotFound, Refused
from retail.core.shortcuts import PREFERENCE
from retail.core.tenancy import current_tenant_id
from retail.identity import sessions
from retail.identity.models import Role, User
from retail.permissions import LARGEST_DISCOUNT_PERCENT, ROLES, Can

hasher = PasswordHasher()
SHORTEST_PASSWORD = 10


def open_roles() -> None:
    """Give the tenant we are in the roles every tenant begins with; what is there already stays."""
    known = set(session.scalars(select(Role.name)))
    session.add_all(
        Role(
            name=name,
            permissions=sorted(permissions),
            largest_discount_percent=LARGEST_DISCOUNT_PERCENT.get(name, 0),
        )
        for name, permissions in ROLES.items()
        if name not in known
    )
    session.flush()


def role_called(name: str) -> Role:
    """A role of the tenant we are in, by name."""
    role = session.scalar(select(Role).where(Role.name == name))
    if role is None:
        raise NotFound(_("There is no role “%(name)s”.", name=name), field="role")
    return role


def check_password(password: str) -> None:
    """Refused when a password is too easy to guess."""
    if len(password) < SHORTEST_PASSWORD:
        raise Refused(
            _("A password needs at least %(n)d characters; a few words make a good one.", n=SHORTEST_PASSWORD),
            field="password",
        )


def add_user(email: str, name: str, role: str, password: str | None = None) -> User:
    """A new user of the tenant we are in. Without a password nobody can sign in as them until one is set."""
    email = email.strip().lower()
    if address_is_taken(email):
        raise Refused(_("This address is in use already."), field="email")
    if password is not None:
        check_password(password)
    user = User(
        tenant_id=current_tenant_id(),
        email=email,
        name=" ".join(name.split()),
        role_id=role_called(role).id,
        password_hash=hasher.hash(password) if password is not None else None,
        created_at=now(),
    )
    session.add(user)
    session.flush()
    return user


def address_is_taken(email: str) -> bool:
    """Whether somebody signs in with this address, in whichever tenant."""
    statement = select(func.count()).select_from(table_of(User)).where(table_of(User).c.email == email)
    return bool(session.execute(statement, execution_options={"stamped": True}).scalar())


def set_password(user: User, password: str) -> None:
    """Give a user a new password."""
    check_password(password)
    user.password_hash = hasher.hash(password)


def is_password(user: User | None, password: str) -> bool:
    """Whether this is the user's password. Takes as long for nobody's as for somebody's."""
    if user is None or user.password_hash is None:
        hasher.hash(password)
        return False
    try:
        hasher.verify(user.password_hash, password)
    except (Argon2Error, InvalidHashError):
        return False
    return True


def renew_hash(user: User, password: str) -> None:
    """Hash a password that was just proved right anew when its hash is weaker than what is made today."""
    if user.password_hash is None or hasher.check_needs_rehash(user.password_hash):
        user.password_hash = hasher.hash(password)


def manageable(user: User, mine: frozenset[str]) -> bool:
    """Whether somebody with the permissions `mine` may change this user: nobody manages those who may do more."""
    return set(user.role.permissions) <= mine


def check_may_manage(user: User, mine: frozenset[str]) -> None:
    """Refused when the user may do things that whoever changes them may not."""
    if not manageable(user, mine):
        raise Refused(
            _("%(name)s may do things you may not; ask somebody whose role allows as much.", name=user.name),
        )


def check_may_give(role: Role, mine: frozenset[str]) -> None:
    """Refused when the role holds permissions that whoever gives it lacks."""
    if not set(role.permissions) <= mine:
        raise Refused(_("You can only give a role that allows no more than your own."), field="role_id")


def user_numbered(user_id: int) -> User:
    """A user of the tenant we are in; NotFound when there is none."""
    user = session.get(User, user_id)
    if user is None or user.tenant_id != current_tenant_id():
        raise NotFound(_("There is no such person."))
    return user


def role_numbered(role_id: int) -> Role:
    """A role of the tenant we are in; NotFound when there is none."""
    role = session.get(Role, role_id)
    if role is None or role.tenant_id != current_tenant_id():
        raise NotFound(_("There is no such role."), field="role_id")
    return role


def roles() -> Sequence[Role]:
    """The tenant's roles, the most powerful first."""
    found = session.scalars(select(Role).order_by(Role.name)).all()
    return sorted(found, key=lambda role: (-len(role.permissions), role.name))


def invite(email: str, name: str, role: Role, mine: frozenset[str]) -> User:
    """A new user who sets a password by the link sent to them."""
    check_may_give(role, mine)
    return add_user(email, name, role.name)


def change_user(user: User, name: str, role: Role, mine: frozenset[str], acting_id: int) -> None:
    """Give a user another name or role. Nobody changes their own role, so nobody locks themselves out by it."""
    check_may_manage(user, mine)
    user.name = " ".join(name.split())
    if role.id == user.role_id:
        return
    if user.id == acting_id:
        raise Refused(_("You cannot change your own role; ask another owner."), field="role_id")
    check_may_give(role, mine)
    before = user.role.name
    user.role_id = role.id
    session.flush()
    session.refresh(user)
    audit.record("role_given", "users", user.id, user.name, {"role": [before, role.name]})
    _check_somebody_manages()


def deactivate(user: User, mine: frozenset[str], acting_id: int) -> None:
    """Keep a user from signing in, and sign them out everywhere."""
    if user.id == acting_id:
        raise Refused(_("You cannot deactivate yourself."))
    check_may_manage(user, mine)
    user.active = False
    session.flush()
    _check_somebody_manages()
    sessions.end_all(user.id)


def reactivate(user: User, mine: frozenset[str]) -> None:
    """Let a user sign in again."""
    check_may_manage(user, mine)
    user.active = True


def _check_somebody_manages() -> None:
    """Refused when nobody who can sign in could manage people and roles any more."""
    held = session.execute(
        select(Role.permissions).join(User, User.role_id == Role.id).where(User.active, User.password_hash.is_not(None))
    ).scalars()
    if not any({Can.MANAGE_USERS, Can.MANAGE_ROLES} <= set(permissions) for permissions in held):
        raise Refused(_("Somebody must be left who can manage people and roles. Give another person that role first."))


def copy_role(role: Role, name: str) -> Role:
    """A new role that allows what `role` allows."""
    name = _free_role_name(name)
    made = Role(
        name=name,
        permissions=list(role.permissions),
        largest_discount_percent=role.largest_discount_percent,
        requires_second_factor=role.requires_second_factor,
    )
    session.add(made)
    session.flush()
    return made


def _free_role_name(name: str, role_id: int | None = None) -> str:
    name = " ".join(name.split()).lower()
    taken = session.scalar(select(Role.id).where(Role.name == name))
    if not name:
        raise Refused(_("A role needs a name."), field="name")
    if taken is not None and taken != role_id:
        raise Refused(_("There is a role “%(name)s” already.", name=name), field="name")
    return name


def change_role(
    role: Role,
    *,
    name: str,
    permissions: Iterable[str],
    largest_discount_percent: int,
    requires_second_factor: bool,
    mine: frozenset[str],
) -> None:
    """Say anew what a role allows. Permissions that whoever changes it lacks stay as they are."""
    wanted = {str(one) for one in permissions} & set(Can)
    before = set(role.permissions)
    if (before ^ wanted) - mine:
        raise Refused(_("You can only give or take what your own role allows."), field="permissions")
    role.name = _free_role_name(name, role.id)
    if wanted != before:
        role.permissions = sorted(wanted)
    role.largest_discount_percent = largest_discount_percent
    role.requires_second_factor = requires_second_factor
    session.flush()
    _check_somebody_manages()


def remove_role(role: Role) -> None:
    """Delete a role nobody has."""
    if session.scalar(select(func.count()).where(User.role_id == role.id)):
        raise Refused(_("People still have this role. Give them another one first."))
    session.delete(role)
    session.flush()


def roles_with_people() -> list[tuple[Role, int]]:
    """The tenant's roles, each with how many people have it."""
    counted = session.execute(select(User.role_id, func.count().label("people")).group_by(User.role_id))
    counts = {row.role_id: row.people for row in counted}
    return [(role, counts.get(role.id, 0)) for role in roles()]


def people_with_role(role_id: int) -> int:
    """How many people have a role."""
    return session.scalar(select(func.count()).where(User.role_id == role_id)) or 0


def choose_shortcuts(user: User, keys: Mapping[str, str]) -> None:
    """Keep the keys somebody chose instead of the usual ones; none of them brings the usual ones back."""
    # A new mapping, for a changed one inside a row would not be noticed.
    user.preferences = {**user.preferences, PREFERENCE: dict(keys)}
    session.flush()
