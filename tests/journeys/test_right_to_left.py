"""Arabic in a real browser: every page runs from right to left, fits a phone, is readable aloud, and sells."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from retail.core.db import session, unit_of_work
from retail.identity.models import User
from tests import make
from tests.support.browser import DESK, PHONE, axe, signed_in_browser

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.sqlite_only]
PAGES = ("/till/", "/orders/", "/dashboard", "/profile/")


def test_the_shop_reads_from_right_to_left(app, shop):
    with make.within(shop):
        make.open_till(shop)
        tea = make.product("Tea", price="2.40", stock=20)
        sold = make.sale(shop, (tea, 2))
        with unit_of_work():
            session.get_one(User, shop.users["owner"]).locale = "ar_EG"
    with signed_in_browser(app, make.client(app, shop, "owner")) as visit:
        for path in (*PAGES, f"/orders/{sold.order_id}/receipt"):
            page = visit(path, PHONE)
            assert page.locator("html").get_attribute("dir") == "rtl"
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, f"{path} is {wide} px too wide"
            assert axe(page) == [], path
            page.context.close()
        page = visit("/orders/", DESK)
        menu, main = page.locator("#sidebar").bounding_box(), page.locator("#main").bounding_box()
        assert menu
        assert main
        assert menu["x"] > main["x"], "the menu stands where lines begin: on the right"
        expect(page.locator("#menu")).to_contain_text("نقطة البيع")
        code = page.locator("td", has_text=sold.number).first
        assert code.inner_text() == sold.number
