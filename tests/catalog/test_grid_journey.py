"""The grid by keyboard in a real browser: whole rows ticked, prices copied down and pasted, nothing lost."""

from __future__ import annotations

from decimal import Decimal

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from retail.catalog.models import Variant
from retail.core.db import session
from tests import make
from tests.catalog.test_grid import style
from tests.support.browser import PHONE, axe, signed_in_browser

PASTE = """() => {
  const board = new DataTransfer();
  board.setData("text/plain", "41\\n42");
  document.activeElement.dispatchEvent(new ClipboardEvent("paste", {clipboardData: board, bubbles: true}));
}"""
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.sqlite_only]


def test_rows_are_ticked_and_prices_copied_down_and_pasted_by_keyboard(app, shop):
    product_id = style()
    url = f"/products/{product_id}/grid"
    with signed_in_browser(app, make.client(app, shop, "clerk")) as visit:
        page = visit(url)
        # The tick of a whole column is there only when the script listens.
        page.get_by_role("checkbox", name="Tick all of Blue").check()
        assert axe(page) == []
        page.get_by_role("checkbox", name="S / Red").focus()
        page.keyboard.press("ArrowDown")
        expect(page.get_by_role("checkbox", name="M / Red")).to_be_focused()
        page.keyboard.press("Space")
        page.keyboard.press("Control+Enter")
        expect(page.locator(".toast", has_text="4 variants are made.")).to_be_visible()
        page.get_by_role("link", name="Prices").click()
        first = page.get_by_role("textbox", name="S / Blue")
        first.fill("31.50")
        first.press("Control+Shift+D")
        expect(page.get_by_role("textbox", name="L / Blue")).to_have_value("31.50")
        first.press("Home")
        first.press("ArrowLeft")
        red = page.get_by_role("textbox", name="S / Red")
        expect(red).to_be_focused()
        page.evaluate(PASTE)
        expect(page.get_by_role("textbox", name="M / Red")).to_have_value("42")
        page.set_viewport_size(PHONE)
        assert axe(page) == []
        page.get_by_role("button", name="Save").click()
        expect(page.locator(".toast", has_text="Saved")).to_be_visible()
    with make.within(shop):
        rows = session.execute(select(Variant.name, Variant.price).order_by(Variant.name))
        assert {name.removeprefix("Linen shirt – "): price for name, price in rows} == {
            "S / Red": 41,
            "M / Red": 42,
            "S / Blue": Decimal("31.50"),
            "M / Blue": Decimal("31.50"),
            "L / Blue": Decimal("31.50"),
        }
