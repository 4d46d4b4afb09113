"""Products, variants, barcodes and categories, as the shop would notice."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from stdnum import ean

from retail.catalog import services as catalog
from retail.catalog.models import Barcode, Category, Product, Variant
from retail.catalog.queries import (
    category_tree,
    find_by_code,
    normalize_gtin,
    price_history,
    search_variants,
    shown_code,
    within_category,
)
from retail.catalog.services import Description, NewVariant
from retail.core.db import session, unit_of_work
from retail.core.errors import NotFound, Refused
from retail.core.tenancy import inside
from tests import make


def new(name="Tea", *, price="2.40", **more):
    about = {key: more.pop(key) for key in ("brand", "category_id", "tax_rate_id") if key in more}
    with unit_of_work():
        product = catalog.create_product(Description(name, **about), [NewVariant(Decimal(price), **more)])
        return session.scalars(select(Variant).where(Variant.product_id == product.id)).one()


# ------------------------------------------------------------------------------------------------------------ barcodes


def test_a_upc_and_the_ean_that_means_the_same_are_one_code():
    assert normalize_gtin("036000291452") == normalize_gtin("0036000291452") == normalize_gtin("00036000291452")
    assert normalize_gtin("4006381 333931") == "04006381333931"
    assert normalize_gtin("7351-3537") == "00000073513537"


@pytest.mark.parametrize("code", ["036000291453", "4006381333930", "12345", "ABC-12", "١٢٣٤٥٦٧٨"])
def test_what_is_no_gtin_stays_as_it_was_typed(code):
    assert normalize_gtin(f" {code} ") == code


@given(st.text("0123456789", min_size=7, max_size=13).filter(lambda text: len(text) in {7, 11, 12, 13}))
def test_every_valid_gtin_is_kept_with_fourteen_digits_and_normalizing_again_changes_nothing(body):
    code = body + ean.calc_check_digit(body)
    kept = normalize_gtin(code)
    assert len(kept) == 14
    assert normalize_gtin(kept) == kept
    assert normalize_gtin(shown_code(kept)) == kept


def test_scanning_finds_the_variant_by_any_length_of_its_code(shop):
    tea = new(sku="TEA-1", barcodes=["036000291452"])
    assert find_by_code("0036000291452").id == tea.id
    assert find_by_code("036000291452").id == tea.id
    assert find_by_code("tea-1").id == tea.id
    assert find_by_code("036000291453") is None
    assert find_by_code("  ") is None


def test_a_sku_in_exactly_these_letters_comes_before_one_in_others(shop):
    lower, upper = make.product(sku="abc"), make.product(sku="ABC")
    assert find_by_code("ABC").id == upper.id
    assert find_by_code("abc").id == lower.id


def test_a_misread_barcode_is_refused_with_the_digit_it_should_end_in(shop):
    tea = new()
    with unit_of_work(), pytest.raises(Refused, match="last digit should be 1"):
        catalog.add_barcode(tea.id, "4006381333930")
    assert session.scalar(select(Barcode)) is None


def test_a_barcode_means_one_variant_only(shop):
    tea, milk = new("Tea"), new("Milk")
    with unit_of_work():
        catalog.add_barcode(tea.id, "4006381333931")
        catalog.add_barcode(tea.id, "04006381333931")
    with unit_of_work(), pytest.raises(Refused, match="belongs to “Tea”"):
        catalog.add_barcode(milk.id, "4006381333931")
    assert len(session.scalars(select(Barcode)).all()) == 1


def test_codes_of_our_own_are_valid_and_all_different(shop):
    tea = new()
    with unit_of_work():
        codes = [shown_code(catalog.make_barcode(tea.id).code) for _turn in range(3)]
    assert len(set(codes)) == 3
    assert all(ean.is_valid(code) and code.startswith("29") and len(code) == 13 for code in codes)
    assert find_by_code(codes[1]).id == tea.id


# ------------------------------------------------------------------------------------------------------------ products


def test_a_new_product_gets_a_sku_of_its_own_when_none_is_given(shop):
    first, second = new("Green tea"), new("Green tea")
    assert first.sku.startswith("GRE-")
    assert first.sku != second.sku


def test_options_make_every_combination_once(shop):
    rows = catalog.matrix({"Size": ["S", "M"], "Color": ["Red", "Blue"]})
    with unit_of_work():
        product = catalog.create_product(
            Description("Shirt"), [NewVariant(Decimal(20), sku=f"SH-{i}", options=one) for i, one in enumerate(rows)]
        )
        names = session.scalars(
            select(Variant.name).where(Variant.product_id == product.id).order_by(Variant.position)
        ).all()
        assert names == ["Shirt – S / Red", "Shirt – S / Blue", "Shirt – M / Red", "Shirt – M / Blue"]
    with unit_of_work(), pytest.raises(Refused, match="already"):
        catalog.add_variants(product.id, [NewVariant(Decimal(20), options={"Size": "s", "Color": "red"})])
    with unit_of_work():
        catalog.change_product(product.id, Description("T-shirt"))
    assert session.scalar(select(Variant.name).where(Variant.sku == "SH-0")) == "T-shirt – S / Red"


def test_too_many_combinations_are_refused(shop):
    with pytest.raises(Refused, match="At most 100"):
        catalog.matrix({"Size": [str(n) for n in range(11)], "Color": [str(n) for n in range(10)]})
    with pytest.raises(Refused, match="twice"):
        catalog.matrix({"Size": ["M", "m"]})


@pytest.mark.parametrize(
    ("about", "variant", "field"),
    [
        ({"name": "  "}, {}, "name"),
        ({"name": "x" * 201}, {}, "name"),
        ({}, {"price": Decimal("-0.01")}, "price"),
        ({}, {"cost": Decimal(-1)}, "cost"),
        ({}, {"sku": "taken-1"}, "sku"),
        ({}, {"barcodes": ["4006381333930"]}, "code"),
        ({"category_id": 999_999}, {}, "category_id"),
        ({"tax_rate_id": 999_999}, {}, "tax_rate_id"),
    ],
    ids=["no name", "long name", "price below zero", "cost below zero", "sku taken", "misread", "category", "tax"],
)
def test_what_cannot_be_is_refused_at_its_field_and_nothing_is_written(shop, about, variant, field):
    new("First", sku="TAKEN-1")
    with pytest.raises(Refused) as no, unit_of_work():
        catalog.create_product(
            Description(**{"name": "Tea", **about}), [NewVariant(**{"price": Decimal(1), **variant})]
        )
    assert no.value.field == field
    assert session.scalars(select(Product.name)).all() == ["First"]


def test_an_archived_product_is_neither_scanned_nor_found_until_it_is_restored(shop):
    tea = new("Green tea", sku="GT")
    with unit_of_work():
        catalog.archive_product(tea.product_id)
    assert find_by_code("GT") is None
    assert search_variants("green") == []
    with unit_of_work():
        catalog.restore_product(tea.product_id)
    assert find_by_code("GT").id == tea.id


def test_restoring_leaves_out_a_variant_that_was_archived_before(shop):
    with unit_of_work():
        product = catalog.create_product(
            Description("Shirt"), [NewVariant(Decimal(9), sku=size, options={"Size": size}) for size in ("S", "M")]
        )
        small = session.scalars(select(Variant).where(Variant.sku == "S")).one()
        catalog.archive_variant(small.id)
    with unit_of_work(), pytest.raises(Refused, match="last variant"):
        catalog.archive_variant(session.scalars(select(Variant.id).where(Variant.sku == "M")).one())
    with unit_of_work():
        catalog.archive_product(product.id)
    with unit_of_work():
        catalog.restore_product(product.id)
    assert [one.sku for one in search_variants("shirt")] == ["M"]


def test_every_price_a_variant_had_is_told(shop):
    tea = new(price="2.40")
    with unit_of_work():
        catalog.change_price(tea.id, Decimal("2.60"))
    with unit_of_work():
        catalog.change_variant(tea.id, sku=tea.sku, price=Decimal("2.60"), cost=Decimal(1))
    told = price_history([tea.id])
    assert [(one.before, one.after) for one in told] == [
        (Decimal("2.40"), Decimal("2.60")),
        (None, Decimal("2.40")),
    ]


def test_search_takes_words_in_any_order_brands_and_parts_of_barcodes(shop):
    new("Green tea", sku="GT-1", brand="Leafy", barcodes=["4006381333931"])
    new("Black tea", sku="BT-1")
    assert [one.name for one in search_variants("tea")] == ["Black tea", "Green tea"]
    assert [one.sku for one in search_variants("tea green")] == ["GT-1"]
    assert [one.sku for one in search_variants("leafy")] == ["GT-1"]
    assert [one.sku for one in search_variants("81333")] == ["GT-1"]
    assert search_variants("100%") == []


def test_another_business_is_neither_found_nor_in_the_way(shop, rival):
    tea = new("Tea", sku="T-1", barcodes=["4006381333931"])
    session.rollback()
    with inside(rival.tenant_id):
        assert find_by_code("T-1") is None
        theirs = new("Tea", sku="T-1", barcodes=["4006381333931"])
        assert find_by_code("4006381333931").id == theirs.id
        with unit_of_work(), pytest.raises(NotFound):
            catalog.change_price(tea.id, Decimal(1))


# ---------------------------------------------------------------------------------------------------------- categories


def tree():
    return [(one.depth, one.path) for one in category_tree()]


def test_a_path_is_made_as_far_as_it_is_missing(shop):
    made: list[Category] = []
    with unit_of_work():
        catalog.ensure_category("Drinks > Hot")
        leaf = catalog.ensure_category("drinks > Cold > Iced tea", made)
        assert catalog.ensure_category("Drinks > Cold > Iced tea", made) is leaf
        assert [one.path for one in made] == ["Drinks > Cold", "Drinks > Cold > Iced tea"]


def test_renaming_and_moving_a_category_takes_what_is_below_along(shop):
    with unit_of_work():
        leaf = catalog.ensure_category("Drinks > Hot > Tea")
        catalog.ensure_category("drinks > Cold")
        food = catalog.create_category("Food")
    hot = session.scalars(select(Category).where(Category.name == "Hot")).one()
    with unit_of_work():
        catalog.rename_category(hot.id, "Warm")
    assert session.get_one(Category, leaf.id).path == "Drinks > Warm > Tea"
    with unit_of_work():
        catalog.move_category(hot.id, food.id)
    assert tree() == [
        (0, "Drinks"),
        (1, "Drinks > Cold"),
        (0, "Food"),
        (1, "Food > Warm"),
        (2, "Food > Warm > Tea"),
    ]


def test_a_category_cannot_stand_within_itself_nor_beside_a_twin(shop):
    with unit_of_work():
        leaf = catalog.ensure_category("Drinks > Hot > Tea")
        drinks = session.scalars(select(Category).where(Category.name == "Drinks")).one()
        catalog.ensure_category("Tea")
    before = tree()
    with pytest.raises(Refused, match="below itself"), unit_of_work():
        catalog.move_category(drinks.id, leaf.id)
    with pytest.raises(Refused, match="already"), unit_of_work():
        catalog.move_category(leaf.id, None)
    with pytest.raises(Refused, match="levels deep"), unit_of_work():
        catalog.ensure_category("a > b > c > d > e > f")
    with pytest.raises(Refused, match="hold “>”"), unit_of_work():
        catalog.rename_category(leaf.id, "a > b")
    assert tree() == before


def test_a_category_is_removed_only_when_nothing_stands_in_it(shop):
    with unit_of_work():
        leaf = catalog.ensure_category("Drinks > Tea")
    new("Tea", category_id=leaf.id)
    with pytest.raises(Refused, match="Products stand in"), unit_of_work():
        catalog.remove_category(leaf.id)
    with pytest.raises(Refused, match="below it"), unit_of_work():
        catalog.remove_category(leaf.parent_id)
    below = select(Product.name).join(Category, Category.id == Product.category_id)
    assert session.scalars(below.where(within_category(leaf.parent_id))).all() == ["Tea"]
