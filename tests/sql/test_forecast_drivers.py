"""What may drive a series: requests of usage, GB-hours of capacity, never what the bill itself was turned into."""

from datetime import date, timedelta
from typing import Any

DAY = date(2026, 9, 1)


def stored(number: int, kind: str, source: str | None, gb_hours: int | None, **more: Any) -> dict[str, Any]:
    return {
        "storage_kind": kind,
        "resource_id": "r",
        "project_id": "p",
        "storage_class": "standard",
        "usage_date": DAY + timedelta(days=number),
        "billing_currency": "EUR",
        "units_source": source,
        "gb_hours": gb_hours,
        "units_coverage": 1,
        "billing_month": "2026-09",
        **more,
    }


def asked(number: int, requests: int, **more: Any) -> dict[str, Any]:
    return {
        "source": "cockpit",
        "project_id": "p",
        "service_type": "object_storage_bucket",
        "usage_date": DAY + timedelta(days=number),
        "requests": requests,
        "is_complete": True,
        "usage_month": "2026-09",
        **more,
    }


def drivers(build, **given: Any) -> list[tuple]:
    rows = build(
        "gold.daily_series_drivers",
        given={"silver.unit_storage": given["storage"], "silver.requests_daily": given.get("requests", [])},
        months=["2026-09"],
    )
    return sorted(
        (
            (row["usage_date"] - DAY).days,
            row["service_name"],
            row["behaviour"],
            row["driver"],
            row["source"],
            row["units"],
        )
        for row in rows
    )


def test_storage_that_was_measured_drives_capacity_and_requests_drive_usage(build):
    found = drivers(
        build,
        storage=[
            stored(0, "object", "bucket metrics", 240),
            stored(0, "object", "bucket metrics, classes as billed", 24, storage_class="glacier"),
            stored(0, "block", "inventory", 2400),
            stored(0, "block", "inventory", 100, resource_id="s"),
            stored(0, "snapshot", "inventory", 48),
        ],
        requests=[asked(0, 1000)],
    )
    assert found == [
        (0, "Block Storage", "capacity", "GB-hours", "inventory", 2500),
        (0, "Object Storage", "capacity", "GB-hours", "bucket metrics", 264),
        (0, "Object Storage", "usage", "requests", "cockpit", 1000),
        (0, "Snapshots", "capacity", "GB-hours", "inventory", 48),
    ]


def test_a_day_that_was_derived_from_the_bill_or_seen_in_part_drives_nothing(build):
    found = drivers(
        build,
        storage=[
            stored(0, "object", "bill (charge ÷ list price)", 240),
            stored(1, "object", "bucket metrics", 240),
            stored(1, "object", "bill (charge ÷ list price)", 24, resource_id="s"),
            stored(2, "object", None, None),
            stored(3, "object", "bucket metrics", 240, units_coverage="0.5"),
            stored(4, "object", "bucket metrics", 240),
            stored(4, "object", None, None, storage_class=None),  # egress of a bucket that holds nothing
        ],
    )
    assert found == [(4, "Object Storage", "capacity", "GB-hours", "bucket metrics", 240)]
