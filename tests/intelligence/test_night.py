"""The night's work: every customer scored, every product forecast, kept in one piece and shown to who may see it."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest
from sqlalchemy import func, select, update

from retail.core import datasets, schedules, tasks
from retail.core.clock import now
from retail.core.db import reading, session, unit_of_work
from retail.core.errors import Refused
from retail.core.schedules import Schedule
from retail.core.tasks import Task
from retail.core.tenancy import inside
from retail.intelligence import services
from retail.intelligence.checks import customer_scores, demand_forecasts
from retail.intelligence.models import CustomerScore, ForecastRun, ProductForecast, ScoreRun
from retail.intelligence.queries import Demand, demand, running_task
from retail.intelligence.work import forecast_products, score_customers
from retail.orders.models import Order
from tests import make

DAYS = 70


def silent(_done, _total, _message):
    """Progress nobody looks at."""


@pytest.fixture
def bought(shop):
    """Ada bought twice, Bob once, somebody unknown once."""
    tea, cup = make.product("Tea", price="2.40", stock=90), make.product("Cup", price="5", stock=50)
    ada, bob = make.customer("Ada Byron"), make.customer("Bob Dole")
    make.sale(shop, (tea, 2), (cup, 1), customer_id=ada.id)
    make.sale(shop, (tea, 1), customer_id=ada.id)
    make.sale(shop, (cup, 3), customer_id=bob.id)
    make.sale(shop, (cup, 10))
    return ada, bob


@pytest.fixture
def weeks(shop):
    """Ten weeks in which tea sold every day, more of it on one weekday, and a cup only on the first."""
    tea, cup = (
        make.product("Tea", price="2.40", stock=400, sku="TEA"),
        make.product("Cup", price="5", sku="CUP", stock=9),
    )
    today = shop.tenant.today()
    for back in range(DAYS, 0, -1):
        make.sale(shop, (tea, 4 + 5 * (back % 7 == 0)), *([(cup, 1)] if back == DAYS else []))
        with unit_of_work():
            last = session.scalar(select(func.max(Order.id)))
            session.execute(
                update(Order).where(Order.id == last).values(business_date=today - timedelta(days=back)),
                execution_options={"synchronize_session": False},
            )
    return tea, cup


def tomorrow(shop):
    return (shop.tenant.today() + timedelta(days=1)).isoformat()


def rows_of(model):
    with reading():
        return [
            {name: value for name, value in vars(row).items() if name not in {"id", "_sa_instance_state"}}
            for row in session.scalars(select(model).order_by(model.id))
        ]


def test_every_customer_is_scored_and_doing_it_again_changes_nothing(shop, bought):
    ada, bob = bought
    assert score_customers(silent, tomorrow(shop)) == {"as_of": tomorrow(shop), "customers": 2}
    first = rows_of(CustomerScore)
    assert {row["customer_id"]: (row["recency_days"], row["frequency"], row["monetary"]) for row in first} == {
        ada.id: (1, 2, Decimal("10.17")),
        bob.id: (1, 1, Decimal("12.5")),
    }
    score_customers(silent, tomorrow(shop))
    assert rows_of(CustomerScore) == first
    with reading():
        run = session.scalars(select(ScoreRun)).one()
        assert (run.customers, run.monetary, sum(run.segments.values())) == (2, Decimal("22.67"), 2)
        assert list(customer_scores()) == []


def test_scores_that_could_not_be_replaced_leave_the_last_ones(shop, bought, monkeypatch):
    score_customers(silent, tomorrow(shop))
    before = rows_of(CustomerScore)
    make.sale(shop, (make.product("Pot", stock=5), 1), customer_id=bought[1].id)

    def broken():
        raise RuntimeError("the clock stopped")

    monkeypatch.setattr(services, "now", broken)
    with pytest.raises(RuntimeError):
        score_customers(silent, tomorrow(shop))
    assert rows_of(CustomerScore) == before


def test_a_shop_without_sales_has_nothing_to_work_out(shop):
    assert score_customers(silent) == {"customers": 0}
    assert forecast_products(silent) == {"products": 0}
    assert rows_of(ScoreRun) == rows_of(ForecastRun) == []
    with reading():
        assert list(customer_scores()) == list(demand_forecasts()) == []


def test_what_sold_is_forecast_with_its_error_beside_the_baseline(shop, weeks):
    tea, cup = weeks
    told = []
    found = forecast_products(lambda done, total, message: told.append(done))
    assert found == {"as_of": shop.tenant.today().isoformat(), "products": 2}
    assert told == sorted(told)
    assert told[-1] == 100
    with reading():
        row = session.scalars(select(ProductForecast).where(ProductForecast.variant_id == tea.id)).one()
        # 33 a week, exactly repeated.
        assert abs(row.expected_28 - 132) < 14
        assert (row.sold_28, len(row.daily), len(row.recent)) == (Decimal(132), 28, DAYS)
        assert max(range(7), key=lambda day: row.daily[day]) == 0
        assert row.needed_28 >= row.mean_28
        assert row.needed_28 == row.needed_28.to_integral_value()
        assert row.wape_total is not None
        assert row.baseline_wape_total is not None
        rare = session.scalars(select(ProductForecast).where(ProductForecast.variant_id == cup.id)).one()
        assert rare.expected_28 < 2
        run = session.scalars(select(ForecastRun)).one()
        assert (run.products, run.history_days, len(run.recent), len(run.daily)) == (2, DAYS, DAYS, 28)
        assert run.wape is not None
        assert sum(run.daily) == pytest.approx(float(row.expected_28 + rare.expected_28), abs=0.1)
        assert list(demand_forecasts()) == []
        figures = datasets.get("demand_forecasts").ask(["expected_28"], by=["sku"])
        assert [one["sku"] for one in figures] == ["CUP", "TEA"]


def test_forecasts_are_the_same_in_parts_as_long_as_they_are_bounded(shop, weeks, monkeypatch):
    forecast_products(silent)
    monkeypatch.setattr(services, "CELLS_AT_ONCE", DAYS)
    forecast_products(silent)
    assert [row["variant_id"] for row in rows_of(ProductForecast)] == sorted(one.id for one in weeks)
    assert len(rows_of(ForecastRun)) == 1


def test_what_was_brought_back_was_wanted_and_what_was_voided_was_not(shop, weeks):
    with reading():
        known = demand(shop.tenant.today())
    assert known.values.shape == (DAYS, 2)
    assert known.values.sum() == DAYS * 4 + 10 * 5 + 1


def test_a_day_without_two_weeks_of_history_is_not_forecast():
    day = date(2026, 3, 1)
    few = Demand(tuple(day - timedelta(days=back) for back in range(13, 0, -1)), (1,), np.ones((13, 1)))
    assert services.forecast_demand(day, few) is None


def test_stopping_it_keeps_what_there_was(shop, weeks):
    forecast_products(silent)
    before = rows_of(ProductForecast)
    with unit_of_work():
        task_id = services.compute_now(services.FORECASTING).id
    real = services.forecast_demand

    def cancelled_meanwhile(*arguments):
        with unit_of_work():
            tasks.cancel(task_id)
        return real(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("retail.intelligence.work.forecast_demand", cancelled_meanwhile)
        tasks.run(task_id, shop.tenant_id)
    with inside(shop.tenant_id):
        assert rows_of(ProductForecast) == before
        with reading():
            assert session.get_one(Task, task_id).state == "cancelled"


def test_it_is_asked_for_once(shop, bought):
    with unit_of_work():
        services.compute_now(services.SCORING)
        assert running_task(services.SCORING) is not None
        assert running_task(services.FORECASTING) is None
        with pytest.raises(Refused):
            services.compute_now(services.SCORING)


def test_it_stands_in_every_shop_at_night_in_its_own_zone(shop, bought):
    with unit_of_work():
        schedules.plan_standing("Asia/Tokyo")
        session.execute(
            update(Schedule).values(next_run_at=now() - timedelta(minutes=1)),
            execution_options={"synchronize_session": False},
        )
    with reading():
        found = {
            row.name: (row.task, row.cron, row.zone)
            for row in session.scalars(select(Schedule).where(Schedule.name.startswith("intelligence.")))
        }
    assert found == {
        "intelligence.scores": ("intelligence.scores", "20 2 * * *", "Asia/Tokyo"),
        "intelligence.forecasts": ("intelligence.forecasts", "40 2 * * *", "Asia/Tokyo"),
    }
    schedules.fire_due()
    for due in tasks.due():
        tasks.run(due.task_id, due.tenant_id)
    with inside(shop.tenant_id), reading():
        ended = {row.name: row.state for row in session.scalars(select(Task).where(Task.name.startswith("intell")))}
    assert ended == {"intelligence.scores": "done", "intelligence.forecasts": "done"}


def test_the_rival_keeps_its_own(app, shop, bought, rival):
    score_customers(silent, tomorrow(shop))
    with inside(rival.tenant_id):
        assert score_customers(silent, tomorrow(shop)) == {"as_of": tomorrow(shop), "customers": 0}
        assert rows_of(CustomerScore) == []
    with inside(shop.tenant_id):
        assert len(rows_of(CustomerScore)) == 2


def test_the_commands_do_the_same_at_once(app, shop, weeks):
    runner = app.test_cli_runner()
    scored = runner.invoke(args=["rfm", "run", "--tenant", "corner-shop", "--json"])
    assert scored.exit_code == 0, scored.output
    assert json.loads(scored.stdout)["customers"] == 0
    done = runner.invoke(args=["forecast", "run", "--tenant", "corner-shop"])
    assert done.exit_code == 0, done.output
    assert "products 2" in done.stdout
    assert "Trying the methods" in done.stderr
    nobody = runner.invoke(args=["forecast", "run", "--tenant", "nobody"])
    assert (nobody.exit_code, nobody.stdout) == (1, "")
