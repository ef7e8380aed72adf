"""Every product in every locality; what cannot be read is named, and the rest goes on."""

import random
import time
from urllib.parse import urlsplit

import pytest
import structlog

from pipelines.errors import SourceUnavailable
from pipelines.sources.inventory import INVENTORY_PRODUCTS, InventoryProduct
from pipelines.sources.inventory import inventory as inventory_of
from pipelines.sources.localities import ZONES

PATHS = {
    "instance.servers": "/instance/v1/zones/{}/servers",
    "instance.volumes": "/instance/v1/zones/{}/volumes",
    "instance.snapshots": "/instance/v1/zones/{}/snapshots",
    "instance.images": "/instance/v1/zones/{}/images",
    "instance.ips": "/instance/v1/zones/{}/ips",
    "instance.server_types": "/instance/v1/zones/{}/products/servers",
    "block.volumes": "/block/v1/zones/{}/volumes",
    "block.snapshots": "/block/v1/zones/{}/snapshots",
}
PRODUCTS = tuple(product for product in INVENTORY_PRODUCTS if product.source in PATHS)


def inventory(scaleway, *, products=PRODUCTS, **how):
    return inventory_of(scaleway, products=products, **how)


@pytest.fixture
def region(server, reply):
    """A server that offers every product in every zone, one item each; the paths are in the order of the products."""
    for source, pattern in PATHS.items():
        for zone in ZONES:
            key = pattern.rpartition("/")[2]
            item = {"id": f"{source}-{zone}", "zone": zone}
            body = {key: {zone: item} if source == "instance.server_types" else [item]}
            server.script(pattern.format(zone), reply(body, headers={"X-Total-Count": "1"}))
    return server


def expected(sources=PATHS):
    return [(source, zone) for source in sources for zone in ZONES]


def received(result):
    return [(each.question.source, each.question.locality) for each in result.listings]


def test_every_product_is_asked_for_in_every_zone_and_the_order_does_not_depend_on_the_threads(
    region, scaleway, monkeypatch
):
    reply_to = region.reply_to

    def at_its_own_pace(asked):
        time.sleep(random.random() / 500)
        return reply_to(asked)

    monkeypatch.setattr(region, "reply_to", at_its_own_pace)
    result = inventory(scaleway, max_workers=8)
    assert received(result) == expected()
    assert [each.items[0]["id"] for each in result.listings] == [f"{s}-{z}" for s, z in expected()]
    assert result.missing == []
    assert sorted(asked.path for asked in region.asked) == sorted(PATHS[s].format(z) for s, z in expected())


def test_what_is_asked_for_is_the_whole_organization_and_nothing_public_or_deleted(region, scaleway):
    inventory(scaleway)
    organization = ["22222222-2222-2222-2222-222222222222"]
    asked = {each.path: each.query for each in region.asked if "/it-mil-1/" in each.path}
    own = {"organization": organization, "page": ["1"], "per_page": ["100"]}
    block = {
        "organization_id": organization,
        "include_deleted": ["false"],
        "order_by": ["created_at_asc"],
        "page": ["1"],
        "page_size": ["100"],
    }
    assert asked == {
        "/instance/v1/zones/it-mil-1/servers": own,
        "/instance/v1/zones/it-mil-1/volumes": own,
        "/instance/v1/zones/it-mil-1/snapshots": own,
        "/instance/v1/zones/it-mil-1/images": {**own, "public": ["false"]},
        "/instance/v1/zones/it-mil-1/ips": own,
        "/instance/v1/zones/it-mil-1/products/servers": {"page": ["1"], "per_page": ["100"]},
        "/block/v1/zones/it-mil-1/volumes": block,
        "/block/v1/zones/it-mil-1/snapshots": block,
    }


@pytest.mark.parametrize("status", [404, 501])
def test_a_zone_without_the_product_is_an_empty_listing_and_is_logged(region, scaleway, reply, status):
    region.script("/block/v1/zones/it-mil-1/volumes", reply(status=status))
    with structlog.testing.capture_logs() as logged:
        result = inventory(scaleway)
    assert received(result) == expected()
    (empty,) = [each for each in result.listings if not each.items]
    assert (empty.question.path, empty.pages) == ("/block/v1/zones/it-mil-1/volumes", ())
    assert dict(empty.question.parameters)["include_deleted"] == "false"
    assert result.missing == []
    named = [(entry["source"], entry["locality"]) for entry in logged if entry["event"] == "not_offered"]
    assert named == [("block.volumes", "it-mil-1")]


def test_an_empty_listing_for_want_of_an_offer_is_the_same_question_as_a_full_one(region, scaleway, reply):
    full = {each.question.path: each for each in inventory(scaleway).listings}
    region.script("/instance/v1/zones/it-mil-1/ips", reply(status=404))
    again = {each.question.path: each for each in inventory(scaleway).listings}
    path = "/instance/v1/zones/it-mil-1/ips"
    assert again[path].question.question_hash == full[path].question.question_hash
    assert again[path].answer_hash != full[path].answer_hash


def test_a_missing_permission_turns_one_product_off_and_names_it(region, scaleway, reply):
    denied = {"details": [{"action": "read", "resource": "volume"}], "message": "insufficient permissions"}
    region.script("/block/v1/zones/fr-par-2/volumes", reply(denied, status=403))
    result = inventory(scaleway)
    assert received(result) == expected([source for source in PATHS if source != "block.volumes"])
    (line,) = result.missing
    assert line.startswith("block.volumes is left out: GET /block/v1/zones/fr-par-2/volumes?")
    assert "BlockStorageReadOnly" in line


def test_a_product_that_does_not_answer_is_left_out_whole_and_named(region, scaleway, reply):
    region.script("/instance/v1/zones/nl-ams-3/snapshots", reply(status=503))
    region.script("/instance/v1/zones/nl-ams-1/images", reply({"message": "bad zone"}, status=400))
    result = inventory(scaleway)
    assert received(result) == expected([s for s in PATHS if s not in ("instance.snapshots", "instance.images")])
    assert [line.partition(" ")[0] for line in result.missing] == ["instance.snapshots", "instance.images"]
    assert "HTTP 503 after 3 attempts" in result.missing[0]
    assert "bad zone" in result.missing[1]


def test_a_product_offered_nowhere_points_to_a_wrong_address(server, scaleway):
    result = inventory(scaleway)
    assert result.listings == []
    assert [line.partition(" ")[0] for line in result.missing] == list(PATHS)
    assert all("offered in none of fr-par-1, " in line and "SCW_API_URL" in line for line in result.missing)


def test_no_answer_from_anywhere_is_an_error_and_not_an_empty_organization(scaleway_at):
    with pytest.raises(SourceUnavailable, match="cannot be reached"):
        inventory(scaleway_at("http://127.0.0.1:9", attempts=1))


def test_a_new_product_takes_one_entry(region, scaleway, reply):
    clusters = InventoryProduct(
        source="k8s.clusters",
        resource_type="k8s_cluster",
        api="scaleway.k8s.v1.K8SV1API",
        method="list_clusters",
        permission_set="KubernetesReadOnly",
        localities=("fr-par", "it-mil"),
    )
    for place in clusters.localities:
        body = {"clusters": [{"id": place}], "total_count": 1}
        region.script(f"/k8s/v1/regions/{place}/clusters", reply(body))
    result = inventory(scaleway, products=(*PRODUCTS, clusters))
    assert [each.items[0]["id"] for each in result.listings[-2:]] == ["fr-par", "it-mil"]
    assert len(result.listings) == 82


def test_threads_share_one_rate_and_one_count(region, scaleway_at, slept):
    scaleway = scaleway_at(region.url, requests_per_second=0.001, timeout=(1, 10))
    inventory(scaleway, max_workers=8)
    assert scaleway.counters.calls == scaleway.counters.pages == 80
    assert len(slept) == 80 - 2  # the first call of each of the two APIs need not wait
    assert {urlsplit(asked.path).path.split("/")[1] for asked in region.asked} == {"instance", "block"}
