"""When machines were charged, measured and busy, and how far things may scale: one row each."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

D = Decimal
UNTIL = date(2026, 11, 18)
FROM = UNTIL - timedelta(days=28)
PRO2 = "/compute/pro2_s/run_par1"


@pytest.fixture(scope="module")
def build(selected):
    """The select over given rows, other inputs empty, no lake."""
    return selected


def moment(day, hour=0):
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour)


def charge(day, first, last, sku=PRO2, **fields):
    return {
        "charge_key": f"{day}{first}{sku}",
        "resource_id": "web",
        "charge_date": day,
        "charge_start": moment(day, first),
        "charge_end": moment(day, last),
        "billed_cost": "1.5",
        "sku": sku,
        "billing_currency": "EUR",
        "billing_month": f"{day:%Y-%m}",
        **fields,
    }


def usage(day, hour, metric="instance_cpu_ratio", value="0.4", name="web", **fields):
    return {
        "resource_id": name,
        "metric": metric,
        "usage_hour": moment(day, hour),
        "usage_date": day,
        "usage_month": f"{day:%Y-%m}",
        "samples": 60,
        "p95_value": value,
        "mean_value": value,
        "max_value": value,
        **fields,
    }


MONTHS = [{"billing_month": "2026-11", "charges_until": UNTIL, "days_read": 1, "is_complete": False, "is_final": False}]


def thing(name="web", kind="instance_server"):
    return {"resource_id": name, "resource_type": kind, "valid_from": date(2026, 1, 1), "valid_to": None}


def test_a_day_holds_its_charges_and_the_hours_with_samples_and_what_has_neither_has_no_row(build):
    day, quiet, dark = (UNTIL - timedelta(days=back) for back in (1, 2, 3))
    rows = build(
        "silver.power_days",
        given={
            "silver.costs": [
                charge(day, 8, 12),
                charge(day, 13, 19),
                charge(day, 0, 24, "/storage/block/volume"),
                charge(quiet, 0, 24),
            ],
            "silver.usage_hourly": [
                usage(day, 9),
                usage(day, 8),
                usage(day, 9, "node_cpu_ratio"),
                usage(day, 10, samples=0),
                usage(dark, 5),
            ],
        },
    )
    found = {row["usage_date"]: row for row in rows}
    assert set(found) == {day, quiet, dark}
    assert [(each["starts_at"].hour, each["ends_at"].hour) for each in found[day]["charges"]] == [(8, 12), (13, 19)]
    assert (found[day]["charged_cost"], found[day]["sampled_hours"]) == (D(3), [8, 9])
    assert (found[quiet]["sampled_hours"], found[dark]["charges"]) == (None, None)


def test_activity_is_by_hour_since_the_first_day_and_the_busiest_series_decides(build):
    first = FROM + timedelta(days=1)
    (row,) = build(
        "gold.activity_hours",
        given={
            "silver.billing_months": MONTHS,
            "silver.resources": [thing()],
            "silver.usage_hourly": [
                usage(first, 3),
                usage(first, 3, "gpu_utilization_percent", "90"),
                usage(first, 2, value="0.1"),
                usage(first, 2, "node_network_received_bytes", "700"),
                usage(first, 2, "node_network_sent_bytes", "300"),
                usage(FROM - timedelta(days=1), 3),
                usage(first, 4, value=None),
            ],
            "silver.power_days": [
                {
                    "resource_id": "web",
                    "usage_date": day,
                    "billing_currency": "EUR",
                    "billing_month": f"{day:%Y-%m}",
                    "charges": [{"starts_at": moment(day), "ends_at": moment(day, 24), "cost": D(2)}],
                    "charged_cost": "2",
                }
                for day in (first + timedelta(days=1), first)
            ],
        },
    )
    assert (row["measured_hours"], row["busy_shares"]) == ([26, 27], pytest.approx([0.1, 0.9]))
    assert (row["traffic_hours"], row["traffic_bytes_per_second"]) == ([26], [1000])
    assert [each["starts_at"].date() for each in row["charges"]] == [first, first + timedelta(days=1)]
    assert (row["charged_cost"], row["pool_id"], row["known_from"]) == (D(4), None, FROM)


def test_a_machine_nobody_measured_has_a_row_and_no_hours(build):
    (row,) = build("gold.activity_hours", given={"silver.billing_months": MONTHS, "silver.resources": [thing()]})
    assert (row["measured_hours"], row["busy_shares"], row["charges"], row["traffic_hours"]) == (None,) * 4


def test_a_node_names_its_pool(build):
    links = [("node", "runs_on", "web"), ("node", "part_of", "pool"), ("node", "part_of", "cluster")]
    (row,) = build(
        "gold.activity_hours",
        given={
            "silver.billing_months": MONTHS,
            "silver.resources": [thing(), thing("pool", "k8s_pool"), thing("cluster", "k8s_cluster")],
            "silver.resource_links": [
                {"resource_id": of, "link_type": kind, "linked_id": to, "valid_from": date(2026, 1, 1)}
                for of, kind, to in links
            ],
        },
    )
    assert row["pool_id"] == "pool"


JOB = '{"cpu_limit":2000,"memory_limit":4096,"job_timeout":"7200s","region":"fr-par"}'
CONTAINER = '{"mvcpu_limit":500,"memory_limit_bytes":2000000000,"max_scale":20,"min_scale":1,"region":"fr-par"}'


def period(name, kind, item):
    return {
        "resource_id": name,
        "resource_type": kind,
        "item": item,
        "valid_from": date(2026, 1, 1),
        "valid_to": None,
        "is_current": True,
    }


def price(sku, value):
    return {
        "sku": sku,
        "list_unit_price": value,
        "billing_currency": "EUR",
        "valid_from": date(2026, 1, 1),
        "valid_to": None,
    }


def test_caps_tell_limits_prices_peaks_and_what_hung(build, selected):
    def run(number, status, seconds):
        day = UNTIL - timedelta(days=number)
        return {
            "source": "serverless_jobs",
            "run_id": f"{number}",
            "job_id": "job",
            "status": status,
            "run_date": day,
            "duration_seconds": seconds,
        }

    periods = [
        period("job", "serverless_jobs_job_definition", JOB),
        period("api", "containers_container", CONTAINER),
        period("db", "rdb_instance", "{}"),
    ]
    rows = build(
        "gold.scaling_caps",
        given={
            "silver.billing_months": MONTHS,
            "silver.resource_settings": selected("silver.resource_settings", {"silver.resource_periods": periods}),
            "silver.prices": [
                price("/paas/jobs/vcpu/fr-par", "0.00001"),
                price("/paas/jobs/memory/fr-par", "0.000001"),
                price("/paas/caas/vcpu/fr-par", "0.00001"),
                price("/paas/caas/memory/fr-par", "0.000001"),
            ],
            "silver.job_runs": [
                run(1, "succeeded", "600"),
                run(2, "failed", "7200"),
                run(3, "failed", "10"),
                run(4, "running", None),
                run(40, "succeeded", "5000"),
            ],
            "silver.usage_hourly": [usage(FROM, 1, "container_instances", "7", "api")],
        },
    )
    found = {row["resource_id"]: row for row in rows}
    assert set(found) == {"job", "api"}
    job, api = found["job"], found["api"]
    assert (job["timeout_seconds"], job["runs"], job["longest_seconds"]) == (7200, 3, 600)
    assert (job["timed_out_runs"], job["timed_out_seconds"]) == (1, 7200)
    assert job["list_price_per_hour"] == 3600 * (2 * D("0.00001") + 4 * D("0.000001"))
    assert (api["max_scale"], api["min_scale"], api["peak_instances"], api["timed_out_runs"]) == (20, 1, 7, 0)
    assert api["list_price_per_hour"] == D("0.0252")


def test_a_route_that_two_hops_count_is_one_row_for_the_later_hop(build):
    def counted(kind, name, requests, route="/search", day=UNTIL, project="shop"):
        return {
            "source": "cockpit",
            "service_type": kind,
            "resource_id": name,
            "project_id": project,
            "route": route,
            "usage_date": day,
            "usage_month": f"{day:%Y-%m}",
            "requests": requests,
        }

    earlier = UNTIL - timedelta(days=1)
    rows = build(
        "gold.request_hops",
        given={
            "silver.requests_daily": [
                counted("load_balancer", "lb-1", "60"),
                counted("load_balancer", "lb-2", "40"),
                counted("serverless_container", "api", "150"),
                counted("serverless_container", "api", "50", day=earlier),
                counted("serverless_container", "api", "9", route="/alone"),
                counted("serverless_container", "other", "5", project="elsewhere"),
                counted("serverless_container", "api", None, day=earlier),
            ],
            "silver.imported_facts": [
                {
                    "kind": "requests",
                    "project_id": "shop",
                    "route": "/search",
                    "day": UNTIL,
                    "requests": 200,
                    "failed": 50,
                }
            ],
        },
    )
    (row,) = rows
    assert (row["service_type"], row["entry_service_type"], row["resource_ids"]) == (
        "serverless_container",
        "load_balancer",
        ["api"],
    )
    assert (row["requests"], row["entry_requests"]) == (200, 100)
    assert (row["counted_days"], row["entry_counted_days"]) == (2, 1)
    assert (row["failed_share"], row["has_edge_cache"]) == (0.25, False)
