"""The whole inventory of the demo over HTTP: nothing missing, nothing twice, and no more calls than it takes."""

import pytest

from pipelines.sources.inventory import INVENTORY_PRODUCTS, WITHHELD, inventory
from pipelines.sources.transport import Scaleway


@pytest.fixture
def read(simulator):
    def at(name, **how):
        running = simulator(name)
        organization = running.world.scenario.organization
        scaleway = Scaleway(
            organization.access_key, organization.secret_key, organization.id, running.url, requests_per_second=0
        )
        return inventory(scaleway, **how), scaleway.counters.calls, running.world

    return at


def test_the_demo_is_read_whole_with_as_few_calls_as_it_takes(read):
    resources = [product for product in INVENTORY_PRODUCTS if product.resource_type]
    result, calls, world = read("demo", products=resources)
    assert result.missing == []
    items = {each: [] for each in {listing.question.source for listing in result.listings}}
    for each in result.listings:
        items[each.question.source] += each.items
    ids = [item["id"] for found in items.values() for item in found]
    assert len(ids) == len(set(ids))
    assert len(items["k8s.nodes"]) == sum(pool["size"] for pool in items["k8s.pools"])
    assert {item["environment_variables"] for item in items["containers.containers"]} == {WITHHELD}
    at_once = sum(len(product.localities) for product in resources if product.each is None)
    by_project = sum(len(p.localities) for p in resources if p.each == "project_id") * len(world.project_ids)
    by_parent = 2 * len(items["k8s.clusters"]) + len(items["functions.namespaces"])
    by_parent += len(items["serverless_sqldb.databases"]) + len(items["lb.backends"]) + len(items["registry.images"])
    further_pages = sum(len(each.pages) - 1 for each in result.listings if each.question.source in OF_MANY)
    assert calls == 1 + at_once + by_project + by_parent + further_pages
    assert calls < 370


OF_MANY = {"instance.servers", "serverless_jobs.job_runs"}


def test_an_empty_product_costs_one_call_a_locality_and_its_parts_none(read):
    result, calls, _ = read("small", products=[p for p in INVENTORY_PRODUCTS if p.source.startswith("k8s.")])
    assert calls == 4
    assert [len(each.items) for each in result.listings] == [0] * 12
