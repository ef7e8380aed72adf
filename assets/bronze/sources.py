"""Bronze assets: each asks one source and appends what is new."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import dagster as dg

from assets.bronze import reading
from assets.bronze.reading import Reading
from assets.partitions import billing_months, months_of
from assets.resources import ClockResource, LakeResource, ScalewayResource
from pipelines.lake.store import Lake
from pipelines.lake.tables import PYTHON_TABLES
from pipelines.sources.transport import Scaleway

READ_AGAIN_TAG = "finops/read_again"
"""Set on a backfill: months whose invoice is out are asked for once more."""

_KINDS = {"scaleway", "parquet"}
_OWNERS = ["team:finops"]
_POOL = "scaleway_api"

MonthlyReader = Callable[[Lake, Scaleway, list[str], date, bool], Reading]
SnapshotReader = Callable[[Lake, Scaleway], Reading]

MONTHLY: Mapping[str, MonthlyReader] = {
    "charges": reading.read_charges,
    "consumptions": reading.read_consumptions,
    "taxes": reading.read_taxes,
}
SNAPSHOTS: Mapping[str, SnapshotReader] = {
    "invoices": reading.read_invoices,
    "discounts": reading.read_discounts,
    "budgets": reading.read_budgets,
    "products": reading.read_products,
    "projects": reading.read_projects,
    "resources": reading.read_resources,
    "server_types": reading.read_server_types,
}


def bronze_assets(today: date) -> list[dg.AssetsDefinition]:
    """One asset for each source."""
    return [
        *(_monthly(name, reader, today) for name, reader in MONTHLY.items()),
        *(_snapshot(name, reader) for name, reader in SNAPSHOTS.items()),
    ]


def _monthly(name: str, read: MonthlyReader, today: date) -> dg.AssetsDefinition:
    @dg.asset(
        key=["bronze", name],
        description=PYTHON_TABLES[f"bronze.{name}"].description,
        partitions_def=billing_months(today),
        backfill_policy=dg.BackfillPolicy.single_run(),
        kinds=_KINDS,
        owners=_OWNERS,
        group_name="bronze",
        pool=_POOL,
    )
    def ask(
        context: dg.AssetExecutionContext, scaleway: ScalewayResource, lake: LakeResource, clock: ClockResource
    ) -> dg.MaterializeResult[Any]:
        opened = scaleway.open()
        again = READ_AGAIN_TAG in context.run.tags
        result = read(lake.open(), opened, months_of(context), clock.today(), again)
        return dg.MaterializeResult(metadata=_told(result, opened))

    return ask


def _snapshot(name: str, read: SnapshotReader) -> dg.AssetsDefinition:
    # an invoice closes its month, so it is read after that month's charges
    after = [["bronze", monthly] for monthly in MONTHLY] if name == "invoices" else []

    @dg.asset(
        key=["bronze", name],
        description=PYTHON_TABLES[f"bronze.{name}"].description,
        deps=[dg.AssetDep(dg.AssetKey(key), partition_mapping=dg.AllPartitionMapping()) for key in after],
        kinds=_KINDS,
        owners=_OWNERS,
        group_name="bronze",
        pool=_POOL,
    )
    def ask(scaleway: ScalewayResource, lake: LakeResource) -> dg.MaterializeResult[Any]:
        opened = scaleway.open()
        return dg.MaterializeResult(metadata=_told(read(lake.open(), opened), opened))

    return ask


def _told(result: Reading, scaleway: Scaleway) -> dict[str, Any]:
    """What a person reads first, then what debugs a quota."""
    counters = scaleway.counters
    told: dict[str, Any] = {
        "new_answers": result.recorded.new,
        "new_rows": result.recorded.rows,
        "answers_asked": result.recorded.asked,
        "api_calls_so_far": counters.calls,
        "retries_so_far": counters.retries,
        "bytes_so_far": counters.bytes,
    }
    if result.months:
        told["months_read"] = ", ".join(result.months)
    if result.missing:
        told["missing"] = dg.MetadataValue.json(list(result.missing))
    return told
