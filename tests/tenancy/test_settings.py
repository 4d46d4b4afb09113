"""The shop's settings and places, and founding a business from the command line."""

from __future__ import annotations

from datetime import time
from decimal import Decimal

from flask import Flask
from sqlalchemy import select

from retail.core.db import session, unit_of_work
from retail.core.tenancy import across_tenants, inside
from retail.finance.models import Account, TaxRate
from retail.identity.models import Role, User
from retail.tenancy.models import Location, Tenant
from retail.till.models import Register
from tests import make

FORM = {
    "name": "Corner Shop & Sons",
    "address": "1 High Street\nLeeds",
    "tax_id": "GB123456789",
    "email": "hello@corner.example",
    "phone": "",
    "currency": "GBP",
    "timezone": "Europe/London",
    "locale": "en_GB",
    "day_start": "04:00",
    "prices_include_tax": "y",
}


def test_the_owner_changes_the_settings_and_sees_them(app: Flask, shop: make.Cast) -> None:
    owner = make.client(app, shop, "owner")
    assert make.post(owner, "/settings/", FORM).status_code == 303
    page = owner.get("/settings/").text
    assert "Corner Shop &amp; Sons" in page
    with make.within(shop):
        assert shop.tenant.day_start == time(4)


def test_who_may_only_look_changes_nothing(app: Flask, shop: make.Cast) -> None:
    manager = make.client(app, shop, "manager")
    assert manager.get("/settings/").status_code == 200
    assert make.post(manager, "/settings/", FORM).status_code == 403
    assert make.post(manager, f"/settings/locations/{shop.location_id}", {"name": "Mine"}).status_code == 403
    assert make.client(app, shop, "cashier").get("/settings/").status_code == 403


def test_the_currency_can_change_until_something_is_sold(app: Flask, shop: make.Cast) -> None:
    owner = make.client(app, shop, "owner")
    assert make.post(owner, "/settings/", {**FORM, "currency": "EUR"}).status_code == 303
    assert make.post(owner, "/settings/", {**FORM, "currency": "GBP"}).status_code == 303
    with make.within(shop):
        make.sale(shop, (make.product(stock=3), 1))
    answer = make.post(owner, "/settings/", {**FORM, "currency": "EUR"})
    assert answer.status_code == 422
    assert "the currency stays" in answer.text
    with make.within(shop):
        assert shop.tenant.currency == "GBP"


def test_a_zone_that_does_not_exist_is_refused(app: Flask, shop: make.Cast) -> None:
    answer = make.post(make.client(app, shop, "owner"), "/settings/", {**FORM, "timezone": "Mars/Olympus"})
    assert answer.status_code == 422


def test_what_is_printed_on_receipts(app: Flask, shop: make.Cast) -> None:
    owner = make.client(app, shop, "owner")
    make.post(owner, "/settings/receipts", {"receipt_header": "Since 1962", "receipt_footer": "Thank you!"})
    page = owner.get("/settings/receipts").text
    assert "<p>Since 1962</p>" in page
    assert "<p>Thank you!</p>" in page


def test_locations_are_made_changed_and_one_stays(app: Flask, shop: make.Cast, rival: make.Cast) -> None:
    owner = make.client(app, shop, "owner")
    new = {"name": "Market stall", "code": "stall", "kind": "shop", "active": "y"}
    assert make.post(owner, "/settings/locations/new", new).status_code == 303
    assert "Market stall" in owner.get("/settings/locations").text
    again = make.post(owner, "/settings/locations/new", new)
    assert again.status_code == 422
    assert "exists already" in again.text
    with make.within(shop):
        places = list(session.scalars(select(Location.id).order_by(Location.id)))
    for place in places:
        last = make.post(owner, f"/settings/locations/{place}", {"name": f"Closed {place}", "kind": "shop"})
    assert last.status_code == 422
    assert "One location must stay active." in last.text
    assert owner.get(f"/settings/locations/{rival.location_id}").status_code == 404


def test_tax_rates_are_given_in_percent(app: Flask, shop: make.Cast) -> None:
    owner = make.client(app, shop, "owner")
    new = {"name": "Reduced VAT", "code": "reduced", "percent": "5"}
    assert make.post(owner, "/settings/tax-rates/new", new).status_code == 303
    with make.within(shop):
        assert session.scalars(select(TaxRate.rate).where(TaxRate.code == "reduced")).one() == Decimal("0.05")
    assert make.post(owner, "/settings/tax-rates/new", new).status_code == 422
    too_much = make.post(owner, "/settings/tax-rates/new", {**new, "code": "much", "percent": "120"})
    assert too_much.status_code == 422
    assert "5%" in owner.get("/settings/tax-rates").text


def run(app: Flask, *words: str):
    return app.test_cli_runner().invoke(args=list(words))


FOUND = ("tenant", "create", "--currency", "GBP", "--timezone", "Europe/London")


def test_a_business_is_founded_by_one_command(app: Flask) -> None:
    owner = ("--owner-email", "ada@found.example", "--owner-password", "a good long password")
    done = run(app, *FOUND, "--name", "Found & Co", *owner)
    assert (done.exit_code, done.stdout) == (0, "found-co\n")
    with app.app_context():
        with across_tenants():
            tenant_id = session.scalars(select(Tenant.id).where(Tenant.slug == "found-co")).one()
        with inside(tenant_id):
            assert session.scalars(select(User.email)).all() == ["ada@found.example"]
            assert len(session.scalars(select(Role)).all()) >= 4
            assert session.scalars(select(Account)).first()
            assert session.scalars(select(Register)).one()
        session.remove()
    answer = make.post(
        app.test_client(), "/sign-in", {"email": "ada@found.example", "password": "a good long password"}
    )
    assert answer.status_code == 303


def test_what_cannot_be_founded_says_why_and_fails(app: Flask) -> None:
    taken = run(app, *FOUND, "--name", "Corner Shop")
    assert taken.exit_code == 1
    assert taken.stdout == ""
    assert "exists already" in taken.stderr
    assert "Traceback" not in taken.stderr
    wrong = run(app, "tenant", "create", "--name", "New", "--currency", "QQQ", "--timezone", "Europe/London")
    assert wrong.exit_code == 1
    weak = run(app, *FOUND, "--name", "Weak", "--owner-email", "a@b.example", "--owner-password", "short")
    assert weak.exit_code == 1
    with app.app_context(), across_tenants():
        assert session.scalars(select(Tenant.slug).where(Tenant.slug.in_(("weak", "new")))).all() == []
        session.rollback()


def test_a_password_is_reset_from_the_command_line(app: Flask, shop: make.Cast) -> None:
    browser = make.client(app, shop, "owner")
    done = run(app, "user", "reset-password", "--email", "OWNER@corner.example")
    assert done.exit_code == 0
    words = {"email": "owner@corner.example", "password": done.stdout.strip()}
    assert "/sign-in" in browser.get("/profile/").location
    assert make.post(app.test_client(), "/sign-in", words).status_code == 303
    assert run(app, "user", "reset-password", "--email", "no@body.example").exit_code == 1


def test_a_change_of_settings_is_in_the_history(app: Flask, shop: make.Cast) -> None:
    owner = make.client(app, shop, "owner")
    make.post(owner, "/settings/", FORM)
    page = owner.get("/audit").text
    assert "name: Corner Shop → Corner Shop &amp; Sons" in page
    with make.within(shop), unit_of_work():
        session.get_one(Location, shop.location_id).name = "High Street"
    assert "name: Main shop → High Street" in owner.get(f"/settings/locations/{shop.location_id}").text
