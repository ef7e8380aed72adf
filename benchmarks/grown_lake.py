"""A lake of the demo, grown: each charge many times over, of further resources and in further projects.

Each copy of the charges has resources of its own; there are as many projects, owners, teams, tenants and products as
there are divisions, which the copies belong to in turn. What was measured, and what Python made of the demo's costs
(anomalies, forecasts, recommendations), stays as large as the demo's. Every gold table behind those that are wanted is
built anew from the copies, as a run builds it.
"""

from __future__ import annotations

import math
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assets.made_assets import MAKINGS
from assets.tables import open_catalog
from pipelines.lake.address import parse_address
from pipelines.lake.build import build
from pipelines.lake.engine import Catalog, reading
from pipelines.lake.sql_models import Layered
from pipelines.lake.state import PartitionState
from pipelines.lake.store import Lake

CHARGES, ALLOCATED, PROJECTS = "silver.costs", "gold.allocated_costs", "silver.projects"
GROWN = (CHARGES, "silver.charge_labels", "silver.resources", "silver.gpu_machines", ALLOCATED, PROJECTS)
"""Tables that have their rows in every copy; projects in every division."""

OF_A_COPY = ("charge_key", "resource_id", "resource_name", "known_name")
OF_A_DIVISION = ("project_id", "project_name", "owner", "team", "tenant", "product")
"""Columns that tell copies or divisions apart. The first has the demo's own values, so that what was measured fits."""


@dataclass(frozen=True)
class Size:
    """What a lake holds: rows of two tables, and what its charges tell apart."""

    charges: int
    allocated: int
    resources: int
    projects: int
    days: int


def folder_lake(folder: Path) -> Catalog:
    """The lake in a folder, as a run reads it."""
    return open_catalog(Lake(parse_address(str(folder.absolute()))))


def grow(demo: Path, folder: Path, rows: int, divisions: int, wanted: Iterable[str]) -> None:
    """Make `folder` a copy of the demo's lake with at least so many charges, and build what is behind `wanted`."""
    growing = folder.with_name(f"{folder.name}.growing")
    shutil.rmtree(growing, ignore_errors=True)
    shutil.copytree(demo, growing)
    catalog = folder_lake(growing)
    copies = math.ceil(rows / size(catalog).charges)
    for table in GROWN:
        sys.stderr.write(f"copying {table} …\n")
        _copy(catalog, table, min(copies, divisions) if table == PROJECTS else copies, divisions)
    for table in tables_behind(catalog.models, wanted):
        sys.stderr.write(f"building {table} …\n")
        _build(catalog, table)
    growing.rename(folder)


def _build(catalog: Catalog, table: str) -> None:
    months, model = sorted(catalog.state(CHARGES).partitions), catalog.models.by_name.get(table)
    if model is not None:
        build(catalog, model, months)
    for making in MAKINGS:
        if making.made.name == table:
            making.build(catalog, months)


def size(catalog: Catalog) -> Size:
    """What the lake holds now."""
    [charges] = catalog.query(
        "select count(*) as charges, count(distinct resource_id) as resources, "
        f"count(distinct project_id) as projects, count(distinct charge_date) as days from {CHARGES}"
    ).to_pylist()
    [allocated] = catalog.query(f"select count(*) as allocated from {ALLOCATED}").to_pylist()
    return Size(**charges, **allocated)


def tables_behind(models: Layered, wanted: Iterable[str]) -> list[str]:
    """Stored tables of gold, among `wanted` and behind them, that are made from a grown one; each after what it reads.

    Of those that Python makes, what it makes month by month is among them; what judges all of history is not.
    """
    made = {making.made.name: making.made.reads for making in MAKINGS}
    reads = {**made, **{model.table: tuple(sorted(model.reads)) for model in models}, **dict.fromkeys(GROWN, ())}
    ordered: dict[str, bool] = {}
    for table in sorted(wanted):
        _visit(table, reads, ordered)
    stored = {*made, *(model.table for model in models if model.is_stored and model.layer == "gold")}
    return [table for table, is_grown in ordered.items() if is_grown and table in stored - {*GROWN}]


def _visit(table: str, reads: Mapping[str, Sequence[str]], ordered: dict[str, bool]) -> bool:
    """Note a table after all it is made from; whether a grown one is among them."""
    if table not in ordered:
        found = [_visit(read, reads, ordered) for read in reads.get(table, ())]
        ordered[table] = table in GROWN or any(found)
    return ordered[table]


def _copy(catalog: Catalog, table: str, copies: int, divisions: int) -> None:
    """Each row so many times, a partition at a time; of the first copy as it is."""
    state = catalog.state(table)
    columns = ", ".join(_renamed(name, divisions) for name in state.schema.names)
    for partition, known in sorted(state.partitions.items()):
        chosen = f"where {state.partition_by} = '{partition}'" if state.partition_by else ""
        with catalog.connect() as connection, reading():
            catalog.register(connection, [table], {table: [partition]} if state.partition_by else None)
            select = f"select {columns} from {table} cross join range({copies}) as copies(copy) {chosen}"
            rows = connection.execute(select).to_arrow_table().cast(state.schema)
        now = PartitionState(f"{copies} times {known.content}")
        catalog.lake.replace(table, rows, {partition: now}, state.partition_by)
    catalog.forget(table)


def _renamed(name: str, divisions: int) -> str:
    if name not in (*OF_A_COPY, *OF_A_DIVISION):
        return name
    number = "copy" if name in OF_A_COPY else f"(copy % {divisions})"
    return f"case when {number} = 0 then {name} else {name} || '-' || {number} end as {name}"
