"""Four weeks of a machine with GPUs, and what the same tokens cost elsewhere."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

D = Decimal
UNTIL = date(2026, 11, 18)
DAYS = [UNTIL - timedelta(days=back) for back in range(1, 41)]


def day_of(day, **fields):
    return {
        "charge_date": day,
        "resource_id": "gpu",
        "resource_type": "instance_server",
        "commercial_type": "L4-2-24G",
        "gpu_name": "L4",
        "gpus": 2,
        "allocation_cost": "10",
        "machine_cost": "9",
        "busy_cost": "1",
        "busy_gpu_hours": "2",
        "charged_hours": "24",
        "charged_gpu_hours": "48",
        "billing_currency": "EUR",
        "billing_month": f"{day:%Y-%m}",
        **fields,
    }


def hour_of(day, **fields):
    return {
        "resource_id": "gpu",
        "usage_hour": datetime(day.year, day.month, day.day, 5, tzinfo=UTC),
        "usage_date": day,
        "gpus": 2,
        "measured_gpus": 2,
        "unused_gpus": 1,
        "busy_gpu_hours": "0.5",
        "busiest_gpu_active_ratio": "0.25",
        "memory_used_bytes": 100,
        "requests": "3",
        "billing_currency": "EUR",
        "billing_month": f"{day:%Y-%m}",
        **fields,
    }


def asked(day, model="llama", **fields):
    return {
        "period": "day",
        "period_start": day,
        "is_sum": True,
        "provider": "self-hosted",
        "resource_id": "gpu",
        "model": model,
        "completed_requests": "10",
        "input_tokens": "1000000",
        "output_tokens": "100000",
        "billing_currency": "EUR",
        "billing_month": f"{day:%Y-%m}",
        **fields,
    }


def price(model, direction, million, mode="realtime"):
    return {
        "model": model, "region_id": "fr-par", "consumption_mode": mode, "token_type": f"{direction}_token",
        "billing_currency": "EUR", "million_price": million,
    }  # fmt: skip


PRICES = [
    *(price("big-70b", direction, "0.9") for direction in ("input", "output")),
    *(price("big-70b", direction, "0.45", "batch") for direction in ("input", "output")),
    price("small-24b", "input", "0.15"),
    price("small-24b", "output", "0.35"),
    price("small-24b", "input_cached", "0.01"),
    price("embedder", "input", "0.1"),
    *(price("only-batch", direction, "0.01", "batch") for direction in ("input", "output")),
]


@pytest.fixture
def load(selected):
    def run(days=(), hours=(), inference=()):
        months = [{"billing_month": "2026-11", "charges_until": UNTIL, "days_read": 1}]
        given = {"gold.gpu_days": days, "gold.gpu_hours": hours, "gold.cost_per_inference": inference}
        (row,) = selected("gold.gpu_load", {**given, "silver.billing_months": months, "silver.model_prices": PRICES})
        return row

    return run


def test_four_weeks_count_and_levels_are_over_their_hours(load):
    hours = [hour_of(day) for day in DAYS]
    hours[3] |= {"unused_gpus": 0, "measured_gpus": 1, "memory_used_bytes": 900}
    row = load([day_of(day) for day in DAYS], hours)
    assert (row["window_cost"], row["busy_gpu_hours"], row["days_measured"]) == (280, 56, 28)
    assert (row["hours_measured"], row["hours_asked"]) == (28, 28)
    assert (row["memory_used_bytes"], row["unused_gpus"]) == (900, 1)  # not all GPUs were seen in the other hour
    assert (row["model"], row["api_window_cost"], row["other_model"]) == (None, None, None)


def test_the_same_model_is_found_whatever_the_deployment_calls_it(load):
    row = load([day_of(DAYS[0])], inference=[asked(DAYS[0], "vendor/Big-70b:fp8"), asked(DAYS[35], "only-batch")])
    assert (row["api_model"], row["api_input_price"]) == ("big-70b", D("0.9"))
    assert row["api_window_cost"] == D("0.99")
    assert (row["other_model"], row["other_window_cost"]) == ("small-24b", D("0.185"))
    assert (row["models"], row["days_counted"], row["requests"]) == (1, 1, 10)


def test_tokens_that_were_not_counted_have_no_price(load):
    row = load([day_of(DAYS[0])], inference=[asked(DAYS[0], output_tokens=None, input_tokens=None)])
    assert (row["requests"], row["api_window_cost"], row["other_window_cost"]) == (10, None, None)


def test_types_with_gpus_are_offered_with_the_kind_and_memory_of_one(build):
    kind = {"commercial_type": "L4-2-24G", "gpu_info": {"gpu_name": "L4", "gpu_memory": 24}}
    offers = [
        {"resource_type": "instance_server", "availability_zone": "fr-par-2", "offer_name": name, "gpu_count": count}
        for name, count in (("L4-2-24G", 2), ("PRO2-S", 0))
    ]
    source = "instance.server_types"
    types = [{"source": source, "answer_hash": "x", "item": json.dumps(kind)}]
    given = {
        "silver.offers": offers,
        "silver.latest_answers": [{"source": source, "answer_hash": "x"}],
        "bronze.server_types": types,
    }
    (row,) = build("silver.gpu_offers", given)
    assert (row["commercial_type"], row["gpu_name"], row["gpus"], row["gpu_memory_bytes"]) == ("L4-2-24G", "L4", 2, 24)
