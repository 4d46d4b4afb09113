"""Files of Vendure, Odoo and Saleor, and lists that no shop made, come in without matching a column."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select

from retail.catalog.models import Product
from retail.core.db import reading, session
from retail.core.imports import services
from retail.customers.models import Customer
from tests.integrations.support import taken_in
from tests.integrations.test_layouts import counts, products, reasons

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
VENDURE = """\
weight,sku    ,name:de ,name:en ,slug:en,facets                                    ,optionGroups:en ,optionValues:en,price ,taxCategory,stockOnHand,assets
1     ,L-13   ,Rechner ,Laptop  ,laptop ,category:Electronics|category:PC|brand:Apx ,screen size|RAM ,13 inch|8GB    ,1299.0,standard   ,100        ,a.jpg|b.jpg
2     ,L-15   ,        ,        ,       ,                                          ,                ,15 inch|8GB    ,1399.5,standard   ,-10        ,
      ,       ,        ,        ,       ,                                          ,                ,               ,      ,           ,           ,
3     ,MOUSE  ,Maus    ,Mouse   ,       ,                                          ,                ,               ,18.99 ,standard   ,           ,   ,     ,
"""  # noqa: E501
ODOO = """\
External ID,Name,Internal Reference,Barcode,Category/External ID,Product Category,\
Can be Sold,Sale Price,Cost,Product Type
a6,Stool,ALS,4006381333931.00001,a5,All / Saleable / Seats,True,49.00,25.00,Stockable Product
a9,Tutorial,SBT,,a2,,False,19.00,8.00,Consumable
a10,Delivery,DEL,,a1,,True,0.30,0.25,Service
"""
CONTACTS = """\
Name*,Company Type*,Related Company,Email,Street,City,Zip,Country,Tax ID,Reference,Notes
Timberloom,Company,,timber@example.com,Straße 27,Berlin,10407.0,DE,DE123,CUST11,Very <b>important</b>
Julian Becker,Person,Timberloom,,,,,DE,,,
"""
GARMENTS = """\
id,gender,masterCategory,subCategory,baseColour,season,usage,productDisplayName,,
39386,Men,Apparel,Bottomwear,Blue,Summer,Casual,Men Blue Jeans,,
23101,Men,Accessories,Accessories,Pink,,Formal,Turtle Pink Tie, Cufflink and Square Set,
23124,Unisex,Footwear,Flip Flops,NA,Spring,Casual,Converse Liv,Laugh,Love Flip-flops
"""
STONES = """\
price,carat,cut,color,clarity,depth,table,x,y,z
326,0.23,Ideal,E,SI2,61.5,55.0,3.95,3.98,2.43
326,0.23,Ideal,E,SI2,61.5,55.0,3.95,3.98,2.43
327,0.30,Good,J,VS1,56.9,65.0,0.0,0.0,0.0
"""


def record(model, pk, **fields):
    return {"model": model, "pk": pk, "fields": fields}


SALEOR = [
    record("channel.channel", 1, name="Home", currency_code="USD"),
    record("channel.channel", 2, name="Isles", currency_code="GBP"),
    record("product.category", 5, name="Apparel", parent=None),
    record("product.category", 6, name="Shoes", parent=5),
    record("product.product", 9, name="Plimsolls", category=6, description_plaintext="Light."),
    record("product.product", 10, name="Mug", category=None, description_plaintext=""),
    record("product.productchannellisting", 1, product=10, channel=2, is_published=False),
    record("product.productvariant", 21, product=9, sku="P-39", name="39", sort_order=1),
    record("product.productvariant", 22, product=9, sku="P-40", name="40", sort_order=0),
    record("product.productvariant", 23, product=10, sku=None, name="UHJvZHVjdA=="),
    *(
        record("product.productvariantchannellisting", pk, variant=variant, channel=channel, price_amount=price)
        for pk, variant, channel, price in (
            (1, 21, 1, "99"), (2, 21, 2, "40.500"), (3, 22, 2, "41.000"), (4, 23, 2, "7.000"), (5, 23, 1, "99"),
        )
    ),
    record("warehouse.stock", 1, warehouse="a", product_variant=21, quantity=3),
    record("warehouse.stock", 2, warehouse="b", product_variant=21, quantity=4),
    record("attribute.attribute", 37, name="Size"),
    record("attribute.attribute", 36, name="Material"),
    record("attribute.attributevalue", 1, name="39", attribute=37),
    record("attribute.attributevalue", 2, name="40", attribute=37),
    record("attribute.attributevalue", 3, name="Canvas", attribute=36),
    record("attribute.assignedvariantattribute", 71, variant=21, assignment=1),
    record("attribute.assignedvariantattribute", 72, variant=22, assignment=1),
    record("attribute.assignedvariantattributevalue", 1, value=1, assignment=71),
    record("attribute.assignedvariantattributevalue", 2, value=2, assignment=72),
    record("attribute.assignedproductattributevalue", 1, value=3, product=9),
]  # fmt: skip


def of_sku(sku):
    return next(one for one in products() if one["sku"] == sku)


def test_a_vendure_file_with_languages_and_other_columns(shop):
    assert counts(taken_in(VENDURE)) == ("vendure", 3, 0, 1, 0)
    small, large, mouse = map(of_sku, ("L-13", "L-15", "MOUSE"))
    assert (small["product"], large["product"]) == ("Laptop", "Laptop")
    assert small["options"] == {"screen size": "13 inch", "RAM": "8GB"}
    assert large["options"] == {"screen size": "15 inch", "RAM": "8GB"}
    assert (small["brand"], small["category"], small["stock"]) == ("Apx", "Electronics > PC", 100)
    assert (large["price"], large["stock"]) == (Decimal("1399.5"), 0)
    assert (mouse["name"], mouse["options"]) == ("Mouse", {})
    assert counts(taken_in(VENDURE)) == ("vendure", 0, 0, 4, 0)


def test_a_file_of_odoo_products(shop):
    assert counts(taken_in(ODOO)) == ("odoo", 3, 0, 0, 0)
    stool, tutorial = of_sku("ALS"), of_sku("SBT")
    assert (stool["price"], stool["cost"], stool["category"]) == (49, 25, "Saleable > Seats")
    assert (stool["code"], stool["archived"], tutorial["archived"]) == ("04006381333931", False, True)
    with reading():
        kept = {row.name: row.is_stocked for row in session.execute(select(Product.name, Product.is_stocked))}
    assert kept == {"Stool": True, "Tutorial": True, "Delivery": False}
    assert counts(taken_in(ODOO)) == ("odoo", 0, 0, 3, 0)


def test_a_file_of_odoo_contacts(shop):
    assert counts(taken_in(CONTACTS, "customers")) == ("odoo", 2, 0, 0, 0)
    with reading():
        found = {one.name: one for one in session.scalars(select(Customer))}
        timber, julian = found["Timberloom"], found["Julian Becker"]
        assert (timber.code, timber.email, timber.country) == ("CUST11", "timber@example.com", "DE")
        assert timber.note.splitlines() == ["Very important", "Straße 27, 10407 Berlin", "Tax ID: DE123"]
        assert julian.note == "Timberloom"
    assert counts(taken_in(CONTACTS, "customers")) == ("odoo", 0, 0, 2, 0)


@pytest.mark.parametrize("packed", [False, True])
def test_saleors_records_are_laid_out_with_the_prices_of_our_currency(shop, packed):
    content = json.dumps(SALEOR, indent=1).encode()
    import_id = taken_in(gzip.compress(content) if packed else content, name="populatedb.json")
    assert counts(import_id) == ("saleor", 3, 0, 0, 0), reasons(import_id)
    with reading():
        assert services.get(import_id).note == "Prices are those of the channel “Isles”, in GBP."
    small = of_sku("P-39")
    assert (small["options"], small["price"], small["stock"]) == ({"Size": "39"}, Decimal("40.5"), 7)
    assert (small["category"], small["description"]) == ("Apparel > Shoes", "Light.\nMaterial: Canvas")
    mug = next(one for one in products() if one["name"] == "Mug")
    assert (mug["price"], mug["options"], mug["archived"]) == (7, {}, True)
    assert counts(taken_in(content)) == ("saleor", 0, 0, 3, 0)


def test_saleors_prices_in_another_currency_are_said_to_be(shop):
    content = json.dumps([one for one in SALEOR if one["fields"].get("currency_code") != "GBP"])
    import_id = taken_in(content)
    with reading():
        assert "No channel of the file has prices in GBP: those of “Home”, in USD" in services.get(import_id).note


def test_names_that_spilled_over_are_put_together(shop):
    assert counts(taken_in(GARMENTS, price="9.90")) == ("garments", 3, 0, 0, 0)
    tie, flops = of_sku("23101"), of_sku("23124")
    assert tie["name"] == "Turtle Pink Tie, Cufflink and Square Set"
    assert flops["name"] == "Converse Liv,Laugh,Love Flip-flops"
    assert (flops["category"], flops["price"]) == ("Footwear > Flip Flops", Decimal("9.9"))
    assert flops["description"].splitlines() == ["For: Unisex", "Season: Spring", "Use: Casual"]
    # Who gave no price is told that new products need one.
    assert counts(taken_in(GARMENTS.replace("39386", "1"), price="")) == ("garments", 0, 0, 2, 1)


def test_stones_are_named_by_their_traits_and_told_apart(shop):
    assert counts(taken_in(STONES)) == ("stones", 3, 0, 0, 0)
    good, ideal, twin = sorted(products(), key=lambda one: (one["name"], one["sku"]))
    assert (good["name"], good["price"], good["description"]) == (
        "Good diamond 0.30 ct J VS1",
        327,
        "Depth: 56.9 %\nTable: 65.0 %",
    )
    assert ideal["name"] == twin["name"] == "Ideal diamond 0.23 ct E SI2"
    assert twin["sku"] == f"{ideal['sku']}-2"
    head, *rows = STONES.splitlines()
    assert counts(taken_in("\n".join([head, *reversed(rows)]))) == ("stones", 0, 0, 3, 0)


def test_a_list_of_pictures_becomes_products_called_by_their_labels(shop):
    assert counts(taken_in("class,file\ndress,dress/009b3c31-fb62.jpg\n", price="5")) == ("labels", 1, 0, 0, 0)
    (dress,) = products()
    assert (dress["sku"], dress["name"], dress["category"], dress["price"]) == (
        "009b3c31-fb62",
        "Dress 009b3c31",
        "Dress",
        5,
    )


@pytest.mark.parametrize(
    ("name", "layout", "created", "rejected"),
    [
        ("vendure_products/products.csv", "vendure", 86, 2),
        ("saleor_demo/populatedb_data.json.gz", "saleor", 73, 0),
        ("odoo_import_templates/product_template.xls", "odoo", 24, 1),
        ("grocery_images/products.csv", "", 81, 0),
        ("clothing_images/labels.csv", "labels", 100, 0),
    ],
)
@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data are not here")
def test_the_shared_files_come_in(shop, name, layout, created, rejected):
    import_id = taken_in((SHARED / name).read_bytes(), name=name, price="1")
    assert counts(import_id) == (layout, created, 0, 0, rejected), reasons(import_id)
