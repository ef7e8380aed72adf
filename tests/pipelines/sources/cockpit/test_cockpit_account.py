"""Usage as Scaleway counts it, requests of Edge Services, and what OpenCost says of a cluster."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from pipelines.errors import SourceUnavailable
from pipelines.sources.cockpit.account import (
    data_source_of,
    data_sources,
    edge_count,
    edge_month,
    edge_projects,
    preconfigured_rules,
    usage_overview,
)
from pipelines.sources.cockpit.opencost import OpenCostClient
from pipelines.sources.cockpit.tables import CLUSTER_ALLOCATIONS, REQUESTS_DAILY, TELEMETRY_DAILY

PROJECT = "105bdce1-64c0-48ab-899d-868455867ecf"
OVERVIEW = "/cockpit/v1/regions/fr-par/usage-overview"
MORNING = datetime(2026, 3, 3, 0, 20, tzinfo=UTC)


def test_usage_of_a_day_is_told_by_signal_and_origin_and_what_is_not_told_has_no_row(server, reply, scaleway_at):
    usage = {"project_id": PROJECT, "data_source_id": "s-1", "data_source_origin": "external", "region": "fr-par",
             "data_source_type": "metrics", "unit": "samples", "quantity_over_interval": "123456789012"}  # fmt: skip
    logs = usage | {"data_source_type": "logs", "unit": "bytes", "quantity_over_interval": 5, "data_source_id": None}
    server.script(OVERVIEW, reply({"external_metrics_usage": usage, "external_logs_usage": logs,
                                   "external_traces_usage": None}))  # fmt: skip
    scaleway = scaleway_at(server.url, clock=lambda: MORNING)
    table = usage_overview(scaleway, "fr-par", PROJECT, {"s-1": 90})
    assert server.asked[0].query == {"interval": ["86400s"], "project_id": [PROJECT]}
    assert table.schema == TELEMETRY_DAILY
    first, second = table.to_pylist()
    assert (first["day"], first["origin"], first["samples"], first["bytes"]) == (
        date(2026, 3, 2), "custom", 123456789012.0, None
    )  # fmt: skip
    assert (first["retention_days"], second["retention_days"], second["bytes"]) == (90, None, 5.0)
    assert first["is_complete"]
    later = scaleway_at(server.url, clock=lambda: MORNING + timedelta(hours=9))
    assert not usage_overview(later, "fr-par", PROJECT).to_pylist()[0]["is_complete"]
    server.script(OVERVIEW, reply({"external_metrics_usage": usage | {"unit": "spans"}}))
    with pytest.raises(SourceUnavailable, match="unit 'spans'"):
        usage_overview(scaleway, "fr-par", PROJECT)


def test_data_sources_and_rules_are_asked_of_the_region_and_project(server, reply, scaleway):
    item = {
        "id": "s-1",
        "project_id": PROJECT,
        "region": "fr-par",
        "type": "logs",
        "origin": "external",
        "url": "https://x",
    }
    server.script("/cockpit/v1/regions/fr-par/data-sources", reply({"data_sources": [item], "total_count": 1}))
    server.script("/cockpit/v1/regions/fr-par/alerts", reply({"alerts": [{"rule": "up"}], "total_count": 1}))
    found = data_source_of(data_sources(scaleway, "fr-par", PROJECT).items[0])
    assert (found.origin, found.retention_days, found.month_usage, found.created_at) == ("custom", None, None, None)
    assert data_source_of({**item, "created_at": "2026-03-02T01:00:00.5Z"}).created_at.hour == 1
    with pytest.raises(SourceUnavailable, match="isoformat"):
        data_source_of({**item, "created_at": "yesterday"})
    assert preconfigured_rules(scaleway, "fr-par", PROJECT).items == ({"rule": "up"},)
    assert server.asked[-1].query == {"is_preconfigured": ["true"], "project_id": [PROJECT]}
    with pytest.raises(SourceUnavailable, match="holds no 'url'"):
        data_source_of({name: value for name, value in item.items() if name != "url"})


def test_edge_services_tell_the_month_to_date_and_nothing_without_a_firewall(server, reply, scaleway_at):
    server.script(
        f"/edge-services/v1beta1/billing/{PROJECT}",
        reply({"current_plan_waf_usage": 900, "extra_waf_usage": 50}),
        reply({"current_plan_waf_usage": 0, "extra_waf_usage": 0, "current_plan": {"waf_requests": 0}}),
    )
    scaleway = scaleway_at(server.url, clock=lambda: MORNING)
    counted, uncounted = edge_count(edge_month(scaleway, PROJECT)), edge_count(edge_month(scaleway, PROJECT))
    assert counted.schema == uncounted.schema == REQUESTS_DAILY
    (row,) = counted.to_pylist()
    assert (row["requests"], row["day"], row["source"], row["is_complete"]) == (
        950.0, date(2026, 3, 3), "month to date", False
    )  # fmt: skip
    assert uncounted.num_rows == 0
    pipelines = [{"id": str(number), "project_id": project} for number, project in enumerate(("p2", "p1", "p2"))]
    server.script("/edge-services/v1beta1/pipelines", reply({"pipelines": pipelines, "total_count": 3}))
    assert edge_projects(scaleway) == ["p1", "p2"]


def allocation(name, **fields):
    window = {"start": "2026-03-02T00:00:00Z", "end": "2026-03-03T00:00:00Z"}
    return {"name": name, "window": window, **fields}


def test_allocations_are_rows_with_exact_costs_and_what_is_idle_is_marked(server, reply, patient):
    shop = allocation("shop/web", properties={"namespace": "shop", "controller": "web", "controllerKind": "deployment"},
                      cpuCoreHours=12.5, cpuCost=0.1, totalCost=1.23456789012345, minutes=1440)  # fmt: skip
    idle = allocation("__idle__", properties={"cluster": "c"}, totalCost=2)
    server.script("/allocation", reply({"code": 200, "data": [{"shop/web": shop, "__idle__": idle}]}))
    client = OpenCostClient(server.url, "cluster-1", "EUR", manners=patient)
    start = datetime(2026, 3, 2, tzinfo=UTC)
    table = client.allocations(start, start + timedelta(days=1))
    assert table.schema == CLUSTER_ALLOCATIONS
    assert server.asked[0].query == {
        "window": ["2026-03-02T00:00:00Z,2026-03-03T00:00:00Z"],
        "aggregate": ["namespace,controller"],
        "includeIdle": ["true"],
        "accumulate": ["true"],
    }
    web, unused = table.to_pylist()
    assert (web["namespace"], web["controller"], web["is_idle"], unused["is_idle"]) == ("shop", "web", False, True)
    assert (web["estimated_cpu_cost"], web["estimated_cost"]) == (Decimal("0.1"), Decimal("1.234567890123"))
    assert (web["estimated_gpu_cost"], web["cpu_core_hours"], unused["estimated_cost"]) == (None, 12.5, Decimal(2))
    assert (web["window_start"], web["currency"]) == (start, "EUR")
    client.allocations(start, start + timedelta(days=3))
    assert len(server.asked) == 4


def test_an_opencost_that_is_not_ready_or_too_old_is_an_error(server, reply, patient):
    client = OpenCostClient(server.url, "cluster-1", "EUR", manners=patient)
    start = datetime(2026, 3, 2, tzinfo=UTC)
    server.script("/allocation", reply({"code": 400, "message": "no data for window"}))
    with pytest.raises(SourceUnavailable, match="cluster-1: no data for window"):
        client.allocations(start, start + timedelta(days=1))
    server.script("/allocation", reply({"code": 200, "data": [{"x": {"name": "x"}}]}))
    with pytest.raises(SourceUnavailable, match="'x' has no window"):
        client.allocations(start, start + timedelta(days=1))
