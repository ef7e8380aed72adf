import json
from datetime import UTC, datetime

import pytest
import requests

from simulator.loading import load
from simulator.scenario import Fault
from simulator.world import build

STRANGER = "33333333-3333-4333-8333-333333333333"
INSTANCE = "/instance/v1/zones/fr-par-1"


@pytest.fixture(scope="module")
def demo_world():
    return build(load("demo"))


def _pages(simulator, path, key, size):
    rows, page = [], 1
    while True:
        response = simulator.get(path, page=page, per_page=size)
        found = response.json()[key]
        if not found:
            return rows, int(response.headers["X-Total-Count"])
        rows += found
        page += 1


@pytest.mark.parametrize("size", [1, 13, 50, 100])
def test_any_page_size_returns_every_server_once(run_simulator, demo_world, size):
    simulator = run_simulator(demo_world)
    rows, total = _pages(simulator, f"{INSTANCE}/servers", "servers", size)
    assert len({row["id"] for row in rows}) == len(rows) == total
    assert total > 50


def test_a_listing_without_page_is_the_first_page_only(run_simulator, demo_world):
    simulator = run_simulator(demo_world)
    response = simulator.get(f"{INSTANCE}/servers")
    assert len(response.json()["servers"]) == 50 < int(response.headers["X-Total-Count"])
    assert "total_count" not in response.json()
    assert len(simulator.get(f"{INSTANCE}/servers", per_page=1000).json()["servers"]) <= 100


def test_server_types_are_a_map_in_pages(simulator):
    merged, page = {}, 1
    while found := simulator.json(f"{INSTANCE}/products/servers", page=page)["servers"]:
        assert len(found) <= 50
        merged |= found
        page += 1
    assert page > 2
    assert merged["PRO2-S"]["hourly_price"] == 0.22338
    assert merged["PRO2-S"]["monthly_price"] == pytest.approx(0.22338 * 730)
    assert merged["L4-1-24G"]["gpu_info"]["gpu_name"] == "L4"
    stock = simulator.json(f"{INSTANCE}/products/servers/availability", per_page=100)["servers"]
    assert {entry["availability"] for entry in stock.values()} <= {"available", "scarce", "shortage"}


def test_the_catalogue_has_the_price_of_the_clocks_day(simulator):
    def price():
        rows, page = [], 1
        while found := simulator.json(
            "/product-catalog/v2alpha1/public-catalog/products", page=page, page_size=1000, nonsense="ignored"
        )["products"]:
            rows += found
            page += 1
        assert len({row["sku"] for row in rows}) == len(rows)
        (row,) = [row for row in rows if row["sku"] == "/compute/l4_1_24g/run_fr-par-2"]
        assert row["unit_of_measure"] == {"unit": "minute", "size": 1}
        return row["price"]["retail_price"]["nanos"]

    assert price() == 13_125_000
    simulator.clock.now = datetime(2026, 5, 31, 23, tzinfo=UTC)
    assert price() == 12_500_000


def test_what_has_no_catalogue_price_is_not_in_the_catalogue(simulator):
    skus = set()
    for page in (1, 2, 3):
        asked = {"page": page, "page_size": 1000}
        products = simulator.json("/product-catalog/v2alpha1/public-catalog/products", **asked)["products"]
        skus |= {row["sku"] for row in products}
    assert len(skus) > 600
    missing = ("/ip/", "/network/vpc/", "/tools/registry/", "/observability/", "/offer/", "/subscription/")
    assert not [sku for sku in skus if sku.startswith(missing)]


def test_inventory_shows_what_exists_and_its_tags_as_of_the_clock(simulator):
    def names(path, key):
        return {row["name"]: row for row in simulator.json(path)[key]}

    gpu = "/instance/v1/zones/fr-par-2/servers"
    assert names(gpu, "servers") == {}
    simulator.clock.now = datetime(2026, 6, 16, 9, tzinfo=UTC)
    assert names(gpu, "servers").keys() == {"notebook"}
    worker = names(f"{INSTANCE}/servers", "servers")["late-worker"]
    assert worker["tags"] == ["env:dev", "owner:research"]
    assert worker["state"] == "running"
    simulator.clock.now = datetime(2026, 6, 14, 9, tzinfo=UTC)
    worker = names(f"{INSTANCE}/servers", "servers")["late-worker"]
    assert worker["tags"] == ["env:dev"]
    assert worker["state"] == "stopped"  # a Sunday


def test_the_quirks_of_the_inventory(simulator):
    servers = {row["name"]: row for row in simulator.json(f"{INSTANCE}/servers")["servers"]}
    assert servers["forgotten"]["state"] == "stopped in place"
    volume = servers["web-01"]["volumes"]["0"]
    assert volume["volume_type"] == "sbs_volume"
    assert "size" not in volume
    block = {row["id"]: row for row in simulator.json("/block/v1/zones/fr-par-1/volumes")["volumes"]}
    assert block[volume["id"]]["size"] == 40_000_000_000
    assert block[volume["id"]]["references"][0]["product_resource_id"] == servers["web-01"]["id"]
    (orphan,) = simulator.json("/block/v1/zones/nl-ams-1/volumes")["volumes"]
    assert (orphan["status"], orphan["references"], orphan["last_detached_at"]) == (
        "available",
        [],
        "2026-05-20T00:00:00Z",
    )
    assert orphan["tags"][0].startswith("kapsule=")
    addresses = simulator.json(f"{INSTANCE}/ips")["ips"]
    assert [row["server"] is None for row in addresses].count(True) == 1
    (local,) = simulator.json(f"{INSTANCE}/volumes")["volumes"]
    assert (local["volume_type"], local["server"]["name"]) == ("l_ssd", "late-worker")
    assert simulator.json("/block/v1/zones/it-mil-1/volumes") == {"volumes": [], "total_count": 0}


def test_charges_and_inventory_speak_of_the_same_resources(simulator):
    window = {"start": "2026-07-09T00:00:00Z", "end": "2026-07-10T00:00:00Z", "clamp_to_time_range": "true"}
    charged = {row["resource_id"] for row in simulator.charges(**window) if row["sku"].startswith("/compute/")}
    simulator.clock.now = datetime(2026, 7, 10, tzinfo=UTC)
    listed = {row["id"] for row in simulator.json(f"{INSTANCE}/servers")["servers"]}
    # the business-hours machine's charge of the day comes late
    assert charged < listed
    assert len(listed - charged) == 1


@pytest.mark.parametrize(
    ("path", "parameters", "status", "kind"),
    [
        ("/instance/v1/zones/fr-par-9/servers", {}, 404, "not_found"),
        ("/instance/v1/zones/fr-par-1/lighthouses", {}, 404, "not_found"),
        ("/billing/v2beta1/invoices/unknown", {}, 404, "not_found"),
        (
            "/billing/v2beta1/charges",
            {"organization_id": STRANGER},
            403,
            "permissions_denied",
        ),
        (
            "/account/v3/projects",
            {"organization_id": STRANGER},
            403,
            "permissions_denied",
        ),
        ("/billing/v2beta1/charges", {"project_ids": "unknown"}, 403, "permissions_denied"),
        ("/billing/v2beta1/consumptions", {"billing_period": "June"}, 400, "invalid_arguments"),
        ("/billing/v2beta1/invoices", {"billing_period_start_after": "2026-05-01 00:00:00"}, 400, "invalid_arguments"),
        ("/block/v1/zones/fr-par-1/volumes", {"page": 0}, 400, "invalid_arguments"),
    ],
)
def test_refusals_have_scaleways_bodies(simulator, path, parameters, status, kind):
    response = simulator.get(path, **parameters)
    assert (response.status_code, response.json()["type"]) == (status, kind)


@pytest.mark.parametrize("headers", [{}, {"X-Auth-Token": STRANGER}, {"X-Auth-Token": "é"}])
def test_a_wrong_key_is_denied_as_recorded(simulator, headers, reference_data):
    recorded = reference_data / "fixtures/scaleway-recorded/error_iam_SCWXXXXXXXXXXXXXXXXX__global__http401.json"
    encoded = {name: value.encode("utf-8") for name, value in headers.items()}
    response = requests.get(f"{simulator.address}{INSTANCE}/servers", headers=encoded, timeout=10)
    assert response.status_code == 401
    assert response.json() == json.loads(recorded.read_text())


def test_nothing_but_the_clock_can_be_written(simulator):
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        response = simulator.session.request(method, f"{simulator.address}{INSTANCE}/servers", timeout=10)
        assert response.status_code == 405
    clock = f"{simulator.address}/simulator/clock"
    assert simulator.session.put(clock, json={"now": "2026-06-01T06:00:00Z"}, timeout=10).status_code == 200
    assert simulator.json("/simulator/clock")["now"] == "2026-06-01T06:00:00Z"
    for wrong in ({"now": "soon"}, {"now": "2031-01-01T00:00:00Z"}, {}, ["now"]):
        assert simulator.session.put(clock, json=wrong, timeout=10).status_code == 400
    assert simulator.json("/simulator/clock")["now"] == "2026-06-01T06:00:00Z"


def test_the_clock_also_says_who_to_sign_in_as(simulator):
    told = requests.get(f"{simulator.address}/simulator/clock", timeout=10).json()
    assert (told["start"], told["today"]) == ("2026-05-01", "2026-07-10T06:00:00Z")
    answer = requests.get(
        f"{simulator.address}/account/v3/projects",
        params={"organization_id": told["organization_id"]},
        headers={"X-Auth-Token": told["secret_key"]},
        timeout=10,
    )
    assert answer.json()["total_count"] == 3


RECORDED = [
    ("billing_v2beta1_list_consumptions__global.json", "consumptions", "/billing/v2beta1/consumptions"),
    ("billing_v2beta1_list_invoices__global.json", "invoices", "/billing/v2beta1/invoices"),
    ("billing_v2_list_budgets__global.json", "budgets", "/billing/v2/budgets"),
    ("account_v3_list_projects__global__08.json", "projects", "/account/v3/projects"),
    ("instance_v1_list_servers__fr-par-1__02.json", "servers", f"{INSTANCE}/servers"),
    ("instance_v1_list_volumes__fr-par-1.json", "volumes", f"{INSTANCE}/volumes"),
    ("instance_v1_list_ips__fr-par-1.json", "ips", f"{INSTANCE}/ips"),
    ("block_v1_list_volumes__fr-par-1.json", "volumes", "/block/v1/zones/fr-par-1/volumes"),
    ("block_v1_list_snapshots__fr-par-1.json", "snapshots", "/block/v1/zones/fr-par-1/snapshots"),
    (
        "product_catalog_v2alpha1_list_public_catalog_products__fr-par-1__02.json",
        "products",
        "/product-catalog/v2alpha1/public-catalog/products",
    ),
]


@pytest.mark.parametrize(("recording", "key", "path"), RECORDED)
def test_our_answers_have_every_field_of_the_recorded_ones(simulator, reference_data, recording, key, path):
    real = json.loads((reference_data / "fixtures/scaleway-recorded" / recording).read_text())[key][0]
    ours = simulator.json(path, organization_id=simulator.organization_id)[key]
    optional = {"environmental_impact_estimation"}
    for row in ours:
        assert real.keys() - row.keys() - optional == set()


def _fault(kind, **settings):
    return Fault(kind=kind, **settings)


def test_every_nth_request_meets_an_empty_429(run_simulator, small_world):
    simulator = run_simulator(small_world, [_fault("429", every=3, path="/instance/")])
    answers = [simulator.get(f"{INSTANCE}/servers") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200, 200, 429, 200, 200, 429]
    assert answers[2].content == b""
    assert answers[2].headers["X-Envoy-Ratelimited"] == "true"
    assert simulator.get("/account/v3/projects").status_code == 200


def test_a_gateway_can_fail_in_html_and_a_product_can_be_forbidden(run_simulator, small_world):
    simulator = run_simulator(small_world, [_fault("502", path="/account/"), _fault("403", path="/block/")])
    broken = simulator.get("/account/v3/projects")
    assert (broken.status_code, broken.text[:6]) == (502, "<html>")
    assert simulator.get("/block/v1/zones/fr-par-1/volumes").json()["type"] == "permissions_denied"


def test_a_body_can_be_cut_short_and_a_token_repeated(run_simulator, small_world):
    cut = run_simulator(small_world, [_fault("truncated", path="/account/")])
    with pytest.raises(requests.exceptions.JSONDecodeError):
        cut.get("/account/v3/projects").json()
    stuck = run_simulator(small_world, [_fault("repeated-token", path="/billing/")])
    asked = {"organization_id": stuck.organization_id, "page_size": 5}
    first = stuck.json("/billing/v2beta1/charges", **asked)["next_page_token"]
    second = stuck.json("/billing/v2beta1/charges", **asked, page_token=first)["next_page_token"]
    assert first == second


def test_a_slow_answer_arrives_in_the_end(run_simulator, small_world):
    simulator = run_simulator(small_world, [_fault("slow", seconds=0.01)])
    assert simulator.get("/account/v3/projects").status_code == 200
