"""Prices by day from dated price lists, and where a SKU is sold."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

SKU = "/compute/l4_1_24g/run_par2"


def product(price: str, euros, sku: str = SKU, unit: str = "hour", size: int = 1, **fields) -> dict:
    return {
        "sku": sku,
        "product": "L4-1-24G",
        "variant": "L4-1-24G - fr-par-2",
        "locality": {"zone": "fr-par-2"},
        "price": {"retail_price": euros(price)},
        "unit_of_measure": {"unit": unit, "size": size},
        **fields,
    }


@pytest.fixture
def listed(answers):
    def on(day: int, *products: dict) -> None:
        answers.answer("bronze.products", "catalog.products", products, at=datetime(2026, 10, day, 6, tzinfo=UTC))

    return on


def spans(answers, sku: str = SKU) -> list[tuple]:
    rows = [row for row in answers.built("silver.prices") if row["sku"] == sku]
    return sorted(
        (row["valid_from"].day, row["valid_to"] and row["valid_to"].day, row["list_unit_price"]) for row in rows
    )


def test_a_price_holds_until_the_day_a_list_says_another(answers, listed, euros):
    listed(1, product("0.75", euros))
    listed(5, product("0.75", euros), product("1", euros, "/other"))
    listed(9, product("0.7875", euros))
    listed(15, product("0.7875", euros), product("2", euros, "/other"))
    assert spans(answers) == [(1, 9, Decimal("0.75")), (9, None, Decimal("0.7875"))]
    assert spans(answers, "/other") == [(5, 9, Decimal(1)), (15, None, Decimal(2))]


def test_a_price_that_comes_back_is_a_span_of_its_own(answers, listed, euros):
    for day, price in ((1, "1"), (3, "2"), (5, "1")):
        listed(day, product(price, euros))
    assert spans(answers) == [(1, 3, Decimal(1)), (3, 5, Decimal(2)), (5, None, Decimal(1))]


def test_a_product_that_is_no_longer_listed_has_no_price_from_then_on(answers, listed, euros):
    listed(1, product("1", euros))
    listed(2, product("1", euros), product("1", euros, "/other"))
    listed(4, product("1", euros, "/other"))
    assert spans(answers) == [(1, 4, Decimal(1))]


def test_two_lists_of_one_day_leave_the_later_price(answers, euros):
    for hour, price in ((6, "1"), (18, "2")):
        at = datetime(2026, 10, 1, hour, tzinfo=UTC)
        answers.answer("bronze.products", "catalog.products", [product(price, euros)], at=at)
    assert spans(answers) == [(1, None, Decimal(2))]


@pytest.mark.parametrize(
    ("price", "unit", "size", "each"),
    [
        ("0.15", "token", 1000, "0.00015"),
        ("0.0125", "minute", 1, "0.0125"),
        ("0.0345", "hour", 1, "0.0345"),
        ("98765.432109876", "month", 1, "98765.432109876"),
        ("0.1", "token", 3, "0.033333333333333333"),
        ("0.09", "second", 60, "0.0015"),
        ("0.000000001", "token", 1000, "0.000000000001"),
    ],
)
def test_a_unit_price_is_divided_by_the_size_of_the_unit_and_stays_exact(
    answers, listed, euros, price, unit, size, each
):
    listed(1, product(price, euros, unit=unit, size=size))
    assert spans(answers) == [(1, None, Decimal(each))]


LOCALITIES = [
    ("/compute/dev1_s/run_par1", "fr-par", "fr-par-1"),
    ("/compute/pro2_xxs/run_fr-par-2", "fr-par", "fr-par-2"),
    ("/compute/dev1_s/run_ams1", "nl-ams", "nl-ams-1"),
    ("/compute/h100_sxm_2_80g/run_fr-par-2", "fr-par", "fr-par-2"),
    ("/ip/dynamic", None, None),
    ("/ipv6/reserved", None, None),
    ("/storage/local/ssd/storage", None, None),
    ("/storage/snapshot/local_storage", None, None),
    ("/storage/block/ssd/storage/fr-par1", "fr-par", "fr-par-1"),
    ("/storage/block/volume-low-latency-5k/nl-ams-2", "nl-ams", "nl-ams-2"),
    ("/storage/obj/bandwidth/to-nl-ams/fr-par", "fr-par", None),
    ("/storage/obj/bandwidth/to-fr-par/fr-par", "fr-par", None),
    ("/storage/obj/offer/free-tier/external-bandwidth", None, None),
    ("/storage/rdb/node/db-dev-s/fr-par1", "fr-par", "fr-par-1"),
    ("/storage/rdb/storage/sbs_5k/nl-ams1", "nl-ams", "nl-ams-1"),
    ("/storage/rdb/backup-storage/fr-par", "fr-par", None),
    ("/storage/redis/main-node/RED1-XS/fr-par-1", "fr-par", "fr-par-1"),
    ("/k8s/control-plane/kapsule-dedicated-4/fr-par", "fr-par", None),
    ("/network/loadbalancer/loadbalancer-s/par1", "fr-par", "fr-par-1"),
    ("/network/flexip/ip/run_par1", "fr-par", "fr-par-1"),
    ("/baremetal/em-a115x-ssd/hourly/run_par1", "fr-par", "fr-par-1"),
    ("/baremetal/option/pn/hourly", None, None),
    ("/observability/cockpit/scw-sample/pl-waw", "pl-waw", None),
    ("/compute/dev1_s/run_waw3", "pl-waw", "pl-waw-3"),
    ("/compute/dev1_s/run_it-mil-1", "it-mil", "it-mil-1"),
    ("/paas/caas/offer", None, None),
    ("/tools/registry/storage/fr", "fr-par", None),
    ("/network/edge-services/plan/starter", None, None),
]


def test_the_place_of_a_sku_is_read_in_every_spelling_and_else_unknown(build):
    rows = build(
        "silver.skus",
        given={"silver.consumptions": [{"sku": sku, "billing_month": "2026-10"} for sku, *_ in LOCALITIES]},
    )
    found = {row["sku"]: (row["region_id"], row["availability_zone"]) for row in rows}
    assert found == {sku: (region, zone) for sku, region, zone in LOCALITIES}


def test_the_price_list_knows_a_skus_place_better_than_its_spelling(build):
    listed = {"sku": "/compute/dev1_s/run_par1", "valid_from": date(2026, 10, 1), "availability_zone": "it-mil-1"}
    (row,) = build("silver.skus", given={"silver.prices": [listed]})
    assert (row["region_id"], row["availability_zone"], row["is_listed"]) == ("it-mil", "it-mil-1", True)


@pytest.mark.parametrize(
    ("sku", "service"),
    [
        ("/compute/pro2_xxs/run_fr-par-2", "Instances"),
        ("/compute/h100_sxm_2_80g/run_fr-par-2", "GPU Instances"),
        ("/storage/block/snapshot/fr-par-1", "Snapshots"),
        ("/storage/block/volume-low-latency-5k/nl-ams-2", "Block Storage"),
        ("/storage/redis/main-node/RED1-XS/fr-par-1", "Managed Redis"),
        ("/storage/obj/bandwidth/to-fr-par/fr-par", "Object Storage"),
        ("/k8s/multicloud/control-plane/fr-par", "Kubernetes"),
        ("/ai/inference_dedicated/deployment/l4/fr-par", "Dedicated Inference"),
        ("/apple-silicon/m2-m/monthly/run_par1", "Apple silicon"),
        ("/never/seen/before", "Other"),
    ],
)
def test_a_sku_belongs_to_one_service(build, sku, service):
    (row,) = build("silver.skus", given={"silver.costs": [{"sku": sku, "billing_month": "2026-10"}]})
    assert row["service_name"] == service
