"""One GPU for several machines, GPUs instead of an API, and batches instead of realtime."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

import hcl2
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.recommendations.recommendation import NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rules.gpu_api_batch import GPU_API_BATCH, busiest_hours
from pipelines.recommendations.rules.gpu_from_api import GPU_FROM_API
from pipelines.recommendations.rules.gpu_share import GPU_SHARE
from pipelines.recommendations.world import Resource, World

D = Decimal
SINCE, UNTIL = date(2026, 10, 21), date(2026, 11, 18)
GIB = 2**30
SERVER = Resource(
    resource_id="a",
    resource_name="a",
    resource_type="instance_server",
    resource_class="L4-1-24G",
    resource_state="running",
    project_id="p",
    project_name="ml",
    region_id="fr-par",
    availability_zone="fr-par-2",
    environment="staging",
    owner=None,
    team=None,
    tags=(),
    created_at=None,
    parent_id=None,
    monthly_cost=D("574.87"),
    currency="EUR",
    costs={"/compute/l4_1_24g/run_fr-par-2": D("574.87")},
)
LOAD = {
    "billing_currency": "EUR",
    "known_from": SINCE,
    "known_until": UNTIL,
    "pool_id": None,
    "gpu_name": "L4",
    "gpus": 1,
    "days_charged": 28,
    "days_measured": 28,
    "days_counted": 28,
    "window_cost": D(545),
    "idle_cost": D(500),
    "charged_gpu_hours": D(672),
    "busy_gpu_hours": D(4),
    "training_gpu_hours": D(0),
    "busiest_gpu_active_ratio": D("0.2"),
    "memory_used_bytes": 8 * GIB,
    "model": "llama",
    "models": 1,
}
OFFER = {
    "commercial_type": "L4-1-24G",
    "gpu_name": "L4",
    "gpu_memory_bytes": 24 * GIB,
    "monthly_list_price": D("574.87"),
    "billing_currency": "EUR",
    "is_end_of_service": False,
}


def shared(*machines, **server):
    """Answers about machines a, b, c … of these loads."""
    names = "abcdef"[: len(machines)]
    rows = [{**LOAD, "resource_id": name, **load} for name, load in zip(names, machines, strict=True)]
    servers = {name: replace(SERVER, resource_id=name, resource_name=name, **server) for name in names}
    tables = {"gold.gpu_load": pa.Table.from_pylist(rows), "silver.gpu_offers": pa.Table.from_pylist([OFFER])}
    return list(GPU_SHARE.judge(World(UNTIL, UNTIL, servers, tables), GPU_SHARE.thresholds))


def advice(answers):
    return [each for each in answers if isinstance(each, Recommendation)]


def test_two_servers_of_one_model_become_one_and_hold_it_once():
    full = {"memory_used_bytes": 22 * GIB}
    (found,) = advice(shared(full, full))
    assert (found.resource_id, found.target, found.monthly_saving) == ("a", "b", D("574.87"))
    assert found.saves_on == {"a", "b"}
    assert found.evidence["is_one_model"]
    assert "scw instance server stop a" in found.change.cli[0]
    assert hcl2.loads(found.change.terraform)
    assert hcl2.loads(found.change.undo_terraform)


def test_different_models_share_where_their_memory_fits_and_not_where_it_does_not():
    one, other = {"model": "llama"}, {"model": "mistral"}
    (found,) = advice(shared(one, other))
    assert found.evidence["memory_together_bytes"] == 16 * GIB
    assert "--gpu-memory-utilization" in found.change.notes[1]
    assert not advice(shared(one, other | {"memory_used_bytes": 14 * GIB}))
    assert not advice(shared(one, other | {"busiest_gpu_active_ratio": D("0.6")}))


def test_a_gpu_with_parts_is_cut():
    cut = {"gpu_name": "H100-PCIe"}
    (found,) = advice(shared(cut, cut | {"model": "mistral"}))
    assert "nvidia-smi mig" in found.change.notes[1]


def test_three_that_fit_leave_one():
    assert [each.resource_id for each in advice(shared({}, {}, {}))] == ["a", "b"]


@pytest.mark.parametrize(
    ("load", "kind"),
    [
        ({"training_gpu_hours": D(5)}, NothingToDo),
        ({"memory_used_bytes": None}, Unjudged),
        ({"days_measured": 3}, Unjudged),
        ({"busiest_gpu_active_ratio": None}, Unjudged),
    ],
)
def test_one_that_trains_or_is_not_measured_shares_with_nobody(load, kind):
    answers = shared({}, load)
    assert not advice(answers)
    assert isinstance(next(each for each in answers if each.resource_id == "b"), kind)


def test_machines_of_two_projects_or_with_two_gpus_are_left_alone():
    rows = [{**LOAD, "resource_id": name} for name in "ab"]
    servers = {name: replace(SERVER, resource_id=name, project_id=name) for name in "ab"}
    tables = {"gold.gpu_load": pa.Table.from_pylist(rows), "silver.gpu_offers": pa.Table.from_pylist([OFFER])}
    assert not advice(GPU_SHARE.judge(World(UNTIL, UNTIL, servers, tables), GPU_SHARE.thresholds))
    assert shared({"gpus": 2}, {"gpus": 2}) == []


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.decimals("0", "1", places=2), st.integers(1, 24), st.sampled_from("xyz")), max_size=6))
def test_what_shares_fits_and_never_more_is_saved_than_the_machines_that_stop_cost(loads):
    machines = [
        {"busiest_gpu_active_ratio": busy, "memory_used_bytes": memory * GIB, "model": model}
        for busy, memory, model in loads
    ]
    found = advice(shared(*machines)) if machines else []
    hosts = {each.target for each in found}
    assert not hosts & {each.resource_id for each in found}
    for each in found:
        assert each.evidence["busiest_share_together"] <= 0.7
        assert each.evidence["is_one_model"] or each.evidence["memory_together_bytes"] <= 0.9 * 24 * GIB
        assert each.monthly_saving <= SERVER.monthly_cost


WORKLOAD = {
    "project_id": "p",
    "project_name": "ml",
    "provider": "generative-apis",
    "model": "llama",
    "environment": "prod",
    "billing_currency": "EUR",
    "known_from": SINCE,
    "known_until": UNTIL,
    "resource_ids": None,
    "commercial_type": None,
    "hours_counted": 672,
    "window_cost": D(4600),  # 4,997 a month
    "input_tokens": D(4_000_000_000),
    "output_tokens": D(1_000_000_000),
    "hourly_tokens": [7_440_000.0] * 672,
}
OWN = {
    **WORKLOAD,
    "provider": "self-hosted",
    "project_id": "q",
    "resource_ids": ["x"],
    "commercial_type": "L4-1-24G",
    "hourly_tokens": [5_000_000.0] * 672,
}


def of_api(*rows, offers=(OFFER,)):
    tables = {
        "gold.gpu_workloads": pa.Table.from_pylist(list(rows)),
        "silver.gpu_offers": pa.Table.from_pylist(list(offers)),
    }
    return next(iter(GPU_FROM_API.judge(World(UNTIL, UNTIL, {}, tables), GPU_FROM_API.thresholds)))


def test_a_busy_model_moves_to_as_many_machines_as_hold_its_busiest_hour():
    answer = of_api(WORKLOAD, OWN)
    assert isinstance(answer, Recommendation)
    assert (answer.resource_id, answer.target, answer.evidence["machines"]) == ("p/llama", "L4-1-24G", 2)
    spent = D(4600) * 730 / (24 * 28)
    assert answer.monthly_saving == (spent - 2 * D("574.87")).quantize(D("0.01"), rounding="ROUND_DOWN")
    assert answer.monthly_saving <= answer.monthly_cost
    assert answer.one_off_cost == (2 * D("574.87") * 336 / 730).quantize(D("0.01"), rounding="ROUND_DOWN")
    assert hcl2.loads(answer.change.terraform)


def test_a_peak_needs_more_machines_and_what_is_left_may_be_no_saving():
    peak = {**WORKLOAD, "hourly_tokens": [7_440_000.0] * 671 + [31_000_000.0]}
    assert isinstance(of_api(peak, OWN), NothingToDo)


def test_below_the_price_of_a_machine_the_api_stays_and_above_it_a_gpu_must_have_been_seen():
    assert isinstance(of_api({**WORKLOAD, "window_cost": D(400)}), NothingToDo)
    unseen = of_api(WORKLOAD, {**OWN, "model": "another"})
    assert isinstance(unseen, Unjudged)
    assert "was not measured" in unseen.reason
    assert isinstance(of_api({**WORKLOAD, "hours_counted": 48}, OWN), Unjudged)


def price(mode, kind, value):
    return {
        "model": "Llama",
        "consumption_mode": mode,
        "token_type": kind,
        "million_price": D(value),
        "billing_currency": "EUR",
    }


PRICES = [
    price("realtime", "input_token", "0.9"),
    price("realtime", "output_token", "0.9"),
    price("batch", "input_token", "0.45"),
    price("batch", "output_token", "0.45"),
]
NIGHTLY = [5_000_000.0 if hour % 24 in (23, 0, 1, 2) else 0.0 for hour in range(672)]


def batched(row, prices=PRICES):
    tables = {
        "gold.gpu_workloads": pa.Table.from_pylist([row]),
        "silver.model_prices": pa.Table.from_pylist(prices or [PRICES[0]]).slice(0, len(prices)),
    }
    (answer,) = GPU_API_BATCH.judge(World(UNTIL, UNTIL, {}, tables), GPU_API_BATCH.thresholds)
    return answer


def test_what_comes_at_night_alone_goes_in_batches_for_what_was_charged_less_the_list_says():
    answer = batched({**WORKLOAD, "hourly_tokens": NIGHTLY})
    assert isinstance(answer, Recommendation)
    assert answer.monthly_saving == (D(4600) / 2 * 730 / (24 * 28)).quantize(D("0.01"), rounding="ROUND_DOWN")
    assert "from 19:00 to 03:00 UTC" in answer.reason
    body = answer.change.cli[0].partition("-d '")[2].rstrip("'")
    assert json.loads(body)["completion_window"] == "24h"


@pytest.mark.parametrize(
    ("row", "prices", "kind"),
    [
        (WORKLOAD, PRICES, NothingToDo),  # around the clock
        ({**WORKLOAD, "hourly_tokens": NIGHTLY}, PRICES[:2], NothingToDo),
        ({**WORKLOAD, "hourly_tokens": NIGHTLY}, PRICES[:3], NothingToDo),  # answers have no batch price
        ({**WORKLOAD, "hourly_tokens": NIGHTLY, "window_cost": D(5)}, PRICES, NothingToDo),
        ({**WORKLOAD, "hourly_tokens": NIGHTLY, "hours_counted": 100}, PRICES, Unjudged),
    ],
)
def test_people_missing_prices_and_too_little_known_are_no_batch(row, prices, kind):
    assert isinstance(batched(row, prices), kind)


def test_the_busiest_hours_may_pass_midnight_and_nothing_has_no_share():
    assert busiest_hours(NIGHTLY, 4) == (23, 1.0)
    assert busiest_hours([None] * 48, 4) == (0, 0.0)


@pytest.mark.parametrize("rule", [GPU_SHARE, GPU_FROM_API, GPU_API_BATCH])
def test_an_empty_world_has_no_answers(rule):
    world = World(UNTIL, UNTIL, {}, {name: pa.table({}) for name in rule.reads})
    assert list(rule.judge(world, rule.thresholds)) == []
