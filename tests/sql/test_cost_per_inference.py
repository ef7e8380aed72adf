"""What a request, a token, an epoch costs, at the bill and at what GPUs really did."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from pipelines.sources.cockpit.catalogue import load_catalogue

D = Decimal
DAY = date(2026, 11, 10)


def day_of(name, cost="24", busy="6", day=DAY, **fields):
    return {
        "charge_date": day,
        "resource_id": name,
        "resource_name": name,
        "resource_type": "instance_server",
        "gpus": 1,
        "allocation_cost": cost,
        "busy_cost": busy,
        "charged_hours": 24,
        "charged_gpu_hours": 24,
        "billing_currency": "EUR",
        "billing_month": f"{day:%Y-%m}",
        **fields,
    }


def counted(name, requests, tokens=(None, None), tenant=None, model="llama", day=DAY, **fields):
    return {
        "source": "cockpit",
        "service_type": "vllm",
        "resource_id": name,
        "raw_id": name,
        "resource_name": model,
        "tenant": tenant,
        "usage_date": day,
        "requests": requests,
        "input_tokens": tokens[0],
        "output_tokens": tokens[1],
        "coverage": 1,
        "usage_month": f"{day:%Y-%m}",
        **fields,
    }


def served(name, prefill, decode, model="llama", hits=0, queries=100, **fields):
    return {
        "resource_id": name,
        "model": model,
        "usage_date": DAY,
        "prefill_seconds": prefill,
        "decode_seconds": decode,
        "cached_tokens": hits,
        "cache_queried_tokens": queries,
        "usage_month": "2026-11",
        **fields,
    }


def imported(model="llama", requests=1000, failed=None, deployment=None, resource_id=None, **fields):
    return {
        "source": "import",
        "usage_date": DAY,
        "model": model,
        "deployment": deployment,
        "resource_id": resource_id,
        "requests": requests,
        "failed_requests": failed,
        **fields,
    }


@pytest.fixture
def costs(selected):
    def run(**given):
        tables = {
            "days": "gold.gpu_days",
            "requests": "silver.requests_daily",
            "served": "silver.gpu_served_hours",
            "numbers": "silver.gpu_request_days",
            "machines": "silver.gpu_machines",
            "charges": "silver.labelled_costs",
            "prices": "silver.prices",
            "months": "silver.billing_months",
        }
        rows = selected("gold.cost_per_inference", {tables[name]: value for name, value in given.items()})
        return [row for row in rows if row["period"] == "month" and row["is_sum"]], rows

    return run


def test_input_and_output_share_the_cost_by_measured_time_and_cached_tokens_are_taken_out(costs):
    (row,), _ = costs(
        days=[day_of("gpu")],
        requests=[counted("gpu", 2000, (1_000_000, 500_000))],
        served=[served("gpu", 100, 300, hits=25, queries=100)],
    )
    assert (row["input_cost"], row["output_cost"]) == (6, 18)
    assert row["cached_tokens"] == 250_000
    assert row["million_input_tokens_cost"] == 8  # 6 euros for the 750,000 tokens that were computed
    assert row["million_output_tokens_cost"] == 36
    assert (row["million_cached_tokens_cost"], row["cached_saved_cost"]) == (0, 2)
    assert (row["thousand_requests_cost"], row["busy_thousand_requests_cost"]) == (12, 3)
    assert (row["busy_million_input_tokens_cost"], row["busy_million_output_tokens_cost"]) == (2, 9)
    assert (row["idle_cost"], row["split_by"], row["busy_coverage"]) == (18, "measured time", 1)


def test_without_measured_time_an_answers_token_counts_as_two_and_a_half(costs):
    (row,), _ = costs(days=[day_of("gpu", "7")], requests=[counted("gpu", 10, (1_000_000, 1_000_000))])
    assert (row["million_input_tokens_cost"], row["million_output_tokens_cost"]) == (2, 5)
    assert row["split_by"] == "tokens, output × 2.5"


def test_without_tokens_requests_are_priced_and_tokens_are_null(costs):
    (row,), _ = costs(days=[day_of("gpu", "10")], requests=[counted("gpu", 1000)])
    assert row["thousand_requests_cost"] == 10
    assert (row["million_input_tokens_cost"], row["input_cost"], row["split_by"]) == (None, None, None)


def test_a_day_without_a_request_is_paid_and_priced_by_the_month(costs):
    next_day = DAY + timedelta(days=1)
    month, rows = costs(
        days=[day_of("gpu", "10"), day_of("gpu", "10", day=next_day)],
        requests=[counted("gpu", 1000, (10, 10)), counted("gpu", 0, (0, 0), day=next_day)],
    )
    assert month[0]["thousand_requests_cost"] == 20
    (empty,) = [row for row in rows if row["period"] == "day" and row["period_start"] == next_day]
    assert (empty["thousand_requests_cost"], empty["reason"]) == (None, "no request completed")


def test_a_day_that_was_not_counted_is_in_neither_side(costs):
    (row,), _ = costs(
        days=[day_of("gpu", "10"), day_of("gpu", "10", day=DAY + timedelta(days=1))],
        requests=[counted("gpu", 1000, (10, 10))],
    )
    assert (row["thousand_requests_cost"], row["allocation_cost"], row["uncounted_cost"]) == (10, 10, 10)


def test_days_without_dcgm_are_in_neither_side_of_the_busy_basis(costs):
    later = DAY + timedelta(days=1)
    (row,), _ = costs(
        days=[day_of("gpu", "10", "4"), day_of("gpu", "30", None, day=later)],
        requests=[counted("gpu", 1000, (10, 10)), counted("gpu", 3000, (10, 10), day=later)],
    )
    assert (row["thousand_requests_cost"], row["busy_thousand_requests_cost"]) == (10, 4)
    assert row["busy_coverage"] == D("0.25")


def test_failed_requests_bear_nothing_and_their_share_is_told(costs):
    (row,), _ = costs(
        days=[day_of("gpu", "10")],
        numbers=[imported(requests=1000, failed=200, resource_id="gpu")],
    )
    assert (row["completed_requests"], row["failed_requests"]) == (800, 200)
    assert (row["thousand_requests_cost"], row["failed_cost"]) == (D("12.5"), 2)


def test_aborted_requests_that_vllm_counts_as_ended_well_are_taken_out(costs):
    (row,), _ = costs(
        days=[day_of("gpu", "10")],
        requests=[counted("gpu", 1000, (10, 10))],
        served=[{**served("gpu", 1, 3), "requests": 300, "aborted_requests": 100}],
    )
    assert (row["completed_requests"], row["failed_requests"]) == (750, 250)
    assert row["thousand_requests_cost"] == pytest.approx(D(10) * 1000 / 750)
    assert row["failed_cost"] == D("2.5")


def test_an_import_names_its_deployment_by_name_and_replaces_the_counters_of_its_day(costs):
    (row,), _ = costs(
        days=[day_of("id-1", "10", resource_name="chat")],
        machines=[{"resource_id": "id-1", "resource_name": "Chat", "valid_from": date(2026, 1, 1)}],
        numbers=[imported(requests=500, deployment="chat")],
        requests=[counted("id-1", 9999)],
    )
    assert (row["completed_requests"], row["thousand_requests_cost"], row["units_source"]) == (500, 20, "import")


def test_requests_of_an_unknown_machine_cost_nothing_that_is_known(costs):
    (row,), _ = costs(numbers=[imported()], months=[{"billing_month": "2026-11", "days_read": 1}])
    assert (row["thousand_requests_cost"], row["provider"]) == (None, "unknown")
    assert "deployment" in row["reason"]


def test_tenants_pay_by_their_tokens_and_add_up(costs):
    (month,), rows = costs(
        days=[day_of("gpu", "24")],
        requests=[
            counted("gpu", 30, (1000, 300), "a"),
            counted("gpu", 10, (3000, 100), "b"),
        ],
        served=[served("gpu", 100, 300)],
    )
    tenants = {row["tenant"]: row for row in rows if not row["is_sum"] and row["period"] == "month"}
    assert {name: row["allocation_cost"] for name, row in tenants.items()} == {"a": 15, "b": 9}
    assert month["allocation_cost"] == 24


def test_two_models_on_a_machine_share_it_by_the_time_they_took(costs):
    month, _ = costs(
        days=[day_of("gpu", "24")],
        requests=[counted("gpu", 5, (10, 10), model="big"), counted("gpu", 500, (10, 10), model="small")],
        served=[served("gpu", 10, 80, model="big"), served("gpu", 10, 20, model="small")],
    )
    assert {row["model"]: row["allocation_cost"] for row in month} == {"big": 18, "small": 6}


def test_training_on_the_machine_is_left_out(costs):
    (row,), _ = costs(days=[day_of("gpu", "24", training_gpu_hours=6)], requests=[counted("gpu", 1000, (1, 1))])
    assert row["allocation_cost"] == 18


def test_a_deployment_nobody_counts_is_shown_with_its_cost(costs):
    (row,), _ = costs(days=[day_of("dep", "22", resource_type="inference_deployment", model_name="mistral")])
    assert (row["provider"], row["model"], row["uncounted_cost"]) == ("dedicated", "mistral", 22)
    assert (row["allocation_cost"], row["reason"]) == (None, "its requests and tokens are not counted")


def api_charge(kind, cost, sku="/ai/generative_apis/mistral/{}_token/fr-par", **fields):
    return {
        "charge_key": kind, "charge_date": DAY, "service_name": "Generative APIs", "sku": sku.format(kind),
        "project_id": "p", "billed_cost": cost, "billing_currency": "EUR", "billing_month": "2026-11", **fields,
    }  # fmt: skip


def test_generative_apis_stand_beside_with_what_they_charged(costs):
    requests = counted(None, None, (4_000_000, 1_000_000), model="mistral", service_type="generative_apis")
    uncounted = api_charge("input", "9", charge_date=DAY + timedelta(days=1), charge_key="next")
    (row,), _ = costs(
        charges=[api_charge("input", "0.60"), api_charge("output", "0.35"), uncounted],
        requests=[{**requests, "project_id": "p"}],
    )
    assert (row["allocation_cost"], row["uncounted_cost"]) == (D("0.95"), 9)
    assert (row["million_input_tokens_cost"], row["million_output_tokens_cost"]) == (D("0.15"), D("0.35"))
    assert (row["provider"], row["busy_cost"]) == ("generative-apis", None)


def test_the_price_list_says_which_model_a_sku_of_generative_apis_is_of(costs):
    sku = "/ai/generative_apis/consumption/qwen36_{}/fr-par"
    prices = [{"sku": sku.format(kind), "product": "qwen3.6-35b", "valid_from": DAY} for kind in ("input", "output")]
    requests = counted(None, None, (4_000_000, 1_000_000), model="qwen3.6-35b", service_type="generative_apis")
    kinds = {"input": "0.40", "input_batch": "0.20", "output": "0.30", "output_batch": "0.05"}
    charges = [api_charge(kind, cost, sku) for kind, cost in kinds.items()]
    prices += [{**price, "sku": price["sku"].replace("/fr-par", "_batch/fr-par")} for price in prices]
    (row,), _ = costs(charges=charges, prices=prices, requests=[{**requests, "project_id": "p"}])
    assert (row["model"], row["allocation_cost"]) == ("qwen3.6-35b", D("0.95"))
    assert (row["input_cost"], row["output_cost"]) == (D("0.60"), D("0.35"))
    (unlisted,), _ = costs(charges=charges)  # the list lacks them: the SKU's own word for the model is left
    assert (unlisted["model"], unlisted["uncounted_cost"]) == ("qwen36", D("0.95"))


def test_what_servers_of_models_tell_becomes_counts_of_the_hour(selected):
    hour = datetime(2026, 11, 10, 3, tzinfo=UTC)

    def rate(metric, value, samples=12):
        return {
            "metric": metric, "resource_id": "gpu", "raw_id": "gpu", "resource_name": "llama", "labels": "{}",
            "usage_hour": hour, "usage_date": DAY, "samples": samples, "expected_samples": 12, "mean_value": value,
            "usage_month": "2026-11",
        }  # fmt: skip

    aborted = {**rate("vllm_requests", "0.25"), "labels": '{"finished_reason":"abort"}'}
    usage = [aborted, rate("vllm_requests", "0.5"), rate("vllm_prompt_tokens", 100, 6), rate("vllm_waiting", -1)]
    (row,) = selected("silver.gpu_served_hours", {"silver.usage_hourly": usage})
    assert (row["requests"], row["input_tokens"], row["waiting_requests"]) == (1800, 180_000, 0)
    assert (row["aborted_requests"], row["failed_requests"]) == (900, None)
    assert (row["output_tokens"], row["queue_seconds"], row["service"]) == (None, None, "vllm")


@pytest.mark.parametrize("service", ["vllm", "tgi", "triton"])
def test_every_metric_that_is_read_of_a_model_s_server_has_a_column(selected, service):
    told = {
        "raw_id": "gpu:1", "labels": "{}", "usage_hour": datetime(2026, 11, 10, 3, tzinfo=UTC), "usage_date": DAY,
        "samples": 12, "expected_samples": 12, "mean_value": "0.5", "usage_month": "2026-11",
    }  # fmt: skip
    metrics = {key: each.kind for key, each in load_catalogue().metrics.items() if each.resource_type == service}
    metrics.pop("vllm_cache_usage_ratio", None)  # how full the cache is costs nothing
    usage = [{**told, "metric": key, "resource_name": key} for key in metrics]
    rows = selected("silver.gpu_served_hours", {"silver.usage_hourly": usage})
    counts = {"requests", "seconds", "tokens"}
    for row in rows:
        (name,) = {name for name, value in row.items() if name.rpartition("_")[2] in counts and value is not None}
        is_count = metrics[row["model"]] == "counter"
        assert row[name] == (1800 if is_count else D("0.5"))
    assert {row["model"] for row in rows} == set(metrics)
    assert {f"{service}_requests", f"{service}_waiting", f"{service}_queue_seconds"} <= set(metrics)


def training(selected, runs, hours, days):
    months = [{"billing_month": "2026-11", "days_read": 1}]
    given = {"silver.training_runs": runs, "gold.gpu_hours": hours, "gold.gpu_days": days}
    return selected("gold.cost_per_training", {**given, "silver.billing_months": months})


def run_of(name, since, until, epochs=10, status="completed", machines=("gpu",)):
    start = datetime(2026, 11, 10, tzinfo=UTC)
    return {
        "source": "import",
        "run_id": name,
        "model": "ranker",
        "resource_ids": list(machines),
        "started_at": start + timedelta(hours=since),
        "ended_at": start + timedelta(hours=until),
        "duration_seconds": str((until - since) * 3600),
        "completed_epochs": epochs,
        "status": status,
        "billing_month": "2026-11",
    }


def hours_until(last, name="gpu"):
    start = datetime(2026, 11, 10, tzinfo=UTC)
    return [
        {
            "resource_id": name,
            "usage_hour": start + timedelta(hours=hour),
            "usage_date": DAY,
            "charged_hours": 1,
            "billing_currency": "EUR",
            "billing_month": "2026-11",
        }
        for hour in range(last)
    ]


def test_a_run_pays_its_hours_of_the_day_and_failed_ones_are_waste(selected):
    runs = [run_of("good", 0, 4), run_of("bad", 6, 8.5, 2, "failed")]
    rows = training(selected, runs, hours_until(24), [day_of("gpu", "48", "12", charged_hours=24)])
    by_run = {row["run_id"]: row for row in rows if row["scope"] == "run"}
    assert (by_run["good"]["allocation_cost"], by_run["good"]["epoch_cost"]) == (8, D("0.8"))
    assert (by_run["good"]["busy_epoch_cost"], by_run["good"]["waste_cost"]) == (D("0.2"), None)
    assert (by_run["bad"]["waste_cost"], by_run["bad"]["cost_coverage"]) == (5, 1)


def test_runs_at_once_share_their_machine(selected):
    runs = [run_of("a", 0, 4), run_of("b", 0, 4)]
    rows = training(selected, runs, hours_until(4), [day_of("gpu", "8", charged_hours=4)])
    assert [row["allocation_cost"] for row in rows if row["scope"] == "run"] == [4, 4]
    assert {row["runs_at_once"] for row in rows} == {2}


def test_a_run_on_machines_that_were_not_charged_has_no_cost_rather_than_none_to_pay(selected):
    rows = training(selected, [run_of("a", 0, 4)], [], [])
    assert {row["allocation_cost"] for row in rows} == {None}
    assert {row["cost_coverage"] for row in rows} == {0}


def test_a_run_far_over_the_usual_time_tells_what_that_took(selected):
    runs = [run_of("a", 0, 2), run_of("b", 2, 4), run_of("c", 4, 12, 1, "failed")]
    rows = training(selected, runs, hours_until(24), [day_of("gpu", "24", charged_hours=24)])
    (long,) = [row for row in rows if row["run_id"] == "c"]
    assert (long["typical_hours"], long["allocation_cost"], long["over_typical_cost"]) == (2, 8, 6)


def line(number, key="log", at=0, **fields):
    return {
        "source_file": f"{key}.csv", "source_hash": key, "line_number": number, "source": "edge", "kind": "inferences",
        "day": DAY, "happened_at": datetime(2026, 11, 10, tzinfo=UTC) + timedelta(seconds=at), "model": "llama",
        "requests": 1, "input_tokens": 10, "import_key": key,
        "imported_at": datetime(2026, 11, 18, tzinfo=UTC), **fields,
    }  # fmt: skip


def test_a_log_counts_each_of_its_lines_even_two_of_one_moment(build):
    rows = [line(1), line(2), line(3, at=1, input_tokens=None)]
    (day,) = build("silver.gpu_request_days", {"bronze.business_numbers": rows})
    assert (day["requests"], day["imported_lines"], day["input_tokens"]) == (3, 3, None)


def test_of_two_files_that_speak_of_the_same_the_newer_holds_and_the_rest_of_both_counts(build):
    later = datetime(2026, 11, 19, tzinfo=UTC)
    rows = [line(1), line(2, at=5), line(1, "new", imported_at=later, input_tokens=70), line(2, "new", at=9)]
    (day,) = build("silver.gpu_request_days", {"bronze.business_numbers": rows})
    assert (day["requests"], day["input_tokens"]) == (3, 70 + 10 + 10)
