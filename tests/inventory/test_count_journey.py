"""A phone loses its connection in the middle of counting: nothing scanned is lost, nothing counts twice."""

from __future__ import annotations

from decimal import Decimal

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from retail.core.db import session, unit_of_work
from retail.inventory import services as inventory
from retail.inventory.models import StockCountEntry, StockCountLine
from tests import make
from tests.support.browser import PHONE, axe, signed_in_browser


@pytest.mark.browser
@pytest.mark.sqlite_only
def test_a_count_on_a_phone_survives_a_lost_connection(app, shop):
    make.product("Tea", stock=10, sku="TEA")
    make.product("Jam", stock=5, sku="JAM")
    with unit_of_work():
        count_id = inventory.start_count(shop.location_id, "full").id
    clerk = make.client(app, shop, "clerk")
    session.rollback()
    with signed_in_browser(app, clerk) as visit:
        page = visit(f"/stock/counts/{count_id}", view=PHONE)
        code = page.get_by_label("Scan or search")
        expect(code).to_be_focused()
        page.keyboard.type("TEA")
        page.keyboard.press("Enter")
        expect(page.get_by_text("1 in all")).to_be_visible()
        expect(code).to_be_focused()
        page.context.set_offline(True)
        page.keyboard.type("TEA")
        page.keyboard.press("Enter")
        page.get_by_label("How many").fill("4")
        code.fill("JAM")
        page.get_by_role("button", name="Count", exact=True).click()
        expect(page.get_by_text("Waiting for a connection: 2.")).to_be_visible()
        page.context.set_offline(False)
        expect(page.get_by_text("4 in all")).to_be_visible()
        expect(page.get_by_text("Waiting for a connection")).to_be_hidden()
        code.fill("NOTHING LIKE IT")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("Nothing was counted")
        assert axe(page) == []
        page.route("**/entries", lambda route: route.fulfill(status=403, body=""))
        code.fill("TEA")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Not counted, and kept on this device: 1.")).to_be_visible()
        page.unroute_all()
        code.fill("JAM")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Not counted, and kept")).to_be_hidden()
        expect(page.get_by_text("5 in all").first).to_be_visible()
    with make.within(shop):
        counted = select(StockCountLine.counted).order_by(StockCountLine.variant_id)
        assert session.scalars(counted).all() == [Decimal(3), Decimal(5)]
        assert len(session.scalars(select(StockCountEntry.key)).all()) == 5
