"""JSON Lines: an object on each line is a row, read as a stream."""

from __future__ import annotations

import pytest

from retail.core.spreadsheets import SpreadsheetError, read


def test_each_line_is_a_row_and_the_columns_are_all_names_there_are(context):
    content = '\ufeff{"name": "Tee", "price": 4.50}\n\n{"name": "Cup", "sku": "C1", "price": 9}\r\n'.encode()
    sheet = read(content, "goods.jsonl")
    assert sheet.headers == ("name", "price", "sku")
    assert [row.values for row in sheet.rows()] == [("Tee", "4.50", ""), ("Cup", "9", "C1")]


def test_one_object_with_its_rows_inside_is_still_that(context):
    assert [row.values for row in read(b'{\n"rows": [{"name": "x"}]}', "a.json").rows()] == [("x",)]


@pytest.mark.parametrize("last", [b"[1]", b'{"c":', b"\xff", b"7"])
def test_a_line_that_is_no_object_is_told_by_its_number(context, last):
    with pytest.raises(SpreadsheetError, match=r"row 3: This line is no JSON object"):
        list(read(b'{"a": 1}\n{"b": 2}\n' + last + b"\n", "a.jsonl").rows())
