"""The difference of two methods' errors comes with an honest standard error."""

import numpy as np
import pytest

from benchmarks.forecast_margin import margin

DAYS = list(range(400))


def noise(seed: int, hang_together: int = 1):
    """Differences of 400 days, each the mean of that many neighbours."""
    chance = np.random.default_rng(seed).normal(0, 1, 400 + hang_together)
    return np.convolve(chance, np.ones(hang_together) / hang_together, "valid")[:400]


def test_independent_errors_have_the_usual_standard_error():
    found = margin("other", [(DAYS, noise(1), 400.0)], 1)
    assert found.difference == pytest.approx(noise(1).sum() / 400)
    assert found.error == pytest.approx(400**0.5 / 400, rel=0.25)


def test_errors_of_overlapping_forecasts_count_as_few():
    values = noise(2, 30)
    naive = values.std() * 400**0.5 / 400
    found = margin("other", [(DAYS, values, 400.0)], 30)
    assert found.error is not None
    assert found.error > 2.5 * naive


def test_two_views_of_the_same_money_tell_no_more_than_one():
    one = (DAYS, noise(3), 400.0)
    assert margin("other", [one, one], 7).error == pytest.approx(margin("other", [one], 7).error)


def test_a_lead_is_clear_only_where_chance_hardly_explains_it():
    leads = [margin("other", [(DAYS, noise(seed, 14) - 0.5, 400.0)], 14).is_clear for seed in range(20)]
    none = [margin("other", [(DAYS, noise(seed, 14), 400.0)], 14).is_clear for seed in range(40)]
    assert sum(leads) >= 18
    assert sum(none) <= 6


def test_nothing_is_said_of_a_handful_of_days():
    found = margin("other", [([1, 2, 3], [-1.0, -1.0, -1.0], 3.0)], 1)
    assert found.error is None
    assert not found.is_clear
