"""One message per cause of a failure, none while a retry is to come, and what is late told together."""

from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pyarrow as pa
import pytest

from assets.failure_messages import Cause, cause_of, failure_message, late_message, late_sources, tell_once
from assets.platform_health import failed_ticks, runs_told
from assets.sensors import sensors
from pipelines.alerts.sending import Delivery
from pipelines.errors import SourceUnavailable
from pipelines.secrets import Secret

NOW = datetime(2026, 11, 18, 6, tzinfo=UTC)
SECRET = "7d1f0a52-hidden-word-never-shown"
URL = {"ops": Secret("json://127.0.0.1:9/in")}


@pytest.fixture
def instance():
    with dg.instance_for_test() as made:
        yield made


def failed_run(instance, words="the answer of 2026-11-18T06:00:00Z was no JSON"):
    """A run whose first step fails by itself; the second only waits for it."""

    @dg.op
    def reads():
        try:
            raise ValueError(words)
        except ValueError as error:
            raise RuntimeError("the step failed") from error

    @dg.op(ins={"start": dg.In(dg.Nothing)})
    def builds():
        pass

    @dg.job
    def build():
        builds(reads())

    result = build.execute_in_process(instance=instance, raise_on_error=False)
    return instance.get_run_by_id(result.run_id)


def test_the_cause_is_the_step_that_failed_by_itself_and_never_shows_a_secret(instance):
    Secret(SECRET)
    found = cause_of(failed_run(instance, f"the answer held {SECRET}"), instance)
    assert (found.job, found.step) == ("build", "reads")
    assert "ValueError" in found.reason
    message = failure_message(found, "run-1", "[FinOps]")
    assert message.subject == "[FinOps] failed: build, step reads"
    assert SECRET not in message.text + message.html


def test_the_same_cause_has_the_same_key_whatever_its_run_times_and_ids():
    one = Cause("build", "reads", "answer 12 of 2026-11-18T06:00:00Z for 3f2b8a10-1111-2222-3333-444455556666")
    two = Cause("build", "reads", "answer 13 of 2026-11-19T06:01:12Z for aaaaaaaa-1111-2222-3333-444455556666")
    assert one.key == two.key
    assert one.key != Cause("build", "writes", one.reason).key
    assert one.key != Cause("build", "reads", "the disk is full").key


def test_a_cause_is_told_once_a_day_to_each_who_took_it(instance):
    sent, takes = [], {"is": False}

    def deliver(message, url):
        sent.append(message.subject)
        return Delivery(takes["is"], None if takes["is"] else "it answered HTTP 500")

    message = failure_message(Cause("build", "reads", "no"), "r", "[FinOps]")
    told = [tell_once(instance, "failure/k", message, URL, NOW, deliver)]
    takes["is"] = True
    for hours in (1, 2, 24, 26):
        told.append(tell_once(instance, "failure/k", message, URL, NOW + timedelta(hours=hours), deliver))
    assert told == [(0, ("ops: it answered HTTP 500",)), (1, ()), (0, ()), (0, ()), (1, ())]
    assert len(sent) == 3


class OneLake:
    """A catalog that knows these two tables."""

    def __init__(self, until, sources):
        self.tables = {"monthly_summary": [{"until": until}], "data_freshness": sources}

    def state(self, _):
        return self

    delta = 1

    def query(self, sql):
        return pa.Table.from_pylist(next(rows for name, rows in self.tables.items() if name in sql))


def test_what_is_late_is_told_together_the_oldest_first():
    sources = [
        {"source": "cockpit.usage", "data_until": date(2026, 11, 10)},
        {"source": "cockpit.requests", "data_until": date(2026, 11, 16)},
    ]
    late = late_sources(OneLake(date(2026, 11, 12), sources), date(2026, 11, 18))
    assert late == [("cockpit.usage", date(2026, 11, 10)), ("billing.charges", date(2026, 11, 12))]
    message = late_message(late, "[FinOps]")
    assert message.subject == "[FinOps] data late: cockpit.usage and 1 more, until 2026-11-10"
    assert "billing.charges" in message.text


def test_runs_of_the_week_are_counted_and_nothing_watches_before_it_is_switched_on(instance):
    failed_run(instance)
    counted = runs_told(instance, datetime.now(UTC))
    assert (counted["all"], counted["failed"]) == ({"build": 1}, {"build": 1})
    assert failed_ticks(instance, datetime.now(UTC)) == {}
    assert {each.name for each in sensors()} == {"tell_failures", "tell_late_data"}
    assert all(each.default_status is dg.DefaultSensorStatus.STOPPED and each.description for each in sensors())


def test_the_sensor_says_nothing_of_a_run_that_is_tried_again(instance, monkeypatch):
    run = failed_run(instance)
    [sensor] = [each for each in sensors() if each.name == "tell_failures"]
    told = []
    takes = [False, True]
    monkeypatch.setattr(
        "assets.sensors.deliver",
        lambda message, url: told.append(message) or Delivery(takes.pop(0), "it answered HTTP 500"),
    )
    monkeypatch.setenv("FINOPS_ALERT_URLS", "ops=json://127.0.0.1:9/in")
    failure = next(
        entry.dagster_event
        for entry in instance.all_logs(run.run_id)
        if entry.dagster_event and entry.dagster_event.event_type_value == "PIPELINE_FAILURE"
    )

    def ask(asked):
        context = dg.build_run_status_sensor_context("tell_failures", failure, instance, asked).for_run_failure()
        return sensor(context)

    ask(run.with_tags({**run.tags, "dagster/will_retry": "true"}))
    assert told == []
    with pytest.raises(SourceUnavailable, match="not told why build failed: ops: it answered HTTP 500"):
        ask(run)
    for _ in range(2):
        ask(run)
    assert len(told) == 2
