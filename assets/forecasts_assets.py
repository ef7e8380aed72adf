"""The forecast as assets: made once a day from the series of gold, kept as it was said."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from assets.checks import TableCheck, grain_check
from assets.descriptions import Readers, code, described
from assets.forecasts_tables import FORECAST_ACCURACY, FORECAST_TABLES
from assets.lens import Lens
from assets.made_tables import MadeTable
from assets.resources import ClockResource, LakeResource
from pipelines.lake.engine import Catalog
from pipelines.settings import load_settings

DECISIONS = "decisions"
"""The group of what Python decides from what SQL measured."""


def forecast_assets(readers: Readers) -> list[dg.AssetsDefinition]:
    """One step, one asset a table."""
    kept = "As it was said: a day's forecast is added to those before, and is not made twice."
    specs = [
        decision_spec(
            made,
            readers,
            kept if made is not FORECAST_ACCURACY else "Of the newest forecast.",
            [*monthly_deps(), *_change_deps()],
        )
        for made in FORECAST_TABLES
    ]
    checks = {made.name: grain_check(made.name, made.grain, made.table.partition_by) for made in FORECAST_TABLES}

    @dg.multi_asset(
        name="gold__forecasts",
        specs=specs,
        check_specs=[check.spec(asset_key(name)) for name, check in checks.items()],
    )
    def forecasts(
        context: dg.AssetExecutionContext, lake: LakeResource, clock: ClockResource
    ) -> Iterator[dg.MaterializeResult[Any]]:
        from assets.forecasts import update_forecasts  # numpy is not loaded to list the assets
        from assets.forecasts_changes import changes_of

        catalog = lake.catalog()
        settings = load_settings()
        changes = changes_of(settings.known_changes)
        made = update_forecasts(catalog, clock.today(), settings.forecast.holidays, changes)
        told = {"series": made.series, "made_on": f"{made.made_on}", "known_until": f"{made.known_until or 'nothing'}"}
        told |= {"note": made.reason} if made.reason else {}
        yield from materialized(catalog, FORECAST_TABLES, made.rows, checks, told, context.instance)

    return [forecasts]


def monthly_deps() -> list[dg.AssetDep]:
    """The series, of all months, and what they may follow."""
    return [
        dg.AssetDep(asset_key("gold.daily_series"), partition_mapping=dg.AllPartitionMapping()),
        dg.AssetDep(asset_key("gold.daily_series_drivers")),
        dg.AssetDep(asset_key("silver.latest_answers")),
    ]


def _change_deps() -> list[dg.AssetDep]:
    """What known changes reach: the SKUs of costs, and the prices that are known to come."""
    return [
        dg.AssetDep(asset_key("silver.labelled_costs"), partition_mapping=dg.AllPartitionMapping()),
        dg.AssetDep(asset_key("silver.billing_behaviours")),
        dg.AssetDep(asset_key("silver.prices")),
    ]


def asset_key(table: str) -> dg.AssetKey:
    """`gold.forecasts` is the asset gold/forecasts."""
    return dg.AssetKey(table.split("."))


def decision_spec(made: MadeTable, readers: Readers, kept: str, deps: list[dg.AssetDep]) -> dg.AssetSpec:
    """What a page says of a table of decisions."""
    return dg.AssetSpec(
        key=asset_key(made.name),
        description=described(
            made.table.description,
            grain=", ".join(made.grain),
            source=code(made.reads),
            kept=kept,
            used_by=readers.get(made.name, ()),
        ),
        deps=deps,
        group_name=DECISIONS,
        kinds={"python", "deltalake"},
        owners=["team:finops"],
    )


def materialized(
    catalog: Catalog,
    tables: tuple[MadeTable, ...],
    written: Any,
    checks: dict[str, TableCheck],
    told: dict[str, Any],
    instance: dg.DagsterInstance,
) -> Iterator[dg.MaterializeResult[Any]]:
    """Rows written and rows there are, and the grain check, of each table."""
    with Lens(catalog) as lens:
        for made in tables:
            rows = int(lens.query(f"select count(*) as n from {made.name}")["n"][0].as_py())
            yield dg.MaterializeResult(
                asset_key=asset_key(made.name),
                metadata={
                    "dagster/row_count": rows,
                    "rows_written": written.get(made.name, 0),
                    "written": bool(written.get(made.name, 0)),
                    **told,
                    "dagster/table_name": made.name,
                    "dagster/uri": catalog.lake.uri(made.name),
                },
                check_results=[checks[made.name].evaluate(lens, asset_key(made.name), instance)],
            )
