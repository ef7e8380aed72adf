"""The history of runs: Dagster's own files, asked through connections that stay open."""

import dagster as dg
import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from assets.history import History
from assets.state import dagster_instance

TABLE = dg.AssetKey("table")


@dg.asset
def table() -> dg.MaterializeResult:
    return dg.MaterializeResult(metadata={"rows": 3})


@pytest.fixture
def opened():
    """Every file of a history that is opened from now on."""
    found = []

    def note(_connection, record):
        found.append(record)

    event.listen(Engine, "connect", note)
    yield found
    event.remove(Engine, "connect", note)


def told(instance):
    """What the pages show: every run, its events, and what the table said last."""
    runs = [(run.run_id, run.status) for run in instance.get_runs()]
    events = [[entry.dagster_event_type for entry in instance.all_logs(run)] for run, _ in runs]
    materialisation = instance.get_latest_materialization_event(TABLE)
    return runs, events, materialisation and materialisation.asset_materialization.metadata["rows"].value


def test_dagster_itself_reads_the_history_we_write_and_we_read_its_own(tmp_path):
    with dagster_instance(tmp_path) as ours:
        assert isinstance(ours.event_log_storage, History)
        dg.materialize([table], instance=ours)
        written = told(ours)
    with dg.DagsterInstance.from_config(str(tmp_path)) as theirs:
        assert told(theirs) == written
        dg.materialize([table], instance=theirs)
        both = told(theirs)
    with dagster_instance(tmp_path) as ours:
        assert told(ours) == both
    runs, events, rows = both
    assert len(runs) == 2
    assert all(dg.DagsterEventType.ASSET_MATERIALIZATION in each for each in events)
    assert rows == 3


def test_a_run_opens_its_files_once_and_not_for_every_event(tmp_path, opened):
    with dagster_instance(tmp_path) as instance:
        dg.materialize([table], instance=instance)  # makes all files
        storage = instance.event_log_storage
        assert storage.has_table("asset_keys")
        opened.clear()
        for _ in range(20):
            instance.get_latest_materialization_event(TABLE)
            assert storage.has_table("asset_keys")
        assert opened == []
        for _ in range(3):
            dg.materialize([table], instance=instance)
        assert len(storage._engines) == 2  # the index, and the last run alone
    assert not storage._engines
