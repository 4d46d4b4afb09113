"""The reports of stock: what the night reckons is what the moves say, and what the figures mean is so."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select, update

from retail.core import events
from retail.core.checks import CHECKS
from retail.core.clock import frozen, now
from retail.core.datasets import get
from retail.core.db import reading, session, unit_of_work
from retail.inventory import services as inventory
from retail.inventory.models import StockMonth, StockStanding
from retail.inventory.past_queries import stock_as_of
from retail.inventory.services import PastMove
from retail.reports.work import stock_figures
from tests import make

NOON = now().replace(year=2026, month=11, day=22, hour=12, minute=0, second=0, microsecond=0)


def night():
    session.rollback()
    events.drain()
    stock_figures(progress=lambda *_said: None)
    session.rollback()


def faults(shop):
    session.rollback()
    with make.within(shop):
        return [fault.first for name in ("stock months", "age of stock") for fault in CHECKS[name].find()]


@pytest.fixture
def months(shop):
    """Sixty days: a hundred teas came, one a day is sold for thirty days, then they are gone; cups only lie there."""
    with frozen(NOON - timedelta(days=60)):
        tea = make.product("Tea", cost="2.00", stock=30, sku="TEA", price="5.00")
        cup = make.product("Cup", cost="3.00", stock=10, sku="CUP")
    tea_id = tea.id
    for day in range(60, 30, -1):
        with frozen(NOON - timedelta(days=day)):
            make.sale(shop, (tea, 1))
    with frozen(NOON - timedelta(days=20)), unit_of_work():
        inventory.adjust(shop.location_id, cup.id, Decimal(-1), "lost")
        inventory.transfer(shop.location_id, shop.warehouse_id, [(cup.id, Decimal(4))])
    with frozen(NOON):
        night()
        yield tea_id


def ask(name, measures, by=(), **limits):
    with reading():
        return get(name).ask(measures, by, **limits)


def test_what_a_month_did_is_what_the_moves_say(shop, months):
    assert faults(shop) == []
    rows = {row["month"]: row for row in ask("stock_months", ("received", "sold", "adjusted", "closing"), ("month",))}
    assert list(rows) == ["2026-09", "2026-10", "2026-11"]
    assert [rows[month]["received"] for month in rows] == [40, 0, 0]
    assert sum(row["sold"] for row in rows.values()) == 30
    assert (rows["2026-11"]["adjusted"], rows["2026-11"]["closing"]) == (-1, 9)
    (moved,) = ask("stock_months", ("received", "sold", "change"), where={"location": "Corner Shop warehouse"})
    assert moved == {"received": 0, "sold": 0, "change": 4}


def test_what_ran_out_was_missed(shop, months):
    (tea,) = ask("stock_months", ("outs", "days_out", "lost", "lost_worth", "fill_rate"), where={"sku": "TEA"})
    assert tea["outs"] == 1
    assert tea["days_out"] == 30, "from the day after the last one to yesterday"
    assert (tea["lost"], tea["lost_worth"], float(tea["fill_rate"])) == (30, 150, 0.5), "one a day at 5.00"
    (cup,) = ask("stock_months", ("outs", "days_out", "lost"), where={"sku": "CUP"})
    assert cup == {"outs": 0, "days_out": 0, "lost": 0}, "nobody wanted one"


def test_turnover_return_and_carrying_cost(shop, months):
    (tea,) = ask(
        "stock_months",
        ("cost", "average_value", "turnover", "margin", "gmroi", "carrying_cost", "days_of_stock"),
        where={"sku": "TEA"},
    )
    value_days = sum(2 * left for left in range(29, 0, -1))
    assert tea["cost"] == 60
    assert float(tea["turnover"]) == pytest.approx(60 * 365 / value_days, abs=0.01)
    assert float(tea["days_of_stock"]) == pytest.approx(value_days / 60, abs=0.01)
    assert tea["margin"] == 30 * (5 / Decimal("1.2")).quantize(Decimal("0.01")) - 60
    assert float(tea["gmroi"]) == pytest.approx(float(tea["margin"]) * 365 / value_days, abs=0.01)
    assert float(tea["carrying_cost"]) == pytest.approx(value_days * 0.2 / 365, abs=0.001)
    assert tea["average_value"] == pytest.approx(Decimal(value_days) / 60, abs=Decimal("0.001"))


def test_how_articles_stand(shop, months):
    rows = {row["sku"]: row for row in ask("stock_standings", ("sold_90", "sell_through", "on_hand"), ("sku", "grade"))}
    assert (rows["TEA"]["grade"], rows["CUP"]["grade"]) == ("A", "")
    assert float(rows["TEA"]["sell_through"]) == 1
    assert rows["CUP"]["on_hand"] == 9
    ages = {row["age"]: row["quantity"] for row in ask("stock_ages", ("quantity",), ("age",))}
    assert ages == {"000-030": 4, "031-060": 5}, "what was carried over came to its place then"
    with frozen(NOON + timedelta(days=200)):
        night()
        assert ask("stock_standings", ("dead",), where={"is_dead": "yes"}) == [{"dead": 9}]
        assert faults(shop) == []


def test_the_night_goes_on_where_it_stopped_and_comes_to_the_same(shop, months):
    columns = [column for column in StockMonth.__table__.columns if column.name != "id"]
    pick = select(*(getattr(StockMonth, one.name) for one in columns)).order_by(
        StockMonth.month, StockMonth.variant_id, StockMonth.location_id
    )
    with frozen(NOON + timedelta(days=3)):
        night()
        grown = session.execute(pick).all()
        session.rollback()
        with unit_of_work():
            inventory.forget_months_from(date(2026, 1, 1))
        night()
        assert session.execute(pick).all() == grown
        assert len(grown) == 7


def test_a_move_of_the_past_is_in_the_figures_after_the_next_night(shop, months):
    tea = months
    day = NOON - timedelta(days=40)
    with unit_of_work():
        inventory.book_past_moves(
            shop.location_id,
            [PastMove(tea, Decimal(5), "supplier", "received", "import", 1, day.date(), day)],
        )
    assert session.scalar(select(func.max(StockMonth.month))) == date(2026, 9, 1)
    assert faults(shop) == []
    night()
    (found,) = ask("stock_months", ("received",), where={"month": "2026-10"})
    assert found["received"] == 5
    assert faults(shop) == []


def test_figures_that_were_changed_by_hand_are_found_and_made_anew(shop, months):
    for model, column in ((StockMonth, "sold"), (StockStanding, "on_hand")):
        with unit_of_work():
            session.execute(
                update(model).values({column: getattr(model, column) + 1}),
                execution_options={"synchronize_session": False},
            )
        assert faults(shop)
        with unit_of_work():
            assert inventory.repair()
        night()
        assert faults(shop) == []


def test_the_worth_of_any_past_day_is_the_same_with_and_without_the_figures(shop, months):
    instants = [NOON - timedelta(days=days, hours=hours) for days in (61, 60, 45, 31, 22, 20, 1) for hours in (0, 1)]
    with_them = [stock_as_of(instant) for instant in instants]
    session.rollback()
    with unit_of_work():
        inventory.forget_months_from(date(2026, 1, 1))
    without = [stock_as_of(instant) for instant in instants]
    assert [one.levels for one in with_them] == [one.levels for one in without]
    assert all(not one.difference for one in with_them)


def test_a_report_says_what_it_means_narrows_and_leads_to_the_documents(app, shop, months):
    browser = make.client(app, shop, "owner")
    index = browser.get("/reports/").get_data(as_text=True)
    links = [one.replace("&amp;", "&") for one in re.findall(r'href="(/reports/stock[^"]*report=[^"]*)"', index)]
    assert len(links) == 14
    for link in links:
        page = browser.get(link)
        assert page.status_code == 200, link
        assert "What these figures mean" in page.get_data(as_text=True), link
    outs = browser.get(next(link for link in links if "report=stock-outs" in link) + "&by=sku").get_data(as_text=True)
    assert "Lost sales × the price of today." in outs
    drilled = browser.get("/reports/stock_months?by=month&by=sku&measures=adjusted&period=12m").get_data(as_text=True)
    addresses = [one.replace("&amp;", "&") for one in re.findall(r'href="(/stock/moves[^"]*)"', drilled)]
    november = next(one for one in addresses if "2026-11-01" in one and "CUP" in one)
    moves = browser.get(november).get_data(as_text=True)
    assert "ADJ-1" in moves
    assert "Tea" not in re.sub(r"<select.*?</select>", "", moves, flags=re.DOTALL).partition("<tbody")[2]
