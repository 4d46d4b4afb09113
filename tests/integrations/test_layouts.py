"""Files of other programs come in without matching a column, and go out in their shape and come back the same."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest
from sqlalchemy import select

from retail.catalog.models import Barcode, Category, Product, Variant
from retail.core import tenancy
from retail.core.db import reading, session, unit_of_work
from retail.core.errors import Refused
from retail.core.imports import services
from retail.integrations.customer_export import customer_file
from retail.integrations.product_options import default_options
from retail.integrations.product_shapes import shaped_file
from retail.inventory.models import StockLevel
from tests import make
from tests.integrations.support import taken_in

SHOPIFY = """\
Handle,Title,Body (HTML),Vendor,Type,Tags,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Variant SKU,\
Variant Inventory Qty,Variant Price,Variant Barcode,Image Src,Cost per item,Status
shirt,Linen shirt,<p>Cool &amp; light</p>,Loom,Shirts,summer,Size,S,Color,Red,,3,49.90,,https://x.example/1.jpg,20,active
shirt,,,,,,,M,,Red,SH-M,0,49.90,'4006381333931,https://x.example/2.jpg,20,
shirt,,,,,,,,,,,,,,https://x.example/3.jpg,,
cap,Cap,,Loom,Hats,,Title,Default Title,,,CAP,-2,12,,,,draft
"""
WOOCOMMERCE = """\
ID,Type,SKU,"GTIN, UPC, EAN, or ISBN",Name,Published,Short description,Description,Tax status,Tax class,Stock,\
Low stock amount,Sale price,Regular price,Categories,Parent,Attribute 1 name,Attribute 1 value(s),Attribute 2 name,\
Attribute 2 value(s)
70,variation,HR,,"Hoodie - Red, S",1,,,taxable,parent,4,0,,45,,id:7,Color,Red,Size,
71,variation,HG,,"Hoodie - Green, L",1,,,taxable,parent,,,39,45,,HOOD,Color,Green,Size,
7,variable,HOOD,,Hoodie,1,Warm.,"Line one\\nLine two",taxable,,,,,,"Clothing > Hoodies, Sale",\
,Color,"Red, Green",Size,"S, L"
8,"simple, virtual",ALB,4006381333931,Album,1,,,taxable,,,,,15,"Music\\, old",,,,,
9,grouped,SET,,Set,1,,,taxable,,,,,,Clothing,,,,,
10,variation,LOST,,Lost,1,,,taxable,,,,,5,,GONE,Color,Red,,
"""
SQUARE = """\
Token,Item Name,Variation Name,SKU,Description,Categories,GTIN,Price,Sellable,Option Name 1,Option Value 1,\
Default Unit Cost,Current Quantity Main,Stock Alert Count Main,Tax - VAT (20%)
A1,Tea,Small,TS,Leaves,Drinks (#7ABC33445566X),,4.50,Y,,,2.00,7,2,Y
A1,Tea,Large,TL,Leaves,Drinks,,8.00,Y,,,,1,,Y
B2,Mug,Regular,MUG,,Ware,4006381333931,9.00,Y,,,,,,N
C3,Hire,Regular,HIRE,,,,variable,Y,,,,,,N
"""


def products():
    """Everything known of what is sold, told apart from any other shop's ids."""
    with reading():
        codes = {}
        for variant_id, code in session.execute(select(Barcode.variant_id, Barcode.code).order_by(Barcode.id)):
            codes.setdefault(variant_id, code)
        rows = session.execute(
            select(Variant, Product, Category.path, StockLevel.on_hand, StockLevel.reorder_point)
            .join(Product, Product.id == Variant.product_id)
            .outerjoin(Category, Category.id == Product.category_id)
            .outerjoin(StockLevel, StockLevel.variant_id == Variant.id)
            .order_by(Variant.sku)
        )
        return [
            {
                "sku": variant.sku,
                "name": variant.name,
                "product": product.name,
                "options": variant.options,
                "price": variant.price,
                "cost": variant.cost,
                "brand": product.brand,
                "description": product.description,
                "category": path,
                "code": codes.get(variant.id),
                "archived": variant.archived_at is not None,
                "stock": on_hand or 0,
                "point": point,
            }
            for variant, product, path, on_hand, point in rows
        ]


def counts(import_id):
    with reading():
        row = services.get(import_id)
        return row.layout, row.created, row.updated, row.unchanged, row.rejected


def reasons(import_id):
    with reading():
        return [one["reason"] for one in services.get(import_id).sample if one["action"] == "reject"]


def test_a_shopify_file_is_known_and_understood(shop):
    assert counts(taken_in(SHOPIFY)) == ("shopify", 3, 0, 1, 0)
    cap, medium, small = sorted(products(), key=lambda one: one["name"])
    assert (cap["sku"], cap["options"], cap["archived"], cap["stock"]) == ("CAP", {}, True, 0)
    assert small["options"] == {"Size": "S", "Color": "Red"}
    assert (small["product"], small["brand"], small["category"]) == ("Linen shirt", "Loom", "Shirts")
    assert (small["description"], small["stock"], small["cost"]) == ("Cool & light", 3, 20)
    assert (medium["sku"], medium["code"], medium["price"]) == ("SH-M", "04006381333931", Decimal("49.90"))
    assert counts(taken_in(SHOPIFY)) == ("shopify", 0, 0, 4, 0)


def test_a_woocommerce_file_is_known_and_understood(shop):
    import_id = taken_in(WOOCOMMERCE)
    assert counts(import_id) == ("woocommerce", 3, 0, 1, 2)
    assert ["page of other products" in one or "“GONE” is not in the file" in one for one in reasons(import_id)] == [
        True,
        True,
    ]
    album, green, red = products()
    # No variation chooses a size, so size is no choice; the parent may stand below its variations.
    assert (red["options"], green["options"]) == ({"Color": "Red"}, {"Color": "Green"})
    assert (red["product"], red["category"], red["description"]) == (
        "Hoodie",
        "Clothing > Hoodies",
        "Line one\nLine two",
    )
    assert (red["stock"], red["point"], red["price"], green["price"]) == (4, None, 45, 45)
    assert (album["category"], album["code"]) == ("Music, old", "04006381333931")
    assert counts(taken_in(WOOCOMMERCE)) == ("woocommerce", 0, 0, 4, 2)


def test_a_square_file_is_known_and_understood(shop):
    import_id = taken_in(SQUARE)
    assert counts(import_id) == ("square", 3, 0, 0, 1)
    assert "variable" in reasons(import_id)[0]
    mug, large, small = products()
    assert (small["options"], small["category"], small["stock"], small["point"]) == (
        {"Variation": "Small"},
        "Drinks",
        7,
        2,
    )
    assert (large["product"], large["cost"], mug["options"], mug["name"]) == ("Tea", None, {}, "Mug")
    assert counts(taken_in(SQUARE)) == ("square", 0, 0, 3, 1)


@pytest.mark.parametrize("shape", ["shopify", "woocommerce", "counterfoil"])
@pytest.mark.parametrize("content", [SHOPIFY, WOOCOMMERCE])
def test_what_goes_out_in_a_shape_comes_into_an_empty_shop_the_same(shop, rival, shape, content):
    taken_in(content)
    taken_in('Name,SKU,Price,Description,Category\n-10 °C ice,=ICE,2.375,"5 < 6\n& more","Cold, very > Ice"\n')
    before = products()
    with reading():
        file = b"".join(shaped_file(shape, default_options()["location_id"], with_costs=True))
    with reading():
        rows = sum(1 for _row in services.read(file).rows())
    again = counts(taken_in(file))
    assert (again[1], again[2], again[3], again[4]) == (0, 0, rows, 0), reasons(again)
    with tenancy.inside(rival.tenant_id):
        assert counts(taken_in(file))[4] == 0
        after = products()
    if shape == "counterfoil":
        # Stock is left out of our own file, in which it could not be edited.
        before = [{**one, "stock": 0} for one in before]
    if shape == "shopify":
        before = [{**one, "point": None} for one in before]
    assert after == before


def test_customers_go_out_and_come_into_an_empty_shop_the_same(shop, rival):
    make.customer("Ada Byron", email="ada@x.example", note="two\nlines", country="UK")
    make.customer("=1+1", phone="+44 20", archived_at=None)
    with reading():
        file = b"".join(customer_file())
    assert counts(taken_in(file, "customers")) == ("", 0, 0, 2, 0)
    with tenancy.inside(rival.tenant_id):
        assert counts(taken_in(file, "customers")) == ("", 2, 0, 0, 0)
        with reading():
            assert b"".join(customer_file()) == file


def test_a_file_that_lacks_a_programs_columns_is_refused_by_name(shop):
    with unit_of_work():
        row = services.upload("products", "a.csv", "text/csv", io.BytesIO(b"Name,Price\nCup,1\n"), {})
        with pytest.raises(Refused, match=r"no file of Shopify: it lacks the columns .*handle"):
            services.choose_layout(row, "shopify", ("Name", "Price"))
        with pytest.raises(Refused, match="there is: shopify, woocommerce, square"):
            services.choose_layout(row, "lightspeed", ("Name", "Price"))
