"""Answers Scaleway really gave, recorded and read into silver: nothing is lost, no sign turned, no cent dropped."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import urlsplit

import pytest

from pipelines.lake.answers import record
from pipelines.sources.answers import items_of

RESOURCES = {
    "/instance/v1/servers": "instance.servers",
    "/instance/v1/volumes": "instance.volumes",
    "/instance/v1/snapshots": "instance.snapshots",
    "/instance/v1/images": "instance.images",
    "/instance/v1/ips": "instance.ips",
    "/block/v1/volumes": "block.volumes",
    "/block/v1/snapshots": "block.snapshots",
}
AT = datetime(2026, 11, 1, 6, tzinfo=UTC)


@pytest.fixture(scope="module")
def recordings(reference_data):
    folder = reference_data / "fixtures" / "scaleway-recorded"
    manifest = json.loads((folder / "MANIFEST.json").read_text())
    return [(entry, (folder / entry["file"]).read_bytes()) for entry in manifest["files"] if entry["status"] == 200]


def bodies(recordings, *endpoints: str) -> list[tuple[dict, bytes]]:
    return [(entry, body) for entry, body in recordings if entry["endpoint"] in {f"GET {each}" for each in endpoints}]


def money(value: dict) -> Decimal:
    return Decimal(value["units"]) + Decimal(value["nanos"]) / 10**9


def test_every_recorded_resource_is_in_silver_with_its_name_project_and_place(answers, answered, recordings):
    expected: dict[str, dict] = {}
    listings = []
    for path, source in RESOURCES.items():
        for entry, body in bodies(recordings, path, f"{path}/{{id}}"):
            items, _ = items_of(source, body)
            where = urlsplit(entry["request"]["url"]).path
            # every file is a question of its own: the same server was recorded in several states
            listings.append(answered(source, items, at=AT, path=where, parameters={"file": entry["file"]}))
            expected |= {item["id"]: {**item, "locality": entry["locality"]} for item in items}
    record(answers.lake, "bronze.resources", listings)
    answers.build("silver.resource_labels")
    rows = answers.read("silver.resources")
    assert len(expected) == 93
    assert sorted(row["resource_id"] for row in rows) == sorted(expected)
    for row in rows:
        item = expected[row["resource_id"]]
        assert row["availability_zone"] == item["locality"]
        assert item["locality"].startswith(row["region_id"])
        assert row["project_id"] in (item.get("project_id"), item.get("project"))
        assert row["created_at"] is not None or "ip" in row["resource_type"]
        assert isinstance(row["tags"], list)
    tagged = {row["resource_id"] for row in rows if row["tags"]}
    assert {row["resource_id"] for row in answers.read("silver.resource_labels")} == tagged


def test_what_kapsule_made_is_recognised_by_its_links_and_counts_as_unlabelled(answers, recordings):
    made = [
        item
        for _, body in bodies(recordings, "/instance/v1/servers/{id}", "/instance/v1/servers")
        for item in items_of("instance.servers", body)[0]
        if any(tag.startswith("kapsule=") for tag in item["tags"])
    ]
    only_links = {item["id"] for item in made if all(tag.split("=")[0] in LINKS for tag in item["tags"])}
    assert 0 < len(only_links) < len({item["id"] for item in made})
    answers.answer("bronze.resources", "instance.servers", made, at=AT)
    answers.build("silver.resource_labels")
    labels = {row["resource_id"]: row["has_tags"] for row in answers.read("silver.resource_labels")}
    assert {resource for resource, has_tags in labels.items() if not has_tags} == only_links


LINKS = {"kapsule", "pool", "pool-name", "node", "node-name", "runtime", "managed"}


def test_every_recorded_project_is_in_silver(answers, answered, recordings):
    ids: set[str] = set()
    listings = []
    for number, (_, body) in enumerate(bodies(recordings, "/account/v3/projects", "/account/v3/projects/{id}")):
        items, _ = items_of("account.projects", body)
        listings.append(answered("account.projects", items, at=AT.replace(minute=number)))
        ids |= {item["id"] for item in items}
    record(answers.lake, "bronze.projects", listings)
    rows = answers.built("silver.projects")
    assert len(ids) > 10
    assert sorted(row["project_id"] for row in rows) == sorted(ids)
    assert all(row["project_name"] and row["organization_id"] for row in rows)


def test_every_recorded_product_has_a_price_and_its_place(answers, recordings):
    listed = [
        item
        for _, body in bodies(recordings, "/product-catalog/v2alpha1/public-catalog/products")
        for item in items_of("catalog.products", body)[0]
    ]
    answers.answer("bronze.products", "catalog.products", listed, at=AT)
    rows = {row["sku"]: row for row in answers.built("silver.prices")}
    assert len(listed) > 90
    assert set(rows) == {item["sku"] for item in listed}
    for item in listed:
        row, size = rows[item["sku"]], item["unit_of_measure"].get("size", 1)
        assert row["list_price"] == money(item["price"]["retail_price"])
        assert row["list_unit_price"] * size == row["list_price"]
        assert row["availability_zone"] == item["locality"].get("zone")
        assert (row["pricing_unit"], row["valid_to"]) == (item["unit_of_measure"]["unit"], None)


def test_the_recorded_consumption_comes_to_its_own_total_and_is_wholly_discounted(answers, recordings):
    ((_, body),) = bodies(recordings, "/billing/v2beta1/consumptions")
    items, extra = items_of("billing.consumptions", body)
    answers.answer("bronze.consumptions", "billing.consumptions", items, month="2025-01", extra=extra, body=body)
    rows = answers.built("silver.consumptions", "2025-01")
    assert len(rows) == len(items) == 333
    assert sum(row["consumed_cost"] for row in rows) == Decimal("2707.07")
    assert sum(row["billed_quantity"] for row in rows) == sum(Decimal(item["billed_quantity"]) for item in items)
    assert {(row["project_id"], row["sku"], row["consumed_cost"]) for row in rows} == {
        (item["project_id"], item["sku"], money(item["value"])) for item in items
    }
    assert {row["updated_at"] for row in rows} == {datetime(2025, 1, 22, 13, 3, 32, 749715, UTC)}
    (discount,) = answers.read(
        "select cast(json_extract_string(extra, '$.total_discount_untaxed_value') as decimal(38, 12)) as discount "
        "from silver.latest_answers"
    )
    assert sum(row["consumed_cost"] for row in rows) - discount["discount"] == 0
    # and every SKU of it belongs to a service
    skus = {row["sku"]: row for row in answers.built("silver.skus", "2025-01")}
    assert set(skus) == {item["sku"] for item in items}
    assert {row["service_name"] for row in skus.values()} >= {"Instances", "Managed Redis", "Kubernetes", "Cockpit"}
    assert not [sku for sku, row in skus.items() if row["service_name"] == "Other"]


def test_the_recorded_invoices_keep_their_signs_and_sums(answers, recordings):
    ((_, body),) = bodies(recordings, "/billing/v2beta1/invoices")
    items, _ = items_of("billing.invoices", body)
    answers.answer("bronze.invoices", "billing.invoices", items)
    rows = {row["invoice_id"]: row for row in answers.built("silver.invoices")}
    assert len(rows) == len(items) == 62
    columns = {
        "undiscounted_cost": "total_undiscount",
        "discount": "total_discount",
        "untaxed_cost": "total_untaxed",
        "tax": "total_tax",
        "taxed_cost": "total_taxed",
    }
    for item in items:
        row = rows[item["id"]]
        assert {column: row[column] for column in columns} == {c: money(item[field]) for c, field in columns.items()}
        assert row["undiscounted_cost"] + row["discount"] == row["untaxed_cost"]
        assert row["untaxed_cost"] + row["tax"] == row["taxed_cost"]
        assert row["billing_month"] == item["billing_period"][:7]
    assert all(row["discount"] <= 0 for row in rows.values())
    assert sum(row["discount"] for row in rows.values()) < -4661
    assert len({row["billing_month"] for row in rows.values() if row["invoice_type"] == "periodic"}) > 50


def test_the_recorded_budgets_are_read_although_they_name_no_currency(answers, answered, recordings):
    limits: dict[str, Decimal] = {}
    listings = []
    for number, (_, body) in enumerate(bodies(recordings, "/billing/v2/budgets")):
        items, _ = items_of("billing.budgets", body)
        listings.append(answered("billing.budgets", items, at=AT, parameters={"number": str(number)}))
        limits |= {item["id"]: money(item["consumption_limit"]) for item in items}
    record(answers.lake, "bronze.budgets", listings)
    rows = answers.built("silver.budgets")
    assert limits
    assert {row["budget_id"]: row["taxed_limit"] for row in rows} == limits
    assert {row["billing_currency"] for row in rows} == {None}
