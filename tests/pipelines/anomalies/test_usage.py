"""What follows usage is taken away, by the past alone; what does not stays."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.anomalies.usage import ENOUGH, without_usage

DAYS = 120
CHANCE = np.random.default_rng(5)
USAGE = 1000 * np.exp(0.3 * CHANCE.normal(size=DAYS))
NOISE = np.exp(0.02 * CHANCE.normal(size=DAYS))


def test_what_follows_usage_is_explained_and_what_does_not_is_left():
    values = 0.02 * USAGE * NOISE
    values[100] *= 2
    (left,) = without_usage(values, USAGE)
    others = np.delete(left[40:], 60)
    assert np.std(np.log(others)) < 0.3 * np.std(np.log(np.delete(values[40:], 60)))
    assert left[100] > 1.6 * np.median(others)
    np.testing.assert_array_equal(left[:ENOUGH], values[:ENOUGH])


def test_a_fixed_part_is_learnt_too_and_a_cost_that_stays_while_usage_halves_stands_out():
    values = (10 + 0.01 * USAGE) * NOISE
    usage = USAGE.copy()
    usage[100] *= 0.6
    (left,) = without_usage(values, usage)
    assert np.std(np.log(left[40:100])) < 0.5 * np.std(np.log(values[40:100]))
    assert left[100] > 1.15 * np.median(left[60:100])


@pytest.mark.parametrize(
    "usage",
    [np.full(DAYS, np.nan), np.zeros(DAYS), np.full(DAYS, 7.0), np.where(np.arange(DAYS) < 110, np.nan, USAGE)],
    ids=["unknown", "none", "constant", "known for ten days"],
)
def test_nothing_is_taken_away_where_usage_says_nothing(usage):
    values = 20 * NOISE
    values[60], values[70] = np.nan, 0.0
    np.testing.assert_allclose(without_usage(values, usage)[0], values, rtol=1e-12)


def test_usage_that_has_nothing_to_do_with_a_cost_takes_almost_nothing_away():
    chance = np.random.default_rng(9)
    costs, units = (np.exp(0.2 * chance.normal(size=(50, DAYS))) for _ in range(2))
    moved = np.abs(np.log(without_usage(costs, units) / costs))
    assert (moved > 0.02).mean() < 0.02
    assert (moved == 0).mean() > 0.9


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(ENOUGH, DAYS - 1), st.floats(0.01, 100))
def test_later_days_change_nothing_and_scale_and_unit_do_not_matter(seed, cut, scale):
    chance = np.random.default_rng(seed)
    usage = np.exp(0.3 * chance.normal(size=(2, DAYS)))
    values = usage * np.exp(0.1 * chance.normal(size=(2, DAYS)))
    left = without_usage(values, usage)
    np.testing.assert_allclose(without_usage(values[:, :cut], usage[:, :cut]), left[:, :cut])
    np.testing.assert_allclose(without_usage(scale * values, usage / scale), scale * left)
    np.testing.assert_allclose(without_usage(values[1], usage[1])[0], left[1])
