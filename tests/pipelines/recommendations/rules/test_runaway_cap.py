"""Limits: missing ones, those far beyond any use, and timeouts that jobs hang until."""

from datetime import date
from decimal import ROUND_DOWN, Decimal

import hcl2
import pyarrow as pa
import pytest

from pipelines.recommendations.recommendation import NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rules.runaway_cap import RUNAWAY_CAP, Thresholds
from pipelines.recommendations.world import Resource, World

D = Decimal
FIRST, UNTIL = date(2026, 10, 21), date(2026, 11, 18)
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("resource_id", "resource_type")),
        *((name, pa.date32()) for name in ("known_from", "known_until")),
        *((name, pa.int32()) for name in ("min_scale", "max_scale", "timeout_seconds")),
        ("is_autoscaled", pa.bool_()),
        ("node_ids", pa.list_(pa.string())),
        ("list_price_per_hour", pa.decimal128(38, 12)),
        *((name, pa.int64()) for name in ("runs", "timed_out_runs", "measured_days")),
        *((name, pa.float64()) for name in ("longest_seconds", "timed_out_seconds", "peak_instances")),
    ]
)


def thing(kind, cost="50"):
    return Resource(
        resource_id="it",
        resource_name="it",
        resource_type=kind,
        resource_class=None,
        resource_state=None,
        project_id="p",
        project_name="shop",
        region_id="fr-par",
        availability_zone=None,
        environment="prod",
        owner=None,
        team=None,
        tags=(),
        created_at=None,
        parent_id=None,
        monthly_cost=None if cost is None else D(cost),
        currency="EUR",
        costs={},
    )


def judged(kind, cost="50", more=(), **fields):
    row = {"resource_id": "it", "resource_type": kind, "known_from": FIRST, "known_until": UNTIL, **fields}
    resources = {"it": thing(kind, cost), **{each.resource_id: each for each in more}}
    table = pa.Table.from_pylist([row], schema=SCHEMA)
    (answer,) = RUNAWAY_CAP.judge(World(UNTIL, UNTIL, resources, {"gold.scaling_caps": table}), Thresholds())
    return answer


def container(**fields):
    told = {
        "max_scale": 200,
        "min_scale": 0,
        "list_price_per_hour": D("0.05"),
        "peak_instances": 3.0,
        "measured_days": 28,
    }
    return judged("containers_container", **told | fields)


def job(**fields):
    told = {
        "timeout_seconds": 86_400,
        "longest_seconds": 9_000.0,
        "runs": 28,
        "timed_out_runs": 10,
        "timed_out_seconds": 864_000.0,
        "list_price_per_hour": D("0.3"),
    }
    return judged("serverless_jobs_job_definition", **told | fields)


def test_a_limit_far_beyond_any_use_is_told_with_its_worst_case():
    advice = container()
    assert isinstance(advice, Recommendation)
    assert advice.evidence["worst_case_cost_per_month"] == D("0.05") * 730 * 200
    assert (advice.target, advice.monthly_saving) == ("max_scale=6", 0)
    assert advice.change.undo_cli == ("scw container container update it max-scale=200 region=fr-par",)
    hcl2.loads(advice.change.terraform)


def test_a_missing_limit_is_told_whatever_it_costs():
    advice = container(max_scale=None)
    assert isinstance(advice, Recommendation)
    assert "Nothing limits it" in advice.reason


def test_a_limit_near_the_peak_or_cheap_at_its_worst_is_left_alone():
    assert isinstance(container(peak_instances=60.0), NothingToDo)
    assert isinstance(container(max_scale=20), NothingToDo)


@pytest.mark.parametrize("missing", [{"peak_instances": None}, {"measured_days": 3}, {"list_price_per_hour": None}])
def test_a_null_is_never_advice(missing):
    assert isinstance(container(**missing), Unjudged)


def test_what_hung_jobs_took_beyond_the_new_timeout_is_the_saving():
    advice = job(cost="100")
    assert isinstance(advice, Recommendation)
    assert advice.target == "timeout=14400s"
    beyond = (864_000 - 10 * 14_400) / D(3600) * D("0.3") * 730 / 672
    assert advice.monthly_saving == beyond.quantize(D("0.01"), ROUND_DOWN)
    assert "10 of 28 runs" in advice.reason
    hcl2.loads(advice.change.terraform)


def test_the_saving_is_never_more_than_was_charged():
    assert job(cost="20").monthly_saving == 20


def test_a_job_that_never_hung_is_left_alone_unless_its_worst_case_is_dear():
    assert isinstance(job(timed_out_runs=0, timed_out_seconds=None), NothingToDo)
    dear = job(timed_out_runs=0, timed_out_seconds=None, list_price_per_hour=D("5"))
    assert isinstance(dear, Recommendation)
    assert dear.monthly_saving == 0


@pytest.mark.parametrize("missing", [{"timeout_seconds": None}, {"longest_seconds": None}, {"runs": 2}])
def test_too_few_runs_or_no_timeout_is_not_judged(missing):
    assert isinstance(job(**missing), Unjudged)


def test_a_pool_that_does_not_scale_by_itself_cannot_run_away_and_one_that_does_costs_what_its_nodes_do():
    from dataclasses import replace

    node = replace(thing("instance_server", "160"), resource_id="node")
    fields = {"max_scale": 50, "min_scale": 1, "node_ids": ["node"]}
    assert isinstance(judged("k8s_pool", None, [node], is_autoscaled=False, **fields), NothingToDo)
    advice = judged("k8s_pool", None, [node], is_autoscaled=True, **fields)
    assert advice.evidence["worst_case_cost_per_month"] == 160 * 50
