"""Bronze assets: each asks one source and appends what is new."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import dagster as dg

from assets.bronze import reading
from assets.bronze.reading import Reading
from assets.bronze.reading_audit import read_audit_events
from assets.bronze.reading_footprint import read_footprints
from assets.descriptions import Readers, described
from assets.lens import Lens
from assets.outside import answered_by
from assets.partitions import months_of
from assets.resources import ClockResource, LakeResource, ScalewayResource
from assets.tables import open_catalog
from pipelines.lake.store import Lake
from pipelines.lake.tables import PYTHON_TABLES
from pipelines.sources.transport import Scaleway

READ_AGAIN_TAG = "finops/read_again"
"""Set on a backfill: months whose invoice is out are asked for once more."""

POOL = "scaleway_api"
_KINDS = {"scaleway", "deltalake"}
_OWNERS = ["team:platform"]

MonthlyReader = Callable[[Lake, Scaleway, list[str], date, bool], Reading]
SnapshotReader = Callable[[Lake, Scaleway], Reading]

MONTHLY: Mapping[str, MonthlyReader] = {
    "charges": reading.read_charges,
    "consumptions": reading.read_consumptions,
    "taxes": reading.read_taxes,
    "footprints": read_footprints,
}
SNAPSHOTS: Mapping[str, SnapshotReader] = {
    "invoices": reading.read_invoices,
    "discounts": reading.read_discounts,
    "budgets": reading.read_budgets,
    "products": reading.read_products,
    "projects": reading.read_projects,
    "resources": reading.read_resources,
    "server_types": reading.read_server_types,
    "audit_events": read_audit_events,
}
_KEPT = {"audit_events": "each complete day is asked for once, as far back as Scaleway keeps them"}


def bronze_assets(months: dg.MonthlyPartitionsDefinition, readers: Readers) -> list[dg.AssetsDefinition]:
    """One asset for each source."""
    return [
        *(_monthly(name, reader, months, readers) for name, reader in MONTHLY.items()),
        *(_snapshot(name, reader, readers) for name, reader in SNAPSHOTS.items()),
    ]


def _monthly(
    name: str, read: MonthlyReader, months: dg.MonthlyPartitionsDefinition, readers: Readers
) -> dg.AssetsDefinition:
    @dg.asset(
        key=["bronze", name],
        description=_description(name, readers, "months are asked for until their invoice is out"),
        deps=[answered_by(name)],
        partitions_def=months,
        backfill_policy=dg.BackfillPolicy.single_run(),
        kinds=_KINDS,
        owners=_OWNERS,
        group_name="bronze",
        pool=POOL,
    )
    def ask(
        context: dg.AssetExecutionContext, scaleway: ScalewayResource, lake: LakeResource, clock: ClockResource
    ) -> dg.MaterializeResult[Any]:
        wanted = months_of(context)
        again = READ_AGAIN_TAG in context.run.tags
        opened = lake.open()
        with _metered(scaleway.open()) as meter:
            result = read(opened, meter.scaleway, wanted, clock.today(), again)
        _tell_of_others(context, name, result, meter)
        for month, rows in _rows_by_month(opened, name).items():
            if month in wanted:
                context.add_asset_metadata({"dagster/partition_row_count": rows}, partition_key=month)
        return dg.MaterializeResult(metadata=_told(name, opened, result, meter))

    return ask


def _snapshot(name: str, read: SnapshotReader, readers: Readers) -> dg.AssetsDefinition:
    # an invoice closes its month, so it is read after that month's charges
    after = [["bronze", monthly] for monthly in MONTHLY] if name == "invoices" else []

    @dg.asset(
        key=["bronze", name],
        description=_description(
            name, readers, _KEPT.get(name, "a snapshot a run, kept when it differs from the last one")
        ),
        deps=[
            answered_by(name),
            *(dg.AssetDep(dg.AssetKey(key), partition_mapping=dg.AllPartitionMapping()) for key in after),
        ],
        kinds=_KINDS,
        owners=_OWNERS,
        group_name="bronze",
        pool=POOL,
    )
    def ask(
        context: dg.AssetExecutionContext, scaleway: ScalewayResource, lake: LakeResource
    ) -> dg.MaterializeResult[Any]:
        opened = lake.open()
        with _metered(scaleway.open()) as meter:
            result = read(opened, meter.scaleway)
        _tell_of_others(context, name, result, meter)
        told = _told(name, opened, result, meter)
        return dg.MaterializeResult(metadata={"dagster/row_count": sum(_rows_by_month(opened, name).values()), **told})

    return ask


def _description(name: str, readers: Readers, kept: str) -> str:
    return described(
        PYTHON_TABLES[f"bronze.{name}"].description,
        grain="item of an answer, as JSON text",
        source=f"`{answered_by(name).to_user_string()}`, read only",
        kept=f"Append only; {kept}.",
        used_by=readers.get(f"bronze.{name}", ()),
    )


@dataclass
class _Meter:
    """What one step asked of Scaleway."""

    scaleway: Scaleway
    used: Mapping[str, int | float]


@contextmanager
def _metered(scaleway: Scaleway) -> Iterator[_Meter]:
    """The counters run through all steps; a step tells its own share."""
    before, started = asdict(scaleway.counters), time.perf_counter()
    meter = _Meter(scaleway, {})
    yield meter
    used = {name: count - before[name] for name, count in asdict(scaleway.counters).items()}
    meter.used = {
        "api_calls": used["calls"],
        "pages": used["pages"],
        "retries": used["retries"],
        "bytes": used["bytes"],
        "seconds": round(time.perf_counter() - started, 3),
    }


def _tell_of_others(context: dg.AssetExecutionContext, name: str, result: Reading, meter: _Meter) -> None:
    """The step also asked an API and wrote its answers; their pages say so."""
    context.log_event(dg.AssetObservation(answered_by(name), metadata=meter.used))
    if result.recorded.new:
        answers: dict[str, Any] = {"new_answers": result.recorded.new, "answers_of": f"bronze.{name}"}
        context.log_event(dg.AssetMaterialization(["bronze", "answers"], metadata=answers))


def _told(name: str, lake: Lake, result: Reading, meter: _Meter) -> dict[str, Any]:
    """What a person reads first, then what debugs a quota."""
    table = PYTHON_TABLES[f"bronze.{name}"]
    told: dict[str, Any] = {
        "new_rows": result.recorded.rows,
        "new_answers": result.recorded.new,
        "answers_asked": result.recorded.asked,
        **meter.used,
        "dagster/table_name": table.name,
        "dagster/uri": lake.uri(table.name),
        "dagster/column_schema": dg.TableSchema(
            [dg.TableColumn(column.name, str(column.type)) for column in table.schema]
        ),
    }
    if result.months:
        told["months_read"] = ", ".join(result.months)
    if result.missing:
        told["missing"] = dg.MetadataValue.json(list(result.missing))
    return told


def _rows_by_month(lake: Lake, name: str) -> dict[str, int]:
    """Rows stored by billing month."""
    with Lens(open_catalog(lake)) as lens:
        rows = lens.query(f"select billing_month, count(*) as stored from bronze.{name} group by all").to_pylist()
    return {row["billing_month"]: row["stored"] for row in rows}
