"""What goes wrong is said clearly and with the right status to whoever waits for it, a page or htmx; nothing is
half-written."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from retail.core import clock
from retail.core.db import session, unit_of_work
from retail.customers import services
from retail.customers.models import Customer
from retail.identity.models import UserSession
from tests import make

HTMX = {"HX-Request": "true"}


def customers(shop: make.Cast) -> int:
    with make.within(shop):
        return session.scalar(select(func.count(Customer.id))) or 0


@pytest.fixture
def ended(app: Flask, shop: make.Cast) -> FlaskClient:
    """A browser whose session has been ended elsewhere."""
    owner = make.client(app, shop, "owner")
    with make.within(shop), unit_of_work():
        for one in session.scalars(select(UserSession)):
            one.revoked_at = clock.now()
    return owner


def test_a_page_after_the_session_ended_leads_to_the_door_and_back(ended: FlaskClient) -> None:
    answer = ended.get("/customers/?q=ada")
    assert answer.status_code == 303
    assert answer.location == "/sign-in?next=/customers/?q%3Dada"
    assert "Your session has ended" in ended.get(answer.location).text


def test_a_fragment_after_the_session_ended_takes_the_whole_page_to_the_door(ended: FlaskClient) -> None:
    here = {**HTMX, "HX-Current-URL": "http://localhost/dashboard?days=7"}
    answer = ended.get("/dashboard/products", headers=here)
    assert (answer.status_code, answer.text) == (204, "")
    assert answer.headers["HX-Redirect"] == "/sign-in?next=/dashboard?days%3D7"
    elsewhere = {**HTMX, "HX-Current-URL": "https://evil.example/dashboard"}
    assert ended.get("/dashboard/products", headers=elsewhere).headers["HX-Redirect"] == "/sign-in"


def test_a_form_sent_after_the_session_ended_changes_nothing(ended: FlaskClient, shop: make.Cast) -> None:
    answer = make.post(ended, "/customers/new", {"name": "Ada Byron"})
    assert answer.status_code == 303
    assert answer.location == "/sign-in"
    assert customers(shop) == 0


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_a_form_without_its_token_says_to_reload(app: Flask, shop: make.Cast, headers: dict[str, str]) -> None:
    owner = make.client(app, shop, "owner")
    answer = owner.post("/customers/new", data={"name": "Ada Byron"}, headers=headers)
    assert answer.status_code == 400
    assert "Reload the page and try again." in answer.text
    assert ("Reload the page" in answer.headers.get("HX-Trigger", "")) == bool(headers)
    assert customers(shop) == 0


def test_what_is_not_there_and_what_one_may_not_see(app: Flask, shop: make.Cast) -> None:
    cashier = make.client(app, shop, "cashier")
    missing = cashier.get("/no/such/page")
    assert missing.status_code == 404
    assert "There is nothing here." in missing.text
    forbidden = cashier.get("/people/")
    assert forbidden.status_code == 403
    assert "Ask somebody whose role allows it" in forbidden.text
    assert "start page" in forbidden.text


def test_too_large_a_file_is_told_with_the_limit(app: Flask, shop: make.Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "MAX_CONTENT_LENGTH", 1048576)
    owner = make.client(app, shop, "owner")
    answer = make.post(owner, "/customers/new", {"name": "Ada Byron", "note": "x" * 1048577})
    assert answer.status_code == 413
    assert "At most 1 MB can be uploaded; split it" in answer.text
    assert customers(shop) == 0


def test_what_breaks_inside_is_told_with_a_reference_and_undone(
    app: Flask, shop: make.Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    genuine = services.create_customer

    def breaks(**words: str) -> Customer:
        genuine(**words)
        raise ZeroDivisionError("secret words of the inside")

    monkeypatch.setattr(services, "create_customer", breaks)
    owner = make.client(app, shop, "owner")
    for headers in ({}, HTMX):
        answer = make.post(owner, "/customers/new", {"name": "Ada Byron"}, headers=headers)
        assert answer.status_code == 500
        reference = answer.headers["X-Reference"]
        assert reference in answer.text
        assert "Nothing was changed." in answer.text
        assert "secret words" not in answer.text
    assert customers(shop) == 0


def test_the_shop_can_be_put_on_the_screen_of_a_phone(app: Flask, shop: make.Cast) -> None:
    page = app.test_client().get("/sign-in").text
    address = re.search(r'<link rel="manifest" href="([^"]+)"', page)
    assert address
    answer = app.test_client().get(address[1])
    assert answer.status_code == 200
    assert answer.json["start_url"] == "/"
    for icon in answer.json["icons"]:
        assert app.test_client().get(icon["src"]).status_code == 200
    for shortcut in answer.json["shortcuts"]:
        assert make.client(app, shop, "owner").get(shortcut["url"]).status_code in {200, 302, 303}
