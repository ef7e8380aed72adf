"""Tables that Python makes, when a newer version gives them other columns."""

import sys
from dataclasses import replace

import pyarrow as pa
import pytest

from assets.made_tables import MadeTable, build_months, stale_months_of
from pipelines.lake.address import parse_address
from pipelines.lake.engine import Catalog
from pipelines.lake.sql_models import Layered
from pipelines.lake.store import Lake
from pipelines.lake.tables import PythonTable

SCHEMA = pa.schema([("item", pa.string()), ("cost", pa.int64()), ("billing_month", pa.string())])
MADE = MadeTable(
    PythonTable("gold.things", "", SCHEMA, "billing_month"), ("billing_month", "item"), (), (sys.modules[__name__],)
)


@pytest.fixture
def lake(tmp_path):
    return Lake(parse_address(str(tmp_path / "lake")))


def built(lake: Lake, made: MadeTable, months: list[str]) -> list[dict]:
    """The table as a run of these months leaves it."""
    catalog = Catalog(lake, Layered({}), {made.name: made.table})
    whole = {"item": "a", "cost": 1, "why": "because"}
    build_months(catalog, made, months, lambda month: [{**whole, "billing_month": month}])
    return catalog.query(f"select * from {made.name} order by billing_month").to_pylist()


@pytest.mark.parametrize("columns", [["item", "cost", "why"], ["item"], ["item", "why"]])
def test_other_columns_make_every_month_anew(lake, columns):
    built(lake, MADE, ["2026-09", "2026-10"])
    fields = [(name, SCHEMA.field(name).type if name in SCHEMA.names else pa.string()) for name in columns]
    table = replace(MADE.table, schema=pa.schema([*fields, ("billing_month", pa.string())]))
    rows = built(lake, replace(MADE, table=table), ["2026-10"])
    whole = {"item": "a", "cost": 1, "why": "because"}
    expected = {name: whole[name] for name in columns}
    assert rows == [{**expected, "billing_month": month} for month in ("2026-09", "2026-10")]
    version = lake.state(MADE.name).version
    assert built(lake, replace(MADE, table=table), ["2026-09", "2026-10"]) == rows
    assert lake.state(MADE.name).version == version


def test_months_found_equal_by_other_code_are_not_due_again(lake):
    months = ["2026-09", "2026-10"]
    rows, files = built(lake, MADE, months), lake.state(MADE.name).files()
    other = replace(MADE, code=(pytest,))
    catalog = Catalog(lake, Layered({}), {MADE.name: MADE.table})
    assert stale_months_of(catalog, other, months) == months
    assert built(lake, other, months) == rows
    catalog.forget(MADE.name)
    assert stale_months_of(catalog, other, months) == []
    assert lake.state(MADE.name).files() == files
