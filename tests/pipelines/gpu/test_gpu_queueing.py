"""Queues, fleets by the hour and break-even over a real day's shape, beside what a person works out by hand."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import UsageError
from pipelines.gpu.capacity import Throughput, first_tokens
from pipelines.gpu.curves import points
from pipelines.gpu.options import BATCH, DEDICATED, REALTIME, TODAY, Kind, Market, ways
from pipelines.gpu.queueing import Held, Target, first_token_seconds, holds, waiting_share
from pipelines.gpu.shapes import Hours, Offer, Running, crossing, levels_between
from pipelines.gpu.traffic import Requests, Shape
from pipelines.gpu.workloads import ModelPrice, Serving, Workload, pace_on, plain_name

D = Decimal
ONE = Throughput(100, 10, 1)  # a prompt of 100 tokens takes a second, an answer of 10 another
SHAPE = Shape(D(100), D(10))
TARGET = Target(2.0, 0.95)


def test_the_share_that_waits_is_erlangs():
    assert waiting_share(1, 0.5) == pytest.approx(0.5)  # one place: its load
    assert waiting_share(2, 1.0) == pytest.approx(1 / 3)  # by hand: 1 + 1 + 1/2 places, a half of it over 1 - 1/2
    assert (waiting_share(3, 0), waiting_share(3, 3)) == (0, 1)
    assert 0 < waiting_share(5000, 4800) < 1


@settings(max_examples=40, deadline=None)
@given(places=st.integers(1, 200), load=st.floats(0.01, 0.98))
def test_more_places_wait_less_and_more_load_waits_more(places, load):
    share = waiting_share(places, load * places)
    assert waiting_share(places + 1, load * places) <= share <= 1
    assert waiting_share(places, min(0.99, load + 0.01) * places) >= share


def test_what_it_says_of_waits_is_on_the_safe_side_of_a_replay():
    pace, gpus, hourly = Throughput(1000, 20, 4), 2, 3600 * 0.7 * 8 / 5.1
    shape = Shape(D(100), D(100))  # 0.1 seconds and five
    arrivals = np.cumsum(np.random.default_rng(7).exponential(3600 / hourly, 20_000))
    requests = Requests.of(arrivals.tolist(), [100.0] * 20_000, [100.0] * 20_000)
    replayed = float(np.quantile(first_tokens(requests, pace, gpus), 0.95))
    assert replayed <= first_token_seconds(hourly, pace, shape, gpus, TARGET) < 3 * replayed


def test_it_holds_what_is_within_the_target_and_not_a_request_more():
    most = holds(ONE, SHAPE, 4, TARGET)
    assert first_token_seconds(most, ONE, SHAPE, 4, TARGET) <= 2
    assert first_token_seconds(most * 1.001, ONE, SHAPE, 4, TARGET) > 2
    assert holds(ONE, Shape(D(300), D(1)), 4, TARGET) == 0  # the prompt alone takes three seconds


def test_machines_are_as_many_as_the_hour_needs_and_none_for_nothing():
    held = Held((100.0, 250.0, *(125.0 * n for n in range(3, 33))))
    assert held.machines([0, 1, 100, 101, 250, 251, 4000, 4001]).tolist() == [0, 1, 1, 2, 2, 3, 32, 33]


FLAT = Held(tuple(1000.0 * n for n in range(1, 33)))
L4 = Offer("L4", D("0.77"), FLAT)


def test_a_day_of_eight_hours_costs_a_third_on_a_schedule_and_less_by_the_hour():
    hours = Hours.of([*[0.0] * 8, *[1500.0] * 2, *[500.0] * 6, *[0.0] * 8] * 7)
    assert hours.mean == 250
    assert (hours.peak, hours.working_share, hours.scheduled_share) == (1500, 8 / 24, 8 / 24)
    always, scheduled, hourly = (L4.monthly_cost(hours, each, 250) for each in Running)
    assert always == 730 * 2 * D("0.77")
    assert scheduled == pytest.approx(always / 3)
    assert hourly == pytest.approx(730 * D("0.77") * (2 * 2 + 6) / 24)


def test_a_schedule_is_on_when_any_week_asked_and_unknown_hours_tell_nothing():
    weeks = [0.0] * 168 + [None] * 24 + [0.0] * 144
    weeks[5] = 3.0
    weeks[168 + 30] = 1.0
    hours = Hours.of(weeks)
    assert len(hours.known) == 312
    assert hours.scheduled().sum() == 3  # twice hour 30; hour 5 once, since nobody counted it in the second week
    with pytest.raises(UsageError, match="no request"):
        Hours.of([None, 0.0])


def test_break_even_is_where_a_request_costs_what_the_machine_does():
    steady = Hours.of([100.0] * 168)
    assert crossing(L4, steady, Running.always, D("0.00154")) == pytest.approx(500, rel=1e-6)  # 0.77 over it
    assert crossing(L4, steady, Running.always, D("0.00070")) is None  # a full one costs 0.00077 a request
    assert crossing(L4, steady, Running.always, D(0)) is None


def test_a_peak_moves_break_even_up():
    peaked = Hours.of(([50.0] * 23 + [1250.0]) * 7)  # a hundred on average, 1,250 at most
    # for the peak it takes thirteen machines for what two would do
    assert crossing(L4, peaked, Running.always, D("0.00154")) is None
    # 23 hours with one machine and one with nine: 32/24 x 0.77 over what a request costs
    assert crossing(L4, peaked, Running.hourly, D("0.00154")) == pytest.approx(32 / 24 * 500, rel=1e-9)


@settings(max_examples=25, deadline=None)
@given(
    counts=st.lists(st.floats(0, 5000), min_size=24, max_size=60).filter(lambda each: sum(each) > 1),
    each=st.decimals("0.0001", "0.1", places=5),
    running=st.sampled_from(list(Running)),
)
def test_below_break_even_the_machines_cost_more(counts, each, running):
    hours = Hours.of(counts)
    found = crossing(L4, hours, running, each)
    if found is not None and found > 0.02:
        level = found * 0.999
        assert L4.monthly_cost(hours, running, level) > 730 * D(repr(level)) * each


def test_levels_hold_today_and_where_it_crosses():
    levels = levels_between(20.0, 300.0)
    assert levels == sorted(levels)
    assert {20.0, 300.0} <= set(levels)
    assert (levels[0], levels[-1]) == pytest.approx((2, 3000))
    assert levels_between(0.0) == []


SPEEDS = {"L4": (100.0, 100.0), "H100": (600.0, 400.0)}


def test_other_kinds_are_as_much_faster_as_data_sheets_say_and_measurements_hold():
    known = {("llama", "L4"): Throughput(1000, 20, 8)}
    assert pace_on("llama", "L4", known, SPEEDS) == (Throughput(1000, 20, 8), "measured")
    assert pace_on("llama", "H100", known, SPEEDS) == (Throughput(6000, 80, 8), "data sheets")
    assert pace_on("mistral", "L4", known, SPEEDS) is None
    assert pace_on("llama", None, known, SPEEDS) is None
    assert plain_name("mistral/Mistral-small-3.2:fp8") == "mistral-small-3.2"


SERVING = Serving(2, "L4-1", 1, "L4", D("0.80"), D("0.03"), "fr-par", 20)
WORKLOAD = Workload(
    "p",
    "org/llama",
    "self-hosted",
    "EUR",
    D(1168),
    SERVING,
    Hours.of([900.0] * 672),
    Shape(D(1000), D(200)),
    Shape(D(600), D(200)),
    cached_tokens=D(400),
    pace=Throughput(6000, 40, 10),
)
KINDS = [
    Kind("L4-1", "instance", "L4", 1, 24, D("0.79"), "fr-par"),
    Kind("L4-2", "instance", "L4", 2, 24, D("1.58"), "fr-par"),
    Kind("small", "instance", "L4", 1, 12, D("0.10"), "fr-par"),
    Kind("elsewhere", "instance", "L4", 1, 24, D("0.10"), "nl-ams"),
    Kind("H100-1", "instance", "H100", 1, 80, D("2.87"), "fr-par"),
    Kind("L4", DEDICATED, "L4", 1, 24, D("0.93"), "fr-par"),
]
PRICES = [
    ModelPrice("llama", "realtime", D("0.9"), D("0.9"), D("0.3")),
    ModelPrice("llama", "batch", D("0.45"), D("0.45")),
    ModelPrice("other", "realtime", D("0.1"), D("0.1")),
    ModelPrice("embed", "realtime", D("0.01")),
]
MARKET = Market(KINDS, PRICES, {("llama", "L4"): Throughput(6000, 40, 10)}, SPEEDS, TARGET)


def test_every_way_has_its_cost_and_machines_that_hold_less_or_stand_elsewhere_are_none():
    found = ways(WORKLOAD, MARKET)
    by_option = {(way.option, way.offer): way for way in found}
    assert found[0].option == TODAY
    assert found[0].monthly_cost == 1168
    # 600 fresh, 400 cached and 200 answered tokens
    each = (600 * D("0.9") + 400 * D("0.3") + 200 * D("0.9")) / 1_000_000
    assert by_option[REALTIME, "llama"].monthly_cost == pytest.approx(730 * 900 * each)
    assert by_option[BATCH, "llama"].monthly_cost == pytest.approx(730 * 900 * 1200 * D("0.45") / 1_000_000)
    own = by_option["always on", "L4-1"]
    assert (own.machines, own.monthly_cost, own.known_by) == (1, 730 * D("0.80"), "measured")
    assert own.break_even == pytest.approx(float(D("0.80") / each), rel=1e-6)
    assert by_option["always on", "H100-1"].monthly_cost == 730 * D("2.90")
    assert by_option[DEDICATED, "L4"].monthly_cost == 730 * D("0.93")
    offers = {way.offer for way in found}
    assert not offers & {"small", "elsewhere", "L4-2", "embed"}


def test_a_model_that_is_not_listed_is_answered_by_another_and_says_so():
    market = Market(KINDS, PRICES[2:], MARKET.paces, SPEEDS, TARGET)
    realtime = next(way for way in ways(WORKLOAD, market) if way.option == REALTIME)
    assert (realtime.offer, realtime.is_same_model) == ("other", False)
    assert "not on the list" in realtime.reason
    batch = next(way for way in ways(WORKLOAD, market) if way.option == BATCH)
    assert (batch.monthly_cost, batch.offer) == (None, "")


def test_without_measurements_only_the_least_a_machine_costs_is_told_and_without_traffic_only_today():
    market = Market(KINDS, PRICES, {}, SPEEDS, TARGET)
    own = [way for way in ways(WORKLOAD, market) if way.option == "always on"]
    assert [way.offer for way in own] == ["L4-1"]
    assert own[0].reason.startswith("at least")
    silent = Workload("p", "llama", "dedicated", "EUR", D(600), SERVING)
    assert [way.option for way in ways(silent, MARKET)] == [TODAY]
    assert points(silent, MARKET) == []


def test_seconds_nobody_explains_stay_in_what_is_promised():
    slow = Workload(**{**vars(WORKLOAD), "first_token_seconds": D("1.6")})
    plainly, slowly = (
        next(way for way in ways(each, MARKET) if (way.option, way.offer) == ("always on", "L4-1"))
        for each in (WORKLOAD, slow)
    )
    assert plainly.first_token_seconds == pytest.approx(0.1)
    assert slowly.first_token_seconds == pytest.approx(1.6)


def test_the_curve_holds_today_once_a_line_and_costs_what_the_ways_do():
    found = points(WORKLOAD, MARKET)
    today = {(point.option, point.offer): point.monthly_cost for point in found if point.is_today}
    costs = {(way.option, way.offer): way.monthly_cost for way in ways(WORKLOAD, MARKET)}
    assert set(today) == {
        (REALTIME, "llama"),
        (BATCH, "llama"),
        ("always on", "L4-1"),
        ("scaled by the hour", "L4-1"),
        (DEDICATED, "L4"),
    }
    assert all(cost == costs[key] for key, cost in today.items())
    assert len({point.level for point in found}) * len(today) == len(found)


def test_of_very_many_places_the_share_that_waits_is_that_of_halfin_and_whitt():
    # with load c - sqrt(c) the limit is 1 / (1 + F(1) / f(1)) of the normal distribution (Halfin and Whitt 1981)
    assert waiting_share(10**6, 10**6 - 10**3) == pytest.approx(1 / (1 + 0.841345 / 0.241971), rel=2e-3)
