"""The pages of products: the list, a new one, changing it, its variants, and who may see what."""

from __future__ import annotations

import re
from decimal import Decimal
from io import BytesIO

import pytest
from sqlalchemy import func, select

from retail.catalog import services as catalog
from retail.catalog.models import Barcode, Product, Variant
from retail.catalog.queries import find_by_code
from retail.core.db import session, unit_of_work
from tests import make
from tests.catalog.support import HTMX, filled, one, picture, sent
from tests.support.queries import count_queries

# ------------------------------------------------------------------------------------------------------------ the list


def test_the_list_shows_name_price_and_number_of_variants_and_finds_by_any_of_them(shop, clerk, goods):
    goods("Green tea", price="2.40", brand="Leafy")
    goods("Shirt", price="20", options={"Size": ["S", "M"]})
    with make.within(shop), unit_of_work():
        shirt = session.scalars(select(Variant).where(Variant.name.like("Shirt%S"))).one()
        sku = shirt.sku
        catalog.change_price(shirt.id, Decimal(18))
        catalog.add_barcode(shirt.id, "4006381333931")
    everything = clerk.get("/products/").text
    assert "Green tea" in everything
    assert "£2.40" in everything
    assert "2 variants" in everything
    assert "£18.00 – £20.00" in everything
    for q, found in (("green", "Green tea"), ("leafy tea", "Green tea"), ("4006381", "Shirt"), (sku, "Shirt")):
        text = clerk.get(f"/products/?q={q}", headers=HTMX).text
        assert found in text, q
        assert text.count("data-row=") == 1, q
    assert "Nothing matches" in clerk.get("/products/?q=100%25").text


def test_the_list_is_narrowed_to_a_category_with_what_is_below_and_to_what_is_archived(shop, clerk, goods):
    with make.within(shop), unit_of_work():
        tea = catalog.ensure_category("Drinks > Tea")
        tea_id, drinks_id = tea.id, tea.parent_id
    goods("Assam", category_id=tea_id)
    goods("Mug")
    goods("Old cup", archived=True)
    assert "Assam" in clerk.get(f"/products/?category={drinks_id}").text
    assert "Mug" not in clerk.get(f"/products/?category={drinks_id}", headers=HTMX).text
    assert "Mug" in clerk.get("/products/?category=0", headers=HTMX).text
    assert "Old cup" not in clerk.get("/products/", headers=HTMX).text
    old = clerk.get("/products/?status=archived", headers=HTMX).text
    assert "Old cup" in old
    assert "Mug" not in old
    assert clerk.get("/products/?status=all", headers=HTMX).text.count("data-row=") == 3
    assert clerk.get("/products/?category=nonsense").status_code == 200


def test_the_list_goes_on_page_by_page_in_every_order_and_into_a_file(shop, clerk, goods):
    for number in range(60):
        goods(f"Tea {number:02}", price=str(1 + number % 7))
    for sort in ("name", "-price", "sku", "category"):
        first = clerk.get(f"/products/?sort={sort}", headers=HTMX).text
        following = re.search(r'href="([^"]*after=[^"]*)"', first)
        assert following, sort
        second = clerk.get(following[1].replace("&amp;", "&"), headers=HTMX).text
        rows = re.findall(r'data-row="(\d+)"', first + second)
        assert len(rows) == len(set(rows)) == 60, sort
    lines = clerk.get("/products/?format=csv").text.strip().splitlines()
    assert len(lines) == 61
    assert "On sale" in lines[1]


def test_an_empty_shop_is_told_what_to_do_first(app, shop, clerk):
    assert 'href="/products/new"' in clerk.get("/products/").text
    assert "Add a product" in clerk.get("/products/").text
    assert "Add a product" not in make.client(app, shop, "cashier").get("/products/").text


# --------------------------------------------------------------------------------------------------------- new product


def test_a_product_is_added_on_one_page_with_price_barcode_and_picture(shop, clerk):
    form = {
        **filled(clerk, "/products/new"),
        "name": "Green tea",
        "price": "2.40",
        "cost": "1.10",
        "code": "4006381333931",
        **sent(picture()),
    }
    answer = make.post(clerk, "/products/new", form)
    assert answer.status_code == 303
    page = clerk.get(answer.location).text
    for part in ("Green tea", "£2.40", "£1.10", "4006381333931", "VAT 20 %", "45%", "/products/pictures/"):
        assert part in page, part
    with make.within(shop):
        made = find_by_code("4006381333931")
        assert made.sku.startswith("GRE-")
        product = session.get_one(Product, made.product_id)
        assert (product.is_stocked, product.is_merchandise) == (True, True)
        assert product.tax_rate_id == shop.tax_rate_id


def test_options_make_every_combination_and_lead_to_their_prices(shop, clerk):
    preview = clerk.get(
        "/products/combinations?option-0-name=Size&option-0-values=S,M&option-1-name=Color&option-1-values=Red,+Blue",
        headers=HTMX,
    ).text
    assert "4 variants will be made" in preview
    assert "S / Blue" in preview
    form = {
        **filled(clerk, "/products/new"),
        "name": "Shirt",
        "price": "20",
        "option-0-name": "Size",
        "option-0-values": "S, M",
        "option-1-name": "Color",
        "option-1-values": "Red, Blue",
    }
    answer = make.post(clerk, "/products/new", form)
    assert answer.location.endswith("/edit")
    page = clerk.get(answer.location).text
    assert page.count("-price") >= 4
    assert "M / Blue" in page
    product = one(Product, shop, name="Shirt")
    assert product.option_names == ["Size", "Color"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": ""}, "required"),
        ({"price": "much"}, "is not a number"),
        ({"price": "-1"}, "Must be 0 or more"),
        ({"sku": "taken"}, "belongs to"),
        ({"code": "4006381333930"}, "last digit should be 1"),
        ({"category_id": "999999"}, "Not a valid choice"),
        ({"option-0-name": "Size", "option-0-values": ""}, "at least one value"),
        ({"option-0-name": "Size", "option-0-values": "M, m"}, "twice"),
        ({"picture": b"no picture at all"}, "no picture this program can read"),
    ],
    ids=["no name", "no number", "below zero", "sku taken", "misread", "category", "no values", "twice", "no picture"],
)
def test_what_cannot_be_is_said_and_nothing_is_kept(shop, clerk, change, words):
    with make.within(shop):
        make.product("First", sku="TAKEN")
    sent = {name: (BytesIO(value), "x.png") if isinstance(value, bytes) else value for name, value in change.items()}
    answer = make.post(clerk, "/products/new", {"name": "Tea", "price": "2.40", "unit": "piece", **sent})
    assert answer.status_code == 422
    assert words in answer.text
    assert "Nothing was saved yet" in answer.text
    with make.within(shop):
        assert session.scalars(select(Product.name)).all() == ["First"]


def test_one_product_after_another_is_typed_without_leaving_the_page(shop, clerk):
    with make.within(shop), unit_of_work():
        tea = catalog.create_category("Tea").id
    form = {"name": "Assam", "price": "3", "category_id": str(tea), "then": "another"}
    answer = make.post(clerk, "/products/new", form)
    assert answer.location == f"/products/new?category={tea}"
    assert f'<option selected value="{tea}">' in clerk.get(answer.location).text


# -------------------------------------------------------------------------------------------------------------- change


def test_a_product_and_its_variants_are_changed_together_and_prices_are_told(shop, clerk, goods):
    shirt = goods("Shirt", price="20", options={"Size": ["S", "M"]})
    small = shirt.variant_ids[0]
    form = {**filled(clerk, f"{shirt.url}/edit"), "name": "T-shirt", f"variant-{small}-price": "18.50"}
    assert form[f"variant-{shirt.variant_ids[1]}-price"] == "20.00"
    assert make.post(clerk, f"{shirt.url}/edit", form).status_code == 303
    page = clerk.get(shirt.url).text
    assert "T-shirt" in page
    assert "£20.00 → £18.50" in page
    with make.within(shop):
        assert session.get_one(Variant, small).name.startswith("T-shirt")
        assert session.get_one(Variant, small).cost == 1


def test_one_refused_variant_keeps_all_as_they_were(shop, clerk, goods):
    shirt = goods("Shirt", price="20", options={"Size": ["S", "M"]})
    first, second = shirt.variant_ids
    form = filled(clerk, f"{shirt.url}/edit")
    form |= {"name": "T-shirt", f"variant-{first}-price": "1", f"variant-{second}-sku": form[f"variant-{first}-sku"]}
    answer = make.post(clerk, f"{shirt.url}/edit", form)
    assert answer.status_code == 422
    assert "belongs to" in answer.text
    assert 'value="1"' in answer.text
    with make.within(shop):
        assert session.get_one(Product, shirt.id).name == "Shirt"
        assert session.get_one(Variant, first).price == 20
    form[f"variant-{first}-price"] = "lots"
    assert "is not a number" in make.post(clerk, f"{shirt.url}/edit", form).text


def test_archiving_offers_to_undo_and_the_undo_brings_it_back(shop, clerk, goods):
    tea = goods("Tea")
    answer = make.post(clerk, f"{tea.url}/archive", headers=HTMX)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "Put on sale again" in answer.text
    undo = re.search(r'"undo_url": "([^"]+)"', answer.headers["HX-Trigger"])
    assert undo
    assert one(Product, shop).archived_at is not None
    assert make.post(clerk, undo[1], headers=HTMX).headers["HX-Redirect"] == tea.url
    assert one(Product, shop).archived_at is None
    assert make.post(clerk, f"{tea.url}/archive").status_code == 303


def test_one_variant_is_archived_and_the_last_one_is_not(shop, clerk, goods):
    shirt = goods("Shirt", options={"Size": ["S", "M"]})
    small, medium = shirt.variant_ids
    answer = make.post(clerk, f"{shirt.url}/variants/{small}/archive", headers=HTMX)
    assert "Restore" in answer.text
    assert "undo_url" in answer.headers["HX-Trigger"]
    refused = make.post(clerk, f"{shirt.url}/variants/{medium}/archive", headers=HTMX)
    assert refused.status_code == 422
    assert "archive the product instead" in refused.text
    make.post(clerk, f"{shirt.url}/variants/{small}/restore")
    with make.within(shop):
        assert session.scalars(select(Variant.archived_at)).all() == [None, None]


# --------------------------------------------------------------------------------------------------- who may, and cost


def test_a_cashier_looks_but_sees_no_cost_and_changes_nothing(app, shop, goods):
    tea = goods("Tea", price="2.40")
    cashier = make.client(app, shop, "cashier")
    page = cashier.get(tea.url).text
    assert "£2.40" in page
    assert "£1.00" not in page
    assert "Margin" not in page
    assert "/edit" not in page
    for url in (
        "/products/new",
        f"{tea.url}/edit",
        f"{tea.url}/archive",
        f"{tea.url}/restore",
        f"{tea.url}/picture",
        f"{tea.url}/picture/remove",
        f"{tea.url}/barcodes",
        f"{tea.url}/grid",
        f"{tea.url}/options",
        f"{tea.url}/variants/{tea.variant_ids[0]}/archive",
        "/products/categories",
    ):
        assert make.post(cashier, url, {"name": "Eve", "price": "0"}).status_code == 403, url
    assert one(Variant, shop).price == Decimal("2.40")


def test_products_of_another_business_are_not_there(app, shop, rival, goods):
    tea = goods("Tea")
    with make.within(shop), unit_of_work():
        code = catalog.add_barcode(tea.variant_ids[0], "4006381333931").id
        category = catalog.create_category("Tea").id
    theirs = make.client(app, rival, "owner")
    for url in (tea.url, f"{tea.url}/edit", f"{tea.url}/grid", f"/products/categories/{category}"):
        assert theirs.get(url).status_code == 404, url
    variant = tea.variant_ids[0]
    for url in (
        f"{tea.url}/edit",
        f"{tea.url}/archive",
        f"{tea.url}/restore",
        f"{tea.url}/picture/remove",
        f"{tea.url}/barcodes",
        f"{tea.url}/barcodes/{code}/remove",
        f"{tea.url}/variants/{variant}/archive",
        f"{tea.url}/variants/{variant}/restore",
        f"{tea.url}/variants/{variant}/barcodes/123",
        f"{tea.url}/grid",
        f"/products/categories/{category}",
        f"/products/categories/{category}/remove",
    ):
        assert make.post(theirs, url, {"name": "Eve", "variant_id": variant, "code": "1"}).status_code == 404, url
    assert make.post(theirs, f"{tea.url}/picture", sent(picture())).status_code == 404
    assert "Tea" not in theirs.get("/products/", headers=HTMX).text
    with make.within(shop):
        assert session.scalar(select(func.count(Barcode.id))) == 1


@pytest.mark.parametrize(("page", "most"), [("/products/", 9), ("product", 12), ("edit", 8), ("/products/new", 5)])
def test_pages_ask_little_of_the_database_however_much_there_is(shop, clerk, goods, page, most):
    for number in range(8):
        goods(f"Tea {number}")
    shirt = goods("Shirt", options={"Size": ["S", "M", "L"], "Color": ["Red", "Blue"]})
    url = {"product": shirt.url, "edit": f"{shirt.url}/edit"}.get(page, page)
    clerk.get(url)
    with count_queries() as asked:
        assert clerk.get(url).status_code == 200
    asked = [statement for statement in asked if not statement.startswith("SET TRANSACTION")]
    assert len(asked) <= most, "\n".join(asked)
