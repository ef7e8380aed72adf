"""What tables promise from release to release: a break is told and comes with a migration; no newer lake is misread."""

import json
from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops.cli import main
from finops.documented_tables import FOLDER, contracts_before, this_version
from pipelines.errors import LakeUnavailable
from pipelines.lake import state, versions
from pipelines.lake.address import parse_address
from pipelines.lake.contracts import TableContract, as_json, columns_of, compared, from_json, numbered
from pipelines.lake.migrations import MIGRATIONS, migrated, written_by
from pipelines.lake.restoring import restore
from pipelines.lake.store import Lake, PartitionState
from pipelines.lake.tables.decisions import DECISION_TABLES, RECOMMENDATIONS
from pipelines.lake.versions import refuse_newer

NAMES = st.sampled_from(["cost", "day", "unit", "usage"])
CONTRACTS = st.builds(
    TableContract,
    st.dictionaries(NAMES, st.sampled_from(["string", "long", "decimal(38,12)"])),
    st.sampled_from([None, "billing_month"]),
    st.sampled_from([(), ("day",), ("day", "unit")]),
    st.builds(lambda major, minor: f"{major}.{minor}", st.integers(1, 9), st.integers(0, 30)),
)


@pytest.fixture
def lake(tmp_path):
    return Lake(parse_address(str(tmp_path / "lake")))


@settings(max_examples=60, deadline=None)
@given(CONTRACTS, CONTRACTS)
def test_a_reader_of_the_contract_before_understands_whatever_is_not_breaking(before, now):
    (told,) = compared({"gold.things": before}, {"gold.things": now})
    understands = (
        all(now.columns.get(name) == kind for name, kind in before.columns.items())
        and before.partition == now.partition
        and before.grain in ((), now.grain)
    )
    assert (told.kind != "breaking") == understands
    assert (told.kind == "unchanged") == (understands and before.columns == now.columns)
    (contract,) = numbered({"gold.things": before}, {"gold.things": now}).values()
    assert (contract.major == before.major) == understands
    assert replace(contract, contract=now.contract) == now
    assert from_json(as_json({"gold.things": contract})) == {"gold.things": contract}


@pytest.mark.parametrize(
    ("change", "kind", "number", "point"),
    [
        ({}, "unchanged", "1.3", None),
        ({"columns": {"day": "date", "cost": "long", "unit": "string"}}, "additive", "1.4", "unit added"),
        ({"columns": {"day": "date"}}, "breaking", "2.0", "cost removed"),
        ({"columns": {"day": "date", "price": "long"}}, "breaking", "2.0", "cost removed"),
        ({"columns": {"day": "date", "cost": "string"}}, "breaking", "2.0", "cost was long, is string"),
        ({"partition": None}, "breaking", "2.0", "partition was billing_month, is None"),
        ({"grain": ("day", "unit")}, "breaking", "2.0", "grain was day, is day, unit"),
    ],
)
def test_each_kind_of_change_has_its_name_and_number(change, kind, number, point):
    before = TableContract({"day": "date", "cost": "long"}, "billing_month", ("day",), "1.3")
    now = {"gold.things": replace(before, **change)}
    (told,) = compared({"gold.things": before}, now)
    assert (told.kind, told.points[:1]) == (kind, (point,) if point else ())
    assert numbered({"gold.things": before}, now)["gold.things"].contract == number


def test_a_table_that_is_gone_breaks_its_readers_and_a_new_one_nobody():
    contract = TableContract({"day": "date"}, None, ())
    told = compared({"gold.old": contract}, {"gold.new": contract})
    assert [(each.table, each.kind) for each in told] == [("gold.new", "new"), ("gold.old", "breaking")]


def test_every_break_since_the_release_before_has_its_migration():
    version = this_version()
    now = from_json((FOLDER / f"{version}.json").read_text(encoding="utf-8"))
    before = contracts_before(version)
    assert before
    broken = {told.table for told in compared(before, now) if told.kind == "breaking"}
    listed = {each.table for each in MIGRATIONS if each.release == version}
    assert broken == listed
    for each in MIGRATIONS:
        assert each.how
        assert each.table not in now or now[each.table].major >= each.contract
    for table, contract in now.items():
        steps = sorted(each.contract for each in MIGRATIONS if each.table == table)
        assert steps == list(range(2, contract.major + 1)), f"{table}: a break without a migration"


def recommendations_of_the_release_before(lake, confidences):
    """The table as 0.1.0 declared it."""
    declared = from_json((FOLDER / "0.1.0.json").read_text(encoding="utf-8"))[RECOMMENDATIONS.name]
    schema = pa.schema(
        [
            (name, pa.string() if name == "confidence" else RECOMMENDATIONS.schema.field(name).type)
            for name in declared.columns
        ]
    )
    assert columns_of(schema) == declared.columns
    rows = [
        {"recommendation_id": f"r{at}", "confidence": text, "status": "rejected", "conflicts_with": ["r0"]}
        for at, text in enumerate(confidences)
    ]
    lake.replace(RECOMMENDATIONS.name, pa.Table.from_pylist(rows, schema=schema), {"": PartitionState("old")}, None)
    return rows


def test_rows_under_a_broken_contract_are_carried_over_once_and_stay_readable(lake):
    rows = recommendations_of_the_release_before(lake, ["0.8", "high", None, "7"])
    declared = {table.name: table for table in DECISION_TABLES}
    assert migrated(lake, declared) == [RECOMMENDATIONS.name]
    state = lake.state(RECOMMENDATIONS.name)
    assert state.version == 1
    assert columns_of(state.schema) == columns_of(RECOMMENDATIONS.schema)
    carried = sorted(state.delta.to_pyarrow_table().to_pylist(), key=lambda row: row["recommendation_id"])
    assert [row["confidence"] for row in carried] == [0.8, None, None, None]
    for kept in ("recommendation_id", "status", "conflicts_with"):
        assert [row[kept] for row in carried] == [row[kept] for row in rows]
    assert migrated(lake, declared) == []
    assert lake.state(RECOMMENDATIONS.name).version == 1
    assert restore(lake, RECOMMENDATIONS.name, 0) == 2
    before = lake.state(RECOMMENDATIONS.name).delta.to_pyarrow_table().to_pylist()
    assert sorted(str(row["confidence"]) for row in before) == ["0.8", "7", "None", "high"]


@settings(max_examples=40, deadline=None)
@given(*[st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(0, 12))] * 2)
def test_only_what_a_later_release_wrote_is_refused(writer, known):
    named, own = (".".join(map(str, each)) for each in (writer, known))
    if writer[:2] <= known[:2]:
        refuse_newer("gold.things", {versions.WRITER: named}, own)
    else:
        with pytest.raises(LakeUnavailable, match=f"gold.things was written by version {named}, and this is {own}"):
            refuse_newer("gold.things", {versions.WRITER: named}, own)


def test_a_table_of_a_later_release_is_neither_read_nor_written_over(lake, monkeypatch, capsys):
    rows = pa.table({"charges_are_net": [True]})
    with monkeypatch.context() as patch:
        patch.setattr(state, "this_version", lambda: "99.1.0")
        lake.replace("bronze.kpi_settings", rows, {"": PartitionState("theirs")}, None)
    opened = Lake(lake.address)
    with pytest.raises(LakeUnavailable, match=r"99\.1\.0"):
        opened.state("bronze.kpi_settings")
    with pytest.raises(LakeUnavailable, match=r"99\.1\.0"):
        opened.replace("bronze.kpi_settings", rows, {"": PartitionState("ours")}, None)
    assert main(["sql", "select * from bronze.kpi_settings", "--lake", str(lake.address.root)]) == 7
    told = capsys.readouterr().err
    assert "99.1.0" in told
    assert len(told.strip().splitlines()) == 1


def test_a_commit_tells_which_version_made_it(lake):
    assert written_by(lake, "gold.things") is None
    rows, told = pa.table({"cost": [1]}), {"": PartitionState("same")}
    lake.replace("gold.things", rows, told, None)
    assert written_by(lake, "gold.things") == versions.this_version()
    commit = lake.address.folder / "gold" / "things" / "_delta_log" / f"{0:020}.json"
    info = next(json.loads(line)["commitInfo"] for line in commit.read_text().splitlines() if "commitInfo" in line)
    assert info[versions.WRITER] == versions.this_version()
