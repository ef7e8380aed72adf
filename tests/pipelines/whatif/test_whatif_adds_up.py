"""Whatever is asked about whatever bill: effects add up, nothing counts twice, and the order decides nothing."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.whatif.amounts import total
from pipelines.whatif.asking import what_if
from pipelines.whatif.attribution import shares
from pipelines.whatif.baseline import Behaviour, Line, Units
from pipelines.whatif.kpis import Kpi
from pipelines.whatif.scenarios import Price, Retention, Schedule, Selector, Size, Traffic

FIRST = date(2026, 11, 20)
SKUS = ["/compute/small", "/compute/large", "/storage/obj", "/ai/tokens"]
KPIS = [
    Kpi("cost of a thousand requests", "requests", 1000),
    Kpi("of dev", "requests", 1, Selector("*", {"env": "dev"})),
]
UNITS = [
    Units("requests", FIRST, FIRST + timedelta(days=30), Decimal(10**6)),
    Units("requests", FIRST, FIRST + timedelta(days=7), Decimal(777)),
    Units("tenants", FIRST, FIRST + timedelta(days=30), Decimal(3)),
]
DAY = st.integers(-3, 33).map(lambda number: FIRST + timedelta(days=number))


@st.composite
def a_line(draw, number):
    since = draw(DAY)
    quantity = draw(st.one_of(st.none(), st.decimals(min_value=0, max_value=10**4, places=6)))
    return Line(
        item=f"item-{number}",
        sku=draw(st.sampled_from(SKUS)),
        since=since,
        until=since + timedelta(days=draw(st.integers(1, 31))),
        cost=draw(st.decimals(min_value=-10, max_value=10**5, places=12)),
        quantity=quantity,
        unit_price=draw(st.one_of(st.none(), st.decimals(min_value=0, max_value=10, places=9))),
        behaviour=draw(st.sampled_from(list(Behaviour))),
        driver=draw(st.sampled_from([None, "requests", "tenants"])),
        labels={"env": draw(st.sampled_from(["dev", "prod"]))},
        hours_per_week=draw(st.sampled_from([Decimal(168), Decimal(88)])),
    )


@st.composite
def baselines(draw):
    return [draw(a_line(number)) for number in range(draw(st.integers(0, 4)))]


PERCENT = st.decimals(min_value=-90, max_value=200, places=2)
PATTERN = st.sampled_from([*SKUS, "/compute/*", "*", "/dedibox/*"])
LABELS = st.sampled_from([{}, {"env": "dev"}])


@st.composite
def scenario_lists(draw):
    """At most one of each kind that replaces another, and several of those that multiply."""

    def when():
        since = draw(st.one_of(st.none(), DAY))
        length = draw(st.one_of(st.none(), st.integers(1, 20)))
        return {
            "since": since,
            "until": since + timedelta(days=length) if since and length else None,
            "lines": Selector(draw(PATTERN), draw(LABELS)),
        }

    every = [
        Price(name="dearer", percent=draw(PERCENT), **when()),
        Price(name="cheaper", percent=draw(PERCENT), **when()),
        Price(name="list", unit_price=draw(st.decimals(min_value=0, max_value=9, places=6)), **when()),
        Traffic(name="growth", driver="requests", percent=draw(PERCENT), **when()),
        Traffic(name="peak", driver="requests", percent=draw(PERCENT), **when()),
        Size(
            name="resize", to_sku=draw(st.sampled_from(SKUS)), unit_price=draw(st.integers(1, 5).map(Decimal)), **when()
        ),
        Retention(
            name="keep",
            days_before=draw(st.integers(5, 60)),
            days_after=draw(st.integers(0, 90)),
            free_days=7,
            **when(),
        ),
        Schedule(name="nights", hours_off=draw(st.integers(0, 168).map(Decimal)), **when()),
    ]
    return draw(st.lists(st.sampled_from(every), unique_by=lambda each: each.name, max_size=5))


@settings(max_examples=150, deadline=None)
@given(baselines(), scenario_lists())
def test_shares_lines_months_and_the_transformed_baseline_all_add_up_to_the_joint_effect(lines, scenarios):
    found = what_if(lines, scenarios, KPIS, UNITS)
    assert found.before == total(line.cost for line in lines)
    assert total(found.shares.values()) == found.change
    assert total([*found.alone.values(), found.interaction]) == found.change
    for effect in found.lines:
        assert total([effect.before, *effect.shares.values()]) == effect.after
    for name in found.shares:
        assert total(effect.shares.get(name, Decimal(0)) for effect in found.lines) == found.shares[name]
    assert total(line.cost for line in found.transformed) == found.after
    assert what_if(found.transformed, []).before == found.after
    assert total(month.before for month in found.months) == found.before
    assert total(month.after for month in found.months) == found.after
    for kpi in found.kpis:
        assert total([kpi.before, *kpi.shares.values()]) == kpi.after


@settings(max_examples=80, deadline=None)
@given(baselines(), scenario_lists(), st.randoms())
def test_the_order_of_scenarios_and_lines_decides_nothing(lines, scenarios, chance):
    found = what_if(lines, scenarios, KPIS, UNITS)
    again = what_if(
        chance.sample(lines, len(lines)), chance.sample(scenarios, len(scenarios)), KPIS, chance.sample(UNITS, 3)
    )
    assert again == found


@settings(max_examples=80, deadline=None)
@given(baselines())
def test_no_change_has_no_effect_however_it_is_put(lines):
    nothing = [
        Price(name="same price", percent=Decimal(0)),
        Traffic(name="same traffic", driver="requests", percent=Decimal(0)),
        Retention(name="same days", days_before=30, days_after=30, free_days=7, since=FIRST + timedelta(days=3)),
        Schedule(name="never off", hours_off=Decimal(0)),
    ]
    for scenarios in ([], nothing):
        found = what_if(lines, scenarios, KPIS, UNITS)
        assert found.change == found.interaction == 0
        assert not any([*found.shares.values(), *found.alone.values()])
        assert all(effect.after == effect.before and not effect.shares for effect in found.lines)
        assert all(kpi.after == kpi.before and not any(kpi.shares.values()) for kpi in found.kpis)


@settings(max_examples=80, deadline=None)
@given(baselines(), scenario_lists())
def test_a_credit_and_what_no_scenario_is_for_stay_as_they_are(lines, scenarios):
    found = what_if(lines, scenarios)
    for effect in found.lines:
        if effect.line.behaviour is Behaviour.credit or effect.line.cost < 0 or not scenarios:
            assert (effect.after, effect.shares) == (effect.before, {})


@settings(max_examples=60, deadline=None)
@given(baselines(), scenario_lists())
def test_one_scenario_is_all_of_its_effect_and_alone_is_what_it_says(lines, scenarios):
    joint = what_if(lines, scenarios)
    for scenario in scenarios:
        single = what_if(lines, [scenario])
        assert single.shares == single.alone == {scenario.name: single.change}
        assert single.interaction == 0
        assert joint.alone[scenario.name] == single.change


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sets(st.sampled_from("abcd")).map(frozenset), st.integers(-99, 99), max_size=16))
def test_a_share_is_the_mean_over_all_orders(values):
    """The quick way against the definition, reckoned order by order."""
    names = "abcd"
    orders = list(permutations(names))
    found = shares(names, lambda members: Fraction(values.get(members, 0)))
    for name in names:
        gains = 0
        for order in orders:
            before = frozenset(order[: order.index(name)])
            gains += values.get(before | {name}, 0) - values.get(before, 0)
        assert found[name] == Fraction(gains, len(orders))


@settings(max_examples=80, deadline=None)
@given(baselines(), scenario_lists())
def test_all_at_once_is_step_by_step_in_the_documented_order(lines, scenarios):
    """Size, then the quantities, then a new price, then percentages, each on the baseline the last one left."""
    chosen = [
        each if isinstance(each, Price) else replace(each, lines=Selector("*", each.lines.labels)) for each in scenarios
    ]
    steps = [
        [each for each in chosen if isinstance(each, Size)],
        *[[each] for each in chosen if isinstance(each, (Traffic, Retention, Schedule))],
        [each for each in chosen if isinstance(each, Price) and each.unit_price is not None],
        *[[each] for each in chosen if isinstance(each, Price) and each.percent is not None],
    ]
    # one day each, since data that is kept longer grows from day to day within a line; and no dust, since every step
    # rounds to the last decimal
    lines = [replace(line, until=line.since + timedelta(days=1), cost=abs(line.cost) + 1) for line in lines]
    baseline = lines
    for step in steps:
        baseline = what_if(baseline, step).transformed
    joint = what_if(lines, chosen).after
    assert abs(total(line.cost for line in baseline) - joint) <= Decimal("1e-6") * (1 + abs(joint))
