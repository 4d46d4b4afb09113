import csv
import gzip
import io
import json
import tracemalloc
import zipfile
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from retail.core.export import Column, write_csv, write_json, write_xlsx
from retail.core.spreadsheets import (
    BadRow,
    CellError,
    Field,
    Limits,
    SpreadsheetError,
    date_order,
    match_columns,
    parse_boolean,
    parse_date,
    parse_datetime,
    parse_decimal,
    parse_integer,
    read,
    write_error_file,
)
from retail.core.spreadsheets.reader_process import main as read_workbook

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def values(content, filename="file", **options):
    return [row.values for row in read(content, filename, **options).rows()]


def refusal(content, filename="stock.csv", **options):
    with pytest.raises(SpreadsheetError) as caught:
        for _row in read(content, filename, **options).rows():
            pass
    assert str(caught.value).startswith(filename)
    return str(caught.value)


def workbook(rows, **formats):
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file)
    sheet = book.add_worksheet("Products")
    for line, row in enumerate(rows):
        for index, cell in enumerate(row):
            if isinstance(cell, date):
                sheet.write_datetime(line, index, cell, book.add_format({"num_format": "yyyy-mm-dd"}))
            elif cell is not None:
                sheet.write(line, index, cell)
    book.add_worksheet("Notes").write(0, 0, "nothing")
    book.close()
    return file.getvalue()


# ------------------------------------------------------------------------------------------------------ delimited text


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_any_delimiter_in_any_unicode(delimiter, encoding):
    text = f"name{delimiter}price\r\nCafé – चाय{delimiter}3.50\r\n"
    assert values(text.encode(encoding)) == [("Café – चाय", "3.50")]


@pytest.mark.parametrize(
    ("text", "encoding", "guess"),
    [
        ("name;price\nCafé crème;3,50\nPâté £5;2,00\n", "cp1252", "cp1252"),
        ("name,price\n" + "Чай черный листовой,5\nКофе молотый,7\nСахар белый,3\n" * 5, "cp1251", "cp1251"),
        ("nazwa;cena\nŁódź żółta;5\nśliwka węgierka;3\n", "cp1250", "cp1250"),
        ("name,price\n" + "绿茶叶子,5\n咖啡豆子,7\n", "gb18030", "gb18030"),
        ("name,price\n" + "شاي أخضر,5\nقهوة عربية,7\n", "cp1256", "cp1256"),
        ("name,price\nCrème brûlée ½ “fresh” – 5°,£5\n", "cp1252", "cp1252"),
        ("name,price\n" + "緑茶の葉っぱ,5\nコーヒー豆,7\n" * 5, "shift_jis", "cp932"),
    ],
)
def test_an_old_encoding_is_guessed_and_said_to_be_a_guess(text, encoding, guess):
    sheet = read(text.encode(encoding), "old.csv")
    assert (sheet.encoding, sheet.encoding_sure) == (guess, False)
    assert next(sheet.rows()).values[0] in text


def test_a_single_foreign_byte_in_the_last_of_many_rows_is_seen():
    content = b"name,price\n" + b"tea,1\n" * 100_000 + "café,2\n".encode("cp1252")
    sheet = read(content, "late.csv")
    assert (sheet.encoding, sheet.encoding_sure) == ("cp1252", False)
    assert list(sheet.rows())[-1].values == ("café", "2")


def test_a_wrong_encoding_names_the_row_and_the_remedy():
    said = refusal("name,price\ntea,1\ncafé,2\n".encode("cp1252"), encoding="utf-8")
    assert "row 3:" in said
    assert "Windows-1252" in said
    assert "no encoding" in refusal(b"name,price\ntea,1\n", encoding="utf-99")


def test_semicolons_with_decimal_commas_are_not_taken_for_comma_separated():
    sheet = read(b"name;price;weight\ntea;1,50;0,25\ncake;2,75;1,5\n", "de.csv")
    assert sheet.delimiter == ";"
    assert [row.values for row in sheet.rows()] == [("tea", "1,50", "0,25"), ("cake", "2,75", "1,5")]
    assert sheet.decimal_comma["price"]


def test_one_column_needs_no_delimiter():
    assert values(b"sku\nA1\nB2\n") == [("A1",), ("B2",)]


def test_a_chosen_delimiter_and_excels_own_hint_win():
    assert values(b"a|b\nx|1\n", delimiter="|") == [("x", "1")]
    assert values(b"sep=;\r\na;b\r\nx,y;1\r\n") == [("x,y", "1")]


def test_titles_and_blank_lines_above_the_header_are_passed_over_and_rows_keep_their_numbers():
    sheet = read(b"Stock on Monday\n\nname,sku,price\ntea,A1,1\n\ncake,B2,2\n", "titled.csv")
    assert sheet.headers == ("name", "sku", "price")
    assert [(row.number, row.values[0]) for row in sheet.rows()] == [(4, "tea"), (6, "cake")]


def test_line_breaks_inside_quotes_do_not_shift_the_numbers():
    rows = list(read(b'name,price\n"two\nlines",1\ncake,2\n', "q.csv").rows())
    assert [(row.number, row.values) for row in rows] == [(2, ("two\nlines", "1")), (3, ("cake", "2"))]


def test_ragged_rows_are_reported_one_by_one_and_the_others_read():
    content = b"name,sku,price\ntea,A1,1\ncake,B2\npie,C3,3,extra\nbun,D4,4,,\n"
    rows = list(read(content, "ragged.csv").rows())
    assert [row.number for row in rows if row.problem] == [3, 4]
    assert "2 cells" in rows[1].problem
    assert "4 cells" in rows[2].problem
    assert rows[2].values == ("pie", "C3", "3", "extra")
    assert rows[3].values == ("bun", "D4", "4")


def test_stray_quotation_marks_spoil_their_row_only():
    rows = list(read(b'name,price\n"pipe 5" wide",1\ntea,2\n', "quotes.csv").rows())
    assert rows[0].problem
    assert rows[1].values == ("tea", "2")


def test_spaces_around_quoted_cells_are_forgiven():
    assert values(b'name , note\n"tea" , "a, b"   \ncake , "c"\n') == [("tea", "a, b"), ("cake ", "c")]


def test_an_open_quotation_mark_names_the_row_where_it_opens():
    said = refusal(b'name,price\ntea,1\n"cake,2\npie,3\n')
    assert "row 3" in said
    assert "never closed" in said
    assert "row 3" in refusal(b'name,price\ntea,1\n"cake,2\n' + b"pie,3\n" * 40_000)


def test_zero_bytes_and_endless_cells_spoil_their_row_only():
    rows = list(read(b"name,price\nt\0ea,1\n" + b"x" * 120_000 + b",2\npie,3\n", "nul.csv").rows())
    assert "zero byte" in rows[0].problem
    assert "100,000" in rows[1].problem
    assert rows[2].values == ("pie", "3")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"  \n\n", "empty"),
        (b"name,price\n", "no rows"),
        (b"1,2.50\n3,4.50\n", "not the names"),
        (b"A1,tea,2.50\nB2,cake,4.50\n", "not the names"),
        (b"name,Price,price\na,1,2\n", "Columns B and C are both called"),
        (b"%PDF-1.7 ...", "PDF"),
        (bytes(range(256)) * 40, "not a spreadsheet"),
        (b"<html><table><tr><td>1", "web page"),
        (b"\x1f\x8b\x08\0garbage", "damaged"),
    ],
)
def test_what_is_no_table_is_refused_in_plain_words(content, words):
    assert words in refusal(content)


def test_sizes_rows_and_columns_are_limited():
    content = b"a,b\n" + b"1,2\n" * 50
    assert "at most" in refusal(content, limits=Limits(size=100))
    assert "row 12" in refusal(content, limits=Limits(rows=10))
    assert "columns" in refusal(content, limits=Limits(columns=1))
    packed = gzip.compress(b"name,price\n" + b"tea,1\n" * 100_000)
    assert "Unpacked" in refusal(packed, limits=Limits(unpacked=200_000))
    assert len(values(packed)) == 100_000


def test_a_long_file_is_read_in_constant_memory(tmp_path):
    path = tmp_path / "long.csv"
    path.write_bytes(b"name,price\n" + b"some tea of some kind,1.50\n" * 60_000)
    tracemalloc.start()
    assert sum(1 for _row in read(path).rows()) == 60_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_500_000


def test_a_table_can_be_read_twice(tmp_path):
    path = tmp_path / "twice.csv"
    path.write_bytes(b"name,price\ntea,1\n")
    sheet = read(path)
    assert list(sheet.rows()) == list(sheet.rows())
    assert sheet.preview == tuple(sheet.rows())


# ----------------------------------------------------------------------------------------------------------- workbooks


def test_a_workbook_is_known_by_its_contents_and_its_cells_by_their_type():
    content = workbook(
        [["SKU", "Price", "On", "Active"], ["007", 19.5, date(2026, 3, 1), True], [12345678.0, "1,50", None, False]]
    )
    sheet = read(content, "named-wrongly.csv")
    assert sheet.kind == "workbook"
    assert sheet.sheet_names == ("Products", "Notes")
    rows = [row.values for row in sheet.rows()]
    assert rows == [("007", "19.5", "2026-03-01", "true"), ("12345678", "1,50", "", "false")]
    assert sheet.decimal_comma["Price"]
    assert [parse_decimal(row[1], sheet.decimal_comma["Price"]) for row in rows] == [Decimal("19.5"), Decimal("1.50")]


def test_rows_of_a_workbook_are_numbered_as_on_screen():
    rows = [["Stock"], [], ["Name", "SKU", "Price"], ["tea", "A", 1], [], ["cake", "B", 2, "stray"]]
    found = list(read(workbook(rows), "x.xlsx").rows())
    assert [(row.number, bool(row.problem)) for row in found] == [(4, False), (6, True)]


def test_another_sheet_can_be_chosen_and_a_missing_one_is_named():
    content = workbook([["a", "b"], [1, 2]])
    assert "no rows" in refusal(content, sheet="Notes")
    assert "“Nowhere”" in refusal(content, sheet="Nowhere")


def test_a_cell_at_the_end_of_the_world_does_not_take_the_process_with_it():
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file)
    sheet = book.add_worksheet()
    sheet.write(0, 0, "name")
    sheet.write(1_048_575, 16_383, "x")
    book.close()
    assert "reaches too far" in refusal(file.getvalue())


def repacked(content, **changes):
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, changes.pop(name, None) or old.read(name))
        for name, added in changes.items():
            new.writestr(name, added)
    return file.getvalue()


def test_a_zip_bomb_is_refused_before_it_is_opened():
    bomb = repacked(workbook([["a", "b"], [1, 2]]), **{"xl/media/big.bin": b"\0" * 30_000_000})
    assert len(bomb) < 100_000
    assert "Unpacked" in refusal(bomb, limits=Limits(workbook_unpacked=20_000_000))


def test_damaged_locked_and_foreign_packages_are_told_apart():
    content = workbook([["a", "b"], [1, 2]])
    assert "damaged" in refusal(content[: len(content) // 2])
    assert "damaged" in refusal(repacked(content, **{"xl/workbook.xml": b"<nonsense"}))
    assert "xlsb" in refusal(repacked(content, **{"xl/workbook.bin": b"x"}))
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as package:
        package.writestr("word/document.xml", "<w/>")
    assert "not a spreadsheet" in refusal(other.getvalue())
    locked = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2000 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 500
    assert "password" in refusal(locked, "secret.xlsx")
    assert "damaged" in refusal(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2000, "old.xls")


ODS = """<?xml version="1.0"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 office:version="1.2"><office:body><office:spreadsheet><table:table table:name="S1">{rows}</table:table>
</office:spreadsheet></office:body></office:document-content>"""


def ods(rows, manifest=""):
    cells = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="float" office:value="{cell}"><text:p>1</text:p></table:table-cell>'
            if isinstance(cell, int | float)
            else f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>'
            for cell in row
        )
        + "</table:table-row>"
        for row in rows
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        package.writestr("META-INF/manifest.xml", f"<manifest>{manifest}</manifest>")
        package.writestr("content.xml", ODS.format(rows=cells))
    return file.getvalue()


def test_open_document_sheets_are_read_and_locked_ones_named():
    assert values(ods([["name", "price"], ["tea", 2.5]])) == [("tea", "2.5")]
    assert "password" in refusal(ods([["a"]], manifest="<m:encryption-data/>"), "x.ods")


def test_the_reader_answers_by_exit_code(tmp_path):
    path, out = tmp_path / "book.xlsx", io.BytesIO()
    path.write_bytes(workbook([["a", "b"], ["x", 1.5], [datetime(2026, 1, 2, 3, 4), None]]))  # a cell
    assert read_workbook([str(path), "", "0", "0"], out) == 0
    head, *rows = [json.loads(line) for line in out.getvalue().splitlines()]
    assert head == {"sheets": ["Products", "Notes"], "sheet": "Products"}
    assert rows == [["a", "b"], ["x", ["1.5"]], [["2026-01-02 03:04:00"], ""]] or rows[2][0] == ["2026-01-02"]
    assert read_workbook([str(path), "Gone", "0", "0"], out) == 5
    path.write_bytes(b"PK")
    assert read_workbook([str(path), "", "0", "0"], out) == 4


# ---------------------------------------------------------------------------------------------------------------- JSON


def test_json_objects_are_rows_with_all_their_digits():
    content = b'{"items": [{"sku": "A", "price": 1.10, "n": 12345678901234567890}, {"sku": null, "on": true}]}'
    sheet = read(content, "items.json")
    assert sheet.headers == ("sku", "price", "n", "on")
    assert [row.values for row in sheet.rows()] == [("A", "1.10", "12345678901234567890", ""), ("", "", "", "true")]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'[{"a": 1}, {"a": ]', "valid JSON"),
        (b'[{"a": 1}, 5]', "array of objects"),
        (b'{"a": 1}', "array of objects"),
        (b'[{"a": "\xe9"}]', "UTF-8"),
        (b'[{"a":' * 100_000, "JSON"),
    ],
)
def test_json_that_is_no_table_is_refused(content, words):
    assert words in refusal(content, "items.json") or "array of objects" in refusal(content, "items.json")


def test_a_nested_value_spoils_its_row_only():
    rows = list(read(b'[{"a": 1, "b": [1]}, {"a": 2, "b": "x"}]', "n.json").rows())
    assert "“b”" in rows[0].problem
    assert rows[1].values == ("2", "x")


# -------------------------------------------------------------------------------------------------------------- values


@pytest.mark.parametrize(
    ("text", "comma", "number"),
    [
        ("1234.5", False, "1234.5"), ("1,234.50", False, "1234.50"), ("12,34,567.50", False, "1234567.50"),
        ("1.234,50", True, "1234.50"), ("1 234,50", True, "1234.50"), ("1'234.50", False, "1234.50"), ("3", True, "3"),
        ("£3.50", False, "3.50"), ("-£3.50", False, "-3.50"), ("£-3.50", False, "-3.50"), ("3,50 €", True, "3.50"),
        ("GBP 3.50", False, "3.50"), ("US$ 3.50", False, "3.50"), ("₹1,20,000", False, "120000"), ("Rs. 5", False, "5"),
        ("(12.00)", False, "-12.00"), ("12.00-", False, "-12.00"), ("−5", False, "-5"), ("+5", False, "5"),
        (".5", False, "0.5"), ("5.", False, "5"), ("1e3", False, "1000"),
        ("१२.५", False, "12.5"), ("١٢٫٥", False, "12.5"),
    ],
)  # fmt: skip
def test_numbers_as_people_write_them(text, comma, number):
    assert parse_decimal(text, comma) == Decimal(number)


@pytest.mark.parametrize(
    ("text", "comma", "words"),
    [
        ("", False, "missing"), ("tea", False, "not a number"), ("1,50", False, "decimal point"),
        ("1.5", True, "decimal comma"),
        ("1,23,4", False, "not a number"), ("12 pcs", False, "not a number"), ("12 PCS", False, "not a number"),
        ("--5", False, "not a number"), ("(-5)", False, "not a number"), ("nan", False, "not a number"),
        ("1" * 60, False, "not a number"), ("1.2.3", False, "not a number"), ("-", False, "not a number"),
        (".", False, "not a number"), ("£", False, "not a number"), ("0x10", False, "not a number"),
    ],
)  # fmt: skip
def test_what_is_no_number_is_quoted_back(text, comma, words):
    with pytest.raises(CellError, match=words):
        parse_decimal(text, comma)


@settings(deadline=None)
@given(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**12), max_value=10**12))
def test_every_written_number_is_read_back(number):
    english = f"{number:,}"
    assert parse_decimal(english) == number
    assert parse_decimal(english.translate({44: ".", 46: ","}), comma=True) == number


@settings(deadline=None)
@given(st.text(max_size=30), st.booleans())
def test_no_text_makes_the_parsers_fail_otherwise(text, comma):
    for parse in (parse_date, parse_boolean, lambda cell: parse_decimal(cell, comma)):
        with suppress(CellError):
            parse(text)


def test_whole_numbers_and_answers():
    assert parse_integer("1,200") == 1200
    assert parse_integer("3.0") == 3
    with pytest.raises(CellError, match="whole"):
        parse_integer("2.5")
    assert [parse_boolean(text) for text in ("Yes", "TRUE", "1", "no", "", "Draft")] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]
    with pytest.raises(CellError, match="neither"):
        parse_boolean("maybe")


@pytest.mark.parametrize(
    ("text", "order", "day"),
    [
        ("2026-12-31", "dmy", date(2026, 12, 31)), ("31/12/2026", "dmy", date(2026, 12, 31)),
        ("12/31/2026", "mdy", date(2026, 12, 31)), ("31.12.26", "dmy", date(2026, 12, 31)),
        ("1-2-99", "dmy", date(1999, 2, 1)), ("26/12/31", "ymd", date(2026, 12, 31)),
        ("20261231", "dmy", date(2026, 12, 31)),
        ("31 Dec 2026", "dmy", date(2026, 12, 31)), ("December 31, 2026", "dmy", date(2026, 12, 31)),
        ("31-Dec-26", "dmy", date(2026, 12, 31)), ("2026-12-31T23:59:00Z", "dmy", date(2026, 12, 31)),
    ],
)  # fmt: skip
def test_dates_as_people_write_them(text, order, day):
    assert parse_date(text, order) == day


def test_times_are_kept_where_they_are_asked_for():
    assert parse_datetime("01/12/2010 08:26") == datetime(2010, 12, 1, 8, 26)
    assert parse_datetime("12/1/2010 8:26:05 PM", "mdy") == datetime(2010, 12, 1, 20, 26, 5)
    assert parse_datetime("2026-03-01") == datetime(2026, 3, 1)


@pytest.mark.parametrize(
    "text", ["", "31/02/2026", "13/13/2026", "tea", "2026-13-01", "1/2/345", "45000", "2026-01-01 25:00"]
)
def test_days_that_do_not_exist_are_refused(text):
    with pytest.raises(CellError):
        parse_date(text)


def test_the_order_of_dates_is_told_by_one_clear_value():
    assert date_order(["01/02/2026", "31/12/2026"]) == "dmy"
    assert date_order(["01/02/2026", "12/31/2026"]) == "mdy"
    assert date_order(["2026-01-02"]) == "ymd"
    assert date_order(["01/02/2026"]) is None


def test_decimal_commas_are_found_by_column():
    content = b'name,net,gross,count\na,"1,50","1,234",1\nb,"12,75","2,500",2\n'
    assert read(content, "mixed.csv").decimal_comma == {"name": True, "net": True, "gross": True, "count": True}
    content = b'name,net,gross\na,1.50,"1,234"\nb,12.75,"2,500"\n'
    assert not any(read(content, "english.csv").decimal_comma.values())


# ------------------------------------------------------------------------------------------- columns and the way back

FIELDS = [
    Field("name", "Name", ("title", "product name", "description")),
    Field("sku", "SKU", ("stock code", "internal reference", "variant sku")),
    Field("price", "Price", ("sales price", "unit price", "regular price", "variant price")),
    Field("cost", "Cost", ("cost price", "cost per item")),
    Field("barcode", "Barcode", ("ean", "gtin", "upc", "variant barcode")),
]


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        (["Handle", "Title", "Body (HTML)", "Variant SKU", "Variant Price", "Variant Barcode", "Cost per item"],
         {"name": "Title", "sku": "Variant SKU", "price": "Variant Price", "barcode": "Variant Barcode",
          "cost": "Cost per item"}),
        (["product_name", "StockCode", "UnitPrice"],
         {"name": "product_name", "sku": "StockCode", "price": "UnitPrice"}),
        (["Náme", "S.K.U.", "PRICE (£)", "Barcod"], {"name": "Náme", "price": "PRICE (£)", "barcode": "Barcod"}),
        (["foo", "bar"], {}),
    ],
)  # fmt: skip
def test_columns_are_matched_by_what_people_call_them(headers, found):
    matched = {name: match.header for name, match in match_columns(headers, FIELDS).items()}
    assert matched | found == matched
    assert set(matched) - set(found) <= {"sku"}


def test_a_header_is_used_once_and_the_better_claim_wins():
    matched = match_columns(["Price", "Cost price"], FIELDS)
    assert matched["price"].header == "Price"
    assert matched["price"].score == 1.0
    assert matched["cost"].header == "Cost price"


def test_what_was_chosen_before_goes_first():
    matched = match_columns(["Title", "Price", "Netto"], FIELDS, {"price": "netto", "name": ""})
    assert matched["price"].header == "Netto"
    assert matched["price"].remembered
    assert "name" not in matched
    assert match_columns(["Title", "Price"], FIELDS, {"price": "Gone"})["price"].header == "Price"


def test_bad_rows_come_back_with_their_reasons_and_can_be_sent_again(tmp_path):
    path = tmp_path / "errors.csv"
    headers = ("name", "price")
    assert (
        write_error_file(
            path, headers, [BadRow(4, ("=tea", "x"), "“x” is not a number."), BadRow(9, ("a", "1", "2"), "long")]
        )
        == 2
    )
    lines = list(csv.reader(io.StringIO(path.read_text("utf-8-sig"))))
    assert lines == [
        ["name", "price", "row", "reason"],
        ["'=tea", "x", "4", "“x” is not a number."],
        ["a", "1", "9", "long", "2"],
    ]
    again = read(path)
    row = next(again.rows())
    assert row.values[0] == "=tea"
    write_error_file(path, again.headers, [BadRow(2, row.values, "still wrong")])
    assert path.read_text("utf-8-sig").splitlines() == ["name,price,row,reason", "'=tea,x,2,still wrong"]


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], include_characters="\n\t"), max_size=25)


@settings(deadline=None)
@given(
    st.lists(st.tuples(TEXTS, TEXTS, st.decimals(0, 10**6, places=2)), min_size=1, max_size=10),
    st.sampled_from(",;\t|"),
)
def test_our_own_exports_come_back_exactly(rows, delimiter):
    columns = [Column("name", "Name"), Column("note", "Note"), Column("price", "Price", "money", currency="GBP")]
    expected = [(name, note, str(price)) for name, note, price in rows]
    content = b"".join(write_csv(columns, rows, delimiter=delimiter))
    assert values(content, delimiter=delimiter, encoding="utf-8-sig") == expected
    assert values(b"".join(write_json(columns, rows))) == [(n, t, f"{p:f}") for n, t, p in rows]


def test_an_exported_workbook_comes_back_exactly():
    columns = [Column("name", "Name"), Column("price", "Price", "money", currency="GBP"), Column("on", "On", "date")]
    rows = [("=tea", Decimal("1.50"), date(2026, 1, 2)), ("00123", Decimal("1234.755"), date(2026, 1, 3))]
    file = io.BytesIO()
    write_xlsx(columns, rows, file, made=datetime(2026, 1, 1, tzinfo=UTC))
    back = values(file.getvalue())
    assert [(name, parse_decimal(price), parse_date(on)) for name, price, on in back] == rows


@pytest.mark.parametrize(
    ("path", "rows", "headers"),
    [
        ("odoo_import_templates/product_template.xls", 25, 9),
        ("odoo_import_templates/stock_quant.xlsx", 18, 7),
        ("shopify_products/apparel.csv", 22, 46),
        ("woocommerce_products/sample_products.csv", 24, 55),
        ("vendure_products/product-import.csv", 11, 20),
    ],
)
def test_files_of_other_programs(path, rows, headers):
    if not (DATA / path).exists():
        pytest.skip(f"{path} is not here")
    sheet = read(DATA / path)
    found = list(sheet.rows())
    assert (len(found), len(sheet.headers)) == (rows, headers)
    assert not [row for row in found if row.problem]
