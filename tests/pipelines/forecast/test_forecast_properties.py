"""What holds for a forecast of any series."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipelines.errors import UsageError
from pipelines.forecast.days import Holidays
from pipelines.forecast.forecast import forecast
from pipelines.forecast.series import Series, read_series, series_of
from pipelines.forecast.steps import Grid, Step
from pipelines.forecast.trials import try_models

START = datetime(2025, 11, 3, tzinfo=UTC)
SLOW = settings(max_examples=25, deadline=None)
COSTS = st.one_of(st.floats(0, 1e6), st.just(0.0), st.sampled_from([1.0, 99.5, 1e-9, 1e12]), st.just(float("nan")))


def daily(values) -> Series:
    return series_of(values, Grid(START, Step()))


def histories(least=10, most=120, elements=COSTS):
    return (
        st.integers(least, most)
        .flatmap(lambda count: arrays(np.float64, count, elements=elements))
        .filter(lambda values: np.isfinite(values).sum() >= 10)
    )


def close(one, other, size) -> bool:
    return np.allclose(one, other, rtol=1e-6, atol=1e-9 * size)


@SLOW
@given(histories(), st.integers(1, 40), st.sampled_from([50, 80, 95]))
def test_a_forecast_is_finite_ordered_and_not_negative_where_the_history_is_not(values, horizon, level):
    found = forecast(daily(values), horizon, level, totals=(horizon,))
    for part in (found.points, found.low, found.high, found.naive):
        assert part.shape == (horizon,)
        assert np.isfinite(part).all()
    assert (found.low <= found.points).all()
    assert (found.points <= found.high).all()
    assert (found.low >= 0).all()
    [total] = found.totals
    assert 0 <= total.low <= total.value <= total.high
    for score in found.backtest:
        assert score.coverage is None or 0 <= score.coverage <= 1
        assert score.wape is None or score.wape >= 0


@SLOW
@given(histories(least=20, elements=st.floats(0.01, 1e4)), st.integers(-20, 20), st.floats(0.01, 1000))
def test_another_unit_is_another_unit_and_nothing_else(values, power, factor):
    plain = forecast(daily(values), 10, totals=(5,))
    doubled = forecast(daily(values * 2.0**power), 10, totals=(5,))
    assert np.array_equal(doubled.points, plain.points * 2.0**power)
    assert np.array_equal(doubled.high, plain.high * 2.0**power)
    scaled = forecast(daily(values * factor), 10, totals=(5,))
    size = float(values.max()) * factor
    assert close(scaled.points, plain.points * factor, size * 1e3)
    assert [each.horizon for each in scaled.backtest] == [each.horizon for each in plain.backtest]


@SLOW
@given(st.floats(-1e9, 1e9), st.integers(10, 200), st.integers(1, 30))
def test_what_never_changes_is_forecast_to_stay_with_no_doubt(value, count, horizon):
    found = forecast(daily([value] * count), horizon, totals=(horizon,))
    for part in (found.points, found.low, found.high):
        assert np.allclose(part, value, rtol=1e-9)
    assert found.totals[0].value == pytest.approx(horizon * value)
    assert not found.beats_naive  # nothing can beat repeating it


@SLOW
@given(histories(least=60, most=140, elements=st.floats(0, 1e3)), st.integers(40, 55), st.floats(0, 1e5))
def test_what_comes_later_changes_nothing_that_was_said_before(values, cut, later):
    changed = values.copy()
    changed[cut + 1 :] = later
    one, other = (try_models(daily(each), 14, Holidays.generic, (7,), None) for each in (values, changed))
    assert np.array_equal(one.origins, other.origins)
    before = one.origins <= cut
    assert before.any()
    assert np.allclose(one.past[before], other.past[before], rtol=1e-9, atol=1e-9)
    assert np.allclose(one.sums[0].past[before], other.sums[0].past[before], rtol=1e-9, atol=1e-9, equal_nan=True)


def test_the_back_test_says_what_a_forecast_of_that_day_said():
    """At one origin a point apart, the past of the long history and the forecast of the short one are the same."""
    chance = np.random.default_rng(5)
    values = 100 + 20 * (np.arange(100) % 7 < 5) + np.cumsum(chance.normal(size=100))
    whole = try_models(daily(values), 14, Holidays.none, (), None)
    assert whole.stride == 1
    for cut in (60, 75, 90):
        then = try_models(daily(values[: cut + 1]), 14, Holidays.none, (), None)
        at = int(np.flatnonzero(whole.origins == cut)[0])
        assert np.allclose(whole.past[at], then.final, rtol=1e-9)


@SLOW
@given(st.randoms(use_true_random=False), histories(least=15, most=60, elements=st.floats(-1e3, 1e3)))
def test_the_order_of_lines_does_not_matter(chance, values):
    days = np.datetime64("2026-01-01") + np.arange(len(values))
    lines = [
        (number, str(day), repr(float(value))) for number, (day, value) in enumerate(zip(days, values, strict=True))
    ]
    shuffled = list(lines)
    chance.shuffle(shuffled)
    one, other = read_series(lines).series, read_series(shuffled).series
    assert np.array_equal(one.values, other.values)
    assert one.grid == other.grid


@given(st.integers(-5, 5000), st.floats(-50, 150))
def test_a_horizon_or_level_that_makes_no_sense_is_refused(horizon, level):
    if 1 <= horizon <= 3000 and 0 < level < 100:
        return
    with pytest.raises(UsageError):
        forecast(daily([1.0] * 20), horizon, level)
