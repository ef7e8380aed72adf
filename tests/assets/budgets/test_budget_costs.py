"""Daily costs as budgets and forecasts take them."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from assets.budgets_costs import Known, forecast_ahead, points_ahead
from assets.forecasts_series import Costs, Leaf
from pipelines.forecast.days import Holidays

FIRST, COUNT = date(2026, 9, 1), 60
DAYS = [FIRST + timedelta(days=number) for number in range(COUNT)]
UNTIL = DAYS[-1] + timedelta(days=1)
LEAF = Leaf("p", "shop", "Instances", "usage")


def test_single_days_ahead_are_those_that_the_sums_with_bounds_are_made_of():
    costs = {day: Decimal(20 + number * 13 % 7 + number % 3) for number, day in enumerate(DAYS)}
    known, end = Known(frozenset(DAYS)), UNTIL + timedelta(days=10)
    sums = [Decimal(0), *(each.cost.expected for each in forecast_ahead(costs, known, end, Holidays.none).outlooks)]
    points, reason = points_ahead(costs, known, end, Holidays.none)
    assert reason is None
    assert list(points) == [UNTIL + timedelta(days=number) for number in range(10)]
    assert list(points.values()) == [later - earlier for earlier, later in pairwise(sums)]


def test_too_short_a_bill_gives_no_day_and_says_why():
    points, reason = points_ahead({}, Known(frozenset(DAYS[:3])), UNTIL, Holidays.none)
    assert not points
    assert reason is not None
    assert "days of history" in reason


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.integers(-3, COUNT + 3), st.sampled_from([Decimal(0), Decimal(3), Decimal(-1)])))
def test_a_series_is_as_old_as_the_forecaster_counts_it(charged):
    by_day = {FIRST + timedelta(days=number): cost for number, cost in charged.items()}
    costs = Costs("EUR", FIRST, UNTIL, frozenset(DAYS), {LEAF: by_day})
    assert costs.days(LEAF) == costs.part(LEAF).days
