"""Products from files: what a row does, what is refused and why, and that nothing happens twice."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from retail.catalog.models import Barcode, Category, Product, Variant
from retail.core import events, files
from retail.core.audit import AuditEntry
from retail.core.db import reading, session, unit_of_work
from retail.core.errors import Refused
from retail.core.imports import Import, ImportChange, engine, services
from retail.events.catalog import ProductsImported
from retail.finance.models import JournalLine
from retail.finance.services import add_tax_rate
from retail.integrations.product_options import default_options
from retail.inventory.models import StockLevel, StockMove
from tests import make

NOTHING = (0, 0, 0, 0)


def silent(_done, _total=None, _text=""):
    pass


def upload(content, name="products.csv", mapping=None, **options):
    """An import with its columns matched by name, ready to be checked; returns its id."""
    content = content.encode() if isinstance(content, str) else content
    with unit_of_work():
        row = services.upload("products", name, "text/csv", io.BytesIO(content), {**default_options(), **options})
        sheet = services.open_sheet(row)
        found = mapping or {name: match.header for name, match in services.proposed(row, sheet).items()}
        services.choose_columns(row, found, sheet.headers)
        services.begin_check(row)
        return row.id


def found(import_id):
    """Created, updated, unchanged, rejected: what the dry run says."""
    engine.check(import_id, silent)
    with reading():
        row = services.get(import_id)
        assert row.state in {"checked", "done"}, row.problem
        return tuple(row.checked[name] for name in ("created", "updated", "unchanged", "rejected"))


def done(import_id):
    """The same of the run; a file of which everything is here already needs none."""
    with reading():
        ended = services.get(import_id).has_ended
    if not ended:
        with unit_of_work():
            services.begin_run(services.get(import_id))
        engine.run(import_id, silent)
    with reading():
        row = services.get(import_id)
        assert row.state == "done"
        return tuple(row.counts.values())


def imported(content, **more):
    import_id = upload(content, **more)
    expected = found(import_id)
    if expected[3] == sum(expected):
        return expected
    assert done(import_id) == expected, "the dry run must say what the run does"
    return expected


def reasons(import_id):
    with reading():
        return {one["row"]: one["reason"] for one in services.get(import_id).sample if one["action"] == "reject"}


def refused(content):
    """The reason for each row of a file that cannot be imported."""
    import_id = upload(content)
    found(import_id)
    return reasons(import_id)


def variant(sku):
    with reading():
        return session.scalars(select(Variant).where(Variant.sku == sku)).one()


def product_of(sku):
    with reading():
        return session.scalars(select(Product).join(Variant).where(Variant.sku == sku)).one()


TEA = """Name,SKU,Barcode,Price,Cost,Category,Brand,Tax code,Unit,Description,Opening stock,Reorder point
Green tea,TEA-1,5012345678900,4.50,2.10,Drinks > Tea,Leaf & Co,standard,pack,Fine leaves,12,3
Black tea,TEA-2,,3.95,1.80,Drinks > Tea,Leaf & Co,20%,pack,,0,
"""


def test_a_file_makes_products_with_all_that_belongs_to_them(shop):
    assert imported(TEA) == (2, 0, 0, 0)
    green = variant("TEA-1")
    assert (green.name, green.price, green.cost, green.unit) == (
        "Green tea", Decimal("4.5"), Decimal("2.1"), "pack")  # fmt: skip
    about = product_of("TEA-1")
    with reading():
        assert session.get_one(Category, about.category_id).path == "Drinks > Tea"
        assert session.scalars(select(Barcode.code).where(Barcode.variant_id == green.id)).all() == ["05012345678900"]
        level = session.scalars(select(StockLevel).where(StockLevel.variant_id == green.id)).one()
        assert (level.on_hand, level.value, level.reorder_point) == (12, Decimal("25.2"), 3)
        assert session.scalars(select(StockMove.counterpart)).all() == ["opening"]
        assert not session.scalar(select(func.sum(JournalLine.amount)))
        assert (about.description, about.brand, about.tax_rate_id) == ("Fine leaves", "Leaf & Co", shop.tax_rate_id)


def test_the_same_file_again_changes_nothing(shop):
    imported(TEA)
    with reading():
        moves, changes = (
            session.scalar(select(func.count(StockMove.id))),
            session.scalar(select(func.count(ImportChange.id))),
        )
    assert imported(TEA) == (0, 0, 2, 0)
    with reading():
        assert session.scalar(select(func.count(StockMove.id))) == moves
        assert session.scalar(select(func.count(ImportChange.id))) == changes


def test_a_later_file_changes_what_differs_and_leaves_what_is_blank(shop):
    imported(TEA)
    later = "Name,SKU,Price,Brand,Cost\nGreen tea leaves,TEA-1,4.75,,\nBlack tea,TEA-2,3.95,,1.95\n"
    assert imported(later) == (0, 2, 0, 0)
    green = variant("TEA-1")
    assert (green.name, green.price, green.cost) == ("Green tea leaves", Decimal("4.75"), Decimal("2.1"))
    assert product_of("TEA-1").brand == "Leaf & Co"
    assert variant("TEA-2").cost == Decimal("1.95")
    with reading():
        kept = {
            (one.subject, tuple(one.before.items()), tuple(one.after.items()))
            for one in session.scalars(select(ImportChange).where(ImportChange.created.is_(False)))
        }
    assert ("variants", (("price", "4.5000"),), (("price", "4.75"),)) in kept
    assert ("products", (("name", "Green tea"),), (("name", "Green tea leaves"),)) in kept


def test_bad_rows_come_back_with_their_reasons_and_cost_no_good_row(shop):
    content = (
        "Name,SKU,Price,Tax code,Barcode\n"
        "Good,G1,1.00,standard,\n"
        "Below zero,B1,-2,standard,\n"
        "No rate,B2,1,luxury,\n"
        "Misread,B3,1,standard,5012345678901\n"
        "Twice,G1,1,standard,\n"
        "No number,B4,a lot,standard,\n"
        ",B5,,,\n"
    )
    import_id = upload(content)
    assert found(import_id) == (1, 0, 0, 6)
    said = reasons(import_id)
    assert said[3].startswith("Price: ")
    assert "below zero" in said[3]
    assert "luxury" in said[4]
    assert "standard" in said[4]
    assert "should be 0" in said[5]
    assert said[5].startswith("Barcode: ")
    assert "row 2" in said[6]
    assert "“a lot” is not a number" in said[7]
    assert "price" in said[8]
    assert done(import_id) == (1, 0, 0, 6)
    with reading():
        assert session.scalars(select(Variant.sku)).all() == ["G1"]
        row = services.get(import_id)
        _stored, error_file = files.read(row.error_file_id)
    lines = error_file.decode("utf-8-sig").splitlines()
    assert lines[0] == "Name,SKU,Price,Tax code,Barcode,row,reason"
    assert len(lines) == 7
    assert lines[1].startswith("Below zero,B1,'-2,standard,,3,Price: ")
    # The mended error file is a file like any other; its two added columns are nobody's.
    mended = "Name,SKU,Price,Tax code,Barcode,row,reason\nBelow zero,B1,2,standard,,3,Price: …\n"
    assert imported(mended) == (1, 0, 0, 0)


def test_nothing_is_written_by_the_dry_run(shop):
    assert found(upload(TEA)) == (2, 0, 0, 0)
    with reading():
        assert session.scalar(select(func.count(Product.id))) == 0
        assert session.scalar(select(func.count(Category.id))) == 0


def test_variants_stand_under_one_product(shop):
    content = (
        "Handle,Title,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Variant SKU,Variant Price\n"
        "shirt,Shirt,Size,S,Color,Red,SH-S-R,20\n"
        "shirt,,,M,,Red,SH-M-R,20\n"
        "shirt,,,M,,Blue,,21\n"
        "mug,Mug,Title,Default Title,,,MUG,8\n"
    )
    assert imported(content) == (4, 0, 0, 0)
    about = product_of("SH-M-R")
    assert (about.name, about.option_names) == ("Shirt", ["Size", "Color"])
    with reading():
        names = session.scalars(
            select(Variant.name).where(Variant.product_id == about.id).order_by(Variant.position)
        ).all()
    assert names == ["Shirt – S / Red", "Shirt – M / Red", "Shirt – M / Blue"]
    assert product_of("MUG").option_names == []
    assert imported(content) == (0, 0, 4, 0)
    further = (
        "Handle,Title,Option1 Value,Option2 Value,Variant SKU,Variant Price\n"
        "shirt,Shirt,L,Red,SH-L-R,22\n"
        "shirt,,M,Red,OTHER,20\n"
        "shirt,,,,SH-X,20\n"
    )
    import_id = upload(further)
    assert found(import_id) == (1, 0, 0, 2)
    said = reasons(import_id)
    assert "SH-M-R" in said[3]
    assert "Size, Color" in said[4]
    assert done(import_id)[0] == 1
    assert variant("SH-L-R").product_id == about.id


def test_groups_hold_across_chunks(shop, monkeypatch):
    monkeypatch.setattr(engine, "ROWS_A_CHUNK", 2)
    rows = "".join(f"shirt,{'Shirt' if not number else ''},{number},SH{number},5\n" for number in range(7))
    content = "Handle,Title,Size,SKU,Price\n" + rows
    assert imported(content) == (7, 0, 0, 0)
    with reading():
        assert session.scalar(select(func.count(Product.id))) == 1
    assert imported(content) == (0, 0, 7, 0)


def test_a_run_whose_worker_dies_goes_on_behind_the_last_chunk(shop, monkeypatch):
    monkeypatch.setattr(engine, "ROWS_A_CHUNK", 3)
    content = "Name,SKU,Price,Opening stock\n" + "".join(
        f"Thing {number},T{number},{'x' if number == 1 else 2},5\n" for number in range(10)
    )
    import_id = upload(content)
    assert found(import_id) == (9, 0, 0, 1)
    with unit_of_work():
        services.begin_run(services.get(import_id))

    def die(done, _total=None, _text=""):
        if done == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        engine.run(import_id, die)
    with reading():
        assert tuple(services.get(import_id).counts.values()) == (5, 0, 0, 1)
    engine.run(import_id, silent)
    with reading():
        row = services.get(import_id)
        assert (row.state, tuple(row.counts.values())) == ("done", (9, 0, 0, 1))
        assert session.scalar(select(func.sum(StockLevel.on_hand))) == 45
        assert b"Thing 1," in files.read(row.error_file_id)[1], "a fault of before the crash is still told"


def test_a_run_that_was_cancelled_stops_and_what_is_in_stays(shop, monkeypatch):
    monkeypatch.setattr(engine, "ROWS_A_CHUNK", 2)
    import_id = upload("Name,SKU,Price\n" + "".join(f"Thing {n},T{n},2\n" for n in range(6)))
    found(import_id)
    with unit_of_work():
        services.begin_run(services.get(import_id))

    def give_up(done, _total=None, _text=""):
        if done == 2:
            with unit_of_work():
                services.cancel(services.get(import_id))

    with pytest.raises(engine.Cancelled):
        engine.run(import_id, give_up)
    with reading():
        assert session.scalar(select(func.count(Product.id))) == 2
        assert services.get(import_id).state == "cancelled"


@pytest.mark.parametrize(
    ("cell", "amount"),
    [("4,50", "4.5"), ("1.234,50", "1234.5"), ("£ 3,99", "3.99"), ("0,125", "0.125")],
    ids=["comma", "thousands", "currency", "three-places"],
)
def test_prices_with_a_decimal_comma(shop, cell, amount):
    assert imported(f"Name;SKU;Preis\nTee;T;{cell}\nKaffee;K;7,95\n") == (2, 0, 0, 0)
    assert variant("T").price == Decimal(amount)


def test_names_are_cleaned_and_html_is_taken_out(shop):
    content = (
        'Name,SKU,Price,Description\n"  Salt &amp; <b>Pepper</b>\t","S1",2,"<p>Ground &amp; fine.</p>'
        '<script>x()</script><ul><li>5 < 6</li></ul>"\n'
    )
    assert imported(content) == (1, 0, 0, 0)
    assert variant("S1").name == "Salt & Pepper"
    assert product_of("S1").description == "Ground & fine.\n5 < 6"
    assert imported(content) == (0, 0, 1, 0)


def test_a_row_without_sku_is_known_by_its_barcode_else_by_its_name(shop):
    assert imported("Name,Barcode,Price\nSoap,5012345678900,2\nSponge,,1\n") == (2, 0, 0, 0)
    with reading():
        assert all(session.scalars(select(Variant.sku)))
    assert imported("Name,Barcode,Price\nOlive soap,5012345678900,2\nSponge,,1.20\n") == (0, 2, 0, 0)
    # What is here without a barcode is given one.
    assert imported("Name,Barcode,Price\nSponge,4006381333931,\n") == (0, 1, 0, 0)
    assert imported("Name,Barcode,Price\nSponge,4006381333931,\n") == (0, 0, 1, 0)


def test_two_rows_of_a_file_do_not_change_one_product_by_two_names(shop):
    imported("Name,SKU,Barcode,Price\nSoap,S1,5012345678900,2\nSponge,S2,,1\n")
    twice = "SKU,Barcode,Name,Price\nS1,,,3\n,5012345678900,,4\n,,Sponge,1.10\nS2,,,1.20\n"
    assert imported(twice) == (0, 2, 0, 2)
    assert [variant(sku).price for sku in ("S1", "S2")] == [Decimal(3), Decimal("1.1")], "the first of them holds"
    said = refused(twice)
    assert said[3] == "Row 2 means “Soap” already; keep one of them."
    assert said[5] == "Row 4 means “Sponge” already; keep one of them."


def test_what_a_file_made_is_not_changed_by_a_later_row_of_it(shop, monkeypatch):
    monkeypatch.setattr(engine, "ROWS_A_CHUNK", 1)
    import_id = upload("SKU,Name,Price\nS1,Soap,2\n,Soap,9\n")
    assert found(import_id) == (2, 0, 0, 0)
    assert done(import_id)[3] == 1
    assert variant("S1").price == Decimal(2)


def test_a_barcode_of_another_product_is_refused(shop):
    imported("Name,SKU,Barcode,Price\nSoap,S1,5012345678900,2\n")
    said = refused("Name,SKU,Barcode,Price\nOther,S2,5012345678900,2\n")
    assert "Soap" in said[2]
    assert "S1" in said[2]


def test_a_barcode_that_a_spreadsheet_shortened_is_refused_with_the_remedy(shop):
    said = refused("Name,SKU,Barcode,Price\nSoap,S1,5.01235E+12,2\n")
    assert "Format the column as text" in said[2]


def test_archiving_by_a_file(shop):
    imported("Name,SKU,Price\nSoap,S1,2\n")
    assert imported("SKU,Archived\nS1,yes\n") == (0, 1, 0, 0)
    assert variant("S1").archived_at
    assert product_of("S1").archived_at
    assert imported("SKU,Status\nS1,active\n") == (0, 1, 0, 0)
    assert not variant("S1").archived_at
    assert not product_of("S1").archived_at


def test_prices_alone_are_a_file_too(shop):
    imported("Name,SKU,Price\nSoap,S1,2\n")
    import_id = upload("SKU,Price\nS1,2.5\nS9,3\n")
    assert found(import_id) == (0, 1, 0, 1)
    assert "name" in reasons(import_id)[3]


def test_opening_stock_is_for_new_products_only(shop):
    imported("SKU,Name,Price,Stock\nS1,Soap,2,5\n")
    assert imported("SKU,Name,Price,Stock\nS1,Soap,2,9\n") == (0, 0, 1, 0)
    with reading():
        assert session.scalar(select(StockLevel.on_hand)) == 5


def test_stock_lies_at_the_location_chosen(shop):
    imported("SKU,Name,Price,Stock\nS1,Soap,2,5\n", location_id=shop.warehouse_id)
    with reading():
        assert session.scalar(select(StockLevel.location_id)) == shop.warehouse_id


def test_a_row_without_tax_code_gets_the_rate_chosen(shop):
    with unit_of_work():
        reduced = add_tax_rate("reduced", "VAT 5 %", Decimal("0.05")).id
    imported("SKU,Name,Price\nS1,Soap,2\n", tax_rate_id=reduced)
    imported("SKU,Name,Price,VAT\nS2,Towel,2,20%\nS3,Bulb,1,0.05\n")
    assert product_of("S1").tax_rate_id == reduced
    assert product_of("S2").tax_rate_id == shop.tax_rate_id
    assert product_of("S3").tax_rate_id == reduced


def test_the_end_is_announced_and_left_in_the_audit_once(shop):
    with reading():
        before = session.scalar(select(func.count(AuditEntry.id)))
    heard = []
    listener = events.Listener("test.heard", (ProductsImported.kind,), heard.append, False, "default", False)
    events.HANDLERS["test.heard"] = listener
    try:
        imported("Name,SKU,Price\n" + "".join(f"Thing {n},T{n},2\n" for n in range(20)))
        events.drain()
    finally:
        del events.HANDLERS["test.heard"]
    assert [(one.created, one.rejected) for one in heard] == [(20, 0)]
    with reading():
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id).offset(before)).all()
        assert [(one.action, one.subject) for one in entries] == [("import", "products")]
        assert session.scalar(select(func.count(ImportChange.id))) == 40


def test_another_business_has_its_own_products(shop, rival):
    imported(TEA)
    with make.within(rival):
        assert session.scalar(select(func.count(Product.id))) == 0
        assert session.scalar(select(func.count(Import.id))) == 0


BAD_FILES = {
    "empty": (b"", "empty"),
    "header-only": (b"Name,SKU,Price\n", "no rows"),
    "unclosed-quote": (b'Name,SKU,Price\n"Tea,T1,2\n', "never closed"),
    "binary": (b"\x00\x01\x02\x03" * 500, "not a spreadsheet"),
    "pdf": (b"%PDF-1.7 something", "PDF"),
    "web-page": (b"<!doctype html><html><body>Sign in</body></html>", "web page"),
    "no-header": (b"12.50,3,4\n13,4,5\n", "names"),
}


@pytest.mark.parametrize("name", list(BAD_FILES))
def test_a_file_that_is_no_table_is_refused_with_the_remedy(shop, name):
    content, words = BAD_FILES[name]
    with pytest.raises(Refused, match=words):
        upload(content, f"{name}.csv")
    with reading():
        assert session.scalar(select(func.count(Import.id))) == 0


def test_one_column_with_names_alone_says_what_is_missing(shop):
    said = refused("Name\nTea\n")
    assert "price" in said[2]


def test_a_remembered_mapping_is_proposed_for_the_same_columns_and_found_by_name(shop):
    content = "Was,Nr,Kostet\nTee,T1,2\n"
    with unit_of_work():
        row = services.upload("products", "x.csv", "text/csv", io.BytesIO(content.encode()), default_options())
        sheet = services.open_sheet(row)
        assert not services.proposed(row, sheet)
        chosen = {"name": "Was", "sku": "Nr", "price": "Kostet"}
        services.choose_columns(row, chosen, sheet.headers, "till export")
    assert imported("Kostet,Nr,Was\n3,T1,Tee\n") == (1, 0, 0, 0)
    with reading():
        assert services.mapping_called("products", "till export")["price"] == "Kostet"
        with pytest.raises(Refused, match="till export"):
            services.mapping_called("products", "other")


def test_one_column_cannot_be_two_things(shop):
    with pytest.raises(Refused, match="both Name and Brand"):
        upload("A,B\nx,1\n", mapping={"name": "A", "brand": "A"})
