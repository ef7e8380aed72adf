"""Puts the graph together; nothing else."""

import warnings
from datetime import UTC, date, datetime

import dagster as dg

from assets.bronze.sources import bronze_assets
from assets.checks import gate_checks
from assets.partitions import billing_months
from assets.reports import report_assets
from assets.resources import ClockResource, LakeResource, ScalewayResource
from assets.schedules import daily_schedule, monthly_schedule
from assets.sql_tables import sql_assets
from pipelines.lake.sql_models import load_checks, load_models

# single-run backfills are marked beta; what we use of them is covered by our own tests
warnings.filterwarnings("ignore", category=dg.BetaWarning)

BUILD_JOB = "build"
REPORT_JOB = "monthly_report_job"


def build_definitions(today: date | None = None, now: str = "", lake: str = "") -> dg.Definitions:
    """All assets, checks, jobs and schedules. `now` and `lake` override the machine's clock and the settings."""
    day = today or datetime.now(UTC).date()
    models = load_models()
    clock = ClockResource(now=now)
    months = billing_months(day)
    reports = report_assets(day)
    job = dg.define_asset_job(
        BUILD_JOB,
        selection=dg.AssetSelection.groups("bronze", "silver", "gold"),
        description="Reads what is new, rebuilds what it changes, checks it.",
        partitions_def=months,
    )
    report_job = dg.define_asset_job(
        REPORT_JOB,
        selection=dg.AssetSelection.groups("reports"),
        description="Writes the report of a month.",
        partitions_def=months,
    )
    return dg.Definitions(
        assets=[*bronze_assets(day), *sql_assets(models, load_checks(), day), *reports],
        asset_checks=[*gate_checks()],
        resources={
            "lake": LakeResource(address=lake),
            "scaleway": ScalewayResource(clock=clock),
            "clock": clock,
        },
        jobs=[job, report_job],
        schedules=[daily_schedule(job), monthly_schedule(report_job)],
        executor=dg.in_process_executor,
    )


defs = build_definitions()
