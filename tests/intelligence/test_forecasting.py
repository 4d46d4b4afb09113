"""Forecasts: what an owner would notice when they are wrong."""

from datetime import date, timedelta

import numpy as np
import pytest

from retail.intelligence.forecasting import BASELINE, SeriesError, backtest, describe, engine, forecast
from retail.intelligence.forecasting.averages import CAPS, half_lives

MONDAY = date(2024, 1, 1)
WEEK = np.array([40, 30, 30, 35, 60, 90, 0.0])
"""A shop's week, closed on Sundays."""


def days(count, first=MONDAY):
    return [first + timedelta(days=number) for number in range(count)]


def months(count):
    return [date(2015 + number // 12, number % 12 + 1, 1) for number in range(count)]


def weekly_shop(count, series, seed=3):
    """Poisson sales around the shop's week, one series as busy as the next."""
    rng = np.random.default_rng(seed)
    return rng.poisson(np.tile(WEEK, count // 7 + 1)[:count, None] / 10, (count, series)).astype(float)


def test_the_weekday_pattern_is_found_and_closed_days_get_nothing():
    result = forecast(weekly_shop(140, 30), days(140), 14)
    week = result.values[:7].mean(axis=1)
    assert week[6] == 0
    assert np.allclose(week[:6], WEEK[:6] / 10, rtol=0.25)
    assert result.dates == tuple(days(14, MONDAY + timedelta(days=140)))


def test_forecasts_beat_the_baseline_on_noise_and_say_so():
    result = forecast(weekly_shop(140, 30), days(140), 14)
    assert result.errors.overall_wape < 0.85 * result.baseline_errors.overall_wape
    assert result.errors.overall_wape_total < result.baseline_errors.overall_wape_total
    assert (result.errors.mase < result.baseline_errors.mase).mean() > 0.9


def test_the_baseline_is_kept_for_the_series_where_it_wins():
    demand = weekly_shop(140, 30)
    # Every week exactly the same, and unlike anybody else's: repeating the last one is faultless.
    demand[:, 7] = np.tile([3, 0, 0, 25, 0, 1, 0], 20)
    result = forecast(demand, days(140), 14)
    assert result.methods[7] == BASELINE
    assert result.blends[7] == {BASELINE: 1.0}
    assert result.values[:, 7].tolist() == np.tile([3, 0, 0, 25, 0, 1, 0], 2).tolist()
    assert result.errors.wape[7] == 0
    assert sum(method == BASELINE for method in result.methods) <= 3


def test_shares_of_the_methods_add_up_and_the_leader_comes_first():
    result = forecast(weekly_shop(140, 5), days(140), 14)
    for method, blend in zip(result.methods, result.blends, strict=True):
        assert sum(blend.values()) == pytest.approx(1)
        assert next(iter(blend)) == method
        assert list(blend.values()) == sorted(blend.values(), reverse=True)
        assert 1 <= len(blend) <= 5


def test_one_giant_order_does_not_move_the_forecast_but_counts_in_the_mean():
    demand = weekly_shop(140, 10)
    before = forecast(demand, days(140), 28)
    demand[122, 4] = 3_000
    after = forecast(demand, days(140), 28)
    usual = before.values[:, 4].sum()
    assert after.values[:, 4].sum() == pytest.approx(usual, rel=0.35)
    assert after.mean[:, 4].sum() > 2 * usual


def test_a_product_that_died_does_not_decide_the_mean_of_the_living():
    living = weekly_shop(140, 30)
    died = np.zeros((140, 10))
    died[:60] = 40.0
    alone, beside = (forecast(demand, days(140), 14) for demand in (living, np.hstack([living, died])))
    assert np.allclose(beside.mean[:, :30].sum(axis=0), alone.mean.sum(axis=0), rtol=0.15)
    assert abs(beside.mean[:, :30].sum() / alone.mean.sum() - 1) < 0.02


def test_the_mean_is_unbiased_where_the_forecast_lies_below_it():
    rng = np.random.default_rng(5)
    demand = rng.poisson(0.2, (252, 120)) * rng.lognormal(2, 1.2, (252, 120))
    figures = backtest(demand, days(252), 28)
    assert abs(figures["mean_bias"]) < 0.12
    assert figures["bias"] < figures["mean_bias"]


def test_a_holiday_closing_is_not_taken_for_lack_of_demand():
    demand = weekly_shop(140, 30)
    open_all_along = forecast(demand, days(140), 14).values.sum()
    demand[120:134] = 0
    assert forecast(demand, days(140), 14).values.sum() == pytest.approx(open_all_along, rel=0.1)


def test_known_closing_days_ahead_get_nothing():
    closed = days(3, MONDAY + timedelta(days=142))
    result = forecast(weekly_shop(140, 5), days(140), 14, closed=closed)
    assert result.values[2:5].max() == 0
    assert result.mean[2:5].max() == 0
    assert result.values[[0, 1, 7, 8]].min() > 0


def test_days_without_stock_are_unknown_not_zero():
    demand = weekly_shop(140, 30)
    stocked = forecast(demand, days(140), 14).values[:, 3].sum()
    demand[112:, 3] = 0
    zeros = forecast(demand, days(140), 14).values[:, 3].sum()
    demand[112:, 3] = np.nan
    unknown = forecast(demand, days(140), 14).values[:, 3].sum()
    assert zeros < 0.75 * stocked
    assert unknown == pytest.approx(stocked, rel=0.25)


def test_a_shop_that_begins_to_open_on_sundays_gets_forecasts_for_them():
    demand = weekly_shop(140, 30)
    assert forecast(demand, days(140), 7).values[6].max() == 0
    demand[139] = 8
    demand[132] = 8
    assert forecast(demand, days(140), 7).values[6].min() > 0.5


def test_a_shop_that_gave_up_its_sundays_gets_no_forecasts_for_them():
    demand = weekly_shop(210, 30)
    demand[6:140:7] = 8
    assert forecast(demand, days(210), 7).values[6].max() == 0


def test_a_new_product_is_not_held_to_the_time_before_it_was_sold():
    demand = weekly_shop(140, 30)
    usual = forecast(demand, days(140), 14).values[:, 3].sum()
    demand[:105, 3] = 0
    assert forecast(demand, days(140), 14).values[:, 3].sum() == pytest.approx(usual, rel=0.3)


def test_a_launch_order_yesterday_is_not_expected_every_day():
    demand = weekly_shop(140, 30)
    demand[:, 3] = 0
    demand[138, 3] = 700
    assert 0 <= forecast(demand, days(140), 7).values[:, 3].sum() <= 700


def test_monthly_series_follow_trend_and_season():
    rng = np.random.default_rng(2)
    time_axis = np.arange(96)[:, None]
    season = np.tile([0.8, 0.8, 0.9, 1, 1, 1, 1, 1, 1, 1.1, 1.2, 1.9], 8)[:, None]
    demand = 100 * 1.01**time_axis * season * rng.lognormal(0, 0.03, (96, 6))
    figures = backtest(demand, months(96), 12)
    assert figures["season"] == 12
    assert figures["wape"] < 0.5 * figures["baseline_wape"]
    assert figures["wape"] < 0.06


@pytest.mark.slow
def test_with_more_than_a_year_of_days_last_christmas_is_remembered():
    rng = np.random.default_rng(11)
    dates = days(364 * 3)
    rush = np.array([4.0 if day.month == 12 and day.day <= 24 else 1.0 for day in dates])[:, None]
    demand = rng.poisson(3 * rush, (len(dates), 40)).astype(float)
    upto = dates.index(date(2026, 12, 1))
    result = forecast(demand[:upto], dates[:upto], 21)
    ordinary = 3 * 21 * 40
    assert result.values.sum() > 1.25 * ordinary


def test_weekly_dates_and_a_season_of_ones_own_choosing():
    demand = np.tile([10.0, 2, 2, 30], 20)[:, None] + np.zeros((1, 3))
    result = forecast(demand, [MONDAY + timedelta(weeks=week) for week in range(80)], 8, season=4)
    assert np.allclose(result.values[:, 0], np.tile([10, 2, 2, 30], 2), atol=0.5)
    assert result.dates[0] == MONDAY + timedelta(weeks=80)


def test_the_same_input_gives_the_same_output_and_the_input_is_left_alone():
    demand = weekly_shop(100, 8)
    given = demand.copy()
    first, second = forecast(demand, days(100), 10), forecast(demand, days(100), 10)
    assert np.array_equal(first.values, second.values)
    assert first.blends == second.blends
    assert np.array_equal(demand, given)


def test_forecasts_kept_in_memory_or_made_again_are_the_same(monkeypatch):
    demand = weekly_shop(100, 8)
    kept = forecast(demand, days(100), 10)
    monkeypatch.setattr(engine, "MEMORY_FOR_OFFERS", 0)
    again = forecast(demand, days(100), 10)
    assert np.array_equal(kept.values, again.values)
    assert np.array_equal(kept.errors.wape, again.errors.wape, equal_nan=True)


@pytest.mark.parametrize("length", [2, 3, 6, 9, 13, 15, 22, 30, 41])
def test_short_histories_get_a_sensible_level(length):
    rng = np.random.default_rng(length)
    result = forecast(rng.poisson(6, (length, 12)), days(length), 7)
    assert np.isfinite(result.values).all()
    assert 2 < result.values.mean() < 12


@pytest.mark.parametrize("demand", [np.zeros((60, 4)), np.full((60, 4), np.nan)], ids=["nothing sold", "nothing known"])
def test_without_any_demand_nothing_is_forecast_and_no_error_is_claimed(demand):
    result = forecast(demand, days(60), 7)
    assert result.values.max() == 0
    assert np.isnan(result.errors.wape).all()
    assert np.isnan(result.errors.overall_mase)


def test_no_series_no_forecasts():
    result = forecast(np.zeros((60, 0)), days(60), 7)
    assert result.values.shape == (7, 0)
    assert result.methods == ()


def test_returns_that_outweigh_sales_do_not_make_forecasts_negative():
    demand = weekly_shop(100, 4)
    demand[60:, 2] = -5
    result = forecast(demand, days(100), 7)
    assert result.values.min() >= 0


def test_the_error_shown_is_close_to_the_error_that_comes():
    demand = weekly_shop(210, 60)
    figures = backtest(demand, days(210), 14)
    assert figures["expected_wape"] == pytest.approx(figures["wape"], rel=0.1)


def test_errors_are_measured_on_dates_that_had_no_say_in_the_choice_of_methods(monkeypatch):
    asked = []
    choose = engine.scores
    monkeypatch.setattr(engine, "scores", lambda loss, horizons: asked.append(loss.shape[0]) or choose(loss, horizons))
    forecast(weekly_shop(210, 10), days(210), 14)
    everything, *without_overlap, _for_the_mean = asked
    # Eight origins half a horizon apart: each overlaps with itself and its one or two neighbors.
    assert everything == 8
    assert without_overlap == [6, 5, 5, 5, 5, 5, 5, 6]


def test_the_days_held_back_are_not_looked_at():
    demand = weekly_shop(140, 10)
    known = forecast(demand[:126], days(126), 14)
    figures = backtest(demand, days(140), 14)
    error = np.abs(demand[126:] - known.values).sum() / demand[126:].sum()
    assert figures["wape"] == pytest.approx(error)


def test_every_method_that_can_lead_has_a_description():
    rng = np.random.default_rng(0)
    seen = set()
    for demand, dates in ((weekly_shop(460, 5), days(460)), (rng.lognormal(3, 0.2, (60, 5)), months(60))):
        seen |= {name for name, _forecast in engine.forecasts(_history(demand, dates), 12)}
    assert {f"level-{life}-{cap}" for life in half_lives(7) for cap in CAPS} <= seen
    assert {"year-shape", "seasonal-growth", "smooth-log-trend", "croston-sba", BASELINE} <= seen
    words = {name: describe(name) for name in seen}
    assert len(set(words.values())) == len(words)


def _history(demand, dates):
    step = engine.step_of(dates)
    return engine.history_of(demand, step.season, step.year, np.zeros(len(dates), dtype=bool))


@pytest.mark.parametrize(
    ("demand", "dates", "horizon", "message"),
    [
        (np.zeros((5, 2)), days(4), 7, "with 4 dates"),
        (np.zeros(5), days(5), 7, "dates × series"),
        (np.full((5, 2), np.inf), days(5), 7, "finite"),
        (np.zeros((5, 2)), days(5), 0, "at least 1"),
    ],
)
def test_impossible_input_is_refused_with_the_reason(demand, dates, horizon, message):
    with pytest.raises(ValueError, match=message):
        forecast(demand, dates, horizon)


def test_a_missing_date_is_named():
    dates = days(5) + days(5, MONDAY + timedelta(days=6))
    with pytest.raises(SeriesError, match="row 7 has the date 2024-01-07 where 2024-01-06 should stand"):
        forecast(np.zeros((10, 1)), dates, 7)


def test_a_backtest_needs_something_to_learn_from():
    with pytest.raises(SeriesError, match="29 dates are too few to hold out 28"):
        backtest(np.zeros((29, 1)), days(29), 28)
