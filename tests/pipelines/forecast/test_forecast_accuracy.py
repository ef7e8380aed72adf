"""Forecasts are better than the naive ones, say so when they are not, and their bounds hold as often as promised."""

from datetime import UTC, datetime

import numpy as np
import pytest

from benchmarks.forecast_kinds import KINDS, made_up
from pipelines.errors import UsageError
from pipelines.forecast.drivers import Driver
from pipelines.forecast.forecast import forecast
from pipelines.forecast.series import series_of
from pipelines.forecast.steps import Grid, Step

START = datetime(2025, 3, 1, tzinfo=UTC)


def daily(values, start=START):
    return series_of(values, Grid(start, Step()))


def score(found, horizon):
    return next(each for each in found.backtest if each.horizon == horizon)


@pytest.fixture(scope="module")
def found():
    """A forecast of two series of every kind."""
    return {(kind, seed): forecast(made_up(kind, seed), 30, totals=(15,)) for kind in KINDS for seed in (101, 102)}


def test_bounds_hold_in_eighty_percent_of_the_cases_at_every_horizon(found):
    for horizon in (1, 7, 14, 30):
        held = [score(each, horizon).coverage for each in found.values()]
        assert 0.75 <= np.mean(held) <= 0.85, horizon
        assert np.mean([0.65 <= share <= 0.95 for share in held]) >= 0.9, horizon
    assert 0.75 <= np.mean([each.totals[0].score.coverage for each in found.values()]) <= 0.85


def test_the_error_is_well_below_the_naive_one_at_every_horizon(found):
    for horizon in (1, 7, 14, 30):
        ratio = [score(each, horizon).wape / score(each, horizon).naive_wape for each in found.values()]
        assert np.exp(np.mean(np.log(ratio))) < 0.8, horizon
    sums = [each.totals[0].score for each in found.values()]
    assert np.exp(np.mean(np.log([each.wape / each.naive_wape for each in sums]))) < 0.7


def test_a_higher_level_gives_wider_bounds():
    series = made_up("weekly walk", 3)
    narrow, usual, wide = (forecast(series, 14, level) for level in (50, 80, 98))
    assert (narrow.high - narrow.low < usual.high - usual.low).all()
    assert (usual.high - usual.low < wide.high - wide.low).all()
    assert np.array_equal(narrow.points, wide.points)


def test_one_strange_day_is_forgotten_and_a_new_level_is_taken_up_within_days():
    chance = np.random.default_rng(4)
    values = 100 + chance.normal(0, 1, 200)
    spike = values.copy()
    spike[-1] = 900
    assert np.abs(forecast(daily(spike), 7).points - 100).max() < 30  # of 800
    shift = values.copy()
    shift[-5:] += 60
    assert np.abs(forecast(daily(shift), 7).points - 160).max() < 15


def test_a_forecast_that_is_no_better_than_the_last_week_is_the_last_week_and_says_so():
    week = [5.0, 9.0, 3.0, 7.0, 8.0, 1.0, 2.0]
    found = forecast(daily(week * 12), 10)
    assert not found.beats_naive
    assert found.method.startswith("naive")
    assert any("naive" in note for note in found.notes)
    assert found.points.tolist() == pytest.approx((week * 2)[:10])
    assert np.array_equal(found.points, found.naive)


def test_the_rest_of_a_month_is_the_sum_with_bounds_narrower_than_the_sum_of_bounds():
    chance = np.random.default_rng(9)
    found = forecast(daily(100 + chance.normal(0, 20, 300)), 30, totals=(30, 10))
    whole, part = found.totals
    assert whole.value == pytest.approx(3000, rel=0.05)
    assert part.value == pytest.approx(1000, rel=0.05)
    assert whole.high - whole.low < 0.6 * float((found.high - found.low).sum())
    assert whole.score.wape < score(found, 30).wape


def test_a_driver_is_used_when_it_lowers_the_error_and_shows_the_fixed_and_the_marginal_cost():
    chance = np.random.default_rng(2)
    days = np.arange(230)
    requests = 1000 + 300 * np.sin(2 * np.pi * days / 45) + 200 * (days % 7 < 5) + chance.normal(0, 20, 230)
    cost = 50 + 0.2 * requests[:200] + chance.normal(0, 2, 200)
    planned = Driver("requests", daily(requests))
    found = forecast(daily(cost), 14, driver=planned)
    assert found.driver is not None
    assert found.driver.is_used
    assert found.driver.marginal == pytest.approx(0.2, abs=0.02)
    assert found.driver.fixed == pytest.approx(50, abs=15)
    assert found.driver.error_with < found.driver.error_without
    assert np.abs(found.points - (50 + 0.2 * requests[200:214])).max() < 12  # the plan is known
    without = forecast(daily(cost), 14)
    useless = forecast(daily(cost), 14, driver=Driver("weather", daily(chance.normal(10, 3, 200))))
    assert useless.driver is not None
    assert useless.driver.is_used == (useless.driver.error_with < useless.driver.error_without)
    assert useless.driver.error_without == pytest.approx(found.driver.error_without)
    if not useless.driver.is_used:
        assert np.array_equal(useless.points, without.points)
    with pytest.raises(UsageError, match="share 0 points"):
        forecast(daily(cost), 14, driver=Driver("late", daily(requests, datetime(2026, 3, 1, tzinfo=UTC))))


def test_a_short_history_says_that_its_bounds_are_not_measured():
    found = forecast(daily(np.arange(12) % 3 + 1.0), 30)
    assert any("too short" in note for note in found.notes)
    assert (found.high - found.low)[-1] > 0


def test_hours_show_their_day_and_months_their_year():
    hours = series_of([10 + 5 * np.sin(2 * np.pi * hour / 24) for hour in range(24 * 12)], Grid(START, Step(3600)))
    months = series_of([10 + (month % 12) + month * 0.1 for month in range(60)], Grid(START, Step(0, 1)))
    for series, expected in (
        (hours, [10 + 5 * np.sin(2 * np.pi * hour / 24) for hour in range(24 * 12, 24 * 13)]),
        (months, [10 + (month % 12) + month * 0.1 for month in range(60, 72)]),
    ):
        assert np.abs(forecast(series, len(expected)).points - expected).max() < 0.7


def test_a_real_bill_is_forecast_better_than_naively(reference_data):
    from benchmarks.forecast import series_of_file

    bill = dict(series_of_file(reference_data / "data" / "cost_daily" / "mybinder_gcp_daily_cost.csv.gz"))
    found = forecast(bill["mybinder_gcp_daily_cost project_id binder-prod"], 30, totals=(15,))
    assert found.beats_naive
    for horizon in (1, 7, 14, 30):
        assert score(found, horizon).wape < score(found, horizon).naive_wape
        assert 0.7 <= score(found, horizon).coverage <= 0.9
