"""Lists and reports as files: the same rows in every form, never held together, and nothing a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from decimal import Decimal

import pytest
from python_calamine import CalamineWorkbook

from retail.core.db import session
from retail.core.errors import Refused
from retail.core.export import Column
from retail.core.table_files import FORMS, MOST_PRINTED, table_file
from tests import make

COLUMNS = [Column("name", "Name"), Column("price", "Price", "money", currency="GBP"), Column("left", "Left", "integer")]
LIMIT_MB = 12
"""What writing a file may hold at a time, however long it is; 30,000 rows as objects are some 15 MB."""


def many(count):
    for number in range(count):
        yield {"name": f"Thing number {number} of many", "price": Decimal(number) / 100, "left": number % 7}


@pytest.mark.parametrize("form", ["csv", "json", "xlsx"])
def test_a_long_file_is_written_without_being_held(dry, form):
    with dry.test_request_context():
        tracemalloc.start()
        try:
            file = table_file(COLUMNS, many(30_000), form, name="things", title="Things")
            size = sum(len(piece) for piece in file.response.response)
            peak = tracemalloc.get_traced_memory()[1] / 1024**2
        finally:
            tracemalloc.stop()
            file.response.close()
    assert file.rows == 30_000
    assert file.response.content_length == size > 300_000
    assert peak < LIMIT_MB


def test_a_pdf_is_for_reading_and_says_so_when_it_would_be_endless(dry):
    with dry.test_request_context():
        file = table_file(COLUMNS, many(60), "pdf", name="things", title="Things", totals=["price"])
        content = b"".join(file.response.response)
        assert content.startswith(b"%PDF")
        assert file.rows == 60
        with pytest.raises(Refused, match="at most 5,000 rows"):
            table_file(COLUMNS, many(MOST_PRINTED + 1), "pdf", name="things", title="Things")


def test_a_list_leaves_in_every_form_with_the_same_rows(app, shop):
    make.product("=1+1", sku="A", price="2.40")
    make.product("Tea", sku="B", price="3.00")
    owner = make.client(app, shop, "owner")
    page = owner.get("/products/").text
    assert all(f"format={form}" in page for form in FORMS)
    files = {form: owner.get(f"/products/?format={form}") for form in FORMS}
    assert {form: answer.status_code for form, answer in files.items()} == dict.fromkeys(FORMS, 200)
    assert all("attachment" in answer.headers["Content-Disposition"] for answer in files.values())
    rows = list(csv.reader(io.StringIO(files["csv"].data.decode("utf-8-sig"))))
    assert "'=1+1" in rows[1]
    objects = json.loads(files["json"].data)
    assert [one["name"] for one in objects] == ["=1+1", "Tea"]
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(files["xlsx"].data)).get_sheet_by_index(0).to_python()
    assert [row[0] for row in sheet[1:3]] == ["=1+1", "Tea"]
    assert files["pdf"].data.startswith(b"%PDF")
    session.rollback()


def test_a_form_nobody_knows_is_not_found(app, shop):
    owner = make.client(app, shop, "owner")
    assert owner.get("/products/?format=exe").status_code == 404
