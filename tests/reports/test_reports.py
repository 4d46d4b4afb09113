"""Reports: every ready-made one opens, says the dataset's figures, and leaves as a file that holds the same."""

from __future__ import annotations

import io
import json
import re
from decimal import Decimal

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from retail.core import datasets, events
from retail.core.audit import AuditEntry
from retail.core.db import session
from retail.core.tenancy import across_tenants
from retail.reports import asking, report_views
from retail.reports.ready_made import READY_MADE
from tests import make
from tests.reports.support import trade
from tests.support.queries import count_queries

MONTHS = "/reports/sales?period=all&by=month&measures=gross_revenue&measures=orders"


def text_of(answer):
    return " ".join(re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)).split())


@pytest.fixture
def browser(app, shop):
    trade(shop)
    events.drain()
    session.rollback()
    return make.client(app, shop, "owner")


@pytest.mark.usefixtures("_sqlite_app")  # datasets are known once there is an application
@pytest.mark.parametrize("report", READY_MADE, ids=lambda one: one.key)
def test_ready_made_reports_ask_for_what_there_is(report):
    source = datasets.get(report.dataset)
    assert set(report.measures) <= set(source.measures)
    assert set(report.by) | set(report.where) <= set(source.all_dimensions)
    assert report.order is None or report.order.lstrip("-") in {*report.measures, *report.by}


def test_every_ready_made_report_opens(browser):
    index = browser.get("/reports/")
    links = re.findall(r'href="(/reports/[^"]*report=[^"]*)"', index.get_data(as_text=True))
    assert len(links) == len(READY_MADE)
    for link in links:
        page = browser.get(link.replace("&amp;", "&"))
        assert page.status_code == 200, link


def test_rows_totals_and_a_picture(browser):
    page = browser.get(MONTHS)
    assert "Nov 2026 £44.82 7" in text_of(page)
    by_day = browser.get(MONTHS.replace("month", "day"))
    assert "<svg" in by_day.get_data(as_text=True).partition('id="answer"')[2]
    assert "Total £44.82 7" in text_of(by_day)


def test_conditions_narrow_and_can_be_taken_away(browser):
    page = browser.get(f"{MONTHS}&only=product&is=Tea")
    assert "£33.38" in text_of(page)
    assert "Product: Tea" in text_of(page)
    assert "No longer only Tea" in page.get_data(as_text=True)


def test_files_hold_what_the_page_shows(browser):
    table = browser.get(f"{MONTHS}&format=csv").get_data(as_text=True)
    assert table.lstrip("\ufeff").splitlines() == ["Month,Gross revenue,Documents", "2026-11,44.82,7"]
    assert json.loads(browser.get(f"{MONTHS}&format=json").data, parse_float=Decimal) == [
        {"month": "2026-11", "gross_revenue": Decimal("44.82"), "orders": 7}
    ]
    book = CalamineWorkbook.from_filelike(io.BytesIO(browser.get(f"{MONTHS}&format=xlsx").data))
    assert book.get_sheet_by_index(0).to_python()[1] == ["2026-11", 44.82, 7]


def test_taking_figures_away_is_noted(browser):
    browser.get(f"{MONTHS}&format=csv")

    with across_tenants():
        labels = list(session.scalars(select(AuditEntry.subject_label).where(AuditEntry.action == "export")))
        session.rollback()
    assert labels == ["Sales by line: 1 rows as csv"]


def test_nonsense_in_the_address_is_an_answer_in_words(browser):
    assert browser.get("/reports/moon").status_code == 404
    assert browser.get("/reports/sales?by=moon&measures=sun&period=ages&order=tide").status_code == 200
    assert browser.get("/reports/sales?from=soon").status_code == 422
    assert browser.get("/reports/sales?only=hour&is=ten&period=all").status_code == 422
    assert browser.get("/reports/sales?period=all&from=2026-11-21&to=2026-11-20").status_code == 422


def test_a_report_asks_little_of_the_database(browser):
    browser.get(MONTHS)
    with count_queries() as asked:
        browser.get(MONTHS)
    assert len([one for one in asked if one.lstrip().upper().startswith("SELECT")]) <= 8


def test_a_report_that_is_cut_says_so_and_leaves_as_no_file(browser, monkeypatch):
    monkeypatch.setattr(asking, "MOST_ROWS", 1)
    monkeypatch.setattr(report_views, "MOST_ROWS", 1)
    by_product = "/reports/sales?period=all&by=product&measures=gross_revenue"
    assert "more than 1 rows; narrow the period" in text_of(browser.get(by_product))
    refused = browser.get(f"{by_product}&format=csv")
    assert refused.status_code == 422
    assert "more than 1 rows; narrow the period" in text_of(refused)
    assert "more than 1 rows" not in text_of(browser.get("/reports/sales?period=all&by=month&measures=gross_revenue"))
