"""The pages of scores and forecasts, as their readers meet them."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from retail.core import tasks
from retail.core.db import session, unit_of_work
from retail.core.tasks import Task
from retail.core.tenancy import inside
from retail.intelligence.work import forecast_products, score_customers
from retail.orders.models import Order
from tests import make
from tests.support.queries import count_queries

PAGES = ("/intelligence/customers", "/intelligence/forecasts")


def silent(_done, _total, _message):
    """Progress nobody looks at."""


@pytest.fixture
def worked_out(shop):
    """Tea sold on each of 21 days, more than is left; pins once; Ada bought often, Bob once. Scored and forecast."""
    tea, pin = make.product("Tea", stock=70, sku="TEA"), make.product("Pin", stock=500, sku="PIN")
    ada, bob = make.customer("Ada Byron"), make.customer("Bob Dole")
    ids, today = (tea.id, pin.id), shop.tenant.today()
    for back in range(21, 0, -1):
        make.sale(shop, (tea, 3), *([(pin, 1)] if back == 20 else []), customer_id=bob.id if back == 20 else ada.id)
        with unit_of_work():
            last = session.scalar(select(func.max(Order.id)))
            session.execute(
                update(Order).where(Order.id == last).values(business_date=today - timedelta(days=back)),
                execution_options={"synchronize_session": False},
            )
    score_customers(silent)
    forecast_products(silent)
    return ids


def exported(browser, page):
    """The rows of a list as its export has them."""
    return list(csv.DictReader(io.StringIO(browser.get(f"{page}?format=csv").text.lstrip("\ufeff"))))


@pytest.mark.parametrize("page", PAGES)
def test_before_the_first_night_a_page_says_what_will_be_there_and_offers_it_now(app, shop, page):
    text = make.client(app, shop, "manager").get(page).text
    assert "worked out every night" in text
    assert f'action="{page}/run"' in text
    reader = make.client(app, shop, "read-only" if "read-only" in shop.users else "owner")
    assert reader.get(page).status_code == 200


def test_run_now_shows_how_far_it_is_and_then_the_result(app, shop, worked_out):
    browser = make.client(app, shop, "manager")
    for page in PAGES:
        assert make.post(browser, f"{page}/run").status_code == 303
        waiting = browser.get(page).text
        assert "Waiting for its turn" in waiting
        assert f'hx-get="{page}/work"' in waiting
        assert make.post(browser, f"{page}/run").status_code == 422
    tasks.run_due()
    for page in PAGES:
        over = browser.get(f"{page}/work", headers={"HX-Request": "true"})
        assert "every 1s" not in over.text
        assert f'hx-get="{page}/work?ended=1" hx-trigger="load"' in over.text
        assert "HX-Redirect" not in over.headers
        last = browser.get(f"{page}/work?ended=1", headers={"HX-Request": "true"})
        assert last.headers["HX-Redirect"] == page
    with inside(shop.tenant_id):
        states = session.scalars(select(Task.state).where(Task.name.startswith("intelligence."))).all()
    assert states == ["done", "done"]


def test_segments_say_how_many_what_they_spent_and_who_they_are(app, shop, worked_out):
    browser = make.client(app, shop, "owner")
    page = browser.get("/intelligence/customers")
    assert "Ada Byron" in page.text
    assert "Bob Dole" in page.text
    for words in ("Champions", "Bought lately, buy often and spend a lot.", "What the scores mean", "R: days"):
        assert words in page.text
    assert len(re.findall(r'class="heatmap-cell heat-[1-5]"', page.text)) == 2
    cells = re.findall(r'href="(/intelligence/customers\?r=\d&amp;f=\d)"', page.text)
    narrowed = [browser.get(cell.replace("&amp;", "&")).text for cell in cells]
    assert sorted("Ada Byron" in text for text in narrowed) == [False, True]
    assert sorted("Bob Dole" in text for text in narrowed) == [False, True]


def test_a_segment_is_listed_and_exported_alone(app, shop, worked_out):
    browser = make.client(app, shop, "owner")
    everybody = exported(browser, "/intelligence/customers")
    assert {row["Customer"] for row in everybody} == {"Ada Byron", "Bob Dole"}
    ada = next(row for row in everybody if row["Customer"] == "Ada Byron")
    assert (ada["Last bought"], ada["Purchases"]) == ("1", "20")
    assert "Nothing matches" in browser.get("/intelligence/customers?segment=lost&r=5").text
    assert "Nothing matches" in browser.get("/intelligence/customers?segment=nonsense").text
    rows = browser.get("/intelligence/customers?q=ada", headers={"HX-Request": "true"}).text
    assert "Ada Byron" in rows
    assert "Bob Dole" not in rows
    assert "heatmap" not in rows


def test_the_list_of_forecasts_says_what_to_order(app, shop, worked_out):
    browser = make.client(app, shop, "clerk")
    text = browser.get("/intelligence/forecasts").text
    assert text.index(">TEA<") < text.index(">PIN<")
    assert "sold: 63" in text
    rows = {row["Product"]: row for row in exported(browser, "/intelligence/forecasts")}
    # Three a day, seven left: two days, and 84 and the unknown error of a young shop to come.
    figures = {name: [float(row[key]) for key in ("On hand", "Lasts", "Order")] for name, row in rows.items()}
    assert figures["Tea"] == [7, 2, 2 * 84 - 7]
    assert figures["Pin"][0] == 499
    assert figures["Pin"][2] == 0
    short = browser.get("/intelligence/forecasts?short=1&order=1", headers={"HX-Request": "true"}).text
    assert "TEA" in short
    assert "PIN" not in short


def test_a_product_shows_its_course_and_how_good_its_forecast_has_been(app, shop, worked_out):
    tea_id, _pin_id = worked_out
    browser = make.client(app, shop, "clerk")
    text = browser.get(f"/intelligence/forecasts/{tea_id}").text
    for words in ("Sold and expected", "Units by week", "How good this has been", "last week again", "lasts 2 days"):
        assert words in text
    assert "too little history to measure" in text
    daily = browser.get(f"/intelligence/forecasts/{tea_id}?by=day", headers={"HX-Request": "true"}).text
    assert "Units by day" in daily
    assert "How good" not in daily


def test_what_is_not_there_is_not_found(app, shop, rival, worked_out):
    browser = make.client(app, shop, "owner")
    assert browser.get("/intelligence/forecasts/999999").status_code == 404
    assert make.post(browser, "/intelligence/suppliers/run").status_code == 404
    theirs = make.client(app, rival, "owner")
    assert theirs.get(f"/intelligence/forecasts/{worked_out[0]}").status_code == 404
    assert "Ada Byron" not in theirs.get("/intelligence/customers").text
    assert "TEA" not in theirs.get("/intelligence/forecasts").text


def test_who_may_not_does_not_see(app, shop, worked_out):
    cashier, clerk = make.client(app, shop, "cashier"), make.client(app, shop, "clerk")
    for page in (*PAGES, f"/intelligence/forecasts/{worked_out[0]}"):
        assert cashier.get(page).status_code == 403
    # Forecasts are the clerk's business; who the customers are is not.
    assert clerk.get("/intelligence/customers").status_code == 403
    assert "Ada Byron" not in clerk.get("/intelligence/forecasts").text
    assert make.post(clerk, "/intelligence/forecasts/run").status_code == 403
    assert "/intelligence/forecasts/run" not in clerk.get("/intelligence/forecasts").text


def test_pages_ask_little_of_the_database(app, shop, worked_out):
    browser = make.client(app, shop, "owner")
    for page in (*PAGES, f"/intelligence/forecasts/{worked_out[0]}"):
        browser.get(page)
        with count_queries() as asked:
            browser.get(page)
        assert len(asked) <= 16, (page, asked)
