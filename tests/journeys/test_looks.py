"""Every page of a small shop in a real browser: it answers, fits a phone, says nothing in the console, and reads well
in both themes. A page that a module adds is looked at without being named here.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, ConsoleMessage, Page
from werkzeug.serving import make_server

from retail.core import db, events, tenancy
from retail.core.db import unit_of_work
from retail.inventory import services as inventory
from retail.pricing.services import Discount
from tests import make
from tests.conftest import fill, make_app
from tests.support.browser import DESK, PHONE, axe, running_browser, unavailable_reason

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FIRST = {"dataset": "sales", "purpose": "reset", "link": "spent"}
"""What stands in the address for a parameter that is no number; a number is the first there is."""
FRAME = (".sidebar", ".topbar", ".tabbar")
NO_PAGE = ("static", "core_favicon", "core_health")
SHOW_IN = """theme => {
  const still = new CSSStyleSheet();
  still.replaceSync('*, *::before, *::after { transition: none !important; animation: none !important }');
  document.adoptedStyleSheets = [still];
  document.documentElement.dataset.theme = theme;
}"""
"""Colors that are on their way from one theme to the other can be read in neither, so nothing moves meanwhile."""


@dataclass(frozen=True)
class Looked:
    """Where the shop answers, who looks, and the pages there are."""

    url: str
    owner: Page
    administrator: Page
    visitor: Page
    said: list[str]
    pages: list[str]
    of_platform: list[str]
    open_to_all: list[str]


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Looked]:
    if reason := unavailable_reason():
        pytest.fail(f"not run here: {reason}")
    app = make_app(tmp_path_factory.mktemp("looks"), f"sqlite:///{tmp_path_factory.mktemp('looks')}/shop.db")
    fill(app)
    with app.app_context():
        shop = make.corner_shop()
        with tenancy.inside(shop.tenant_id):
            furnish(shop)
        tenancy.forget()
        events.drain()
        db.session.remove()
    owner, administrator = make.client(app, shop, "owner"), make.administrator(app)
    make.post(administrator, "/platform/blocks/new", {"network": "192.0.2.7", "reason": "Floods us", "hours": "24"})
    asked = {"purpose": "The stock of tea looks wrong since yesterday", "hours": "8"}
    make.post(administrator, f"/platform/tenants/{shop.tenant_id}/support", asked)
    pages, open_to_all = find_pages(app, owner)
    of_platform, _open = find_pages(app, administrator)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        with running_browser() as browser:
            said: list[str] = []
            url = f"http://127.0.0.1:{server.server_port}"
            visitor, signed_in = open_browser(browser, url, said), []
            for client in (owner, administrator):
                page, cookie = open_browser(browser, url, said), client.get_cookie(app.config["SESSION_COOKIE_NAME"])
                assert cookie is not None
                page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": url}])
                signed_in.append(page)
            yield Looked(url, *signed_in, visitor, said, pages, of_platform, open_to_all)
    finally:
        server.shutdown()
        serving.join()


def furnish(shop: make.Cast) -> None:
    """A day's trade with names as long as they come."""
    tea = make.product("Darjeeling first flush, loose leaf, in the large round tin with the elephant", stock=40)
    cup = make.product("Cup", price="1234.50", stock=3)
    with unit_of_work():
        inventory.set_reorder_point(shop.location_id, cup.id, Decimal(5))
    ada = make.customer(
        "Augusta Ada King-Noel, Countess of Lovelace", email="augusta.ada.king-noel.of.lovelace@example.com"
    )
    make.sale(shop, (tea, 2), (cup, 1), customer_id=ada.id)
    make.sale(shop, (tea, 1), discount=Discount("percent", Decimal(10)), tender="card")


def open_browser(browser: Browser, url: str, said: list[str]) -> Page:
    page = browser.new_context(base_url=url, viewport=PHONE, reduced_motion="reduce").new_page()  # type: ignore[arg-type]

    def note(message: ConsoleMessage) -> None:
        # The socket of live pages has a process of its own, which a page must do without anyway.
        if message.type == "error" and "/socket.io" not in f"{message.text} {message.location}":
            said.append(f"{page.url}: {message.text}")

    page.on("console", note)
    page.on("pageerror", lambda error: said.append(f"{page.url}: {error}"))
    return page


def find_pages(app: Flask, owner: FlaskClient) -> tuple[list[str], list[str]]:
    """The addresses that give a whole page: to the owner, and to somebody who has not signed in."""
    visitor = app.test_client()
    inside, outside = [], []
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint in NO_PAGE:
            continue
        with app.test_request_context():
            address = app.url_for(rule.endpoint, **{name: FIRST.get(name, 1) for name in rule.arguments})
        if is_page(visitor, address):
            outside.append(address)
        elif is_page(owner, address):
            inside.append(address)
        elif not rule.arguments:
            answer = owner.get(address)
            assert answer.status_code < 500, f"{address}: {answer.status_code}"
    return sorted(inside), sorted(outside)


def is_page(browser: FlaskClient, address: str) -> bool:
    """Whether the address gives a whole page, rather than a file, a part of a page or the way elsewhere."""
    answer = browser.get(address)
    return answer.status_code == 200 and answer.mimetype == "text/html" and "</html>" in answer.text


def faults(page: Page, address: str, *, apart_from: Sequence[str] = ()) -> list[str]:
    """What is wrong with a page, on a phone and at a desk; what it shares with others need be judged only once."""
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    answer = page.goto(address)
    found = [] if answer and answer.status == 200 else [f"status {answer and answer.status}"]
    for size in (PHONE, DESK):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        wide = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            found.append(f"{wide} px too wide at {size['width']}")
    page.evaluate(SHOW_IN, "light")
    found += axe(page, exclude=apart_from)
    page.evaluate(SHOW_IN, "dark")
    found += [f"dark: {line}" for line in axe(page, exclude=apart_from, rule="color-contrast")]
    return [f"{address}: {line}" for line in found]


def test_every_page_fits_reads_and_works(looked: Looked) -> None:
    assert len(looked.pages) > 30
    first, *others = looked.pages
    found = faults(looked.owner, first)
    found += [line for address in others for line in faults(looked.owner, address, apart_from=FRAME)]
    assert not found, "\n".join(found)
    assert looked.said == []


def test_so_do_the_pages_of_the_platform(looked: Looked) -> None:
    assert len(looked.of_platform) > 7
    found = [line for address in looked.of_platform for line in faults(looked.administrator, address)]
    assert not found, "\n".join(found)
    assert looked.said == []


def test_so_do_the_pages_before_the_door(looked: Looked) -> None:
    assert {"/sign-in", "/forgotten"} <= set(looked.open_to_all)
    found = [line for address in looked.open_to_all for line in faults(looked.visitor, address)]
    assert not found, "\n".join(found)
    assert looked.said == []


def test_pages_that_refuse_look_like_the_shop(looked: Looked, tmp_path: Path) -> None:
    looked.owner.set_viewport_size(PHONE)  # type: ignore[arg-type]
    answer = looked.owner.goto("/customers/999999")
    assert answer
    assert answer.status == 404
    assert looked.owner.get_by_role("heading", level=1).inner_text()
    assert axe(looked.owner) == []
    looked.said.clear()
