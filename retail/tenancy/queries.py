"""Reads of tenants and locations."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext as _
from sqlalchemy import select

from retail.core.db import session
from retail.core.errors import NotFound
from retail.core.places import is_here
from retail.core.tenancy import current_tenant_id
from retail.tenancy.models import Location, Tenant


def current_tenant() -> Tenant:
    """The tenant we are in."""
    return session.get_one(Tenant, current_tenant_id())


def tenant_numbered(tenant_id: int) -> Tenant:
    """A tenant by its id."""
    return session.get_one(Tenant, tenant_id)


def every_location() -> Sequence[Location]:
    """The active locations, shops first; also those where the person does not work, for the other end of a transfer."""
    return session.scalars(select(Location).where(Location.active).order_by(Location.kind, Location.name)).all()


def locations() -> Sequence[Location]:
    """The active locations at which the person works, shops first."""
    return [one for one in every_location() if is_here(one.id)]


def location_numbered(location_id: int) -> Location:
    """A location of the tenant we are in; NotFound when there is none, or the person does not work there."""
    location = session.scalar(select(Location).where(Location.id == location_id)) if is_here(location_id) else None
    if location is None:
        raise NotFound(_("There is no such location."))
    return location


def first_shop() -> Location:
    """Where is booked when nobody says where."""
    return min(locations(), key=lambda one: one.id, default=None) or _no_location()


def _no_location() -> Location:
    raise LookupError("the tenant has no location")
