"""What plans for buckets stand on: cells of the newest listing, how a bucket is set up and read, and usual traffic."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

D = Decimal
LISTED = date(2026, 11, 18)
PLACE = {"region_id": "fr-par", "project_id": "p", "bucket": "media", "usage_month": "2026-11"}


@pytest.fixture(scope="module")
def build(selected):
    return selected


def listing(as_of=LISTED, **more):
    return {**PLACE, "as_of": as_of, "is_sample": False, "covers_versions": True, "objects": 9, "bytes": 900, **more}


def cell(prefix, as_of=LISTED, **more):
    told = {"storage_class": "STANDARD", "state": "current", "age_days_from": 30, "age_days_to": 60,
            "size_bytes_from": 131_072, "size_bytes_to": 1_000_000, "objects": 1, "bytes": 100}  # fmt: skip
    return {**PLACE, "as_of": as_of, "prefix": prefix, **told, **more}


def test_cells_are_of_the_newest_listing_by_first_part_of_keys(build):
    cells = [
        cell("logs/2026/"), cell("logs/2025/"), cell("", size_bytes_to=10_000_000), cell("(other)", size_bytes_to=None),
        cell("logs/2026/", as_of=date(2026, 11, 11), bytes=7),
    ]  # fmt: skip
    uploads = [
        {**PLACE, "as_of": LISTED, "storage_class": "STANDARD", "age_days_from": 7, "age_days_to": 30, "uploads": 3,
         "bytes": None},
        {**PLACE, "as_of": LISTED, "age_days_from": None, "uploads": 0, "bytes": 0, "bucket": "empty"},
    ]  # fmt: skip
    given = {
        "silver.storage_listings": [listing(), listing(date(2026, 11, 11))],
        "silver.storage_histograms": cells,
        "silver.storage_uploads": uploads,
    }
    rows = build("gold.storage_cells", given=given)
    assert {(row["prefix"], row["state"], row["is_small"], row["objects"], row["bytes"]) for row in rows} == {
        ("logs/", "current", True, 2, 200),
        ("", "current", False, 1, 100),
        (None, "current", False, 1, 100),
        (None, "incomplete_upload", False, 3, None),
    }
    assert {row["resource_id"] for row in rows} == {"media"}


def price(sku, value, since=date(2026, 1, 1), until=None):
    return {"sku": f"/storage/obj/{sku}", "list_unit_price": D(value), "billing_currency": "EUR", "valid_from": since,
            "valid_to": until}  # fmt: skip


def read(day, value, samples=12):
    return {"resource_id": "media", "metric": "bucket_egress_bytes", "usage_date": day, "mean_value": value,
            "expected_samples": samples, "usage_month": f"{day:%Y-%m}"}  # fmt: skip


def setup(until=None, **more):
    return {"bucket": "media", "region_id": "fr-par", "project_id": "p", "versioning": "never", "lifecycle_rules": "[]",
            "tags": "{}", "valid_from": date(2026, 1, 1), "valid_to": until, "is_current": until is None,
            "created_at": datetime(2025, 1, 1, tzinfo=UTC), **more}  # fmt: skip


def outlook(build, **given):
    told = {
        "silver.storage_listings": [listing()],
        "silver.storage_histograms": [],
        "silver.buckets": [setup()],
        "silver.usage_hourly": [],
        "silver.prices": [],
    }
    (row,) = build(
        "gold.storage_outlook", given={**told, **{name.replace("__", "."): rows for name, rows in given.items()}}
    )
    return row


def test_reads_are_what_left_in_four_weeks_and_null_where_nobody_measured(build):
    days = [LISTED, LISTED - timedelta(1), LISTED - timedelta(28), LISTED - timedelta(29)]
    row = outlook(build, silver__usage_hourly=[read(day, 10) for day in days])
    assert (row["egress_bytes"], row["egress_days"]) == (D(240), 2)
    row = outlook(build, silver__usage_hourly=[read(days[1], None)])
    assert row["egress_bytes"] is row["egress_days"] is None


def test_prices_are_of_the_region_and_day_by_the_month(build):
    row = outlook(
        build,
        silver__prices=[
            price("storage/standard/fr-par", "0.00002", until=date(2026, 11, 18)),
            price("storage/standard/fr-par", "0.00003", since=date(2026, 11, 18)),
            price("storage/standard/nl-ams", "9"),
            price("restore/glacier/fr-par", "0.009"),
        ],
    )
    assert (row["standard_price"], row["restore_price"]) == (D("0.0219"), D("0.009"))
    assert row["onezone_price"] is row["glacier_price"] is None


def test_a_bucket_is_as_it_was_set_up_when_it_was_listed(build):
    row = outlook(
        build,
        silver__buckets=[setup(until=date(2026, 11, 1), versioning="enabled"), setup(valid_from=date(2026, 11, 1))],
        silver__storage_histograms=[
            cell("", newest_at=datetime(2026, 10, 2, tzinfo=UTC)),
            cell("", state="noncurrent", newest_at=datetime(2026, 11, 2, tzinfo=UTC)),
        ],
    )
    assert (row["versioning"], row["last_written_at"]) == ("never", datetime(2026, 10, 2, tzinfo=UTC))


def test_of_two_places_with_one_name_the_newest_listing_holds(build):
    listings = [listing(date(2026, 11, 2), project_id="old", bytes=1), listing()]
    assert outlook(build, silver__storage_listings=listings)["bytes"] == 900


def egress(build, costs):
    charges = [
        {"resource_id": "media", "sku": "/storage/obj/bandwidth/to-external/fr-par", "billing_currency": "EUR",
         "charge_date": LISTED - timedelta(days), "billed_cost": D(cost),
         "billing_month": f"{LISTED - timedelta(days):%Y-%m}"}
        for days, cost in costs
    ]  # fmt: skip
    months = [{"billing_month": "2026-11", "charges_until": LISTED}]
    rows = build("gold.storage_egress", given={"silver.billing_months": months, "silver.labelled_costs": charges})
    return rows[0] if rows else None


def test_the_usual_is_the_median_day_before_the_last_four_weeks(build):
    row = egress(build, [*((days, 9) for days in range(1, 60)), *((days, 4) for days in range(60, 169)), (169, 1000)])
    assert (row["usual_daily_cost"], row["usual_days"]) == (4, 140)
    assert (row["recent_cost"], row["recent_days"]) == (9 * 28, 28)
    assert row["rising_since"] == LISTED - timedelta(59)


def test_traffic_that_fell_back_is_not_rising(build):
    row = egress(build, [(1, 4), *((days, 9) for days in range(2, 30)), *((days, 4) for days in range(30, 100))])
    assert row["rising_since"] is None


def test_a_bucket_without_billed_traffic_has_no_row(build):
    assert egress(build, []) is None
