"""A saving is what the bill would have been less what it is: not a cheaper price, not less demand, not a lucky week."""

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.recommendations.proof.corrections import Outcome, corrections
from pipelines.recommendations.proof.guard import Service, guard
from pipelines.recommendations.proof.history import Days
from pipelines.recommendations.proof.saved import State, saved

FIRST = date(2026, 8, 3)
DONE = FIRST + timedelta(days=40)
MONTH = 730 / 24


def days(before, after, driver=None, price=None):
    cost = np.concatenate([np.asarray(before, float), np.asarray(after, float)])
    return Days(FIRST, cost, np.ones(len(cost)) if price is None else np.asarray(price, float), driver)


@settings(max_examples=25, deadline=None)
@given(cost=st.floats(0.5, 500), kept=st.floats(0, 0.95), after=st.integers(8, 60))
def test_what_costs_the_same_every_day_is_proved_exactly(cost, kept, after):
    told = saved(days([cost] * 40, [cost * kept] * after), DONE)
    assert told.state is State.verified
    assert told.monthly == pytest.approx(cost * (1 - kept) * MONTH, rel=1e-6)
    assert told.low == pytest.approx(told.high, abs=1e-6)


def test_a_dearer_price_hides_no_saving_and_a_cheaper_one_is_none():
    price = [1.0] * 40 + [1.1] * 20
    told = saved(days([10] * 40, [5.5] * 20, price=price), DONE)
    assert told.monthly == pytest.approx(5.5 * MONTH)
    cheaper = saved(days([10] * 40, [8] * 20, price=[1.0] * 40 + [0.8] * 20), DONE)
    assert cheaper.monthly == pytest.approx(0, abs=1e-6)
    assert cheaper.state is State.unproven


def test_less_work_is_no_saving_where_the_work_is_known():
    random = np.random.default_rng(3)
    work = np.concatenate([random.uniform(80, 120, 40), random.uniform(40, 60, 20)])
    told = saved(days(work[:40] * 0.2, work[40:] * 0.2, driver=work), DONE)
    assert told.monthly == pytest.approx(0, abs=1e-6)


def test_a_quiet_weekend_is_no_saving():
    week = np.array([10, 10, 10, 10, 10, 3, 3], float)
    cost = np.tile(week, 8)
    random = np.random.default_rng(5)
    told = saved(days(cost[:40] * random.uniform(0.99, 1.01, 40), cost[40:49]), DONE)
    assert abs(told.monthly) < 0.04 * week.mean() * MONTH


def test_a_saving_that_is_spent_again_is_seen_within_three_days():
    told = saved(days([10] * 40, [4] * 15 + [11] * 3), DONE)
    assert told.state is State.bounced_back
    assert told.since == DONE + timedelta(days=15)
    assert saved(days([10] * 40, [4] * 15 + [11] * 2), DONE).state is State.verified


@pytest.mark.parametrize(
    ("before", "after", "state"),
    [(40, 3, State.waiting), (40, 0, State.waiting), (10, 30, State.unjudged)],
)
def test_too_few_days_are_no_proof(before, after, state):
    cost = np.r_[np.full(40 - before, np.nan), np.full(before, 10.0)]
    told = saved(days(cost, [5] * after), DONE)
    assert (told.state, told.monthly) == (state, None)


def test_a_day_that_was_not_charged_yet_is_not_a_day_without_cost():
    told = saved(days([10] * 40, [5] * 12 + [np.nan] * 8), DONE)
    assert told.days == 11
    assert told.monthly == pytest.approx(5 * MONTH)


def test_noise_widens_the_interval():
    random = np.random.default_rng(11)
    calm = saved(days(random.normal(10, 0.2, 40), random.normal(7, 0.2, 20)), DONE)
    wild = saved(days(random.normal(10, 4, 40), random.normal(7, 4, 20)), DONE)
    assert (wild.high - wild.low) > 5 * (calm.high - calm.low)


def test_measures_of_other_days_are_refused():
    with pytest.raises(ValueError, match="give each measure the same days"):
        Days(FIRST, np.ones(5), np.ones(4))


def test_a_service_that_fails_more_is_harmed_and_one_that_is_not_measured_is_not_guarded():
    well = Service(requests=100_000, failed=100, measured_hours=300, saturated_hours=0)
    assert guard(well, Service(requests=100_000, failed=110, measured_hours=300, saturated_hours=1)).is_harmed is False
    assert guard(well, Service(requests=100_000, failed=900)).is_harmed
    assert guard(well, Service(measured_hours=300, saturated_hours=9)).is_harmed
    assert guard(Service(latency_p95_seconds=0.2), Service(latency_p95_seconds=0.4)).is_harmed
    blind = guard(Service(), Service())
    assert (blind.is_harmed, blind.checked) == (False, ())
    assert "not guarded" in blind.reason


def test_a_service_that_stood_at_its_limit_before_is_not_harmed_by_standing_there():
    before = Service(measured_hours=100, saturated_hours=20)
    assert not guard(before, Service(measured_hours=100, saturated_hours=20)).is_harmed


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 1_000), st.floats(0, 2)), min_size=1, max_size=30))
def test_a_rules_factor_lies_between_one_and_what_it_was_worth(told):
    outcomes = [
        Outcome("r", "EUR", Decimal(said), Decimal(said) * Decimal(str(round(share, 4)))) for said, share in told
    ]
    (found,) = corrections(outcomes)
    ratio = found.realised / found.predicted
    assert min(ratio, Decimal(1)) - Decimal("0.0001") <= found.factor <= max(ratio, Decimal(1)) + Decimal("0.0001")
    many = corrections(outcomes * 200)[0].factor
    assert many == pytest.approx(ratio, abs=Decimal("0.03"))
