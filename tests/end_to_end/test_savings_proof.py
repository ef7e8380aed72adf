"""Savings on simulated bills with known truth: close, honestly bounded, and watched."""

import numpy as np
import pytest

from benchmarks.savings_cases import cases
from benchmarks.savings_proof import bounces, judged, no_action


@pytest.fixture(scope="module")
def found():
    return [judged(case) for seed in range(100, 106) for case in cases(seed, 40)]


def test_nine_of_ten_savings_are_within_five_percent_of_the_truth(found):
    assert np.mean([each.is_close for each in found]) >= 0.9


def test_the_interval_holds_the_truth_about_as_often_as_it_says(found):
    moving = [each.is_held for each in found if each.is_uncertain]
    assert len(moving) > 60
    assert 0.8 <= np.mean(moving) <= 0.97  # a small sample of what `benchmarks.savings_proof` measures


def test_what_is_spent_again_is_seen_within_a_week_and_nothing_else_is_said_to_be(found):
    real, seen, false = bounces(found)
    assert real > 10
    assert (seen, false) == (real, 0)


def test_where_nothing_was_done_hardly_anything_is_claimed(found):
    tried, claimed = no_action(found)
    assert tried == len(found)
    assert claimed <= 0.02 * tried
