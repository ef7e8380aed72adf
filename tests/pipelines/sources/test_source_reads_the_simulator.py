"""The whole read of an organization, over HTTP from the simulator, against what is true there."""

import socket
import threading
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import uvicorn

from pipelines.errors import PermissionDenied, SourceUnavailable
from pipelines.sources import billing, catalog, inventory
from pipelines.sources.transport import Scaleway
from simulator.loading import load
from simulator.scenario import Fault
from simulator.server import create_app
from simulator.truth import truth
from simulator.world import Clock, build

ACCESS_KEY = "SCW00000000000000000"


@pytest.fixture(scope="module")
def world():
    return build(load("small"))


@contextmanager
def serving(world, faults=(), now=None):
    listener = socket.create_server(("127.0.0.1", 0))
    app = create_app(world, Clock(now or world.scenario.today), list(faults))
    running = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        running.should_exit = True
        thread.join(10)


def asking(world, url, **settings):
    defaults = {"requests_per_second": 0, "backoff": (0.0, 0.0)}
    key, organization = world.scenario.organization.secret_key, world.scenario.organization.id
    return Scaleway(ACCESS_KEY, str(key), str(organization), url, **{**defaults, **settings})


def days(world):
    first, today = world.scenario.start.date(), world.scenario.today.date()
    return [first + timedelta(number) for number in range((today - first).days)]


def everything(scaleway, world):
    months = sorted({f"{day:%Y-%m}" for day in days(world)})
    listings = [billing.charges(scaleway, day, page_size=10) for day in days(world)]
    listings += [billing.consumptions(scaleway, month) for month in months]
    listings += [billing.taxes(scaleway, month) for month in months]
    listings += [ask(scaleway) for ask in (billing.invoices, billing.discounts, billing.budgets)]
    listings += [catalog.products(scaleway), inventory.projects(scaleway)]
    found = inventory.inventory(scaleway)
    assert found.missing == []
    return listings + found.listings


def money(value):
    return Decimal(value["units"]) + Decimal(value["nanos"]) / 10**9 if value else Decimal(0)


def test_what_is_read_is_what_is_true_to_the_last_digit(world):
    with serving(world) as url:
        listings = everything(asking(world, url), world)
    charged, consumed = {}, {}
    for each in listings:
        month, source = each.question.billing_month, each.question.source
        if source == "billing.charges":
            charged[month] = charged.get(month, 0) + sum(money(item["price"]) for item in each.items)
        if source == "billing.consumptions":
            consumed[month] = sum(money(item["value"]) for item in each.items)
    real = truth(world, int(world.scenario.today.timestamp()))["months"]
    assert charged == {month: Decimal(facts["charges"]) for month, facts in real.items()}
    assert consumed == {month: Decimal(facts["consumption"]) for month, facts in real.items()}
    assert len(charged) == 3
    assert {each.question.source: each for each in listings}["account.projects"].items
    assert len({each.question.question_hash for each in listings}) == len(listings)


def test_faults_cost_patience_and_not_one_byte_of_the_truth(world):
    with serving(world) as url:
        calm = everything(asking(world, url), world)
    faults = [
        Fault(kind="429", every=3),
        Fault(kind="502", every=4, path="/instance"),
        Fault(kind="truncated", every=5),
    ]
    with serving(world, faults) as url:
        scaleway = asking(world, url, attempts=20)
        stormy = everything(scaleway, world)
    assert scaleway.counters.retries > 50
    calm, stormy = (
        # the addresses of its data sources are below the server's own, which is another one
        [each for each in read if each.question.source != "cockpit.data_sources"]
        for read in (calm, stormy)
    )
    assert [each.answer_hash for each in stormy] == [each.answer_hash for each in calm]
    assert [each.pages for each in stormy] == [each.pages for each in calm]


def test_a_page_token_that_comes_again_ends_the_read_of_the_day(world):
    repeating = Fault(kind="repeated-token", path="/billing/v2beta1/charges")
    with serving(world, [repeating]) as url, pytest.raises(SourceUnavailable, match="a second time"):
        billing.charges(asking(world, url), date(2026, 6, 1), page_size=5)


def test_a_later_read_differs_only_where_something_happened(world):
    july = datetime(2026, 7, 2, 6, tzinfo=UTC)
    with serving(world, now=july) as url:
        before = everything(asking(world, url), world)
    with serving(world) as url:
        after = everything(asking(world, url), world)
    one, other = ({each.question.question_hash: each.answer_hash for each in read} for read in (before, after))
    assert one.keys() == other.keys()
    changed = {each.question.source for each in after if one[each.question.question_hash] != each.answer_hash}
    assert {"billing.charges", "billing.consumptions"} <= changed
    assert "account.projects" not in changed


def test_a_wrong_key_and_a_foreign_organization_are_told_apart(world):
    with serving(world) as url:
        stranger = Scaleway(
            ACCESS_KEY, "99999999-9999-4999-8999-999999999999", str(world.scenario.organization.id), url
        )
        with pytest.raises(PermissionDenied, match="HTTP 401, billing refused the API key"):
            billing.invoices(stranger)
        key = str(world.scenario.organization.secret_key)
        abroad = Scaleway(ACCESS_KEY, key, "99999999-9999-4999-8999-999999999999", url)
        with pytest.raises(PermissionDenied, match="BillingReadOnly"):
            billing.consumptions(abroad, "2026-06")


def test_a_product_without_permission_is_named_and_the_others_are_read(world):
    with serving(world, [Fault(kind="403", path="/block/")]) as url:
        found = inventory.inventory(asking(world, url))
    assert [line.partition(" ")[0] for line in found.missing] == ["block.volumes", "block.snapshots"]
    assert all("BlockStorageReadOnly" in line for line in found.missing)
    block = [product for product in inventory.INVENTORY_PRODUCTS if product.source.startswith("block.")]
    everywhere = sum(len(product.localities) for product in inventory.INVENTORY_PRODUCTS)
    assert len(found.listings) == everywhere - sum(len(product.localities) for product in block)
