"""Test data, made through the services, so that it cannot be impossible.

The cast: Corner Shop (owner, manager, cashier, clerk; one shop, one warehouse, one register, VAT at 20 %) and Rival,
with the same things under other names.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import select
from werkzeug.test import TestResponse

from retail.catalog.models import Product, Variant
from retail.core.clock import now
from retail.core.db import session, unit_of_work
from retail.core.tenancy import across_tenants, inside
from retail.customers.models import Customer
from retail.finance.models import TaxRate
from retail.finance.services import add_tax_rate, open_books
from retail.identity import administrator_services as administrators
from retail.identity import second_factor, sessions
from retail.identity import services as identity
from retail.identity.administrator_models import AdministratorDevice
from retail.identity.identification import ADMINISTRATOR
from retail.identity.models import User
from retail.identity.pin_services import set_pin
from retail.identity.place_services import give_places
from retail.inventory import services as inventory
from retail.inventory.services import Movement
from retail.payments.services import Tender
from retail.tenancy.models import Location, Tenant
from retail.tenancy.services import add_location, create_tenant
from retail.till import services as till
from retail.till.models import Register
from retail.till.queries import Station, station_at
from retail.till.services.cart_prices import Wanted
from retail.till.services.selling import Sold

PASSWORD = "correct horse battery"
ROLES = ("owner", "manager", "cashier", "clerk")
_count = itertools.count(1)


@dataclass(frozen=True)
class Cast:
    """A business and its people, by id, so that it can be used in any session."""

    tenant_id: int
    slug: str
    location_id: int
    warehouse_id: int
    register_id: int
    tax_rate_id: int
    users: dict[str, int]

    @property
    def tenant(self) -> Tenant:
        return session.get_one(Tenant, self.tenant_id)


def cast() -> None:
    """Make both businesses; called once for the template database."""
    usual = identity.hasher
    identity.hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    try:
        _business("Corner Shop", "corner.example")
        _business("Rival", "rival.example")
    finally:
        identity.hasher = usual


def _business(name: str, domain: str) -> None:
    with unit_of_work():
        tenant = create_tenant(name, "GBP", "Europe/London")
    with inside(tenant.id), unit_of_work():
        identity.open_roles()
        open_books()
        add_tax_rate("standard", "VAT 20 %", Decimal("0.2"))
        for role in ROLES:
            identity.add_user(f"{role}@{domain}", f"{name} {role}", role, PASSWORD)
        shop = session.scalars(select(Location)).one()
        add_location("store", f"{name} warehouse", "warehouse")
        till.add_register("Till 1", shop.id)


def found(slug: str) -> Cast:
    """A business of the database, with its people."""
    with across_tenants():
        tenant = session.scalars(select(Tenant).where(Tenant.slug == slug)).one()
    with inside(tenant.id):
        places = {one.code: one.id for one in session.scalars(select(Location))}
        users = {one.email.partition("@")[0]: one.id for one in session.scalars(select(User))}
        register_id = session.scalars(select(Register.id)).one()
        tax_rate_id = session.scalars(select(TaxRate.id)).one()
    session.rollback()
    return Cast(tenant.id, slug, places["main"], places["store"], register_id, tax_rate_id, users)


def corner_shop() -> Cast:
    return found("corner-shop")


def rival() -> Cast:
    return found("rival")


def product(name: str = "", **more: Any) -> Variant:
    """A product with one variant; see `products`. Inside a tenant; commits."""
    return products({"name": name, **more})[0]


def products(*wanted: dict[str, Any]) -> list[Variant]:
    """Products with one variant each, made in one go; each is told as `_product` takes it. Inside a tenant; commits."""
    with unit_of_work():
        return [_product(**one) for one in wanted]


def _product(
    name: str = "",
    *,
    price: str = "2.40",
    cost: str | None = "1.10",
    stock: int | Decimal = 0,
    sku: str = "",
    **more: Any,
) -> Variant:
    """A product with `stock` of it received at the shop."""
    number = next(_count)
    name = name or f"Product {number}"
    rate = session.scalar(select(TaxRate))
    described = Product(name=name, tax_rate_id=rate.id if rate else None, created_at=now(), **more)
    session.add(described)
    session.flush()
    variant = Variant(
        product_id=described.id,
        sku=sku or f"P{number}",
        name=name,
        price=Decimal(price),
        cost=None if cost is None else Decimal(cost),
    )
    session.add(variant)
    session.flush()
    if stock:
        place = session.scalars(select(Location.id).order_by(Location.id)).first()
        assert place is not None
        inventory.receive(place, [Movement(variant.id, place, Decimal(stock), Decimal(cost or 0))], "start")
    return variant


def customer(name: str = "Ada Byron", **more: Any) -> Customer:
    with unit_of_work():
        row = Customer(code=f"C{next(_count)}", name=name, created_at=now(), **more)
        session.add(row)
        session.flush()
    return row


def open_till(shop: Cast, opening_float: str = "50") -> Station:
    """The register with an open shift of the cashier."""
    station = station_at(shop.register_id)
    session.rollback()
    if station is None:
        with unit_of_work():
            till.open_shift(shop.register_id, Decimal(opening_float), shop.users["cashier"])
        station = station_at(shop.register_id)
        session.rollback()
    assert station is not None
    return station


def sale(shop: Cast, *wanted: tuple[Variant, int], tender: str = "cash", key: str = "", **more: Any) -> Sold:
    """A sale at the register, paid exactly."""
    station = open_till(shop)
    more.setdefault("allowance", till.WITHOUT_LIMITS)
    lines = [Wanted(variant.id, Decimal(quantity)) for variant, quantity in wanted]
    with unit_of_work():
        due = till.price_cart(shop.tenant, lines, more.get("discount")).priced.gross
        return till.ring_up(
            shop.tenant, station, lines, [Tender(tender, due)] if due else [], key or f"sale-{next(_count)}", **more
        )


def client(app: Flask, cast: Cast, role: str) -> FlaskClient:
    """A browser in which somebody of this role has signed in."""
    with app.app_context(), inside(cast.tenant_id), unit_of_work():
        user = session.get_one(User, cast.users[role])
        token = sessions.begin(user, address="127.0.0.1", device="test", days=1, second_factor=False)
    browser = app.test_client()
    with browser.session_transaction() as cookie:
        cookie["token"] = token
    return browser


def administrator(app: Flask, email: str = "root@platform.example", *, proved: bool = True) -> FlaskClient:
    """A browser in which an administrator of the platform has signed in, with the second factor unless not `proved`."""
    with app.app_context(), across_tenants(), unit_of_work():
        row = administrators.administrator_with_address(email)
        if row is None:
            row = administrators.add_administrator(email, "Root Keeper", PASSWORD)
        if proved and row.totp_confirmed_at is None:
            second_factor.begin_setup(row)
            row.totp_confirmed_at = now()
        kept = AdministratorDevice(administrator_id=row.id, second_factor=proved)
        token = sessions.keep(kept, address="127.0.0.1", device="test", days=1)
    browser = app.test_client()
    with browser.session_transaction() as cookie:
        cookie[ADMINISTRATOR] = token
    return browser


def give_pin(shop: Cast, role: str, pin: str = "2580") -> int:
    """Give somebody a PIN, with a hash that costs little; returns their id."""
    with within(shop), unit_of_work():
        set_pin(session.get_one(User, shop.users[role]), PasswordHasher(1, 8, 1).hash(pin))
    return shop.users[role]


def limit(shop: Cast, role: str, *location_ids: int) -> None:
    """Let somebody work at these locations only; at all of them when none is named. Commits."""
    with inside(shop.tenant_id), unit_of_work():
        give_places(session.get_one(User, shop.users[role]), frozenset(location_ids) or None)


def csrf(browser: FlaskClient) -> str:
    """The token a page of this browser would carry in its forms."""
    with browser.session_transaction() as cookie:
        cookie.setdefault("csrf_token", "0123456789abcdef")
        raw = cookie["csrf_token"]
    signer = URLSafeTimedSerializer(browser.application.secret_key, salt="wtf-csrf-token")
    return str(signer.dumps(raw))


def post(browser: FlaskClient, url: str, data: dict[str, Any] | None = None, **more: Any) -> TestResponse:
    """Send a form as a page would: with its CSRF token."""
    return browser.post(url, data={**(data or {}), "csrf_token": csrf(browser)}, **more)


@contextmanager
def within(cast: Cast) -> Iterator[None]:
    """Look at a business after a request: a request leaves whatever tenant it was called in."""
    session.rollback()
    with inside(cast.tenant_id):
        yield
        session.rollback()
