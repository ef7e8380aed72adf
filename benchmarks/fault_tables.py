"""What a lake holds, told so that two lakes can be compared: a hash of the rows of each table."""

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from assets.tables import open_catalog
from benchmarks.fault_kinds import API, STORAGE, TELEMETRY
from pipelines.lake.address import parse_address
from pipelines.lake.build import build
from pipelines.lake.engine import Catalog
from pipelines.lake.sql_models import load_models
from pipelines.lake.store import Lake

MODELS = "models"
_MEASURED = {
    TELEMETRY: ("usage_hourly", "metric_findings", "requests_daily", "telemetry_daily", "cluster_allocations"),
    STORAGE: ("storage_buckets", "storage_listings", "storage_histograms", "storage_uploads"),
}
_LINES = "bronze.measurements"
_LINES_OF = {TELEMETRY: "source not like 'storage.%'", STORAGE: "source like 'storage.%'"}


def build_all(folder: Path, months: Sequence[str]) -> None:
    """Every table of silver and gold."""
    catalog = _catalog(folder)
    for model in _models():
        build(catalog, model, months)


def fingerprints(folder: Path) -> dict[str, str]:
    """Hash of the rows of every stored table, whatever their order.

    How many requests a listing of Object Storage took is told in its row. That differs, as it should, and so does the
    hash of the reading; both are left out.
    """
    catalog = _catalog(folder)
    rows: dict[str, str] = {}
    for name in (name for name in catalog.names() if catalog.state(name).delta is not None):
        if name == _LINES:
            rows |= {f"{name} of {reader}": f"from {name} where {where}" for reader, where in _LINES_OF.items()}
        elif reader_of(name) in _MEASURED:
            # with the line that makes it known: where it was measured, of what day, and whether that is final
            told = "reading_hash, source as of_source, place as of_place, is_final, note as of_note"
            rows[name] = f"from {name} inner join (select {told} from {_LINES}) using (reading_hash)"
        else:
            rows[name] = f"from {name}"
    hashed = [f"select '{name}' as name, ({_hash_of(name, found)}) as hash" for name, found in rows.items()]
    told = catalog.query(" union all ".join(hashed))
    return dict(zip(told["name"].to_pylist(), told["hash"].to_pylist(), strict=True))


def reader_of(name: str) -> str:
    """Whose table it is; silver and gold are made of all."""
    if not name.startswith("bronze."):
        return MODELS
    for reader, tables in _MEASURED.items():
        if name.partition(".")[2] in tables or name == f"{_LINES} of {reader}":
            return reader
    return API


def rows_of(folder: Path) -> Mapping[str, int]:
    """Rows of each table that a reader must fill."""
    catalog = _catalog(folder)
    names = [f"bronze.{name}" for names in _MEASURED.values() for name in names]
    return {name: catalog.query(f"select count(*) as rows from {name}")["rows"][0].as_py() for name in names}


def measured_lines(folder: Path, reader: str) -> list[tuple[str, bool, bool]]:
    """Source, whether there are rows and whether it is final, of each line of measurements."""
    query = f"select source, reading_hash is not null as has_rows, is_final from {_LINES} where {_LINES_OF[reader]}"
    return [tuple(row.values()) for row in _catalog(folder).query(query).to_pylist()]


def commits(folder: Path) -> int:
    """Commits to all tables."""
    return len(list(folder.rglob("_delta_log/*.json")))


def _hash_of(name: str, rows: str) -> str:
    """A question for the hash of some rows."""
    left_out = ("reading_hash", "requests") if ".storage_" in name else ("reading_hash",)
    kept = " and ".join(f"name != '{column}'" for column in left_out)
    lines = f"select told::varchar as line from (select columns(lambda name: {kept}) {rows}) as told"
    return f"select sha256(coalesce(string_agg(line, chr(10) order by line), '')) from ({lines})"


def _catalog(folder: Path) -> Catalog:
    return open_catalog(Lake(parse_address(str(folder))))


@functools.cache
def _models() -> Any:
    """The models, read once."""
    return load_models()
