"""From the night's proposal to goods on the shelf, with the keyboard and on a phone, in a real browser."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from retail.catalog.models import Barcode
from retail.core.db import session, unit_of_work
from retail.inventory import services as inventory
from retail.inventory.models import StockLevel
from retail.purchasing import services as purchasing
from retail.purchasing.models import PurchaseOrder
from retail.purchasing.queries import candidates
from tests import make
from tests.support.browser import PHONE, axe, scan, signed_in_browser

CODE = "4006381333931"


@pytest.mark.browser
def test_what_is_proposed_is_ordered_at_the_desk_and_received_on_the_phone(app, shop):
    with make.within(shop):
        tea = make.product("Tea", stock=1).id
        with unit_of_work():
            session.add(Barcode(code=CODE.zfill(14), variant_id=tea))
            mill = purchasing.create_supplier("Mill", "GBP", email="mill@mill.example")
            purchasing.set_item(mill, tea, Decimal(2), pack_size=Decimal(3))
            purchasing.set_rule(tea, "min_max", Decimal(2), Decimal(4))
            inventory.set_reorder_point(shop.location_id, tea, Decimal(2))
            purchasing.keep_proposals(date(2026, 11, 22), candidates())
    with signed_in_browser(app, make.client(app, shop, "owner")) as visit:
        page = visit("/purchasing/proposals/")
        page.get_by_role("button", name="Draft an order for Mill").click()
        expect(page.get_by_label("Quantity of Tea")).to_have_value("3")
        scan(page, CODE)
        expect(page.get_by_label("Quantity of Tea")).to_have_value("6")
        page.keyboard.press("Control+Enter")
        expect(page.get_by_role("heading", level=1)).to_contain_text("Approved")
        assert axe(page) == []
        page.get_by_role("button", name="Send", exact=True).click()
        page.get_by_role("button", name="Send by mail").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Sent")
        address = page.url
        phone = visit(address.split("/", 3)[3].join(("/", "/receive")), PHONE)
        for count in (1, 2):
            phone.locator("#goods-search").fill(CODE)
            phone.locator("#goods-search").press("Enter")
            expect(phone.get_by_label("How many Tea came")).to_have_value(str(count))
        assert axe(phone) == []
        phone.get_by_role("button", name="Receive", exact=True).click()
        expect(phone.get_by_role("heading", level=1)).to_contain_text("Partly received")
    with make.within(shop):
        assert session.scalars(select(StockLevel.on_hand)).one() == 3
        assert session.scalars(select(PurchaseOrder.state)).one() == "part_received"
