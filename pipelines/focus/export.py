"""Writing a FOCUS 1.2 or 1.4 dataset: hive folders by billing month, and its metadata beside it.

Values leave exactly as they are: this is a data exchange file, so a name that starts with `=` or `@` is not
altered for the sake of spreadsheets. The same rows give the same bytes.
"""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.errors import UsageError
from pipelines.focus.columns import FocusColumn, columns_of
from pipelines.focus.csv_text import as_csv
from pipelines.focus.metadata import dataset_metadata

OpenRows = Callable[[], Iterable[pa.RecordBatch]]

_SUPPORTED = ("1.2", "1.4")
# Recommended, or conditional on what a cloud bill has: SKUs, public prices, resources, regions, tags, invoices.
# CommitmentDiscountStatus is here because the rule for ConsumedQuantity refers to it.
_ALWAYS = frozenset(
    {
        "ChargeFrequency",
        "CommitmentDiscountStatus",
        "ConsumedQuantity",
        "ConsumedUnit",
        "InvoiceDetailId",
        "InvoiceId",
        "ListUnitPrice",
        "PricingCategory",
        "RegionId",
        "RegionName",
        "ResourceId",
        "ResourceName",
        "ResourceType",
        "ServiceSubcategory",
        "SkuId",
        "SkuMeter",
        "SkuPriceDetails",
        "SkuPriceId",
        "SubAccountId",
        "SubAccountName",
        "SubAccountType",
        "Tags",
    }
)
_NAMESPACE = uuid.UUID("5d9bb6f0-5c1b-5d6a-9f2e-6f6f63757321")


@dataclass(frozen=True)
class FocusExport:
    """What was written; `totals` is the billed cost per currency, never added across currencies."""

    files: tuple[Path, ...]
    rows: int
    columns: tuple[str, ...]
    totals: dict[str, Decimal]


@dataclass
class _Plan:
    """What a first pass over the rows says about the second."""

    columns: list[FocusColumn] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    months: set[str] = field(default_factory=set)
    totals: dict[str, Decimal] = field(default_factory=dict)
    rows: int = 0

    @property
    def names(self) -> list[str]:
        return [*(column.name for column in self.columns), *self.extra]


def export_focus(
    open_rows: OpenRows,
    *,
    version: str,
    out: Path,
    file_format: str,
    created_at: datetime,
    generator: str = "scaleway-finops",
    generator_version: str = "1",
    dataset_name: str = "Cost and usage",
) -> FocusExport:
    """Write rows with the columns of `silver.focus_costs` as one FOCUS dataset in the folder `out`.

    `open_rows` is called twice: a conditional column without any value in the whole dataset is left out, as
    FOCUS asks, and that is known only after a first pass. A folder that holds anything else is refused.
    """
    _refuse_unknown(version, file_format)
    out = out.resolve()
    _refuse_foreign(out)
    plan = _plan(open_rows, version)
    staging = _staging(out)
    files = _write(open_rows, plan, staging, file_format)
    metadata = dataset_metadata(
        plan.columns,
        plan.extra,
        version=version,
        dataset_id=str(uuid.uuid5(_NAMESPACE, dataset_name)),
        dataset_name=dataset_name,
        schema_id=str(uuid.uuid5(_NAMESPACE, json.dumps([version, plan.names, dataset_name]))),
        created_at=created_at,
        generator=generator,
        generator_version=generator_version,
        months=sorted(plan.months),
    )
    path = staging / "focus_metadata.json"
    path.write_text(json.dumps(metadata, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    _replace(out, staging)
    return FocusExport(
        tuple(out / file.relative_to(staging) for file in [*files, path]), plan.rows, tuple(plan.names), plan.totals
    )


def _refuse_unknown(version: str, file_format: str) -> None:
    if version not in _SUPPORTED:
        raise UsageError(f"FOCUS version {version!r}: an export is 1.2 or 1.4")
    if file_format not in ("csv", "parquet"):
        raise UsageError(f"format {file_format!r}: an export is csv or parquet")


def _plan(open_rows: OpenRows, version: str) -> _Plan:
    plan = _Plan()
    filled: set[str] = set()
    extra: set[str] = set()
    for batch in open_rows():
        if not batch.num_rows:
            continue
        _require(batch, version)
        plan.rows += batch.num_rows
        filled |= {name for name in batch.schema.names if batch.column(name).null_count < batch.num_rows}
        plan.months |= set(_months(batch).unique().to_pylist())
        extra |= _extra_names(batch)
        _add_totals(plan.totals, batch)
    if not plan.rows:
        raise UsageError("there are no costs to export; run `finops demo`, `finops run` or `finops import focus FILE`")
    plan.columns = [column for column in columns_of(version) if _emitted(column, filled)]
    plan.extra = sorted(extra)
    return plan


def _emitted(column: FocusColumn, filled: set[str]) -> bool:
    """Mandatory columns, those whose condition a cloud bill meets, and any other that holds a value."""
    if column.name.startswith("CommitmentDiscount") and "commitment_discount_id" in filled:
        return True
    return column.level == "Mandatory" or column.name in _ALWAYS or column.snake in filled


def _require(batch: pa.RecordBatch, version: str) -> None:
    have = set(batch.schema.names)
    missing = [item.snake for item in columns_of(version) if item.level == "Mandatory" and item.snake not in have]
    if missing:
        raise UsageError(f"FOCUS export: the rows lack {', '.join(missing)}; take them from silver.focus_costs")


def _months(batch: pa.RecordBatch) -> pa.Array:
    start = batch.column("billing_period_start")
    if start.null_count:
        raise UsageError("FOCUS export: a row has no billing_period_start; every line belongs to a billing month")
    return pc.strftime(pc.cast(start, pa.timestamp("us", tz="UTC")), format="%Y-%m")


def _extra_names(batch: pa.RecordBatch) -> set[str]:
    names: set[str] = set()
    if "x_columns" in batch.schema.names:
        for text in batch.column("x_columns").unique().drop_null().to_pylist():
            names |= {_x_name(key) for key in json.loads(text)}
    return names


def _x_name(key: str) -> str:
    return key if key.startswith("x_") else f"x_{key}"


def _add_totals(totals: dict[str, Decimal], batch: pa.RecordBatch) -> None:
    table = pa.table({"currency": batch.column("billing_currency"), "cost": batch.column("billed_cost")})
    for row in table.group_by("currency").aggregate([("cost", "sum")]).to_pylist():
        if row["cost_sum"] is not None:
            totals[row["currency"]] = totals.get(row["currency"], Decimal(0)) + row["cost_sum"]


def _refuse_foreign(out: Path) -> None:
    """An earlier export may be replaced, and nothing else."""
    try:
        content = list(out.iterdir()) if out.exists() else []
    except OSError as error:
        raise UsageError(f"{out}: cannot be written ({error.strerror}); choose another folder") from error
    foreign = sorted(item.name for item in content if not _is_ours(item))
    if content and (foreign or not (out / "focus_metadata.json").exists()):
        raise UsageError(f"{out}: holds {(foreign or [content[0].name])[0]!r}; export into an empty folder")


def _staging(out: Path) -> Path:
    """Where an export grows, so that a broken one leaves the earlier one whole."""
    staging = out.with_name(f".{out.name}.partial")
    try:
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True)
    except OSError as error:
        raise UsageError(f"{out}: cannot be written ({error.strerror}); choose another folder") from error
    return staging


def _replace(out: Path, staging: Path) -> None:
    if out.exists():
        shutil.rmtree(out)
    staging.rename(out)


def _is_ours(item: Path) -> bool:
    return item.name == "focus_metadata.json" or (item.is_dir() and item.name.startswith("billing_period="))


def _write(open_rows: OpenRows, plan: _Plan, out: Path, file_format: str) -> list[Path]:
    paths = {m: out / f"billing_period={m}" / f"focus.{file_format}" for m in sorted(plan.months)}
    for path in paths.values():
        path.parent.mkdir()
    writers: dict[str, BinaryIO | pq.ParquetWriter] = {}
    try:
        for batch in open_rows():
            if not batch.num_rows:
                continue
            months = _months(batch)
            for month in sorted(months.unique().to_pylist()):
                part = pa.Table.from_batches([batch.filter(pc.equal(months, month))])
                _append(writers, month, paths[month], _typed(part, plan), file_format)
    finally:
        for writer in writers.values():
            writer.close()
    return list(paths.values())


def _append(
    writers: dict[str, BinaryIO | pq.ParquetWriter], month: str, path: Path, rows: pa.Table, file_format: str
) -> None:
    writer = writers.get(month)
    first = writer is None
    if writer is None:
        writer = path.open("wb") if file_format == "csv" else pq.ParquetWriter(path, rows.schema, compression="zstd")
        writers[month] = writer
    if isinstance(writer, pq.ParquetWriter):
        writer.write_table(rows)
    else:
        writer.write(as_csv(rows, header=first))


def _typed(part: pa.Table, plan: _Plan) -> pa.Table:
    """The rows under their FOCUS names and types, `x_` columns last."""
    columns = {}
    for column in plan.columns:
        if column.snake in part.column_names:
            columns[column.name] = pc.cast(part.column(column.snake), column.arrow_type)
        else:
            columns[column.name] = pa.nulls(part.num_rows, column.arrow_type)
    for name, values in _unpack(part, plan.extra).items():
        columns[name] = pa.array(values, pa.string())
    return pa.table(columns)


def _unpack(part: pa.Table, extra: list[str]) -> dict[str, list[str | None]]:
    unpacked: dict[str, list[str | None]] = {name: [None] * part.num_rows for name in extra}
    if not extra:
        return {}
    for row, text in enumerate(part.column("x_columns").to_pylist()):
        for key, value in (json.loads(text) if text else {}).items():
            plain = value if isinstance(value, str) or value is None else json.dumps(value, ensure_ascii=False)
            unpacked[_x_name(key)][row] = plain
    return unpacked
