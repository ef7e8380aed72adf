"""Runs of the real graph over a small organisation: what they write, tell, refuse and survive."""

import json
from datetime import datetime, timedelta

import dagster as dg
import pytest

from assets.gates import GATES
from assets.state import dagster_instance, end_dead_runs, prepare_state, run_alive
from pipelines import errors
from pipelines.lake.answers import record

from .conftest import MONTHS, NOW, Place, sign_in

CHARGE = {
    "organization_id": "22222222-2222-4222-8222-222222222222",
    "project_id": "22222222-2222-4222-8222-222222222222",
    "project_name": "default",
    "sku": "/compute/pro2_xxs/run_par1",
    "resource_id": "01af1e8b-f158-41cd-b39d-bf40e0e43a20",
    "price": {"currency_code": "EUR", "units": 1, "nanos": 0},
}
"""As the API answers it; a test adds the dates."""


def events(place: Place) -> list[dg.DagsterEvent]:
    """Of the newest run."""
    with place.instance() as instance:
        (run,) = instance.get_runs(limit=1)
        return [entry.dagster_event for entry in instance.all_logs(run.run_id) if entry.is_dagster_event]


def steps(place: Place, kind: dg.DagsterEventType) -> set[str]:
    return {event.step_key for event in events(place) if event.event_type == kind}


def test_one_run_builds_every_stored_table_over_all_months(first, models):
    assert first.outcome.failures == ()
    written = {name.replace("/", ".") for name in first.outcome.tables_written}
    stored = {model.table for model in models if model.is_stored}
    assert stored - written == set()
    with first.place.instance() as instance:
        runs = [run for run in instance.get_runs() if run.tags["finops/trigger"] == "command line"]
        assert {run.status for run in runs} == {dg.DagsterRunStatus.SUCCESS}
        assert runs[-1].tags["finops/months"] == "2026-05 to 2026-07"
        for table in ("bronze.charges", "silver.costs", "gold.daily_costs"):
            assert instance.get_materialized_partitions(dg.AssetKey(table.split("."))) == set(MONTHS)


def test_a_month_tells_its_rows_euros_and_days_as_they_are_in_the_lake(first):
    for month in MONTHS:
        (lake,) = first.place.rows(
            "select count(*) as rows, round(sum(billed_cost), 2)::varchar as euros, "
            "count(distinct project_id) as projects, min(charge_date)::varchar as first, "
            f"max(charge_date)::varchar as last from silver.costs where billing_month = '{month}'"
        )
        told = first.place.told("silver.costs", month)
        assert told["dagster/partition_row_count"] == lake["rows"]
        assert f"{told['total_cost_EUR']:.2f}" == lake["euros"]
        assert (told["min_date"], told["max_date"]) == (lake["first"], lake["last"])
        assert told["distinct_projects"] == lake["projects"]


def test_every_stored_table_tells_the_metadata_a_person_reads_first(first, models):
    for model in models:
        told = first.place.told(model.table)
        assert told["dagster/table_name"] == model.table
        if not model.is_stored:
            continue
        count = "dagster/partition_row_count" if model.partition_by else "dagster/row_count"
        assert {"rows_written", count, "dagster/uri", "delta_version", "preview", "dagster/column_schema"} <= set(told)
        assert len(told) <= 20
        columns = {column.name: column.type for column in told["dagster/column_schema"].columns}
        assert set(model.grain) <= set(columns)
        assert all("decimal" in kind for name, kind in columns.items() if name.endswith("_cost"))
        assert told["preview"] == "no rows" or told["preview"].startswith("| ")


def test_a_preview_shows_the_newest_month_first_with_money_as_money(first):
    head, _, top = first.place.told("gold.daily_costs")["preview"].splitlines()[:3]
    (lake,) = first.place.rows(
        "select max(billed_cost)::decimal(18, 2)::varchar as euros from gold.daily_costs "
        "where billing_month = '2026-07'"
    )
    row = dict(zip(head.split(" | "), top.split(" | "), strict=True))
    assert row["| billing_month"] == "| 2026-07"
    assert row["billed_cost"].replace(",", "") == lake["euros"]


def test_a_table_that_shows_the_same_money_twice_has_no_total(first):
    assert not [key for key in first.place.told("gold.top_spenders") if key.startswith("total_cost")]


def test_a_bronze_step_tells_its_own_calls_and_not_those_of_steps_before(first):
    (asked,) = first.place.rows("select count(*) as pages from bronze.answers where source = 'billing.charges'")
    charges, projects = first.place.told("bronze.charges"), first.place.told("bronze.projects")
    assert charges["new_answers"] > 60
    assert charges["api_calls"] >= asked["pages"]
    assert projects["api_calls"] == 1
    assert projects["bytes"] < charges["bytes"]
    assert {"pages", "retries", "seconds"} <= set(projects)


def test_a_second_run_writes_nothing_and_says_that_the_gates_saw_these_rows_before(first, models):
    stored = [model.table for model in models if model.is_stored]
    before = first.place.versions(*stored, "bronze.answers")
    outcome = first.place.build(trigger="again")
    assert (outcome.tables_written, outcome.rows_written, outcome.failures) == ([], 0, ())
    assert first.place.versions(*stored, "bronze.answers") == before
    judged = {
        event.event_specific_data.check_name: event.event_specific_data.metadata["judged"].value
        for event in events(first.place)
        if event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION
        and "judged" in event.event_specific_data.metadata
    }
    assert set(judged) == {gate.name for gate in GATES}
    assert all(text.startswith("unchanged since it passed on 2") for text in judged.values())
    told = first.place.told("gold.daily_costs")
    assert (told["rows_written"], told["months_written"]) == (0, "none: nothing it is made of has changed")
    assert told["dagster/partition_row_count"] > 0


def test_a_blocking_check_stops_what_follows_and_the_run_fails_with_the_row(first, answered, tmp_path):
    place = first.copy(tmp_path)
    # cut to no day: two days in one charge
    wrong = {**CHARGE, "start_date": "2026-06-08T00:00:00Z", "end_date": "2026-06-09T23:59:59.999999Z"}
    window = {"start_date_after": "2026-06-08T00:00:00Z", "end_date_before": "2026-06-09T00:00:00Z"}
    later = datetime.fromisoformat(NOW) + timedelta(minutes=1)
    listing = answered("billing.charges", [wrong], month="2026-06", parameters=window, at=later)
    record(place.catalog.lake, "bronze.charges", [listing])
    gold = [table for table in place.catalog.names() if table.startswith("gold.") and table != "gold.data_freshness"]
    before = place.versions(*gold)

    outcome = place.build(["2026-06"], only=["models"])

    (failure,) = outcome.failures
    assert (type(failure), failure.exit_code) == (errors.QualityGateError, 4)
    assert "silver.costs: charges_lie_in_their_month: 1 rows break it, such as" in str(failure)
    assert "nothing after it was built" in str(failure)
    assert place.versions(*gold) == before
    assert {"gold__daily_costs", "silver__skus"}.isdisjoint(steps(place, dg.DagsterEventType.STEP_START))
    assert "silver__consumptions" in steps(place, dg.DagsterEventType.STEP_SUCCESS)
    with place.instance() as instance:
        assert instance.get_runs()[0].status == dg.DagsterRunStatus.FAILURE


def test_a_warning_is_told_and_stops_nothing(first, answered, tmp_path):
    place = first.copy(tmp_path)
    (line,) = place.rows(
        "select item, parameters from bronze.consumptions join bronze.answers using (answer_hash) "
        "where bronze.answers.billing_month = '2026-05' and item like '%network-agreement%'"
    )
    item = json.loads(line["item"])
    item["value"]["units"] += 1000
    asked = json.loads(line["parameters"])
    listing = answered(
        "billing.consumptions",
        [item],
        month="2026-05",
        path="/billing/v2beta1/consumptions",
        parameters=asked,
        extra={"updated_at": "2026-07-10T00:00:00Z"},
        at=datetime.fromisoformat(NOW) + timedelta(minutes=1),
    )
    record(place.catalog.lake, "bronze.consumptions", [listing])

    outcome = place.build(["2026-05"], only=["models"])

    assert outcome.failures == ()
    assert any(warning.startswith("gold.reconciliation: bill_reconciles: ") for warning in outcome.warnings)
    assert "gold/invoice_reconciliation" in outcome.tables_written


def test_a_source_that_is_down_costs_only_what_is_made_of_it(simulator, monkeypatch, tmp_path):
    from simulator.scenario import Fault

    served = simulator("small", faults=[Fault(path="/product-catalog", kind="502", every=1)])
    sign_in(monkeypatch, served.url)
    monkeypatch.setenv("FINOPS_SCALEWAY_ATTEMPTS", "1")
    place = Place(tmp_path / "lake", tmp_path / "state")

    outcome = place.build(["2026-07"])

    (failure,) = outcome.failures
    assert (type(failure), failure.exit_code) == (errors.SourceUnavailable, 5)
    assert "product-catalog" in str(failure)
    assert "errors." not in str(failure)
    started = steps(place, dg.DagsterEventType.STEP_START)
    assert started.isdisjoint({"silver__prices", "silver__skus", "gold__daily_costs"})
    built = steps(place, dg.DagsterEventType.STEP_SUCCESS)
    assert {
        "bronze__charges",
        "bronze__resources",
        "silver__costs",
        "silver__consumptions",
        "silver__invoices",
    } <= built
    assert place.rows("select count(*) as lines from silver.costs")[0]["lines"] > 0
    with pytest.raises(errors.SourceUnavailable):
        outcome.raise_if_failed()


def test_a_group_that_does_not_exist_is_named_with_those_that_do(first):
    with pytest.raises(errors.UsageError, match=r"'weather' is not a group; write one of billing, "):
        first.place.build(only=["weather"])


def test_a_killed_run_is_told_as_failed_and_a_living_one_is_left_alone(tmp_path):
    prepare_state(tmp_path)

    @dg.job
    def nothing():
        pass

    with dagster_instance(tmp_path) as instance, run_alive(instance, tmp_path) as living:
        dead = "00000000-0000-4000-8000-000000000000"
        (tmp_path / "alive" / dead).touch()
        for run_id in (living, dead):
            instance.create_run_for_job(nothing, run_id=run_id, status=dg.DagsterRunStatus.STARTED)
        assert end_dead_runs(instance, tmp_path) == [dead]
        assert instance.get_run_by_id(dead).status == dg.DagsterRunStatus.FAILURE
        assert instance.get_run_by_id(living).status == dg.DagsterRunStatus.STARTED
        assert end_dead_runs(instance, tmp_path) == []
    with dagster_instance(tmp_path) as instance:
        assert instance.get_run_by_id(living).status == dg.DagsterRunStatus.FAILURE  # left before it was done
    assert list((tmp_path / "alive").iterdir()) == []


def test_dagster_yaml_is_written_where_it_differs_only(tmp_path):
    prepare_state(tmp_path)
    kept = tmp_path / "dagster.yaml"
    wanted, written_at = kept.read_text(), kept.stat().st_mtime_ns
    prepare_state(tmp_path)
    assert kept.stat().st_mtime_ns == written_at
    kept.write_text("telemetry: {enabled: true}\n")
    prepare_state(tmp_path)
    assert kept.read_text() == wanted
