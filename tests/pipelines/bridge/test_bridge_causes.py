"""Each cause alone is named as that cause; figures small enough to check by head."""

from decimal import Decimal

import pytest

from pipelines.bridge.bridging import kpi_bridge, total_bridge
from pipelines.bridge.items import Amount, Driver, Effect, Item, NoBridge
from pipelines.bridge.movers import largest
from pipelines.errors import UsageError


def amount(cost, quantity=None, price=None):
    return Amount(*(None if value is None else Decimal(str(value)) for value in (cost, quantity, price)))


def item(name, before, after, group=None, driver=None):
    return Item(name, before and amount(*before), after and amount(*after), group, driver)


def told(bridge):
    return {effect.value: value for effect, value in bridge.effects.items() if value}


def test_price_alone_and_quantity_alone():
    assert told(total_bridge([item("vm", (100, 100), (120, 100))])) == {"price": 20}
    assert told(total_bridge([item("vm", (100, 100), (150, 150))])) == {"volume": 50}


def test_both_at_once_share_what_neither_explains_alone():
    # 10 x 2 -> 15 x 3: price +1 at the mean of 10 and 15, volume +5 at the mean of 2 and 3
    bridge = total_bridge([item("vm", (20, 10), (45, 15))])
    assert told(bridge) == {"price": Decimal("12.5"), "volume": Decimal("12.5")}


def test_hours_moved_to_a_dearer_machine_are_mix_and_gigabytes_beside_them_are_not():
    items = [
        item("small", (60, 60), (40, 40), "hours"),
        item("large", (80, 40), (120, 60), "hours"),
        item("disk", (7, 700), (7, 700), "gigabytes"),
    ]
    assert told(total_bridge(items)) == {"mix": 20}
    namesake = item("hours", (5, 5), (10, 10))
    assert told(total_bridge([*items, namesake])) == {"mix": 20, "volume": 5}


def test_a_known_driver_tells_more_work_from_more_waste():
    requests = Driver("requests", Decimal(1000), Decimal(2000))
    busy = item("calls", (10, 100), (30, 300), driver="requests")
    # 0.1 -> 0.15 units a request: volume 1000 x mean(0.1, 0.15) x 0.1, efficiency 0.05 x 1500 x 0.1
    assert told(total_bridge([busy], [requests])) == {"volume": Decimal("12.5"), "efficiency": Decimal("7.5")}
    assert told(total_bridge([busy])) == {"volume": 20}
    unknown = Driver("requests", Decimal(1000), None)
    assert told(total_bridge([busy], [unknown])) == {"volume": 20}


def test_of_a_kpi_fixed_cost_thins_out_and_what_follows_the_driver_does_not():
    requests = Driver("requests", Decimal(1000), Decimal(2000))
    items = [
        item("machines", (100, 50), (100, 50)),
        item("calls", (10, 1000), (20, 2000), driver="requests"),
    ]
    bridge = kpi_bridge(items, requests, per=1000)
    assert (bridge.before, bridge.after) == (110, 60)
    assert told(bridge) == {"volume": -50}
    wasteful = kpi_bridge([item("calls", (10, 1000), (40, 4000), driver="requests")], requests, per=1000)
    assert told(wasteful) == {"efficiency": 10}
    stored = kpi_bridge([item("disk", (100, 100), (100, 100), driver="stored")], requests, per=1000)
    assert told(stored) == {"volume": -50}


def test_a_kpi_of_thirds_still_adds_up():
    items = [item(name, None, (1, 1)) for name in "abc"]
    bridge = kpi_bridge(items, Driver("tenants", Decimal(1), Decimal(9)))
    assert bridge.after == Decimal("0.333333333333")
    assert [part.change for part in bridge.parts] == [Decimal("0.111111111111")] * 3
    two = kpi_bridge(items[:2], Driver("tenants", Decimal(1), Decimal(3)))
    assert two.after == Decimal("0.666666666667")
    assert [part.change for part in two.parts] == [Decimal("0.333333333334"), Decimal("0.333333333333")]


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ((10,), (12, 12), "neither quantity nor unit price in the period before"),
        ((10, 10), (12, 0), "cost without a quantity in the period after"),
        ((10, 10), (12, -1), "a negative quantity in the period after"),
        ((10, 10), (12, None, 0), "no quantity, and none can be derived from the unit price in the period after"),
        ((10, 10), (-12, 12), "a charge in one period and a credit in the other"),
        ((10, 10, 1), (25, 10, 1), "a cost of more than 2 times quantity and unit price in the period after"),
    ],
)
def test_what_cannot_be_told_apart_says_why_and_stays_in_the_sum(before, after, reason):
    bridge = total_bridge([item("vm", before, after), item("disk", (1, 1), (2, 1))])
    assert told(bridge) == {"price": 1, "not separable": Decimal(after[0] - before[0])}
    assert {part.name: part.reason for part in bridge.parts} == {"disk": None, "vm": reason}
    assert bridge.separable_share == Decimal(1) / (1 + abs(after[0] - before[0]))


def test_a_quantity_comes_from_the_unit_price_where_only_that_is_known():
    bridge = total_bridge([item("vm", (100, None, "0.5"), (300, None, "1"))])
    # 200 x 0.5 -> 300 x 1
    assert told(bridge) == {"price": 125, "volume": 75}


def test_free_usage_that_gets_a_price_is_a_price_and_a_line_of_nothing_is_no_line():
    assert told(total_bridge([item("logs", (0, 50), (5, 50))])) == {"price": 5}
    assert told(total_bridge([item("logs", (0, 0, 1), (5, 50, "0.1"))])) == {"new": 5}
    assert told(total_bridge([item("logs", (0,), (0,))])) == {}


@pytest.mark.parametrize("value", [None, Decimal(0), Decimal(-3)])
def test_a_kpi_without_its_denominator_has_no_bridge(value):
    found = kpi_bridge([item("vm", (1, 1), (1, 1))], Driver("requests", Decimal(5), value))
    assert isinstance(found, NoBridge)
    assert "requests are" in found.reason
    assert "in the period after" in found.reason


def test_what_would_be_counted_twice_or_rounded_silently_is_refused():
    with pytest.raises(UsageError, match="two items are named 'vm'"):
        total_bridge([item("vm", (1, 1), None), item("vm", None, (1, 1))])
    with pytest.raises(UsageError, match="round it to 12 decimals"):
        total_bridge([item("vm", ("0.0000000000001", 1), None)])


def test_the_largest_movers_come_first_and_the_rest_is_one_line():
    items = [item(f"vm-{number}", (100, 1), (100 + change, 1)) for number, change in enumerate((3, -4, 9, 1, -2, 0))]
    movers = largest(total_bridge(items), each_way=1)
    assert [part.name for part in movers.risen] == ["vm-2"]
    assert [part.name for part in movers.fallen] == ["vm-1"]
    assert (movers.other.change, movers.other.effects, movers.other_count) == (2, {Effect.price: 2}, 4)
