"""A check asks again only for what it has not seen pass: rows that changed, a query or a view that did."""

import dagster as dg
import pyarrow as pa
import pytest

from assets.checks import TableCheck, grain_check
from assets.lens import Lens
from pipelines.lake.address import parse_address
from pipelines.lake.engine import Catalog
from pipelines.lake.sql_models import load_models
from pipelines.lake.store import Lake
from pipelines.lake.tables import PythonTable

COSTS = PythonTable(
    "gold.things", "", pa.schema([("name", pa.string()), ("billing_month", pa.string())]), "billing_month"
)
KEY = dg.AssetKey(["gold", "things"])
VIEW = """-- Things that count.
-- grain: name
-- partition: none
-- stored: view
select * from gold.things where {}
"""


@pytest.fixture
def judged(tmp_path):
    """`judged(check, rows by month)`: adds the rows, then asks the check as a run does; the result, and its queries."""
    lake = Lake(parse_address(str(tmp_path / "lake")))
    (tmp_path / "state").mkdir()
    instance = dg.DagsterInstance.local_temp(str(tmp_path / "state"))

    def ask(check: TableCheck, view: str = "true", **months: list[str]):
        (tmp_path / "gold").mkdir(exist_ok=True)
        (tmp_path / "gold" / "counted.sql").write_text(VIEW.format(view))
        for month, names in months.items():
            told = month.replace("_", "-").removeprefix("in-")
            rows = [{"name": name, "billing_month": told} for name in names]
            lake.append(COSTS.name, pa.Table.from_pylist(rows, COSTS.schema), {told: repr(names)}, "billing_month")
        catalog, queries = Catalog(lake, load_models(tmp_path), {COSTS.name: COSTS}), []

        class Watched(Lens):
            def query(self, sql: str) -> pa.Table:
                queries.append(sql)
                return super().query(sql)

        @dg.asset_check(asset=KEY, name=check.name)
        def run(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
            with Watched(catalog) as lens:
                return check.evaluate(lens, KEY, context.instance)

        job = dg.Definitions(
            asset_checks=[run], jobs=[dg.define_asset_job("judge", dg.AssetSelection.all_asset_checks())]
        )
        ran = job.resolve_job_def("judge").execute_in_process(instance=instance, raise_on_error=False)
        (evaluation,) = ran.get_asset_check_evaluations()
        return evaluation.passed, queries

    return ask


def test_each_month_is_judged_once_and_a_double_row_is_found_where_it_is(judged):
    check = grain_check("gold.things", ["name", "billing_month"], "billing_month")
    assert judged(check, in_2026_05=["a"], in_2026_06=["a", "b"]) == (True, [check.sql])
    assert judged(check) == (True, [])
    passed, (query,) = judged(check, in_2026_07=["a"])
    assert passed
    assert "'2026-07'" in query
    assert "'2026-06'" not in query
    passed, (query,) = judged(check, in_2026_06=["b"])
    assert not passed
    assert "'2026-06'" in query


def test_what_failed_is_asked_whole_until_it_passes(judged):
    check = grain_check("gold.things", ["name", "billing_month"], "billing_month")
    assert judged(check, in_2026_05=["a", "a"]) == (False, [check.sql])
    assert judged(check, in_2026_06=["a"]) == (False, [check.sql])


def test_a_grain_that_tells_no_month_is_judged_over_all_of_them(judged):
    check = grain_check("gold.things", ["name"], "billing_month")
    assert judged(check, in_2026_05=["a"])[0]
    assert judged(check, in_2026_06=["a"]) == (False, [check.sql])


def test_another_view_behind_the_check_is_asked_although_no_row_changed(judged):
    check = TableCheck("none_called_b", "", "select * from gold.counted where name = 'b'", is_blocking=True)
    assert judged(check, view="name = 'a'", in_2026_05=["a", "b"])[0]
    assert judged(check, view="name = 'a'") == (True, [])
    assert not judged(check, view="true")[0]
