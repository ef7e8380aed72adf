"""What is asked of models and what they cost elsewhere: prices as listed, node types, four weeks by the hour."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

D = Decimal
UNTIL = date(2026, 11, 18)
SINCE = UNTIL - timedelta(days=28)
DAYS = [SINCE + timedelta(days=day) for day in range(28)]


def product(sku, nanos, token_type=None, mode=None, unit="token", size=1000, **fields):
    said = {} if token_type is None else {"generative_apis": {"token_type": token_type, "consumption_mode": mode}}
    return {
        "sku": sku,
        "product": "qwen3.6-35b",
        "locality": {"region": "fr-par"},
        "unit_of_measure": {"unit": unit, "size": size},
        "price": {"retail_price": {"currency_code": "EUR", "units": 0, "nanos": nanos}},
        "properties": said,
        **fields,
    }


def test_prices_of_models_are_read_from_what_the_list_says_of_each_sku_and_else_from_its_words(answers):
    path = "/ai/generative_apis/consumption/qwen36"
    listed = [
        product(f"{path}_input/fr-par", 250_000, "input_token", "realtime"),
        product(f"{path}_output/fr-par", 1_500_000, "output_token", "realtime"),
        product(f"{path}_input_batch/fr-par", 125_000, "input_token", "batch"),
        product(f"{path}_output_batch/fr-par", 750_000),  # not said: its words tell
        product(f"{path}_input_cached/fr-par", 50_000, "input_cached_token", "realtime"),
        product("/ai/generative_apis/old/input_token/fr-par", 1, product="old", status="retired"),
        product("/ai/generative_apis/spelt-out/input_token/fr-par", 900_000, product=None),
        product("/ai/generative_apis/consumption/short_input_batch/fr-par", 100_000, product=None),
        product("/ai/generative_apis/consumption/whisper/fr-par", 3, "input_duration", "realtime", "second", 60),
        product("/compute/l4_1_24g/run_fr-par-2", 1, unit="minute", size=1),
    ]
    answers.answer("bronze.products", "catalog.products", listed)
    answers.build("silver.model_prices")
    found = {
        (row["consumption_mode"], row["token_type"]): row["million_price"]
        for row in answers.read("silver.model_prices")
        if row["model"] == "qwen3.6-35b"
    }
    assert found == {
        ("realtime", "input_token"): D("0.25"),
        ("realtime", "output_token"): D("1.5"),
        ("batch", "input_token"): D("0.125"),
        ("batch", "output_token"): D("0.75"),
        ("realtime", "input_cached_token"): D("0.05"),
    }
    others = {(row["model"], row["consumption_mode"], row["million_price"])
              for row in answers.read("silver.model_prices") if row["model"] != "qwen3.6-35b"}  # fmt: skip
    assert others == {("spelt-out", "realtime", D("0.9")), ("short", "batch", D("0.1"))}


def test_node_types_have_the_gpus_of_the_family_and_a_price_by_the_hour(build):
    def price(node, unit, value):
        sku = f"/ai/inference_dedicated/deployment/{node}/fr-par"
        return {"sku": sku, "pricing_unit": unit, "list_unit_price": value, "billing_currency": "EUR",
                "region_id": "fr-par", "valid_from": date(2026, 1, 1)}  # fmt: skip

    def offer(name, gpus, kind):
        return {"commercial_type": name, "gpus": gpus, "gpu_name": kind, "gpu_memory_bytes": 24}

    given = {
        "silver.prices": [price("l4", "node_minute", "0.0155"), price("h100_sxm_2", "hour", "6.5"),
                          price("tpu", "hour", "1")],
        "silver.gpu_offers": [offer("L4-1-24G", 1, "L4"), offer("L4-2-24G", 2, "L4"),
                              offer("H100-SXM-2-80G", 2, "H100-SXM"), offer("H100-2-80G", 2, "H100-PCIe")],
    }  # fmt: skip
    found = {row["node_type"]: row for row in build("silver.inference_offers", given)}
    assert (found["L4"]["hourly_list_price"], found["L4"]["gpus"], found["L4"]["gpu_name"]) == (D("0.93"), 1, "L4")
    assert (found["H100-SXM-2"]["gpus"], found["H100-SXM-2"]["gpu_name"]) == (2, "H100-SXM")
    assert found["TPU"]["gpu_name"] is None


def machine(name, day, **fields):
    return {
        "charge_date": day, "resource_id": name, "project_id": "p", "project_name": "ml", "environment": "prod",
        "team": "ml-team", "charged_hours": "24", "billing_currency": "EUR", "billing_month": f"{day:%Y-%m}", **fields,
    }  # fmt: skip


def load(name, **fields):
    return {
        "billing_month": "2026-11", "resource_id": name, "billing_currency": "EUR", "known_from": SINCE,
        "known_until": UNTIL, "resource_type": "instance_server", "commercial_type": "L4-1-24G", "gpu_name": "L4",
        "gpus": 1, "days_charged": 28, "memory_used_bytes": 20, "window_cost": "545", "window_machine_cost": "529",
        "model": "llama", **fields,
    }  # fmt: skip


def served(name, hour, **fields):
    return {
        "resource_id": name, "service": "vllm", "usage_hour": hour, "usage_date": hour.date(), "model": "llama",
        "requests": "10", "input_tokens": "1000", "cached_tokens": "200", "output_tokens": "100",
        "prefill_seconds": "2", "decode_seconds": "20", "running_requests": "3", "first_token_p95_seconds": "1.5",
        "usage_month": f"{hour:%Y-%m}", **fields,
    }  # fmt: skip


@pytest.fixture
def workloads(build):
    def run(**tables):
        months = [{"billing_month": "2026-11", "charges_until": UNTIL, "days_read": 1}]
        days = [machine(name, day) for name in "ab" for day in DAYS]
        given = {"gold.gpu_load": [load("a"), load("b")], "gold.gpu_days": days, **tables}
        rows = build("gold.gpu_workloads", {**given, "silver.billing_months": months}, months=["2026-11"])
        return {(row["provider"], row["model"]): row for row in rows}

    return run


def moment(hour):
    return datetime(SINCE.year, SINCE.month, SINCE.day, tzinfo=UTC) + timedelta(hours=hour)


def test_machines_of_one_model_are_one_workload_with_its_hours_in_their_places(workloads):
    hours = [served("a", moment(0)), served("b", moment(0), running_requests="7"), served("b", moment(671))]
    hours += [served("a", moment(-1)), served("a", moment(672)), served("b", moment(5), model="other", requests="4")]
    row = workloads(**{"silver.gpu_served_hours": hours})["self-hosted", "llama"]
    assert (row["gpus"], row["resource_ids"], row["window_cost"], row["charged_hours"]) == (2, ["a", "b"], 1090, 1344)
    assert (row["owner"], row["environment"]) == ("ml-team", "prod")
    asked = {at: value for at, value in enumerate(row["hourly_requests"]) if value is not None}
    assert (len(row["hourly_requests"]), asked) == (672, {0: 20, 5: 4, 671: 10})
    assert row["hourly_tokens"][0] == 2200
    assert (row["requests"], row["input_tokens"], row["most_running"]) == (34, 4000, 7)
    assert (row["hours_counted"], row["first_token_p95_seconds"]) == (3, D("1.5"))


def test_what_nobody_counts_is_unknown_and_a_deployment_goes_by_its_own_model(workloads):
    lonely = load("c", resource_type="inference_deployment", model=None, memory_used_bytes=None)
    deployment = {"resource_id": "c", "model_name": "org/small:fp8", "is_current": True, "valid_from": SINCE}
    days = [machine(name, DAYS[-1]) for name in "abc"]
    found = workloads(**{
        "gold.gpu_load": [load("a"), load("b", model=None), lonely], "gold.gpu_days": days,
        "silver.inference_deployments": [deployment],
    })  # fmt: skip
    assert set(found) == {("self-hosted", "llama"), ("dedicated", "org/small:fp8")}
    for row in found.values():
        assert (row["requests"], row["hours_counted"], set(row["hourly_requests"])) == (None, 0, {None})


def test_apis_have_tokens_by_the_hour_and_what_they_were_charged(workloads):
    def billed(day, **fields):
        return {"period": "day", "period_start": day, "is_sum": True, "provider": "generative-apis", "project_id": "q",
                "model": "big", "allocation_cost": "2", "uncounted_cost": "1", "billing_currency": "EUR",
                "billing_month": f"{day:%Y-%m}", **fields}  # fmt: skip

    asked = served(None, moment(3), service="generative", model="big", project_id="q", requests=None)
    costs = [billed(DAYS[0]), billed(DAYS[1]), billed(SINCE - timedelta(days=1)), billed(DAYS[2], period="month")]
    found = workloads(**{"gold.cost_per_inference": costs, "silver.gpu_served_hours": [asked]})
    row = found["generative-apis", "big"]
    assert (row["window_cost"], row["resource_ids"], row["requests"]) == (6, None, None)
    assert (row["hourly_tokens"][3], row["hourly_tokens"][4], row["input_tokens"]) == (1100, None, 1000)


def test_requests_imported_by_the_day_are_spread_over_its_hours_and_added_to_counted_ones(workloads):
    def imported(name, day, **fields):
        return {"period": "day", "period_start": day, "is_sum": True, "units_source": "import", "resource_id": name,
                "completed_requests": "230", "failed_requests": "10", "input_tokens": "2400", "output_tokens": None,
                "billing_currency": "EUR", "billing_month": f"{day:%Y-%m}", **fields}  # fmt: skip

    days = [imported("a", DAYS[0]), imported("a", DAYS[1], units_source="metrics"), imported("b", DAYS[1])]
    hours = [served("a", moment(24)), served("b", moment(25))]
    row = workloads(**{"gold.cost_per_inference": days, "silver.gpu_served_hours": hours})["self-hosted", "llama"]
    assert (row["hours_counted"], row["hours_spread"]) == (26, 24)
    assert row["hourly_requests"][:26] == [10.0] * 26
    also = [imported("b", DAYS[0])]
    row = workloads(**{"gold.cost_per_inference": also, "silver.gpu_served_hours": [served("a", moment(0))]})[
        "self-hosted", "llama"
    ]
    assert (row["hourly_requests"][0], row["hourly_requests"][1], row["hours_counted"]) == (20, 10, 24)
    assert row["hourly_tokens"][1] == 100
