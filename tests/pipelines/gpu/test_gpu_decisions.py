"""Bursts, break-even and fleets, beside what a person works out by hand."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import UsageError
from pipelines.gpu.break_even import Machine, Price, break_even, curve, levels_around
from pipelines.gpu.capacity import Option, Throughput, cheapest_fleet, fewest_gpus, first_tokens, measured
from pipelines.gpu.traffic import Requests, Shape, bursts, working_share

D = Decimal
SHAPE, PRICE = Shape(D(1000), D(200)), Price(D("0.15"), D("0.35"))  # 0.00022 a request
L4 = Machine("L4", D("0.77"), D(7200))


def log(*arrivals, tokens=(100, 10)):
    return Requests.of(list(arrivals), [tokens[0]] * len(arrivals), [tokens[1]] * len(arrivals))


def test_bursts_count_empty_seconds_and_are_numbers_that_were_seen():
    found = bursts(log(9.2, 0, 0.1, 0.9, 3.5))
    assert (found.mean, found.p50, found.p95, found.p99, found.most) == (0.5, 0, 3, 3, 3)
    assert found.peak_factor == 6


def test_break_even_is_an_hours_cost_over_a_requests_price():
    found = break_even(L4, PRICE, SHAPE)
    assert (found.requests_per_hour, found.tokens_per_day, found.is_reachable) == (3500, 3500 * 24 * 1200, True)


def test_a_peak_the_machine_cannot_hold_puts_break_even_out_of_reach_for_any_number_of_them():
    assert break_even(L4, PRICE, SHAPE, D("2.1")).is_reachable is False
    points = curve(L4, PRICE, SHAPE, levels_around(D(3500)), D("2.1"))
    assert all(point.machine_thousand_cost > point.api_thousand_cost for point in points)
    assert break_even(Machine("?", D(1)), PRICE, SHAPE).is_reachable is None


def test_what_a_machine_holds_comes_from_its_pace_and_without_it_there_is_no_curve():
    pace = Throughput(prefill_per_second=1000, decode_per_second=50, streams=10)
    assert pace.hourly_requests(SHAPE) == 7200  # one second of prompt, four of answer, ten at once
    assert pace.hourly_requests(Shape(D(0), D(0))) is None
    assert curve(Machine("?", D(1)), PRICE, SHAPE, levels_around(D(10))) == []


def test_off_in_hours_without_work_it_pays_earlier():
    asleep = Machine("L4", D("0.77"), D(7200), on_share=D("0.5"))
    assert break_even(asleep, PRICE, SHAPE).requests_per_hour == 1750
    assert working_share([0, 3, 0, 1]) == 0.5
    assert working_share([]) is None


def test_a_free_api_has_no_break_even_and_what_makes_no_sense_is_refused():
    assert break_even(L4, Price(D(0), D(0)), SHAPE) is None
    with pytest.raises(UsageError, match="below the mean"):
        break_even(L4, PRICE, SHAPE, D("0.5"))
    with pytest.raises(UsageError, match="no request"):
        Requests.of([], [], [])


@settings(max_examples=60, deadline=None)
@given(
    cost=st.decimals("0.01", "50", places=4),
    holds=st.integers(1, 100_000),
    peak=st.decimals("1", "20", places=2),
    prices=st.tuples(st.decimals("0.01", "5", places=3), st.decimals("0.01", "5", places=3)),
)
def test_below_break_even_the_api_is_cheaper_and_at_it_the_machine_is_where_it_can_be_reached(
    cost, holds, peak, prices
):
    machine, price = Machine("m", cost, D(holds)), Price(*prices)
    found = break_even(machine, price, SHAPE, peak)
    below, at = found.requests_per_hour * D("0.99"), found.requests_per_hour * D("1.0000001")
    assert machine.cost(below, peak) > price.of(SHAPE) * below
    if machine.needed(at, peak) == 1:
        assert found.is_reachable
        assert machine.cost(at, peak) <= price.of(SHAPE) * at
    else:
        for point in curve(machine, price, SHAPE, levels_around(at), peak):
            reached = point.machine_thousand_cost <= point.api_thousand_cost
            assert found.is_reachable or not reached or at * peak <= holds * D("1.0001")


def test_the_first_token_waits_for_a_place_and_the_prompt():
    one = Throughput(100, 10, streams=1)  # a second of prompt, a second of answer
    assert first_tokens(log(0, 0, 5), one, gpus=1).tolist() == [1, 3, 1]
    assert first_tokens(log(0, 0, 5), one, gpus=2).tolist() == [1, 1, 1]


def test_the_fewest_gpus_within_the_target_and_none_where_a_prompt_alone_takes_longer():
    requests = log(*np.zeros(10))
    one = Throughput(100, 10, streams=1)
    assert fewest_gpus(requests, one, 3.0, quantile=1.0) == (5, 3.0)
    assert fewest_gpus(requests, one, 0.5) is None


@settings(max_examples=30, deadline=None)
@given(gaps=st.lists(st.floats(0, 5), min_size=1, max_size=40), streams=st.integers(1, 4), target=st.floats(1.01, 8))
def test_one_gpu_less_misses_the_target(gaps, streams, target):
    requests, one = log(*np.cumsum(gaps)), Throughput(100, 10, streams)
    gpus, reached = fewest_gpus(requests, one, target)
    assert reached <= target
    if gpus > 1:
        assert np.quantile(first_tokens(requests, one, gpus - 1), 0.95) > target


def test_the_cheapest_type_that_holds_the_model_is_taken():
    fast, slow = Throughput(1000, 100, 4), Throughput(100, 10, 2)
    options = [
        Option("small", D("0.5"), 1, 10, fast),
        Option("slow", D("0.7"), 1, 24, slow),
        Option("fast", D("2.8"), 1, 80, fast),
        Option("fast-2", D("5.6"), 2, 80, fast),
    ]
    requests = log(*np.arange(0, 10, 0.1))
    chosen = cheapest_fleet(requests, options, 1.5, memory_bytes=20)
    assert (chosen.option.name, chosen.machines) == ("fast", 1)
    assert cheapest_fleet(requests, options[:1], 1.5, memory_bytes=20) is None


def test_throughput_is_tokens_over_seconds_and_unknown_while_a_counter_is_missing_or_zero():
    assert measured(1000, 10, 600, 30, 9, gpus=2) == Throughput(100, 20, 4)
    assert measured(1000, 0, 600, 30, 9) is None
    assert measured(1000, 10, None, 30, 9) is None
