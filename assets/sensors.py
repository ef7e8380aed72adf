"""What watches by itself: runs that fail and data that stay away, told once per cause to FINOPS_ALERT_URLS."""

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
from pipelines.alerts.sending import deliver
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
        return _tell(context.instance, f"failure/{cause.key}", message)

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
        return _tell(context.instance, f"late/{names}", message) or dg.SkipReason(f"told of {names}")

    return tell_late_data


def _tell(instance: dg.DagsterInstance, key: str, message: object) -> dg.SkipReason | None:
    destinations = load_settings().alert_urls()
    if not destinations:
        return dg.SkipReason(_NOBODY)
    taken, problems = tell_once(instance, key, message, destinations, datetime.now(UTC), deliver)  # type: ignore[arg-type]
    if problems:
        return dg.SkipReason(f"not taken, tried again next time: {'; '.join(problems)}")
    return None if taken else dg.SkipReason("told within the last day already")
