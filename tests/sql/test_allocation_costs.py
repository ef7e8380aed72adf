"""Shared cost at those who bear it: nothing is lost, nothing is made, and each row says how it came about."""

import json
import random
from datetime import date, timedelta
from decimal import Decimal

import pytest

from assets.allocation_tables import rows_of
from assets.allocations import build_allocated_costs, build_allocated_imports
from assets.focus_files import import_focus
from assets.settings_tables import store
from assets.tables import open_catalog
from pipelines.errors import ConfigurationError
from pipelines.lake.address import parse_address
from pipelines.lake.store import Lake
from pipelines.lake.trace import trace
from pipelines.settings_allocation import DIMENSIONS, Allocation

DAY, NEXT = date(2026, 10, 5), date(2026, 10, 6)
MONTH = "2026-10"
DRIVERS = ("silver.requests_daily", "silver.telemetry_daily", "silver.cluster_allocations", "silver.resource_links")
OTHERS = ("silver.resources", "silver.projects", "silver.resource_labels")


def settings(**sections) -> dict[str, list[dict]]:
    rows = rows_of(Allocation.model_validate(sections))
    return {table.name: list(found) for table, found in rows.items()}


def charge(resource: str, billed: str | None, day: date = DAY, currency: str = "EUR", **labels) -> tuple[dict, dict]:
    """A charge, and what was decided of its resource."""
    key = {"project_id": labels.pop("project_id", "p"), "sku": "s", "resource_id": resource, "billing_month": MONTH}
    said = {"service_name": labels.pop("service_name", "Instances"), "project_name": key["project_id"], **labels}
    cost = {
        **key,
        "charge_key": f"{resource}{day}{currency}{key['project_id']}",
        "charge_date": day,
        "billed_cost": billed,
        "billing_currency": currency,
    }
    period = {"counts_from": date(1970, 1, 1), "counts_until": date(9999, 12, 31)}
    return cost, {**key, **period, **said}


@pytest.fixture
def allocated(build):
    """Rows of gold.allocated_costs."""

    def make(charges, pools=(), drivers=None, **sections) -> list[dict]:
        decided = {tuple(d[k] for k in ("project_id", "sku", "resource_id")): d for _, d in charges}
        given = {name: [] for name in (*DRIVERS, *OTHERS)} | {
            "silver.costs": [cost for cost, _ in charges],
            "silver.charge_labels": list(decided.values()),
            **settings(pools=list(pools), **sections),
            **(drivers or {}),
        }
        build("silver.label_terms", given=given)
        build_allocated_costs(build.catalog, [MONTH])
        return build.read("gold.allocated_costs")

    return make


def parts(rows: list[dict], day: date = DAY) -> dict:
    """What each bearer got of pools on a day: by the labels that are known."""
    found: dict[str, Decimal] = {}
    for row in rows:
        if not row["is_direct"] and row["charge_date"] == day:
            key = "/".join(row[name] for name in DIMENSIONS if row[name]) or "nobody"
            found[key] = found.get(key, Decimal(0)) + row["billed_cost"]
    return found


def details(rows: list[dict]) -> list[dict]:
    return [
        element
        for row in rows
        if row["allocation_detail"]
        for element in json.loads(row["allocation_detail"])["Elements"]
    ]


DIRECT = [
    charge("a", "60", team="web", environment="prod"),
    charge("b", "30", team="data", environment="prod"),
    charge("c", "10"),
]
SHARED = charge("shared", "100", pool="platform", owner="ops")


def pool(split: str = "cost", **fields) -> dict:
    return {"name": "platform", "service": "*", "split": split, "by": ["team"], **fields}


def test_without_pools_every_cost_is_direct(allocated):
    rows = allocated(DIRECT)
    assert {(row["team"], row["environment"], row["billed_cost"]) for row in rows} == {
        ("web", "prod", 60), ("data", "prod", 30), (None, None, 10),
    }  # fmt: skip
    assert {(row["is_direct"], row["allocation_method"], row["allocation_detail"]) for row in rows} == {
        (True, "direct", None)
    }


def test_cost_is_shared_in_proportion_also_by_those_nobody_knows(allocated):
    rows = allocated([*DIRECT, SHARED], [pool()])
    assert parts(rows) == {"web": 60, "data": 30, "nobody": 10}
    assert {row["pool"] for row in rows if not row["is_direct"]} == {"platform"}
    assert {"AllocatedRatio": 0.6, "UsageUnit": "direct cost", "UsageQuantity": 60, "x_Basis": "day"} in details(rows)


def test_an_even_split_counts_only_those_who_have_a_name(allocated):
    assert parts(allocated([*DIRECT, SHARED], [pool("even")])) == {"web": 50, "data": 50}


def test_weights_name_their_receivers_and_three_thirds_are_one(allocated):
    rows = allocated([*DIRECT, SHARED], [pool("weight", weights={"WEB": 1, "data": 1, "new": 1})])
    assert parts(rows) == {
        "web": Decimal("33.333333333333"), "data": Decimal("33.333333333334"), "new": Decimal("33.333333333333"),
    }  # fmt: skip


def test_only_the_receivers_of_a_pool_bear_it(allocated):
    rows = allocated([*DIRECT, SHARED], [pool(receivers={"team": ["w*", ""]})])
    assert parts(rows) == {"web": Decimal("85.714285714286"), "nobody": Decimal("14.285714285714")}


def test_a_pool_passes_on_to_a_pool_and_says_through_which(allocated):
    pools = [
        pool(pools=["db"]),
        {"name": "db", "service": "*", "split": "weight", "by": ["team"], "weights": {"data": 1}},
    ]
    rows = allocated([*DIRECT, SHARED, charge("db", "100", pool="db")], pools)
    platform = [row for row in rows if row["pool"] == "platform"]
    assert parts(platform) == {"web": 30, "data": 65, "nobody": 5}
    assert [e["x_Through"] for e in details(platform) if "x_Through" in e] == [["db"]]
    assert sum(row["billed_cost"] for row in rows) == 300


def test_pools_that_feed_each_other_are_refused_before_anything_is_written(allocated, build):
    pools = settings(pools=[pool(pools=["db"]), {**pool(), "name": "db"}])
    pools["bronze.allocation_pools"][1]["pools"] = ["platform"]
    with pytest.raises(ConfigurationError, match="in a circle"):
        allocated([*DIRECT, SHARED, charge("db", "1", pool="db")], drivers=pools)
    assert build.catalog.state("gold.allocated_costs").delta is None


def requests(resource: str, count: str, day: date = DAY, **fields) -> dict:
    row = {"source": "cockpit", "service_type": "serverless_container", "usage_month": MONTH}
    return {**row, "resource_id": resource, "requests": count, "usage_date": day, **fields}


def test_requests_count_where_they_come_in_and_never_twice(allocated):
    counted = [
        requests("a", "300", service_type="load_balancer"),
        requests("a", "290"),  # the same on their way through
        requests("b", "100"),
        requests("unknown", "1000"),
    ]
    rows = allocated([*DIRECT, SHARED], [pool("requests")], {"silver.requests_daily": counted})
    assert parts(rows) == {"web": 75, "data": 25}
    assert {row["allocation_method"] for row in rows if not row["is_direct"]} == {"requests"}


def test_tenants_bear_what_they_ask_for_though_no_resource_is_theirs(allocated):
    counted = [requests("a", "1", tenant="Vert"), requests("a", "3", tenant="Bleu"), requests("", "4", tenant="Bleu")]
    shared = pool("requests", by=["tenant"])
    rows = allocated([*DIRECT, SHARED], [shared], {"silver.requests_daily": counted})
    assert parts(rows) == {"Vert": Decimal("12.5"), "Bleu": Decimal("87.5")}


def test_a_later_hop_without_a_tenant_adds_nothing_to_a_balancer_that_tells_tenants(allocated):
    shop = {"product": "shop", "environment": "prod"}
    charges = [charge(name, "1", **shop) for name in ("lb", "bucket")] + [charge("other", "1", product="pay"), SHARED]
    counted = [
        requests("lb", "30", service_type="load_balancer", tenant="Vert"),
        requests("lb", "10", service_type="load_balancer", tenant="Bleu"),
        requests("bucket", "1000", service_type="object_storage_bucket"),
        requests("other", "60", service_type="load_balancer"),
    ]
    rows = allocated(charges, [pool("requests", by=["product", "tenant"])], {"silver.requests_daily": counted})
    assert parts(rows) == {"Vert/shop": 30, "Bleu/shop": 10, "pay": 60}


def test_a_balancer_without_tenants_is_divided_by_the_first_later_hop_that_tells_them(allocated):
    charges = [charge(name, "1", product="shop") for name in ("lb", "box")] + [charge("x", "1", product="pay"), SHARED]
    counted = [
        requests("lb", "80", service_type="load_balancer"),
        requests("box", "3", service_type="serverless_container", tenant="Vert"),
        requests("box", "1", service_type="serverless_container"),
        requests("x", "20", service_type="load_balancer"),
    ]
    rows = allocated(charges, [pool("requests", by=["product", "tenant"])], {"silver.requests_daily": counted})
    assert parts(rows) == {"Vert/shop": 60, "shop": 20, "pay": 20}


def test_a_day_without_requests_takes_the_months_and_a_month_without_takes_cost_and_both_say_so(allocated):
    charges = [*DIRECT, SHARED, charge("shared", "100", NEXT, pool="platform", owner="ops")]
    rows = allocated(
        charges, [pool("requests")], {"silver.requests_daily": [requests("a", "1"), requests("b", "1", NEXT)]}
    )
    assert (parts(rows), parts(rows, NEXT)) == ({"web": 100}, {"data": 100})
    rows = allocated(charges, [pool("requests")], {"silver.requests_daily": [requests("a", "1")]})
    assert parts(rows, NEXT) == {"web": 100}
    assert {row["charge_date"]: details([row])[0]["x_Basis"] for row in rows if not row["is_direct"]} == {
        DAY: "day", NEXT: "month",
    }  # fmt: skip
    rows = allocated(charges, [pool("requests")])
    assert parts(rows) == parts(rows, NEXT) == {"web": 60, "data": 30, "nobody": 10}
    assert {row["allocation_method"] for row in rows if not row["is_direct"]} == {"cost"}
    assert {element["x_Reason"] for element in details(rows)} == {"no requests are known of this month"}


def test_telemetry_is_paid_by_the_projects_that_send_it_and_measured_one_way(allocated):
    charges = [
        charge("a", "10", team="web", project_id="p1"),
        charge("b", "30", team="data", project_id="p1"),
        charge("c", "99", team="lab", project_id="p2"),
        SHARED,
    ]
    row = {"usage_date": DAY, "usage_month": MONTH, "signal": "metrics", "is_billed": True}
    told = [
        {**row, "project_id": "p1", "source": "ingested samples", "samples": 800},
        {**row, "project_id": "p2", "source": "ingested samples", "samples": 200},
        {**row, "project_id": "p2", "source": "cockpit usage", "samples": 10**9},
        {**row, "project_id": "p2", "source": "ingested samples", "samples": 10**9, "is_billed": False},
    ]
    rows = allocated(charges, [pool("telemetry")], {"silver.telemetry_daily": told})
    assert parts(rows) == {"web": 20, "data": 60, "lab": 20}


def test_a_clusters_nodes_are_paid_by_namespaces_as_they_ask_or_use_and_its_idle_rest_is_shown(allocated):
    used = {
        "cluster_id": "c1",
        "usage_date": DAY,
        "usage_month": MONTH,
        "minutes": "1440",
        "is_idle": False,
        **dict.fromkeys(("cpu_cores_used", "ram_bytes_requested", "ram_bytes_used", "ram_byte_hours"), "0"),
    }
    told = [
        {**used, "namespace": "asks", "cpu_cores_requested": "2", "cpu_cores_used": "1", "cpu_core_hours": "48"},
        {**used, "namespace": "uses", "cpu_cores_requested": "1", "cpu_cores_used": "4", "cpu_core_hours": "96"},
        {**used, "is_idle": True, "namespace": "__idle__", "cpu_core_hours": "96"},
        {**used, "cluster_id": "c2", "namespace": "elsewhere", "cpu_cores_requested": "9", "cpu_core_hours": "216"},
    ]
    links = [
        {"resource_id": "shared", "link_type": "part_of", "linked_id": "c1"},
        {"resource_id": "disk", "link_type": "attached_to", "linked_id": "shared"},
    ]
    charges = [
        *DIRECT,
        charge("shared", "100", pool="platform", environment="prod"),
        charge("disk", "10", pool="platform", environment="prod", service_name="Block Storage"),
        charge("alone", "50", pool="platform"),
    ]
    drivers = {"silver.cluster_allocations": told, "silver.resource_links": links}
    rules = [{"name": "asks", "resource": "k8s:asks", "sets": {"product": "shop"}}]
    nodes = pool("kubernetes", by=["environment", "product"])
    rows = allocated(charges, [nodes], drivers, rules=rules)
    split = [row for row in rows if row["allocation_method"] == "kubernetes"]
    assert parts(split) == {
        "prod/shop": 22, "prod/k8s:uses": 44, "prod/k8s:idle": 44,
    }  # fmt: skip
    # a machine of no known cluster is split by cost, and says so
    alone = [row for row in rows if row["allocation_method"] == "cost"]
    assert sum(row["billed_cost"] for row in alone) == 50
    assert "cluster use" in details(alone)[0]["x_Reason"]


def test_what_nothing_can_be_split_by_stays_with_whoever_answers_for_it(allocated, build):
    rows = allocated([charge("shared", "5.5", pool="platform")], [pool()], unallocated_owner="cfo")
    (row,) = rows
    assert (row["allocation_method"], row["pool"], row["owner"], row["is_direct"]) == (
        "unallocated", "platform", "cfo", False,
    )  # fmt: skip
    assert "nobody has direct cost" in json.loads(row["allocation_detail"])["x_Reason"]
    (line,) = build.catalog.query(build.models.by_name["gold.unallocated_costs"].sql).to_pylist()
    assert (line["kind"], line["owner"], line["billed_cost"]) == ("pool not split", "cfo", Decimal("5.5"))
    (focus,) = build.catalog.query("select * from gold.focus_allocated_costs").to_pylist()
    assert focus["allocated_method_id"] == "unallocated"
    assert (focus["allocated_resource_id"], focus["allocated_tags"]) == (None, None)


def test_the_words_of_focus_are_there_for_split_cost_and_for_no_other(allocated, build):
    allocated([*DIRECT, SHARED], [pool()])
    rows = build.catalog.query("select * from gold.focus_allocated_costs").to_pylist()
    split = [row for row in rows if row["pool"]]
    assert {row["allocated_resource_id"] for row in split} == {"team web", "team data", "nobody known"}
    assert all(json.loads(row["allocated_method_details"])["Elements"] for row in split)
    assert {tuple(json.loads(row["allocated_tags"]).items()) for row in split} == {
        (("team", "web"),),
        (("team", "data"),),
        (),
    }
    columns = [name for name in rows[0] if name.startswith("allocated_")]
    assert len(columns) == 5
    assert {row[name] for row in rows if not row["pool"] for name in columns} == {None}
    assert sum(row["billed_cost"] for row in rows) == 200


def random_month(draw: random.Random) -> tuple[list, list, dict]:
    """Charges of three days in two currencies, pools of every split that may feed later ones, drivers with gaps."""
    count = draw.randint(1, 5)
    pools = []
    for number in range(count):
        split = draw.choice(["cost", "even", "weight", "requests", "telemetry", "kubernetes"])
        by = draw.sample(DIMENSIONS, 1 if split == "weight" else draw.randint(1, 5))
        made = {"name": f"pool {number}", "service": "*", "split": split, "by": by}
        later = [f"pool {n}" for n in range(number + 1, count)]
        if split in ("cost", "even", "weight") and later:
            made["pools"] = draw.sample(later, draw.randint(0, len(later)))
        if split == "weight":
            made["weights"] = {name: draw.randint(0, 9) for name in ("x", "y", *made.get("pools", ()))}
        pools.append(made)
    charges = []
    for number in range(14):
        labels = {name: draw.choice(["x", "y", None]) for name in DIMENSIONS}
        labels |= {"pool": draw.choice([None, None, *(p["name"] for p in pools)])}
        place = {"project_id": draw.choice("pq"), "service_name": draw.choice(["Instances", "Storage"])}
        for day in range(3):
            for currency in ("EUR", "USD"):
                billed = draw.choice([None, f"{draw.randint(-(10**14), 10**17)}e-12"])
                charges.append(charge(f"r{number}", billed, DAY + timedelta(days=day), currency, **labels, **place))
    counted = [requests(f"r{n}", str(draw.randint(0, 99)), DAY + timedelta(days=draw.randint(0, 2))) for n in range(5)]
    told = [
        {
            "usage_date": DAY,
            "usage_month": MONTH,
            "signal": "metrics",
            "is_billed": True,
            "project_id": draw.choice("pqz"),
            "source": "ingested samples",
            "samples": draw.randint(0, 10**9),
        }
    ]
    clusters = [
        {
            "cluster_id": "c",
            "usage_date": DAY,
            "usage_month": MONTH,
            "minutes": "60",
            "is_idle": False,
            "namespace": name,
            "cpu_cores_requested": str(draw.randint(0, 3)),
        }
        for name in "ab"
    ]
    drivers = {"silver.requests_daily": counted, "silver.telemetry_daily": told, "silver.cluster_allocations": clusters}
    return charges, pools, {name: rows if draw.random() < 0.8 else [] for name, rows in drivers.items()}


@pytest.mark.parametrize("seed", range(8))
def test_whatever_is_shared_by_whatever_the_sum_of_each_day_currency_and_place_stays_exact(
    allocated, build, models, seed
):
    charges, pools, drivers = random_month(random.Random(seed))
    rows = allocated(charges, pools, drivers)
    place = "charge_date, billing_currency, project_id, service_name, region_id, pool"
    asked = f"select {place}, sum(billed_cost) as cost from {{}} group by all having sum(billed_cost) <> 0 order by all"
    charged = build.catalog.query(asked.format("silver.labelled_costs")).to_pylist()
    assert charged == build.catalog.query(asked.format("gold.allocated_costs")).to_pylist()
    assert len(charged) > 5
    keys = [tuple(row[name] for name in ("charge_date", "project_id", "service_name", *DIMENSIONS, "pool",
                                         "allocation_method", "billing_currency")) for row in rows]  # fmt: skip
    assert len(set(keys)) == len(keys)


def test_the_same_month_is_written_once_and_again_when_whoever_answers_for_it_changes(allocated, build):
    allocated([charge("shared", "5.5", pool="platform")], [pool()])
    assert build_allocated_costs(build.catalog, [MONTH]).written == ()
    store(build.catalog.lake, rows_of(Allocation.model_validate({"pools": [pool()]})))
    settings = Allocation.model_validate({"pools": [pool()], "unallocated_owner": "cfo"})
    assert store(build.catalog.lake, rows_of(settings)) == ["bronze.allocation_terms"]
    assert store(build.catalog.lake, rows_of(settings)) == []
    again = open_catalog(build.catalog.lake)
    assert build_allocated_costs(again, [MONTH]).written == (MONTH,)
    assert [row["owner"] for row in again.query("select owner from gold.allocated_costs").to_pylist()] == ["cfo"]


def test_another_providers_bill_is_allocated_by_its_tags_and_stays_exact(reference_data, tmp_path):
    lake = Lake(parse_address(str(tmp_path / "lake")))
    imported = import_focus(lake, reference_data / "data" / "focus" / "focus_1_0_aws_sample.csv.gz", lenient=True)
    shared = {"name": "untagged", "labels": {"product": ""}, "split": "cost", "by": ["product"]}
    store(lake, rows_of(Allocation.model_validate({"pools": [shared], "labels": {"product": ["application"]}})))
    catalog = open_catalog(lake)
    build_allocated_imports(catalog, [])
    asked = (
        "select billing_currency, charge_date, project_id, sum(billed_cost) as cost from {} group by all order by all"
    )
    lines = catalog.query(asked.format("silver.label_imported_costs")).to_pylist()
    place = "select cast(charge_period_start as date) as d, sum(billed_cost) as c from {} group by all order by all"
    assert sum(row["cost"] for row in lines) == sum(
        row["c"] for row in catalog.query(place.format("bronze.focus_lines")).to_pylist()
    )
    assert imported.accepted > 100
    assert [r for r in lines if r["cost"]] == [
        r for r in catalog.query(asked.format("gold.allocated_imports")).to_pylist() if r["cost"]
    ]
    rows = catalog.query("select * from gold.allocated_imports").to_pylist()
    products = {row["product"] for row in rows if not row["is_direct"]}
    assert len(products - {None}) > 1


def test_what_somebody_bears_is_traced_to_charges_less_what_others_bear(allocated, build):
    rows = allocated([*DIRECT, SHARED, charge("later", "40", NEXT, pool="platform")], [pool()])
    web = trace(build.catalog, "gold.allocated_costs", ["charge_date=2026-10-05", "team=web"])
    assert web.figure == 120
    assert web.adds_up
    assert sorted((row["evidence"], row["amount"]) for row in web.evidence.to_pylist()) == [
        ("borne by others", -30), ("borne by others", -10), ("charge", 60), ("charge of the pool", 100),
    ]  # fmt: skip
    for chosen in (["charge_date=2026-10-05"], ["pool=platform", "team="], ["allocation_method=cost"]):
        found = trace(build.catalog, "gold.allocated_costs", chosen)
        assert found.adds_up, chosen
    whole = trace(build.catalog, "gold.allocated_costs", [f"billing_month={MONTH}"])
    assert whole.figure == sum(row["billed_cost"] for row in rows) == 240
    assert {row["evidence"] for row in whole.evidence.to_pylist()} == {"charge", "charge of the pool"}
