"""What the graph says of itself, before anything runs."""

from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pytest

from assets.definitions import build_definitions, defs
from assets.made_assets import MAKINGS
from assets.partitions import billing_months, months_to_show
from assets.sql_tables import MONTHLY_BRONZE, asset_key, upstream_of
from pipelines.lake.tables import PYTHON_TABLES
from pipelines.settings import load_settings

ROOT = Path(__file__).parents[2]
GROUPS = {"bronze", "silver", "gold", "decisions", "reports", "platform"}


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    return build_definitions(billing_months(date(2026, 11, 18)))


@pytest.fixture(scope="module")
def graph(definitions):
    return definitions.resolve_asset_graph()


def test_what_the_pages_load_is_a_whole_graph(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    dg.Definitions.validate_loadable(defs())


def test_every_asset_says_what_it_is_and_whose(graph):
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        name = key.to_user_string()
        assert node.group_name in GROUPS, name
        assert node.owners, name
        assert set(node.owners) <= {"team:finops", "team:platform"}, name
        assert node.kinds, name
        assert len(node.description.splitlines()) >= 3, name
        if node.group_name != "platform":
            assert all(f"**{word}**" in node.description for word in ("Grain", "Source", "Kept", "Used by")), name


def test_every_sql_file_is_exactly_one_asset_versioned_by_its_text(graph, models):
    files = {
        f"{path.parent.name}/{path.stem}" for layer in ("silver", "gold") for path in (ROOT / "sql" / layer).iterdir()
    }
    assert files
    assert {key.to_user_string() for key in graph.get_all_asset_keys() if "sql" in graph.get(key).metadata} == files
    for model in models:
        node = graph.get(asset_key(model.table))
        assert node.code_version == model.fingerprint
        assert node.metadata["sql"] == f"sql/{model.table.replace('.', '/')}.sql"
        assert (ROOT / node.metadata["sql"]).is_file()
        assert model.description in node.description


def test_dependencies_are_the_from_clauses(graph, models):
    for model in models:
        expected = {asset_key(table) for table in model.reads}
        if model.is_stored and model.reads == {"bronze.answers"}:
            expected |= {asset_key(table) for table in PYTHON_TABLES}
        assert graph.get(asset_key(model.table)).parent_keys == expected, model.table
        assert {asset_key(table) for table in upstream_of(model)} == expected


def test_an_asset_is_used_by_those_it_names(graph, models):
    for model in models:
        used_by = graph.get(asset_key(model.table)).description.partition("**Used by**")[2].splitlines()[0]
        for reader in models:
            assert (f"`{reader.table}`" in used_by) == (model.table in reader.reads), (model.table, reader.table)


def test_months_are_utc_partitions_of_every_stored_table_that_has_them(graph, models):
    monthly = {asset_key(model.table) for model in models if model.is_stored and model.partition_by}
    monthly |= {asset_key(table) for table in MONTHLY_BRONZE} | {asset_key(making.made.name) for making in MAKINGS}
    monthly |= {dg.AssetKey(["reports", name]) for name in ("monthly_report", "monthly_mail")}
    assert {key for key in graph.get_all_asset_keys() if graph.get(key).partitions_def} == monthly
    for key in monthly:
        partitions = graph.get(key).partitions_def
        assert isinstance(partitions, dg.MonthlyPartitionsDefinition)
        assert (partitions.timezone, partitions.fmt) == ("UTC", "%Y-%m")
        assert graph.get(key).backfill_policy == dg.BackfillPolicy.single_run()


@pytest.mark.parametrize("today", [date(2024, 2, 29), date(2026, 11, 18), date(2031, 1, 1)])
def test_months_end_with_the_one_that_runs_whatever_this_machines_year(today):
    keys = billing_months(today).get_partition_keys()
    assert (keys[0], keys[-1]) == ("2020-01", f"{today:%Y-%m}")
    assert len(keys) == (today.year - 2020) * 12 + today.month


def test_pages_show_the_wanted_history_and_what_the_lake_holds(tmp_path, monkeypatch):
    from assets.opening import open_lake_of
    from pipelines.lake.answers import ITEM_SCHEMA

    monkeypatch.setenv("FINOPS_LAKE", str(tmp_path))
    monkeypatch.setenv("FINOPS_BILLING_HISTORY_MONTHS", "2")
    settings = load_settings()
    shown = months_to_show(settings, date(2026, 3, 1)).get_partition_keys()
    assert (shown[0], shown[-1]) == ("2026-01", "2026-03")
    rows = ITEM_SCHEMA.empty_table().from_pylist(
        [{"billing_month": "2025-11"}, {"billing_month": "2027-04"}], ITEM_SCHEMA
    )
    open_lake_of(settings).append("bronze.charges", rows, {"2025-11": "a", "2027-04": "b"}, "billing_month")
    shown = months_to_show(settings, date(2026, 3, 1)).get_partition_keys()
    assert (shown[0], shown[-1]) == ("2025-11", "2027-04")


def test_everything_made_is_overdue_after_a_day_and_a_half_and_a_report_after_its_week_or_month(graph):
    month, week = timedelta(days=35), timedelta(days=10)
    reports = {"monthly_report": month, "monthly_mail": month, "quality": month}
    reports |= {"weekly_review": week, "weekly_mail": week}
    for key in graph.materializable_asset_keys:
        policy = graph.get(key).freshness_policy
        due = reports[key.path[1]] if key.path[0] == "reports" else timedelta(hours=36)
        assert policy.fail_window.to_timedelta() == due, key


def test_only_bronze_asks_scaleway_and_all_of_it_through_one_pool(graph):
    pooled = {key for key in graph.materializable_asset_keys if graph.get(key).pools == {"scaleway_api"}}
    assert {key.path[0] for key in pooled} == {"bronze"}
    for key in graph.materializable_asset_keys:
        asks = any(parent.path[0] == "scaleway" for parent in graph.get(key).parent_keys)
        assert asks == (key in pooled), key


def test_one_row_per_grain_is_checked_of_every_stored_table_and_stops_what_follows(graph, models):
    for model in models:
        key = dg.AssetCheckKey(asset_key(model.table), "one_row_per_grain")
        assert (key in graph.asset_check_keys) == model.is_stored
        if model.is_stored:
            assert graph.get_check_spec(key).blocking


def test_jobs_hold_what_they_say(definitions):
    build = definitions.resolve_job_def("build")
    assert {key.path[0] for key in build.asset_layer.executable_asset_keys} == {"bronze", "silver", "gold"}
    report = definitions.resolve_job_def("monthly_report_job")
    made = {dg.AssetKey(["reports", name]) for name in ("monthly_report", "monthly_mail", "quality")}
    assert report.asset_layer.executable_asset_keys == made
    weekly = definitions.resolve_job_def("weekly_review_job")
    assert weekly.asset_layer.executable_asset_keys == {
        dg.AssetKey(["reports", name]) for name in ("weekly_review", "weekly_mail")
    }
    assert all(job.description and job.tags["finops/job"] == job.name for job in (build, report, weekly))


def test_the_loader_of_sql_files_stays_small():
    text = (ROOT / "assets" / "sql_tables.py").read_text()
    assert len(text.splitlines()) < 100
    assert "jinja" not in text.lower()
