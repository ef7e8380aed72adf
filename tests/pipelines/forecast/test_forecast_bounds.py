"""Bounds that hold as often as they say at each distance, and are not told where nobody knows."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.forecast_held_out import HELD_OUT
from benchmarks.forecast_kinds import made_up
from pipelines.forecast.bounds import LEAST_WINDOWS, Errors, bounds
from pipelines.forecast.days import Holidays
from pipelines.forecast.parts import Part, daily_bounds, tell, window

HORIZON = 90


def told(kind: str, seed: int, days: int):
    """One series that nothing was tuned on, forecast, and what came after."""
    series = made_up(kind, seed, days + HORIZON, HELD_OUT[kind])
    values = series.values[:days].copy()
    values[~np.isfinite(values)] = np.nan
    values[-1] = values[np.isfinite(values)][-1]
    return tell(Part(values, 0), series.grid, HORIZON, Holidays.none), series.values[days : days + HORIZON]


@pytest.fixture(scope="module")
def many():
    """Fourteen months of five series of each kind."""
    return [told(kind, seed, 425) for kind in HELD_OUT for seed in range(5)]


def test_bounds_hold_in_four_of_five_cases_on_kinds_that_nothing_was_tuned_on(many):
    for first, last in ((0, 1), (6, 7), (13, 14), (29, 30), (0, 13), (0, 30)):
        held = [window(each, first, last, 0.8).score.coverage for each, _ in many]
        held = [each for each in held if each is not None]
        assert len(held) >= 25
        assert 0.74 <= np.mean(held) <= 0.88, (first, last)


def test_what_comes_later_lies_in_the_bounds_as_often(many):
    inside = []
    for each, came in many:
        low, high = daily_bounds(each, 0.8)
        known = np.isfinite(came) & np.isfinite(low)
        inside.append(((low <= came + 1e-9) & (came <= high + 1e-9))[known].mean())
    assert 0.7 <= np.mean(inside) <= 0.93


def test_bounds_of_a_walk_widen_with_distance_and_those_of_a_repeating_week_do_not():
    walk, week = (bounds(Errors(errors(kind), 1), 0.8, 14) for kind in ("walk", "week"))
    width = walk.high - walk.low
    assert width[13] > 1.5 * width[2] > 1.5 * width[0]
    width = week.high - week.low
    assert width[6] < 0.7 * width[3]


def errors(kind: str):
    """Of 300 forecasts of 14 days: of a level that walks away, or of a week that repeats and is less sure between."""
    chance = np.random.default_rng(7)
    noise = chance.normal(0, 1, (300, 14))
    found = np.cumsum(noise, axis=1) if kind == "walk" else noise * np.where(np.arange(1, 15) % 7 == 0, 0.4, 1.0)
    found[np.add.outer(np.arange(300), np.arange(1, 15)) >= 300] = np.nan
    return found


@pytest.mark.parametrize("days", [60, 120, 200, 425])
def test_no_bounds_are_told_from_fewer_than_four_stretches_without_overlap(days):
    each, _ = told("held-out mixture", 1, days)
    low, _ = daily_bounds(each, 0.8)
    span = (each.actual.shape[0] - 1) * each.stride
    for ahead in (7, 14, 30, 60, 90):
        enough = span / ahead >= LEAST_WINDOWS
        assert window(each, 0, ahead, 0.8).is_measured == enough, ahead
        assert bool(np.isfinite(low[ahead - 1])) <= enough


def test_how_often_bounds_held_is_not_told_from_few_outcomes():
    each, _ = told("held-out mixture", 2, 200)
    assert window(each, 0, 7, 0.8).score.coverage is not None
    assert window(each, 0, 40, 0.8).score.coverage is None


def test_a_series_that_doubles_its_errors_gets_wider_bounds():
    each, _ = told("held-out line", 1, 425)
    chance = np.random.default_rng(1)
    noisy = replace(each, actual=each.actual + chance.normal(0, np.nanstd(each.values), each.actual.shape))
    narrow, wide = (np.subtract(*reversed(daily_bounds(one, 0.8)))[:30] for one in (each, noisy))
    assert (wide > 1.5 * narrow).all()
