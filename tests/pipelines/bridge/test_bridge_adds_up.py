"""Whatever changed: the parts are the change to the last decimal, and the way back is the way there, negated."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import permutations

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipelines.bridge.bridging import kpi_bridge, total_bridge
from pipelines.bridge.decomposition import product_effects
from pipelines.bridge.items import Amount, Driver, Effect, Item, NoBridge, exact_sum
from pipelines.bridge.movers import grouped, largest

MONEY = st.decimals(min_value=-(10**6), max_value=10**9, places=12)
QUANTITY = st.one_of(st.none(), st.just(Decimal(0)), st.decimals(min_value=0, max_value=10**6, places=6))
PRICE = st.one_of(st.none(), st.just(Decimal(0)), st.decimals(min_value=0, max_value=1000, places=9))
AMOUNT = st.one_of(st.none(), st.builds(Amount, MONEY, QUANTITY, PRICE))
COUNT = st.one_of(st.none(), st.integers(-1, 10**9).map(Decimal))
TINY = Decimal("1e-12")
SWAPPED = {Effect.new: Effect.gone, Effect.gone: Effect.new}


@st.composite
def item_lists(draw):
    return [
        Item(
            f"item-{number}",
            draw(AMOUNT),
            draw(AMOUNT),
            draw(st.sampled_from([None, "hours", "gigabytes"])),
            draw(st.sampled_from([None, "requests", "stored"])),
        )
        for number in range(draw(st.integers(0, 6)))
    ]


DRIVERS = st.builds(lambda *pairs: [Driver("requests", *pairs[:2]), Driver("stored", *pairs[2:])], *[COUNT] * 4)


def bridges(items, drivers):
    yield total_bridge(items, drivers)
    found = kpi_bridge(items, drivers[0], 1000)
    if not isinstance(found, NoBridge):
        yield found


def swap(items, drivers):
    return (
        [replace(item, before=item.after, after=item.before) for item in items],
        [Driver(driver.name, driver.after, driver.before) for driver in drivers],
    )


@settings(max_examples=300, deadline=None)
@given(item_lists(), DRIVERS)
def test_parts_and_effects_add_up_to_the_change(items, drivers):
    for bridge in bridges(items, drivers):
        assert bridge.before + bridge.change == bridge.after
        assert exact_sum(part.change for part in bridge.parts) == bridge.change
        assert exact_sum(bridge.effects.values()) == bridge.change
        for part in bridge.parts:
            assert exact_sum(part.effects.values()) == part.change
            assert set(part.effects) <= {Effect.not_separable} or part.reason is None
            assert Effect.not_separable not in part.effects or part.reason
    total = next(bridges(items, drivers))
    assert total.before == exact_sum(item.before.cost for item in items if item.before)
    assert total.after == exact_sum(item.after.cost for item in items if item.after)


@settings(max_examples=200, deadline=None)
@given(item_lists(), DRIVERS)
def test_the_way_back_is_the_way_there_negated_with_new_and_gone_changed_about(items, drivers):
    for there, back in zip(bridges(items, drivers), bridges(*swap(items, drivers)), strict=True):
        assert (there.before, there.after) == (back.after, back.before)
        for one, other in zip(there.parts, back.parts, strict=True):
            assert other.change == -one.change
            assert other.effects == {SWAPPED.get(effect, effect): -value for effect, value in one.effects.items()}


@settings(max_examples=200, deadline=None)
@given(item_lists(), DRIVERS)
def test_new_and_gone_are_exactly_the_items_of_one_period(items, drivers):
    for bridge in bridges(items, drivers):
        for item, part in zip(items, bridge.parts, strict=True):
            was = item.before is not None and not item.before.is_nothing
            is_there = item.after is not None and not item.after.is_nothing
            if was != is_there:
                assert set(part.effects) <= {Effect.new if is_there else Effect.gone}
                assert part.reason is None
            else:
                assert not set(part.effects) & {Effect.new, Effect.gone}


@settings(max_examples=150, deadline=None)
@given(item_lists(), DRIVERS, st.randoms())
def test_the_order_of_the_items_decides_nothing(items, drivers, chance):
    shuffled = chance.sample(items, len(items))
    assert list(bridges(shuffled, drivers)) == list(bridges(items, drivers))


@settings(max_examples=150, deadline=None)
@given(item_lists(), DRIVERS, st.integers(2, 1000))
def test_another_currency_scales_every_effect_and_another_unit_none(items, drivers, factor):
    def money(amount):
        return amount and Amount(
            amount.cost * factor, amount.quantity, None if amount.unit_price is None else amount.unit_price * factor
        )

    def minutes(amount):
        return amount and Amount(
            amount.cost,
            None if amount.quantity is None else amount.quantity * 64,
            None if amount.unit_price is None else amount.unit_price / 64,
        )

    def counted(driver):
        return Driver(driver.name, *(value and value * factor for value in (driver.before, driver.after)))

    dear = [replace(item, before=money(item.before), after=money(item.after)) for item in items]
    fine = [replace(item, before=minutes(item.before), after=minutes(item.after)) for item in items]
    plain = total_bridge(items, drivers)
    assert total_bridge(fine, drivers) == plain
    assert total_bridge(items, [counted(driver) for driver in drivers]) == plain
    for one, other in zip(bridges(items, drivers), bridges(dear, drivers), strict=True):
        for effect in Effect:
            assert abs(other.effects[effect] - factor * one.effects[effect]) <= (factor + 1) * (len(items) + 1) * TINY


FACTOR = st.tuples(*[st.fractions(-100, 100)] * 2)


@settings(max_examples=200, deadline=None)
@given(st.lists(FACTOR, max_size=4))
def test_an_effect_is_the_mean_over_all_orders_of_change(pairs):
    """The quick way against the definition, reckoned order by order."""
    found = product_effects(dict(enumerate(pairs)))
    orders = list(permutations(range(len(pairs))))
    for factor in range(len(pairs)):
        gain = Fraction(0)
        for order in orders:
            state = [pair[0] for pair in pairs]
            for step in order:
                product = product_of(state)
                state[step] = pairs[step][1]
                if step == factor:
                    gain += product_of(state) - product
        assert found[factor] == gain / len(orders)


def product_of(values):
    result = Fraction(1)
    for value in values:
        result *= value
    return result


@settings(max_examples=100, deadline=None)
@given(item_lists(), DRIVERS, st.integers(0, 3))
def test_a_shortened_bridge_has_lost_nothing(items, drivers, each_way):
    for bridge in bridges(items, drivers):
        movers = largest(bridge, each_way)
        shown = [*movers.risen, *movers.fallen, movers.other]
        assert exact_sum(part.change for part in shown) == bridge.change
        assert exact_sum(value for part in shown for value in part.effects.values()) == bridge.change
        assert len(movers.risen) + len(movers.fallen) + movers.other_count == len(items)
        joined = grouped(bridge, lambda name: "even" if int(name[-1]) % 2 == 0 else "odd")
        assert joined.effects == bridge.effects


@settings(max_examples=150, deadline=None)
@given(item_lists(), DRIVERS)
def test_the_share_that_has_a_cause_lies_between_none_and_all(items, drivers):
    bridge = total_bridge(items, drivers)
    if bridge.separable_share is None:
        assert all(not part.change for part in bridge.parts)
        return
    assert 0 <= bridge.separable_share <= 1
    assume(any(part.effects.get(Effect.not_separable) for part in bridge.parts))
    assert bridge.separable_share < 1
