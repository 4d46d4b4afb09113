"""One search for all: what is typed finds what is meant, in any script, on both databases, as soon as it is written."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from flask import current_app
from sqlalchemy import delete, select, update

from retail.catalog import services as catalog
from retail.catalog.models import Barcode, Product, Variant
from retail.catalog.queries import only_meant, search_variants
from retail.catalog.search import VARIANTS
from retail.catalog.services import Description, NewVariant, bulk, removing
from retail.catalog.tables import ProductTable
from retail.core import search
from retail.core.checks import run_checks
from retail.core.db import session, unit_of_work
from retail.core.search import listing, reading
from retail.core.search.folding import folded, words_in
from retail.core.search.models import SearchEntry, SearchPlace
from retail.core.tenancy import inside
from retail.customers.queries import find_customers
from retail.customers.services import archive_customer, create_customer
from tests import make

NAMES = (
    "Crème Brûlée Kit",
    "Dark Chocolate Bar",
    "Nutella 400g",
    "Ben & Jerry's Ice Cream",
    "抹茶チョコレート",
    "हिन्दी चाय",
    "Молоко топлёное",
    "شاي أخضر",
    "Straßenkäse",
    "Coca-Cola 330 ml",
)


@pytest.fixture
def assortment(shop):
    """Products of many scripts, by name."""
    with unit_of_work():
        rows = [{"name": name, "brand": "Maison" if at == 0 else ""} for at, name in enumerate(NAMES)]
        products = bulk.insert_products(rows)
        variants = bulk.insert_variants(
            [
                {"product_id": product_id, "sku": f"AB-{1000 + at}-RED", "name": name, "price": Decimal(1)}
                for at, (product_id, name) in enumerate(zip(products, NAMES, strict=True))
            ]
        )
        bulk.insert_barcodes([(variants[2], "03017620422003"), (variants[9], "00036000291452")])
    return dict(zip(NAMES, variants, strict=True))


def found(text, limit=24):
    return [one.name for one in search_variants(text, limit)]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("creme", "Crème Brûlée Kit"),
        ("BRULEE", "Crème Brûlée Kit"),
        ("kit cre", "Crème Brûlée Kit"),
        ("maison brulee", "Crème Brûlée Kit"),
        ("dark choc", "Dark Chocolate Bar"),
        ("bar c dark", "Dark Chocolate Bar"),
        ("chocolte", "Dark Chocolate Bar"),
        ("chcoolate", "Dark Chocolate Bar"),
        ("hocolate", "Dark Chocolate Bar"),
        ("chokolatte", "Dark Chocolate Bar"),
        ("dark chocl", "Dark Chocolate Bar"),
        ("nutela", "Nutella 400g"),
        ("tella", "Nutella 400g"),
        ("jerrys", "Ben & Jerry's Ice Cream"),
        ("jerry's", "Ben & Jerry's Ice Cream"),
        ("チョコ", "抹茶チョコレート"),
        ("茶", "抹茶チョコレート"),
        ("चाय", "हिन्दी चाय"),
        ("топленое", "Молоко топлёное"),
        ("молако", "Молоко топлёное"),
        ("اخضر", "شاي أخضر"),
        ("strassen", "Straßenkäse"),
        ("coca-co", "Coca-Cola 330 ml"),
        ("cola coca", "Coca-Cola 330 ml"),
        ("3017620422003", "Nutella 400g"),
        ("20422", "Nutella 400g"),
        ("2003", "Nutella 400g"),
        ("036000291452", "Coca-Cola 330 ml"),
        ("0036000291452", "Coca-Cola 330 ml"),
        ("AB-1002", "Nutella 400g"),
        ("ab1002red", "Nutella 400g"),
        ("nutella 20422", "Nutella 400g"),
    ],
)
def test_what_is_typed_finds_what_is_meant(assortment, typed, first):
    assert found(typed)[:1] == [first]


def test_nothing_is_found_by_what_nothing_is_called(assortment):
    for typed in ("", "  ", "%", "***", "zebra", "4005900", "dark zebra", "0240422"):
        assert found(typed) == [], typed


def test_the_best_comes_first(shop):
    """A name that is just that, then names that begin so, then those that hold it, short ones first."""
    with unit_of_work():
        for name in ("Almond milk", "Milky bar", "Milk", "Milk chocolate", "Bar of milk from the hills"):
            make.product(name)
    names = found("milk")
    assert names[:3] == ["Milk", "Milk chocolate", "Milky bar"]
    assert names[3:] == ["Almond milk", "Bar of milk from the hills"]
    assert found("milk", 2) == names[:2]


def test_it_says_what_rows_say_however_they_were_written(assortment):
    nutella = assortment["Nutella 400g"]
    with unit_of_work():
        product_id = session.get(Variant, nutella).product_id
        catalog.rename_product(product_id, "Hazelnut spread")
    assert found("hazelnut") == ["Hazelnut spread"]
    assert found("nutella") == []
    with unit_of_work():
        bulk.update_products({product_id: {"brand": "Ferrero"}})
        bulk.update_variants({nutella: {"sku": "FE-77"}})
    assert found("ferrero") == found("fe-77") == ["Hazelnut spread"]
    with unit_of_work():
        session.execute(update(Product).where(Product.id == product_id).values(brand="Other"))
    assert found("other") == ["Hazelnut spread"]
    with unit_of_work():
        session.execute(delete(Barcode).where(Barcode.variant_id == nutella))
    assert found("20422") == []
    with unit_of_work():
        catalog.archive_product(product_id)
    assert found("hazelnut") == []
    with unit_of_work():
        catalog.restore_product(product_id)
    assert found("hazelnut") == ["Hazelnut spread"]
    with unit_of_work():
        removing.remove_variants([nutella])
        removing.remove_products([product_id])
    assert found("hazelnut") == []
    assert list(search.faults(VARIANTS)) == []


def test_what_was_not_kept_is_not_found(assortment):
    about = [NewVariant(Decimal(1))]
    with unit_of_work():
        catalog.create_product(Description("Ghost"), about)
        session.rollback()
    assert found("ghost") == []
    with unit_of_work():
        with session.begin_nested() as inner:
            catalog.create_product(Description("Phantom"), about)
            inner.rollback()
        catalog.create_product(Description("Solid"), about)
    assert found("phantom") == []
    assert found("solid") == ["Solid"]
    assert list(search.faults(VARIANTS)) == []


def test_nobody_finds_what_is_another_business_s(assortment):
    with make.within(make.rival()):
        with unit_of_work():
            make.product("Nutella of theirs")
        assert found("nutella") == ["Nutella of theirs"]
    assert found("nutella") == ["Nutella 400g"]


def test_customers_are_found_by_name_code_mail_and_telephone(shop):
    with unit_of_work():
        ada = create_customer("Ada Byrón", email="ada.byron@example.com", phone="+44 20 7946 0958", code="VIP-12345")
        create_customer("Grace Hopper")
    for typed in ("byron ada", "bryon", "ada.byron@", "7946", "79460958", "vip-12", "12345"):
        assert [one.name for one in find_customers(typed)] == ["Ada Byrón"], typed
    with unit_of_work():
        archive_customer(session.merge(ada))
    assert find_customers("byron") == []


def test_a_list_is_searched_sorted_and_paged_alike_for_few_and_for_many(assortment, shop, monkeypatch):
    with unit_of_work():
        for number in range(12):
            make.product(f"Tea number {number:02d}", price=str(20 - number))

    def rows(q, sort):
        table = ProductTable()
        with current_app.test_request_context(), inside(shop.tenant_id):
            return [row.name for row in session.execute(table.ordered(table.narrowed(q, {}), sort))]

    few = {sort: rows("te num", sort) for sort in ("name", "-name", "price")}
    assert few["name"] == [f"Tea number {number:02d}" for number in range(12)]
    assert few["price"] == few["-name"] == few["name"][::-1]
    monkeypatch.setattr(listing, "BROAD", 5)
    monkeypatch.setattr(reading, "LOOKED_THROUGH", 3)
    assert {sort: rows("te num", sort) for sort in few} == few
    assert rows("20422", "name") == ["Nutella 400g"]
    assert rows("nutela", "name") == ["Nutella 400g"]
    assert rows("***", "name") == []


def test_damage_is_found_named_and_mended(assortment, shop):
    def outcome():
        (one,) = [one for one in run_checks([shop.tenant_id], whole_database=False) if one.name == "search"]
        return one

    assert outcome().faults == 0
    with unit_of_work():
        session.execute(update(SearchEntry).where(SearchEntry.title == "nutella 400g").values(title="butter"))
        session.execute(delete(SearchPlace).where(SearchPlace.word == "dark"))
    assert outcome().faults >= 2
    assert "is not found by what it is called" in outcome().first
    session.rollback()
    runner = current_app.test_cli_runner()
    told = runner.invoke(args=["search", "rebuild", "--tenant", shop.slug, "--json"])
    assert told.exit_code == 0, told.output
    kinds = {one["kind"]: one["things"] for one in json.loads(told.output)["rebuilt"]}
    assert kinds["variants"] == len(NAMES)
    with inside(shop.tenant_id):
        assert outcome().faults == 0
        assert found("dark choc") == ["Dark Chocolate Bar"]
    unknown = runner.invoke(args=["search", "rebuild", "--kind", "zebras"])
    assert unknown.exit_code != 0
    assert "zebras" in unknown.output


def test_many_entries_are_found_over_several_blocks(shop, monkeypatch):
    """Words that stand in more blocks than one, and a block that fills up."""
    monkeypatch.setattr("retail.core.search.storing.CHUNK", 40)
    with unit_of_work():
        products = bulk.insert_products([{"name": f"Candle {number}"} for number in range(4200)])
        bulk.insert_variants(
            [
                {"product_id": key, "sku": f"C{number}", "name": f"Candle {number}", "price": Decimal(1)}
                for number, key in enumerate(products)
            ]
        )
    assert found("candle 4199") == ["Candle 4199"]
    assert found("77 candle")[0] == "Candle 77"
    assert len(found("candle", 30)) == 30
    assert search.match("variants", "candle", Variant.id).things == 4200


def test_the_piece_that_matched_is_marked():
    assert search.marked("Crème Brûlée", "brul cre") == "<mark>Crè</mark>me <mark>Brûl</mark>ée"
    assert search.marked("Nutella", "tella") == "Nu<mark>tella</mark>"
    assert search.marked("<b>", "b") == "&lt;<mark>b</mark>&gt;"
    assert search.marked("Tea", "zebra") == "Tea"


def test_folding_leaves_what_matters():
    assert folded("ÇA Œuvre ŁÓDŹ ﬁne") == "ca oeuvre lodz fine"
    assert folded("한국어") == "한국어"
    assert folded("が") != folded("か")
    assert folded("٣٤") == "34"
    assert words_in("l'eau d'Évian 1,5 L") == ["l", "eau", "d", "evian", "1", "5"]


def test_the_palette_offers_to_make_what_was_not_found(app, shop, assortment):
    session.rollback()
    clerk, cashier = make.client(app, shop, "clerk"), make.client(app, shop, "cashier")
    text = clerk.get("/palette?q=nutela").text
    assert "Nutella 400g" in text
    assert "Create product" not in text
    assert "<mark>Dark</mark>" in clerk.get("/palette?q=dark").text
    assert "/products/new?name=zebra+cake" in clerk.get("/palette?q=zebra+cake").text
    assert "/products/new?code=4006381333931" in clerk.get("/palette?q=4006381333931").text
    assert "Create product" not in cashier.get("/palette?q=zebra+cake").text
    form = clerk.get("/products/new?name=zebra+cake").text
    assert 'value="zebra cake"' in form


def test_products_are_found_in_lists_by_any_of_their_variants(assortment):
    with current_app.test_request_context():
        table = ProductTable()
        ids = session.scalars(table.narrowed("ab-1004", {}).with_only_columns(Product.id)).all()
        wanted = session.scalar(select(Variant.product_id).where(Variant.id == assortment["抹茶チョコレート"]))
    assert ids == [wanted]


def test_the_till_takes_only_what_was_typed_and_guesses_nothing_into_the_cart(assortment):
    assert only_meant("nutella").name == "Nutella 400g"
    assert only_meant("20422").name == "Nutella 400g"
    assert only_meant("nutela") is only_meant("tella") is None
    # Eight digits that are the middle of a longer barcode are no barcode of that product.
    assert only_meant("01762042") is None
