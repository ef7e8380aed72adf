"""What a deploy, a run of a job and a query cost."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

MONTH = "2026-09"
NOTHING_SAYS = "nothing says which cost is that of the CI"
CI = {"ci_products": ["ci"], "ci_pools": ["builders"], "ephemeral_environments": ["preview"]}


def day(number: int) -> date:
    return date(2026, 9, 1) + timedelta(days=number - 1)


def moment(number: int, hour: float = 0) -> datetime:
    return datetime(2026, 9, 1, tzinfo=UTC) + timedelta(days=number - 1, hours=hour)


def cost(number: int, amount: str, product: str | None, service: str = "Instances", **more: Any) -> dict:
    return {
        "charge_date": day(number),
        "product": product,
        "environment": "prod",
        "service_name": service,
        "is_direct": True,
        "allocation_method": "direct",
        "billing_currency": "EUR",
        "billed_cost": amount,
        "billing_month": MONTH,
        **more,
    }


# --- deploys


def deploy(number: int, service: str, key: str, status: str = "successful", **more: Any) -> dict:
    return {
        "service": service,
        "environment": "prod",
        "deploy_key": key,
        "status": status,
        "deploy_date": day(number),
        "source": "ci",
        "is_proxy": False,
        "billing_month": MONTH,
        **more,
    }


CI_REACH = [{"source": "ci", "known_from": day(1), "known_until": date(2026, 10, 1)}]


def audited(number: int) -> dict:
    """The answer of the Audit Trail about one day."""
    asked = {
        "recorded_after": f"{moment(number):%Y-%m-%dT%H:%M:%SZ}",
        "recorded_before": f"{moment(number + 1):%FT%TZ}",
    }
    return {
        "source": "audit_trail.events",
        "question_hash": str(number),
        "parameters": json.dumps(asked),
        "billing_month": MONTH,
    }


@pytest.fixture
def deploys(build):
    def made(
        costs: list[dict], events: list[dict], told: dict | None = None, reach: list[dict] = CI_REACH, audited=()
    ) -> dict[tuple, dict]:
        settings = {"bronze.unit_settings": [told] if told else []}
        parts = build("gold.cost_per_deploy_parts", given={"gold.allocated_costs": costs, **settings}, months=[MONTH])
        tables = {
            "gold.allocated_costs": costs,
            "gold.cost_per_deploy_parts": parts,
            "silver.deploys": events,
            "silver.unit_deploy_reach": reach,
            "silver.latest_answers": list(audited),
        }
        rows = build("gold.cost_per_deploy", given=tables, months=[MONTH])
        return {(row["period"], row["period_start"], row["service"]): row for row in rows}

    return made


BUILDING = [
    cost(1, "60", "ci"),
    cost(1, "10", "platform", "Container Registry"),
    cost(1, "5", "ci", "Object Storage"),
    cost(1, "15", "shop", environment="preview"),
    cost(1, "10", "pay", pool="builders", is_direct=False, allocation_method="even"),
    cost(1, "500", "shop"),
    cost(1, "400", "shop", environment="staging"),
    cost(2, "8", "ci", pool="network", is_direct=False, allocation_method="cost"),
]


def test_all_that_building_costs_is_borne_by_the_successful_production_deploys(deploys):
    events = [
        deploy(1, "shop", "a"),
        deploy(1, "shop", "b"),
        deploy(2, "pay", "c"),
        deploy(2, "pay", "d", "failed"),
        deploy(2, "pay", "e", "rolled_back"),
        deploy(2, "shop", "f", environment="staging"),
    ]
    rows = deploys(BUILDING, events, CI)
    row = rows["month", day(1), None]
    assert (row["runner_cost"], row["registry_cost"], row["artifact_cost"], row["ephemeral_cost"]) == (78, 10, 5, 15)
    assert (row["direct_cost"], row["loaded_cost"], row["units"]) == (100, 108, 3)
    assert row["unit_cost"] == pytest.approx(Decimal(100) / 3)
    assert (row["loaded_unit_cost"], row["failed_deploys"], row["rolled_back_deploys"]) == (36, 1, 1)
    services = [rows["month", day(1), name] for name in ("shop", "pay")]
    assert sum(each["loaded_cost"] for each in services) == row["loaded_cost"]
    assert [each["direct_cost"] for each in services] == [15, 10]
    quiet = rows["day", day(2), "pay"]
    assert (quiet["units"], quiet["reason"]) == (1, "no CI cost carries its name; see loaded_unit_cost")


def test_a_period_without_a_successful_deploy_has_no_figure(deploys):
    row = deploys(BUILDING, [deploy(2, "shop", "a", "failed")], CI)["month", day(1), None]
    assert (row["units"], row["unit_cost"], row["reason"]) == (0, None, "no successful production deploy")
    row = deploys(BUILDING, [], CI)["month", day(1), None]
    assert (row["units"], row["units_coverage"]) == (0, 1)  # the CI told of others before and after
    row = deploys(BUILDING, [], CI, reach=[])["month", day(1), None]
    assert (row["units"], row["units_coverage"], row["direct_cost"]) == (None, 0, 100)
    assert row["reason"].startswith("no source tells every deploy of that month: import those of the CI")


def test_a_month_of_which_the_inventory_shows_a_single_rollout_has_no_figure(deploys):
    """Seen once a month it shows one rollout of many: 138 euros a deploy, where 11 are true once they are known."""
    costs = [cost(number, "5", "ci") for number in range(1, 31)]
    seen = [deploy(30, "shop", "a", source="rollout", told_by="inventory")]
    rows = deploys(costs, seen, CI, reach=[])
    row = rows["month", day(1), None]
    assert (row["units"], row["unit_cost"], row["units_coverage"], row["is_complete"]) == (None, None, 0, False)
    assert row["direct_cost"] == 150
    assert (rows["day", day(30), None]["units"], rows["day", day(30), None]["is_complete"]) == (None, False)


def test_a_month_known_in_part_is_the_ratio_of_the_days_that_the_audit_trail_reaches(deploys):
    costs = [cost(number, "5", "ci") for number in range(1, 31)]
    events = [deploy(10, "shop", "early", source="rollout", told_by="inventory")]
    events += [deploy(n, "shop", f"d{n}", source="rollout", told_by="audit_trail") for n in (21, 25, 30)]
    rows = deploys(costs, events, CI, reach=[], audited=[audited(number) for number in range(21, 31)])
    row = rows["month", day(1), None]
    assert (row["direct_cost"], row["units"], row["uncounted_direct_cost"]) == (50, 3, 100)
    assert row["unit_cost"].quantize(Decimal("0.000001")) == Decimal("16.666667")
    assert (row["units_coverage"].quantize(Decimal("0.000001")), row["is_complete"]) == (Decimal("0.333333"), False)
    assert (rows["day", day(22), None]["units"], rows["day", day(20), None]["units"]) == (0, None)
    whole = deploys(costs, events[1:], CI, reach=[], audited=[audited(number) for number in range(1, 31)])
    assert (whole["month", day(1), None]["unit_cost"], whole["month", day(1), None]["is_complete"]) == (50, True)


def test_the_ci_reaches_from_its_first_deploy_to_the_end_of_the_month_of_its_last(build):
    events = [
        deploy(-20, "shop", "a", environment="staging"),
        deploy(3, "shop", "b"),
        deploy(1, "shop", "c", source="rollout"),
        deploy(2, "shop", "d", source="digest", environment="unknown"),
    ]
    assert build("silver.unit_deploy_reach", given={"silver.deploys": events}) == [
        {"source": "ci", "known_from": day(-20), "known_until": date(2026, 10, 1)}
    ]


def test_when_nothing_says_which_cost_is_the_cis_the_figure_is_null_and_says_what_to_do(deploys):
    row = deploys([cost(1, "500", "shop")], [deploy(1, "shop", "a")], CI)["month", day(1), None]
    assert (row["direct_cost"], row["unit_cost"]) == (None, None)
    assert row["reason"].startswith(NOTHING_SAYS)


def test_without_runners_the_figure_is_marked_and_a_proxy_is_no_complete_count(deploys):
    costs = [cost(1, "10", "platform", "Container Registry")]
    row = deploys(costs, [deploy(1, "shop", "a", source="digest", is_proxy=True)])["month", day(1), None]
    assert (row["unit_cost"], row["runner_cost"], row["is_marked"], row["is_complete"]) == (10, None, True, False)


# --- jobs


def run(name: str, run_id: str, start: datetime, seconds: int, **more: Any) -> dict:
    return {
        "source": "serverless_jobs",
        "run_id": run_id,
        "job_id": name,
        "job_name": name,
        "region_id": "fr-par",
        "status": "succeeded",
        "started_at": start,
        "ended_at": start + timedelta(seconds=seconds),
        "duration_seconds": seconds,
        "vcpu_seconds": 2 * seconds,
        "gb_seconds": 4 * seconds,
        "run_date": start.date(),
        "billing_month": MONTH,
        **more,
    }


def on_host(name: str, run_id: str, start: datetime, seconds: int, host: str = "host") -> dict:
    told = {"resource_id": host, "region_id": None, "vcpu_seconds": None, "gb_seconds": None, "source": "cron"}
    return run(name, run_id, start, seconds, **told)


PRICES = [
    {"sku": sku, "valid_from": first, "valid_to": last, "list_unit_price": amount, "billing_currency": "EUR"}
    for sku, first, last, amount in (
        ("/paas/jobs/vcpu/fr-par", day(1), day(10), "0.00001"),
        ("/paas/jobs/vcpu/fr-par", day(10), None, "0.00002"),
        ("/paas/jobs/memory/fr-par", day(1), None, "0.000001"),
    )
]


def host_day(number: int, amount: str, hours: int = 24) -> dict:
    return {
        "charge_key": f"{number} {amount}",
        "charge_date": day(number),
        "charge_start": moment(number),
        "charge_end": moment(number, hours),
        "resource_id": "host",
        "billed_cost": amount,
        "billing_currency": "EUR",
        "billing_month": MONTH,
    }


@pytest.fixture
def jobs(build):
    def made(runs: list[dict], hosts: list[dict] = ()) -> dict[tuple, dict]:
        tables = {"silver.job_runs": runs, "silver.prices": PRICES, "silver.labelled_costs": list(hosts)}
        rows = build("gold.cost_per_job", given={**tables, "silver.resources": []}, months=[MONTH])
        return {
            (row["period"], row["period_start"], row["scope"], row["job_name"] or row["batch_window"]): row
            for row in rows
        }

    return made


def test_a_serverless_run_costs_its_size_and_duration_at_the_price_of_its_day(jobs):
    rows = jobs([run("report", "1", moment(1, 3), 10_000), run("report", "2", moment(10, 3), 10_000, status="failed")])
    assert rows["day", day(1), "job", "report"]["unit_cost"] == Decimal("0.24")
    assert rows["day", day(10), "job", "report"]["unit_cost"] == Decimal("0.44")
    month = rows["month", day(1), "job", "report"]
    assert (month["unit_cost"], month["units"], month["failed_runs"]) == (Decimal("0.34"), 2, 1)
    assert (month["succeeded_run_cost"], month["cost_basis"]) == (Decimal("0.68"), "public price × duration")


def test_a_window_of_the_day_gathers_its_jobs(jobs):
    runs = [run("a", "1", moment(1, 2), 1_000), run("b", "2", moment(1, 5.5), 3_000), run("c", "3", moment(1, 6), 500)]
    rows = jobs(runs)
    assert rows["month", day(1), "window", "00-06"]["unit_cost"] == Decimal("0.048")
    assert rows["month", day(1), "window", "06-12"]["units"] == 1
    assert rows["month", day(1), "all jobs", None]["direct_cost"] == Decimal("0.108")


def test_runs_at_once_share_their_host_and_what_it_idled_nobody_pays(jobs):
    runs = [on_host("etl", "1", moment(1, 0), 4 * 3600), on_host("sync", "2", moment(1, 2), 2 * 3600)]
    rows = jobs(runs, [host_day(1, "24")])
    assert rows["day", day(1), "job", "etl"]["direct_cost"] == 3
    assert rows["day", day(1), "job", "sync"]["direct_cost"] == 1
    assert rows["day", day(1), "all jobs", None]["cost_basis"] == "share of the host"


def test_a_run_over_midnight_is_one_run_whose_cost_falls_on_both_days(jobs):
    rows = jobs([on_host("etl", "1", moment(1, 22), 4 * 3600)], [host_day(1, "24"), host_day(2, "12", 6)])
    assert (rows["day", day(1), "job", "etl"]["units"], rows["day", day(1), "job", "etl"]["direct_cost"]) == (1, 2)
    rest = rows["day", day(2), "job", "etl"]
    assert (rest["units"], rest["direct_cost"], rest["unit_cost"]) == (0, 4, None)
    assert rows["month", day(1), "job", "etl"]["unit_cost"] == 6


def test_a_run_whose_price_or_host_is_not_known_is_in_neither_side(jobs):
    unpriced = run("report", "2", moment(2), 3_000, region_id="pl-waw")
    rows = jobs([run("report", "1", moment(1), 1_000), unpriced, run("live", "3", moment(1), 9, status="running")])
    month = rows["month", day(1), "job", "report"]
    assert (month["units"], month["uncosted_runs"], month["unit_cost"]) == (1, 1, Decimal("0.024"))
    assert (month["cost_coverage"], month["is_marked"], month["is_complete"]) == (Decimal("0.25"), True, False)
    lost = jobs([unpriced])["month", day(1), "job", "report"]
    assert (lost["unit_cost"], lost["direct_cost"]) == (None, None)
    assert lost["reason"] == "neither the price of the day nor the cost of its host is known"
    assert ("month", day(1), "job", "live") not in rows


# --- queries


def queries(number: int, service: str, count: int, resource: str | None = "warehouse", **more: Any) -> dict:
    return {
        "number_key": f"{number} {service} {more}",
        "source": "bi",
        "kind": "queries",
        "usage_date": day(number),
        "service": service,
        "resource_id": resource,
        "queries": count,
        "usage_month": MONTH,
        **more,
    }


@pytest.fixture
def asked(build):
    def made(numbers: list[dict], charges: list[dict], costs: list[dict] = ()) -> dict[tuple, dict]:
        tables = {"silver.business_numbers": numbers, "silver.labelled_costs": charges}
        rows = build("gold.cost_per_query", given={**tables, "gold.allocated_costs": list(costs)}, months=[MONTH])
        return {(row["period"], row["period_start"], row["service"]): row for row in rows}

    return made


def warehouse(number: int, amount: str) -> dict:
    return {**host_day(number, amount), "resource_id": "warehouse"}


def test_dashboards_share_what_they_ask_by_their_queries_of_the_day(asked):
    numbers = [queries(1, "sales", 300), queries(1, "stock", 100), queries(2, "sales", 50)]
    rows = asked(numbers, [warehouse(1, "8"), warehouse(2, "10"), warehouse(3, "9")])
    assert rows["day", day(1), "sales"]["unit_cost"] == Decimal("0.02")
    month = rows["month", day(1), "sales"]
    assert (month["direct_cost"], month["units"]) == (16, 350)
    assert month["unit_cost"] == pytest.approx(Decimal(16) / 350)
    assert rows["month", day(1), "stock"]["direct_cost"] == 2
    idle = rows["month", day(1), None]
    assert (idle["direct_cost"], idle["unit_cost"]) == (9, None)
    assert idle["reason"] == "nobody asked it then, or nobody said so"
    assert month["cost_coverage"] == pytest.approx(Decimal(18) / 27)


def test_two_sources_that_count_the_same_queries_are_not_added_up(asked):
    rows = asked([queries(1, "sales", 300), queries(1, "sales", 310, source="db")], [warehouse(1, "6")])
    assert (rows["day", day(1), "sales"]["units"], rows["day", day(1), "sales"]["unit_cost"]) == (300, Decimal("0.02"))


def test_without_a_resource_the_service_is_a_product_and_bears_its_production_cost(asked):
    costs = [
        cost(1, "20", "search"),
        cost(1, "5", "search", is_direct=False, allocation_method="cost"),
        cost(1, "90", "search", environment="dev"),
    ]
    row = asked([queries(1, "Search", 100, None)], [], costs)["day", day(1), "Search"]
    assert (row["unit_cost"], row["loaded_unit_cost"]) == (Decimal("0.2"), Decimal("0.25"))
    row = asked([queries(1, "stranger", 100, None)], [], costs)["day", day(1), "stranger"]
    assert (row["unit_cost"], row["direct_cost"]) == (None, None)
    assert row["reason"].startswith("no resource is named")
