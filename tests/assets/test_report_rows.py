"""What the monthly review reads: sums in place of rows, and checks of its month alone that find what all of them do."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from functools import cache

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import parse_one

from assets.report_rows import month_rows
from assets.reports import failed_checks
from assets.tables import TABLES, open_catalog
from pipelines.lake.address import parse_address
from pipelines.lake.sql_models import load_checks, load_models, tables_read
from pipelines.lake.store import Lake, PartitionState

MONTHS = ("2026-05", "2026-06")
MONEY = st.decimals(-1000, 1000, places=12, allow_nan=False)
CHECKS = {check.name: check for check in load_checks()}
MODELS = load_models()


@cache
def schema_of(table: str) -> pa.Schema:
    """Columns a model's select names, of the type that their names say."""
    if table not in MODELS.by_name:
        return TABLES[table].schema
    return pa.schema(
        [(name, _type(name)) for name in parse_one(MODELS.by_name[table].sql, dialect="duckdb").named_selects]
    )


def _type(name: str) -> pa.DataType:
    if name.startswith(("is_", "has_")):
        return pa.bool_()
    if name.startswith("counts_") or name.endswith("_date"):
        return pa.date32()
    if name in ("charge_start", "charge_end"):
        return pa.timestamp("us", tz="UTC")
    is_money = name.endswith(("_cost", "_effect", "_per_day", "amount", "residual"))
    return pa.decimal128(38, 12) if is_money else pa.string()


def write(catalog, table: str, rows: list[dict]) -> None:
    """The table with these rows, by month; columns they do not have are null."""
    schema = schema_of(table)
    content = pa.Table.from_pylist([dict.fromkeys(schema.names) | row for row in rows], schema=schema)
    months = {row["billing_month"] for row in rows} or {*MONTHS}
    catalog.lake.replace(table, content, {m: PartitionState(str(hash(str(rows)))) for m in months}, "billing_month")
    catalog.forget(table)


def lake_at(folder):
    return open_catalog(Lake(parse_address(str(folder))))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(0, 60), st.sampled_from(["A", "B", None]), st.sampled_from("pq"), MONEY), min_size=1)
)
def test_days_of_the_review_are_the_sums_of_the_month_s_rows(tmp_path_factory, drawn):
    catalog = lake_at(tmp_path_factory.mktemp("lake"))
    first = date(2026, 5, 1)
    rows = [
        {"charge_date": (day := first + timedelta(days=after)), "service_name": service, "project_id": project,
         "billing_currency": "EUR", "billed_cost": cost, "billing_month": f"{day:%Y-%m}"}
        for after, service, project, cost in drawn
    ]  # fmt: skip
    write(catalog, "gold.daily_costs", rows)
    expected: dict[tuple, Decimal] = defaultdict(Decimal)
    for row in rows:
        if row["billing_month"] == "2026-06":
            expected[row["charge_date"], row["service_name"]] += row["billed_cost"]
    shown = month_rows(catalog, "gold.daily_costs", "2026-06")
    assert {(row["charge_date"], row["service_name"]): row["billed_cost"] for row in shown} == expected
    assert len(shown) == len(expected)
    assert [row["charge_date"] for row in shown] == sorted(row["charge_date"] for row in shown)


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_a_check_reads_tables_by_billing_month_only(name):
    """So that each of them is enough of its month to judge the month by."""
    for table in {stored for read in tables_read(CHECKS[name].sql) for stored in _stored(read)}:
        model = MODELS.by_name.get(table)
        assert (TABLES[table].partition_by if model is None else model.partition_by) == "billing_month"


def _stored(table: str) -> set[str]:
    model = MODELS.by_name.get(table)
    if model is None or model.is_stored:
        return {table}
    return {name for read in model.reads for name in _stored(read)}


def test_a_month_s_checks_find_in_its_rows_what_they_find_in_all(tmp_path):
    catalog = lake_at(tmp_path)
    for check in CHECKS.values():
        for table in {stored for read in tables_read(check.sql) for stored in _stored(read)}:
            write(catalog, table, [])
    costs = [
        {"charge_key": f"{month}-{each}", "charge_date": date.fromisoformat(f"{month}-0{each}"), "project_id": "p",
         "sku": "" if month == "2026-05" and each == 1 else "/compute/a", "billed_cost": Decimal(each),
         "billing_currency": "EUR", "billing_month": month}
        for month in MONTHS for each in (1, 2, 3)
    ]  # fmt: skip
    write(catalog, "silver.costs", costs)
    kept = [row | {"service_name": "Other"} for row in costs]
    write(catalog, "gold.daily_costs", kept[:-1])
    told = {month: {check.check_name for check in failed_checks(catalog, month)} for month in MONTHS}
    whole = {name: catalog.query(check.sql) for name, check in CHECKS.items()}
    assert told == {month: {name for name, rows in whole.items() if _tells_of(rows, month)} for month in MONTHS}
    assert told["2026-05"] == {"charges_name_project_and_sku"}
    # a charge of no project is told of without a month
    assert told["2026-06"] == {"charges_name_project_and_sku", "gold_keeps_every_charge"}


def _tells_of(rows, month):
    return month in rows["billing_month"].to_pylist() if "billing_month" in rows.column_names else rows.num_rows > 0
