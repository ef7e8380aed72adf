"""The settings that key figures depend on, as tables: a figure can be asked which line it was drawn at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
import pyarrow as pa

from assets.descriptions import Readers, described
from assets.resources import LakeResource
from pipelines.lake.content import ContentDigest
from pipelines.lake.store import WHOLE, Lake, PartitionState
from pipelines.lake.tables import PythonTable
from pipelines.lake.tables.decisions import KPI_SETTINGS, SAVINGS_PLANS
from pipelines.settings import Settings, load_settings


def kpi_settings_asset(readers: Readers) -> dg.AssetsDefinition:
    """Both tables, in one step."""

    @dg.multi_asset(
        name="kpi_settings",
        specs=[
            dg.AssetSpec(
                key=table.name.split("."),
                description=described(
                    table.description,
                    grain="setting" if table is KPI_SETTINGS else "plan",
                    source="`finops.toml`",
                    kept="Written whole, when it differs from what is stored.",
                    used_by=readers.get(table.name, ()),
                ),
                group_name="bronze",
                owners=["team:platform"],
                kinds={"deltalake"},
            )
            for table in (KPI_SETTINGS, SAVINGS_PLANS)
        ],
    )
    def settings_as_tables(lake: LakeResource) -> Any:
        opened = lake.open()
        for table, rows in rows_of(load_settings()).items():
            written = store_whole(opened, table, rows)
            yield dg.MaterializeResult(
                asset_key=table.name.split("."),
                metadata={
                    "dagster/row_count": len(rows),
                    "dagster/table_name": table.name,
                    "dagster/uri": opened.uri(table.name),
                    "written": written,
                },
            )

    return settings_as_tables


def rows_of(settings: Settings) -> Mapping[PythonTable, Sequence[Mapping[str, Any]]]:
    """What the settings say, as rows of each table."""
    return {
        KPI_SETTINGS: [{"charges_are_net": settings.billing.charges_are_net, "idle_below": settings.kpis.idle_below}],
        SAVINGS_PLANS: [
            {
                "monthly_commitment": plan.monthly_commitment,
                "discount": plan.discount,
                "billing_currency": plan.currency,
                "starts_on": plan.starts_on,
                "ends_on": plan.ends_on,
            }
            for plan in settings.billing.savings_plans
        ],
    }


def store_whole(lake: Lake, table: PythonTable, rows: Sequence[Mapping[str, Any]]) -> bool:
    """Make the table hold exactly these rows; whether it held others before."""
    content = pa.Table.from_pylist(list(rows), schema=table.schema)
    digest = ContentDigest(table.schema)
    digest.add(content)
    stored = lake.state(table.name).partitions.get(WHOLE)
    if stored is not None and stored.content == digest.hexdigest():
        return False
    lake.replace(table.name, content, {WHOLE: PartitionState(digest.hexdigest())}, None)
    return True
