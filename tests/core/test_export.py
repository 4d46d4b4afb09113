import csv
import io
import json
import re
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from retail.core import export
from retail.core.export import Column, guarded, unguarded, write_csv, write_json, write_xlsx

COLUMNS = [
    Column("sku", "SKU"),
    Column("sold", "Sold", "integer"),
    Column("weight", "Weight", "decimal"),
    Column("price", "Price", "money", currency="GBP"),
    Column("on", "On", "date"),
    Column("at", "At", "datetime"),
    Column("active", "Active", "boolean"),
    Column("share", "Share", "percent"),
]
ROWS = [
    {
        "sku": "=cmd|' /C calc'!A0",
        "sold": 3,
        "weight": Decimal("0.250"),
        "price": Decimal("-12.50"),
        "on": date(2026, 11, 20),
        "at": datetime(2026, 11, 20, 14, 5, tzinfo=UTC),
        "active": True,
        "share": Decimal("0.125"),
    },
    {"sku": "Tea, “best”\nblend", "sold": 1200, "weight": None, "price": Decimal("3.755"), "active": False},
]


def workbook(rows, **options):
    file = io.BytesIO()
    write_xlsx(COLUMNS, rows, file, made=datetime(2026, 1, 1, tzinfo=UTC), **options)
    return file.getvalue()


def test_csv_keeps_numbers_as_numbers_and_defuses_formulas():
    text = b"".join(write_csv(COLUMNS, ROWS)).decode("utf-8-sig")
    head, first, second = csv.reader(io.StringIO(text))
    assert head == ["SKU", "Sold", "Weight", "Price", "On", "At", "Active", "Share"]
    assert first == [
        "'=cmd|' /C calc'!A0",
        "3",
        "0.250",
        "-12.50",
        "2026-11-20",
        "2026-11-20 14:05:00",
        "true",
        "0.125",
    ]
    assert second == ["Tea, “best”\nblend", "1200", "", "3.755", "", "", "false", ""]


def test_csv_begins_with_the_mark_by_which_excel_knows_utf8():
    assert next(iter(write_csv(COLUMNS, ROWS))).startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("text", ["=1+1", "+44 20", "-5", "@x", "\tx", "\rx", "\nx", " =1", "'=1", "＝1", "＋1"])
def test_every_beginning_that_makes_a_formula_is_defused(text):
    assert guarded(text) == "'" + text


@pytest.mark.parametrize("text", ["", "tea", "a=b", "'quoted'", "5-6", "١٢"])
def test_harmless_text_is_left_alone(text):
    assert guarded(text) == text


@settings(deadline=None)
@given(st.text(alphabet=st.sampled_from("'=+-@\t\r\n a1＝")))
def test_what_was_defused_can_be_read_back_exactly(text):
    assert unguarded(guarded(text)) == text


def test_a_long_csv_comes_in_pieces_and_is_never_held_whole():
    drawn = 0

    def rows():
        nonlocal drawn
        for number in range(20_000):
            drawn += 1
            yield (f"SKU-{number}", number, None, None, None, None, None, None)

    pieces = write_csv(COLUMNS, rows())
    first = next(pieces)
    assert drawn < 5_000
    assert len(first) < 100_000
    assert (first + b"".join(pieces)).count(b"\r\n") == 20_001


def test_json_keeps_every_digit():
    loaded = json.loads(b"".join(write_json(COLUMNS, ROWS)), parse_float=Decimal)
    assert loaded[0]["price"] == Decimal("-12.50")
    assert loaded[0]["sku"] == "=cmd|' /C calc'!A0"
    assert loaded[0]["at"] == "2026-11-20T14:05:00+00:00"
    assert loaded[1] == {
        "sku": "Tea, “best”\nblend", "sold": 1200, "weight": None, "price": Decimal("3.755"), "on": None, "at": None,
        "active": False, "share": None,
    }  # fmt: skip


def test_json_of_nothing_and_of_much_is_valid():
    assert json.loads(b"".join(write_json(COLUMNS, []))) == []
    many = list(write_json(COLUMNS, (ROWS[1] for _each in range(3_000))))
    assert len(many) > 1
    assert len(json.loads(b"".join(many))) == 3_000


def test_a_number_that_is_none_is_left_empty():
    rows = [("x", 1, float("nan"), Decimal("NaN"), None, None, None, float("inf"))]
    assert json.loads(b"".join(write_json(COLUMNS, rows)))[0]["share"] is None
    assert b"nan" not in b"".join(write_csv(COLUMNS, rows)).lower()
    assert CalamineWorkbook.from_filelike(io.BytesIO(workbook(rows))).get_sheet_by_index(0).to_python()[1][2] == ""


def test_xlsx_cells_are_typed():
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(workbook(ROWS, title="Products: all/some"))).get_sheet_by_index(0)
    head, first, second = sheet.to_python()
    assert sheet.name == "Products  all some"
    assert head == [column.label for column in COLUMNS]
    assert first == [
        "=cmd|' /C calc'!A0", 3.0, 0.25, -12.5, date(2026, 11, 20), datetime(2026, 11, 20, 14, 5), True, 0.125,
    ]  # fmt: skip
    assert second[3] == 3.755


def part(content, name):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(name).decode()


def test_xlsx_has_no_formula_but_its_own_totals():
    xml = part(workbook(ROWS, totals=["sold", "price"]), "xl/worksheets/sheet1.xml")
    formulas = re.findall(r"<f>(.*?)</f><v>(.*?)</v>", xml)
    assert formulas == [("SUBTOTAL(109,B2:B3)", "1203.0"), ("SUBTOTAL(109,D2:D3)", "-8.745")]


def test_xlsx_is_ready_to_read():
    content = workbook(ROWS)
    xml = part(content, "xl/worksheets/sheet1.xml")
    assert 'state="frozen"' in xml
    assert '<autoFilter ref="A1:H3"/>' in xml
    assert "<cols>" in xml
    styles = part(content, "xl/styles.xml")
    assert "&quot;£&quot;#,##0.00" in styles
    assert "yyyy-mm-dd" in styles


@pytest.mark.parametrize(
    ("currency", "digits"), [("JPY", '"¥"#,##0;'), ("KWD", '"KWD "#,##0.000;'), ("INR", '"₹"#,##0.00;')]
)
def test_money_is_shown_with_the_places_of_its_currency(currency, digits):
    file = io.BytesIO()
    write_xlsx([Column("a", "A", "money", currency=currency)], [(Decimal(5),)], file)
    assert digits.replace('"', "&quot;") in part(file.getvalue(), "xl/styles.xml")


def test_the_same_rows_give_the_same_workbook():
    assert workbook(ROWS) == workbook(ROWS)


def test_rows_beyond_a_sheet_go_on_in_the_next(monkeypatch, tmp_path):
    monkeypatch.setattr(export, "XLSX_ROWS", 11)
    path = tmp_path / "much.xlsx"
    assert write_xlsx(COLUMNS[:2], ((f"S{number}", number) for number in range(25)), path, title="Stock") == 25
    book = CalamineWorkbook.from_path(path)
    assert book.sheet_names == ["Stock", "Stock 2", "Stock 3"]
    rows = [row for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python()[1:]]
    assert [row[0] for row in rows] == [f"S{number}" for number in range(25)]


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20),
            st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9),
        ),
        max_size=8,
    )
)
def test_csv_and_json_give_back_what_was_written(rows):
    columns = [Column("name", "Name"), Column("price", "Price", "money", currency="GBP")]
    text = b"".join(write_csv(columns, rows)).decode("utf-8-sig")
    assert [(unguarded(name), Decimal(price)) for name, price in list(csv.reader(io.StringIO(text)))[1:]] == rows
    loaded = json.loads(b"".join(write_json(columns, rows)), parse_float=Decimal)
    assert [(row["name"], row["price"]) for row in loaded] == rows
