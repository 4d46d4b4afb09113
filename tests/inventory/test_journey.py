"""A delivery comes: three things are scanned in a real browser without touching the mouse, one of them twice."""

from __future__ import annotations

from decimal import Decimal

import pytest
from playwright.sync_api import Route, expect
from sqlalchemy import select

from retail.catalog.models import Barcode, Variant
from retail.core.db import session, unit_of_work
from retail.inventory.models import StockDocument, StockLevel
from tests import make
from tests.support.browser import PHONE, axe, scan, signed_in_browser

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.sqlite_only]

TEA, CUP, JAR = "5012345678900", "5012345678917", "5012345678924"
SCANNER_MS = 4
"""What lies between two characters of a scanner."""

KEYS_AT = """(keys) => {
  const field = document.activeElement;
  let at = performance.now();
  for (const [key, wait] of keys) {
    const event = new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true});
    Object.defineProperty(event, "timeStamp", {value: at += wait});
    if (field.dispatchEvent(event) && key.length === 1) field.value += key;
  }
}"""
"""Keys with the milliseconds between them, by the clock of the events themselves."""


@pytest.fixture
def served(app, shop):
    """The shop at an address, with three articles that carry barcodes, and the browser of the clerk."""
    for name, code in (("Tea", TEA), ("Cup", CUP), ("Jar", JAR)):
        variant = make.product(name, cost="1.50", sku=name.upper())
        with unit_of_work():
            session.add(Barcode(code=code.zfill(14), variant_id=variant.id))
    clerk = make.client(app, shop, "clerk")
    with signed_in_browser(app, clerk) as visit:
        yield visit


def on_hand(shop):
    with make.within(shop):
        rows = session.execute(
            select(Variant.name, StockLevel.on_hand).join(StockLevel, StockLevel.variant_id == Variant.id)
        )
        return {row.name: row.on_hand for row in rows}


def test_a_delivery_is_taken_in_with_scanner_and_keyboard(shop, served):
    page = served("/stock/receive")
    for code in (TEA, CUP, JAR, CUP):
        scan(page, code)
    expect(page.locator(".goods-foot")).to_contain_text("3 lines · 4 pieces")
    expect(page.get_by_label("Quantity of Cup")).to_have_value("2")

    scan(page, "4006381333931")
    expect(page.get_by_role("alert")).to_contain_text("Nothing in stock has the code or name “4006381333931”")
    expect(page.locator(".goods-foot")).to_contain_text("3 lines · 4 pieces")

    page.get_by_label("Quantity of Tea").focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("12", delay=90)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Cost of one Tea")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("1.25", delay=90)
    page.keyboard.press("Enter")
    expect(page.locator(".goods-foot")).to_contain_text("£19.50")
    # A scan that goes into a figure is taken out of it again.
    page.get_by_label("Quantity of Jar").focus()
    scan(page, JAR)
    expect(page.get_by_label("Quantity of Jar")).to_have_value("2")

    page.keyboard.press("F2")
    page.keyboard.press("Control+Enter")
    expect(page.locator("h1")).to_contain_text("GR-1")
    assert on_hand(shop) == {"Tea": 12, "Cup": 2, "Jar": 2}
    with make.within(shop):
        assert session.scalars(select(StockDocument.value)).all() == [Decimal("21.00")]


def test_found_by_name_on_a_phone_and_touched(shop, served):
    page = served("/stock/receive", PHONE, has_touch=True, is_mobile=True)
    page.get_by_label("Scan or search").fill("cu")
    page.locator("#found").get_by_role("button", name="Cup").tap()
    page.get_by_role("button", name="One more of Cup").tap()
    expect(page.locator(".goods-foot")).to_contain_text("2 pieces")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    button = page.get_by_role("button", name="Receive", exact=True)
    box = button.bounding_box()
    assert box["height"] >= 44
    assert box["y"] > PHONE["height"] / 2
    assert axe(page) == []
    button.dblclick()
    expect(page.locator("h1")).to_contain_text("GR-1")
    assert on_hand(shop) == {"Cup": 2}


@pytest.mark.parametrize("late", [1, 2, 7])
def test_a_scan_held_up_in_its_middle_is_taken_out_of_a_figure_again(served, late):
    page = served("/stock/receive")
    scan(page, JAR)
    expect(page.get_by_label("Quantity of Jar")).to_have_value("1")
    page.get_by_label("Quantity of Jar").focus()
    page.evaluate(KEYS_AT, [[sign, 200 if place == late else 5] for place, sign in enumerate(TEA)] + [["Enter", 5]])
    expect(page.get_by_label("Quantity of Tea")).to_have_value("1")
    expect(page.get_by_label("Quantity of Jar")).to_have_value("1")


def test_a_figure_typed_in_a_hurry_is_no_scan(served):
    page = served("/stock/receive")
    scan(page, JAR)
    expect(page.get_by_label("Quantity of Jar")).to_have_value("1")
    page.get_by_label("Quantity of Jar").fill("")
    page.get_by_label("Quantity of Jar").focus()
    page.evaluate(KEYS_AT, [["1", 300], ["2", 30], ["5", 90], ["0", 110], ["Enter", 60]])
    expect(page.locator(".goods-foot")).to_contain_text("1 line · 1,250 pieces")


def test_a_scan_before_the_scripts_are_there_is_taken(served):
    # What a service worker keeps cannot be held up.
    page = served("/stock/receive", service_workers="block")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/js/goods.js*", hold)
    page.goto("/stock/receive", wait_until="commit")
    expect(page.get_by_label("Scan or search")).to_be_focused()
    page.keyboard.type(TEA[:6], delay=SCANNER_MS)
    held[0].continue_()
    page.wait_for_load_state()
    scan(page, TEA[6:])
    expect(page.get_by_label("Quantity of Tea")).to_have_value("1")


def test_leaving_with_scanned_lines_is_asked_about(served):
    page = served("/stock/receive")
    scan(page, TEA)
    expect(page.locator(".goods-foot")).to_contain_text("1 line · 1 piece")
    page.get_by_role("link", name="Products", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("Leave this page?")
