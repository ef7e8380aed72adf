"""Whatever is shared with whomever by whatever weights: the parts are the whole, to the last decimal."""

import random
from decimal import Decimal, localcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.allocation.graph import Pool, allocate
from pipelines.allocation.splitting import NothingToSplitBy, split
from pipelines.errors import ConfigurationError

MONEY = st.decimals(min_value=-(10**9), max_value=10**9, places=12)
WEIGHT = st.one_of(st.integers(0, 10**6), st.decimals(min_value=0, max_value=10**6, places=6))
NAMES = [f"team-{letter}" for letter in "abcdef"]


def total(amounts):
    with localcontext() as exact:
        exact.prec = 60
        return sum(amounts, Decimal(0))


@st.composite
def graphs(draw):
    """Own cost of bearers and pools, and pools that pass on to bearers and to later pools."""
    pools = [f"pool-{number}" for number in range(draw(st.integers(0, 6)))]
    own = {name: draw(MONEY) for name in [*NAMES, *pools] if draw(st.booleans())}
    made = []
    for number, name in enumerate(pools):
        receivers = [*NAMES, *pools[number + 1 :]]
        chosen = draw(st.lists(st.sampled_from(receivers), unique=True, max_size=6))
        made.append(Pool(name, {each: draw(WEIGHT) for each in chosen}, "weights"))
    return own, draw(st.permutations(made))


@settings(max_examples=200, deadline=None)
@given(graphs())
def test_in_any_graph_nothing_is_lost_and_nothing_made(graph):
    conserves(*graph)


def test_ten_thousand_random_graphs_conserve():
    chance = random.Random(20261118)
    for _ in range(10_000):
        pools = [f"pool-{number}" for number in range(chance.randint(0, 6))]
        own = {name: Decimal(chance.randint(-(10**18), 10**18)).scaleb(-12) for name in [*NAMES, *pools]}
        made = [
            Pool(name, {each: chance.randint(0, 9) for each in chance.sample([*NAMES, *pools[n + 1 :]], 4)}, "weights")
            for n, name in enumerate(pools)
        ]
        chance.shuffle(made)
        conserves(own, made)


def conserves(own, pools):
    """Own cost is borne or unallocated, and each pool passes on all that it had and got."""
    found = allocate(own, pools)
    assert total(found.borne.values()) + total(found.unallocated.values()) == total(own.values())
    assert not set(found.borne) & {pool.name for pool in pools}
    passed = {}
    for share in found.shares:
        passed.setdefault(share.pool, []).append(share)
    for pool in pools:
        received = total(s.amount for s in found.shares if s.receiver == pool.name)
        assert total(s.amount for s in passed.get(pool.name, [])) == own.get(pool.name, 0) + received
    for name in NAMES:
        received = total(share.amount for share in found.shares if share.receiver == name)
        assert found.borne.get(name, 0) == own.get(name, 0) + received


@settings(max_examples=500, deadline=None)
@given(MONEY, st.dictionaries(st.sampled_from(NAMES), WEIGHT, min_size=1))
def test_a_part_is_its_share_to_less_than_one_unit_of_the_last_decimal(amount, weights):
    whole = total(map(Decimal, weights.values()))
    if not whole:
        with pytest.raises(NothingToSplitBy):
            split(amount, weights)
        return
    parts = split(amount, weights)
    assert set(parts) == set(weights)
    with localcontext() as exact:
        exact.prec = 80
        for name, part in parts.items():
            assert abs(part - amount * Decimal(weights[name]) / whole) < Decimal("1e-12")
            assert part == 0 or weights[name] > 0


@given(MONEY, st.dictionaries(st.sampled_from(NAMES), WEIGHT, min_size=1), st.randoms())
def test_the_order_of_the_names_decides_nothing(amount, weights, chance):
    if not any(weights.values()):
        return
    shuffled = list(weights.items())
    chance.shuffle(shuffled)
    assert split(amount, dict(shuffled)) == split(amount, weights)


def test_three_thirds_are_one():
    assert split(Decimal("1.00"), {"a": 1, "b": 1, "c": 1}, 2) == {
        "a": Decimal("0.34"),
        "b": Decimal("0.33"),
        "c": Decimal("0.33"),
    }
    assert total(split(Decimal("-0.01"), {"a": 1, "b": 1}, 2).values()) == Decimal("-0.01")


def test_an_amount_finer_than_the_last_decimal_is_not_rounded_silently():
    with pytest.raises(ValueError, match="more than 2 decimals"):
        split(Decimal("0.001"), {"a": 1}, 2)


def test_pools_in_a_circle_are_refused_with_the_way_round():
    pools = [Pool("cluster", {"platform": 1}, "even"), Pool("platform", {"cluster": 1}, "even")]
    with pytest.raises(ConfigurationError, match=r"in a circle: .*cluster.*; take one out"):
        allocate({"cluster": Decimal(1)}, pools)


def test_what_no_receiver_has_a_weight_for_stays_and_is_told():
    found = allocate({"platform": Decimal("5.5"), "shop": Decimal(1)}, [Pool("platform", {"shop": 0}, "requests")])
    assert found.borne == {"shop": Decimal(1)}
    assert found.unallocated == {"platform": Decimal("5.5")}
