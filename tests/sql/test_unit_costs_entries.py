"""Which count of a product's requests is taken, and whose requests they are."""

from datetime import date
from typing import Any

MONTH = "2026-09"
DAY = date(2026, 9, 3)


def label(resource: str | None, product: str | None, **more: Any) -> dict[str, Any]:
    return {
        "charge_key": f"{resource} {product} {more}",
        "charge_date": DAY,
        "resource_id": resource,
        "project_id": "p",
        "product": product,
        "environment": "prod",
        "service_name": "Instances",
        "billing_month": MONTH,
        **more,
    }


def measured(kind: str, resource: str | None, requests: int, **more: Any) -> dict[str, Any]:
    return {
        "source": "cockpit",
        "data_source_id": "d",
        "service_type": kind,
        "resource_id": resource,
        "raw_id": resource,
        "project_id": "p",
        "usage_date": DAY,
        "requests": requests,
        "coverage": 1,
        "is_complete": True,
        "usage_month": MONTH,
        **more,
    }


def imported(service: str, requests: int, **more: Any) -> dict[str, Any]:
    return {
        "number_key": f"{service} {requests} {more}",
        "source": "logs",
        "kind": "requests",
        "usage_date": DAY,
        "service": service,
        "requests": requests,
        "usage_month": MONTH,
        **more,
    }


def ways(build, labels, counts=(), numbers=(), settings=(), private=()) -> list[dict[str, Any]]:
    return build(
        "silver.unit_requests",
        given={
            "silver.labelled_costs": labels,
            "silver.requests_daily": list(counts),
            "silver.business_numbers": list(numbers),
            "bronze.unit_settings": list(settings),
            "silver.private_services": list(private),
        },
        months=[MONTH],
    )


def entry(rows: list[dict[str, Any]]) -> set[tuple]:
    return {(row["product"], row["environment"], row["source"], row["requests"]) for row in rows if row["is_entry"]}


def test_of_a_chain_of_hops_only_the_first_is_counted(build):
    labels = [label("lb", "shop"), label("box", "shop"), label("gpu", "shop"), label("edge", "shop")]
    labels.append(label("pipeline", "shop", service_name="Edge Services"))
    hops = [
        measured("load_balancer", "lb", 900),
        measured("serverless_container", "box", 4_000),
        measured("vllm", "gpu", 50),
        measured("object_storage_bucket", "media", 7_777),
    ]
    assert entry(ways(build, labels, hops)) == {("shop", "prod", "cockpit: load_balancer", 900)}
    edge = measured("edge_content_delivery_service", None, 1_000, source="edge services")
    assert entry(ways(build, labels, [*hops, edge])) == {
        ("shop", "prod", "edge services: edge_content_delivery_service", 1_000)
    }
    assert entry(ways(build, labels, hops[1:])) == {("shop", "prod", "cockpit: serverless_container", 4_000)}


def test_two_balancers_of_a_product_are_two_doors_and_each_product_has_its_own(build):
    labels = [label("lb-1", "shop"), label("lb-2", "shop"), label("lb-3", "pay", environment="staging")]
    counts = [measured("load_balancer", f"lb-{number}", 10**number) for number in (1, 2, 3)]
    assert entry(ways(build, labels, counts)) == {
        ("shop", "prod", "cockpit: load_balancer", 110),
        ("pay", "staging", "cockpit: load_balancer", 1_000),
    }


def test_what_two_data_sources_tell_of_one_balancer_is_counted_once(build):
    counts = [
        measured("load_balancer", "lb", 70, data_source_id="a", coverage="0.7"),
        measured("load_balancer", "lb", 100, data_source_id="b"),
    ]
    (row,) = ways(build, [label("lb", "shop")], counts)
    assert (row["requests"], row["coverage"]) == (100, 1)


def test_health_checks_and_private_containers_are_no_entry(build):
    labels = [label("web", "shop"), label("internal", "shop")]
    counts = [
        measured("serverless_container", "web", 100, route="/cart"),
        measured("serverless_container", "web", 5_000, route="/healthz"),
        measured("serverless_container", "internal", 300),
    ]
    (row,) = ways(build, labels, counts, private=[{"resource_id": "internal"}])
    assert (row["requests"], row["health_check_requests"]) == (100, 5_000)


def test_a_container_is_as_private_as_it_was_last_seen(build):
    seen = [("c", "public", 1), ("c", "private", 2), ("d", "private", 1), ("d", "public", 2)]
    periods = [
        {
            "resource_id": resource,
            "resource_type": "containers_container",
            "item": f'{{"privacy": "{privacy}"}}',
            "valid_from": date(2026, 1, number),
        }
        for resource, privacy, number in seen
    ]
    assert build("silver.private_services", given={"silver.resource_periods": periods}) == [{"resource_id": "c"}]


def test_imported_numbers_come_first_only_where_their_source_is_said_to_count_at_the_entry(build):
    labels, counts = [label("lb", "Shop")], [measured("load_balancer", "lb", 900)]
    numbers = [imported("shop", 1_200, successful_requests=1_000)]
    assert entry(ways(build, labels, counts, numbers)) == {("Shop", "prod", "cockpit: load_balancer", 900)}
    told = [{"first_entry_sources": ["logs"]}]
    assert entry(ways(build, labels, counts, numbers, told)) == {
        ("Shop", "prod", "imported: logs, first entry, taken as production", 1_200)
    }
    (row,) = ways(build, labels, [], numbers)
    assert (row["requests"], row["successful_requests"], row["is_entry"]) == (1_200, 1_000, True)


def test_two_sources_of_one_product_are_never_added_up(build):
    numbers = [imported("shop", 100, source="a"), imported("shop", 101, source="b")]
    rows = ways(build, [label("x", "shop")], [], numbers)
    assert entry(rows) == {("shop", "prod", "imported: a, taken as production", 100)}


def test_services_behind_one_product_cannot_be_added_unless_they_are_said_to_be_its_entry(build):
    numbers = [imported("cart", 100, project_id="p"), imported("search", 50, project_id="p")]
    (row,) = ways(build, [label("x", "shop")], [], numbers)
    assert (row["product"], row["requests"]) == ("shop", None)
    assert row["gap"].startswith("several services of it are counted")
    told = [{"first_entry_sources": ["logs"]}]
    (row,) = ways(build, [label("x", "shop")], [], numbers, told)
    assert (row["requests"], row["gap"]) == (150, None)


def test_an_imported_service_is_a_product_by_name_else_by_resource_else_by_project_else_itself(build):
    labels = [label("x", "shop"), label("y", "pay"), label("z", "solo", project_id="q")]
    numbers = [
        imported("SHOP", 1, project_id="q"),
        imported("api", 2, resource_id="y"),
        imported("worker", 3, project_id="q"),
        imported("stranger", 4, environment="staging"),
    ]
    rows = ways(build, labels, [], numbers)
    assert {(row["product"], row["environment"], row["requests"]) for row in rows} == {
        ("shop", "prod", 1), ("pay", "prod", 2), ("solo", "prod", 3), ("stranger", "staging", 4),
    }  # fmt: skip


def test_tenants_are_driven_by_the_first_way_that_tells_them(build):
    counts = [measured("load_balancer", "lb", 900)]
    numbers = [imported("shop", 300, tenant="acme"), imported("shop", 100)]
    rows = ways(build, [label("lb", "shop")], counts, numbers)
    assert entry(rows) == {("shop", "prod", "cockpit: load_balancer", 900)}
    assert {(row["tenant"], row["requests"]) for row in rows if row["is_tenant_driver"]} == {("acme", 300), (None, 100)}


def test_what_serves_two_products_or_none_leaves_its_requests_to_nobody(build):
    labels = [label("lb", "shop"), label("lb", "pay"), label("other", None, environment="unknown")]
    counts = [measured("load_balancer", "lb", 10), measured("load_balancer", "other", 5)]
    rows = ways(build, labels, counts)
    assert {(row["product"], row["environment"], row["requests"]) for row in rows} == {
        (None, "prod", 10), (None, "unknown", 5),
    }  # fmt: skip


# --- the way of a month


def on(number: int, given: dict[str, Any], column: str) -> dict[str, Any]:
    found = {**given, column: date(2026, 9, number)}
    return {**found, "number_key": f"{found['number_key']} {number}"} if "number_key" in found else found


def month_ways(build, balancer: range, logs: range, edge: range = range(0), month: range = range(1, 31)) -> set[tuple]:
    """Sources and days of the month's way, when each way counted on these days."""
    rows = ways(
        build,
        [on(number, label("lb", "shop", charge_key=str(number)), "charge_date") for number in month]
        + [on(n, label("e", "shop", charge_key=f"e{n}", service_name="Edge Services"), "charge_date") for n in month],
        [on(number, measured("load_balancer", "lb", 900), "usage_date") for number in balancer]
        + [
            on(n, measured("edge_content_delivery_service", None, 5, source="edge services"), "usage_date")
            for n in edge
        ],
        [on(number, imported("shop", 4), "usage_date") for number in logs],
    )
    by_source: dict[str, set[int]] = {}
    for row in rows:
        if row["is_month_entry"]:
            by_source.setdefault(row["source"], set()).add(row["usage_date"].day)
    return {(source, min(days), max(days), len(days)) for source, days in by_source.items()}


BALANCER, LOGS = "cockpit: load_balancer", "imported: logs, taken as production"


def test_a_month_is_counted_in_one_way_the_best_of_those_that_cover_most_of_it(build):
    whole = range(1, 31)
    assert month_ways(build, range(14, 31), whole) == {(BALANCER, 14, 30, 17)}
    assert month_ways(build, range(17, 31), whole) == {(LOGS, 1, 30, 30)}
    edge = ("edge services: edge_content_delivery_service", 11, 30, 20)
    assert month_ways(build, whole, whole, range(11, 31)) == {edge}


def test_where_no_way_covers_most_of_a_month_the_one_that_covers_more_is_taken_alone(build):
    assert month_ways(build, range(1, 11), range(11, 25)) == {(LOGS, 11, 24, 14)}
    assert month_ways(build, range(1, 11), range(11, 21)) == {(BALANCER, 1, 10, 10)}
    assert month_ways(build, range(1, 4), range(0), month=range(1, 4)) == {(BALANCER, 1, 3, 3)}


def test_a_service_that_only_an_imported_bill_knows_is_a_product_in_small_letters_as_labels_are(build):
    (row,) = ways(build, [], [], [imported("Binder", 7)])
    assert (row["product"], row["environment"], row["is_month_entry"]) == ("binder", "prod", True)
