"""A line through days: what it finds, how sure it says it is, and when it says nothing."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipelines.regression.line import Line, NoLine, fit_line

UNITS = st.lists(st.integers(0, 10**7), min_size=30, max_size=60)
COSTS = st.lists(st.integers(0, 10**8), min_size=60, max_size=60)


def decimals(numbers, places: int = 12) -> list[Decimal]:
    return [Decimal(f"{number:.{places}f}") for number in numbers]


def test_days_on_a_line_give_it_back_without_error():
    units = [Decimal(number) for number in range(100, 140)]
    found = fit_line(units, [Decimal("12.5") + unit * Decimal("0.004") for unit in units], 30)
    assert found == Line(Decimal("12.5"), Decimal("0.004"), Decimal(0), Decimal(0), Decimal(1), 40)


def test_a_cost_that_never_changes_is_fixed_whatever_is_asked_of_it():
    found = fit_line([Decimal(number) for number in range(30)], [Decimal("0.694752")] * 30, 30)
    assert found == Line(Decimal("0.694752"), Decimal(0), Decimal(0), Decimal(0), None, 30)


@settings(max_examples=60, deadline=None)
@given(UNITS, COSTS)
def test_it_is_the_least_squares_line_with_errors_of_the_published_form(units, costs):
    assume(len(set(units)) > 3)
    costs = costs[: len(units)]
    found = fit_line([Decimal(unit) for unit in units], [Decimal(cost) / 100 for cost in costs], 30)
    assume(isinstance(found, Line))
    x = np.column_stack([np.ones(len(units)), np.array(units, float) / 1e6])
    y = np.array(costs) / 100
    inverse = np.linalg.inv(x.T @ x)
    line = inverse @ x.T @ y
    leverage = np.einsum("ij,jk,ik->i", x, inverse, x)
    assume(leverage.max() < 0.999)
    meat = x.T @ np.diag(((y - x @ line) / (1 - leverage)) ** 2) @ x
    errors = np.sqrt(np.diag(inverse @ meat @ inverse))
    size = max(1.0, float(np.abs(y).max()))
    assert float(found.fixed_cost) == pytest.approx(line[0], rel=1e-6, abs=1e-6 * size)
    assert float(found.marginal_cost) * 1e6 == pytest.approx(line[1], rel=1e-5, abs=1e-5 * size)
    assert float(found.fixed_error) == pytest.approx(errors[0], rel=1e-5, abs=1e-6 * size)
    assert float(found.marginal_error) * 1e6 == pytest.approx(errors[1], rel=1e-4, abs=1e-5 * size)


def test_its_error_covers_the_truth_where_busy_days_scatter_more():
    draw = np.random.default_rng(7)
    covered = 0
    for _ in range(200):
        units = draw.uniform(1_000, 9_000, 45)
        costs = 40 + 0.01 * units + draw.normal(0, 0.0015 * units)
        found = fit_line(decimals(units), decimals(costs), 30)
        covered += abs(found.marginal_cost - Decimal("0.01")) <= 2 * found.marginal_error
    assert 180 <= covered <= 200  # of 200, at about 95 %


@pytest.mark.parametrize(
    ("units", "reason"),
    [
        (range(29), "29 days of units and cost, at least 30 are needed"),
        ([5] * 40, "units are the same on every day"),
        ([0] * 40, "units are the same on every day"),
        ([5] * 39 + [9], "units differ on a single day alone"),
    ],
)
def test_days_that_tell_no_line_say_why(units, reason):
    found = fit_line([Decimal(unit) for unit in units], [Decimal(1)] * len(units), 30)
    assert isinstance(found, NoLine)
    assert found.reason.startswith(reason)


def test_days_of_units_and_cost_come_in_pairs():
    with pytest.raises(ValueError, match="30 days of units and 1 of cost"):
        fit_line([Decimal(1)] * 30, [Decimal(1)], 30)
