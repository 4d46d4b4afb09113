"""A product is typed in without the mouse, gets its picture, and is archived and back again, in a real browser."""

from __future__ import annotations

from decimal import Decimal

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from retail.catalog import services as catalog
from retail.catalog.models import Product, Variant
from retail.core.db import session, unit_of_work
from tests import make
from tests.catalog.support import picture
from tests.support.browser import PHONE, axe, signed_in_browser

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.sqlite_only]


@pytest.fixture
def served(app, shop):
    """The shop at an address, and the browser of the clerk."""
    with unit_of_work():
        catalog.ensure_category("Drinks > Tea")
    clerk = make.client(app, shop, "clerk")
    with signed_in_browser(app, clerk) as visit:
        yield visit


def tab_to(page, name):
    """Press Tab until the field of this name has the focus."""
    for _press in range(40):
        if page.evaluate("document.activeElement?.name") == name:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never comes to {name}")


def test_a_product_is_made_by_keyboard_gets_a_picture_and_comes_back_from_the_archive(shop, served):
    page = served("/products/")
    page.keyboard.press("Tab")
    page.get_by_role("link", name="Add a product").press("Enter")
    expect(page).to_have_url("/products/new")
    page.keyboard.type("Green tea")
    for name, text in (("price", "2.40"), ("cost", "1.10"), ("code", "4006381333931"), ("category_id", "Drinks > T")):
        tab_to(page, name)
        page.keyboard.type(text)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="Green tea")).to_be_visible()
    expect(page.locator("#barcodes")).to_contain_text("4006381333931")
    assert axe(page) == []

    page.set_input_files("#picture-file", {"name": "tea.png", "mimeType": "image/png", "buffer": picture((900, 600))})
    expect(page.locator("#picture img[src^='/products/pictures/']")).to_be_visible()
    expect(page.locator(".toast", has_text="The picture is kept")).to_be_visible()

    page.get_by_placeholder("Scan or type a barcode").press_sequentially("036000291453\n")
    expect(page.locator("#barcodes")).to_contain_text("last digit should be 2")
    expect(page.get_by_placeholder("Scan or type a barcode")).to_be_focused()

    page.get_by_role("button", name="Archive").press("Enter")
    expect(page.get_by_role("button", name="Put on sale again")).to_be_visible()
    page.get_by_role("button", name="Undo").press("Enter")
    expect(page.get_by_role("button", name="Archive")).to_be_visible()

    with make.within(shop):
        row = session.execute(
            select(Product.name, Product.image_file_id, Product.archived_at, Variant.price, Variant.cost).join(
                Variant, Variant.product_id == Product.id
            )
        ).one()
        assert (row.name, row.price, row.cost, row.archived_at) == ("Green tea", Decimal("2.40"), Decimal("1.10"), None)
        assert row.image_file_id is not None
        assert session.scalars(select(Product)).one().category_id is not None


def test_sizes_and_colors_become_variants_on_a_phone(shop, served):
    page = served("/products/new", PHONE)
    page.get_by_label("Name", exact=False).first.fill("Shirt")
    page.locator("#price").fill("20")
    page.locator("#option-0-name").fill("Size")
    page.locator("#option-0-values").press_sequentially("S, M, L")
    expect(page.locator("#combinations")).to_contain_text("3 variants will be made")
    page.get_by_role("button", name="Add product").click()
    page.get_by_label("Price of Shirt – M").fill("22")
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#variants")).to_contain_text("£22.00")
    page.get_by_role("link", name="Open the grid").click()
    page.get_by_text("What it comes in").click()
    page.locator("#option-0-values").fill("S, M, L, XL")
    page.get_by_role("button", name="Save the options").click()
    page.get_by_label("Price of new ones in XL").fill("24")
    page.get_by_role("checkbox", name="XL").check()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("link", name="Back to the product").click()
    expect(page.locator("#variants")).to_contain_text("£24.00")
    with make.within(shop):
        prices = session.scalars(select(Variant.price).order_by(Variant.position)).all()
    assert prices == [20, 22, 20, 24]
