"""Barcodes, pictures and categories on the pages, as people and their browsers meet them."""

from __future__ import annotations

import re
from io import BytesIO

import pytest
from PIL import Image
from sqlalchemy import select

from retail.catalog import services as catalog
from retail.catalog.models import Barcode, Category, Product
from retail.catalog.queries import find_by_code
from retail.core.db import session, unit_of_work
from tests import make
from tests.catalog.support import HTMX, one, picture, sent

# ------------------------------------------------------------------------------------------------------------ barcodes


def test_barcodes_are_scanned_made_removed_and_put_back(shop, clerk, goods):
    tea = goods("Tea")
    (variant,) = tea.variant_ids
    url = f"{tea.url}/barcodes"
    answer = make.post(clerk, url, {"variant_id": variant, "code": "036000291452"}, headers=HTMX)
    assert "036000291452" in answer.text
    assert "<html" not in answer.text
    bad = make.post(clerk, url, {"variant_id": variant, "code": "036000291453"}, headers=HTMX)
    assert bad.status_code == 422
    assert "last digit should be 2" in bad.text
    assert 'value="036000291453"' in bad.text
    assert "Scan or type a barcode." in make.post(clerk, url, {"variant_id": variant, "code": ""}).text
    made = make.post(clerk, url, {"variant_id": variant, "code": "", "make": "1"}, headers=HTMX)
    assert re.search(r"\b29\d{11}\b", made.text)
    code = one(Barcode, shop, code="00036000291452")
    gone = make.post(clerk, f"{url}/{code.id}/remove", headers=HTMX)
    assert "036000291452" not in gone.text
    undo = re.search(r'"undo_url": "([^"]+)"', gone.headers["HX-Trigger"])
    assert undo
    assert make.post(clerk, undo[1], headers=HTMX).status_code == 204
    with make.within(shop):
        assert find_by_code("036000291452").id == variant


def test_a_code_of_another_product_is_refused_and_cannot_be_removed_from_here(shop, clerk, goods):
    tea, milk = goods("Tea"), goods("Milk")
    with make.within(shop), unit_of_work():
        code_id = catalog.add_barcode(tea.variant_ids[0], "4006381333931").id
    answer = make.post(clerk, f"{milk.url}/barcodes", {"variant_id": milk.variant_ids[0], "code": "4006381333931"})
    assert answer.status_code == 422
    assert "belongs to “Tea”" in answer.text
    assert make.post(clerk, f"{milk.url}/barcodes/{code_id}/remove").status_code == 404
    foreign = make.post(clerk, f"{milk.url}/barcodes", {"variant_id": tea.variant_ids[0], "code": "123"})
    assert foreign.status_code == 422


# ------------------------------------------------------------------------------------------------------------ pictures


def test_a_picture_is_shrunk_served_and_kept_by_the_browser(shop, clerk, goods):
    tea = goods("Tea")
    answer = make.post(clerk, f"{tea.url}/picture", sent(picture((3000, 1500), "JPEG")), headers=HTMX)
    assert answer.status_code == 200
    address = re.search(r'src="(/products/pictures/\d+)"', answer.text)
    assert address
    served = clerk.get(address[1])
    assert served.mimetype == "image/webp"
    assert Image.open(BytesIO(served.data)).size == (800, 400)
    assert served.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert clerk.get(address[1], headers={"If-None-Match": served.headers["ETag"]}).status_code == 304
    small = clerk.get(f"{address[1]}/small")
    assert Image.open(BytesIO(small.data)).size == (320, 160)
    assert f"{address[1]}/small" in clerk.get("/products/").text
    removed = make.post(clerk, f"{tea.url}/picture/remove", headers=HTMX)
    assert "/products/pictures/" not in removed.text
    assert clerk.get(address[1]).status_code == 404


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "Choose a picture first"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no picture this program can read"),
        (b"%PDF-1.4 not a picture", "no picture this program can read"),
        (picture((40, 30))[:60], "no picture this program can read"),
    ],
    ids=["empty", "svg", "pdf", "cut off"],
)
def test_what_is_no_picture_is_refused_in_place(shop, clerk, goods, content, words):
    tea = goods("Tea")
    answer = make.post(clerk, f"{tea.url}/picture", sent(content), headers=HTMX)
    assert answer.status_code == 422
    assert words in answer.text
    assert one(Product, shop).image_file_id is None


def test_a_picture_that_would_unfold_to_too_much_is_refused(shop, clerk, goods):
    tea = goods("Tea")
    flat = BytesIO()
    Image.new("1", (20_000, 20_000)).save(flat, "PNG")
    answer = make.post(clerk, f"{tea.url}/picture", sent(flat.getvalue()), headers=HTMX)
    assert answer.status_code == 422
    assert "too many pixels" in answer.text


def test_only_pictures_of_products_are_served_as_such(app, shop, rival, clerk, goods):
    tea = goods("Tea")
    make.post(clerk, f"{tea.url}/picture", sent(picture()))
    number = one(Product, shop).image_file_id
    assert make.client(app, rival, "owner").get(f"/products/pictures/{number}").status_code == 404
    assert app.test_client().get(f"/products/pictures/{number}").status_code == 303
    assert make.client(app, shop, "cashier").get(f"/products/pictures/{number}").status_code == 200


# ---------------------------------------------------------------------------------------------------------- categories


def test_categories_are_made_renamed_moved_and_removed(shop, clerk):
    make.post(clerk, "/products/categories", {"name": "Drinks", "parent_id": ""})
    drinks = one(Category, shop).id
    make.post(clerk, "/products/categories", {"name": "Tea", "parent_id": str(drinks)})
    tea = one(Category, shop, name="Tea").id
    assert 'tree-depth-1"' in clerk.get("/products/categories").text
    make.post(clerk, f"/products/categories/{tea}", {"name": "Teas", "parent_id": ""})
    assert one(Category, shop, id=tea).path == "Teas"
    within = make.post(clerk, f"/products/categories/{drinks}", {"name": "Drinks", "parent_id": str(drinks)})
    assert within.status_code == 422
    twin = make.post(clerk, "/products/categories", {"name": "drinks", "parent_id": ""})
    assert twin.status_code == 422
    assert "already" in twin.text
    assert make.post(clerk, f"/products/categories/{tea}/remove").status_code == 303
    with make.within(shop):
        assert session.scalars(select(Category.path)).all() == ["Drinks"]


def test_a_category_in_which_products_stand_is_not_removed(shop, clerk, goods):
    with make.within(shop), unit_of_work():
        tea = catalog.create_category("Tea").id
    goods("Assam", category_id=tea)
    answer = make.post(clerk, f"/products/categories/{tea}/remove")
    assert answer.status_code == 422
    assert "another category first" in answer.text
