"""Listings of the products beyond Instances: recorded shapes, one world from every side, empty where it has none."""

import json

import pytest

from simulator.instants import DAY, zulu
from simulator.loading import load
from simulator.products_api import listings
from simulator.service_parts import Services
from simulator.world import build

PAGE = {"page_size": 100}


@pytest.fixture(scope="module")
def demo():
    return build(load("demo"))


@pytest.fixture(scope="module")
def asked(run_simulator, demo):
    """`asked(path)`: all items of a listing of the demo, every page of them."""
    simulator = run_simulator(demo)

    def ask(path, key, **parameters):
        rows, page = [], 1
        while True:
            answer = simulator.json(path, page=page, **PAGE, **parameters)
            rows += answer[key]
            if not answer[key] or len(rows) >= answer["total_count"]:
                assert len(rows) == answer["total_count"]
                return rows
            page += 1

    return ask


REGIONS = ("fr-par", "nl-ams", "pl-waw")
RECORDED = [
    ("k8s_v1_list_clusters__fr-par.json", "clusters", "/k8s/v1/regions/fr-par/clusters"),
    ("registry_v1_list_namespaces__fr-par.json", "namespaces", "/registry/v1/regions/fr-par/namespaces"),
    ("registry_v1_list_images__fr-par.json", "images", "/registry/v1/regions/fr-par/images"),
    ("containers_v1_list_containers__fr-par.json", "containers", "/containers/v1/regions/fr-par/containers"),
    ("containers_v1_list_namespaces__fr-par.json", "namespaces", "/containers/v1/regions/fr-par/namespaces"),
    ("functions_v1beta1_list_namespaces__fr-par.json", "namespaces", "/functions/v1beta1/regions/fr-par/namespaces"),
    ("serverless_jobs_v1alpha2_list_job_runs__fr-par.json", "job_runs",
     "/serverless-jobs/v1alpha2/regions/fr-par/job-runs"),
    ("rdb_v1_list_instances__fr-par.json", "instances", "/rdb/v1/regions/fr-par/instances"),
    ("rdb_v1_list_backups__fr-par.json", "database_backups", "/rdb/v1/regions/fr-par/backups"),
    ("redis_v1_list_clusters__fr-par-1.json", "clusters", "/redis/v1/zones/fr-par-1/clusters"),
    ("mongodb_v1_list_instances__fr-par.json", "instances", "/mongodb/v1/regions/fr-par/instances"),
    ("mongodb_v1_list_snapshots__fr-par.json", "snapshots", "/mongodb/v1/regions/nl-ams/snapshots"),
    ("lb_v1_list_lbs__fr-par-1.json", "lbs", "/lb/v1/zones/fr-par-1/lbs"),
    ("lb_v1_list_ips__fr-par-1.json", "ips", "/lb/v1/zones/fr-par-1/ips"),
    ("vpc_gw_v2_list_gateways__fr-par-1.json", "gateways", "/vpc-gw/v2/zones/fr-par-1/gateways"),
    ("vpc_gw_v2_list_ips__fr-par-1.json", "ips", "/vpc-gw/v2/zones/fr-par-1/ips"),
    ("vpc_v2_list_private_networks__fr-par.json", "private_networks", "/vpc/v2/regions/fr-par/private-networks"),
    ("vpc_v2_list_vpcs__fr-par.json", "vpcs", "/vpc/v2/regions/fr-par/vpcs"),
    ("ipam_v1_list_ips__fr-par.json", "ips", "/ipam/v1/regions/fr-par/ips"),
    ("edge_services_v1beta1_list_pipelines__global.json", "pipelines", "/edge-services/v1beta1/pipelines"),
    ("secret_manager_v1beta1_list_secrets__fr-par.json", "secrets", "/secret-manager/v1beta1/regions/fr-par/secrets"),
    ("baremetal_v1_list_servers__fr-par-2.json", "servers", "/baremetal/v1/zones/fr-par-1/servers"),
    ("flexible_ip_v1alpha1_list_fips__fr-par-1.json", "flexible_ips", "/flexible-ip/v1alpha1/zones/fr-par-1/fips"),
    ("annotations_v1_list_bindings__global.json", "bindings", "/annotations/v1/bindings"),
]  # fmt: skip
# settings that neither a bill nor any advice looks at
LEFT_OUT = {
    "acl_available", "apiserver_cert_sans", "autoscaler_config", "iam_nodes_group_id", "open_id_connect_config",
    "pod_cidr", "sandbox", "service_cidr", "service_dns_ip", "srn",
}  # fmt: skip


@pytest.mark.parametrize(("recording", "key", "path"), RECORDED, ids=[path for _, _, path in RECORDED])
def test_our_listings_have_every_field_of_the_recorded_ones(asked, reference_data, recording, key, path):
    real = json.loads((reference_data / "fixtures/scaleway-recorded" / recording).read_text())[key][0]
    rows = asked(path, key)
    assert rows
    for row in rows:
        assert real.keys() - row.keys() - LEFT_OUT == set()


def test_a_cluster_its_pools_its_nodes_and_their_machines_are_one(asked):
    machines = {}
    for zone in ("fr-par-1", "fr-par-2"):
        machines |= {row["id"]: row for row in asked_servers(asked, zone)}
    clusters = asked("/k8s/v1/regions/fr-par/clusters", "clusters")
    assert {row["name"] for row in clusters} == {"shop", "shop-staging", "ml", "platform"}
    seen = set()
    for cluster in clusters:
        base = f"/k8s/v1/regions/fr-par/clusters/{cluster['id']}"
        pools = {row["id"]: row for row in asked(f"{base}/pools", "pools")}
        nodes = asked(f"{base}/nodes", "nodes")
        assert {row["cluster_id"] for row in [*pools.values(), *nodes]} == {cluster["id"]}
        assert sum(row["size"] for row in pools.values()) == len(nodes)
        for node in nodes:
            _, _, zone, server = node["provider_id"].removeprefix("scaleway:").split("/")[-4:]
            machine = machines[server]
            assert (machine["zone"], machine["name"]) == (zone, node["name"])
            assert {f"kapsule={cluster['id']}", f"pool={node['pool_id']}", f"node={node['id']}"} <= set(machine["tags"])
            assert machine["commercial_type"].lower().replace("-", "_") == pools[node["pool_id"]]["node_type"]
            seen.add(server)
    made = {row["id"] for row in machines.values() if any(tag.startswith("kapsule=") for tag in row["tags"])}
    assert seen == made


def asked_servers(asked, zone):
    """Instances have pages of their own kind; a hundred are enough for one zone of the demo."""
    simulator = asked.__closure__[0].cell_contents
    return simulator.get(f"/instance/v1/zones/{zone}/servers", per_page=100).json()["servers"]


def test_what_is_billed_is_listed_under_the_same_identifier(demo):
    now = demo.scenario.today.timestamp()
    listed = {each.item.get("id") for listing in listings(demo) for each in listing.shape(int(now))}
    products = (
        "/storage/rdb/", "/storage/redis/", "/storage/mgdb/", "/network/loadbalancer/", "/network/vpc/public",
        "/baremetal/em-", "/k8s/", "/tools/registry/", "/paas/", "/network/edge-services/",
    )  # fmt: skip
    billed = {
        row.id: row.name
        for row in Services(demo).billed_for(int(now), *products)
        if row.name != "containers-free-tier"  # a deduction, not a thing
    }
    assert len(billed) > 40
    assert {name for identifier, name in billed.items() if identifier not in listed} == set()


def test_no_identifier_is_listed_twice(demo):
    now = int(demo.scenario.today.timestamp())
    for listing in listings(demo):
        ids = [each.item["id"] for each in listing.shape(now)]
        assert len(ids) == len(set(ids)), listing.path


def test_parts_say_whose_they_are_by_their_parent_alone(asked):
    (namespace,) = asked("/functions/v1beta1/regions/fr-par/namespaces", "namespaces")
    (function,) = asked("/functions/v1beta1/regions/fr-par/functions", "functions", namespace_id=namespace["id"])
    assert function["namespace_id"] == namespace["id"]
    assert "project_id" not in function
    backups = asked("/rdb/v1/regions/fr-par/backups", "database_backups")
    databases = {row["id"]: row for row in asked("/rdb/v1/regions/fr-par/instances", "instances")}
    assert {row["instance_id"] for row in backups} <= set(databases)
    assert not any("project_id" in row or "tags" in row for row in backups)
    assert databases[backups[0]["instance_id"]]["volume"]["size"] % 10**9 == 0


def test_balancers_of_a_deleted_cluster_have_nothing_behind_them(asked):
    rows = {row["name"]: row for row in asked("/lb/v1/zones/fr-par-1/lbs", "lbs")}
    idle = sorted(name for name, row in rows.items() if row["backend_count"] == 0)
    assert idle == ["old-analytics-lb-01", "old-analytics-lb-02", "old-analytics-lb-03"]
    busy, gone = rows["shop-lb-01"], rows[idle[0]]
    (backend,) = asked(f"/lb/v1/zones/fr-par-1/lbs/{busy['id']}/backends", "backends")
    assert backend["lb"]["id"] == busy["id"]
    assert backend["pool"]
    assert asked(f"/lb/v1/zones/fr-par-1/lbs/{gone['id']}/backends", "backends") == []


def test_tags_of_databases_are_the_scenarios_and_annotations_are_apart(asked):
    databases = {row["name"]: row for row in asked("/rdb/v1/regions/nl-ams/instances", "instances")}
    assert databases["pay-db-dr"]["tags"] == ["env:production", "team=payments", "role=dr-replica"]
    (sql,) = asked("/serverless-sqldb/v1alpha1/regions/fr-par/databases", "databases")
    assert "tags" not in sql
    bound = asked("/annotations/v1/bindings", "bindings")
    own = {(row["key"]["name"], row["value"]["name"]) for row in bound if row["srn"].endswith(sql["id"])}
    assert own == {("owner", "data"), ("environment", "dev")}


def test_runs_of_jobs_come_to_what_each_day_is_billed_for(asked, demo):
    runs = asked("/serverless-jobs/v1alpha2/regions/fr-par/job-runs", "job_runs")
    assert 500 < len(runs) < 600
    midnight = int(demo.scenario.today.timestamp()) // DAY * DAY
    for day in range(midnight - 59 * DAY, midnight, DAY):
        charges = [each for each in demo.overlapping(day, day + DAY) if each.line.offer.sku == "/paas/jobs/vcpu/fr-par"]
        seconds = [
            int(row["run_duration"].rstrip("s")) * row["cpu_limit"] // 1_000
            for row in runs
            if row["created_at"].startswith(zulu(day)[:10])
        ]
        assert sum(each.units(each.start, each.end) for each in charges) == sum(seconds) * 1_000_000


@pytest.mark.parametrize(
    ("path", "parameters", "status"),
    [
        ("/kafka/v1alpha1/regions/fr-par/clusters", {}, {"clusters": [], "total_count": 0}),
        ("/kafka/v1alpha1/regions/nl-ams/clusters", {}, 404),
        ("/lb/v1/zones/fr-par-3/lbs", {}, 404),
        ("/rdb/v1/regions/fr-par/backups", {"page": 0}, 400),
        ("/cockpit/v1/regions/fr-par/data-sources", {}, 400),
        ("/functions/v1beta1/regions/fr-par/functions", {}, 400),
        ("/mnq/v1beta1/regions/fr-par/nats-accounts", {"project_id": "unknown"}, 403),
    ],
)
def test_what_there_is_not_is_empty_or_refused(simulator, path, parameters, status):
    answer = simulator.get(path, **parameters)
    if isinstance(status, int):
        assert answer.status_code == status
    else:
        assert (answer.status_code, answer.json()) == (200, status)


def test_data_sources_are_those_of_one_project(simulator):
    shop, lab = (simulator.world.project_ids[name] for name in ("shop", "lab"))
    path = "/cockpit/v1/regions/fr-par/data-sources"
    rows = simulator.json(path, project_id=shop)["data_sources"]
    assert [(row["type"], row["origin"], row["retention_days"]) for row in rows] == [
        ("metrics", "scaleway", 31),
        ("logs", "scaleway", 7),
    ]
    assert {row["project_id"] for row in rows} == {shop}
    assert not {row["id"] for row in rows} & {row["id"] for row in simulator.json(path, project_id=lab)["data_sources"]}


def test_inventory_at_an_earlier_time_knows_only_what_was_there(demo):
    march = next(month.start for month in demo.months if month.name == "2026-03")
    (fips,) = [each for each in listings(demo) if each.key == "flexible_ips"]
    assert all(each.item["created_at"] < "2026-03-01" for each in fips.shape(march))
    backups = next(each for each in listings(demo) if each.key == "database_backups")
    assert {each.item["created_at"][:7] for each in backups.shape(march)} == {"2026-02"}
