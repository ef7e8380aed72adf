"""GPUs that cost more than what they do: by the token, by their number, by their kind."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import hcl2
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.recommendations.recommendation import NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rules.gpu_to_api import GPU_TO_API
from pipelines.recommendations.rules.gpu_training_cap import GPU_TRAINING_CAP
from pipelines.recommendations.rules.gpu_type import GPU_TYPE
from pipelines.recommendations.rules.gpu_unused_of_many import GPU_UNUSED_OF_MANY
from pipelines.recommendations.world import Resource, World

D = Decimal
SINCE, UNTIL = date(2026, 10, 21), date(2026, 11, 18)
GIB = 2**30
SERVER = Resource(
    resource_id="gpu",
    resource_name="chat",
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
    monthly_cost=D("574.875"),
    currency="EUR",
    costs={"/compute/l4_1_24g/run_fr-par-2": D("574.875")},
)
LOAD = {
    "resource_id": "gpu",
    "billing_currency": "EUR",
    "known_from": SINCE,
    "known_until": UNTIL,
    "pool_id": None,
    "gpu_name": "L4",
    "gpus": 1,
    "days_charged": 28,
    "days_measured": 28,
    "hours_measured": 672,
    "window_cost": D(545),
    "idle_cost": D(500),
    "charged_gpu_hours": D(672),
    "busy_gpu_hours": D(4),
    "busiest_gpu_active_ratio": D("0.02"),
    "memory_used_bytes": 20 * GIB,
    "unused_gpus": 0,
    "model": "llama",
    "days_counted": 28,
    "requests": D(588),
    "input_tokens": D(180_000),
    "output_tokens": D(54_000),
    "api_model": None,
    "api_input_price": None,
    "api_output_price": None,
    "api_window_cost": None,
    "other_model": "mistral-small",
    "other_input_price": D("0.15"),
    "other_output_price": D("0.35"),
    "other_window_cost": D("0.0459"),
}
SAME = {"api_model": "llama", "api_input_price": D("0.9"), "api_output_price": D("0.9"), "api_window_cost": D("0.2106")}


def offer(name, gpus, kind="L4", memory=24, price="574.875", **fields):
    return {
        "availability_zone": "fr-par-2",
        "commercial_type": name,
        "gpu_name": kind,
        "gpus": gpus,
        "gpu_memory_bytes": memory * GIB,
        "monthly_list_price": D(price),
        "billing_currency": "EUR",
        "status": "general_availability",
        "is_end_of_service": False,
        **fields,
    }


OFFERS = [
    offer("L4-1-24G", 1),
    offer("L4-2-24G", 2, price="1149.75"),
    offer("L4-4-24G", 4, price="2299.5"),
    offer("L40S-1-48G", 1, "L40S", 48, "1073.04"),
    offer("H100-1-80G", 1, "H100-PCIe", 80, "2092.545"),
]


def judged(rule, server=SERVER, offers=OFFERS, **load):
    tables = {
        "gold.gpu_load": pa.Table.from_pylist([{**LOAD, **load}]),
        "silver.gpu_offers": pa.Table.from_pylist(offers or [offer("x", 1)]).slice(0, len(offers)),
    }
    answers = list(rule.judge(World(UNTIL, UNTIL, {"gpu": server}, tables), rule.thresholds))
    assert len(answers) <= 1
    return answers[0] if answers else None


def test_a_model_outside_production_goes_to_the_api_even_as_another_model():
    answer = judged(GPU_TO_API)
    assert isinstance(answer, Recommendation)
    spent = D("0.0459") * 730 / (24 * 28) * D("1.2")
    assert answer.monthly_saving == pytest.approx(D("574.875") - spent, abs=D("0.01"))
    assert answer.evidence["api_monthly_cost_with_margin"] == pytest.approx(spent)
    assert answer.evidence["break_even_requests_per_hour"] == pytest.approx(D("574.875") / 730 / (D("0.0459") / 588))
    assert "21 requests a day" in answer.reason
    assert "scw instance server stop gpu --wait zone=fr-par-2" in answer.change.cli
    assert "scw instance server start gpu --wait zone=fr-par-2" in answer.change.undo_cli
    assert hcl2.loads(answer.change.terraform)
    assert hcl2.loads(answer.change.undo_terraform)


def test_in_production_the_same_model_moves_and_another_one_is_only_told():
    production = replace(SERVER, environment="prod")
    told = judged(GPU_TO_API, production)
    assert isinstance(told, NothingToDo)
    assert "do not list llama" in told.reason
    answer = judged(GPU_TO_API, production, **SAME)
    assert isinstance(answer, Recommendation)
    assert (answer.target, answer.risk) == ("llama", "medium")


def test_much_traffic_stays_where_it_is():
    assert isinstance(judged(GPU_TO_API, other_window_cost=D(450)), NothingToDo)


@pytest.mark.parametrize("load", [{"days_counted": 3}, {"days_counted": None}, {"input_tokens": None}])
def test_what_is_not_counted_is_not_judged(load):
    answer = judged(GPU_TO_API, **load)
    assert isinstance(answer, Unjudged)
    assert "vllm_prompt_tokens" in answer.reason


def test_a_deployment_is_deleted_since_it_cannot_be_stopped_and_can_be_made_anew():
    deployment = replace(SERVER, resource_type="inference_deployment", resource_class="L4", availability_zone=None)
    change = judged(GPU_TO_API, deployment, **SAME).change
    assert change.cli == ("scw inference deployment delete gpu region=fr-par",)
    assert "deployment create name=chat" in change.undo_cli[0]
    assert hcl2.loads(change.terraform)
    assert hcl2.loads(change.undo_terraform)
    assert isinstance(judged(GPU_TO_API, deployment, model=None, days_counted=0), Unjudged)


def test_machines_that_serve_no_model_and_nodes_of_pools_are_not_asked():
    assert judged(GPU_TO_API, model=None) is None
    assert judged(GPU_TO_API, pool_id="pool") is None


@settings(max_examples=50, deadline=None)
@given(cost=st.decimals(0, 5000, places=2), tokens=st.decimals(0, 10_000, places=4))
def test_a_saving_is_never_more_than_what_the_machine_costs(cost, tokens):
    answer = judged(GPU_TO_API, replace(SERVER, monthly_cost=cost), other_window_cost=tokens)
    if isinstance(answer, Recommendation):
        assert D(20) <= answer.monthly_saving <= cost
        assert answer.monthly_saving >= cost * D("0.3") - D("0.01")


FOUR = replace(SERVER, resource_class="L4-4-24G", monthly_cost=D("2299.5"))


def test_of_four_gpus_of_which_two_never_work_two_are_kept():
    answer = judged(GPU_UNUSED_OF_MANY, FOUR, gpus=4, unused_gpus=2)
    assert isinstance(answer, Recommendation)
    assert (answer.target, answer.monthly_saving) == ("L4-2-24G", D("1149.75"))
    assert hcl2.loads(answer.change.terraform)


@pytest.mark.parametrize(
    ("load", "kind"),
    [
        ({"gpus": 4, "unused_gpus": 0}, NothingToDo),
        ({"gpus": 4, "unused_gpus": None}, NothingToDo),
        ({"gpus": 4, "unused_gpus": 3, "days_measured": 5}, Unjudged),
        ({"gpus": 4, "unused_gpus": 3, "days_measured": None}, Unjudged),
    ],
)
def test_without_a_gpu_that_never_works_or_measurements_there_is_no_advice(load, kind):
    assert isinstance(judged(GPU_UNUSED_OF_MANY, FOUR, **load), kind)


def test_one_gpu_is_no_matter_of_several():
    assert judged(GPU_UNUSED_OF_MANY) is None


H100 = replace(SERVER, resource_class="H100-1-80G", monthly_cost=D("2092.545"))


def test_a_gpu_far_larger_than_its_work_becomes_the_cheapest_that_holds_it():
    answer = judged(GPU_TYPE, H100, gpu_name="H100-PCIe", memory_used_bytes=20 * GIB, busiest_gpu_active_ratio=D("0.1"))
    assert isinstance(answer, Recommendation)
    assert (answer.target, answer.monthly_saving) == ("L4-1-24G", D("1517.67"))
    assert answer.evidence["wanted_busiest_share"] == pytest.approx(0.1 * 2000 / 300, abs=1e-3)


def test_memory_and_work_decide_how_small_it_may_become():
    more = {"gpu_name": "H100-PCIe", "busiest_gpu_active_ratio": D("0.2")}
    assert judged(GPU_TYPE, H100, memory_used_bytes=20 * GIB, **more).target == "L40S-1-48G"
    assert isinstance(judged(GPU_TYPE, H100, memory_used_bytes=70 * GIB, **more), NothingToDo)
    busy = {**more, "busiest_gpu_active_ratio": D("0.9")}
    assert isinstance(judged(GPU_TYPE, H100, memory_used_bytes=20 * GIB, **busy), NothingToDo)


@pytest.mark.parametrize(
    "load", [{"memory_used_bytes": None}, {"busiest_gpu_active_ratio": None}, {"gpu_name": "unheard of"}]
)
def test_what_is_not_known_of_a_gpu_never_turns_into_advice(load):
    assert isinstance(judged(GPU_TYPE, H100, **{"gpu_name": "H100-PCIe", **load}), Unjudged)


@pytest.mark.parametrize("rule", [GPU_TO_API, GPU_TYPE, GPU_UNUSED_OF_MANY])
def test_an_empty_world_has_no_answers(rule):
    empty = {"gold.gpu_load": pa.table({}), "silver.gpu_offers": pa.table({})}
    assert list(rule.judge(World(UNTIL, UNTIL, {}, empty), rule.thresholds)) == []


def run(name, hours, status="completed", typical=4, cost=None, **fields):
    return {
        "scope": "run",
        "run_id": name,
        "resource_ids": ["gpu"],
        "status": status,
        "run_hours": D(hours),
        "typical_hours": None if typical is None else D(typical),
        "allocation_cost": D(hours) * 3 if cost is None else cost,
        "runs_at_once": 1,
        "billing_month": "2026-11",
        **fields,
    }


def capped(*runs, server=SERVER):
    tables = {"gold.cost_per_training": pa.Table.from_pylist(list(runs))}
    (answer,) = GPU_TRAINING_CAP.judge(World(UNTIL, UNTIL, {"gpu": server}, tables), GPU_TRAINING_CAP.thresholds)
    return answer


USUAL = [run("a", 4), run("b", 4), run("c", 4)]


def test_a_run_that_hangs_pays_for_its_hours_beyond_the_cap():
    answer = capped(*USUAL, run("d", 36, "failed"))
    assert (answer.target, answer.evidence["cost_beyond"]) == ("6 h", 90)  # 30 hours at 3
    assert answer.monthly_saving == (D(90) * 730 / (24 * 17)).quantize(D("0.01"), rounding="ROUND_DOWN")
    assert "6h" in answer.change.cli[0]


def test_a_run_on_two_machines_counts_for_each_with_its_share_and_never_beyond_the_machine():
    answer = capped(*USUAL, run("d", 36, resource_ids=["gpu", "gone"]))
    assert answer.evidence["cost_beyond"] == 45
    assert capped(*USUAL, run("d", 400), server=replace(SERVER, monthly_cost=D(50))).monthly_saving == 50


def test_a_month_that_is_over_counts_all_of_its_days():
    month = {"billing_month": "2026-10"}
    answer = capped(*({**each, **month} for each in (*USUAL, run("d", 36))))
    assert (answer.evaluation_start, answer.evaluation_end) == (date(2026, 10, 1), date(2026, 11, 1))
    assert answer.monthly_saving == (D(90) * 730 / (24 * 31)).quantize(D("0.01"), rounding="ROUND_DOWN")


def test_usual_runs_and_too_few_of_them_give_no_advice():
    assert isinstance(capped(*USUAL, run("d", 6)), NothingToDo)
    assert isinstance(capped(*USUAL, run("d", 36, typical=None)), NothingToDo)
    assert isinstance(capped(run("a", 400)), Unjudged)
