"""A month that burns down its budget: the course, the breach, the chance, the thresholds and the verdict."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.budgets.amounts import total
from pipelines.budgets.basis import Terms
from pipelines.budgets.budget import SCALEWAY, Budget, Scope, ScopeKind
from pipelines.budgets.burn_down import burn_down, cumulated
from pipelines.budgets.chance import Estimate
from pipelines.budgets.standing import Band, Bands, State, kpi_standing, standing
from pipelines.budgets.thresholds import Kind, newly_crossed, remembered
from pipelines.budgets.verdict import verdict
from pipelines.errors import UsageError

NO_TERMS = Terms(tax_rate=Decimal("0.2"))
NOVEMBER = Budget("shop", Scope(ScopeKind.project, "shop"), Decimal(300), "EUR", "2026-11").days
THIRDS = (Decimal(50), Decimal(80), Decimal(100))


def budget(amount=300, **fields):
    scope = Scope(ScopeKind.project, "shop")
    return Budget(**{"name": "shop", "scope": scope, "currency": "EUR", "month": "2026-11", **fields}, amount=amount)


def day(number):
    return date(2026, 11, number)


def spent(until, cost=10):
    return {day(number): Decimal(cost) for number in range(1, until)}


def ahead(since, cost=10, width=2, correlation=1):
    days = [
        (each, Estimate(Decimal(cost), Decimal(cost - width), Decimal(cost + width)))
        for each in NOVEMBER
        if each >= day(since)
    ]
    return cumulated(days, Decimal(correlation))


def test_a_month_runs_along_its_planned_line_into_the_forecast():
    found = burn_down(Decimal(300), NOVEMBER, spent(18), ahead(18))
    assert [row.planned for row in found.days] == [10 * number for number in range(1, 31)]
    assert [row.spent for row in found.days[:17]] == [10 * number for number in range(1, 18)]
    assert {row.spent for row in found.days[17:]} == {None}
    assert found.to_date == 170
    assert found.days[16].forecast is None
    assert found.days[17].forecast == Estimate(Decimal(180), Decimal(178), Decimal(182))
    assert found.month_end == Estimate(Decimal(300), Decimal(274), Decimal(326))


def test_the_plan_follows_the_weights_of_its_days():
    profile = {each: Decimal(1 if each.weekday() < 5 else 0) for each in NOVEMBER}
    planned = [row.planned for row in burn_down(Decimal(21), NOVEMBER, spent(31), (), profile).days]
    assert (planned[0], planned[1], planned[7], planned[-1]) == (0, 1, 5, 21)  # the 1st is a Sunday


def test_the_breach_is_the_first_day_above_with_the_range_of_the_interval():
    found = burn_down(Decimal(280), NOVEMBER, spent(18), ahead(18))
    # 170 + 10 a day passes 280 on the 29th; 12 a day on the 27th (290 > 280); 8 a day never (274)
    assert (found.breach.expected, found.breach.earliest, found.breach.latest) == (day(29), day(27), None)
    assert not found.breach.is_past
    past = burn_down(Decimal(160), NOVEMBER, spent(18), ahead(18)).breach
    assert (past.expected, past.earliest, past.latest, past.is_past) == (day(17), day(17), day(17), True)
    kept = burn_down(Decimal(170), NOVEMBER[:17], spent(18), ()).breach
    assert (kept.expected, kept.is_past) == (None, False)  # what is spent exactly is kept


def test_a_lost_day_is_forecast_and_a_day_without_either_leaves_the_end_unknown():
    costs = {each: cost for each, cost in spent(18).items() if each != day(5)}
    lost = [(day(5), Estimate(Decimal(9), Decimal(8), Decimal(11)))]
    later = [(each, Estimate(Decimal(10), Decimal(10), Decimal(10))) for each in NOVEMBER if each >= day(18)]
    filled = burn_down(Decimal(300), NOVEMBER, costs, cumulated(lost + later))
    assert [row.spent for row in filled.days[3:6]] == [40, None, None]
    assert filled.days[5].forecast == Estimate(Decimal(59), Decimal(58), Decimal(61))
    assert filled.month_end.expected == 299
    gap = burn_down(Decimal(300), NOVEMBER, costs, cumulated(later))
    assert (gap.missing, gap.month_end, gap.breach) == ((day(5),), None, None)
    assert {row.forecast for row in gap.days} == {None}
    with pytest.raises(UsageError, match="2026-11-05 has a cost and a forecast"):
        burn_down(Decimal(300), NOVEMBER, spent(18), cumulated(lost))
    with pytest.raises(UsageError, match="2026-12-01 is not in the budget's month"):
        burn_down(Decimal(300), NOVEMBER, {date(2026, 12, 1): Decimal(1)}, ())


def test_intervals_of_days_widen_by_the_root_when_independent_and_in_full_when_not():
    days = [(day(number), Estimate(Decimal(10), Decimal(7), Decimal(14))) for number in range(1, 5)]
    assert cumulated(days)[-1].cost == Estimate(Decimal(40), Decimal(34), Decimal(48))
    assert cumulated(days, Decimal(1))[-1].cost == Estimate(Decimal(40), Decimal(28), Decimal(56))


@settings(max_examples=100, deadline=None)
@given(
    st.integers(1, 31),
    st.lists(st.decimals(min_value=0, max_value=10**6, places=12), min_size=30, max_size=30),
    st.decimals(min_value=1, max_value=10**7, places=2),
)
def test_days_add_up_to_the_month_and_the_breach_is_where_they_pass_the_limit(until, costs, limit):
    by_day = dict(zip(NOVEMBER, costs, strict=True))
    known = {each: cost for each, cost in by_day.items() if each < day(1) + timedelta(days=until - 1)}
    rest = cumulated([(each, Estimate(cost, cost, cost)) for each, cost in by_day.items() if each not in known])
    found = burn_down(limit, NOVEMBER, known, rest)
    assert found.month_end.expected == total(costs)
    assert found.days[-1].planned == limit
    passed = [each for number, each in enumerate(NOVEMBER, 1) if total(costs[:number]) > limit]
    assert found.breach.expected == (passed[0] if passed else None)
    assert found.breach.earliest == found.breach.latest == found.breach.expected


def test_a_scaleway_budget_is_judged_as_cost_and_counted_its_own_way():
    found = standing(budget(Decimal(360), basis=SCALEWAY), NO_TERMS, spent(18), ahead(18))
    assert (found.limit, found.to_date, found.counted) == (300, 170, 204)
    assert found.used_percent == Decimal("56.666666666667")
    assert (found.state, found.chance, found.variance_percent) == (State.at_risk, pytest.approx(0.5), 0)


@pytest.mark.parametrize(
    ("amount", "state", "band"),
    [
        (400, State.kept, Band.note),
        (310, State.at_risk, Band.note),
        (290, State.expected_over, Band.note),
        (280, State.expected_over, Band.look),
        (270, State.expected_over, Band.explain),
        (250, State.expected_over, Band.escalate),
        (160, State.over, Band.escalate),
    ],
)
def test_states_and_bands_go_by_the_expected_end(amount, state, band):
    found = standing(budget(Decimal(amount)), NO_TERMS, spent(18), ahead(18))
    assert (found.state, found.band) == (state, band)
    assert (found.chance == 1) == (state is State.over)
    assert (found.chance > 0.5) == (state in (State.expected_over, State.over))


def test_a_month_that_ends_exactly_on_its_budget_has_kept_it():
    found = standing(budget(Decimal(300)), NO_TERMS, spent(31), ())
    assert (found.state, found.chance, found.used_percent) == (State.kept, 0, 100)


def test_bands_begin_at_their_bound():
    assert [Bands().of(Decimal(variance)) for variance in ("-30", "4.99", "5", "9.99", "10", "19.99", "20")] == [
        *[Band.note] * 2,
        *[Band.look] * 2,
        *[Band.explain] * 2,
        Band.escalate,
    ]


def test_what_is_not_known_says_why_unless_it_is_over_already():
    costs = {each: cost for each, cost in spent(18).items() if each != day(5)}
    unknown = standing(budget(Decimal(300)), NO_TERMS, costs, ())
    assert (unknown.state, unknown.month_end, unknown.chance) == (State.unknown, None, None)
    assert unknown.reason == "2026-11-05 and 13 more days of the month: neither a cost nor a forecast"
    assert standing(budget(Decimal(150)), NO_TERMS, costs, ()).state is State.over
    free = standing(budget(Decimal(300), basis=SCALEWAY), Terms(Decimal("0.2"), Decimal(1)), spent(18), ahead(18))
    assert (free.state, free.counted, free.limit) == (State.kept, 0, None)
    assert free.reason == "discounts take off the whole cost"


def test_a_kpi_is_over_only_when_its_month_is():
    kpi = budget(Decimal("0.05"), scope=Scope(ScopeKind.kpi, "cost per 1k requests"))
    running = kpi_standing(kpi, Decimal("0.06"), Estimate(Decimal("0.055"), Decimal("0.04"), Decimal("0.07")))
    assert (running.state, running.band, running.used_percent) == (State.expected_over, Band.explain, 120)
    over = kpi_standing(kpi, Decimal("0.06"), Estimate(*[Decimal("0.06")] * 3))
    assert (over.state, over.chance) == (State.over, 1)
    unknown = kpi_standing(kpi, None, None, reason="no requests were counted")
    assert (unknown.state, unknown.reason) == (State.unknown, "no requests were counted")


def test_a_threshold_fires_once_though_the_value_falls_back_and_comes_again():
    shop = budget(Decimal(300), thresholds=THIRDS)
    fired = frozenset()
    told = []
    for number, value in enumerate((100, 150, 149, 200, 260, 120, 250, 300, 299, 310), 1):
        crossings = newly_crossed(shop, Decimal(value), Kind.spent, fired, day(number))
        fired = remembered(fired, crossings)
        told += [(each.on.day, int(each.fired.threshold), each.limit) for each in crossings]
    assert told == [(2, 50, 150), (5, 80, 240), (8, 100, 300)]
    assert newly_crossed(shop, None, Kind.spent, frozenset(), day(9)) == ()
    expected = newly_crossed(shop, Decimal(310), Kind.expected, fired, day(9))
    assert [each.fired.threshold for each in expected] == [50, 80, 100]
    december = budget(Decimal(300), thresholds=THIRDS, month="2026-12")
    assert len(newly_crossed(december, Decimal(310), Kind.spent, fired, day(9))) == 3
    raised = budget(Decimal(600), thresholds=(Decimal("50.0"),))
    assert newly_crossed(raised, Decimal(310), Kind.spent, fired, day(9)) == ()


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.one_of(st.none(), st.integers(-100, 400)), max_size=30),
    st.sets(st.integers(1, 150), max_size=5),
)
def test_over_any_course_each_threshold_reached_fires_exactly_once(values, thresholds):
    shop = budget(Decimal(200), thresholds=tuple(map(Decimal, thresholds)))
    fired, told = frozenset(), []
    for value in values:
        crossings = newly_crossed(shop, None if value is None else Decimal(value), Kind.spent, fired, day(1))
        fired = remembered(fired, crossings)
        told += [int(each.fired.threshold) for each in crossings]
    highest = max((value for value in values if value is not None), default=-1)
    assert sorted(told) == [each for each in sorted(thresholds) if highest >= 2 * each]


def test_the_verdict_names_the_broken_budgets_worst_first_and_the_unknown_apart():
    held = [
        standing(budget(Decimal(400), name="roomy"), NO_TERMS, spent(18), ahead(18)),
        standing(budget(Decimal(280), name="soon"), NO_TERMS, spent(18), ahead(18)),
        standing(budget(Decimal(160), name="broken"), NO_TERMS, spent(18), ahead(18)),
        standing(budget(Decimal(300), name="dark"), NO_TERMS, {}, ()),
    ]
    found = verdict(held)
    assert found.fails
    assert found.broken == (
        "budget 'broken' of 2026-11 is over: 170.00 of 160.00 EUR, above it since 2026-11-17",
        "budget 'soon' of 2026-11 is expected over: 170.00 of 280.00 EUR, 300.00 expected (+7.1 %), "
        "above it on 2026-11-29",
    )
    assert found.unknown == (
        "budget 'dark' is not known: 2026-11-01 and 29 more days of the month: neither a cost nor a forecast",
    )
    assert len(verdict(held, State.over).broken) == 1
    assert not verdict([held[0], held[3]]).fails
