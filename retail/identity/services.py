"""Users, roles and passwords: creating and changing them."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from flask_babel import gettext as _
from sqlalchemy import func, select

from retail.core.clock import now
from retail.core.db import session, table_of
from retail.core.errors import NotFound, Refused
from retail.core.tenancy import current_tenant_id
from retail.identity.models import Role, User
from retail.permissions import LARGEST_DISCOUNT_PERCENT, ROLES

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
    check_password(password)
    user.password_hash = hasher.hash(password)


def is_password(user: User | None, password: str) -> bool:
    """Whether this is the user's password. Takes as long for nobody's as for somebody's; renews an old hash."""
    if user is None or user.password_hash is None:
        hasher.hash(password)
        return False
    try:
        hasher.verify(user.password_hash, password)
    except (Argon2Error, InvalidHashError):
        return False
    if hasher.check_needs_rehash(user.password_hash):
        user.password_hash = hasher.hash(password)
    return True
