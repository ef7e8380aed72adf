"""Hours in which GPUs are free, runs that broke a guard, and what a bucket sent out more than once."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

D = Decimal
UNTIL = date(2026, 11, 18)
SINCE = UNTIL - timedelta(days=28)
DAYS = [SINCE + timedelta(days=day) for day in range(28)]
MONTHS = [{"billing_month": "2026-11", "charges_until": UNTIL, "days_read": 1}]


def at(day, hour):
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour)


def gpu_hour(day, hour, active, idle="1", queued="0"):
    return {
        "resource_id": "gpu", "usage_hour": at(day, hour), "usage_date": day, "gpus": 1, "charged_gpu_hours": "1",
        "busy_gpu_hours": None if idle is None else "0.25", "idle_gpu_hours": idle, "queue_idle_gpu_hours": queued,
        "busiest_gpu_active_ratio": active, "memory_used_ratio": "0.5", "billing_currency": "EUR",
        "billing_month": f"{day:%Y-%m}",
    }  # fmt: skip


@pytest.fixture
def free_hours(selected):
    def run(hours):
        days = [{"resource_id": "gpu", "charge_date": day, "allocation_cost": "24", "charged_gpu_hours": "24",
                 "billing_currency": "EUR", "billing_month": f"{day:%Y-%m}"} for day in DAYS]  # fmt: skip
        given = {"gold.gpu_hours": hours, "gold.gpu_days": days, "silver.billing_months": MONTHS}
        return {row["hour_of_day"]: row for row in selected("gold.gpu_free_hours", given)}

    return run


def test_hours_of_the_day_that_are_free_nearly_always_may_take_what_can_wait(free_hours):
    quiet = [gpu_hour(day, 3, "0.05") for day in DAYS]
    quiet[5] |= {"busiest_gpu_active_ratio": "0.9"}  # one day of twenty-eight
    loud = [gpu_hour(day, 9, "0.9" if day in DAYS[:2] else "0.05", "0.75", "0.5") for day in DAYS]
    rare = [gpu_hour(day, 20, "0.05") for day in DAYS[:13]]
    blind = [gpu_hour(day, 23, None, None, None) for day in DAYS]
    found = free_hours([*quiet, *loud, *rare, *blind, gpu_hour(UNTIL, 3, "1"), gpu_hour(SINCE - timedelta(1), 3, "1")])
    assert {hour: row["is_candidate"] for hour, row in found.items()} == {3: True, 9: False, 20: False, 23: None}
    assert (found[3]["free_gpu_hours"], found[3]["free_cost"]) == (28, 28)
    assert (found[9]["free_gpu_hours"], found[23]["free_gpu_hours"], found[23]["free_cost"]) == (7, None, None)


def job(name, begins, hours, status="succeeded"):
    started = at(date(2026, 11, 2), begins)
    return {
        "source": "ci", "run_id": name, "job_id": "j", "job_name": "refresh", "status": status, "started_at": started,
        "ended_at": started + timedelta(hours=hours), "duration_seconds": str(hours * 3600),
        "run_date": started.date(), "billing_month": "2026-11",
    }  # fmt: skip


def costs_of(*runs, each="12"):
    return [{"source": "ci", "run_id": run["run_id"], "cost_date": run["run_date"], "cost": each,
             "billing_currency": "EUR"} for run in runs]  # fmt: skip


def test_a_run_beyond_one_and_a_half_times_the_usual_has_the_cost_of_its_hours_beyond(selected):
    good = [job(f"good{each}", 24 * each, 2) for each in range(3)]
    hung, unpriced = job("hung", 100, 12, "failed"), job("unpriced", 200, 4)
    settings = [{"resource_id": "j", "resource_type": "serverless_jobs_job_definition", "timeout_seconds": 86400,
                 "valid_from": SINCE}]  # fmt: skip
    given = {"silver.unit_runs": [*good, hung, unpriced], "silver.unit_run_costs": costs_of(*good, hung),
             "silver.resource_settings": settings}  # fmt: skip
    found = {row["run_id"]: row for row in selected("gold.run_guards", given)}
    assert set(found) == {"hung", "unpriced"}
    row = found["hung"]
    assert (row["guard"], row["usual_value"], row["limit_value"], row["actual_value"]) == ("runtime", 2, 3, 12)
    assert (row["run_cost"], row["beyond_cost"], row["timeout_hours"]) == (12, 9, 24)
    assert (found["unpriced"]["run_cost"], found["unpriced"]["beyond_cost"]) == (None, None)
    given["silver.unit_runs"] = [*good[:2], hung]  # two that succeeded do not tell what is usual
    assert selected("gold.run_guards", {**given, "silver.unit_run_costs": []}) == []


def test_runs_that_pile_up_break_the_guard_from_when_as_many_as_the_limit_run(selected):
    calm = [job(f"calm{each}", 10 * each, 2) for each in range(8)]
    piled = [job(f"piled{each}", 300 + each * 0.25, 2) for each in range(4)]
    after = job("after", 302, 0.2)  # when the first one ends
    runs = [*calm, *piled, after]
    rows = selected("gold.run_guards", {"silver.unit_runs": runs, "silver.unit_run_costs": costs_of(*runs)})
    found = {row["run_id"]: row for row in rows}
    assert {name: row["actual_value"] for name, row in found.items()} == {"piled2": 3, "piled3": 4, "after": 4}
    assert {(row["guard"], row["limit_value"], row["beyond_cost"]) for row in rows} == {("concurrency", 2, 12)}


def test_training_is_guarded_by_what_its_model_usually_takes(selected):
    runs = [
        {
            "scope": "run", "source": "import", "run_id": f"r{each}", "model": "m", "status": "completed",
            "started_at": at(DAYS[each], 0), "ended_at": at(DAYS[each], hours), "run_hours": str(hours),
            "allocation_cost": "10", "billing_currency": "EUR", "billing_month": "2026-10",
        }
        for each, hours in enumerate((2, 2, 2, 6))
    ]  # fmt: skip
    (row,) = selected("gold.run_guards", {"gold.cost_per_training": runs})
    assert (row["kind"], row["run_id"], row["beyond_cost"], row["timeout_hours"]) == ("training", "r3", 5, None)


def measured(metric, value, day, hour=0):
    return {
        "metric": metric, "resource_id": "models", "usage_hour": at(day, hour), "usage_date": day,
        "expected_samples": 12, "mean_value": value, "usage_month": f"{day:%Y-%m}",
    }  # fmt: skip


def test_what_left_a_bucket_beyond_what_was_there_to_leave_went_out_again(selected):
    usage = [
        each
        for day in DAYS[:2]
        for each in (
            measured("bucket_bytes", "1000", day),
            measured("bucket_ingress_bytes", "25", day),
            measured("bucket_egress_bytes", "100", day),
        )
    ]
    usage.append(measured("bucket_egress_bytes", "9999", DAYS[2]))  # the rest was not measured on that day
    charges = [
        {"resource_id": "models", "charge_date": day, "sku": f"/storage/obj/{kind}/fr-par", "billed_cost": cost,
         "project_id": "p", "billing_currency": "EUR", "billing_month": f"{day:%Y-%m}"}
        for day in DAYS[:3] for kind, cost in (("bandwidth/to-external", "6"), ("storage/standard", "2"))
    ]  # fmt: skip
    given = {"silver.usage_hourly": usage, "silver.labelled_costs": charges, "silver.billing_months": MONTHS}
    (row,) = selected("gold.bucket_downloads", {**given, "silver.gpu_machines": [{"resource_id": "g", "project_id": "p",
                                                                                 "valid_from": SINCE}]})  # fmt: skip
    assert (row["measured_days"], row["there_bytes"], row["read_bytes"]) == (2, 1600, 2400)
    assert (row["repeated_bytes"], row["times_read"], row["egress_cost"]) == (800, D("1.5"), 12)
    assert (row["repeated_cost"], row["serves_gpus"]) == (4, True)
    grown = [{**each, "mean_value": "5000"} if each is usage[3] else each for each in usage]
    (row,) = selected("gold.bucket_downloads", {**given, "silver.usage_hourly": grown})
    assert (row["there_bytes"], row["repeated_bytes"], row["repeated_cost"]) == (5000, 0, 0)
