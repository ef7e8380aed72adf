"""The floor: whatever a policy says, audit, security, errors, slow and unknown data lose nothing; the rest saves."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from pipelines.telemetry.classes import PROTECTED, LogClass
from pipelines.telemetry.plan import Action, Stream, planned, step_of
from pipelines.telemetry.policy import DEFAULTS, FREE_DAYS, ClassPolicy, Policy
from pipelines.telemetry.prices import (
    LIST,
    SAMPLE_TIERS,
    archive_cost,
    marginal_saving,
    restore_cost,
    samples_cost,
)

D = Decimal
class_policies = st.builds(
    ClassPolicy,
    least_days=st.integers(0, 2000),
    hot_days=st.integers(-5, 2000),
    keep_share=st.decimals(-1, 2, places=2),
    archive_days=st.integers(0, 2000),
)
policies = st.builds(
    Policy,
    classes=st.dictionaries(st.sampled_from(LogClass), class_policies),
    keep_queries_per_euro=st.decimals(0, 100, places=1),
)
streams = st.builds(
    Stream,
    name=st.text(max_size=5),
    log_class=st.sampled_from(LogClass),
    bytes_per_month=st.integers(0, 10**15),
    monthly_cost=st.none() | st.decimals(0, 10**6, places=2),
    retention_days=st.none() | st.integers(1, 1825),
    queries_per_month=st.none() | st.integers(0, 10**6),
)


@given(policy=policies, some=st.lists(streams, max_size=8))
def test_protected_data_is_never_sampled_dropped_or_shortened_below_policy(policy, some):
    for step in planned(some, policy):
        if step.stream.log_class not in PROTECTED:
            continue
        assert (step.keep_share, step.bytes_saved) == (1, 0)
        assert step.action in (Action.keep, Action.shorten)
        if step.hot_days is not None:
            assert step.hot_days >= policy.of(step.stream.log_class).least_days
            assert step.hot_days >= policy.of(step.stream.log_class).hot_days
            assert step.hot_days >= DEFAULTS[step.stream.log_class].least_days
            assert step.hot_days < step.stream.retention_days


@given(policy=policies, stream=streams)
def test_no_step_costs_money_or_keeps_less_than_its_class_must_be_found(policy, stream):
    step = step_of(stream, policy)
    told = policy.of(stream.log_class)
    assert step.monthly_saving is None or step.monthly_saving >= 0
    assert 0 <= step.keep_share <= 1
    assert 0 <= step.bytes_saved <= stream.bytes_per_month
    assert step.hot_days is None or step.hot_days >= FREE_DAYS["logs"], "shorter than what is free saves nothing"
    if step.keep_share < 1:
        assert step.archive_days >= told.least_days, "what is not taken in lies in the archive as long as it must"
        assert stream.monthly_cost is None or step.monthly_saving < stream.monthly_cost or not step.archive_days


@given(policy=policies, classes=st.sets(st.sampled_from(LogClass), min_size=1))
def test_a_store_keeps_as_long_as_the_longest_kept_class_in_it(policy, classes):
    days = policy.shortest(frozenset(classes))
    assert all(days >= policy.hot(each) for each in classes)


def stream(log_class, cost="35", **more):
    return Stream("shop", log_class, 100 * 10**9, None if cost is None else D(cost), **more)


def test_debug_is_dropped_and_what_informs_is_archived_with_its_way_back():
    assert step_of(stream(LogClass.debug), Policy()).action is Action.drop
    step = step_of(stream(LogClass.info), Policy())
    archive = D(100) * 3 * LIST.one_zone_gb_month
    assert (step.action, step.keep_share, step.archive_days) == (Action.archive, D("0.25"), 90)
    assert step.monthly_saving == 35 * D("0.75") - archive
    assert step.restore_cost == 100 * LIST.log_gb, "no Glacier before 90 days, but taken in again"
    assert restore_cost(10**9, 91) == LIST.log_gb + LIST.restore_gb
    assert archive_cost(30 * 10**9, 91) == 90 * LIST.one_zone_gb_month + LIST.archive_gb_month


def test_what_is_asked_for_often_for_its_price_is_kept_and_so_is_what_is_free():
    assert step_of(stream(LogClass.info, queries_per_month=35), Policy()).action is Action.keep
    assert step_of(stream(LogClass.info, queries_per_month=34), Policy()).action is Action.archive
    assert stream(LogClass.info).value_score is None
    free = step_of(stream(LogClass.debug, cost="0", retention_days=7), Policy())
    assert (free.action, free.reason) == (Action.keep, "taking it in is free")


def test_an_unknown_cost_is_no_saving_of_zero():
    assert step_of(stream(LogClass.debug, cost=None), Policy()).monthly_saving is None


def test_errors_kept_for_a_year_are_shortened_to_the_policy_at_the_price_of_retention():
    step = step_of(stream(LogClass.error, retention_days=365), Policy())
    assert (step.action, step.hot_days) == (Action.shorten, 30)
    assert step.monthly_saving == 100 * (365 - 30) * LIST.log_gb_day


def test_an_archive_that_costs_as_much_as_it_saves_is_not_made():
    policy = Policy({LogClass.info: ClassPolicy(7, 7, D("0.99"), archive_days=1825)})
    assert step_of(stream(LogClass.info), policy).action is Action.keep


def test_samples_are_priced_tier_by_tier_as_published():
    assert samples_cost(10**10) == 1500
    assert samples_cost(52 * 10**9) == 1500 + 15_000 * D("0.13") + 25_000 * D("0.12") + 2_000 * D("0.11")
    assert [price for _, price in SAMPLE_TIERS] == sorted((price for _, price in SAMPLE_TIERS), reverse=True)


@given(total=st.integers(1, 10**12), share=st.floats(0, 1), charged=st.decimals(0, 10**6, places=2))
def test_what_goes_first_is_the_cheapest_tier_and_never_saves_more_than_its_share(total, share, charged):
    removed = int(total * share)
    saved = marginal_saving(total, removed, charged)
    assert 0 <= saved <= charged * removed / total + D("1e-9")
    assert abs(marginal_saving(total, total, charged) - charged) <= D("1e-9")
