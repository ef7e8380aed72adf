"""One row a stream: the finest way of measuring counts, the others are left out, and free data says so."""

from datetime import date, timedelta

import pytest

DAY = date(2026, 3, 28)


def told(day=DAY, **more):
    row = {
        "source": "stored logs", "data_source_id": "s", "project_id": "p", "region_id": "fr-par", "signal": "logs",
        "origin": "custom", "is_billed": True, "usage_date": day, "is_complete": True,
        "usage_month": f"{day:%Y-%m}",
    }  # fmt: skip
    return {**row, **more}


def days(count, **more):
    return [told(DAY - timedelta(days=number), **more) for number in range(count)]


@pytest.fixture
def rows(selected):
    """Rows of the newest month."""

    def run(*given):
        found = selected("gold.telemetry_streams", given={"silver.telemetry_daily": list(given)})
        return [row for row in found if row["usage_month"] == "2026-03"]

    return run


def test_logs_are_counted_by_service_and_level_over_four_weeks_and_their_source_as_a_whole(rows):
    found = rows(
        *days(30, service_name="a", level="debug", bytes=10, lines=2, retention_days=30),
        *days(5, service_name="a", level="error", bytes=100),
    )
    debug, error = sorted(found, key=lambda row: row["level"])
    assert (debug["bytes"], debug["lines"], debug["days"], debug["seen_days"]) == (280, 56, 28, 28)
    assert (error["bytes"], error["days"], error["seen_days"]) == (500, 28, 5), "a silent day has no row"
    assert {row["source_bytes"] for row in found} == {780}
    assert (debug["last_week_bytes"], debug["last_week_days"], debug["retention_days"]) == (70 + 500, 7, 30)
    assert (debug["known_from"], debug["known_until"]) == (date(2026, 3, 1), date(2026, 3, 29))


def test_ways_of_measuring_one_source_are_not_added_up_but_what_was_ingested_is_told(rows):
    (found,) = rows(
        *days(28, source="ingested samples", signal="metrics", samples=1000),
        told(source="stored samples", signal="metrics", metric_name="up", samples=900, active_series=3),
        told(source="cockpit usage", signal="metrics", samples=5000),
    )
    assert (found["metric_name"], found["samples"], found["days"], found["source_samples"]) == ("up", 900, 1, 900)
    assert (found["ingested_samples"], found["ingested_days"], found["ingested_meanwhile"]) == (28000, 28, 1000)
    assert found["scrape_seconds"] == 86400 * 3 // 900


def test_metrics_are_summed_over_the_days_they_were_counted_on_with_the_last_of_each(rows):
    stored = {"source": "stored samples", "signal": "metrics"}
    found = rows(
        *days(28, source="ingested samples", signal="metrics", samples=1000),
        *days(9, **stored, metric_name="up", samples=600, active_series=2),
        told(DAY - timedelta(8), **stored, metric_name="gone", samples=300, active_series=1),
    )
    gone, up = sorted(found, key=lambda row: row["metric_name"])
    assert (up["samples"], up["last_seen"], up["source_samples"]) == (5400, DAY, 5700)
    assert (gone["samples"], gone["last_seen"]) == (300, DAY - timedelta(8))
    assert {(row["days"], row["ingested_meanwhile"], row["ingested_samples"]) for row in found} == {(9, 9000, 28000)}


def test_a_source_that_is_only_known_as_a_whole_is_one_row_without_names(rows):
    (found,) = rows(
        *days(3, source="ingested samples", signal="metrics", samples=10, is_billed=False, origin="scaleway")
    )
    assert (found["metric_name"], found["samples"], found["is_billed"]) == (None, 30, False)


def test_days_that_were_read_in_part_do_not_count_and_neither_does_what_nobody_can_name(rows):
    assert rows(told(bytes=5, is_complete=False), told(bytes=5, data_source_id=None)) == []


def test_what_was_not_measured_stays_unknown(rows):
    (found,) = rows(told(service_name="a", level="info", bytes=7))
    assert (found["lines"], found["samples"], found["active_series"], found["scrape_seconds"]) == (None,) * 4
    assert (found["ingested_samples"], found["ingested_meanwhile"], found["retention_days"]) == (None,) * 3


def test_two_sources_and_origins_stay_apart(rows):
    found = rows(
        told(service_name="a", level="info", bytes=1),
        told(service_name="a", level="info", bytes=2, data_source_id="t"),
        told(service_name="a", level="info", bytes=4, origin="scaleway", is_billed=False),
    )
    assert sorted((row["bytes"], row["source_bytes"]) for row in found) == [(1, 1), (2, 2), (4, 4)]


@pytest.mark.parametrize(
    ("kept", "changed"),
    [
        ([30] * 50, None),
        ([30] * 20 + [7] * 10, (date(2026, 3, 19), 30)),
        ([30] * 10 + [7] * 10 + [14] * 10, (date(2026, 3, 19), 7)),
        ([30, None, 30], None),
        ([7] * 5 + [30] * 46, None),
    ],
)
def test_a_change_of_retention_has_its_day_and_what_was_before(selected, kept, changed):
    given = [told(DAY - timedelta(back), retention_days=days) for back, days in enumerate(reversed(kept))]
    given.append(told(retention_days=kept[-1], service_name="b"))
    found = selected("gold.telemetry_retentions", given={"silver.telemetry_daily": given})
    (row,) = [row for row in found if row["usage_month"] == "2026-03"]
    assert (row["retention_days"], row["signal"]) == (kept[-1], "logs")
    assert (row["changed_on"] and (row["changed_on"], row["previous_days"])) == changed
