"""The dashboard: exact to the ledger, quick, live by its parts, and silent about what one may not know."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from retail.catalog.models import Variant
from retail.core import clock, events
from retail.core.db import session, unit_of_work
from retail.inventory import services as inventory
from tests import make
from tests.reports.support import SATURDAY, trade
from tests.support.queries import count_queries

NOON = SATURDAY.replace(hour=12, minute=30)
HTMX = {"HX-Request": "true"}


def text_of(answer):
    return " ".join(re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)).split())


@pytest.fixture
def traded(shop):
    trade(shop)
    events.drain()
    return shop


def test_today_against_last_week_by_now(app, traded):
    browser = make.client(app, traded, "owner")
    with clock.frozen(NOON):
        page = browser.get("/dashboard")
    assert page.status_code == 200
    words = text_of(page)
    # £7.20 + £9.80 − £2.18 given back; the void and its sale cancel out. Last Saturday by 12:30: £24.00, later £6.00.
    assert "Sales today £14.82 −38% on last Saturday" in words
    assert "last Saturday came to £30.00 in all" in words
    assert "Orders 3 +200%" in words, "three sales today, one of them voided; one by now last week"
    assert "Margin £5.95 48.2% of net sales" in words
    assert "£2.18 given back" in words
    assert "£6.00 voided" in words


def test_the_page_equals_the_dataset_for_whatever_day(app, traded):
    browser = make.client(app, traded, "manager")
    report = browser.get("/reports/sales?period=all&by=day&measures=gross_revenue")
    assert "£14.82" in text_of(report)
    assert "£30.00" in text_of(report)


def test_parts_are_read_alone(app, traded):
    browser = make.client(app, traded, "owner")
    with clock.frozen(NOON):
        for part in ("figures", "products", "alerts", "feed", "shifts"):
            answer = browser.get(f"/dashboard/{part}", headers=HTMX)
            body = answer.get_data(as_text=True)
            assert answer.status_code == 200
            assert f'id="{part}"' in body
            assert "<html" not in body
            assert browser.get(f"/dashboard/{part}").status_code == 302
        assert browser.get("/dashboard/moon", headers=HTMX).status_code == 404


def test_best_sellers_of_a_period(app, traded):
    browser = make.client(app, traded, "owner")
    with clock.frozen(NOON):
        today = text_of(browser.get("/dashboard/products", headers=HTMX))
        month = text_of(browser.get("/dashboard/products?days=30", headers=HTMX))
    assert "Tea 4 sold £9.38" in today
    assert "Tea 14 sold £33.38" in month


def test_a_location_is_looked_at_alone(app, traded):
    browser = make.client(app, traded, "owner")
    with clock.frozen(NOON):
        there = text_of(browser.get(f"/dashboard/figures?location={traded.location_id}", headers=HTMX))
        elsewhere = text_of(browser.get("/dashboard/figures?location=999999", headers=HTMX))
    assert "Sales today £14.82" in there
    assert "Sales today £14.82" in elsewhere, "an unknown place is no filter"


def test_what_runs_low_is_listed(app, traded):
    with unit_of_work():
        rare = make.product("Saffron", stock=2)
    with unit_of_work():
        inventory.set_reorder_point(traded.location_id, rare.id, Decimal(3))
    browser = make.client(app, traded, "owner")
    assert "Saffron" in text_of(browser.get("/dashboard/alerts", headers=HTMX))


def test_a_first_day_says_what_to_do(app, shop):
    page = text_of(make.client(app, shop, "owner").get("/dashboard"))
    assert "Welcome to Corner Shop" in page
    assert "Sales today" not in page


def test_costs_are_not_shown_to_those_who_may_not_see_them(app, traded):
    with unit_of_work():
        pass
    bookkeeper = _as(app, traded, {"reports:dashboard:view", "reports:report:view"})
    with clock.frozen(NOON):
        assert "Margin" not in text_of(bookkeeper.get("/dashboard"))
    report = bookkeeper.get("/reports/sales?period=all&measures=margin&measures=cost&by=product")
    assert "Margin" not in text_of(report)
    assert bookkeeper.get("/reports/journal").status_code == 403
    assert bookkeeper.get("/reports/sales?format=csv").status_code == 403
    cashier = make.client(app, traded, "cashier")
    assert cashier.get("/dashboard").status_code == 403
    assert cashier.get("/reports/").status_code == 403


def _as(app, shop, permissions):
    from sqlalchemy import select  # noqa: PLC0415

    from retail.core.db import session  # noqa: PLC0415
    from retail.identity.models import Role  # noqa: PLC0415

    with unit_of_work():
        role = session.scalars(select(Role).where(Role.name == "clerk")).one()
        role.permissions = sorted(permissions)
    return make.client(app, shop, "clerk")


def test_a_margin_is_not_made_up_where_no_cost_is_known(app, shop):
    honey = make.product("Honey", price="6.00", cost=None, stock=0)
    with clock.frozen(SATURDAY):
        make.sale(shop, (honey, 2))
    events.drain()
    with clock.frozen(NOON):
        assert "Margin – No cost prices known" in text_of(make.client(app, shop, "owner").get("/dashboard"))


def test_nobody_sees_another_business(app, traded, rival):
    browser = make.client(app, rival, "owner")
    with clock.frozen(NOON):
        assert "Welcome to Rival" in text_of(browser.get("/dashboard"))
    assert "£14.82" not in text_of(browser.get("/reports/sales?period=all&by=day"))


def test_the_page_asks_little_of_the_database(app, traded):
    browser = make.client(app, traded, "owner")
    with clock.frozen(NOON):
        browser.get("/dashboard")
        with count_queries() as asked:
            browser.get("/dashboard")
    selects = [one for one in asked if one.lstrip().upper().startswith("SELECT")]
    assert len(selects) <= 14, "\n".join(selects)


@pytest.mark.parametrize("day", [datetime(2026, 3, 29, 12, tzinfo=UTC), datetime(2026, 10, 25, 12, tzinfo=UTC)])
def test_days_on_which_the_clock_changes_compare_by_the_wall_clock(app, shop, day):
    tea = make.product("Tea", price="2.40", stock=50)
    local_noon_before = day - timedelta(days=7) + timedelta(hours=1 if day.month == 3 else -1)
    with clock.frozen(local_noon_before - timedelta(minutes=1)):
        make.sale(shop, (tea, 1))
    with clock.frozen(local_noon_before + timedelta(minutes=1)):
        make.sale(shop, (tea, 5))
    with clock.frozen(day - timedelta(minutes=30)):
        make.sale(shop, (tea, 2))
    events.drain()
    browser = make.client(app, shop, "owner")
    with clock.frozen(day):
        words = text_of(browser.get("/dashboard"))
    assert "Sales today £4.80 +100%" in words


def test_what_runs_low_is_named_once(app, shop):
    with make.within(shop):
        row = make.product("Cushion cover", stock=1)
        with unit_of_work():
            session.get_one(Variant, row.id).name = "Cushion cover – Teal"
            inventory.set_reorder_point(shop.location_id, row.id, Decimal(3))
    alerts = make.client(app, shop, "owner").get("/dashboard/alerts", headers=HTMX).get_data(as_text=True)
    assert "Cushion cover – Teal" in alerts
    assert "Cushion cover · Cushion" not in alerts
