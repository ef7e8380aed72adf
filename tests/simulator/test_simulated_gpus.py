"""GPUs and the models they serve: what the simulator's exporters tell, and the truth of hours, euros and requests."""

from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pytest

from simulator.deploys_exports import inferences
from simulator.instants import DAY, HOUR, day_start, seconds
from simulator.kpi_costs import spent_in
from simulator.kpi_gpu import GpuTime, gpu_figures
from simulator.kpi_inference import Inferences
from simulator.loading import parse
from simulator.telemetry_truth import telemetry_truth
from simulator.telemetry_world import TelemetryWorld
from simulator.world import build

TODAY = datetime(2026, 4, 6, 12, tzinfo=UTC)
NOW = seconds(TODAY)
FIRST = day_start(NOW) - 4 * DAY
KINDS = ("busy", "queue", "warm", "nobodys")


def machine(name, **more):
    return {"name": name, "kind": "instance", "project": "ml", "zone": "fr-par-2", "type": "L4-1-24G", **more}


def two_models():
    """One GPU that serves a model, one by day with nothing in its memory, and a dedicated deployment."""
    return parse({
        "name": "gpus", "seed": 5, "start": datetime(2026, 3, 20, tzinfo=UTC), "today": TODAY,
        "organization": {"id": "55555555-5555-4555-8555-555555555555", "name": "Gpus"},
        "telemetry": {"scrape_seconds": 300, "metrics_days": 31},
        "projects": [{"name": "ml", "environment": "prod"}],
        "resources": [
            machine("serves", serves={"per_day": 700, "model": "m-8b"}, volumes=[{"gb": 100}]),
            machine("empty", usage={"gpu": 0.1, "gpu_p95": 0.2, "gpu_memory": 0.01}, load={"shape": "business-hours"}),
            {"name": "api", "kind": "service", "project": "ml", "inference": {"model": "maker/m-24b:fp8", "bits": 8},
             "serves": {"per_day": 500, "weekend": 0, "model": "maker/m-24b:fp8", "input_tokens": 10},
             "meters": [{"sku": "/ai/inference_dedicated/deployment/l4/fr-par"}]},
            {"name": "pushed", "kind": "service", "project": "ml",
             "meters": [{"sku": "/observability/cockpit/custom-sample/fr-par", "amount": 90_000}],
             "collects": {"exporters": ["gpu", "vllm"], "projects": ["ml"]}},
        ],
    })  # fmt: skip


@pytest.fixture(scope="module")
def world():
    return build(two_models())


@pytest.fixture(scope="module")
def exported(world):
    """`exported(name)`: labels and values of each series of a metric, in the last days."""
    telemetry = TelemetryWorld(world)
    (source,) = (each for each in telemetry.of_signal("metrics") if each.is_custom)
    families = telemetry.holdings(source).by_name

    def found(name):
        (family,) = families[name]
        days = family.calendar.days(FIRST, day_start(NOW) - 1, family.scrape)
        values, _ = family.block(np.arange(family.size), days, with_values=True)
        return list(zip(family.labels, values, strict=True))

    return found


def test_no_request_waits_below_zero_and_some_wait_when_it_is_busy(exported):
    ((_, waiting),) = exported("vllm:num_requests_waiting")
    assert waiting.min() == 0
    assert waiting.max() > 0


def test_requests_that_ended_add_up_to_those_that_came_whatever_ended_them(exported):
    ended = {labels["finished_reason"]: values for labels, values in exported("vllm:request_success_total")}
    assert set(ended) == {"stop", "length", "abort"}
    ((_, came),) = exported("vllm:time_to_first_token_seconds_count")
    np.testing.assert_array_equal(sum(ended.values()), came)
    assert all((np.diff(values) >= 0).all() for values in ended.values())
    assert 0.005 < ended["abort"][-1] / came[-1] < 0.02


def test_engine_and_tensor_cores_work_no_more_than_the_gpu_is_in_use(exported):
    used = [values for _, values in exported("DCGM_FI_DEV_GPU_UTIL")]
    engine = [values for _, values in exported("DCGM_FI_PROF_GR_ENGINE_ACTIVE")]
    tensor = [values for _, values in exported("DCGM_FI_PROF_PIPE_TENSOR_ACTIVE")]
    for percent, active, matrix in zip(used, engine, tensor, strict=True):
        assert np.abs(percent / 100 - active).max() <= 0.005 + 1e-9
        assert (matrix <= active).all()
        assert 0 <= active.min() <= active.max() <= 1


def test_charged_hours_are_busy_or_idle_and_cost_is_the_bill_with_volumes(world):
    time = GpuTime(world, FIRST, day_start(NOW))
    spent = list(spent_in(world, "2026-04", NOW))
    ids = {row.name: row.id for row in world.resources}
    told = gpu_figures(time, spent)
    assert set(told) == {ids["serves"], ids["empty"], ids["api"]}
    charged = sum(piece.units for piece in spent if (piece.resource.server_id or piece.resource.id) in told)
    assert sum(Decimal(each["cost"]) for each in told.values()) == Decimal(charged).scaleb(-12)
    assert told[ids["api"]]["busy_hours"] is None  # nothing measures it, which is not zero
    assert told[ids["api"]]["charged_hours"] == f"{5 * 24:.12f}"
    for name in ("serves", "empty"):
        figures = told[ids[name]]
        parts = sum(Decimal(figures[f"{kind}_hours"]) for kind in KINDS)
        assert abs(parts - Decimal(figures["measured_hours"])) < Decimal("1e-9")
        assert parts <= Decimal(figures["charged_hours"])
    assert Decimal(told[ids["empty"]]["warm_hours"]) == 0 < Decimal(told[ids["empty"]]["nobodys_hours"])
    assert Decimal(told[ids["serves"]]["nobodys_hours"]) == 0 < Decimal(told[ids["serves"]]["warm_hours"])
    before = {spans for (_, day), each in time.found.items() for spans in each if day < FIRST}
    assert before == {"charged"}
    assert all(each["charged"] <= 24 * HOUR for each in time.found.values())


def test_a_deployment_is_asked_on_workdays_what_its_file_and_the_truth_tell_alike(world):
    rows = list(inferences(world, NOW))
    assert {row["day"] for row in rows} >= {"2026-04-01", "2026-04-02", "2026-04-03"}
    assert not {"2026-04-04", "2026-04-05", "2026-04-06"} & {row["day"] for row in rows}
    assert all(row["input_tokens"] == 10 * (row["requests"] - row["failed"]) for row in rows)
    truth = Inferences(world, NOW, FIRST, telemetry_truth(world, NOW))
    figures = truth.figures(spent_in(world, "2026-04", NOW))
    ids = {row.name: row.id for row in world.resources}
    asked = figures[f"{ids['api']}|maker/m-24b:fp8"]
    assert asked["requests"] == sum(row["requests"] for row in rows if row["day"] >= "2026-04")
    served = figures[f"{ids['serves']}|m-8b"]
    assert served["requests"] > 0
    assert served["input_tokens"] == pytest.approx(850 * served["requests"], rel=0.11)


def test_the_price_list_tells_models_and_kinds_and_a_batch_costs_half(run_simulator, world):
    simulator = run_simulator(world)
    path = "/product-catalog/v2alpha1/public-catalog/products"
    listed = simulator.json(path, product_types="generative_apis", page_size=1000)["products"]
    prices = {}
    for product in listed:
        told = product["properties"]["generative_apis"]
        key = product["product"], told["token_type"], told["consumption_mode"]
        prices[key] = product["price"]["retail_price"]["nanos"]
        kind = told["token_type"].removesuffix("_token")
        end = f"_{kind}_batch/fr-par" if told["consumption_mode"] == "batch" else f"_{kind}/fr-par"
        assert product["sku"].startswith("/ai/generative_apis/consumption/")
        assert product["sku"].endswith(end)
    batches = {key: price for key, price in prices.items() if key[2] == "batch"}
    assert len(prices) == len(listed)
    assert {model for model, _, _ in batches} == {"llama-3.3-70b-instruct", "mistral-small-3.2-24b-instruct-2506"}
    for (model, kind, _), price in batches.items():
        assert 2 * price == prices[model, kind, "realtime"]
