"""Answers that Scaleway really gave: none of their items is lost, and none of their errors is misread."""

import json
import re
from collections import Counter
from decimal import Decimal

import pytest

from pipelines.errors import FinopsError, NotOffered, PermissionDenied, SourceUnavailable
from pipelines.sources import billing
from pipelines.sources.answers import canonical, document_of, items_of
from pipelines.sources.endpoints import Endpoint, Request
from pipelines.sources.inventory import INVENTORY_PRODUCTS
from pipelines.sources.paging import listing

LISTS = {
    "GET /billing/v2/budgets": "billing.budgets",
    "GET /billing/v2beta1/consumptions": "billing.consumptions",
    "GET /billing/v2beta1/invoices": "billing.invoices",
    "GET /product-catalog/v2alpha1/public-catalog/products": "catalog.products",
    "GET /account/v3/projects": "account.projects",
    "GET /instance/v1/servers": "instance.servers",
    "GET /instance/v1/volumes": "instance.volumes",
    "GET /instance/v1/snapshots": "instance.snapshots",
    "GET /instance/v1/images": "instance.images",
    "GET /instance/v1/ips": "instance.ips",
    "GET /instance/v1/products/servers": "instance.server_types",
    "GET /block/v1/volumes": "block.volumes",
    "GET /block/v1/snapshots": "block.snapshots",
}
PRODUCT = {each.source: each for each in INVENTORY_PRODUCTS}


@pytest.fixture
def recordings(reference_data):
    folder = reference_data / "fixtures" / "scaleway-recorded"
    manifest = json.loads((folder / "MANIFEST.json").read_text())
    return [(entry, (folder / entry["file"]).read_bytes()) for entry in manifest["files"]]


def of_source(recordings, source):
    return [
        (entry, body) for entry, body in recordings if LISTS.get(entry["endpoint"]) == source and entry["status"] == 200
    ]


def money(value):
    return Decimal(value["units"]) + Decimal(value["nanos"]) / 10**9


def test_every_recorded_list_parses_with_no_item_and_no_digit_lost(recordings):
    read = Counter()
    for entry, body in recordings:
        source = LISTS.get(entry["endpoint"])
        if source is None or entry["status"] != 200:
            continue
        items, extra = items_of(source, body)
        raw = json.loads(body, parse_float=Decimal)
        (key,) = [name for name, value in raw.items() if isinstance(value, dict | list)]
        expected = raw[key]
        if isinstance(expected, dict):
            expected = [{"commercial_type": name, **value} for name, value in expected.items()]
        assert len(items) == len(raw[key]), entry["file"]
        assert canonical(list(items)) == canonical(expected), entry["file"]
        assert extra.keys() == raw.keys() - {key, "total_count"}, entry["file"]
        read[source] += 1
    assert set(read) == set(LISTS.values())
    assert sum(read.values()) == 77
    assert read["instance.server_types"] == 18


def test_every_recorded_single_object_is_one_item(recordings):
    singles = {f"{endpoint}/{{id}}": source for endpoint, source in LISTS.items()}
    read = 0
    for entry, body in recordings:
        if entry["endpoint"] in singles and entry["status"] == 200:
            (item,), _ = items_of(singles[entry["endpoint"]], body)
            assert item["id"] in entry["request"]["url"], entry["file"]
            read += 1
    assert read == 80


def test_the_recorded_consumption_comes_to_its_own_total(recordings, server, scaleway, reply):
    ((_, body),) = of_source(recordings, "billing.consumptions")
    server.script("/billing/v2beta1/consumptions", reply(body))
    answer = billing.consumptions(scaleway, "2025-01")
    assert len(answer.items) == 333
    assert sum(money(item["value"]) for item in answer.items) == Decimal("2707.07")
    assert answer.extra["total_discount_untaxed_value"] == Decimal("2707.07")
    assert answer.extra["updated_at"] == "2025-01-22T13:03:32.749715Z"
    assert answer.pages == (body,)


def test_the_recorded_invoices_keep_their_signs(recordings, server, scaleway, reply):
    ((_, body),) = of_source(recordings, "billing.invoices")
    server.script("/billing/v2beta1/invoices", reply(body))
    invoices = billing.invoices(scaleway).items
    assert len(invoices) == 62
    assert all(money(invoice["total_discount"]) <= 0 for invoice in invoices)
    for name in ("total_undiscount", "total_discount", "total_untaxed", "total_tax", "total_taxed"):
        written = re.findall(rb'"%s":\{"currency_code":"EUR","nanos":(-?\d+),"units":(-?\d+)\}' % name.encode(), body)
        nanos = sum(int(units) * 10**9 + int(nanos) for nanos, units in written)
        assert len(written) == 62
        assert sum(money(invoice[name]) for invoice in invoices) == Decimal(nanos) / 10**9
    assert sum(money(invoice["total_discount"]) for invoice in invoices) < -4661


def test_recorded_pages_of_server_types_make_one_listing(recordings, server, scaleway, reply):
    pages = {}
    for entry, body in of_source(recordings, "instance.server_types"):
        zone = entry["locality"]
        headers = {"X-Total-Count": entry["response_headers"]["X-Total-Count"]}
        pages.setdefault(entry["page_sequence"] or entry["file"], (zone, []))[1].append(reply(body, headers=headers))
    counted = 0
    for zone, replies in pages.values():
        server._answered.clear()
        server.script(f"/instance/v1/zones/{zone}/products/servers", *replies)
        answer = listing(scaleway, PRODUCT["instance.server_types"], zone=zone)
        assert len(answer.items) == int(replies[0].headers["X-Total-Count"])
        assert len(answer.pages) == len(replies)
        counted += 1
    assert counted == 10
    assert max(len(replies) for _, replies in pages.values()) == 3


@pytest.mark.parametrize(
    ("file", "error", "word"),
    [
        ("error_iam_SCWXXXXXXXXXXXXXXXXX__global__http401.json", PermissionDenied, "not_found"),
        ("block_v1_get_snapshots__fr-par-1__http403.json", PermissionDenied, "BlockStorageReadOnly"),
        ("serverless_sqldb_v1alpha1_get_databases__fr-par__http403.json", PermissionDenied, "insufficient permissions"),
        ("error_instance_happy__fr-par-1__http404.empty", NotOffered, "HTTP 404"),
        ("baremetal_v1_get_servers__fr-par-2__http404.json", NotOffered, "HTTP 404"),
        ("lb_v1_get_ips__fr-par-1__http404.json", NotOffered, "HTTP 404"),
        ("instance_v1_patch_servers__fr-par-1__http400.json", FinopsError, "placement_group: not a valid value"),
        ("error_iam_ssh_keys__global__http400.json", FinopsError, "project_id: value must be a valid UUID"),
        ("baremetal_v1_post_servers_reboot__fr-par-2__http400.json", FinopsError, "Server is not delivered"),
        ("block_v1_list_snapshots__pl-waw-3__http429.empty", SourceUnavailable, "HTTP 429 after 3 attempts"),
        ("baremetal_v1_post_servers__fr-par-2__http503.json", SourceUnavailable, "HTTP 503 after 3 attempts"),
        ("secret_manager_v1beta1_delete_secrets__fr-par__http412.json", FinopsError, "cannot delete a protected"),
    ],
)
def test_a_recorded_error_gets_its_class_and_is_told(recordings, server, scaleway, reply, file, error, word):
    ((entry, body),) = [(entry, body) for entry, body in recordings if entry["file"] == file]
    path = "/block/v1/zones/fr-par-1/snapshots"
    server.script(path, reply(body, status=entry["status"], headers={"X-Envoy-Ratelimited": "true"}))
    with pytest.raises(FinopsError, match=word) as raised:
        scaleway.send(Request("block.snapshots", path, (), "BlockStorageReadOnly"))
    assert type(raised.value) is error


def test_every_recorded_error_of_any_product_is_told_in_one_line(recordings, server, scaleway_at, reply):
    scaleway = scaleway_at(server.url, attempts=1, timeout=(1, 10))
    told = 0
    for entry, body in recordings:
        if entry["status"] < 400:
            continue
        server.script("/any/v1/zones/fr-par-1/things", reply(body, status=entry["status"]))
        with pytest.raises(FinopsError) as raised:
            scaleway.send(Request("any.things", "/any/v1/zones/fr-par-1/things", ()))
        assert f"HTTP {entry['status']}" in str(raised.value)
        assert "\n" not in str(raised.value)
        told += 1
    assert told == 47


def test_every_recorded_json_answer_of_every_product_is_a_document(recordings):
    read = 0
    for entry, body in recordings:
        is_json = entry["response_headers"].get("Content-Type", "").startswith("application/json")
        if entry["status"] == 200 and is_json and body:
            try:
                document_of(body)
            except ValueError as error:
                raise AssertionError(entry["file"]) from error
            read += 1
    assert read > 900


def test_recorded_lists_of_other_products_need_no_code_of_their_own(recordings, server, scaleway, reply):
    lists = {
        "k8s.clusters": ("GET /k8s/v1/clusters", "scaleway.k8s.v1.K8SV1API", "list_clusters", "region", "fr-par"),
        "lb.lbs": ("GET /lb/v1/lbs", "scaleway.lb.v1.LbV1ZonedAPI", "list_lbs", "zone", "fr-par-1"),
        "rdb.instances": ("GET /rdb/v1/instances", "scaleway.rdb.v1.RdbV1API", "list_instances", "region", "fr-par"),
    }
    for source, (recorded, api, method, place, where) in lists.items():
        bodies = [body for entry, body in recordings if entry["endpoint"] == recorded and entry["status"] == 200]
        assert bodies, source
        for body in bodies:
            raw = json.loads(body)
            if raw["total_count"] != len(raw[source.partition(".")[2]]):
                continue  # one page of several
            endpoint = Endpoint(source, api, method, None)
            path = scaleway.request(endpoint, **{place: where}).path
            server.script(path, reply(body))
            answer = listing(scaleway, endpoint, **{place: where})
            assert len(answer.items) == raw["total_count"]
