"""The projections that are judged at the gates, on rows that break them in one way each."""

import json

import pytest

from assets.gates import GATES
from pipelines.errors import QualityGateError

NAMED = {gate.name: gate for gate in GATES}
CHARGE = {"project_id": "p", "sku": "/x", "start_date": "2026-10-01T00:00:00Z", "price": {"currency_code": "EUR"}}
HOUR = {"metric": "cpu", "samples": 60, "expected_samples": 60, "usage_month": "2026-10", "mean": 0.4}
HOUR |= {"min": 0.1, "p50": 0.3, "p95": 0.5, "p99": 0.6, "p995": 0.7, "max": 0.8}


def refused(build, gate, table, rows):
    build("silver.latest_measurements", given={table: rows}, months=[])
    failures = NAMED[gate].judge(build.catalog.query(NAMED[gate].sql))
    return [failure["column"] for failure in failures]


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({}, None),
        ({"project_id": ""}, "without_project"),
        ({"sku": None}, "without_sku"),
        ({"start_date": "soon"}, "without_start"),
        ({"price": {"currency_code": "euro"}}, "without_currency"),
        ({"price": None}, None),
        ({"end_date": "later"}, "without_end"),
        ({"price": {"currency_code": "EUR", "units": "many"}}, "unreadable_price"),
        ({"price": {"currency_code": "EUR", "units": 1, "nanos": 10**30}}, "unreadable_price"),
        ({"price": "12.34"}, "unreadable_price"),
    ],
)
def test_a_charge_that_silver_cannot_read_is_refused(build, change, column):
    rows = [{"item": json.dumps({**CHARGE, **each}), "billing_month": "2026-10"} for each in ({}, change)]
    assert refused(build, "charges_can_be_read", "bronze.charges", rows) == ([column] if column else [])


def test_old_months_are_not_judged_again(build):
    old = {"item": json.dumps({**CHARGE, "sku": None}), "billing_month": "2026-08"}
    rows = [old, *({"item": json.dumps(CHARGE), "billing_month": month} for month in ("2026-09", "2026-10"))]
    assert refused(build, "charges_can_be_read", "bronze.charges", rows) == []


@pytest.mark.parametrize(
    ("change", "column"),
    [({}, None), ({"p95": 0.2}, "unordered"), ({"samples": 61}, "overfull"), ({"mean": float("inf")}, "not_finite")],
)
def test_an_hour_that_cannot_be_is_refused(build, change, column):
    found = refused(build, "hours_are_plausible", "bronze.usage_hourly", [HOUR, {**HOUR, **change}])
    assert found == ([column] if column else [])


def test_a_tax_that_is_no_amount_is_refused_by_the_name_of_its_table_in_one_line(answers):
    tax = {"description": "VAT", "currency": "EUR", "rate": "0.2", "total_tax_value": "a lot\nof money"}
    answers.answer("bronze.taxes", "billing.taxes", [tax], month="2026-10")
    with pytest.raises(QualityGateError, match=r"^silver.taxes cannot be built: .*a lot of money.*report it$"):
        answers.built("silver.taxes", "2026-10")
