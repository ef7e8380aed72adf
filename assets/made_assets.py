"""Gold tables that Python makes, as assets: the same pages, months and checks as the tables of `sql/`."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from assets.allocations import ALLOCATED_COSTS, ALLOCATED_IMPORTS, build_allocated_costs, build_allocated_imports
from assets.bridges import BRIDGE_PARTS, build_bridge_parts
from assets.checks import grain_check
from assets.closing import note_restatements
from assets.closing_figures import FIGURES
from assets.closing_tables import RESTATEMENTS
from assets.descriptions import Readers, code, described
from assets.gpu_break_even import build_break_even, build_curve
from assets.gpu_break_even_tables import BREAK_EVEN, CURVE
from assets.kpi_bridges import KPI_BRIDGE, build_kpi_bridge
from assets.lens import Lens
from assets.made_tables import MadeTable
from assets.partitions import months_of
from assets.resources import ClockResource, LakeResource
from assets.tables import TABLES
from pipelines.lake.build import Built
from pipelines.lake.engine import Catalog
from pipelines.lake.sql_models import load_models
from pipelines.settings import load_settings

Build = Callable[[Catalog, Sequence[str]], Built]


@dataclass(frozen=True)
class Making:
    """A made table and the call that brings its months up to date: those asked for, or every month in each run."""

    made: MadeTable
    build: Build
    asks_for_months: bool = True


MAKINGS = (
    Making(ALLOCATED_COSTS, build_allocated_costs),
    Making(ALLOCATED_IMPORTS, build_allocated_imports, asks_for_months=False),
    Making(BRIDGE_PARTS, build_bridge_parts),
    Making(KPI_BRIDGE, build_kpi_bridge),
    Making(BREAK_EVEN, build_break_even),
    Making(CURVE, build_curve),
)


def made_assets(months: dg.MonthlyPartitionsDefinition, readers: Readers) -> list[dg.AssetsDefinition]:
    """One asset a table; after the tables it reads, before those that read it."""
    return [*(_made(making, months, readers) for making in MAKINGS), restatements_asset()]


def _made(making: Making, months: dg.MonthlyPartitionsDefinition, readers: Readers) -> dg.AssetsDefinition:
    made, check = making.made, grain_check(making.made.name, making.made.grain, making.made.table.partition_by)
    key = dg.AssetKey(made.name.split("."))

    @dg.asset(
        key=key,
        check_specs=[check.spec(key)],
        description=described(
            made.table.description,
            grain=", ".join(made.grain),
            source=code(made.reads),
            kept="Stored by month; a run rebuilds only the months whose inputs changed.",
            used_by=readers.get(made.name, ()),
        ),
        group_name=made.name.partition(".")[0],
        deps=[dg.AssetKey(table.split(".")) for table in made.reads],
        partitions_def=months,
        backfill_policy=dg.BackfillPolicy.single_run(),
        code_version=made.code_fingerprint,
        kinds={"python", "deltalake"},
        owners=["team:finops"],
    )
    def table(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult[Any]]:
        catalog = lake.catalog()
        built = making.build(catalog, months_of(context))
        with Lens(catalog) as lens:
            for month, rows in _rows_by_month(lens, made, built.asked).items():
                context.add_asset_metadata({"dagster/partition_row_count": rows}, partition_key=month)
            yield dg.MaterializeResult(
                metadata={
                    "months_written": ", ".join(built.written) or "none: nothing it is made of has changed",
                    **_told(catalog, made.name, built.rows_written),
                },
                check_results=[check.evaluate(lens, key, context.instance)],
            )

    return table


def _rows_by_month(lens: Lens, made: MadeTable, months: Sequence[str]) -> dict[str, int]:
    listed = ", ".join(repr(month) for month in months)
    sql = f"select billing_month, count(*) as n from {made.name} where billing_month in ({listed}) group by all"
    counted = {row["billing_month"]: row["n"] for row in lens.query(sql).to_pylist()}
    return {month: counted.get(month, 0) for month in months}


def _told(catalog: Catalog, table: str, rows: int) -> dict[str, Any]:
    return {
        "rows_written": rows,
        "written": bool(rows),
        "dagster/table_name": table,
        "dagster/uri": catalog.lake.uri(table),
    }


_RESTATEMENTS_DESCRIPTION = described(
    RESTATEMENTS.description,
    grain="manifest, figure, scope, currency and moment it was noted",
    source=f"{code(tuple(FIGURES))}, against `gold.closed_figures`",
    kept="Append only: a line is never changed, and the same difference is not told twice.",
    used_by=("the monthly report",),
)


def restatements_asset() -> dg.AssetsDefinition:
    """Tells after every run what became another figure in closed months."""

    @dg.asset(
        key=RESTATEMENTS.name.split("."),
        description=_RESTATEMENTS_DESCRIPTION,
        group_name="gold",
        deps=[dg.AssetKey(table.split(".")) for table in FIGURES if table in TABLES or table in load_models().by_name],
        kinds={"python", "deltalake"},
        owners=["team:finops"],
    )
    def restatements(lake: LakeResource, clock: ClockResource) -> dg.MaterializeResult[Any]:
        catalog = lake.catalog()
        rows = note_restatements(catalog, load_settings(), clock.read())
        return dg.MaterializeResult(metadata=_told(catalog, RESTATEMENTS.name, rows))

    return restatements
