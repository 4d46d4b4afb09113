"""Selling in a real browser against the running program: by keyboard and scanner, on a phone, seen live elsewhere."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask_migrate import upgrade
from playwright.sync_api import Browser, Page, Route, WebSocketRoute, expect

from retail.catalog import services as catalog
from retail.catalog.models import Barcode
from retail.core import db, tenancy
from retail.core.db import intent, session, unit_of_work
from retail.inventory import services as inventory
from tests import make
from tests.conftest import make_app
from tests.support import browser as browsers
from tests.support import redis
from tests.support.browser import DESK, PHONE, axe, running_browser, scan
from tests.support.shop import running_shop

MISSING = browsers.unavailable_reason() or redis.unavailable_reason()

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(MISSING is not None, reason=str(MISSING)),
]

TEA, CUP, JAR = "5012345678900", "5012345678917", "5012345678924"
SCANNER_MS = 4
"""What lies between two characters of a scanner."""
DUE = ".cart-total dd"


@dataclass
class Shop:
    """The running shop and the browser that visits it."""

    url: str
    browser: Browser
    instance: Path
    business: make.Cast
    opened: list[Page] = field(default_factory=list)

    def visit(self, role: str, *, phone: bool = False, **more: Any) -> Page:
        """Somebody signs in, in a browser of their own."""
        context = self.browser.new_context(
            viewport=PHONE if phone else DESK,
            has_touch=phone,
            is_mobile=phone,
            base_url=self.url,
            locale="en-GB",
            **more,
        )
        page = context.new_page()
        page.goto("/sign-in")
        self.opened.append(page)
        sign_in(page, role)
        return page

    def count(self, statement: str) -> int:
        """A number out of the database, as it stands on disk."""
        connection = sqlite3.connect(f"file:{self.instance / 'counterfoil.db'}?mode=ro", uri=True, timeout=10)
        try:
            return int(connection.execute(statement).fetchone()[0] or 0)
        finally:
            connection.close()

    @property
    def sales(self) -> int:
        """How many sales of the corner shop there are."""
        return self.count(f"select count(*) from orders where kind = 'sale' and tenant_id = {self.business.tenant_id}")


def stock_up(instance: Path) -> make.Cast:
    """The corner shop with three things to sell, of which the jar soon runs low."""
    app = make_app(instance, f"sqlite:///{instance / 'counterfoil.db'}")
    with app.app_context(), intent("write"):
        upgrade()
        make.cast()
        shop = make.corner_shop()
        with tenancy.inside(shop.tenant_id):
            with unit_of_work():
                catalog.create_category("Kitchen")
            for name, code, price in (("Tea", TEA, "2.40"), ("Cup", CUP, "6.00"), ("Jar", JAR, "4.00")):
                variant = make.product(name, price=price, stock=4 if name == "Jar" else 500)
                with unit_of_work():
                    session.add(Barcode(code=code.zfill(14), variant_id=variant.id))
                    if name == "Jar":
                        inventory.set_reorder_point(shop.location_id, variant.id, Decimal(3))
        tenancy.forget()
        db.session.remove()
        db.db.engine.dispose()
    return shop


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    instance = tmp_path_factory.mktemp("till") / "shop"
    instance.mkdir()
    business = stock_up(instance)
    with running_shop(instance, environ={"DEMO": "0"}) as shop, running_browser() as browser:
        yield Shop(shop.url, browser, instance, business)


@pytest.fixture
def shop(running: Shop) -> Iterator[Shop]:
    """The running shop; the browsers of a test are closed at its end."""
    yield running
    while running.opened:
        running.opened.pop().context.close()


def sign_in(page: Page, role: str) -> None:
    page.locator("[name=email]").fill(f"{role}@corner.example")
    page.locator("[name=password]").fill(make.PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/sign-in" not in url)


def to_the_till(page: Page) -> None:
    """To the sale page, whether the register is open already or not."""
    page.goto("/till/")
    if page.locator("[data-till]").count():
        return
    if page.get_by_role("button", name="Sell here").count():
        page.get_by_role("button", name="Sell here").click()
    else:
        page.locator("[name=opening_float]").fill("50")
        page.get_by_role("button", name="Open and sell").click()
    page.locator("[data-till]").wait_for()


TYPE_AT = """([code, late]) => {
  let at = performance.now();
  const press = (key, wait) => {
    const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
    Object.defineProperty(event, "timeStamp", { value: at += wait });
    document.activeElement.dispatchEvent(event);
  };
  [...code].forEach((sign, place) => press(sign, place === late ? 200 : 5));
  press("Enter", 5);
}"""
"""A scanner on a machine that keeps one sign waiting, by the clock of the events themselves."""


def sell_one(page: Page, code: str = TEA) -> str:
    """A sale of one thing, paid exactly in cash by key; answers its number."""
    scan(page, code)
    expect(page.locator(".cart-line")).to_have_count(1)
    page.keyboard.press("F8")
    expect(page.locator(".change-due")).to_be_visible()
    number = page.locator(".till-cart-head .num").inner_text()
    page.keyboard.press("Enter")
    expect(page.locator("#till-no-pay")).to_be_visible()
    return number


def quantity_of(page: Page, name: str) -> str:
    return page.get_by_label(f"Quantity of {name}").input_value()


def test_a_day_at_the_till_by_keyboard_and_scanner(shop):
    cashier = shop.visit("cashier")
    cashier.goto("/till/")
    cashier.locator("[name=opening_float]").wait_for()
    cashier.keyboard.type("50")
    cashier.keyboard.press("Enter")
    cashier.locator("[data-till]").wait_for()

    scan(cashier, TEA)
    expect(cashier.locator(".cart-line")).to_have_count(1)
    scan(cashier, CUP)
    expect(cashier.locator(".cart-line")).to_have_count(2)
    # Wherever the focus is: a scanner does not aim.
    cashier.evaluate("document.activeElement.blur()")
    scan(cashier, TEA)
    expect(cashier.get_by_label("Quantity of Tea")).to_have_value("2")
    assert cashier.locator(DUE).inner_text() == "£10.80"

    scan(cashier, "4006381333931")
    expect(cashier.locator(".till-problem")).to_contain_text("4006381333931")
    assert quantity_of(cashier, "Tea") == "2"

    # The line in hand is that of the last scan that found something.
    cashier.keyboard.press("F4")
    cashier.keyboard.type("10")
    cashier.keyboard.press("Enter")
    expect(cashier.locator(DUE)).to_have_text("£10.32")

    cashier.keyboard.press("F10")
    cashier.locator(".amount-due").wait_for()
    cashier.keyboard.type("5")
    cashier.keyboard.press("F9")
    expect(cashier.locator(".amount-due strong")).to_have_text("£5.32")
    cashier.keyboard.type("20")
    cashier.keyboard.press("Enter")
    expect(cashier.locator(".change-due strong")).to_have_text("£14.68")

    with cashier.context.expect_page() as paper:
        cashier.get_by_role("button", name="Print").press("Enter")
    expect(paper.value.locator(".receipt")).to_contain_text("£10.32")
    assert paper.value.locator(".receipt-mark").count() == 0
    number = re.search(r"S-\d+", paper.value.locator(".receipt").inner_text())
    assert number
    with cashier.context.expect_page() as paper:
        cashier.get_by_role("button", name="Print").press("Enter")
    expect(paper.value.locator(".receipt-mark")).to_have_text(re.compile("copy", re.IGNORECASE))

    cashier.get_by_role("button", name="New sale").press("Enter")
    expect(cashier.locator("#till-search")).to_be_focused()

    manager = shop.visit("manager")
    to_the_till(manager)
    manager.goto(f"/orders/?q={number[0]}")
    manager.get_by_role("link", name=number[0], exact=True).click()
    manager.get_by_role("link", name="Refund").click()
    manager.get_by_role("button", name="One more of Tea").click()
    expect(manager.locator("#sum strong")).to_have_text("£2.16")
    manager.get_by_label("Reason").fill("stale")
    manager.get_by_label("Give the money back by").select_option("cash")
    manager.get_by_role("button", name="Give back").click()
    expect(manager.get_by_text("This takes back")).to_be_visible()

    cashier.get_by_label("Register", exact=True).click()
    cashier.get_by_role("link", name="This shift").click()
    cashier.get_by_role("link", name="Count and close").click()
    expect(cashier.locator("[data-count]")).to_be_visible()
    # 50.00 and 5.32 in cash, less 2.16 given back, should be there; nobody says so before the count.
    assert "53.16" not in cashier.content()
    cashier.keyboard.type("1")
    cashier.keyboard.press("Enter")
    cashier.locator("#count-2").fill("1")
    cashier.locator("#count-1").fill("1")
    expect(cashier.locator("[data-count-sum] output")).to_have_text("£53.00")
    cashier.get_by_role("button", name="Close the shift").click()
    expect(cashier.get_by_text("-£0.16")).to_be_visible()
    expect(cashier.get_by_text("short", exact=True)).to_be_visible()


def test_a_cart_outlives_reload_lost_network_and_an_ended_session(shop):
    page = shop.visit("cashier")
    to_the_till(page)
    scan(page, CUP)
    scan(page, CUP)
    expect(page.get_by_label("Quantity of Cup")).to_have_value("2")

    page.reload()
    expect(page.get_by_label("Quantity of Cup")).to_have_value("2")

    before = shop.sales
    page.context.set_offline(True)
    page.keyboard.press("F8")
    expect(page.locator(".toast").first).to_be_visible()
    assert quantity_of(page, "Cup") == "2"
    page.context.set_offline(False)
    assert shop.sales == before

    page.context.clear_cookies()
    page.keyboard.press("F8")
    page.wait_for_url("**/sign-in**")
    sign_in(page, "cashier")
    to_the_till(page)
    expect(page.get_by_label("Quantity of Cup")).to_have_value("2")
    assert shop.sales == before

    # Somebody in a hurry.
    page.locator("[name=do][value=pay]").click()
    page.locator(".amount-due").wait_for()
    page.locator("#till-cash").dblclick()
    expect(page.locator(".change-due")).to_be_visible()
    page.wait_for_timeout(300)
    assert shop.sales == before + 1
    page.reload()
    expect(page.locator("#till-no-pay")).to_be_visible()


@pytest.mark.parametrize("late", [1, 2, 7])
def test_a_scan_of_which_one_sign_is_kept_waiting_is_whole(shop, late):
    page = shop.visit("cashier")
    to_the_till(page)
    page.evaluate(TYPE_AT, [CUP, late])
    expect(page.locator(".cart-line")).to_have_count(1)
    expect(page.get_by_label("Quantity of Cup")).to_have_value("1")


def test_a_scan_before_the_scripts_are_there_is_not_lost(shop):
    # What a service worker keeps cannot be held up.
    page = shop.visit("cashier", service_workers="block")
    to_the_till(page)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/js/till.js*", hold)
    page.goto("/till/", wait_until="commit")
    expect(page.get_by_label("Scan or search")).to_be_focused()
    page.keyboard.type(CUP[:6], delay=SCANNER_MS)
    held[0].continue_()
    page.wait_for_load_state()
    expect(page.get_by_label("Scan or search")).to_have_value(CUP[:6])
    with page.expect_request(lambda request: request.method == "POST") as asked:
        scan(page, CUP[6:])
    assert CUP in (asked.value.post_data or "")
    expect(page.get_by_label("Quantity of Cup")).to_have_value("1")
    page.route("**/js/till.js*", lambda route: route.abort())
    page.goto("/till/", wait_until="commit")
    expect(page.get_by_label("Scan or search")).to_be_focused()
    page.keyboard.type(TEA, delay=SCANNER_MS)
    page.keyboard.press("Enter")
    expect(page.locator(".cart-line")).to_have_count(1)
    expect(page.get_by_label("Quantity of Tea")).to_have_value("1")


def test_what_is_found_is_of_no_category(shop):
    page = shop.visit("cashier")
    to_the_till(page)
    favorites, search = page.get_by_role("button", name="Favorites"), page.get_by_label("Scan or search")
    expect(favorites).to_have_attribute("aria-pressed", "true")
    search.fill("cu")
    expect(page.locator(".tile")).to_have_count(1)
    expect(favorites).to_have_attribute("aria-pressed", "false")
    search.fill("")
    expect(favorites).to_have_attribute("aria-pressed", "true")


def test_what_was_taken_out_comes_back(shop):
    page = shop.visit("cashier")
    to_the_till(page)
    scan(page, TEA)
    scan(page, CUP)
    expect(page.locator(".cart-line")).to_have_count(2)
    page.get_by_role("button", name="Empty the cart").click()
    expect(page.locator(".cart-line")).to_have_count(0)
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".cart-line")).to_have_count(2)
    page.get_by_role("button", name="Take Tea out of the cart").click()
    expect(page.locator(".cart-line")).to_have_count(1)
    page.keyboard.press("Control+z")
    expect(page.locator(".cart-line")).to_have_count(2)
    page.keyboard.press("F1")
    expect(page.get_by_role("dialog", name="Keys of the till")).to_be_visible()


def in_sight(page: Page, selector: str) -> bool:
    """Whether an element lies wholly within the window."""
    box = page.locator(selector).first.bounding_box()
    assert box, selector
    return box["y"] >= 0 and box["y"] + box["height"] <= PHONE["height"] and box["x"] + box["width"] <= PHONE["width"]


SMALL = """() => [...document.querySelectorAll(".till :is(button, summary, select, input:not([type=hidden]))")]
  .map((element) => [element, element.getBoundingClientRect()])
  .filter(([element, box]) => box.width > 1 && element.checkVisibility() && !element.matches(".sheet-toggle"))
  .filter(([, box]) => Math.round(box.height) < 44 || Math.round(box.width) < 44)
  .map(([element, box]) => `${element.ariaLabel ?? element.name}: ${box.width} × ${box.height}`)"""


def test_on_a_phone_total_and_pay_are_always_in_sight_and_easy_to_hit(shop):
    page = shop.visit("cashier", phone=True)
    to_the_till(page)

    def look(stage: str, *seen: str) -> None:
        for selector in seen:
            assert in_sight(page, selector), (stage, selector)
        assert page.evaluate(SMALL) == [], stage
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), stage
        assert axe(page) == [], stage

    look("empty", DUE, "#till-no-pay")
    for name in ("Tea", "Cup", "Jar", "Tea"):
        page.locator(".tile", has_text=name).tap()
    expect(page.locator(".cart-line")).to_have_count(3)
    expect(page.locator(".tile", has_text="Tea").locator(".tile-count")).to_have_text("2")
    look("cart, folded", DUE, "#till-to-pay")
    # The handle of the sheet lies over the total on purpose.
    page.locator(".cart-total").tap(force=True)
    expect(page.get_by_label("Quantity of Tea")).to_be_visible()
    look("cart, open", DUE, "#till-to-pay")
    page.get_by_label("Discount on Tea").tap()
    look("discount of a line", DUE, "#till-to-pay")
    page.get_by_label("Discount on Tea").tap()
    page.locator("#till-to-pay").tap()
    page.locator(".amount-due").wait_for()
    look("paying", ".amount-due strong", "#till-cash", "#till-card")
    for key in ("2", "0"):
        page.locator(f"[data-key='{key}']").tap()
    page.locator("#till-cash").tap()
    expect(page.locator(".change-due strong")).to_have_text("£5.20")
    look("sold", ".change-due strong", "#till-new")


@contextmanager
def breakable(page: Page) -> Iterator[list[bool]]:
    """The page's live line, which is cut while the first element of what this gives is true."""
    cut, lines = [False], []

    def route(line: WebSocketRoute) -> None:
        if cut[0]:
            line.close()
            return
        line.connect_to_server()
        lines.append(line)

    page.route_web_socket(re.compile(r".*/socket\.io/.*"), route)
    page.reload()
    expect(page.locator("[data-connection=live]").first).to_be_attached()

    class Cut(list[bool]):
        def __setitem__(self, at, value):
            super().__setitem__(at, value)
            cut[0] = value
            while value and lines:
                lines.pop().close()

    yield Cut([False])


def test_a_sale_shows_elsewhere_without_reload_and_what_was_missed_is_caught_up(shop):
    owner, manager, cashier = shop.visit("owner"), shop.visit("manager"), shop.visit("cashier")
    to_the_till(cashier)
    # A shop without a sale is shown its first steps instead.
    sell_one(cashier)
    owner.goto("/")
    owner.locator("#feed").wait_for()
    manager.goto("/customers/")
    for page in (owner, manager):
        expect(page.locator("[data-connection=live]").first).to_be_attached()
        page.evaluate("window.neverReloaded = true")

    for _turn in range(2):
        number = sell_one(cashier)
        expect(owner.locator("#feed")).to_contain_text(number)

    # The jar: four were there, one was sold in another test at most, three make it low.
    scan(cashier, JAR)
    expect(cashier.locator(".cart-line")).to_have_count(1)
    cashier.keyboard.press("F6")
    cashier.keyboard.type("3")
    cashier.keyboard.press("Enter")
    expect(cashier.locator(DUE)).to_have_text("£12.00")
    cashier.keyboard.press("F8")
    expect(cashier.locator(".change-due")).to_be_visible()
    cashier.keyboard.press("Enter")
    expect(manager.locator("#bell-count")).to_have_text(re.compile(r"\d"))
    expect(owner.locator("#alerts")).to_contain_text("Jar")
    manager.locator("#bell").click()
    expect(manager.get_by_text(re.compile("running low")).first).to_be_visible()
    assert all(page.evaluate("window.neverReloaded") for page in (owner, manager))

    with breakable(owner) as lost:
        owner.evaluate("window.neverReloaded = true")
        lost[0] = True
        expect(owner.locator("[data-connection=lost]").first).to_be_attached()
        missed = [sell_one(cashier, CUP) for _turn in range(2)]
        owner.wait_for_timeout(1500)
        assert missed[1] not in owner.locator("#feed").inner_text()
        lost[0] = False
        expect(owner.locator("[data-connection=live]").first).to_be_attached(timeout=30_000)
        for number in missed:
            expect(owner.locator("#feed")).to_contain_text(number)
        assert owner.evaluate("window.neverReloaded")
