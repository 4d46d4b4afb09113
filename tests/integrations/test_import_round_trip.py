"""What was exported and is imported again changes nothing, whatever stands in it and however the file is written."""

from __future__ import annotations

import csv
import io
import itertools
from decimal import Decimal

import xlsxwriter
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from stdnum import ean

from retail.catalog.models import Product, Variant
from retail.core.db import reading, session, unit_of_work
from retail.core.errors import Refused
from retail.core.imports import engine, services
from retail.core.spreadsheets import read
from retail.integrations.product_export import product_file
from retail.integrations.product_fields import FIELDS
from retail.integrations.product_options import default_options
from retail.inventory.models import StockLevel
from tests import make

_number = itertools.count(1)
# An example is an import or two: too slow to be made smaller when it fails.
FEW = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
DIALECTS = st.tuples(
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.booleans(),
)
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cn")), min_size=1, max_size=20)
AMOUNTS = st.decimals(min_value=0, max_value=99999, places=4, allow_nan=False)


@st.composite
def products(draw):
    """Rows of products as a person would have them, with signs that files use themselves."""
    rows = []
    for _each in range(draw(st.integers(1, 6))):
        number = next(_number)
        sizes = draw(st.lists(st.sampled_from(["S", "M", "L", "¼ l", "=1+1"]), unique=True, max_size=3))
        name = f"{draw(WORDS)} {number}"
        for place, size in enumerate(sizes or [""]):
            rows.append(
                {
                    "name": name,
                    "sku": f"{draw(st.sampled_from(['', '-', '=', '@', '+']))}S{number}-{place}",
                    "barcode": (code := f"29{number:09d}{place}") + ean.calc_check_digit(code),
                    "price": draw(AMOUNTS),
                    "cost": draw(st.none() | AMOUNTS),
                    "category": draw(st.sampled_from(["", "Drinks", "Drinks > Tea", "Café > Ünder > 茶"])),
                    "brand": draw(st.sampled_from(["", "Leaf & Co", "-5 °C", "O'Neill", '"quoted"'])),
                    "tax": draw(st.sampled_from(["", "standard"])),
                    "unit": draw(st.sampled_from(["", "kg"])),
                    "description": draw(st.sampled_from(["", "Two\nlines", "a;b,c|d\te", "5 < 6 & 7 > 3", "&amp;lt;"])),
                    "stock": draw(st.integers(0, 30)),
                    "reorder_point": draw(st.none() | st.integers(0, 5)),
                    "handle": f"g{number}" if sizes else "",
                    "option1_name": "Size" if sizes else "",
                    "option1_value": size,
                    "archived": draw(st.sampled_from(["", "no", "yes"])),
                }
            )
    return rows


def written(rows, dialect):
    """The rows as a CSV file: decimals with a comma where the dialect says so, unless that is the delimiter."""
    delimiter, encoding, quoting, comma = dialect
    names = [one.name for one in FIELDS if one.name in rows[0]]
    text = io.StringIO()
    out = csv.writer(text, delimiter=delimiter, quoting=quoting)
    out.writerow(names)
    for row in rows:
        cells = ["" if row[name] is None else str(row[name]) for name in names]
        if comma:
            amounts = {"price", "cost"}
            cells = [
                cell.replace(".", ",") if name in amounts else cell for name, cell in zip(names, cells, strict=True)
            ]
        out.writerow(cells)
    return text.getvalue().encode(encoding), comma


def taken_in(content, name="products.csv", comma=None):
    """Import a file as far as it goes; the counts by action, and the reasons of what was rejected."""
    with unit_of_work():
        row = services.upload("products", name, "text/csv", io.BytesIO(content), default_options())
        sheet = services.open_sheet(row)
        row.decimal_comma = comma
        services.choose_columns(
            row, {field: match.header for field, match in services.proposed(row, sheet).items()}, sheet.headers
        )
        services.begin_check(row)
        import_id = row.id
    engine.check(import_id, lambda *_given: None)
    with reading():
        row = services.get(import_id)
        found, sample, state = dict(row.checked), row.sample, row.state
        problem = row.problem
    if state == "checked" and found["rejected"] < found["rows"]:
        with unit_of_work():
            services.begin_run(services.get(import_id))
        did = engine.run(import_id, lambda *_given: None)
        assert {name: found[name] for name in did} == did, "the dry run must say what the run does"
    return found, [one for one in sample if one["action"] in {"reject", "update"}], problem


def counted():
    """How many products and stock levels there are."""
    with reading():
        return [session.scalar(select(func.count()).select_from(model)) for model in (Product, StockLevel)]


def exported(shop):
    with reading():
        return b"".join(product_file(shop.location_id, with_costs=True))


@FEW
@given(rows=products(), dialect=DIALECTS)
def test_a_file_is_kept_as_it_says_and_changes_nothing_a_second_time(shop, rows, dialect):
    content, comma = written(rows, dialect)
    found, odd, problem = taken_in(content, comma=comma)
    assert not problem
    assert (found["created"], found["rejected"]) == (len(rows), 0), odd
    with reading():
        kept = {
            one.sku: one
            for one in session.scalars(select(Variant).where(Variant.sku.in_([row["sku"] for row in rows])))
        }
        for row in rows:
            assert kept[row["sku"]].price == row["price"]
            assert kept[row["sku"]].cost == row["cost"]
            assert (kept[row["sku"]].archived_at is not None) == (row["archived"] == "yes")
    again, odd, _problem = taken_in(content, comma=comma)
    assert again["unchanged"] == len(rows), odd


@FEW
@given(rows=products(), dialect=DIALECTS)
def test_what_is_exported_comes_back_as_it_is(shop, rows, dialect):
    content, comma = written(rows, dialect)
    taken_in(content, comma=comma)
    before = counted()
    found, odd, problem = taken_in(exported(shop))
    assert not problem
    assert found["unchanged"] == found["rows"], odd
    assert counted() == before


def test_an_export_saved_by_a_spreadsheet_program_comes_back_too(shop, tmp_path):
    make.product("Tea", price="2.375", stock=3)
    make.product("-10 °C ice", sku="=SUM(A1)", cost=None)
    (tmp_path / "products.csv").write_bytes(exported(shop))
    sheet = read(tmp_path / "products.csv")
    with xlsxwriter.Workbook(str(tmp_path / "products.xlsx")) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, sheet.headers)
        for place, row in enumerate(sheet.rows(), 1):
            for column, value in enumerate(row.values):
                if sheet.headers[column] == "Price":
                    page.write_number(place, column, float(Decimal(value)))
                else:
                    page.write_string(place, column, value)
    found, odd, _problem = taken_in((tmp_path / "products.xlsx").read_bytes(), "products.xlsx")
    assert found["unchanged"] == found["rows"] == 2, odd


@FEW
@given(
    table=st.lists(
        st.lists(
            st.text(max_size=12) | st.sampled_from(["1", "-1", "£4", "1,5", "yes", "T1", "=A1"]),
            min_size=20,
            max_size=20,
        ),
        min_size=1,
        max_size=8,
    )
)
def test_whatever_stands_in_the_cells_every_row_gets_one_answer(shop, table):
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([[one.name for one in FIELDS], *table])
    with reading():
        before = session.scalar(select(func.count(Variant.id)))
    try:
        found, _odd, problem = taken_in(text.getvalue().encode("utf-8", "replace"))
    except Refused:
        return
    if problem:
        return
    assert sum(found[name] for name in ("created", "updated", "unchanged", "rejected")) == found["rows"] <= len(table)
    with reading():
        assert session.scalar(select(func.count(Variant.id))) == before + found["created"]
