"""A lake that version 0.1.0 wrote, under the present code: nothing is lost, and what it lacked is made of it."""

import tarfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from assets.tables import TABLES, open_catalog
from finops.cli import main
from finops.documented_tables import FOLDER
from finops.documented_tables import this_version as present
from pipelines.lake.address import parse_address
from pipelines.lake.build import build
from pipelines.lake.contracts import columns_of, from_json
from pipelines.lake.migrations import BEFORE_TOLD, migrated, written_by
from pipelines.lake.store import Lake
from pipelines.lake.versions import this_version

PACKED = Path(__file__).parents[1] / "data" / "lake-0.1.0.tar.xz"
MONTHS = ["2026-05", "2026-06", "2026-07"]
WANTED = (
    "gold.monthly_costs",
    "gold.invoice_reconciliation",
    "gold.invoice_waterfall",
    "gold.cost_efficiency",
    "gold.resource_costs",
)
"""Two that the present code makes as before, two by other selects, of which one comes to equal rows, and a new one."""
SUM = "select billing_month, sum(billed_cost) as cost from {} group by all order by all"


def rows_of(state):
    """The rows as a bag, by their columns' names."""
    return Counter(str(sorted(row.items())) for row in state.delta.to_pyarrow_table().to_pylist())


@dataclass
class Upgraded:
    """A lake before and after: tables, their versions and rows, and the cost by month."""

    lake: Lake
    versions: dict
    rows: dict
    columns: dict
    costs: list
    done: list

    @property
    def catalog(self):
        return open_catalog(Lake(self.lake.address))


def brought_up_to_date(lake):
    """As a run does: what it carries over, and every select behind the tables that are wanted."""
    catalog, done = open_catalog(lake), migrated(lake, TABLES)
    needed, asked = set(), [*WANTED]
    while asked:
        model = catalog.models.by_name.get(asked.pop())
        if model is not None and model.table not in needed:
            needed.add(model.table)
            asked += model.reads
    for model in catalog.models:
        if model.table in needed:
            done += [model.table] if build(catalog, model, MONTHS).written else []
            catalog.forget(model.table)
    return done


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("upgraded")
    with tarfile.open(PACKED) as packed:
        packed.extractall(folder, filter="data")
    lake = Lake(parse_address(str(folder / "lake-0.1.0")))
    logs = (folder / "lake-0.1.0").glob("*/*/_delta_log")
    names = sorted(f"{log.parent.parent.name}.{log.parent.name}" for log in logs)
    states = {name: lake.state(name) for name in names}
    before = Upgraded(
        lake,
        {name: state.version for name, state in states.items()},
        {name: rows_of(state) for name, state in states.items()},
        {name: columns_of(state.schema) for name, state in states.items()},
        open_catalog(lake).query(SUM.format("gold.daily_costs")).to_pylist(),
        [],
    )
    before.done = brought_up_to_date(lake)
    return before


def test_the_lake_is_what_the_contract_of_its_version_says(upgraded):
    contracts = from_json((FOLDER / "0.1.0.json").read_text(encoding="utf-8"))
    assert len(upgraded.columns) == 43
    for table, columns in upgraded.columns.items():
        assert columns == contracts[table].columns, table


def test_what_cannot_be_made_again_is_as_it_was(upgraded):
    kept = [table for table in upgraded.rows if table not in upgraded.catalog.models.by_name]
    assert {table.partition(".")[0] for table in kept} == {"bronze", "gold"}
    for told in ("bronze.answers", "gold.anomaly_feedback", "gold.month_closes", "gold.forecast_days"):
        assert upgraded.rows[told].total() > 0
    for table in kept:
        assert rows_of(upgraded.catalog.state(table)) == upgraded.rows[table], table


def test_what_has_another_select_is_made_by_it_and_the_costs_stay(upgraded):
    assert {"gold.invoice_waterfall", "gold.resource_costs"} <= {*upgraded.done}
    assert not {"gold.monthly_costs", "silver.costs", "gold.cost_efficiency"} & {*upgraded.done}
    costs = upgraded.catalog.query(SUM.format("gold.daily_costs")).to_pylist()
    assert costs == upgraded.costs
    assert [row["billing_month"] for row in costs] == MONTHS
    received = upgraded.catalog.query(SUM.format("silver.costs")).to_pylist()
    assert received == costs
    assert upgraded.catalog.query("select * from gold.resource_costs").num_rows > 0


def test_the_versions_before_stay_readable(upgraded):
    changed = [name for name in upgraded.versions if upgraded.lake.state(name).version > upgraded.versions[name]]
    assert "gold.invoice_waterfall" in changed
    for table in changed:
        state = upgraded.lake.state_at(table, upgraded.versions[table])
        assert rows_of(state) == upgraded.rows[table], table
        assert columns_of(state.schema) == upgraded.columns[table], table


def test_every_table_is_under_the_present_contract(upgraded):
    contracts = from_json((FOLDER / f"{present()}.json").read_text(encoding="utf-8"))
    for table in {*upgraded.versions, *upgraded.done}:
        state = upgraded.catalog.state(table)
        assert (columns_of(state.schema), state.partition_by) == (contracts[table].columns, contracts[table].partition)


def test_each_table_tells_who_wrote_it_last(upgraded):
    for table in {*upgraded.versions, *upgraded.done}:
        is_ours = upgraded.catalog.state(table).version > upgraded.versions.get(table, -1)
        assert written_by(upgraded.lake, table) == (this_version() if is_ours else BEFORE_TOLD), table


def test_a_second_time_makes_no_commit(upgraded):
    tables = {*upgraded.versions, *upgraded.done}
    versions = {table: upgraded.lake.state(table).version for table in tables}
    lake = Lake(upgraded.lake.address)
    assert brought_up_to_date(lake) == []
    assert {table: lake.state(table).version for table in tables} == versions


def test_what_people_said_before_and_say_now_stand_in_one_table(upgraded, tmp_path, capsys):
    said = upgraded.catalog.query("select anomaly_id, reason from gold.anomaly_feedback").to_pylist()
    assert [row["reason"] for row in said] == ["A load test that was planned"]
    command = ["anomalies", "reopen", said[0]["anomaly_id"], "--by", "finance", "--reason", "It was put off"]
    assert main([*command, "--lake", upgraded.lake.address.root]) == 0, capsys.readouterr().err
    reasons = upgraded.catalog.query("select reason from gold.anomaly_feedback order by said_at").to_pylist()
    assert [row["reason"] for row in reasons] == ["A load test that was planned", "It was put off"]
