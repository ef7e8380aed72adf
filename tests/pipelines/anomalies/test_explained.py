"""Reasons account for the size of a move, not only for its direction."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.anomalies.baselines import Course, course_of, expected_days, last_day
from pipelines.anomalies.explained import (
    Deed,
    PriceChange,
    Usage,
    by_calendar,
    by_code,
    by_price,
    by_purpose,
    by_removal,
    by_usage,
)
from pipelines.anomalies.verdicts import Kind
from pipelines.forecast.drivers import line

FIRST = date(2026, 1, 1)
DAYS = [FIRST + timedelta(days=number) for number in range(120)]
UNITS = 1000 + 50.0 * (np.arange(120) % 7) + np.random.default_rng(1).normal(0, 20, 120)
DEED = Deed("CreateServer", "terraform (1a2b3c4d)", date(2026, 4, 11), "id", "big", is_code=True, is_removal=False)


def usage_of(units, cost):
    return Usage("requests", "shop, Serverless Containers", units, cost)


def test_cost_that_follows_its_driver_is_explained_with_the_drivers_move_in_percent():
    units = UNITS.copy()
    units[100:103] *= 1.38
    cost = 5 + 0.01 * units
    found = by_usage(usage_of(units, cost), course_of(cost, 100, 102), Kind.SPIKE, 1.0, line)
    assert found is not None
    assert found.by == "requests of shop, Serverless Containers"
    assert found.words in {f"explained by +{percent} % requests" for percent in (36, 37, 38, 39, 40)}


@pytest.mark.parametrize(
    ("factor", "more"),
    [(1.0, 10), (1.38, 30), (0.8, 10)],
    ids=["the driver stood still", "the cost moved by far more", "the driver moved the other way"],
)
def test_cost_that_moved_without_its_driver_is_not_explained(factor, more):
    units = UNITS.copy()
    cost = 5 + 0.01 * units
    units[100:103] *= factor
    cost[100:103] += more
    assert by_usage(usage_of(units, cost), course_of(cost, 100, 102), Kind.SPIKE, 1.0, line) is None


def test_a_driver_that_never_explained_the_cost_or_is_not_known_explains_nothing():
    units, noise = UNITS.copy(), 20 + np.random.default_rng(2).normal(0, 3, 120)
    units[100:103] *= 1.4
    noise[100:103] += 5
    course = course_of(noise, 100, 102)
    assert by_usage(usage_of(units, noise), course, Kind.SPIKE, 9.0, line) is None
    units[101] = np.nan
    cost = 5 + 0.01 * UNITS
    cost[100:103] += 4
    assert by_usage(usage_of(units, cost), course_of(cost, 100, 102), Kind.SPIKE, 9.0, line) is None


def test_a_price_explains_what_the_old_amounts_cost_at_the_new_price_and_no_more():
    change = PriceChange("/compute/h100", date(2026, 4, 11), 2.52, 2.8665, 120.96)
    risen = by_price([change], Course(100, 101, 137.6, 120.96), 2.0)
    assert risen is not None
    assert "+13.7 % from 2026-04-11" in risen.words
    assert by_price([change], Course(100, 101, 180.0, 120.96), 2.0) is None
    assert by_price([], Course(100, 101, 137.6, 120.96), 2.0) is None


def test_a_month_end_like_the_last_one_is_explained_and_a_larger_one_is_not():
    values = np.zeros(120)
    for end in (date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)):
        values[(end - FIRST).days - 1 : (end - FIRST).days + 1] = 60
    at = (date(2026, 3, 31) - FIRST).days
    found = by_calendar(values, DAYS, course_of(values, at - 1, at))
    assert found is not None
    assert found.words == "the same at the month end of 2026-02"
    values[at - 1 : at + 1] = 200
    assert by_calendar(values, DAYS, course_of(values, at - 1, at)) is None
    assert by_calendar(values, DAYS, Course(70, 71, 60, 0)) is None  # in the middle of March


def test_names_that_say_exercise_explain_only_when_all_do():
    assert (
        by_purpose(["restore-drill-01 {}", 'vm {"purpose":"dr-test"}']).words
        == "an exercise by its name: restore-drill"
    )
    assert by_purpose(["restore-drill-01", "web-01"]) is None
    assert by_purpose(["drilling-rig", "quadrille"]) is None
    assert by_purpose([]) is None


def test_a_change_as_code_explains_what_it_touched_up_to_a_limit_and_a_removal_a_fall():
    course = Course(100, 104, 100.0, 0.0)
    assert by_code([DEED], 95.0, course, 30.0).words == "CreateServer big by terraform (1a2b3c4d) on 2026-04-11"
    assert by_code([DEED], 50.0, course, 30.0) is None
    assert by_code([DEED], 95.0, course, 10.0) is None
    gone = Deed("DeleteServer", "console (9)", DEED.on, "id", "big", is_code=False, is_removal=True)
    assert by_code([gone], 95.0, course, 30.0) is None
    assert by_removal([gone], -95.0, Course(100, 104, 0.0, 100.0)).by == "removal"
    assert by_removal([gone], 95.0, course) is None


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(0, 1000), min_size=60, max_size=60),
    st.integers(28, 55),
    st.sampled_from([1, -1]),
)
def test_an_event_lasts_from_its_first_day_four_weeks_at_most_and_is_compared_with_its_past_alone(values, first, sign):
    series = np.array(values)
    last = last_day(series, first, sign)
    assert first <= last < min(first + 28, 60)
    changed = series.copy()
    changed[first:] += 77
    assert np.array_equal(expected_days(series, first, last), expected_days(changed, first, last))
    course = course_of(series, first, last)
    assert course.impact == pytest.approx(series[first : last + 1].sum() - expected_days(series, first, last).sum())
