"""The program that measures the reports asks what reports and notebooks ask, of a lake that grew as a run builds it."""

import json
import time
from collections import Counter

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from assets.made_assets import MAKINGS
from assets.tables import open_catalog
from benchmarks import grown_lake, report_speed
from benchmarks.notebook_calls import NOTEBOOKS, notebook_calls
from finops.notebook_lake import OpenLake
from pipelines.lake.address import parse_address
from pipelines.lake.sql_models import load_models
from pipelines.lake.store import Lake, PartitionState


def lake_at(folder):
    return open_catalog(Lake(parse_address(str(folder))))


def test_tables_are_built_after_all_that_they_are_made_from():
    models, made = load_models(), {making.made.name: making.made.reads for making in MAKINGS}
    order = grown_lake.tables_behind(models, report_speed.read_tables())
    assert {"gold.daily_costs", "gold.bridge_parts", "gold.total_bridge", "gold.monthly_summary"} <= {*order}
    assert not {*order} & {*grown_lake.GROWN}
    for at, table in enumerate(order):
        model = models.by_name.get(table)
        assert not {*order[at:]} & {*(made[table] if model is None else model.reads)}


def test_copies_have_resources_of_their_own_and_share_projects_by_division(tmp_path):
    catalog = lake_at(tmp_path)
    kinds = {"billed_cost": pa.decimal128(38, 12)}
    names = ("charge_key", "resource_id", "project_id", "billed_cost", "billing_month")
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in names])
    rows = [
        {"charge_key": f"{month}{each}", "resource_id": each or None, "project_id": "p", "billed_cost": 3,
         "billing_month": month}
        for month in ("2026-05", "2026-06") for each in ("", "a")
    ]  # fmt: skip
    content = pa.Table.from_pylist(rows, schema=schema)
    states = {month: PartitionState(month) for month in ("2026-05", "2026-06")}
    catalog.lake.replace(grown_lake.CHARGES, content, states, "billing_month")
    grown_lake._copy(catalog, grown_lake.CHARGES, copies=5, divisions=2)
    copied = catalog.query(f"select * from {grown_lake.CHARGES}").to_pylist()
    assert Counter(row["billing_month"] for row in copied) == {"2026-05": 10, "2026-06": 10}
    assert len({row["charge_key"] for row in copied}) == len(copied)
    assert {row["resource_id"] for row in copied} == {None, "a", "a-1", "a-2", "a-3", "a-4"}
    assert Counter(row["project_id"] for row in copied) == {"p": 12, "p-1": 8}
    assert all(row in copied for row in rows)


@given(st.lists(st.floats(0, 100), min_size=1))
def test_at_most_a_twentieth_of_the_rounds_took_longer_than_is_told(seconds):
    told = report_speed.p95(seconds)
    assert told in seconds
    assert sum(each > told for each in seconds) <= len(seconds) / 20


def test_a_query_is_told_with_the_time_it_took(tmp_path):
    watched = report_speed.Watched(lake_at(tmp_path))
    started = time.perf_counter()
    assert watched.query("select 1 as one").to_pylist() == [{"one": 1}]
    whole = time.perf_counter() - started
    [(asked, [taken])] = watched.taken.items()
    assert asked == "select 1 as one"
    assert 0 < taken.wall <= whole


class Asked:
    """A lake that says what it was asked."""

    def table(self, name, **equal):
        return name, equal

    def under_pseudonyms(self, frame):
        return "shown", frame


def test_a_notebook_s_calls_are_made_as_its_cells_make_them(tmp_path):
    sources = [
        "KPI = 'cost_per_gb'\nMONTH = None\nlake = open_lake()",
        "show(lake.table('gold.kpis', kpi=KPI), lake.table('gold.kpis', kpi=KPI))",
        "x = lake.under_pseudonyms(lake.table('gold.tenant_margins', billing_month=view.month))",
        "for machine in x:\n    lake.table('silver.usage_hourly', resource_id=machine)",
    ]
    cells = [{"cell_type": "code", "source": [source]} for source in sources]
    (tmp_path / "00.ipynb").write_text(json.dumps({"cells": [{"cell_type": "markdown", "source": []}, *cells]}))
    assert [call.make(Asked()) for call in notebook_calls("2026-05", tmp_path)] == [
        ("gold.kpis", {"kpi": "cost_per_gb"}),
        ("shown", ("gold.tenant_margins", {"billing_month": "2026-05"})),
    ]


def test_every_method_of_the_lake_is_called_by_a_notebook_that_is_measured():
    told = " ".join(call.text for call in notebook_calls("2026-05", NOTEBOOKS))
    methods = {name for name in vars(OpenLake) if not name.startswith("_")}
    assert {name for name in methods if f"lake.{name}(" in told} == methods
