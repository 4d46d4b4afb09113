"""Users, roles and passwords: creating and changing them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from argon2 import PasswordHasher
from flask_babel import gettext as _
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm.attributes import set_committed_value

from retail.core import audit
from retail.core.clock import now
from retail.core.db import session
from retail.core.errors import NotFound, Refused
from retail.core.places import cover
from retail.core.shortcuts import PREFERENCE
from retail.core.tenancy import current_tenant_id, taken_anywhere
from retail.identity import passwords, sessions
from retail.identity.administrator_models import Administrator
from retail.identity.letters import tell
from retail.identity.limits import PERMISSION_OF, Limits, Powers, limits_of
from retail.identity.models import OldPassword, Role, User, UserSession
from retail.identity.passwords import check_password
from retail.identity.place_queries import placed
from retail.permissions import (
    LARGEST_ADJUSTMENT,
    LARGEST_DISCOUNT_PERCENT,
    LARGEST_GIVEN_BACK,
    LARGEST_PURCHASE,
    ROLES,
    Can,
)
from retail.tenancy.models import Tenant

hasher = PasswordHasher()


def open_roles() -> None:
    """Give the tenant we are in the roles every tenant begins with; what is there already stays."""
    known = set(session.scalars(select(Role.name)))
    session.add_all(
        Role(
            name=name,
            permissions=sorted(permissions),
            largest_discount_percent=LARGEST_DISCOUNT_PERCENT.get(name, 0),
            largest_refund=LARGEST_GIVEN_BACK.get(name),
            largest_void=LARGEST_GIVEN_BACK.get(name),
            largest_purchase=LARGEST_PURCHASE.get(name),
            largest_adjustment=LARGEST_ADJUSTMENT.get(name),
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


def add_user(email: str, name: str, role: str, password: str | None = None) -> User:
    """A new user of the tenant we are in. Without a password nobody can sign in as them until one is set."""
    email = email.strip().lower()
    if address_is_taken(email):
        raise Refused(_("This address is in use already."), field="email")
    if password is not None:
        check_password(password, (email, name))
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
    return taken_anywhere(User.email, email)


def check_new_password(password: str, about: Iterable[str] = ()) -> None:
    """Refused when a password is too easy to guess; see `passwords.check_password`."""
    check_password(password, about)


def set_password(user: User, password: str) -> None:
    """Give a user a new password. Refused when it is too easy to guess, or one they had before."""
    check_password(password, (user.email, user.name))
    passwords.check_is_new(password, hashes_of(user), hasher)
    replace_password(user, hasher.hash(password))


def hashes_of(user: User) -> list[str]:
    """The hashes of the passwords a user cannot take again: the present one and those before."""
    before = session.scalars(
        select(OldPassword.password_hash)
        .where(OldPassword.user_id == user.id)
        .order_by(OldPassword.id.desc())
        .limit(passwords.REMEMBERED - 1)
    )
    return [*([user.password_hash] if user.password_hash else []), *before]


def replace_password(user: User, hashed: str) -> None:
    """Put the hash of a new password in the place of the present one, which is remembered among the last ones, and
    tell whose it is; a first one is no news."""
    if user.password_hash is not None:
        tell(user, "password")
        session.add(OldPassword(user_id=user.id, password_hash=user.password_hash, replaced_at=now()))
        session.flush()
        kept = (
            select(OldPassword.id)
            .where(OldPassword.user_id == user.id)
            .order_by(OldPassword.id.desc())
            .limit(passwords.REMEMBERED - 1)
        )
        session.execute(
            delete(OldPassword).where(
                OldPassword.user_id == user.id, OldPassword.id.not_in(list(session.scalars(kept)))
            ),
            execution_options={"synchronize_session": False},
        )
    user.password_hash = hashed


def is_password(user: User | Administrator | None, password: str) -> bool:
    """Whether this is the user's password. Takes as long for nobody's as for somebody's."""
    if user is None or user.password_hash is None:
        hasher.hash(password)
        return False
    return passwords.fits(user.password_hash, password, hasher)


def renew_hash(user: User, password: str) -> None:
    """Hash a password that was just proved right anew when its hash is weaker than what is made today."""
    if user.password_hash is None or hasher.check_needs_rehash(user.password_hash):
        user.password_hash = hasher.hash(password)


def manageable(user: User, mine: Powers) -> bool:
    """Whether somebody who may do `mine` may change this user: nobody manages those who may do more, go further, or
    work where they do not."""
    return mine.cover(user.role) and cover(mine.places, placed(user))


def check_may_manage(user: User, mine: Powers) -> None:
    """Refused when the user may do things that whoever changes them may not."""
    if not manageable(user, mine):
        raise Refused(
            _("%(name)s may do things you may not; ask somebody whose role allows as much.", name=user.name),
        )


def check_may_give(role: Role, mine: Powers) -> None:
    """Refused when the role allows what whoever gives it may not, or goes further."""
    if not mine.cover(role):
        raise Refused(_("You can only give a role that allows no more than your own."), field="role_id")


def colleague_numbered(user_id: int, mine: Powers) -> User:
    """A user who works at one of the places where whoever asks does; NotFound for all others."""
    user = user_numbered(user_id)
    theirs = placed(user)
    if mine.places is not None and theirs is not None and mine.places.isdisjoint(theirs):
        raise NotFound(_("There is no such person."))
    return user


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


def invite(email: str, name: str, role: Role, mine: Powers) -> User:
    """A new user who sets a password by the link sent to them. Invited by somebody who works at some places only, they
    work nowhere until it is said where."""
    check_may_give(role, mine)
    user = add_user(email, name, role.name)
    let_work(user, everywhere=mine.places is None)
    return user


def let_work(user: User, *, everywhere: bool) -> None:
    """Note whether somebody works at all locations. By a statement of its own, because the history has an entry that
    names the locations."""
    session.execute(
        update(User).where(User.id == user.id).values(everywhere=everywhere),
        execution_options={"synchronize_session": False},
    )
    set_committed_value(user, "everywhere", everywhere)


def change_user(user: User, name: str, role: Role, mine: Powers, acting_id: int) -> None:
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
    check_somebody_manages()


def deactivate(user: User, mine: Powers, acting_id: int) -> None:
    """Keep a user from signing in, and sign them out everywhere."""
    if user.id == acting_id:
        raise Refused(_("You cannot deactivate yourself."))
    check_may_manage(user, mine)
    user.active = False
    session.flush()
    check_somebody_manages()
    sessions.end_all(user.id)


def reactivate(user: User, mine: Powers) -> None:
    """Let a user sign in again."""
    check_may_manage(user, mine)
    user.active = True


def check_somebody_manages() -> None:
    """Refused when nobody who can sign in and works everywhere could manage people and roles any more. Whoever else
    changes people or roles in this instant has to wait, so that two owners cannot demote each other at once."""
    session.execute(select(Tenant.id).where(Tenant.id == current_tenant_id()).with_for_update())
    held = session.execute(
        select(Role.permissions)
        .join(User, User.role_id == Role.id)
        .where(User.active, User.everywhere, User.password_hash.is_not(None))
    ).scalars()
    if not any({Can.MANAGE_USERS, Can.MANAGE_ROLES} <= set(permissions) for permissions in held):
        raise Refused(_("Somebody must be left who can manage people and roles. Give another person that role first."))


def copy_role(role: Role, name: str, mine: Powers) -> Role:
    """A new role that allows what `role` allows. Refused when that is more than whoever copies it may do."""
    check_may_give(role, mine)
    name = _free_role_name(name)
    made = Role(
        name=name,
        permissions=list(role.permissions),
        largest_discount_percent=role.largest_discount_percent,
        largest_refund=role.largest_refund,
        largest_void=role.largest_void,
        largest_purchase=role.largest_purchase,
        largest_adjustment=role.largest_adjustment,
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
    limits: Limits,
    requires_second_factor: bool,
    mine: Powers,
) -> None:
    """Say anew what a role allows, and how far. Permissions that whoever changes it lacks stay as they are; nobody sets
    a limit beyond their own, nor adds the permission that lets such a limit count."""
    wanted = {str(one) for one in permissions} & set(Can)
    before = set(role.permissions)
    if (before ^ wanted) - mine.permissions:
        raise Refused(_("You can only give or take what your own role allows."), field="permissions")
    for action in limits.beyond(mine.limits):
        if limits.of(action) != limits_of(role).of(action) or PERMISSION_OF[action] in wanted - before:
            field = "largest_discount_percent" if action == "discount" else f"largest_{action}"
            raise Refused(_("This is more than your own role allows; ask somebody with a higher limit."), field=field)
    role.name = _free_role_name(name, role.id)
    if wanted != before:
        role.permissions = sorted(wanted)
    role.largest_discount_percent = int(limits.discount)
    role.largest_refund, role.largest_void = limits.refund, limits.void
    role.largest_purchase = limits.purchase
    role.largest_adjustment = limits.adjustment
    role.requires_second_factor = requires_second_factor
    session.flush()
    check_somebody_manages()


def remove_role(role: Role) -> None:
    """Delete a role nobody has."""
    if session.scalar(select(func.count()).where(User.role_id == role.id)):
        raise Refused(_("People still have this role. Give them another one first."))
    session.execute(
        update(UserSession).where(UserSession.viewed_role_id == role.id).values(viewed_role_id=None),
        execution_options={"synchronize_session": False},
    )
    session.delete(role)
    session.flush()


def roles_with_people() -> list[tuple[Role, int]]:
    """The tenant's roles, each with how many people have it."""
    counted = session.execute(select(User.role_id, func.count().label("people")).group_by(User.role_id))
    counts = {row.role_id: row.people for row in counted}
    return [(role, counts.get(role.id, 0)) for role in roles()]


def people_in(role_id: int) -> Sequence[User]:
    """Who has a role, those who may sign in first, by name."""
    return session.scalars(
        select(User).where(User.role_id == role_id).order_by(User.active.desc(), User.name, User.id)
    ).all()


def choose_shortcuts(user: User, keys: Mapping[str, str]) -> None:
    """Keep the keys somebody chose instead of the usual ones; none of them brings the usual ones back."""
    # A new mapping, for a changed one inside a row would not be noticed.
    user.preferences = {**user.preferences, PREFERENCE: dict(keys)}
    session.flush()
