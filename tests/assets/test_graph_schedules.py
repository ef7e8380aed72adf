"""Which months a tick asks for."""

from datetime import UTC, date, datetime
from itertools import islice

import dagster as dg
import pytest
from dagster._utils.schedules import cron_string_iterator

from assets.definitions import build_definitions
from assets.partitions import billing_months

TICK = datetime(2026, 11, 18, 5, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    return build_definitions(billing_months(date(2028, 12, 31)))


@pytest.fixture(scope="module")
def schedules(definitions) -> dict[str, dg.ScheduleDefinition]:
    return {name: definitions.resolve_schedule_def(name) for name in ("daily", "monthly_report", "weekly_review")}


@pytest.fixture(scope="module")
def requested(definitions):
    """`requested(schedule, at)`: the one run a tick starts, as the daemon works it out."""

    def tick(schedule: dg.ScheduleDefinition, at: datetime) -> dg.RunRequest:
        repository = definitions.get_repository_def()
        context = dg.build_schedule_context(scheduled_execution_time=at, repository_def=repository)
        (request,) = schedule.evaluate_tick(context).run_requests
        return request

    return tick


@pytest.mark.parametrize(
    ("at", "months"),
    [
        (TICK, ("2026-09", "2026-11")),
        (datetime(2026, 11, 1, 5, 30, tzinfo=UTC), ("2026-09", "2026-10")),  # the new month has no complete day yet
        (datetime(2026, 11, 2, 5, 30, tzinfo=UTC), ("2026-09", "2026-11")),
        (datetime(2027, 1, 1, 5, 30, tzinfo=UTC), ("2026-11", "2026-12")),
        (datetime(2028, 2, 29, 5, 30, tzinfo=UTC), ("2027-12", "2028-02")),
    ],
)
def test_the_daily_run_asks_for_the_months_that_can_still_change_in_one_run(schedules, requested, at, months):
    tags = requested(schedules["daily"], at).tags
    assert (tags["dagster/asset_partition_range_start"], tags["dagster/asset_partition_range_end"]) == months
    assert tags["finops/months"] == " to ".join(months)


def test_each_morning_has_a_run_of_its_own_also_when_clocks_change(schedules, requested):
    before_summer_time_ends = datetime(2026, 10, 20, 4, 30, tzinfo=UTC)
    daily = schedules["daily"]
    ticks = cron_string_iterator(before_summer_time_ends.timestamp(), daily.cron_schedule, daily.execution_timezone)
    mornings = list(islice(ticks, 30))
    assert {(tick.hour, tick.minute) for tick in mornings} == {(6, 30)}
    assert {tick.astimezone(UTC).hour for tick in mornings} == {4, 5}
    assert len({requested(schedules["daily"], tick).run_key for tick in mornings}) == 30


@pytest.mark.parametrize(
    ("at", "month"),
    [
        (datetime(2026, 11, 6, 7, 0, tzinfo=UTC), "2026-10"),
        (datetime(2027, 1, 6, 7, 0, tzinfo=UTC), "2026-12"),
        (datetime(2028, 3, 6, 7, 0, tzinfo=UTC), "2028-02"),
    ],
)
def test_the_report_is_of_the_last_complete_month_and_written_once(schedules, requested, at, month):
    request = requested(schedules["monthly_report"], at)
    assert (request.partition_key, request.run_key) == (month, f"report-{month}")
    assert request.partition_key in billing_months(at.date()).get_partition_keys()


def test_schedules_keep_paris_time_say_what_they_do_and_wait_to_be_switched_on(schedules):
    for schedule in schedules.values():
        assert schedule.execution_timezone == "Europe/Paris"
        assert len(schedule.description) > 40
        assert schedule.default_status == dg.DefaultScheduleStatus.STOPPED
    assert schedules["daily"].job_name == "build"
    assert schedules["monthly_report"].job_name == "monthly_report_job"
    assert schedules["weekly_review"].job_name == "weekly_review_job"


def test_the_review_is_written_on_monday_once_a_week(schedules, requested):
    monday = datetime(2026, 11, 16, 7, 0, tzinfo=UTC)
    assert schedules["weekly_review"].cron_schedule.split()[-1] == "1"
    assert requested(schedules["weekly_review"], monday).run_key == "review-2026-W47"
