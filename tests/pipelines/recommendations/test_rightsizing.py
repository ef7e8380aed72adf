from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import UsageError
from pipelines.recommendations.rightsizing.answers import Keep, Resize, Unjudged
from pipelines.recommendations.rightsizing.deciding import rightsize, risks_of
from pipelines.recommendations.rightsizing.demand import Demands, demand
from pipelines.recommendations.rightsizing.load import load
from pipelines.recommendations.rightsizing.offers import PRODUCTION, Offer, Policy, accepted
from pipelines.recommendations.rightsizing.risk import CPU_MODEL, features, saturation_risk
from pipelines.recommendations.rightsizing.summaries import Bins, Days, binned, demand_of, of_hours, unbinned

END = datetime(2024, 6, 17, tzinfo=UTC)  # a Monday
HOUR = timedelta(hours=1)
SMALL = Offer("small", 2, 8, Decimal("43.80"))
MEDIUM = Offer("medium", 4, 16, Decimal("87.60"))
LARGE = Offer("large", 8, 32, Decimal("175.20"))
HUGE = Offer("huge", 16, 64, Decimal("350.40"))
OFFERS = (SMALL, MEDIUM, LARGE, HUGE)
LEVELS = ("p50", "p95", "p99", "p995", "max", "worst_week_p99", "newest_p99", "recurring_peak")


def recorded(cpu, memory=None, days=14, shape=unbinned, **known):
    """Hourly values, oldest first, the same number each day."""
    cpu = np.asarray(cpu, dtype=float)
    days_ago = np.repeat(np.arange(days)[::-1], len(cpu) // days)
    measures = {"cpu": shape(days_ago, cpu)}
    if memory is not None:
        measures["memory"] = shape(days_ago, np.asarray(memory, dtype=float))
    return load("server", END, days, HOUR, measures, **known)


def steady(vcpus, memory=None, days=14):
    return recorded(np.full(24 * days, vcpus), None if memory is None else np.full(24 * days, memory), days)


def price(answer):
    """What is paid after following the answer; nothing sold is enough for a saturated machine that has to stay."""
    if isinstance(answer, Resize):
        return answer.offer.eur_per_month
    assert isinstance(answer, Keep)
    return Decimal("Infinity") if answer.is_saturated else answer.current.eur_per_month


def test_a_quiet_machine_moves_to_the_cheapest_offer_that_holds_it_and_saves_the_exact_difference():
    answer = rightsize(steady(0.5, memory=3.0), LARGE, OFFERS)
    assert isinstance(answer, Resize)
    assert answer.offer is SMALL
    assert answer.monthly_saving == Decimal("131.40")
    assert answer.risk < 0.2
    assert answer.why_not_smaller == "Nothing cheaper is sold."
    assert answer.evidence.cpu.p99 == 0.5
    assert answer.evidence.cpu_headroom == 0.75
    assert answer.evidence.memory_headroom == 0.625
    assert (answer.evidence.samples, answer.evidence.days, answer.evidence.weekends) == (336, 14, 2)
    assert answer.evidence.coverage == 1.0
    assert answer.evidence.missing == ("network traffic", "disk traffic")


def test_memory_that_is_not_measured_is_never_lowered_and_the_missing_metric_is_named():
    answer = rightsize(steady(0.5), LARGE, (*OFFERS, Offer("narrow", 2, 32, Decimal("140"))))
    assert isinstance(answer, Resize)
    assert answer.offer.name == "narrow"
    assert "memory in use" in answer.evidence.missing
    assert "memory in use is not measured" in answer.why_not_smaller


def test_a_machine_that_needs_its_size_stays_and_says_why_not_smaller():
    answer = rightsize(steady(3.9, memory=20.0), LARGE, OFFERS)
    assert isinstance(answer, Keep)
    assert (
        answer.why_not_smaller
        == "medium (4 vCPU, 16 GiB, 87.60 € a month) has 16 GiB of memory; 20.00 GiB are in use again and again."
    )
    answer = rightsize(steady(4.5, memory=2.0), LARGE, OFFERS)
    assert isinstance(answer, Keep)
    assert "over its capacity 100.0% of the time" in answer.why_not_smaller
    assert "20% are accepted" in answer.why_not_smaller


def test_a_machine_at_its_limit_is_told_to_spend_more_and_the_saving_is_negative():
    answer = rightsize(steady(4.0, memory=10.0), MEDIUM, OFFERS)
    assert isinstance(answer, Resize)
    assert answer.offer is LARGE
    assert answer.spends_more
    assert answer.monthly_saving == Decimal("-87.60")
    answer = rightsize(steady(16.0, memory=10.0), HUGE, OFFERS)
    assert isinstance(answer, Keep)
    assert answer.is_saturated


def test_a_machine_over_its_capacity_moves_to_a_cheaper_offer_that_holds_it():
    newer = Offer("newer", 8, 32, Decimal("80"))
    answer = rightsize(steady(4.0, memory=10.0), MEDIUM, (*OFFERS, newer))
    assert isinstance(answer, Resize)
    assert answer.offer is newer


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        (steady(0.5, days=13), "only 13 of the 14 days"),
        (load("server", END, 14, HOUR, {}), "no sample"),
        (load("server", END, 14, HOUR, {"cpu": unbinned(np.arange(14), np.full(14, np.nan))}), "no sample"),
        (load("server", END, 14, HOUR, {"cpu": unbinned(np.arange(14), np.ones(14))}), "only 0 of the 14 days"),
    ],
)
def test_too_little_evidence_is_not_judged(known, reason):
    answer = rightsize(known, LARGE, OFFERS)
    assert isinstance(answer, Unjudged)
    assert reason in answer.reason


def test_days_without_weekends_are_not_judged_unless_the_machine_is_known_to_have_been_off():
    workdays = np.array([day for day in range(20) if (END - timedelta(days=day, hours=12)).weekday() < 5])
    measures = {"cpu": unbinned(np.repeat(workdays, 24), np.full(24 * len(workdays), 0.5))}
    answer = rightsize(load("server", END, 20, HOUR, measures), LARGE, OFFERS)
    assert isinstance(answer, Unjudged)
    assert "0 of the 2 weekends" in answer.reason
    off = set(range(20)) - set(workdays.tolist())
    known = load("server", END, 20, HOUR, measures, off_days=off)
    assert known.coverage == 1.0
    assert not isinstance(rightsize(known, LARGE, OFFERS), Unjudged)


def test_hours_that_are_off_do_not_make_a_busy_machine_look_idle():
    day = np.array([np.nan] * 12 + [3.8] * 12)
    known = recorded(np.tile(day, 14), np.tile(np.where(np.isnan(day), np.nan, 6.0), 14))
    assert known.coverage == 0.5
    assert known.cpu.p50 == 3.8
    assert isinstance(rightsize(known, MEDIUM, OFFERS), Keep)


def test_a_spike_that_happened_once_does_not_hold_a_size_but_one_that_comes_back_does():
    cpu, memory = np.full(24 * 14, 0.3), np.full(24 * 14, 2.0)
    cpu[100], memory[100] = 8.0, 30.0
    answer = rightsize(recorded(cpu, memory), LARGE, OFFERS)
    assert isinstance(answer, Resize)
    assert answer.offer is SMALL
    memory[200] = 30.0
    assert isinstance(rightsize(recorded(cpu, memory), LARGE, OFFERS), Keep)


def test_growth_is_judged_by_the_newest_day_and_a_weekly_season_by_the_worst_week():
    grown = np.full(24 * 14, 0.5)
    grown[-24:] = 3.0
    season = np.full(24 * 14, 0.5)
    season[:24] = 3.0
    sizes = [SMALL, LARGE]
    for known in (recorded(grown), recorded(season)):
        small, large = risks_of(known, sizes)
        assert small > risks_of(steady(0.5), sizes)[0] + 0.05
        assert large < small
    assert risks_of(recorded(grown), sizes)[0] > risks_of(recorded(season), sizes)[0]


def test_steal_is_load_that_was_wanted_and_total_steal_says_nothing():
    wanted = demand_of(np.array([1.0, 1.0, 1.0]), np.array([0.0, 0.5, 1.0]))
    assert wanted[:2].tolist() == [1.0, 2.0]
    assert np.isnan(wanted[2])


def test_limits_of_bandwidth_and_volumes_are_held_and_what_is_not_measured_is_not_zero():
    slow = replace(SMALL, network_kb_per_s=1000.0, volumes=2)
    fast = replace(LARGE, network_kb_per_s=8000.0, volumes=16)
    days_ago = np.repeat(np.arange(14), 24)
    measures = {name: unbinned(days_ago, np.full(336, value)) for name, value in (("cpu", 0.5), ("memory", 2.0))}
    assert isinstance(rightsize(load("server", END, 14, HOUR, measures, volumes=1), fast, [slow]), Keep)
    for traffic, volumes, moved in ((500.0, 1, True), (1500.0, 1, False), (500.0, 3, False), (500.0, None, False)):
        known = measures | {"network": unbinned(days_ago, np.full(336, traffic))}
        answer = rightsize(load("server", END, 14, HOUR, known, volumes=volumes), fast, [slow])
        assert isinstance(answer, Resize) == moved


def test_the_risk_accepted_is_below_the_point_where_saving_and_harm_are_equal():
    slightly = Offer("slightly", 8, 32, LARGE.eur_per_month * Decimal("0.99"))
    assert accepted(LARGE, slightly, Policy()) == pytest.approx(0.01 / 1.01)
    assert accepted(LARGE, SMALL, PRODUCTION) == PRODUCTION.risk


def test_a_time_without_zone_is_refused():
    with pytest.raises(UsageError, match="UTC"):
        load("server", END.replace(tzinfo=None), 14, HOUR, {})


def test_an_idle_and_a_constant_load_are_told_without_a_division_by_zero():
    answer = rightsize(steady(0.0, memory=0.0), LARGE, OFFERS)
    assert isinstance(answer, Resize)
    assert answer.offer is SMALL


values = st.lists(st.floats(0, 20), min_size=28, max_size=28)


@settings(max_examples=40, deadline=None)
@given(
    values, st.lists(st.floats(0, 60), min_size=28, max_size=28), st.lists(st.floats(0, 8), min_size=28, max_size=28)
)
def test_more_load_never_gives_a_cheaper_answer(cpu, memory, more):
    with_less = rightsize(half_days(cpu, memory), LARGE, OFFERS)
    with_more = rightsize(half_days(np.add(cpu, more), np.add(memory, more)), LARGE, OFFERS)
    assert price(with_more) >= price(with_less)


@settings(max_examples=40, deadline=None)
@given(values, st.integers(1, 1000))
def test_only_proportions_of_prices_matter(cpu, factor):
    known = half_days(cpu, cpu)
    scaled = [replace(offer, eur_per_month=offer.eur_per_month * factor) for offer in OFFERS]
    one, other = rightsize(known, OFFERS[2], OFFERS), rightsize(known, scaled[2], scaled)
    assert type(one) is type(other)
    if isinstance(one, Resize):
        assert other.offer.name == one.offer.name
        assert other.monthly_saving == one.monthly_saving * factor


@settings(max_examples=40, deadline=None)
@given(
    values, st.booleans(), st.lists(st.tuples(st.integers(1, 32), st.integers(1, 64), st.integers(1, 300)), min_size=1)
)
def test_a_dominated_offer_is_never_chosen_and_the_saving_is_exact(cpu, knows_memory, sold):
    offers = [Offer(f"{at}", vcpus, gib, Decimal(cents) / 7) for at, (vcpus, gib, cents) in enumerate(sold)]
    answer = rightsize(half_days(cpu, cpu if knows_memory else None), LARGE, offers)
    if not isinstance(answer, Resize):
        return
    best = answer.offer
    assert answer.monthly_saving == LARGE.eur_per_month - best.eur_per_month
    assert knows_memory or best.memory_gib >= LARGE.memory_gib
    for each in offers:
        at_least = each.vcpus >= best.vcpus and each.memory_gib >= best.memory_gib
        better = each.vcpus > best.vcpus or each.memory_gib > best.memory_gib or each.eur_per_month < best.eur_per_month
        assert not (at_least and each.eur_per_month <= best.eur_per_month and better)


@settings(max_examples=30, deadline=None)
@given(values, values)
def test_nothing_after_the_window_changes_the_answer(cpu, later):
    days_ago = np.repeat(np.arange(14)[::-1], 2)
    seen = {"cpu": unbinned(days_ago, np.array(cpu))}
    with_later = {
        "cpu": unbinned(np.concatenate([days_ago, -1 - np.arange(28)]), np.array([*cpu, *later])),
    }
    half_day = timedelta(hours=12)
    one, other = (rightsize(load("server", END, 14, half_day, each), LARGE, OFFERS) for each in (seen, with_later))
    assert (type(one), price(one)) == (type(other), price(other))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0.002, 50), min_size=2, max_size=60))
def test_the_summary_tells_every_level_at_most_a_bin_too_high_and_never_too_low(found):
    days_ago = np.arange(len(found)) % 14
    coarse, exact = (demand(shape(days_ago, np.array(found))) for shape in (binned, unbinned))
    for level in LEVELS:
        true, told = getattr(exact, level), getattr(coarse, level)
        assert true <= told <= true * 2 ** (1 / 8) * (1 + 1e-9)
    assert coarse.max == exact.max


def test_the_quantiles_of_hours_make_a_summary_that_is_never_too_low():
    found = np.random.default_rng(5).gamma(1.0, 0.5, (14 * 24, 100))
    quantiles = np.quantile(found, [0.0, 0.5, 0.95, 0.99, 0.995, 1.0], axis=1, method="higher").T
    quantiles[3] = np.nan
    days_ago = np.repeat(np.arange(14), 24)
    told = demand(of_hours(days_ago, np.full(14 * 24, 100), quantiles))
    found[3] = np.nan
    true = demand(unbinned(np.repeat(days_ago, 100), found.ravel()))
    assert told.max == true.max
    assert told.recurring_peak == true.recurring_peak
    for level in ("p50", "p95", "p99", "p995", "worst_week_p99", "newest_p99"):
        assert getattr(true, level) <= getattr(told, level) <= 1.4 * getattr(true, level)


def half_days(cpu, memory):
    days_ago = np.repeat(np.arange(14)[::-1], 2)
    measures = {"cpu": unbinned(days_ago, np.array(cpu))}
    if memory is not None:
        measures["memory"] = unbinned(days_ago, np.array(memory))
    return load("server", END, 14, timedelta(hours=12), measures)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.lists(st.tuples(st.integers(0, 13), st.floats(0.002, 50)), max_size=30), min_size=1, max_size=6))
def test_resources_read_together_have_the_levels_each_has_alone(resources):
    summaries = [
        binned(np.array([day for day, _ in rows], dtype=np.int64), np.array([value for _, value in rows], dtype=float))
        for rows in resources
    ]
    bins, days = [each.bins for each in summaries], [each.days for each in summaries]
    together = Demands(
        Bins(*(np.concatenate([getattr(each, name) for each in bins]) for name in ("part", "samples", "highest"))),
        np.cumsum([0, *(len(each.highest) for each in bins)]),
        Days(*(np.concatenate([getattr(each, name) for each in days]) for name in ("days_ago", "samples", "highest"))),
        np.cumsum([0, *(len(each.highest) for each in days)]),
    )
    for at, summary in enumerate(summaries):
        alone, found = demand(summary), together.of(at, 2.0)
        assert (alone is None) == (found is None)
        for level in LEVELS if alone else ():
            assert getattr(found, level) == 2 * getattr(alone, level)
        if alone:
            assert found.levels.tolist() == (2 * alone.levels).tolist()
            assert found.up_to.tolist() == alone.up_to.tolist()
            assert found.day_peaks.tolist() == (2 * alone.day_peaks).tolist()


def test_a_steady_load_below_a_capacity_is_safer_than_an_unsteady_one_of_the_same_p99():
    steady_load, unsteady = np.full(24 * 14, 1.6), np.full(24 * 14, 1.6)
    unsteady[[10, 200]] = 6.0  # above 2 vCPU on two of the days, and for less than 1 % of the time
    calm, wild = (recorded(each) for each in (steady_load, unsteady))
    for known in (calm.cpu, wild.cpu):
        assert (known.worst_week_p99, known.newest_p99) == (1.6, 1.6)
    assert risks_of(wild, [SMALL])[0] > 1.25 * risks_of(calm, [SMALL])[0]
    assert wild.cpu.days_held(np.array([2.0])).tolist() == [pytest.approx(12 / 14)]


@settings(max_examples=20, deadline=None)
@given(
    values, st.lists(st.floats(0, 8), min_size=28, max_size=28), st.lists(st.floats(0.1, 64), min_size=1, max_size=9)
)
def test_the_risk_is_what_the_models_inputs_say_and_never_falls_with_more_load(cpu, more, sizes):
    capacities = np.sort(sizes)
    less, higher = half_days(cpu, None).cpu, half_days(np.add(cpu, more), None).cpu
    risks = saturation_risk(less, capacities, CPU_MODEL)
    log_odds = CPU_MODEL.intercept - features(less, capacities) @ CPU_MODEL.coefficients
    assert risks == pytest.approx(1 / (1 + np.exp(-log_odds)))
    assert (np.diff(risks) <= 1e-12).all()
    assert (saturation_risk(higher, capacities, CPU_MODEL) >= risks - 1e-12).all()
