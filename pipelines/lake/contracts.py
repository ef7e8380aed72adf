"""Table contracts: what each stored table promises its readers, and what a release changed of it.

A contract is the columns with their types, the partition column and the grain, under a number `major.minor`. The minor
one counts releases that added columns, the major one those after which an earlier reader would be wrong.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import pyarrow as pa
from deltalake import Schema

from pipelines.lake.engine import connect, duckdb_type
from pipelines.lake.sql_models import Layered
from pipelines.lake.tables import PythonTable

Kind = Literal["new", "unchanged", "additive", "breaking"]


@dataclass(frozen=True)
class TableContract:
    """What a table promises. `columns` are types of Delta by name; the grain is empty where rows are as received."""

    columns: Mapping[str, str]
    partition: str | None
    grain: tuple[str, ...]
    contract: str = "1.0"

    @property
    def major(self) -> int:
        """The part of the number that readers must know."""
        return int(self.contract.partition(".")[0])


Contracts = Mapping[str, TableContract]


@dataclass(frozen=True)
class Difference:
    """What became of one table's contract, and in which points."""

    table: str
    kind: Kind
    points: tuple[str, ...] = ()


def contracts(models: Layered, declared: Mapping[str, PythonTable], grains: Mapping[str, Sequence[str]]) -> Contracts:
    """Contracts of every stored table: of the declared ones and of those whose columns a select tells.

    `grains` are those of declared tables. Each select is bound over tables without rows, so no lake is needed.
    """
    told = {
        name: TableContract(columns_of(table.schema), table.partition_by, tuple(grains.get(name, ())))
        for name, table in declared.items()
    }
    for name, schema in _schemas(models, declared):
        model = models.by_name[name]
        if model.is_stored:
            told[name] = TableContract(columns_of(schema), model.partition_by, model.grain)
    return dict(sorted(told.items()))


def columns_of(schema: pa.Schema) -> dict[str, str]:
    """Types of Delta by column, in order; those that hold others as their JSON."""
    fields = json.loads(Schema.from_arrow(schema).to_json())["fields"]
    return {field["name"]: _word(field["type"]) for field in fields}


def compared(before: Contracts, now: Contracts) -> list[Difference]:
    """What each table of either is against the other, by name; one that is gone is breaking."""
    return [_difference(name, before.get(name), now.get(name)) for name in sorted({*before, *now})]


def numbered(released: Contracts, now: Contracts) -> Contracts:
    """The contracts with the numbers that follow from those of the release before."""
    kinds = {difference.table: difference.kind for difference in compared(released, now)}
    return {name: _numbered(released.get(name), kinds[name], contract) for name, contract in now.items()}


def as_json(contracts: Contracts) -> str:
    """The text of a file of contracts, a table and a column a line."""
    tables = {name: asdict(contract) for name, contract in sorted(contracts.items())}
    return json.dumps({"tables": tables}, indent=1) + "\n"


def from_json(text: str) -> Contracts:
    """What `as_json` wrote."""
    return {
        name: TableContract(told["columns"], told["partition"], tuple(told["grain"]), told["contract"])
        for name, told in json.loads(text)["tables"].items()
    }


def _schemas(models: Layered, declared: Mapping[str, PythonTable]) -> Iterator[tuple[str, pa.Schema]]:
    """Columns of every model, in the order they are built."""
    with connect(threads=1) as connection:
        for schema in sorted({name.partition(".")[0] for name in (*models.by_name, *declared)}):
            connection.execute(f"create schema {schema}")
        for table in declared.values():
            columns = ", ".join(f'"{column.name}" {duckdb_type(column.type)}' for column in table.schema)
            connection.execute(f"create table {table.name} ({columns})")
        for model in models:
            connection.execute(f"create table {model.table} as from ({model.sql}) limit 0")
            yield model.table, connection.execute(f"from {model.table}").to_arrow_table().schema


def _word(kind: Any) -> str:
    return kind if isinstance(kind, str) else json.dumps(kind, sort_keys=True)


def _difference(table: str, before: TableContract | None, now: TableContract | None) -> Difference:
    if before is None:
        return Difference(table, "new")
    if now is None:
        return Difference(table, "breaking", ("table removed",))
    broken = [f"{name} removed" for name in before.columns if name not in now.columns]
    broken += [
        f"{name} was {kind}, is {now.columns[name]}"
        for name, kind in before.columns.items()
        if now.columns.get(name, kind) != kind
    ]
    if before.partition != now.partition:
        broken.append(f"partition was {before.partition}, is {now.partition}")
    if before.grain and before.grain != now.grain:
        broken.append(f"grain was {', '.join(before.grain)}, is {', '.join(now.grain) or 'not told'}")
    added = [f"{name} added" for name in now.columns if name not in before.columns]
    kind: Kind = "breaking" if broken else "additive" if added else "unchanged"
    return Difference(table, kind, (*broken, *added))


def _numbered(before: TableContract | None, kind: Kind, now: TableContract) -> TableContract:
    if before is None:
        return now
    minor = int(before.contract.partition(".")[2])
    number = {
        "unchanged": before.contract,
        "additive": f"{before.major}.{minor + 1}",
        "breaking": f"{before.major + 1}.0",
        "new": "1.0",
    }[kind]
    return TableContract(now.columns, now.partition, now.grain, number)
