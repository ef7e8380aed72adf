"""Rows of gold.gpu_workloads as ways to answer, with figures worked out by hand."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.gpu_break_even import judged, point_rows, prices_of, way_rows, workload_of
from assets.gpu_break_even_tables import BREAK_EVEN, CURVE
from assets.made_tables import in_order

D = Decimal
ROW = {
    "billing_month": "2026-11", "project_id": "p", "project_name": "ml", "environment": "prod", "owner": "ml-team",
    "provider": "self-hosted", "model": "llama", "gpu_name": "L4", "billing_currency": "EUR",
    "known_from": date(2026, 10, 21), "known_until": date(2026, 11, 18), "region_id": "fr-par",
    "resource_ids": ["a", "b"], "commercial_type": "L4-1-24G", "gpus": 2, "gpu_memory_used_bytes": 20,
    "charged_hours": D(1344), "window_cost": D("1075.2"), "window_machine_cost": D("1034.88"), "hours_counted": 672,
    "hours_spread": 0,
    "hourly_requests": [1000.0] * 672, "hourly_tokens": [1_200_000.0] * 672, "requests": D(672_000),
    "input_tokens": D(672_000_000), "cached_tokens": D(336_000_000), "output_tokens": D(134_400_000),
    "prefill_seconds": D(67_200), "decode_seconds": D(2_688_000), "most_running": D("9.5"),
    "first_token_p95_seconds": None,
}  # fmt: skip
API = ROW | {
    "provider": "generative-apis", "model": "big", "gpu_name": None, "resource_ids": None, "commercial_type": None,
    "gpus": None, "charged_hours": None, "window_cost": D(28), "window_machine_cost": None, "hourly_requests": None,
    "requests": None, "cached_tokens": None, "prefill_seconds": None, "decode_seconds": None, "most_running": None,
}  # fmt: skip
INSTANCES = [
    {"availability_zone": f"{region}-2", "commercial_type": "L4-1-24G", "gpu_name": "L4", "gpus": 1,
     "gpu_memory_bytes": 24, "monthly_list_price": D("562.1"), "billing_currency": "EUR", "status": None,
     "is_end_of_service": False}
    for region in ("fr-par", "pl-waw")
]  # fmt: skip
DEDICATED = [
    {"region_id": "fr-par", "node_type": "L4", "billing_currency": "EUR", "hourly_list_price": D("0.93"),
     "gpu_name": "L4", "gpus": 1, "gpu_memory_bytes": 24}
]  # fmt: skip


def price(model, mode, kind, value, region="fr-par"):
    return {"model": model, "consumption_mode": mode, "token_type": f"{kind}_token", "million_price": D(value),
            "billing_currency": "EUR", "region_id": region}  # fmt: skip


PRICES = [price("llama", "realtime", "input", "0.2"), price("llama", "realtime", "output", "0.4")]


def rows_of(*rows, instances=INSTANCES, dedicated=DEDICATED, prices=PRICES):
    found = judged(list(rows), instances, dedicated, prices)
    return [line for each in found for line in way_rows(*each)], [line for each in found for line in point_rows(*each)]


def test_ways_of_a_workload_beside_a_hand_calculation():
    lines, curve = rows_of(ROW)
    found = {(line["option"], line["offer"]): line for line in lines}
    today = found["as today", "L4-1-24G"]
    assert today["monthly_cost"] == D("1075.2") * 730 / 672  # two machines at 0.80 an hour
    assert (today["requests_per_hour"], today["tokens_per_day"]) == (1000, 1000 * 24 * 1200)
    assert today["million_tokens_cost"] == pytest.approx(today["monthly_cost"] / (730 * D("1.2")))
    # a request of 1,000 tokens in and 200 out: 0.0002 + 0.00008
    api = found["API", "llama"]
    assert api["monthly_cost"] == pytest.approx(730 * 1000 * D("0.00028"))
    own = found["always on", "L4-1-24G"]
    assert (own["machines"], own["monthly_cost"]) == (1, 730 * D("0.80"))
    assert float(own["break_even_requests_per_hour"]) == pytest.approx(0.80 / 0.00028, rel=1e-6)
    assert own["break_even_tokens_per_day"] == pytest.approx(own["break_even_requests_per_hour"] * 24 * 1200)
    assert found["dedicated", "L4"]["monthly_cost"] == 730 * D("0.93")
    assert found["API in batches", ""]["monthly_cost"] is None
    assert sum(line["is_today"] for line in curve) == len({(line["option"], line["offer"]) for line in curve})
    for made, rows in ((BREAK_EVEN, lines), (CURVE, curve)):
        table = in_order(made, rows)
        assert table.num_rows == len(rows) == len({tuple(row[name] for name in made.grain) for row in rows})


def test_days_of_an_import_are_said_to_have_no_peaks():
    lines, _ = rows_of(ROW | {"hours_spread": 24})
    assert "peaks are not in it" in lines[0]["reason"]


def test_throughput_is_what_the_counters_say_of_one_gpu():
    pace = workload_of(ROW).pace
    assert (pace.prefill_per_second, pace.decode_per_second, pace.streams) == (5000, 50, 9)
    assert workload_of(ROW | {"most_running": D("0.2")}).pace is None


def test_tokens_alone_tell_no_requests_and_the_least_a_machine_costs_is_a_floor():
    lines, _ = rows_of(
        API, prices=[price("big", "realtime", "input", "0.9"), price("big", "realtime", "output", "0.9")]
    )
    assert {line["requests_per_hour"] for line in lines} == {None}
    floor = next(line for line in lines if line["option"] == "always on")
    assert (floor["offer"], floor["monthly_cost"]) == ("L4-1-24G", D("562.1"))
    assert floor["break_even_tokens_per_day"] == pytest.approx(D("562.1") / 730 * 24 * 1_000_000 / D("0.9"))
    assert floor["reason"].startswith("at least")


def test_another_currency_has_no_offers_and_of_two_regions_the_cheaper_price_counts():
    lines, curve = rows_of(ROW | {"billing_currency": "USD"})
    assert {(line["option"], line["monthly_cost"] is None) for line in lines} == {
        ("as today", False),
        ("API", True),
        ("API in batches", True),
        ("always on", True),
    }
    assert curve == []
    (found,) = prices_of([*PRICES[:1], price("llama", "realtime", "input", "0.1", "nl-ams")], "EUR")
    assert (found.input_million, found.output_million) == (D("0.1"), None)


@settings(max_examples=100, deadline=None)
@given(
    counts=st.lists(st.none() | st.floats(0, 1e6), min_size=1, max_size=48),
    tokens=st.tuples(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**9)),
    seconds=st.tuples(*[st.none() | st.integers(0, 10**6)] * 3),
    machines=st.integers(0, 3),
    cost=st.decimals("0", "9999", places=2),
)
def test_whatever_was_counted_no_cost_is_below_zero_and_nothing_divides_by_it(counts, tokens, seconds, machines, cost):
    told = sum(each for each in counts if each)
    row = ROW | {
        "hourly_requests": counts,
        "requests": D(repr(told)) if told else None,
        "input_tokens": D(tokens[0]),
        "cached_tokens": D(tokens[1]),
        "output_tokens": D(tokens[2]),
        "prefill_seconds": seconds[0] and D(seconds[0]),
        "decode_seconds": seconds[1] and D(seconds[1]),
        "most_running": seconds[2] and D(seconds[2]),
        "resource_ids": ["a", "b", "c"][:machines],
        "charged_hours": D(machines * 672),
        "window_cost": cost,
        "window_machine_cost": cost,
    }
    lines, curve = rows_of(row)
    assert all(line["monthly_cost"] is None or line["monthly_cost"] >= 0 for line in [*lines, *curve])
    assert in_order(BREAK_EVEN, lines).num_rows == len(lines)
    assert in_order(CURVE, curve).num_rows == len(curve)
