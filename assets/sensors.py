"""What watches by itself: runs that fail and data that stay away, told once per cause to FINOPS_ALERT_URLS."""

from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg

from assets.failure_messages import (
    WILL_RETRY_TAG,
    cause_of,
    failure_message,
    late_message,
    late_sources,
    tell_once,
)
from assets.resources import LakeResource
from pipelines.alerts.message import Message
from pipelines.alerts.sending import deliver
from pipelines.errors import SourceUnavailable
from pipelines.settings import load_settings

_HOURLY = 3600
_NOBODY = "FINOPS_ALERT_URLS is not set, so there is nobody to tell"


def sensors() -> list[dg.SensorDefinition]:
    """They are off until they are switched on, as schedules are."""
    return [_failures(), _late_data()]


def _failures() -> dg.SensorDefinition:
    @dg.run_failure_sensor(
        name="tell_failures",
        description="Tells people why a run failed: one message per cause and day, none before a retry.",
        default_status=dg.DefaultSensorStatus.STOPPED,
    )
    def tell_failures(context: dg.RunFailureSensorContext) -> dg.SkipReason | None:
        if context.dagster_run.tags.get(WILL_RETRY_TAG) == "true":
            return dg.SkipReason("the run is tried again; only its last failure is told")
        settings = load_settings()
        cause = cause_of(context.dagster_run, context.instance)
        message = failure_message(cause, context.dagster_run.run_id, settings.anomalies.alerts.subject_prefix)
        told = _tell(context.instance, f"failure/{cause.key}", message)
        if told.problems:  # a run fails once: nobody asks again, so it must not pass for told
            raise SourceUnavailable(f"not told why {cause.job} failed: {'; '.join(told.problems)}")
        return dg.SkipReason(told.words) if told.words else None

    return tell_failures


def _late_data() -> dg.SensorDefinition:
    @dg.sensor(
        name="tell_late_data",
        description="Tells people which sources have had no data for two days: one message for all of them and day.",
        minimum_interval_seconds=_HOURLY,
        default_status=dg.DefaultSensorStatus.STOPPED,
    )
    def tell_late_data(context: dg.SensorEvaluationContext, lake: LakeResource) -> dg.SkipReason:
        settings = load_settings()
        late = late_sources(lake.catalog(), datetime.now(UTC).date())
        if not late:
            return dg.SkipReason("every source has data until the day before yesterday or later")
        message = late_message(late, settings.anomalies.alerts.subject_prefix)
        names = ",".join(sorted(name for name, _ in late))
        told = _tell(context.instance, f"late/{names}", message)
        if told.problems:
            return dg.SkipReason(f"not taken, tried again in an hour: {'; '.join(told.problems)}")
        return dg.SkipReason(told.words or f"told of {names}")

    return tell_late_data


@dataclass(frozen=True)
class _Told:
    """What became of a message: who did not take it, and why nothing was sent where nothing had to be."""

    problems: tuple[str, ...] = ()
    words: str = ""


def _tell(instance: dg.DagsterInstance, key: str, message: Message) -> _Told:
    destinations = load_settings().alert_urls()
    if not destinations:
        return _Told(words=_NOBODY)
    taken, problems = tell_once(instance, key, message, destinations, datetime.now(UTC), deliver)
    return _Told(problems, "" if taken or problems else "told within the last day already")
