"""The import wizard on a phone against the running program, and a worker that is killed in the middle of an import."""

from __future__ import annotations

import csv
import io
import re
import sqlite3

import pytest
from playwright.sync_api import expect

from tests.journeys.support import check, found
from tests.support import redis
from tests.support.browser import PHONE, axe, running_browser, unavailable_reason
from tests.support.shop import running_shop

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(redis.unavailable_reason() is not None, reason=str(redis.unavailable_reason())),
]
PATIENT = 60_000
MANY = 4000


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """The running program, its instance, and a manager's phone."""
    if reason := unavailable_reason():
        pytest.fail(f"not run here: {reason}")
    instance = tmp_path_factory.mktemp("wizard") / "shop"
    business, _rival = found(instance)
    with running_shop(instance, environ={"DEMO": "0"}) as shop, running_browser() as browser:
        page = browser.new_context(viewport=PHONE).new_page()
        page.set_default_timeout(PATIENT)
        cookies = business.people["manager"].cookies
        page.context.add_cookies([{"name": name, "value": value, "url": shop.url} for name, value in cookies.items()])
        yield shop, instance, page


@pytest.fixture
def teas(tmp_path):
    """A file of an old till: semicolons, decimal commas, letters of Windows, one row with a fault."""
    path = tmp_path / "Tees.csv"
    rows = (
        "Bezeichnung;Artikelnummer;Preis;Lager",
        "Grüner Tee;GT-1;4,50;12",
        "Pfefferminz;PM-1;3,95;4",
        "Rooibos;RB-1;-1;2",
    )
    path.write_bytes("\n".join(rows).encode("cp1252"))
    return path


def fits(page):
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert axe(page) == []


def test_a_file_goes_in_on_a_phone_step_by_step(opened, teas):
    shop, _instance, page = opened
    page.goto(f"{shop.url}/imports/")
    page.get_by_role("link", name="Import products").first.click()
    page.set_input_files("input[type=file]", str(teas))
    expect(page.locator("[data-dropzone-name]").first).to_have_text("Tees.csv")
    fits(page)
    page.get_by_role("button", name="Upload and look").click()

    expect(page.get_by_label("Letters")).to_have_value("cp1252")
    expect(page.get_by_label("Between columns")).to_have_value(";")
    expect(page.get_by_label("Bezeichnung")).to_have_value("name")
    expect(page.get_by_label("Lager")).to_have_value("")
    fits(page)
    page.get_by_label("Letters").select_option("cp1251")
    expect(page.locator(".match").first).to_contain_text("Grьner")
    page.get_by_label("Letters").select_option("cp1252")
    expect(page.locator(".match").first).to_contain_text("Grüner")
    page.get_by_label("Lager").select_option("stock")
    page.get_by_role("button", name="Check the file").first.click()

    expect(page.get_by_text("“-1” is below zero")).to_be_visible()
    expect(page.get_by_text("Grüner Tee")).to_be_visible()
    fits(page)
    page.get_by_role("button", name="Import 2 rows").click()
    expect(page.get_by_text("The import is done.")).to_be_visible()
    fits(page)
    with page.expect_download() as arriving:
        page.get_by_role("link", name="Download").first.click()
    assert arriving.value.suggested_filename == "Tees-errors.csv"
    assert "Rooibos;RB-1" in arriving.value.path().read_text("utf-8-sig").replace(",", ";")
    page.goto(f"{shop.url}/imports/")
    expect(page.get_by_role("link", name="Tees.csv")).to_be_visible()
    fits(page)


def test_a_file_beyond_the_limit_is_stopped_before_it_is_sent(opened, tmp_path):
    shop, _instance, page = opened
    huge = tmp_path / "huge.csv"
    with huge.open("wb") as file:
        file.truncate(200 * 1024 * 1024)
    page.goto(f"{shop.url}/imports/new")
    page.set_input_files("input[type=file]", str(huge))
    expect(page.locator("[data-dropzone-name]").first).to_have_text(re.compile("larger than 64 MB"))
    page.get_by_role("button", name="Upload and look").click()
    assert page.url.endswith("/imports/new")
    # A browser without our script is answered by the server, which reads none of it.
    page.evaluate("document.querySelector('input[type=file]').setCustomValidity('')")
    page.get_by_role("button", name="Upload and look").click()
    expect(page.get_by_text("At most 64 MB can be uploaded")).to_be_visible()


def test_a_worker_killed_in_the_middle_costs_nothing_and_doubles_nothing(opened, tmp_path):
    shop, instance, page = opened
    text = io.StringIO()
    csv.writer(text).writerows(
        [["Name", "SKU", "Price", "Stock"], *([f"Thing {n}", f"K-{n}", "2.50", "3"] for n in range(MANY))]
    )
    many = tmp_path / "many.csv"
    many.write_text(text.getvalue(), encoding="utf-8")
    page.goto(f"{shop.url}/imports/new")
    page.set_input_files("input[type=file]", str(many))
    page.get_by_role("button", name="Upload and look").click()
    page.get_by_role("button", name="Check the file").first.click()
    page.get_by_role("button", name="Import 4,000 rows").click()
    expect(page.locator(".progress-block")).to_contain_text(re.compile(r"[1-9][\d,]* of 4,000 rows"))
    shop.kill("jobs.worker")
    expect(page.get_by_text("The import is done.")).to_be_visible(timeout=3 * PATIENT)

    with sqlite3.connect(instance / "counterfoil.db") as database:
        made = database.execute("select count(*), count(distinct sku) from variants where sku like 'K-%'").fetchone()
        counts = database.execute("select created, rejected from imports order by id desc limit 1").fetchone()
        changes = database.execute(
            "select count(*) from import_changes where subject = 'variants' and import_id ="
            " (select max(id) from imports)"
        ).fetchone()
    assert (made, counts, changes) == ((MANY, MANY), (MANY, 0), (MANY,))
    assert check(instance)["ok"]
