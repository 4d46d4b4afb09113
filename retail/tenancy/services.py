"""Tenants and locations: creating and changing them."""

from __future__ import annotations

import re
import unicodedata
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from babel.numbers import list_currencies
from flask_babel import gettext as _
from sqlalchemy import select

from retail.core.clock import now
from retail.core.db import session
from retail.core.errors import Refused
from retail.core.numbers import NumberSeries
from retail.core.tenancy import across_tenants
from retail.tenancy.models import Location, Tenant


def slug_of(name: str) -> str:
    """The short form of a name for addresses and commands: `Corner Shop & Co` → `corner-shop-co`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def create_tenant(
    name: str, currency: str, timezone: str, *, locale: str = "en_GB", location: str = "Main shop", **settings: Any
) -> Tenant:
    """A new business with its first location. Its roles, accounts and the like are made by their own modules.

    Refused when the currency or zone does not exist, or the name gives a slug that is taken.
    """
    name = " ".join(name.split())
    slug = slug_of(name)
    if not slug:
        raise Refused(_("A tenant needs a name with at least one letter or digit."), field="name")
    check_currency(currency)
    check_timezone(timezone)
    with across_tenants():
        if session.scalar(select(Tenant.id).where(Tenant.slug == slug)):
            raise Refused(_("A tenant called “%(slug)s” exists already.", slug=slug), field="name")
        tenant = Tenant(
            slug=slug,
            name=name,
            currency=currency.upper(),
            timezone=timezone,
            locale=locale,
            created_at=now(),
            **settings,
        )
        session.add(tenant)
        session.flush()
        session.add(Location(tenant_id=tenant.id, code="main", name=location, kind="shop"))
        session.flush()
    return tenant


def check_currency(currency: str) -> None:
    """Refused when a currency does not exist."""
    if currency.upper() not in list_currencies():
        raise Refused(_("“%(code)s” is no currency; write three letters such as GBP.", code=currency), field="currency")


def check_timezone(timezone: str) -> None:
    """Refused when a time zone does not exist."""
    if timezone not in available_timezones():
        raise Refused(
            _("“%(zone)s” is no time zone; write one such as Europe/London.", zone=timezone), field="timezone"
        )
    ZoneInfo(timezone)


def add_location(code: str, name: str, kind: str = "shop", **settings: Any) -> Location:
    """Another shop or warehouse of the tenant we are in."""
    if session.scalar(select(Location.id).where(Location.code == code)):
        raise Refused(_("A location with the code “%(code)s” exists already.", code=code), field="code")
    location = Location(code=code, name=name, kind=kind, **settings)
    session.add(location)
    session.flush()
    return location


def change_location(
    location: Location, *, name: str, kind: str, address: str, allows_negative_stock: bool, active: bool
) -> None:
    """Change a location; its code stays, because files and commands name it. Refused when none would be left."""
    location.name, location.kind, location.address = " ".join(name.split()), kind, address
    location.allows_negative_stock, location.active = allows_negative_stock, active
    session.flush()
    if not session.scalar(select(Location.id).where(Location.active).limit(1)):
        raise Refused(_("One location must stay active."), field="active")


def currency_is_settled() -> bool:
    """Whether documents have been numbered in the tenant's currency, so that it can no longer change."""
    documents = NumberSeries.name.not_in(("customers",))
    return session.scalar(select(NumberSeries.id).where(documents).limit(1)) is not None


def change_settings(tenant: Tenant, **settings: Any) -> None:
    """Change what holds for the whole business. Refused for an unknown currency or zone, and for another currency once
    there are documents."""
    if "timezone" in settings:
        check_timezone(settings["timezone"])
    currency = settings.get("currency", tenant.currency).upper()
    check_currency(currency)
    if currency != tenant.currency and currency_is_settled():
        raise Refused(
            _("There are documents in %(code)s already; the currency stays.", code=tenant.currency), "currency"
        )
    for name, value in {**settings, "currency": currency}.items():
        setattr(tenant, name, value)
    session.flush()


def suspend(tenant: Tenant, reason: str) -> None:
    """Put a business out of force: its people cannot sign in, what it had planned rests, nothing is lost. Refused
    without a reason, which its people are told, and when it is suspended already."""
    reason = " ".join(reason.split())
    if not reason:
        raise Refused(_("Say why; its people are told."), field="reason")
    if tenant.suspended_at is not None:
        raise Refused(_("“%(name)s” is suspended already.", name=tenant.name))
    tenant.suspended_at, tenant.suspended_reason = now(), reason


def resume(tenant: Tenant) -> None:
    """Put a suspended business in force again; what waited goes on. Refused for any other, and for one of which an
    import has brought only a part."""
    if tenant.suspended_at is None:
        raise Refused(_("“%(name)s” is not suspended.", name=tenant.name))
    if tenant.arriving_at is not None:
        raise Refused(_("“%(name)s” has not arrived whole; import it again.", name=tenant.name))
    tenant.suspended_at, tenant.suspended_reason = None, ""


def tenant_called(slug: str) -> Tenant:
    """A tenant by slug, for commands; Refused with the known ones when there is none."""
    with across_tenants():
        tenant = session.scalar(select(Tenant).where(Tenant.slug == slug))
        if tenant is None:
            known = ", ".join(session.scalars(select(Tenant.slug).order_by(Tenant.slug))) or _("none yet")
            raise Refused(_("There is no tenant “%(slug)s”; there are: %(known)s.", slug=slug, known=known))
        session.expunge(tenant)
    return tenant
