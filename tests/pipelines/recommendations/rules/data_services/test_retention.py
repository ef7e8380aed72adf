"""How long copies are kept: never shorter than the tier asks, and never the only copy that is known to work."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.recommendations.recommendation import NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rules.backup_retention import BACKUP_RETENTION
from pipelines.recommendations.rules.snapshot_retention import SNAPSHOT_RETENTION

END = datetime(2026, 11, 18, tzinfo=UTC)
COSTS = {"/storage/rdb/backup-storage/fr-par": 60}


@pytest.fixture
def backups(asked, thing, database_node):
    def judged(days, environment="staging", costs=COSTS, tags=(), **fields):
        database = thing("rdb_instance", costs=costs, environment=environment, tags=tags)
        node = database_node(backup_retention_days=days, **fields)
        (answer,) = asked(BACKUP_RETENTION, [database], {"silver.database_nodes": [node]})
        return answer

    return judged


def test_what_is_over_the_policy_is_saved_in_proportion(backups):
    advice = backups(30)
    assert (advice.target, advice.monthly_saving) == ("7 days", Decimal(46))
    assert advice.change.undo_cli == ("scw rdb instance update it backup-schedule-retention=30 region=fr-par",)


@pytest.mark.parametrize(
    ("days", "environment", "tags", "wanted"),
    [
        (60, "prod", (), "35 days"),
        (60, None, (), "35 days"),
        (60, "dev", (), "3 days"),
        (60, "dev", ("tier=2",), "14 days"),
        (60, "staging", ("tier=1",), "30 days"),
    ],
)
def test_the_policy_goes_by_environment_and_a_tier_can_only_lengthen_it(backups, days, environment, tags, wanted):
    assert backups(days, environment, tags=tags).target == wanted


def test_within_the_policy_off_or_unknown(backups):
    assert isinstance(backups(7), NothingToDo)
    assert isinstance(backups(30, is_backed_up=False), NothingToDo)
    assert isinstance(backups(30, is_backed_up=None), Unjudged)
    assert isinstance(backups(30, costs={}), Unjudged)


def copy(name, age, **fields):
    created = None if age is None else END - timedelta(days=age)
    return {
        "resource_id": name,
        "source_id": "volume",
        "database_name": None,
        "created_at": created,
        "expires_at": None,
        "size_bytes": 10**10,
        "source_exists": True,
        "is_restore_tested": False,
    } | fields


@pytest.fixture(scope="module")
def snapshots(asked, thing):
    def judged(*copies, environment="dev"):
        things = [
            thing(
                "block_snapshot", row["resource_id"], {"/storage/block/snapshot/fr-par-1": 5}, environment=environment
            )
            for row in copies
        ]
        return {each.resource_id: each for each in asked(SNAPSHOT_RETENTION, things, {"silver.data_copies": copies})}

    return judged


def test_old_snapshots_go_while_the_two_newest_stay(snapshots):
    answers = snapshots(copy("a", 400), copy("b", 300), copy("c", 200), copy("d", 100))
    assert {name for name, each in answers.items() if isinstance(each, Recommendation)} == {"a", "b"}
    assert answers["a"].monthly_saving == 5
    assert "cannot be undone" in " ".join(answers["a"].change.notes)


def test_the_only_tested_copy_stays_however_old(snapshots):
    answers = snapshots(copy("a", 400, is_restore_tested=True), copy("b", 300), copy("c", 200), copy("d", 100))
    assert isinstance(answers["a"], NothingToDo)
    assert isinstance(answers["b"], Recommendation)


def test_copies_of_what_is_gone_and_scheduled_ones_are_not_judged(snapshots):
    assert not snapshots(copy("a", 400, source_exists=False), copy("b", 400, expires_at=END))


def test_production_keeps_a_year(snapshots):
    answers = snapshots(*(copy(str(age), age) for age in (100, 200, 300, 370)), environment="prod")
    assert [name for name, each in answers.items() if isinstance(each, Recommendation)] == ["370"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.one_of(st.none(), st.integers(0, 900)), st.booleans(), st.sampled_from(["volume", "other"])),
        max_size=8,
    )
)
def test_never_the_last_copies_and_never_the_only_one_that_was_restored(snapshots, drawn):
    copies = [
        copy(f"c{number}", age, is_restore_tested=tested, source_id=source)
        for number, (age, tested, source) in enumerate(drawn)
    ]
    answers = snapshots(*copies)
    gone = {name for name, each in answers.items() if isinstance(each, Recommendation)}
    for source in ("volume", "other"):
        ours = [row for row in copies if row["source_id"] == source and row["created_at"] is not None]
        left = [row for row in ours if row["resource_id"] not in gone]
        assert len(left) >= min(len(ours), 2)
        assert any(row["is_restore_tested"] for row in left) or not any(row["is_restore_tested"] for row in ours)
    assert all(END - row["created_at"] > timedelta(days=30) for row in copies if row["resource_id"] in gone)
