"""The table of products: what is asked, of whom, how often; what is withheld; what one failure turns off."""

import json
import re
from collections import Counter

import pytest
import structlog

from pipelines.errors import NotOffered, PermissionDenied
from pipelines.sources.endpoints import build
from pipelines.sources.inventory import INVENTORY_PRODUCTS, WITHHELD, inventory
from pipelines.sources.inventory_products import resource_type_of
from pipelines.sources.localities import REGIONS, ZONES

BY_SOURCE = {product.source: product for product in INVENTORY_PRODUCTS}
PROJECTS = ("p1", "p2", "p3")

# path and number of places of every product with a list call, as the documentation names them
DOCUMENTED = {
    "/instance/v1/zones/{z}/servers": 10,
    "/instance/v1/zones/{z}/volumes": 10,
    "/instance/v1/zones/{z}/snapshots": 10,
    "/instance/v1/zones/{z}/images": 10,
    "/instance/v1/zones/{z}/ips": 10,
    "/instance/v1/zones/{z}/products/servers": 10,
    "/block/v1/zones/{z}/volumes": 10,
    "/block/v1/zones/{z}/snapshots": 10,
    "/file/v1alpha1/regions/{r}/filesystems": 1,
    "/baremetal/v1/zones/{z}/servers": 6,
    "/baremetal/v1/zones/{z}/offers": 6,
    "/flexible-ip/v1alpha1/zones/{z}/fips": 6,
    "/dedibox/v1/zones/{z}/servers": 3,
    "/apple-silicon/v1alpha1/zones/{z}/servers": 2,
    "/k8s/v1/regions/{r}/clusters": 4,
    "/k8s/v1/regions/{r}/clusters/{id}/pools": 4,
    "/k8s/v1/regions/{r}/clusters/{id}/nodes": 4,
    "/registry/v1/regions/{r}/namespaces": 3,
    "/registry/v1/regions/{r}/images": 3,
    "/registry/v1/regions/{r}/images/{id}/tags": 3,
    "/containers/v1/regions/{r}/containers": 3,
    "/containers/v1/regions/{r}/namespaces": 3,
    "/functions/v1beta1/regions/{r}/functions": 3,
    "/functions/v1beta1/regions/{r}/namespaces": 3,
    "/serverless-jobs/v1alpha2/regions/{r}/job-definitions": 3,
    "/serverless-jobs/v1alpha2/regions/{r}/job-runs": 3,
    "/serverless-sqldb/v1alpha1/regions/{r}/databases": 1,
    "/serverless-sqldb/v1alpha1/regions/{r}/backups": 1,
    "/rdb/v1/regions/{r}/instances": 3,
    "/rdb/v1/regions/{r}/backups": 3,
    "/rdb/v1/regions/{r}/snapshots": 3,
    "/redis/v1/zones/{z}/clusters": 6,
    "/mongodb/v1/regions/{r}/instances": 3,
    "/mongodb/v1/regions/{r}/snapshots": 3,
    "/datawarehouse/v1beta1/regions/{r}/deployments": 1,
    "/datalab/v1beta1/regions/{r}/datalabs": 2,
    "/searchdb/v1alpha1/regions/{r}/deployments": 1,
    "/kafka/v1alpha1/regions/{r}/clusters": 1,
    "/messageq/v1alpha1/regions/{r}/deployments": 1,
    "/lb/v1/zones/{z}/lbs": 8,
    "/lb/v1/zones/{z}/ips": 8,
    "/lb/v1/zones/{z}/lbs/{id}/backends": 8,
    "/vpc-gw/v2/zones/{z}/gateways": 9,
    "/vpc-gw/v2/zones/{z}/ips": 9,
    "/vpc/v2/regions/{r}/vpcs": 4,
    "/vpc/v2/regions/{r}/private-networks": 4,
    "/ipam/v1/regions/{r}/ips": 4,
    "/edge-services/v1beta1/pipelines": 1,
    "/mnq/v1beta1/regions/{r}/nats-accounts": 2,
    "/secret-manager/v1beta1/regions/{r}/secrets": 3,
    "/key-manager/v1alpha1/regions/{r}/keys": 3,
    "/inference/v1/regions/{r}/deployments": 1,
    "/cockpit/v1/regions/{r}/data-sources": 3,
    "/s2s-vpn/v1alpha1/regions/{r}/vpn-gateways": 4,
    "/interlink/v1beta1/regions/{r}/links": 4,
    "/autoscaling/v1alpha2/zones/{z}/groups": 3,
    "/annotations/v1/bindings": 1,
}


def path_of(client, product):
    place = product.localities[0]
    where = {("zone" if product.accepts("zone") else "region"): place} if place else {}
    path = build(client, product, **where, **({product.each: "ONE"} if product.each else {})).path
    return re.sub("/regions/[^/]+", "/regions/{r}", re.sub("/zones/[^/]+", "/zones/{z}", path)).replace("ONE", "{id}")


def test_every_documented_product_is_asked_for_wherever_it_is_offered():
    from scaleway import Client

    client = Client()
    assert {path_of(client, each): len(each.localities) for each in INVENTORY_PRODUCTS} == DOCUMENTED
    for each in INVENTORY_PRODUCTS:
        assert set(each.localities) <= {*ZONES, *REGIONS, ""}
        assert each.permission_set
        assert each.resource_type in (None, resource_type_of(each.source))
    assert len(BY_SOURCE) == len(INVENTORY_PRODUCTS)


def chosen(*sources):
    return [BY_SOURCE[source] for source in sources]


def offer(server, reply, product, items_of_query):
    """Answers a product everywhere with what a function of the query gives."""
    key = {"autoscaling.groups": "group_summaries"}.get(product.source, product.source.partition(".")[2])

    def answer(query):
        items = items_of_query(query)
        return reply({key: items, "total_count": len(items)})

    for place in product.localities:
        kind = "zones" if product.accepts("zone") else "regions"
        server.answer(PATHS[product.source].format(f"{kind}/{place}"), answer)


PATHS = {
    "k8s.clusters": "/k8s/v1/{}/clusters",
    "mnq.nats_accounts": "/mnq/v1beta1/{}/nats-accounts",
    "functions.namespaces": "/functions/v1beta1/{}/namespaces",
    "functions.functions": "/functions/v1beta1/{}/functions",
    "lb.lbs": "/lb/v1/{}/lbs",
    "apple_silicon.servers": "/apple-silicon/v1alpha1/{}/servers",
    "autoscaling.groups": "/autoscaling/v1alpha2/{}/groups",
    "file.filesystems": "/file/v1alpha1/{}/filesystems",
    "datalab.datalabs": "/datalab/v1beta1/{}/datalabs",
}


def test_pools_are_asked_of_each_cluster_and_make_one_listing_a_region(server, scaleway, reply):
    clusters = {"fr-par": ["c1", "c2"], "nl-ams": ["c3"], "pl-waw": [], "it-mil": []}
    for region, ids in clusters.items():
        base = f"/k8s/v1/regions/{region}/clusters"
        server.script(base, reply({"clusters": [{"id": each} for each in ids], "total_count": len(ids)}))
        for each in ids:
            pools = [{"id": f"{each}-{number}", "cluster_id": each} for number in range(2)]
            server.script(f"{base}/{each}/pools", reply({"pools": pools, "total_count": 2}))
    result = inventory(scaleway, products=chosen("k8s.clusters", "k8s.pools"))
    assert result.missing == []
    pools = {each.question.locality: each for each in result.listings if each.question.source == "k8s.pools"}
    assert [item["id"] for item in pools["fr-par"].items] == ["c1-0", "c1-1", "c2-0", "c2-1"]
    assert [len(pools[region].pages) for region in clusters] == [2, 1, 0, 0]
    assert pools["fr-par"].question.path == "/k8s/v1/regions/fr-par/clusters/{cluster_id}/pools"
    assert len(server.asked) == 4 + 3  # none where there is no cluster
    # a cluster that goes takes its pools along: the same question has another answer
    server.script("/k8s/v1/regions/fr-par/clusters", reply({"clusters": [{"id": "c2"}], "total_count": 1}))
    again = inventory(scaleway, products=chosen("k8s.clusters", "k8s.pools"))
    later = {each.question.locality: each for each in again.listings if each.question.source == "k8s.pools"}
    assert later["fr-par"].question.question_hash == pools["fr-par"].question.question_hash
    assert [item["id"] for item in later["fr-par"].items] == ["c2-0", "c2-1"]


def test_a_cluster_that_goes_while_it_is_read_has_no_pools(server, scaleway, reply):
    product = BY_SOURCE["k8s.clusters"]
    offer(server, reply, product, lambda _: [{"id": "going"}])
    for region in product.localities[1:]:
        server.script(f"/k8s/v1/regions/{region}/clusters/going/pools", reply({"pools": [], "total_count": 0}))
    result = inventory(scaleway, products=chosen("k8s.clusters", "k8s.pools"))
    assert result.missing == []
    assert len(result.listings) == 8


def test_products_that_want_a_project_are_asked_of_each(server, scaleway, reply):
    product = BY_SOURCE["mnq.nats_accounts"]
    offer(server, reply, product, lambda query: [{"id": query["project_id"][0] + "-account"}])
    result = inventory(scaleway, products=[product], project_ids=PROJECTS)
    assert [[item["id"] for item in each.items] for each in result.listings] == [[f"{p}-account" for p in PROJECTS]] * 2
    assert all("project_id" not in dict(each.question.parameters) for each in result.listings)
    assert Counter(asked.query["project_id"][0] for asked in server.asked) == dict.fromkeys(PROJECTS, 2)


def test_the_projects_are_found_once_when_they_are_not_given(server, scaleway, reply):
    found = [{"id": each} for each in PROJECTS]
    server.script("/account/v3/projects", reply({"projects": found, "total_count": 3}))
    products = chosen("mnq.nats_accounts", "autoscaling.groups")
    for product in products:
        offer(server, reply, product, lambda query: [{"id": query["project_id"][0]}])
    result = inventory(scaleway, products=products)
    assert len(result.listings) == 2 + 3
    assert [asked.path for asked in server.asked].count("/account/v3/projects") == 1


def test_without_the_projects_only_what_needs_them_is_left_out(server, scaleway, reply):
    denied = {"details": [], "message": "insufficient permissions", "type": "permissions_denied"}
    server.script("/account/v3/projects", reply(denied, status=403))
    products = chosen("file.filesystems", "mnq.nats_accounts", "autoscaling.groups")
    offer(server, reply, products[0], lambda _: [{"id": "f"}])
    result = inventory(scaleway, products=products)
    assert [each.question.source for each in result.listings] == ["file.filesystems"]
    assert [line.partition(" ")[0] for line in result.missing] == ["mnq.nats_accounts", "autoscaling.groups"]
    assert all("ProjectReadOnly" in line for line in result.missing)


def test_without_the_clusters_pools_are_left_out_for_the_same_reason(server, scaleway, reply):
    denied = {"details": [{"action": "read", "resource": "cluster"}], "message": "insufficient permissions"}
    server.script("/k8s/v1/regions/nl-ams/clusters", reply(denied, status=403))
    result = inventory(scaleway, products=chosen("k8s.clusters", "k8s.pools", "k8s.nodes"))
    assert result.listings == []
    assert [line.partition(" ")[0] for line in result.missing] == ["k8s.clusters", "k8s.pools", "k8s.nodes"]
    assert all("KubernetesReadOnly" in line for line in result.missing)
    assert not [asked for asked in server.asked if "pools" in asked.path]


def test_a_parent_that_is_not_asked_for_is_a_mistake(scaleway):
    with pytest.raises(ValueError, match=r"k8s\.pools is asked of each of k8s\.clusters"):
        inventory(scaleway, products=chosen("k8s.pools"))


def test_nothing_is_asked_of_a_balancer_without_backends(server, scaleway, reply):
    product = BY_SOURCE["lb.lbs"]
    offer(server, reply, product, lambda _: [{"id": "idle", "backend_count": 0}, {"id": "busy", "backend_count": 2}])
    for zone in product.localities:
        backend = {"backends": [{"id": f"b-{zone}"}], "total_count": 1}
        server.script(f"/lb/v1/zones/{zone}/lbs/busy/backends", reply(backend))
    result = inventory(scaleway, products=chosen("lb.lbs", "lb.backends"))
    assert result.missing == []
    assert not [asked for asked in server.asked if "/idle/" in asked.path]
    assert len(server.asked) == 16


def test_a_cursor_and_another_list_key_need_only_the_table(server, scaleway, reply):
    product = BY_SOURCE["autoscaling.groups"]
    offer(server, reply, product, lambda query: [{"id": query["project_id"][0]}])
    result = inventory(scaleway, products=[product], project_ids=PROJECTS)
    assert [len(each.items) for each in result.listings] == [3, 3, 3]


def test_passwords_and_variables_are_not_kept(server, scaleway, reply):
    product = BY_SOURCE["apple_silicon.servers"]
    mac = {"id": "m", "sudo_password": "hunter2", "vnc_url": "vnc://m1:hunter2@1.2.3.4", "price": 1.50, "os": {"id": 1}}
    offer(server, reply, product, lambda _: [mac, {"id": "n", "sudo_password": None}])
    functions = chosen("functions.namespaces", "functions.functions")
    offer(server, reply, functions[0], lambda _: [{"id": "ns", "environment_variables": {"KEY": "hunter2"}}])
    offer(server, reply, functions[1], lambda q: [{"id": q["namespace_id"][0], "environment_variables": {}}])
    result = inventory(scaleway, products=[product, *functions])
    assert result.missing == []
    kept = result.listings[0]
    assert [item["sudo_password"] for item in kept.items] == [WITHHELD, None]
    assert kept.items[0]["os"] == {"id": 1}
    page = json.loads(kept.pages[0])
    assert page["servers"][0] == {**mac, "sudo_password": WITHHELD, "vnc_url": WITHHELD}
    assert page["total_count"] == 2
    for each in result.listings:
        assert b"hunter2" not in b"".join(each.pages)
        assert "hunter2" not in str(each.items)
    assert result.listings[-1].items[0]["environment_variables"] == {}


def test_what_holds_a_secret_in_the_recordings_is_withheld(reference_data):
    """Fields whose recorded value was blanked by those who published it."""
    folder = reference_data / "fixtures" / "scaleway-recorded"
    manifest = json.loads((folder / "MANIFEST.json").read_text())["files"]
    blanked = set()
    for entry in manifest:
        if entry["status"] == 200 and entry["file"].endswith(".json") and "apple-silicon" in entry["endpoint"]:
            blanked |= set(re.findall(r'"(\w+)": ?"[^"]*REDACTED', (folder / entry["file"]).read_text()))
    assert blanked == set(BY_SOURCE["apple_silicon.servers"].withheld)


def test_a_product_without_the_locality_is_empty_there_and_logged(server, scaleway, reply):
    product = BY_SOURCE["datalab.datalabs"]
    offer(server, reply, product, lambda _: [{"id": "d"}])
    server.script("/datalab/v1beta1/regions/it-mil/datalabs", reply({"message": "not here"}, status=501))
    with structlog.testing.capture_logs() as logged:
        result = inventory(scaleway, products=[product])
    assert [len(each.items) for each in result.listings] == [1, 0]
    assert [(e["source"], e["locality"]) for e in logged if e["event"] == "not_offered"] == [
        ("datalab.datalabs", "it-mil")
    ]


def test_every_recorded_error_turns_one_product_off_or_means_that_there_is_nothing(
    reference_data, server, scaleway_at, reply
):
    folder = reference_data / "fixtures" / "scaleway-recorded"
    manifest = json.loads((folder / "MANIFEST.json").read_text())["files"]
    errors = [(entry, (folder / entry["file"]).read_bytes()) for entry in manifest if entry["status"] >= 400]
    products = chosen("file.filesystems", "datalab.datalabs")
    scaleway = scaleway_at(server.url, attempts=1, timeout=(1, 10))
    became = Counter()
    for entry, body in errors:
        for product in products:
            offer(server, reply, product, lambda _: [{"id": "x"}])
        server.script("/datalab/v1beta1/regions/it-mil/datalabs", reply(body, status=entry["status"]))
        result = inventory(scaleway, products=products)
        kept = [each.question.source for each in result.listings]
        if entry["status"] == 404:
            assert (kept, result.missing) == (["file.filesystems", "datalab.datalabs", "datalab.datalabs"], [])
            assert result.listings[-1].items == ()
        else:
            assert kept == ["file.filesystems"], entry["file"]
            (line,) = result.missing
            assert line.startswith("datalab.datalabs is left out: GET /datalab/v1beta1/regions/it-mil/datalabs")
            assert f"HTTP {entry['status']}" in line
            assert "\n" not in line
            assert ("DistributedDataLabReadOnly" in line) == (entry["status"] == 403)
        became[entry["status"]] += 1
    assert sum(became.values()) == 47
    assert became[404] == 27
    assert {PermissionDenied.exit_code, NotOffered.exit_code} == {3, 1}
