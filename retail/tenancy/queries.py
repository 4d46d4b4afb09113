"""Reads of tenants and locations."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext as _
from sqlalchemy import select

from retail.core.db import session
from retail.core.errors import NotFound
from retail.core.tenancy import current_tenant_id
from retail.tenancy.models import Location, Tenant


def current_tenant() -> Tenant:
    """The tenant we are in."""
    return session.get_one(Tenant, current_tenant_id())


def tenant_numbered(tenant_id: int) -> Tenant:
    """A tenant by its id."""
    return session.get_one(Tenant, tenant_id)


def locations() -> Sequence[Location]:
    """The active locations, shops first."""
    return session.scalars(select(Location).where(Location.active).order_by(Location.kind, Location.name)).all()


def location_numbered(location_id: int) -> Location:
    """A location of the tenant we are in; NotFound when there is none."""
    location = session.scalar(select(Location).where(Location.id == location_id))
    if location is None:
        raise NotFound(_("There is no such location."))
    return location


def first_shop() -> Location:
    """Where a command books when nobody says where."""
    return session.scalars(select(Location).where(Location.active).order_by(Location.id)).first() or _no_location()


def _no_location() -> Location:
    raise LookupError("the tenant has no location")
