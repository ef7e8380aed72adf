"""FOCUS bills in and out: files of other providers into the lake, the lake's costs into files."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa

from assets.tables import IMPORT_KEY
from pipelines.errors import UsageError
from pipelines.focus.export import FocusExport, export_focus
from pipelines.focus.read import FocusBatch, read_focus
from pipelines.lake.engine import Catalog, connect
from pipelines.lake.rewrite import replace_changed
from pipelines.lake.store import Lake

_BATCH_ROWS = 50_000


@dataclass(frozen=True)
class Imported:
    """What became of one file; accepted + quarantined = received."""

    file: str
    version: str
    received: int
    accepted: int
    quarantined: int
    changed: bool
    notes: list[str]
    reasons: list[tuple[int, str]]


def import_focus(lake: Lake, path: Path, lenient: bool = False, dry_run: bool = False) -> Imported:
    """Read one bill; its lines replace what a file of this name said before."""
    batch = read_focus(path, lenient=lenient)
    changed = False
    if not dry_run:
        changed = _store(lake, path, batch)
    reasons = [(row["line_number"], row["reason"]) for row in batch.quarantined.slice(0, 5).to_pylist()]
    return Imported(
        path.name,
        batch.version,
        batch.received,
        batch.accepted.num_rows,
        batch.quarantined.num_rows,
        changed,
        batch.notes,
        reasons,
    )


def _store(lake: Lake, path: Path, batch: FocusBatch) -> bool:
    key = hashlib.sha256(path.name.encode()).hexdigest()[:16]
    # what could not be used is kept first, so that no accepted line is ever there without its file's refused ones
    quarantined = replace_changed(lake, "bronze.focus_quarantine", _keyed(batch.quarantined, key), IMPORT_KEY, [key])
    accepted = replace_changed(lake, "bronze.focus_lines", _keyed(batch.accepted, key), IMPORT_KEY, [key])
    return bool(quarantined or accepted)


def _keyed(rows: pa.Table, key: str) -> pa.Table:
    return rows.append_column(IMPORT_KEY, pa.array([key] * rows.num_rows, pa.string()))


def export_costs(
    catalog: Catalog,
    out: Path,
    focus_version: str,
    file_format: str,
    now: datetime,
    months: list[str],
    all_providers: bool = False,
) -> FocusExport:
    """Write `silver.focus_costs` as a FOCUS dataset; `months` narrows it, empty means all.

    One provider fills columns another leaves out, so a dataset holds Scaleway's lines unless all are asked for.
    """
    conditions = [] if all_providers else ["provider_name = 'Scaleway'"]
    if months:
        conditions.append("list_contains($months, billing_month)")

    def rows() -> Iterator[pa.RecordBatch]:
        connection = connect(catalog.lake.address)
        with connection:
            catalog.register(connection, ["silver.focus_costs"])
            chosen = f"where {' and '.join(conditions)}" if conditions else ""
            arguments: dict[str, Any] = {"months": months} if months else {}
            # a fixed order makes equal data an equal file
            sql = f"""
                select * from silver.focus_costs {chosen}
                order by billing_month, provider_name, charge_period_start, sku_id, resource_id, line_number, x_columns
            """
            yield from connection.execute(sql, arguments).to_arrow_reader(_BATCH_ROWS)

    exported = export_focus(
        rows,
        version=focus_version,
        out=out,
        file_format=file_format,
        created_at=now,
        generator_version=version("scaleway-finops"),
    )
    if not exported.rows:
        imported = "" if all_providers else "; --all-providers adds imported bills"
        raise UsageError(f"there are no costs of Scaleway to export; run `finops demo` or `finops run`{imported}")
    return exported
