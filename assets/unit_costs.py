"""Unit costs as assets: what they are told, and what Python draws from them; the figures are files of `sql/gold`."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from assets.descriptions import Readers, code, described
from assets.kpi_settings import store_whole
from assets.lens import Lens
from assets.made_assets import grain_check
from assets.made_tables import in_order
from assets.resources import LakeResource
from assets.unit_drivers import unit_cost_drivers
from assets.unit_tables import UNIT_COST_DRIVERS, UNIT_SETTINGS
from pipelines.lake.engine import Catalog
from pipelines.lake.store import Lake
from pipelines.settings import Settings, load_settings


def unit_cost_assets(readers: Readers) -> list[dg.AssetsDefinition]:
    """The settings, before every figure; fixed and marginal cost, after."""
    return [_settings_asset(readers), _drivers_asset(readers)]


def store_unit_settings(lake: Lake, settings: Settings) -> bool:
    """Make the table say what the settings say; whether it said something else before."""
    units = settings.units
    row = {
        "target_margin": units.target_margin,
        "ci_products": list(units.ci_products),
        "ci_pools": list(units.ci_pools),
        "ephemeral_environments": list(units.ephemeral_environments),
        "first_entry_sources": list(units.first_entry_sources),
    }
    return store_whole(lake, UNIT_SETTINGS, [row])


def store_drivers(catalog: Catalog, least_days: int) -> tuple[int, bool]:
    """Fixed and marginal cost as the figures are now: how many, and whether they differ from those stored."""
    rows = in_order(UNIT_COST_DRIVERS, unit_cost_drivers(catalog, least_days)).to_pylist()
    written = store_whole(catalog.lake, UNIT_COST_DRIVERS.table, rows)
    catalog.forget(UNIT_COST_DRIVERS.name)
    return len(rows), written


def _settings_asset(readers: Readers) -> dg.AssetsDefinition:
    @dg.asset(
        key=UNIT_SETTINGS.name.split("."),
        description=described(
            UNIT_SETTINGS.description,
            grain="none: one row",
            source="`finops.toml`",
            kept="Written whole, when it differs from what is stored.",
            used_by=readers.get(UNIT_SETTINGS.name, ()),
        ),
        group_name="bronze",
        owners=["team:platform"],
        kinds={"deltalake"},
    )
    def unit_settings(lake: LakeResource) -> dg.MaterializeResult[Any]:
        opened = lake.open()
        written = store_unit_settings(opened, load_settings())
        return dg.MaterializeResult(metadata=_told(opened, UNIT_SETTINGS.name, 1, written))

    return unit_settings


def _drivers_asset(readers: Readers) -> dg.AssetsDefinition:
    made = UNIT_COST_DRIVERS
    key, check = dg.AssetKey(made.name.split(".")), grain_check(made)

    @dg.asset(
        key=key,
        check_specs=[check.spec(key)],
        description=described(
            made.table.description,
            grain=", ".join(made.grain),
            source=code(made.reads),
            kept="Written whole, when it differs from what is stored.",
            used_by=readers.get(made.name, ()),
        ),
        deps=[
            dg.AssetDep(dg.AssetKey(table.split(".")), partition_mapping=dg.AllPartitionMapping())
            for table in made.reads
        ],
        group_name="gold",
        code_version=made.code_fingerprint,
        kinds={"python", "deltalake"},
        owners=["team:finops"],
    )
    def drivers(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult[Any]]:
        catalog = lake.catalog()
        rows, written = store_drivers(catalog, load_settings().units.regression_days)
        with Lens(catalog) as lens:
            yield dg.MaterializeResult(
                metadata=_told(catalog.lake, made.name, rows, written),
                check_results=[check.evaluate(lens, key, context.instance)],
            )

    return drivers


def _told(lake: Lake, table: str, rows: int, written: bool) -> dict[str, Any]:
    return {
        "dagster/row_count": rows,
        "dagster/table_name": table,
        "dagster/uri": lake.uri(table),
        "written": written,
    }
