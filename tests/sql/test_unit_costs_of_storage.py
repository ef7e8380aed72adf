"""GB-hours of buckets, volumes and snapshots, and what a GB stored costs."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

MONTH = "2026-09"
GB = 10**9


def day(number: int) -> date:
    return date(2026, 9, 1) + timedelta(days=number - 1)


def moment(number: int, hour: int = 0) -> datetime:
    return datetime(2026, 9, 1, tzinfo=UTC) + timedelta(days=number - 1, hours=hour)


def charge(resource: str, sku: str, number: int, amount: str | None, hours: tuple[int, int] = (0, 24)) -> dict:
    return {
        "charge_key": f"{resource} {sku} {number}",
        "charge_date": day(number),
        "charge_start": moment(number, hours[0]),
        "charge_end": moment(number, hours[1]),
        "project_id": "p",
        "sku": sku,
        "resource_id": resource,
        "billed_cost": amount,
        "billing_currency": "EUR",
        "billing_month": MONTH,
    }


STANDARD, GLACIER = (f"/storage/obj/storage/{name}/fr-par" for name in ("standard", "glacier"))
EGRESS = "/storage/obj/bandwidth/to-external/fr-par"
VOLUME, SNAPSHOT = "/storage/block/volume-low-latency-5k/fr-par-1", "/storage/block/snapshot/fr-par-1"


def metric(bucket: str, number: int, gigabytes: str, hours: range = range(24)) -> list[dict]:
    return [
        {
            "data_source_id": "d",
            "metric": "bucket_bytes",
            "labels": bucket,
            "usage_hour": moment(number, hour),
            "usage_date": day(number),
            "resource_id": bucket,
            "mean_value": Decimal(gigabytes) * GB,
            "usage_month": MONTH,
        }
        for hour in hours
    ]


def cell(bucket: str, number: int, storage_class: str, state: str, gigabytes: int) -> dict:
    return {
        "as_of": day(number),
        "project_id": "p",
        "bucket": bucket,
        "storage_class": storage_class,
        "state": state,
        "bytes": gigabytes * GB,
        "usage_month": MONTH,
    }


def sized(resource: str, gigabytes: int, first: int = 1, last: int | None = None) -> dict:
    return {
        "resource_id": resource,
        "resource_type": "block_volume",
        "size_bytes": gigabytes * GB,
        "valid_from": day(first),
        "valid_to": day(last) if last else None,
    }


def price(sku: str, amount: str) -> dict:
    return {
        "sku": sku,
        "valid_from": day(1),
        "list_unit_price": amount,
        "pricing_unit": "gigabyte",
        "billing_currency": "EUR",
    }


@pytest.fixture
def stored(build):
    """`stored(charges, metrics=…)`: rows of silver.unit_storage."""

    def made(charges: list, metrics=(), cells=(), uploads=(), sizes=(), prices=()) -> list[dict[str, Any]]:
        return build(
            "silver.unit_storage",
            given={
                "silver.labelled_costs": charges,
                "silver.usage_hourly": list(metrics),
                "silver.storage_histograms": list(cells),
                "silver.storage_uploads": list(uploads),
                "silver.resources": list(sizes),
                "silver.prices": list(prices),
            },
            months=[MONTH],
        )

    return made


def test_a_bucket_holds_the_mean_of_its_hours_and_its_egress_is_loaded_on_it(stored):
    metrics = [*metric("media", 1, "100", range(12)), *metric("media", 1, "300", range(12, 24))]
    (row,) = stored([charge("media", STANDARD, 1, "0.1"), charge("media", EGRESS, 1, "0.05")], metrics)
    assert (row["gb_hours"], row["units_source"], row["units_coverage"]) == (200 * 24, "bucket metrics", 1)
    assert (row["billed_cost"], row["extra_cost"], row["storage_class"]) == (
        Decimal("0.1"),
        Decimal("0.05"),
        "standard",
    )


def test_hours_that_were_not_seen_show_in_the_coverage_and_are_taken_at_the_mean_of_the_others(stored):
    (row,) = stored([charge("media", STANDARD, 1, "0.1")], metric("media", 1, "10", range(18)))
    assert (row["gb_hours"], row["units_coverage"]) == (240, Decimal("0.75"))


def test_classes_of_a_bucket_share_its_bytes_as_listed_with_versions_and_incomplete_parts(stored):
    cells = [
        cell("media", 1, "STANDARD", "current", 40),
        cell("media", 1, "STANDARD", "noncurrent", 10),
        cell("media", 1, "GLACIER", "current", 40),
    ]
    uploads = [{k: v for k, v in cell("media", 1, "STANDARD", "", 10).items() if k != "state"}]
    charges = [
        charge("media", STANDARD, 2, "3"),
        charge("media", GLACIER, 2, "1"),
        charge("media", EGRESS, 2, "0.000000000003"),
    ]
    rows = {row["storage_class"]: row for row in stored(charges, metric("media", 2, "200"), cells, uploads)}
    assert (rows["standard"]["gb_hours"], rows["glacier"]["gb_hours"]) == (120 * 24, 80 * 24)
    assert rows["standard"]["live_gb_hours"] == 80 * 24
    assert rows["standard"]["units_source"] == "bucket metrics, classes as listed"
    assert sum(row["extra_cost"] for row in rows.values()) == Decimal("0.000000000003")


def test_classes_of_a_bucket_share_its_bytes_as_they_are_billed_and_not_as_last_weeks_listing_saw_them(stored):
    cells = [cell("media", 1, "STANDARD", "current", 50), cell("media", 1, "GLACIER", "current", 50)]
    cells.append(cell("media", 1, "STANDARD", "noncurrent", 100))
    prices = [price(STANDARD, "0.00002"), price(GLACIER, "0.000003")]
    charges = [charge("media", STANDARD, 2, "0.048"), charge("media", GLACIER, 2, "0.0216")]  # 2400 and 7200 GB-hours
    rows = {row["storage_class"]: row for row in stored(charges, metric("media", 2, "400"), cells, prices=prices)}
    assert (rows["standard"]["gb_hours"], rows["glacier"]["gb_hours"]) == (100 * 24, 300 * 24)
    assert {row["units_source"] for row in rows.values()} == {"bucket metrics, classes as billed"}
    # the bill knows nothing of versions: the listing does
    assert rows["standard"]["live_gb_hours"].quantize(Decimal("0.000001")) == 100 * 24 / Decimal(3).quantize(
        Decimal("0.000001")
    )
    # a contract's discount on both, or a free tier, makes less of the charges and none of the bytes
    cheaper = [charge("media", STANDARD, 2, "0.024"), charge("media", GLACIER, 2, "0.0108")]
    rows = {row["storage_class"]: row for row in stored(cheaper, metric("media", 2, "400"), cells, prices=prices)}
    assert (rows["standard"]["gb_hours"], rows["glacier"]["gb_hours"]) == (100 * 24, 300 * 24)


def test_a_free_class_has_the_part_that_was_listed_and_the_others_share_the_rest_as_billed(stored):
    cells = [cell("media", 1, name, "current", 50) for name in ("STANDARD", "ONEZONE_IA", "GLACIER", "GLACIER")]
    prices = [price(STANDARD, "0.00002"), price(GLACIER, "0.000003")]
    free = STANDARD.replace("standard", "onezone_ia")
    charges = [
        charge("media", STANDARD, 2, "0.048"),
        charge("media", GLACIER, 2, "0.0072"),
        charge("media", free, 2, "0"),
    ]
    rows = {row["storage_class"]: row for row in stored(charges, metric("media", 2, "400"), cells, prices=prices)}
    hours = {name: row["gb_hours"] for name, row in rows.items()}
    assert hours == {"onezone_ia": 100 * 24, "standard": 150 * 24, "glacier": 150 * 24}
    assert rows["onezone_ia"]["units_source"] == "bucket metrics, classes as listed"
    assert rows["standard"]["units_source"] == "bucket metrics, classes as billed"


@pytest.mark.parametrize("billed", [("0.010001", "0.000003"), ("123.456789012345", "0.000000000001")])
def test_classes_of_a_bucket_add_up_to_its_bytes_to_the_last_one(stored, billed):
    prices = [price(STANDARD, "0.0000199"), price(GLACIER, "0.00000347")]
    charges = [charge("media", sku, 2, amount) for sku, amount in zip((STANDARD, GLACIER), billed, strict=True)]
    rows = stored(charges, metric("media", 2, "0.123456789"), prices=prices)
    assert sum(row["gb_hours"] for row in rows) == Decimal("0.123456789") * 24


def test_while_the_charge_of_one_class_is_late_the_others_are_what_the_bill_says(stored):
    """The whole bucket would otherwise be taken for the one class that was charged."""
    charges = [charge("archive", STANDARD, number, "2.4") for number in (1, 2, 3)]
    charges += [charge("archive", GLACIER, number, "0.72") for number in (1, 3)]
    rows = stored(
        charges,
        [line for number in (1, 2, 3) for line in metric("archive", number, "40")],
        prices=[price(STANDARD, "0.01"), price(GLACIER, "0.001")],
    )
    found = {(row["usage_date"].day, row["storage_class"]): (row["gb_hours"], row["units_source"]) for row in rows}
    assert found[1, "standard"] == found[3, "standard"] == (240, "bucket metrics, classes as billed")
    assert found[2, "standard"] == (240, "bill (charge ÷ list price)")
    assert (2, "glacier") not in found


def test_a_class_that_begins_later_leaves_the_days_before_it_to_the_metrics(stored):
    charges = [charge("archive", STANDARD, number, "2.4") for number in (1, 2, 3)] + [
        charge("archive", GLACIER, 3, "0.72")
    ]
    rows = stored(
        charges,
        [line for number in (1, 2, 3) for line in metric("archive", number, "11")],
        prices=[price(STANDARD, "0.01"), price(GLACIER, "0.001")],
    )
    assert {row["usage_date"].day: row["gb_hours"] for row in rows if row["units_source"] == "bucket metrics"} == {
        1: 264,
        2: 264,
    }


def test_volumes_and_snapshots_have_the_size_of_their_day_for_the_hours_they_were_billed(stored):
    charges = [
        charge("v", VOLUME, 1, "0.3"),
        charge("v", VOLUME, 2, "0.3", (0, 6)),
        charge("s", SNAPSHOT, 1, "0.1"),
    ]
    rows = stored(charges, sizes=[sized("v", 100, 1, 2), sized("v", 200, 2), sized("s", 50)])
    found = {(row["storage_kind"], row["storage_class"], row["usage_date"]): row["gb_hours"] for row in rows}
    assert found == {
        ("block", "volume-low-latency-5k", day(1)): 2_400,
        ("block", "volume-low-latency-5k", day(2)): 1_200,
        ("snapshot", "block snapshot", day(1)): 1_200,
    }


def test_what_neither_metrics_nor_inventory_tell_is_derived_from_the_bill_and_says_so(stored):
    (row,) = stored([charge("v", VOLUME, 1, "0.24")], prices=[price(VOLUME, "0.0001")], sizes=[sized("v", 9, 2)])
    assert (row["gb_hours"], row["units_source"]) == (2_400, "bill (charge ÷ list price)")
    (row,) = stored([charge("v", VOLUME, 1, "0.24")])
    assert (row["gb_hours"], row["units_source"], row["units_coverage"]) == (None, None, 0)


def test_egress_of_a_bucket_in_which_nothing_is_stored_is_not_lost(stored):
    (row,) = stored([charge("media", EGRESS, 1, "2")])
    assert (row["storage_class"], row["billed_cost"], row["extra_cost"]) == (None, 0, 2)


def test_days_are_the_sums_of_what_is_stored_by_class_and_labels(build):
    def holder(name: str, hours: int | None, **more: Any) -> dict:
        row = {**held(1, None, "0.5", extra="0.1"), "resource_id": name, "gb_hours": hours, "product": "shop"}
        told = {"units_source": None if hours is None else "inventory", "units_coverage": 0 if hours is None else 1}
        return {key: value for key, value in (row | told | more).items() if key not in ("holders", "live_holders")}

    rows = [holder("a", 24), holder("b", 48, live_gb_hours=12), holder("c", None), holder("d", 5, product="pay")]
    made = build("silver.unit_storage_days", given={"silver.unit_storage": rows}, months=[MONTH])
    found = {(row["product"], row["units_source"]): row for row in made}
    both = found["shop", "inventory"]
    assert (both["gb_hours"], both["live_gb_hours"], both["holders"], both["live_holders"]) == (72, 12, 2, 1)
    assert (both["billed_cost"], both["extra_cost"], both["units_coverage"]) == (1, Decimal("0.2"), 2)
    assert found["shop", None]["gb_hours"] is None
    assert set(found) == {("shop", "inventory"), ("shop", None), ("pay", "inventory")}


# --- the figure


def held(number: int, gigabytes: str | None, amount: str, kind: str = "object", extra: str = "0", **more: Any) -> dict:
    hours = None if gigabytes is None else Decimal(gigabytes) * 24
    return {
        "storage_kind": kind,
        "environment": "prod",
        "storage_class": "standard",
        "usage_date": day(number),
        "gb_hours": hours,
        "units_coverage": 0 if hours is None else 1,
        "units_source": None if hours is None else "inventory",
        "holders": 1,
        "live_holders": 1 if more.get("live_gb_hours") else 0,
        "billed_cost": amount,
        "extra_cost": extra,
        "billing_currency": "EUR",
        "billing_month": MONTH,
        **more,
    }


def figures(build, rows: list[dict]) -> dict[tuple, dict]:
    made = build("gold.cost_per_gb", given={"silver.unit_storage_days": rows}, months=[MONTH])
    return {(row["period"], row["period_start"], row["storage_kind"], row["storage_class"]): row for row in made}


def test_a_gigabyte_is_normalised_to_730_hours_and_kinds_of_storage_never_mix(build):
    days = range(1, 31)
    rows = [held(number, "1000", "0.48", extra="0.12", live_gb_hours=12_000) for number in days]
    rows += [held(number, "10", "1", "block") for number in days]
    found = figures(build, rows)
    month = found["month", day(1), "object", "standard"]
    assert month["mean_stored_gb"] == 1_000
    assert month["unit_cost"] == pytest.approx(Decimal("0.0146"))  # 0.00002 an hour, for 730 hours
    assert month["loaded_unit_cost"] == pytest.approx(Decimal("0.01825"))
    assert month["live_unit_cost"] == pytest.approx(Decimal("0.0292"))
    assert (month["is_complete"], month["cost_coverage"], month["reason"]) == (True, 1, None)
    assert found["month", day(1), "block", "standard"]["unit_cost"] == pytest.approx(Decimal(730) / 240)


def test_a_month_is_the_ratio_of_sums_and_what_has_no_size_is_in_neither_side(build):
    rows = [held(1, "100", "1"), held(2, "300", "1"), held(2, None, "4", product="unknown")]
    month = figures(build, rows)["month", day(1), "object", "standard"]
    assert month["unit_cost"] == pytest.approx(Decimal(2) * 730 / (400 * 24))
    assert (month["direct_cost"], month["uncounted_direct_cost"]) == (2, 4)
    assert (month["is_marked"], month["is_complete"]) == (True, False)
    lost = figures(build, [held(1, None, "4")])["month", day(1), "object", "standard"]
    assert (lost["direct_cost"], lost["unit_cost"]) == (4, None)
    assert lost["reason"].startswith("neither metrics nor inventory tell its size")
