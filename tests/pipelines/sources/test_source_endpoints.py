"""What is asked for, in Scaleway's spelling and with the SDK's traps avoided."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from pipelines.errors import UsageError
from pipelines.sources import billing, catalog, inventory
from pipelines.sources.endpoints import Endpoint
from pipelines.sources.localities import REGIONS, REGIONS_WITHOUT_MILAN, ZONES, ZONES_WITHOUT_MILAN

ORGANIZATION = "22222222-2222-2222-2222-222222222222"
DAY = date(2026, 2, 28)


@pytest.mark.parametrize(
    ("ask", "path", "parameters", "billing_month"),
    [
        (
            lambda scaleway: billing.charges(scaleway, DAY),
            "/billing/v2beta1/charges",
            {
                "organization_id": ORGANIZATION,
                "start_date_after": "2026-02-28T00:00:00Z",
                "end_date_before": "2026-03-01T00:00:00Z",
                "clamp_to_time_range": "true",
                "page_size": "1000",
            },
            "2026-02",
        ),
        (
            lambda scaleway: billing.consumptions(scaleway, "2026-02"),
            "/billing/v2beta1/consumptions",
            {"organization_id": ORGANIZATION, "billing_period": "2026-02", "page": "1", "page_size": "100"},
            "2026-02",
        ),
        (
            lambda scaleway: billing.taxes(scaleway, "2026-02"),
            "/billing/v2beta1/taxes",
            {"organization_id": ORGANIZATION, "billing_period": "2026-02", "page": "1", "page_size": "100"},
            "2026-02",
        ),
        (
            billing.invoices,
            "/billing/v2beta1/invoices",
            {"organization_id": ORGANIZATION, "page": "1", "page_size": "100"},
            None,
        ),
        (
            billing.discounts,
            "/billing/v2beta1/discounts",
            {"organization_id": ORGANIZATION, "page": "1", "page_size": "100"},
            None,
        ),
        (
            billing.budgets,
            "/billing/v2/budgets",
            {"organization_id": ORGANIZATION, "page": "1", "page_size": "100"},
            None,
        ),
        (
            catalog.products,
            "/product-catalog/v2alpha1/public-catalog/products",
            {"page": "1", "page_size": "100"},
            None,
        ),
        (
            inventory.projects,
            "/account/v3/projects",
            {"organization_id": ORGANIZATION, "order_by": "created_at_asc", "page": "1", "page_size": "100"},
            None,
        ),
    ],
)
def test_each_endpoint_is_asked_for_the_whole_organization(
    server, scaleway, reply, ask, path, parameters, billing_month
):
    key = path.rpartition("/")[2]
    server.script(path, reply({key: [], "total_count": 0}))
    question = ask(scaleway).question
    (asked,) = server.asked
    assert {name: value for name, (value,) in asked.query.items()} == parameters
    paging = {"page", "page_size"}
    assert dict(question.parameters) == {name: parameters[name] for name in parameters.keys() - paging}
    assert (question.path, question.billing_month) == (path, billing_month)


@pytest.mark.parametrize("month", ["2026-13", "2026-2", "02-2026", "2026-02-01", "", "2026-02\n"])
def test_a_month_is_written_as_year_and_month(server, scaleway, month):
    with pytest.raises(UsageError, match="is not YYYY-MM"):
        billing.consumptions(scaleway, month)
    with pytest.raises(UsageError, match="is not YYYY-MM"):
        billing.taxes(scaleway, month)
    assert server.asked == []


def test_times_truths_lists_and_reserved_names_are_spelled_as_the_api_reads_them(scaleway):
    paris = timezone(timedelta(hours=2))
    request = scaleway.request(
        billing.CHARGES,
        start_date_after=datetime(2026, 5, 26, 2, tzinfo=paris),
        end_date_before=datetime(2026, 5, 27, tzinfo=UTC),
        project_ids=["p-1", "p-2"],
        clamp_to_time_range=False,
    )
    assert ("start_date_after", "2026-05-26T00:00:00Z") in request.parameters
    assert ("end_date_before", "2026-05-27T00:00:00Z") in request.parameters
    assert ("clamp_to_time_range", "false") in request.parameters
    assert [value for name, value in request.parameters if name == "project_ids"] == ["p-1", "p-2"]
    assert ("global", "true") in scaleway.request(catalog.PRODUCTS, global_=True).parameters
    with pytest.raises(ValueError, match="has no time zone"):
        scaleway.request(billing.CHARGES, start_date_after=datetime(2026, 5, 26))  # noqa: DTZ001


def test_an_enum_of_the_sdk_is_sent_as_its_value(scaleway):
    from scaleway.billing.v2beta1 import ListInvoicesRequestOrderBy

    request = scaleway.request(billing.INVOICES, order_by=ListInvoicesRequestOrderBy.ISSUED_DATE_ASC)
    assert ("order_by", "issued_date_asc") in request.parameters


def test_single_objects_can_be_asked_for_too(scaleway):
    key = Endpoint("iam.api_keys", "scaleway.iam.v1alpha1.IamV1Alpha1API", "get_api_key", None)
    request = scaleway.request(key, access_key="SCW00000000000000000")
    assert request.path == "/iam/v1alpha1/api-keys/SCW00000000000000000"


def test_the_lists_of_localities_hold_what_the_sdk_forgets():
    assert len(set(ZONES)) == 10
    assert {"it-mil-1", "pl-waw-3"} < set(ZONES)
    assert set(ZONES) - set(ZONES_WITHOUT_MILAN) == {"it-mil-1"}
    assert REGIONS == ("fr-par", "nl-ams", "pl-waw", "it-mil")
    assert set(REGIONS) - set(REGIONS_WITHOUT_MILAN) == {"it-mil"}
    assert {zone.rpartition("-")[0] for zone in ZONES} == set(REGIONS)
