"""Lists by keyboard and on a phone in a real browser: rows, cells, columns, jobs and undo; the manual; no network."""

from __future__ import annotations

from decimal import Decimal

import pytest
from playwright.sync_api import expect

from tests import make
from tests.lists.support import prices
from tests.notifications.reaching import tell
from tests.support.browser import PHONE, axe, signed_in_browser

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.sqlite_only]


KEPT = """async () => {
    const found = [];
    for (const name of await caches.keys())
        for (const request of await (await caches.open(name)).keys()) found.push(new URL(request.url).pathname);
    return found;
}"""


@pytest.fixture
def served(app, shop):
    with make.within(shop):
        for name, price in (("Cup", "4.00"), ("Mug", "8.50"), ("Tea", "2.40")):
            make.product(name, price=price, stock=2)
    with signed_in_browser(app, make.client(app, shop, "clerk")) as visit:
        yield visit


def test_a_list_is_worked_through_without_the_mouse(shop, served):
    page = served("/products/")
    for key in "jj":
        page.keyboard.press(key)
    expect(page.locator("tr[data-current]")).to_contain_text("Mug")
    page.keyboard.press("e")
    field = page.locator("[data-cell-input]")
    expect(field).to_be_focused()
    field.fill("abc")
    field.press("Enter")
    expect(page.locator(".cell-form .errors")).to_contain_text("is not a number")
    assert axe(page, include=".listing") == []
    page.locator("[data-cell-input]").press("Escape")
    expect(page.locator("[data-cell-input]")).to_have_count(0)
    expect(page.locator("tr[data-current]")).to_contain_text("£8.50")
    page.keyboard.press("e")
    page.locator("[data-cell-input]").fill("9.25")
    page.locator("[data-cell-input]").press("Enter")
    expect(page.locator("tr[data-current]")).to_contain_text("£9.25")
    assert prices(shop)["Mug"] == Decimal("9.25")

    page.keyboard.press("x")
    page.keyboard.press("k")
    page.keyboard.press("x")
    expect(page.locator("[data-selected-count]")).to_have_text("2 selected")
    page.get_by_role("button", name="Change prices").press("Enter")
    page.get_by_label("Percent").fill("10")
    expect(page.locator("#job-examples")).to_contain_text("£4.40")
    assert axe(page, include="#job-dialog") == []
    page.keyboard.press("Enter")
    toast = page.locator(".toast", has_text="2 products have new prices.")
    expect(toast).to_be_visible()
    expect(page.locator(".table-cards tbody")).to_contain_text("£4.40")
    toast.get_by_role("button", name="Undo").press("Enter")
    expect(page.locator(".table-cards tbody")).to_contain_text("£4.00")
    assert prices(shop)["Mug"] == Decimal("9.25")


def test_tab_keeps_a_cell_and_goes_on_to_the_next(shop, served):
    page = served("/products/")
    cup = page.locator("tr", has_text="Cup")
    cup.hover()
    cup.get_by_role("button", name="Change Product").click()
    page.locator("[data-cell-input]").fill("Blue cup")
    page.locator("[data-cell-input]").press("Tab")
    field = page.get_by_label("Price of Blue cup")
    expect(field).to_be_focused()
    field.fill("4.10")
    field.press("Enter")
    expect(page.locator("tr", has_text="Blue cup")).to_contain_text("£4.10")
    assert prices(shop)["Blue cup"] == Decimal("4.10")


def test_columns_are_moved_with_the_keys_and_filters_stay_open(served):
    page = served("/products/")
    page.keyboard.press("c")
    dialog = page.get_by_role("dialog", name="Columns")
    expect(dialog).to_be_visible()
    assert axe(page, include="dialog[open]") == []
    dialog.get_by_role("checkbox", name="Brand").check()
    dialog.get_by_role("checkbox", name="Brand").focus()
    for _step in range(6):
        page.keyboard.press("Alt+ArrowUp")
    dialog.get_by_role("button", name="Done").press("Enter")
    expect(page.locator("thead th").nth(2)).to_contain_text("Brand")

    page.keyboard.press("f")
    panel = page.locator(".filter-panel")
    expect(panel).to_be_visible()
    page.get_by_label("Price: from").fill("4")
    page.get_by_label("Price: from").press("Tab")
    expect(page.locator(".chip")).to_contain_text("from 4")
    expect(panel).to_be_visible()
    expect(page.locator(".table-cards tbody tr")).to_have_count(2)
    page.keyboard.press("Escape")
    page.locator(".chip").click()
    expect(page.locator(".table-cards tbody tr")).to_have_count(3)
    page.go_back()
    expect(page.locator(".table-cards tbody tr")).to_have_count(2)


def test_the_list_and_its_menus_fit_a_phone(served):
    page = served("/products/?price=1..", PHONE)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator(".filter-menu > summary").click()
    box = page.locator(".filter-panel").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE["width"]
    assert axe(page, include=".listing") == []
    page.locator(".filter-menu > summary").press("Escape")
    page.get_by_role("checkbox", name="Select Cup").check()
    bar = page.locator("[data-bulk-bar]").bounding_box()
    assert bar is not None
    assert bar["width"] <= PHONE["width"]
    assert bar["height"] < 130


def test_notifications_are_worked_through_by_the_same_keys(shop, served):
    with make.within(shop):
        for title in ("First", "Second", "Third"):
            tell(shop.users["clerk"], title=title)
    page = served("/notifications/")
    for key in "jj":
        page.keyboard.press(key)
    second = page.locator(".list-row").filter(has_text="Second")
    expect(second.locator("button.list-item")).to_be_focused()
    page.keyboard.press("u")
    expect(second.locator("[data-act=read]")).to_contain_text("Mark as unread")
    page.keyboard.press("p")
    expect(second).to_have_count(0)
    expect(page.locator(".list-row").filter(has_text="First").locator("button.list-item")).to_be_focused()


def test_help_is_a_key_away_and_keys_are_listed(served):
    page = served("/products/")
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(sheet).to_contain_text("Next row")
    expect(sheet).to_contain_text("Products")
    page.keyboard.press("Escape")
    page.keyboard.press("h")
    expect(page).to_have_url("/help/products")
    assert axe(page) == []


def test_without_a_network_a_page_says_so_and_comes_back_by_itself(served):
    page = served("/products/")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.reload()
    page.wait_for_function("navigator.serviceWorker.controller !== null")
    kept = page.evaluate(KEPT)
    assert "/offline" in kept
    assert all(path == "/offline" or path.startswith("/static/") for path in kept), "no page of business data is kept"
    page.context.set_offline(True)
    page.goto("/products/categories")
    expect(page.get_by_role("heading", name="No connection")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_role("heading", name="Categories")).to_be_visible()


def test_a_page_that_no_server_answered_comes_back_without_a_word_of_the_network(served):
    page = served("/products/")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.reload()
    page.wait_for_function("navigator.serviceWorker.controller !== null")
    page.add_init_script("window.addEventListener('online', (event) => event.stopImmediatePropagation())")
    page.context.set_offline(True)
    page.goto("/products/categories")
    expect(page.get_by_role("heading", name="No connection")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_role("heading", name="Categories")).to_be_visible()


def test_what_was_typed_is_not_lost_without_a_question(served):
    page = served("/products/new")
    page.get_by_label("Name").first.fill("Half a product")
    page.get_by_role("link", name="Stock").first.click()
    question = page.get_by_role("dialog").filter(has_text="What you typed has not been saved")
    expect(question).to_be_visible()
    question.get_by_role("button", name="Cancel").click()
    expect(page).to_have_url("/products/new")
    expect(page.get_by_label("Name").first).to_have_value("Half a product")
