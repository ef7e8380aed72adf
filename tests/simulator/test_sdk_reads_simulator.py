"""The official SDK parses what the simulator answers."""

from datetime import UTC, datetime

import pytest
from scaleway import Client
from scaleway.account.v3.api import AccountV3ProjectAPI
from scaleway.billing.v2.api import BillingV2API
from scaleway.billing.v2beta1.api import BillingV2Beta1API, BillingV2Beta1FinOpsAPI
from scaleway.block.v1.api import BlockV1API
from scaleway.instance.v1.api import InstanceV1API
from scaleway.product_catalog.v2alpha1.api import ProductCatalogV2Alpha1PublicCatalogAPI


@pytest.fixture
def client(simulator):
    organization = simulator.world.scenario.organization
    return Client(
        access_key=organization.access_key,
        secret_key=organization.secret_key,
        api_url=simulator.address,
        default_organization_id=organization.id,
        default_region="fr-par",
        default_zone="fr-par-1",
    )


def test_charges_page_by_token(client, simulator):
    api = BillingV2Beta1FinOpsAPI(client)
    window = {"start_date_after": "2026-06-10T00:00:00Z", "end_date_before": "2026-06-11T00:00:00Z"}
    charges, token = [], None
    while True:
        answer = api.list_charges(**window, clamp_to_time_range=True, page_size=6, page_token=token)
        charges += answer.charges
        token = answer.next_page_token
        if not token:
            break
    expected = simulator.charges("2026-06-10T00:00:00Z", "2026-06-11T00:00:00Z", clamp_to_time_range=True)
    assert [charge.resource_id for charge in charges] == [row["resource_id"] for row in expected]
    assert charges[0].end_date == datetime(2026, 6, 10, 23, 59, 59, 999_999, UTC)
    assert charges[0].price.currency_code == "EUR"


def test_a_datetime_as_the_sdk_sends_it_is_refused(client):
    from scaleway_core.api import ScalewayException

    with pytest.raises(ScalewayException) as refused:
        BillingV2Beta1FinOpsAPI(client).list_charges(start_date_after=datetime(2026, 6, 10, tzinfo=UTC))
    assert refused.value.status_code == 400


def test_the_bill(client, simulator):
    api = BillingV2Beta1API(client)
    consumption = api.list_consumptions(organization_id=simulator.organization_id, billing_period="2026-06")
    assert len(consumption.consumptions) == consumption.total_count > 15
    assert consumption.updated_at is not None
    invoices = api.list_invoices_all()
    assert {invoice.type_ for invoice in invoices} == {"periodic", "purchase", "credit_note"}
    assert api.get_invoice(invoice_id=invoices[0].id) == invoices[0]
    assert api.list_taxes(billing_period="2026-06").taxes[0].rate == 0.2
    assert api.list_discounts_all()[0].value == 60.0
    assert BillingV2API(client).list_budgets().budgets[0].consumption_limit.units == 500


def test_the_inventory(client):
    instances = InstanceV1API(client)
    servers = instances.list_servers_all()
    assert {server.name for server in servers} == {"web-01", "web-02", "late-worker", "forgotten"}
    assert instances.list_volumes_all()
    assert len(instances.list_ips_all()) == 3
    assert instances.list_snapshots_all() == []
    assert instances.list_images_all() == []
    types = instances.list_servers_types(zone="fr-par-2", per_page=100)
    assert types.servers["L4-1-24G"].gpu == 1
    assert int(types.total_count) >= len(types.servers)
    assert BlockV1API(client).list_volumes_all(include_deleted=False)
    assert len(BlockV1API(client).list_snapshots_all(include_deleted=False)) == 1
    assert {p.name for p in AccountV3ProjectAPI(client).list_projects_all()} == {"default", "shop", "lab"}


def test_the_catalogue(client):
    products = ProductCatalogV2Alpha1PublicCatalogAPI(client).list_public_catalog_products_all(page_size=100)
    prices = {product.sku: product.price.retail_price for product in products}
    assert prices["/compute/pro2_s/run_par1"].nanos == 223_380_000
    assert len(prices) == len(products)
