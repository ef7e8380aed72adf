"""Reports: gold rows in, a file out. The same call serves Dagster and the command line."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa

from assets.made_tables import MONTH
from assets.partitions import months_of
from assets.report_ahead import AHEAD_TABLES, ahead_rows
from assets.report_anomalies import anomaly_rows
from assets.report_gpu import gpu_rows
from assets.report_lifecycle import LIFECYCLE_TABLES, lifecycle_rows
from assets.report_recommendations import ADVICE_TABLES, advice_rows
from assets.report_rows import month_rows
from assets.resources import ClockResource, LakeResource
from pipelines.billing.periods import month_start, next_month
from pipelines.errors import UsageError
from pipelines.lake.engine import Catalog, reading
from pipelines.lake.sql_models import load_checks, tables_read
from pipelines.reporting.gpu_rows import GPU_TABLES
from pipelines.settings import load_settings

_FURTHER = {*ADVICE_TABLES, *AHEAD_TABLES, *LIFECYCLE_TABLES, *GPU_TABLES} - {"gold.forecasts"}

READ_BY_THE_REPORT = (
    "gold/daily_costs",
    "gold/total_bridge",
    "gold/top_spenders",
    "gold/tag_coverage",
    "gold/reconciliation",
    "gold/invoice_reconciliation",
    "gold/invoice_waterfall",
    "gold/monthly_summary",
    *("gold/kpis", "gold/kpi_bridge"),
    *("gold/anomalies", "gold/anomaly_causes", "gold/anomaly_days", "gold/anomaly_changes"),
    *("gold/forecasts", "gold/forecast_accuracy", "gold/budgets", "gold/voucher_burn_down", "gold/voucher_bills"),
    *(table.replace(".", "/") for table in sorted(_FURTHER)),
)

_REPORT_DESCRIPTION = """The monthly review as one HTML file: what was spent, why it changed, whether the bill agrees.

- **Grain**: one file per billing month
- **Source**: gold tables only; nothing is worked out in the report
- **Kept**: in the folder of the setting `report.out`; it says preliminary until the month's invoice is issued
- **Used by**: people: finance, team leads, management
- **Made by**: the same call as `finops report monthly`"""

_QUALITY_DESCRIPTION = """What was checked, what was found, how fresh each source is: one HTML file.

- **Grain**: one file
- **Source**: every stored table, judged as it is now
- **Kept**: in the folder of the setting `report.out`; a new one replaces it
- **Used by**: people: whoever answers for the data
- **Made by**: the same call as `finops report quality`"""

_MONTHLY = dg.FreshnessPolicy.time_window(fail_window=timedelta(days=35), warn_window=timedelta(days=32))
"""A report is due once a month; the tables it is made of are due every day."""


def write_monthly_report(catalog: Catalog, month: str, folder: Path, now: datetime, locale: str) -> Path:
    """One self-contained HTML file of a month; without a build of that month, UsageError."""
    return write_monthly_page(monthly_inputs(catalog, month, now), month, folder, locale)


def write_monthly_page(inputs: Sequence[Any], month: str, folder: Path, locale: str) -> Path:
    """The file of what was read."""
    from pipelines.reporting.monthly import render_monthly

    return written(folder / f"finops-{month}.html", render_monthly(inputs, locale))


def monthly_inputs(catalog: Catalog, month: str, now: datetime) -> list[Any]:
    """What the report of a month and its e-mail are made from, one for each currency."""
    from assets.closing_report import closed_month
    from pipelines.reporting.monthly_input import TABLES, currencies, monthly_input

    def read(lake: Catalog) -> dict[str, list[dict[str, Any]]]:
        rows = {table: month_rows(lake, table, month) for table in TABLES}
        rows |= _anomalies(lake, month) | advice_rows(lake, now.date()) | ahead_rows(lake, month)
        rows |= gpu_rows(lake, month)
        return rows | lifecycle_rows(lake, load_settings(), now.date())

    closing, rows = closed_month(catalog, month, read, now)
    found = currencies(rows, month)
    if not found:
        raise UsageError(f"month {month} is not in the lake; run `finops run --since {month}-01` first")
    failed = failed_checks(catalog, month)
    return [
        monthly_input(
            rows,
            month,
            currency,
            organization_name=organization_name(catalog),
            as_of=now,
            product_version=version("scaleway-finops"),
            checks_failed=failed,
            closing=closing,
            dust_floor=load_settings().recommendations.dust_floor,
        )
        for currency in found
    ]


def written(file: Path, page: str) -> Path:
    """The file with the page in it; a folder nobody may write to is a UsageError."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be written ({error.strerror}); name another folder with --out") from None
    return file


def failed_checks(catalog: Catalog, month: str) -> Sequence[Any]:
    """The checks of sql/checks that do not hold in this month; one without months concerns every month."""
    from pipelines.reporting.monthly_rows import FailedCheck

    failed = []
    for check in load_checks():
        found = _offending(catalog, check.sql, month)
        rows = found[MONTH].to_pylist().count(month) if MONTH in found.column_names else found.num_rows
        if rows:
            message = f"{check.description} Rows found: {rows}."
            failed.append(FailedCheck(check.name, check.table, message, check.is_blocking))
    return failed


def _offending(catalog: Catalog, sql: str, month: str) -> pa.Table:
    """Rows that a check finds; of one that tells months those of the month, in tables by month read for it alone.

    Such a check compares what is said of the same month, so months beside it change nothing in what it finds there.
    """
    reads = sorted(tables_read(sql))
    stored = {name for read in reads for name in catalog.physical(read)}
    demand = {name: [month] for name in stored if catalog.state(name).partition_by == MONTH}
    with catalog.connect() as connection, reading():
        catalog.register(connection, reads, demand)
        found = connection.execute(sql).to_arrow_table()
    return found if MONTH in found.column_names else catalog.query(sql)


def organization_id(catalog: Catalog) -> str:
    """The id on the newest bill; empty while there is none."""
    names = catalog.query("select organization_id from silver.organizations limit 1").to_pylist()
    return str(names[0]["organization_id"]) if names else ""


def organization_name(catalog: Catalog) -> str:
    """Name on the newest bill, or the id while there is none."""
    names = catalog.query("select organization_name, organization_id from silver.organizations limit 1").to_pylist()
    return str(names[0]["organization_name"] or names[0]["organization_id"]) if names else "your organisation"


def _anomalies(catalog: Catalog, month: str) -> dict[str, list[dict[str, Any]]]:
    """Those with a day in the month; no table before anything was judged."""
    first = month_start(month)
    return anomaly_rows(catalog, first, next_month(first) - timedelta(days=1), load_settings())


def report_assets(months: dg.MonthlyPartitionsDefinition) -> list[dg.AssetsDefinition]:
    """The monthly report as an asset of its month."""

    @dg.asset(
        key=["reports", "monthly_report"],
        description=_REPORT_DESCRIPTION,
        group_name="reports",
        owners=["team:finops"],
        kinds={"html"},
        partitions_def=months,
        backfill_policy=dg.BackfillPolicy.single_run(),
        freshness_policy=_MONTHLY,
        deps=[dg.AssetKey(key.split("/")) for key in READ_BY_THE_REPORT],
    )
    def monthly_report(
        context: dg.AssetExecutionContext, lake: LakeResource, clock: ClockResource
    ) -> dg.MaterializeResult[Any]:
        settings = load_settings()
        catalog = lake.catalog()
        now = clock.read()
        for month in months_of(context):
            file = write_monthly_report(catalog, month, settings.report.out, now, settings.locale)
            context.add_asset_metadata(
                {
                    "report": dg.MetadataValue.path(str(file.absolute())),
                    "bytes": file.stat().st_size,
                    "month": month,
                },
                partition_key=month,
            )
        return dg.MaterializeResult(metadata={"locale": settings.locale, "as_of": f"{now:%Y-%m-%d %H:%M} UTC"})

    return [monthly_report, quality_asset()]


def quality_asset() -> dg.AssetsDefinition:
    """The quality page as an asset; it speaks of the lake as it is, so it has no months."""

    @dg.asset(
        key=["reports", "quality"],
        description=_QUALITY_DESCRIPTION,
        group_name="reports",
        owners=["team:platform"],
        kinds={"html"},
        freshness_policy=_MONTHLY,
        deps=[dg.AssetKey(["gold", "data_freshness"])],
    )
    def quality(lake: LakeResource, clock: ClockResource) -> dg.MaterializeResult[Any]:
        from assets.quality import write_quality_page

        file = write_quality_page(lake.catalog(), load_settings().report.out, clock.read())
        return dg.MaterializeResult(
            metadata={"report": dg.MetadataValue.path(str(file.absolute())), "bytes": file.stat().st_size}
        )

    return quality
