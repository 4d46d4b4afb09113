"""A sales history from a file: what each row becomes, what is refused and why, and that nothing happens twice."""

from __future__ import annotations

import csv
import gzip
import json
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from retail.catalog.models import Product, Variant
from retail.core import datasets, events
from retail.core.checks import run_checks
from retail.core.db import reading, session
from retail.core.errors import Refused
from retail.core.tenancy import current_tenant_id
from retail.customers.models import Customer
from retail.finance.models import Account, JournalLine
from retail.integrations import services
from retail.integrations.services import import_sales
from retail.inventory.models import StockLevel, StockMove
from retail.orders.models import Order, OrderLine

HEAD = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
ROWS = (
    "536365,85123A,WHITE HEART,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom",
    "536365,71053,LANTERN,2,2010-12-01 08:26:00,3.393,17850.0,United Kingdom",
    "536366,POST,POSTAGE,1,2010-12-01 09:00:00,18.00,12583.0,France",
    "C536367,85123A,WHITE HEART,-1,2010-12-02 10:00:00,2.55,17850.0,United Kingdom",
    "536368,71053,thrown away,-3,2010-12-03 11:00:00,0.00,,United Kingdom",
    "A536369,B,Adjust bad debt,1,2010-12-04 12:00:00,-11062.06,,United Kingdom",
)


@pytest.fixture
def take(shop, tmp_path):
    """Import rows; returns what the import says of itself, with the bad rows it wrote."""

    def taken(*rows, head=HEAD, name="sales.csv", encoding="utf-8"):
        file, errors = tmp_path / name, tmp_path / "errors.csv"
        content = "\n".join([head, *rows, ""]).encode(encoding)
        file.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        result = import_sales(shop.tenant, file, "online-retail", lambda *_told: None, errors)
        events.drain()
        with errors.open(newline="", encoding="utf-8-sig") if result.error_file else (tmp_path / name).open() as bad:
            result.bad = list(csv.DictReader(bad)) if result.error_file else []
        return result

    return taken


def counts():
    with reading():
        tables = (Order, OrderLine, StockMove, JournalLine, Customer, Product)
        return [session.scalar(select(func.count()).select_from(one)) for one in tables]


def balance(code):
    with reading():
        found = select(func.sum(JournalLine.amount)).join(Account, Account.id == JournalLine.account_id)
        return session.scalar(found.where(Account.code == code)) or Decimal(0)


def on_hand(sku):
    with reading():
        found = select(StockLevel.on_hand).join(Variant, Variant.id == StockLevel.variant_id)
        return session.scalar(found.where(Variant.sku == sku))


def faults():
    return [one for one in run_checks([current_tenant_id()]) if one.faults]


def test_each_kind_of_invoice_becomes_its_document(take):
    result = take(*ROWS)
    assert (result.rows, result.lines, result.documents, result.rejected) == (6, 6, 5, 0)
    with reading():
        kinds = dict(session.execute(select(Order.number, Order.kind)).all())
        codes = set(session.scalars(select(Customer.code)))
    assert kinds == {
        "536365": "sale",
        "536366": "sale",
        "C536367": "return",
        "536368": "write_off",
        "A536369": "adjustment",
    }
    assert {"17850", "12583"} <= codes
    assert faults() == []


def test_goods_move_and_what_is_no_merchandise_does_not(take):
    take(*ROWS)
    assert on_hand("85123A") == Decimal(-5)
    assert on_hand("71053") == Decimal(-5)
    assert on_hand("POST") is None
    with reading():
        scrapped = session.scalars(select(StockMove).where(StockMove.counterpart == "scrap")).all()
    assert [(one.quantity, one.note) for one in scrapped] == [(Decimal(-3), "thrown away")]


def test_the_third_decimal_is_kept_and_its_rounding_is_a_figure_of_its_own(take):
    take(*ROWS[:2])
    with reading():
        order = session.scalars(select(Order)).one()
        assert (order.gross, order.rounding, order.total) == (Decimal("22.086"), Decimal("0.004"), Decimal("22.09"))
        figures = datasets.get("documents").one(["net_revenue", "rounding"])
    assert (figures["net_revenue"], figures["rounding"]) == (Decimal("22.086"), Decimal("0.004"))
    assert (balance("4000"), balance("4900")) == (Decimal("-22.086"), Decimal("-0.004"))


def test_the_same_file_again_changes_nothing(take):
    take(*ROWS)
    before = counts()
    again = take(*ROWS, name="again.csv.gz")
    assert (again.lines, again.documents, again.known_lines) == (0, 0, 6)
    assert counts() == before


def test_a_later_file_continues(take):
    take(*ROWS[:3])
    later = take(*ROWS)
    assert (later.known_lines, later.lines, later.documents) == (3, 3, 3)
    assert faults() == []


def test_lines_added_to_an_invoice_become_a_supplement(take):
    take(ROWS[0])
    more = take(ROWS[0], ROWS[0], ROWS[1])
    assert (more.known_lines, more.lines, more.documents) == (1, 2, 1)
    with reading():
        assert sorted(session.scalars(select(Order.number))) == ["536365", "536365/2"]
    assert take(ROWS[0], ROWS[0], ROWS[1]).lines == 0
    assert on_hand("85123A") == Decimal(-12)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",85123A,X,1,2010-12-01 08:26:00,1,,UK", "InvoiceNo"),
        ("1,,X,1,2010-12-01 08:26:00,1,,UK", "StockCode"),
        ("1,85123A,X,0,2010-12-01 08:26:00,1,,UK", "Quantity"),
        ("1,85123A,X,many,2010-12-01 08:26:00,1,,UK", "Quantity"),
        ("1,85123A,X,1,yesterday,1,,UK", "InvoiceDate"),
        ("1,85123A,X,1,2010-12-01 08:26:00,-1,,UK", "UnitPrice"),
        ("1,85123A,X,1,2010-12-01 08:26:00,1.00001,,UK", "UnitPrice"),
        ("1,85123A,X,99999999999,2010-12-01 08:26:00,1,,UK", "Quantity"),
    ],
    ids=["number", "code", "zero", "word", "date", "negative", "decimals", "huge"],
)
def test_a_bad_row_comes_back_with_its_reason_and_the_others_are_booked(take, row, reason):
    result = take(ROWS[0], row)
    assert (result.lines, result.rejected) == (1, 1)
    (bad,) = result.bad
    assert reason in " ".join(str(value) for value in bad.values())
    assert bad["Country"] == "UK"
    assert faults() == []


def test_a_mended_error_file_brings_in_what_was_missing(take, tmp_path):
    first = take(ROWS[0], "536365,71053,LANTERN,two,2010-12-01 08:26:00,3.39,17850.0,United Kingdom")
    mended = [{**one, "Quantity": "2"} for one in first.bad]
    rows = [",".join(one[name] for name in HEAD.split(",")) for one in mended]
    assert take(*rows, name="mended.csv").lines == 1
    assert on_hand("71053") == Decimal(-2)


def test_a_run_cut_off_between_chunks_goes_on_where_it_stopped(take, monkeypatch):
    monkeypatch.setattr(services, "ROWS_A_CHUNK", 2)
    book, turns = services._Booking.book, []

    def dies_at_the_second(self, news):
        turns.append(news)
        book(self, news)
        if len(turns) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(services._Booking, "book", dies_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        take(*ROWS)
    assert counts()[0] == 1
    monkeypatch.setattr(services._Booking, "book", book)
    assert take(*ROWS).known_lines == 2
    assert (counts()[:2], faults()) == ([5, 6], [])


def test_a_file_that_cannot_be_used_is_refused_and_books_nothing(take, shop, tmp_path):
    before = counts()
    with pytest.raises(Refused, match="StockCode"):
        take("1,2", head="InvoiceNo,Something")
    with pytest.raises(Refused, match="no mapping"):
        import_sales(shop.tenant, tmp_path / "sales.csv", "other", lambda *_told: None, tmp_path / "e.csv")
    with pytest.raises(Refused, match="no file"):
        import_sales(shop.tenant, tmp_path / "nowhere.csv", "online-retail", lambda *_told: None, tmp_path / "e.csv")
    (tmp_path / "picture.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20)
    with pytest.raises(Refused):
        import_sales(shop.tenant, tmp_path / "picture.csv", "online-retail", lambda *_told: None, tmp_path / "e.csv")
    assert counts() == before


def test_names_in_another_encoding_are_read(take):
    take("1,85123A,CAFÉ CRÈME,1,2010-12-01 08:26:00,1,,Österreich", encoding="cp1252")
    with reading():
        assert session.scalar(select(Order.country)) == "Österreich"


def test_the_command_tells_what_it_did_and_fails_in_one_line(app, shop, tmp_path):
    file = tmp_path / "sales.csv"
    file.write_text("\n".join([HEAD, *ROWS, ""]), encoding="utf-8")
    runner = app.test_cli_runner()
    wrong = runner.invoke(args=["import", "sales", str(file), "--tenant", "nobody"])
    assert wrong.exit_code == 1
    assert len(wrong.stderr.strip().splitlines()) == 1
    told = runner.invoke(args=["import", "sales", str(file), "--tenant", shop.slug, "--json"])
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)["documents"] == 5
    assert "booking" in told.stderr
