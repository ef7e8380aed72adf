"""Fixed and marginal cost as an asset: what Python draws from the unit costs, which are files of `sql/gold`."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from assets.checks import grain_check
from assets.descriptions import Readers, code, described
from assets.lens import Lens
from assets.made_tables import in_order
from assets.resources import LakeResource
from assets.unit_drivers import unit_cost_drivers
from assets.unit_tables import UNIT_COST_DRIVERS
from pipelines.lake.engine import Catalog
from pipelines.lake.rewrite import replace_whole
from pipelines.settings import load_settings


def store_drivers(catalog: Catalog, least_days: int) -> tuple[int, bool]:
    """Fixed and marginal cost as the figures are now: how many, and whether they differ from those stored."""
    rows = in_order(UNIT_COST_DRIVERS, unit_cost_drivers(catalog, least_days))
    written = replace_whole(catalog.lake, UNIT_COST_DRIVERS.name, rows)
    catalog.forget(UNIT_COST_DRIVERS.name)
    return rows.num_rows, written


def unit_cost_assets(readers: Readers) -> list[dg.AssetsDefinition]:
    """Fixed and marginal cost, after the figures they are drawn from."""
    made = UNIT_COST_DRIVERS
    key, check = dg.AssetKey(made.name.split(".")), grain_check(made.name, made.grain, made.table.partition_by)

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
                metadata={
                    "dagster/row_count": rows,
                    "dagster/table_name": made.name,
                    "dagster/uri": catalog.lake.uri(made.name),
                    "written": written,
                },
                check_results=[check.evaluate(lens, key, context.instance)],
            )

    return [drivers]
