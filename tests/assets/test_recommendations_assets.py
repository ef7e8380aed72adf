"""Recommendations in the lake: judged from what exists, kept as they were said, and no commit without a change."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from assets.recommendation_actions import Intent, recommendations_now, say, total
from assets.recommendations_world import newest_rows, read_world, resources_of
from assets.tables import TABLES
from pipelines.errors import ConfigurationError, UsageError
from pipelines.recommendations.said import Word

from .recommendation_lake import DAY, IDLE, RecommendationLake, cost

NOW = datetime(2026, 11, 18, 9, tzinfo=UTC)


@pytest.fixture
def held(tmp_path, monkeypatch) -> RecommendationLake:
    monkeypatch.chdir(tmp_path)
    return RecommendationLake(tmp_path / "lake").fill()


def by_name(rows):
    return {f"{row['rule']} {row['resource_id']}": row for row in rows}


def test_what_is_advised_and_what_could_not_be_judged_are_told(held):
    rows = by_name(held.rows("from gold.recommendations"))
    assert set(rows) == {"idle aweb", "idle adb", "idle dust", "size aweb"}
    assert {name for name, row in rows.items() if row["is_counted"]} == {"idle aweb", "idle adb", "idle dust"}
    assert set(rows["idle aweb"]) == set(TABLES["gold.recommendations"].schema.names)
    assert (rows["size aweb"]["kg_co2e_saving"], rows["size aweb"]["project_name"]) == (5, "shop")
    (left,) = held.rows("select resource_id, reason, since from gold.unjudged")
    assert left == {"resource_id": "cold", "reason": "no cpu metric; an agent would measure it", "since": DAY}
    held.rows("select evidence::json->>'cpu_p95_percent' as p95 from gold.recommendations where p95::double > 1")


def test_the_same_day_again_makes_no_commit_and_history_stays(held):
    assert set(held.judge().rows.values()) == {0}
    held.costs(cost("adb", 30, resource_class="PRO2-S"))
    after = held.judge(DAY + timedelta(days=1))
    assert (after.statuses["done"], after.statuses["gone"], after.statuses["open"]) == (2, 1, 1)
    assert by_name(held.rows("from gold.recommendations"))["idle adb"]["first_seen"] == DAY


def test_of_months_only_the_newest_is_judged_and_two_currencies_are_not_added(tmp_path):
    lake = RecommendationLake(tmp_path / "lake")
    lake.costs(
        cost("old", 5, "2026-10"),
        cost("web", 100),
        cost("web", 7, sku="/ip"),
        cost("web", 9, billing_currency="USD"),
        cost("free", None, sku=None, billing_currency=None, environment="unknown"),
    )
    rows = newest_rows(lake.catalog, "gold.resource_costs")
    found = resources_of(rows.to_pylist())
    assert set(found) == {"web", "free"}
    assert (found["web"].monthly_cost, found["web"].currency) == (107, "EUR")
    assert found["web"].costs == {"/compute/pro2": Decimal(100), "/ip": Decimal(7)}
    assert (found["free"].monthly_cost, found["free"].costs, found["free"].is_production) == (None, {}, True)
    world = read_world(lake.catalog, [IDLE], date(2026, 11, 20))
    assert (world.known_until, world.today) == (DAY, date(2026, 11, 20))


def test_before_anything_was_charged_nothing_is_written_and_nothing_is_gone(tmp_path):
    lake = RecommendationLake(tmp_path / "lake")
    lake.costs(cost("web", 100))
    lake.judge()
    lake.lake.replace(
        "gold.resource_costs", newest_rows(lake.catalog, "gold.resource_costs").slice(0, 0), {}, "billing_month"
    )
    empty = RecommendationLake(tmp_path / "other")
    empty.costs()
    assert empty.judge().known_until is None
    with pytest.raises(UsageError, match="no rule was asked yet"):
        recommendations_now(empty.catalog, DAY)


def test_a_threshold_nobody_knows_stops_the_run_with_the_name_that_is_meant(held, monkeypatch, tmp_path):
    (tmp_path / "finops.toml").write_text("[recommendations.rules.idel]\ndays = 1\n", encoding="utf-8")
    monkeypatch.setenv("FINOPS_CONFIG", str(tmp_path / "finops.toml"))
    with pytest.raises(ConfigurationError, match="did you mean idle"):
        held.judge()


def test_a_word_holds_at_once_and_in_the_next_run(held):
    rows = by_name(recommendations_now(held.catalog, DAY))
    after = say(held.catalog, rows["idle aweb"], Intent(Word.rejected, "it is a spare", "mira"), NOW)
    assert (after["status"], after["status_reason"]) == ("rejected", "it is a spare")
    assert say(held.catalog, rows["idle aweb"], Intent(Word.rejected, "it is a spare", "mira"), NOW) is None
    now = recommendations_now(held.catalog, DAY)
    assert by_name(now)["size aweb"]["is_counted"] is True
    assert (total(now, counted_only=True), total(now, counted_only=False)) == (
        {"EUR": Decimal("80.75")},
        {"EUR": Decimal("180.75")},
    )
    held.judge(DAY + timedelta(days=1))
    stored = by_name(held.rows("from gold.recommendations"))
    assert (stored["idle aweb"]["status"], stored["size aweb"]["is_counted"]) == ("rejected", True)
    (word,) = held.rows("from gold.recommendation_actions")
    assert (word["word"], word["said_by"], word["monthly_saving"], word["action_month"]) == (
        *("rejected", "mira", 100, "2026-11"),
    )


@pytest.mark.parametrize(
    ("word", "more", "complaint"),
    [
        (Word.rejected, {"reason": " "}, "a reason is wanted"),
        (Word.suppressed, {}, "until when"),
        (Word.suppressed, {"until": date(2026, 11, 17)}, "2026-11-17 is over"),
        (Word.reopened, {}, "is open already"),
    ],
)
def test_a_word_that_cannot_be_meant_is_refused(held, word, more, complaint):
    row = by_name(recommendations_now(held.catalog, DAY))["idle aweb"]
    intent = Intent(**{"word": word, "reason": "because", "by": "mira", **more})
    with pytest.raises(UsageError, match=complaint):
        say(held.catalog, row, intent, NOW)
    assert held.rows("from gold.recommendation_actions") == []


def test_what_later_bills_verify_is_shown_so(held):
    from assets.forecasts_tables import write_partition
    from assets.savings_tables import SAVINGS

    row = by_name(recommendations_now(held.catalog, DAY))["idle adb"]
    say(held.catalog, row, Intent(Word.done, "", "mira"), NOW)
    told = {"recommendation_id": row["recommendation_id"], "state": "verified", "monthly_saving": Decimal(28)}
    write_partition(held.catalog, SAVINGS, "", [dict.fromkeys(SAVINGS.table.schema.names) | told | {"currency": "EUR"}])
    now = by_name(recommendations_now(held.catalog, DAY))["idle adb"]
    assert (now["status"], now["status_reason"]) == ("verified", "later bills show 28.00 EUR a month")
