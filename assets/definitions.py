"""Puts the graph together; nothing else."""

import warnings
from datetime import UTC, datetime, timedelta

import dagster as dg

from assets.anomalies_assets import anomaly_assets
from assets.anomaly_alerts_assets import anomaly_alert_assets
from assets.bronze.measured import measured_assets
from assets.bronze.sources import bronze_assets
from assets.budgets_assets import budget_assets
from assets.checks import gate_checks
from assets.descriptions import readers_of
from assets.forecasts_assets import DECISIONS, forecast_assets
from assets.made_assets import made_assets
from assets.outside import outside_assets
from assets.partitions import months_to_show
from assets.platform_health import PLATFORM_HEALTH, platform_health_asset
from assets.recommendations_assets import recommendation_assets
from assets.report_mails_assets import WEEKLY_MAIL, mail_assets
from assets.report_weekly_assets import WEEKLY_REVIEW, weekly_asset
from assets.reports import report_assets
from assets.resources import ClockResource, LakeResource, ScalewayResource
from assets.savings_assets import savings_assets
from assets.schedule_nights_assets import schedule_night_assets
from assets.schedules import AnyJob, daily_schedule, health_schedule, monthly_schedule, weekly_schedule
from assets.sensors import sensors
from assets.settings_assets import settings_asset
from assets.sql_tables import sql_assets
from assets.storage_efficiency_assets import storage_efficiency_assets
from assets.telemetry_plan_assets import telemetry_assets
from assets.unit_costs import unit_cost_assets
from pipelines.lake.sql_models import load_checks, load_models
from pipelines.settings import load_settings

# single-run backfills are marked beta; what we use of them is covered by our own tests
warnings.filterwarnings("ignore", category=dg.BetaWarning)

BUILD_JOB = "build"
REPORT_JOB = "monthly_report_job"
WEEKLY_JOB = "weekly_review_job"
HEALTH_JOB = "platform_health_job"

FRESH = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=36), warn_window=timedelta(hours=26))
"""One missed morning is a warning, half a day more a failure; an asset that says otherwise keeps its own."""


def build_definitions(months: dg.MonthlyPartitionsDefinition, now: str = "", lake: str = "") -> dg.Definitions:
    """All assets, checks, jobs and schedules. `now` and `lake` override the machine's clock and the settings."""
    models = load_models()
    readers = readers_of(models)
    clock = ClockResource(now=now)
    job, report_job, weekly_job, health_job = _jobs()
    made = [
        *bronze_assets(months, readers),
        *measured_assets(readers),
        settings_asset(readers),
        *sql_assets(models, load_checks(), months),
        *made_assets(months, readers),
        *unit_cost_assets(readers),
        *forecast_assets(readers),
        *budget_assets(readers, models),
        *anomaly_assets(readers, models),
        *anomaly_alert_assets(readers),
        *recommendation_assets(readers, models),
        *savings_assets(readers),
        *storage_efficiency_assets(readers, models),
        *telemetry_assets(readers, models),
        *schedule_night_assets(readers, models),
        *report_assets(months),
        weekly_asset(),
        *mail_assets(months),
        platform_health_asset(),
    ]
    return dg.Definitions(
        assets=[*dg.map_asset_specs(_kept_fresh, made), *outside_assets(readers)],
        asset_checks=[*gate_checks()],
        resources={
            "lake": LakeResource(address=lake),
            "scaleway": ScalewayResource(clock=clock),
            "clock": clock,
        },
        jobs=[job, report_job, weekly_job, health_job],
        schedules=[
            daily_schedule(job),
            monthly_schedule(report_job),
            weekly_schedule(weekly_job),
            health_schedule(health_job),
        ],
        sensors=sensors(),
        executor=dg.in_process_executor,
    )


def _jobs() -> tuple[AnyJob, AnyJob, AnyJob, AnyJob]:
    """The daily one, that of the monthly report, that of the weekly review, and that of the platform's health."""
    reports = dg.AssetSelection.groups("reports")
    weekly = dg.AssetSelection.assets(WEEKLY_REVIEW, WEEKLY_MAIL)
    told = (
        (
            BUILD_JOB,
            dg.AssetSelection.groups("bronze", "silver", "gold", DECISIONS),
            "Reads what is new, rebuilds what it changes, checks it. The same job as `finops run`.",
        ),
        (
            REPORT_JOB,
            reports - weekly,
            "Writes the report of a month from the tables as they are and sends it: `finops report monthly --send`.",
        ),
        (
            WEEKLY_JOB,
            weekly,
            "Writes the review of the last complete week and sends it: `finops report weekly --send`.",
        ),
        (
            HEALTH_JOB,
            dg.AssetSelection.assets(PLATFORM_HEALTH),
            "Looks at runs, watchers, sources and the lake, and says what is in trouble.",
        ),
    )
    daily, monthly, week, health = (
        dg.define_asset_job(name, selection=selection, description=description, tags={"finops/job": name})
        for name, selection, description in told
    )
    return daily, monthly, week, health


def _kept_fresh(spec: dg.AssetSpec) -> dg.AssetSpec:
    return spec if spec.freshness_policy else spec.replace_attributes(freshness_policy=FRESH)


@dg.definitions
def defs() -> dg.Definitions:
    """What Dagster's pages and its daemon load."""
    return build_definitions(months_to_show(load_settings(), datetime.now(UTC).date()))
