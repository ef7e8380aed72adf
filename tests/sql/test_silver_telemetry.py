"""What Cockpit, Edge Services and OpenCost measured, as silver tells it, and how fresh it is."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from assets.tables import TABLES
from pipelines.lake.measurements import READING_HASH, Measurement, keep

SHOP = "0b0b0b0b-0000-4000-8000-000000000001"
WEB, DATABASE, CLUSTER = (f"11111111-0000-4000-8000-00000000000{number}" for number in (1, 2, 3))
MONTH = "2026-03"
DAY = date(2026, 3, 10)
MORNING = datetime(2026, 3, 11, 6, tzinfo=UTC)


def hour(metric: str, resource_type: str, raw_id: str | None, name: str | None = None, **more: Any) -> dict[str, Any]:
    values = dict.fromkeys(("mean", "p50", "p95", "p99", "p995", "max", "min"), 0.5)
    return {
        "data_source_id": "source-1", "project_id": SHOP, "region": "fr-par", "metric": metric,
        "resource_type": resource_type, "resource_id": raw_id, "resource_name": name, "labels": f"{raw_id} {name}",
        "hour": datetime(2026, 3, 10, 7, tzinfo=UTC), "samples": 60, "expected_samples": 60, **values,
        "usage_month": MONTH, **more,
    }  # fmt: skip


def count(service: str, raw_id: str | None = None, name: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "data_source_id": "source-1", "service_type": service, "resource_id": raw_id, "resource_name": name,
        "project_id": SHOP, "region": "fr-par", "day": DAY, "source": "a_metric", "coverage": 1.0,
        "is_complete": True, "usage_month": MONTH, **more,
    }  # fmt: skip


@pytest.fixture
def measured(answers):
    """`measured("usage_hourly", "cockpit.usage", rows)`: one measurement, kept as a run would; None is a gap."""

    def make(
        table: str, source: str, rows: list[dict] | None, day: date = DAY, place: str = "source-1",
        at: datetime = MORNING, note: str = "",
    ) -> None:  # fmt: skip
        declared = TABLES[f"bronze.{table}"]
        schema = pa.schema([column for column in declared.schema if column.name != READING_HASH])
        content = None if rows is None else pa.Table.from_pylist(rows, schema=schema)
        keep(answers.lake, declared, [Measurement(source, place, day, at, content, rows is not None, note=note)])

    return make


@pytest.fixture
def inventory(answers):
    """A machine with addresses, two of one name, one that took an old name over, and a cluster."""
    at = datetime(2026, 3, 1, 5, tzinfo=UTC)
    named = {"id": WEB, "name": "Web-1", "project": SHOP, "public_ips": [{"id": "ip-1"}]}
    twins = [{"id": f"twin-{number}", "name": "twin", "project": SHOP} for number in (1, 2)]
    old = {"id": "old-worker", "name": "worker", "project": SHOP, "creation_date": "2026-01-01T00:00:00Z"}
    new = old | {"id": "new-worker", "creation_date": "2026-03-11T01:00:00Z"}
    elsewhere = [
        {"id": f"{name}-of-{project}", "name": name, "project": project}
        for name, project in (("central", "b"), ("common", "b"), ("common", "c"), ("web-1", "c"))
    ]
    path = "/instance/v1/zones/fr-par-1/servers"
    answers.answer("bronze.resources", "instance.servers", [named, *twins, old, *elsewhere], at=at, path=path)
    later = datetime(2026, 3, 11, 5, tzinfo=UTC)
    answers.answer("bronze.resources", "instance.servers", [named, *twins, new, *elsewhere], at=later, path=path)
    address = {"id": "ip-1", "address": "51.1.2.3", "project": SHOP, "server": {"id": WEB}}
    answers.answer("bronze.resources", "instance.ips", [address], at=at, path="/instance/v1/zones/fr-par-1/ips")
    cluster = {"id": CLUSTER, "name": "prod", "project_id": SHOP, "region": "fr-par"}
    answers.answer("bronze.resources", "k8s.clusters", [cluster], at=at, path="/k8s/v1/regions/fr-par/clusters")


def test_what_metrics_speak_of_is_the_resource_of_the_bill_and_null_where_two_could_be_meant(
    answers, measured, inventory
):
    hours = [
        hour("node_cpu_ratio", "machine", "web-1:9100", "web-1:9100"),
        hour("node_memory_bytes", "machine", "51.1.2.3:9100", "51.1.2.3:9100"),
        hour("gpu_power_watts", "gpu", "GPU-1d9f0c7c-aaaa-bbbb-cccc-000000000000", "WEB-1"),
        hour("kubernetes_nodes", "kubernetes_cluster", None, "prod"),
        hour("postgresql_connections", "rdb_instance_postgresql", DATABASE.upper(), "orders"),
        hour("bucket_bytes", "object_storage_bucket", "assets", "assets"),
        hour("vllm_running", "vllm", "worker:8000", "m-8b"),
        hour("tgi_running", "tgi", "worker:3000", None),
        hour("triton_requests", "triton", "worker:8002", "m-8b"),
        hour("node_cpu_ratio", "machine", "twin:9100"),
        hour("node_cpu_ratio", "machine", "central:9100"),
        hour("node_cpu_ratio", "machine", "common:9100"),
        hour("generative_tokens", "generative_apis", None, "m-8b"),
    ]
    measured("usage_hourly", "cockpit.usage", hours)
    rows = answers.built("silver.usage_hourly", MONTH)
    assert {(row["resource_type"], row["raw_id"], row["resource_name"]): row["resource_id"] for row in rows} == {
        ("machine", "web-1:9100", "web-1:9100"): WEB,
        ("machine", "51.1.2.3:9100", "51.1.2.3:9100"): WEB,
        ("gpu", "GPU-1d9f0c7c-aaaa-bbbb-cccc-000000000000", "WEB-1"): WEB,
        ("kubernetes_cluster", None, "prod"): CLUSTER,
        ("rdb_instance_postgresql", DATABASE.upper(), "orders"): DATABASE,
        ("object_storage_bucket", "assets", "assets"): "assets",
        ("vllm", "worker:8000", "m-8b"): "old-worker",
        ("tgi", "worker:3000", None): "old-worker",
        ("triton", "worker:8002", "m-8b"): "old-worker",
        ("machine", "twin:9100", None): None,
        ("machine", "central:9100", None): "central-of-b",
        ("machine", "common:9100", None): None,
        ("generative_apis", None, "m-8b"): None,
    }
    for day, worker in ((date(2026, 2, 20), "old-worker"), (date(2026, 3, 12), "new-worker")):
        moment = datetime(day.year, day.month, day.day, 7, tzinfo=UTC)
        seen = [hour("vllm_running", "vllm", "worker:8000", hour=moment, usage_month=f"{day:%Y-%m}")]
        measured("usage_hourly", "cockpit.usage", seen, day)
        found = answers.built("silver.measured_resources", f"{day:%Y-%m}")
        assert [row["resource_id"] for row in found if row["usage_date"] == day] == [worker]
    assert {(row["mean_value"], row["usage_date"], row["usage_month"]) for row in rows} == {
        (Decimal("0.5"), DAY, MONTH)
    }


FAMILIES = [
    {"sku_pattern": "^/compute/(h100)", "service_name": "GPU Instances"},
    {"sku_pattern": "^/compute/", "service_name": "Instances"},
    {"sku_pattern": "^/storage/block/", "service_name": "Block Storage"},
]


def charged(resource_id: str, name: str, project: str = SHOP, day: date = DAY, sku: str = "/compute/h100/run") -> dict:
    return {"resource_id": resource_id, "resource_name": name, "project_id": project, "charge_date": day, "sku": sku}


def known(resource_id: str, name: str, project: str = SHOP) -> dict:
    return {
        "resource_id": resource_id, "billed_id": resource_id, "resource_name": name, "project_id": project,
        "resource_type": "instance_server", "valid_from": date(2026, 3, 1),
    }  # fmt: skip


def named_by_charges(selected, charges: list[dict], resources: list[dict] = (), type_: str = "gpu") -> str | None:
    """What an exporter's `gone:9400` is on the day, with these charges and this inventory."""
    thing = {
        "project_id": SHOP, "resource_type": type_, "raw_id": "GPU-1", "resource_name": "gone:9400",
        "usage_date": DAY, "usage_month": MONTH,
    }  # fmt: skip
    tables = {
        "silver.measured_things": [thing],
        "silver.costs": charges,
        "silver.resources": resources,
        "silver.sku_families": FAMILIES,
    }
    (row,) = selected("silver.measured_resources", given=tables)
    return row["resource_id"]


def test_a_machine_gone_before_the_inventory_is_known_by_the_name_on_its_charges_of_that_day(selected):
    volume = charged("a volume", "gone", sku="/storage/block/volume")
    machine = charged("machine", "Gone", project="elsewhere")
    assert named_by_charges(selected, [machine, machine, volume]) == "machine"
    assert named_by_charges(selected, [volume]) is None
    assert named_by_charges(selected, [machine], type_="kubernetes_cluster") is None
    assert named_by_charges(selected, [charged("machine", "gone", day=DAY - timedelta(days=1))]) is None
    assert named_by_charges(selected, [charged("machine", "another")]) is None


def test_a_name_on_charges_of_two_machines_means_neither_but_that_of_its_own_project_comes_first(selected):
    ours, theirs = charged("ours", "gone"), charged("theirs", "gone", project="elsewhere")
    assert named_by_charges(selected, [theirs, charged("third", "gone", project="another")]) is None
    assert named_by_charges(selected, [ours, charged("twin", "gone")]) is None
    assert named_by_charges(selected, [ours, theirs]) == "ours"


def test_a_name_on_charges_comes_after_what_the_inventory_of_those_projects_knows(selected):
    ours, theirs = charged("ours", "gone"), charged("theirs", "gone", project="elsewhere")
    assert named_by_charges(selected, [ours], [known("in inventory", "gone")]) == "in inventory"
    assert named_by_charges(selected, [theirs], [known("in inventory", "gone", "elsewhere")]) == "in inventory"
    assert named_by_charges(selected, [ours], [known("twin-1", "gone"), known("twin-2", "gone")]) is None
    assert named_by_charges(selected, [ours], [known("in inventory", "gone", "elsewhere")]) == "ours"


def test_a_later_reading_of_a_day_supersedes_it_and_a_gap_after_it_does_not(answers, measured):
    measured("usage_hourly", "cockpit.usage", [hour("a", "machine", "x"), hour("b", "machine", "x")])
    again = [hour("a", "machine", "x", mean=0.25, samples=59)]
    measured("usage_hourly", "cockpit.usage", again, at=MORNING + timedelta(hours=1))
    measured("usage_hourly", "cockpit.usage", None, at=MORNING + timedelta(hours=2), note="dead")
    (row,) = answers.built("silver.usage_hourly", MONTH)
    assert (row["metric"], row["mean_value"], row["samples"]) == ("a", Decimal("0.25"), 59)


def test_a_value_too_large_for_a_decimal_is_unknown_and_stops_nothing(answers, measured):
    measured("usage_hourly", "cockpit.usage", [hour("a", "machine", "x", max=1e30, p50=1e-3)])
    (row,) = answers.built("silver.usage_hourly", MONTH)
    assert (row["max_value"], row["p50_value"]) == (None, Decimal("0.001"))


def test_requests_keep_their_source_resource_route_and_tenant_and_what_was_not_counted_is_null(
    answers, measured, inventory
):
    rows = [
        count("serverless_container", WEB, "api", requests=10.5, route="/a", tenant="t1"),
        count("serverless_container", WEB, "api", requests=4.0, route="/b", tenant="t1", is_complete=False),
        count("generative_apis", None, "m-8b", input_tokens=5.0, output_tokens=7.0),
    ]
    measured("requests_daily", "cockpit.requests", rows)
    told = {(row["service_type"], row["route"]): row for row in answers.built("silver.requests_daily", MONTH)}
    assert len(told) == 3
    first, tokens = told["serverless_container", "/a"], told["generative_apis", None]
    assert (first["source"], first["resource_id"], first["requests"]) == ("cockpit", WEB, Decimal("10.5"))
    assert (tokens["requests"], tokens["input_tokens"], tokens["resource_id"]) == (None, 5, None)
    assert (first["counted_by"], first["usage_date"], first["tenant"]) == ("a_metric", DAY, "t1")


def test_a_day_of_edge_services_is_what_the_month_gained_and_months_are_never_subtracted_from_each_other(
    answers, measured
):
    # month to date as asked on a day at an hour: (month, day, hour, requests)
    asked = [
        *((3, 2, 0, 30), (3, 3, 6, 130), (3, 4, 0, 150), (3, 5, 0, 400), (3, 7, 0, 500), (3, 8, 0, 90)),
        *((3, 31, 0, 2000), (4, 1, 0, 5), (4, 2, 0, 25), (4, 3, 0, 26)),
    ]  # fmt: skip
    for month, day, at, requests in asked:
        moment = datetime(2026, month, day, at, 10, tzinfo=UTC)
        row = count("edge_content_delivery_service", data_source_id=None, region=None, day=moment.date(), coverage=None,
                    source="month to date", requests=float(requests), usage_month=f"{moment:%Y-%m}")  # fmt: skip
        measured("requests_daily", "edge_services.requests", [row], moment.date(), SHOP, moment)
    rows = answers.built("silver.requests_daily", MONTH, "2026-04")
    assert {row["source"] for row in rows} == {"edge services"}
    assert {row["usage_date"]: (row["requests"], row["is_complete"]) for row in rows} == {
        date(2026, 3, 1): (30, True),
        date(2026, 3, 2): (100, False),
        date(2026, 3, 3): (20, False),
        date(2026, 3, 4): (250, True),
        date(2026, 4, 1): (25, True),
        date(2026, 4, 2): (1, True),
    }


def test_telemetry_is_billed_where_it_is_custom_and_ways_of_measuring_stay_apart(answers, measured):
    row = {"data_source_id": "s", "project_id": SHOP, "region": "fr-par", "day": DAY, "signal": "metrics",
           "origin": "custom", "is_complete": True, "usage_month": MONTH}  # fmt: skip
    ingested = {**row, "source": "ingested samples"}
    measured(
        "telemetry_daily", "cockpit.telemetry", [{**ingested, "samples": 1e12}, {**ingested, "origin": "scaleway"}]
    )
    names = [{**row, "source": "stored samples", "metric_name": name, "samples": 7.0} for name in ("a", "b")]
    measured("telemetry_daily", "cockpit.telemetry_names", names)
    measured("telemetry_daily", "cockpit.logs", [{**row, "source": "stored logs", "signal": "logs", "bytes": 5.0}])
    rows = answers.built("silver.telemetry_daily", MONTH)
    assert sorted((each["source"], each["origin"], each["is_billed"], each["samples"], each["bytes"]) for each in rows
                  if each["metric_name"] != "b" and each["samples"]) == [
        ("ingested samples", "custom", True, 10**12, None), ("stored samples", "custom", True, 7, None)
    ]  # fmt: skip
    assert len(rows) == 5
    assert [each["samples"] for each in rows if each["is_billed"] is False] == [None]


def test_allocations_of_a_cluster_keep_their_exact_costs_and_currency(answers, measured):
    row = {"cluster_id": CLUSTER, "window_start": datetime(2026, 3, 10, tzinfo=UTC), "allocation": "shop/web",
           "is_idle": False, "cpu_core_hours": 12.5, "estimated_cost": Decimal("1.234567890123"), "currency": "EUR",
           "usage_month": MONTH}  # fmt: skip
    measured("cluster_allocations", "opencost.allocations", [row], place=CLUSTER)
    (told,) = answers.built("silver.cluster_allocations", MONTH)
    assert (told["estimated_cost"], told["billing_currency"], told["usage_date"], told["gpu_hours"]) == (
        Decimal("1.234567890123"), "EUR", DAY, None
    )  # fmt: skip


def finding(metric: str, presence: str, day: int) -> dict[str, Any]:
    return {"data_source_id": "source-1", "day": date(2026, 3, day), "metric": metric, "presence": presence,
            "missing_names": [metric] if presence == "unknown" else [], "usage_month": MONTH}  # fmt: skip


def test_the_newest_finding_of_a_metric_is_told_and_unknown_is_told_too(answers, measured):
    for day, presence in ((9, "unknown"), (10, "present")):
        found = [finding("a", presence, day), finding("b", "unknown", day)]
        measured("metric_findings", "cockpit.findings", found, date(2026, 3, day))
    rows = {row["metric"]: row for row in answers.built("silver.metric_findings", MONTH)}
    assert (rows["a"]["presence"], rows["a"]["found_on"]) == ("present", date(2026, 3, 10))
    assert (rows["b"]["presence"], rows["b"]["missing_names"]) == ("unknown", ["b"])


def test_freshness_tells_of_places_without_their_newest_day_and_why(answers, measured, charge):
    answers.charges("2026-03-09", charge("1"))
    before = DAY - timedelta(days=1)
    for place in ("a", "b", "c"):
        measured("usage_hourly", "cockpit.usage", [hour("m", "machine", place)], before, place)
    measured("usage_hourly", "cockpit.usage", [hour("m", "machine", "a")], DAY, "a")
    measured("usage_hourly", "cockpit.usage", None, DAY, "b", note="HTTP 503; try later")
    measured("usage_hourly", "cockpit.usage", None, DAY, "c", note="no token")
    measured("usage_hourly", "cockpit.usage", None, DAY - timedelta(days=40), "gone", note="deleted since")
    measured("requests_daily", "cockpit.requests", None, DAY, "b", note="HTTP 503; try later")
    measured("metric_findings", "cockpit.findings", [finding("a", "present", 11)], date(2026, 3, 11), "a")
    rows = {row["source"]: row for row in answers.built("gold.data_freshness")}
    usage = rows["cockpit.usage"]
    assert (usage["last_answer_at"], usage["data_until"]) == (MORNING, date(2026, 3, 11))
    assert (usage["places"], usage["gaps"], usage["gap_notes"]) == (4, 2, "HTTP 503; try later; no token")
    assert (rows["cockpit.requests"]["data_until"], rows["cockpit.requests"]["gaps"]) == (None, 1)
    assert rows["cockpit.findings"]["data_until"] == date(2026, 3, 11), "until now, not until tomorrow"
    assert (rows["billing.charges"]["places"], rows["billing.charges"]["data_until"]) == (None, date(2026, 3, 10))
    measured("usage_hourly", "cockpit.usage", [hour("m", "machine", "b")], DAY, "b", MORNING + timedelta(hours=1))
    assert {row["source"]: row for row in answers.built("gold.data_freshness")}["cockpit.usage"]["gaps"] == 1
