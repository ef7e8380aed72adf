"""The plan that is advised is the best of all that are for sale, and no plan is advised that only looks good."""

from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.recommendations.commitments.choosing import best_commitment, outcome_of, value_of
from pipelines.recommendations.commitments.deciding import Commitment, NoCommitment, Thresholds, advise
from pipelines.recommendations.commitments.months import Month, drawn, following, uncommitted
from pipelines.recommendations.commitments.plans import InForce, Term, break_even, monthly_savings

TODAY = date(2026, 11, 18)
TERM = Term(12, Decimal("0.15"), date(2026, 1, 1))


def _history(*eligible: int) -> list[Month]:
    """Months until October 2026 with as much a day as these of thirty days."""
    first = date(2026, 10 - len(eligible) + 1, 1)
    days = [first, *following(first, len(eligible) - 1)]
    return [
        Month(day, Decimal(cost) * (following(day, 1)[0] - day).days / 30)
        for day, cost in zip(days, eligible, strict=True)
    ]


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    level=st.floats(20, 400),
    spread=st.floats(0.01, 0.8),
    discount=st.sampled_from(["0.05", "0.12", "0.25", "0.4"]),
    caution=st.sampled_from([0.0, 0.5, 1.0, 3.0]),
)
def test_the_search_finds_what_trying_every_whole_euro_finds(seed, level, spread, discount, caution):
    eligible = np.random.default_rng(seed).lognormal(np.log(level), spread, size=(60, 12))
    term = Term(12, Decimal(discount), TODAY, 50, 700)
    tried = {each: value_of(each, float(discount), eligible, caution) for each in range(50, 701)}
    found = best_commitment(term, eligible, caution)
    assert tried[found] == pytest.approx(max(tried.values()), abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(commitment=st.integers(50, 9_999), eligible=st.floats(0, 20_000), discount=st.sampled_from([0.1, 0.2, 0.35]))
def test_a_plan_pays_exactly_where_usage_is_above_its_break_even(commitment, eligible, discount):
    saved = float(monthly_savings(commitment, discount, np.array([eligible]))[0])
    with_plan = commitment * (1 - discount) + max(0.0, eligible - commitment)
    assert saved == pytest.approx(eligible - with_plan, abs=1e-6)
    assert (saved > 1e-6) == (eligible > float(break_even(Decimal(commitment), Decimal(str(discount)))) + 1e-6)


def test_without_caution_the_best_commitment_is_the_newsvendors_quantile():
    eligible = np.random.default_rng(7).normal(1_000, 200, size=(4_000, 12)).clip(min=0)
    found = best_commitment(Term(12, Decimal("0.2"), TODAY), eligible, caution=0.0)
    assert found == pytest.approx(np.quantile(eligible, 0.2), abs=2)


def test_steady_usage_is_committed_to_nearly_in_full_and_swinging_usage_less():
    steady = advise(_history(*[1_000] * 10), [TERM], [], Decimal(0), TODAY, Thresholds())
    swinging = advise(
        _history(400, 1_900, 500, 1_800, 450, 1_700, 600, 1_500, 500, 1_000),
        [TERM],
        [],
        Decimal(0),
        TODAY,
        Thresholds(),
    )
    assert isinstance(steady, Commitment)
    assert 850 <= steady.chosen.outcome.commitment <= 1_000
    assert 0.9 * 150 <= steady.chosen.outcome.saving <= 150
    assert isinstance(swinging, NoCommitment) or swinging.chosen.outcome.commitment < 700


def test_what_is_to_go_and_what_older_plans_cover_is_not_committed_to_again():
    history = _history(*[1_000] * 10)
    alone = advise(history, [TERM], [], Decimal(0), TODAY, Thresholds())
    reduced = advise(history, [TERM], [], Decimal(400), TODAY, Thresholds())
    covered = advise(
        history, [TERM], [InForce(Decimal(900), date(2026, 1, 1), date(2029, 1, 1))], Decimal(0), TODAY, Thresholds()
    )
    assert isinstance(alone, Commitment)
    assert isinstance(reduced, Commitment)
    assert reduced.chosen.outcome.commitment <= alone.chosen.outcome.commitment - 350
    assert isinstance(covered, NoCommitment) or covered.chosen.outcome.commitment <= 100


@pytest.mark.parametrize(
    ("history", "terms", "said"),
    [
        (_history(*[1_000] * 10), [], "no API tells"),
        (_history(*[1_000] * 10), [Term(12, Decimal("0.2"), date(2027, 1, 1))], "no API tells"),
        (_history(*[1_000] * 3), [TERM], "only 3 of the 6"),
        ([*_history(*[1_000] * 10)[:4], *_history(*[1_000] * 10)[5:]], [TERM], "missing between"),
        (_history(*[1_000] * 9, 0), [TERM], "without any usage"),
    ],
)
def test_what_cannot_be_judged_is_said_with_its_reason(history, terms, said):
    advice = advise(history, terms, [], Decimal(0), TODAY, Thresholds())
    assert isinstance(advice, NoCommitment)
    assert advice.is_unjudged
    assert said in advice.reason


def test_the_length_of_a_month_is_no_growth():
    by_day = [Month(day, Decimal(10 * (following(day, 1)[0] - day).days)) for day in following(date(2025, 12, 1), 9)]
    futures = drawn(by_day, 12, 4_000, 1)
    lengths = [(following(day, 1)[0] - day).days for day in following(date(2026, 9, 1), 12)]
    assert np.median(futures, axis=0) / lengths == pytest.approx([10] * 12, rel=0.02)
    assert (drawn(by_day, 12, 50, 1) == drawn(by_day, 12, 50, 1)).all()


def test_a_plan_that_has_ended_covers_nothing():
    days = following(date(2026, 10, 1), 3)
    left = uncommitted(
        np.full((1, 3), 100.0), days, [InForce(Decimal(60), date(2026, 1, 1), date(2026, 12, 1))], Decimal(30)
    )
    assert left.tolist() == [[10.0, 70.0, 70.0]]


def test_utilisation_and_coverage_are_ratios_of_sums():
    told = outcome_of(100, TERM, np.array([[50.0, 200.0], [150.0, 100.0]]))
    assert told.utilisation == pytest.approx((50 + 100 + 100 + 100) / 400)
    assert told.coverage == pytest.approx(350 / 500)
