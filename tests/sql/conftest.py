"""Models on given rows, and on answers as Scaleway would give them, recorded and read through the real models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from assets.tables import TABLES
from pipelines.lake.address import parse_address
from pipelines.lake.answers import record
from pipelines.lake.build import build as build_model
from pipelines.lake.engine import Catalog, connect
from pipelines.lake.sql_models import Layered
from pipelines.lake.store import Lake
from pipelines.lake.tables import PythonTable


class Schemas:
    """Arrow schema of any table or view, as the models themselves make it from empty inputs; each worked out once."""

    def __init__(self, models: Any) -> None:
        self._models = models
        self._found: dict[str, Any] = {}
        self._connection = connect()
        for layer in ("bronze", "silver", "gold"):
            self._connection.execute(f"create schema {layer}")

    def __getitem__(self, table: str) -> Any:
        if table not in self._found:
            self._found[table] = self._make(table)
        return self._found[table]

    def _make(self, table: str) -> Any:
        if table in TABLES:
            schema = TABLES[table].schema
            self._connection.register("empty", schema.empty_table())
            self._connection.execute(f"create table {table} as select * from empty")
            return schema
        model = self._models.by_name[table]
        for read in sorted(model.reads):
            self[read]
        self._connection.execute(f"create table {table} as {model.sql}")
        return self._connection.execute(f"select * from {table}").to_arrow_table().schema


@pytest.fixture(scope="session")
def schemas(models) -> Schemas:
    """`schemas["silver.costs"]`: the real columns and types."""
    return Schemas(models)


@dataclass
class ModelRun:
    """Runs one model on given rows in a lake of its own; the lake of the last run stays readable."""

    models: Any = field(repr=False)
    schemas: Schemas = field(repr=False)
    new_folder: Any = field(repr=False)
    catalog: Any = field(default=None, init=False, repr=False)

    def __call__(
        self,
        table: str,
        given: Mapping[str, Sequence[Mapping[str, Any]]],
        months: Sequence[str] | None = None,
    ) -> list[dict[str, Any]]:
        """Rows of `table` built from `given`. A view that is given is taken as given; other inputs are empty.

        `months` defaults to all that the given rows speak of.
        """
        self.catalog = self._catalog(table, given)
        for name, rows in given.items():
            self._write(name, rows)
        if months is None:
            months = sorted({row["billing_month"] for rows in given.values() for row in rows if "billing_month" in row})
        build_model(self.catalog, self.models.by_name[table], months)
        return self.read(table)

    def read(self, table: str) -> list[dict[str, Any]]:
        """Rows of any table or view of the last run's lake."""
        return self.catalog.query(f"select * from {table}").to_pylist()

    def _catalog(self, table: str, given: Mapping[str, Any]) -> Any:
        unknown = set(given) - {*self.models.by_name, *TABLES}
        assert not unknown, f"no such table: {unknown}"
        taken = {
            name: replace(model, is_stored=True) if name in given else model
            for name, model in self.models.by_name.items()
        }
        layered = Layered(taken)
        empty = {
            name: PythonTable(name, "", self.schemas[name], taken[name].partition_by)
            for name in {*needed_by(layered, table), *given} - set(TABLES)
        }
        lake = Lake(parse_address(str(self.new_folder())))
        return Catalog(lake, layered, {**empty, **TABLES})

    def _write(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        declared = self.catalog.declared[table]
        unknown = {name for row in rows for name in row} - set(declared.schema.names)
        assert not unknown, f"{table} has no column {unknown}"
        content = typed_rows(rows, declared.schema)
        self.catalog.lake.append(table, content, {}, declared.partition_by)


def needed_by(models: Any, table: str) -> set[str]:
    """Every table and view that `table` is made from, itself included."""
    model = models.by_name.get(table)
    reads = set() if model is None else model.reads
    return {table}.union(*(needed_by(models, read) for read in reads))


def typed_rows(rows: Sequence[Mapping[str, Any]], schema: Any) -> Any:
    """An Arrow table; money may be written as text or int, a missing column is null."""
    exact = {name for name in schema.names if pa.types.is_decimal(schema.field(name).type)}
    converted = [
        {
            name: Decimal(str(value)) if name in exact and value is not None else value
            for name, value in row.items()
        }
        for row in rows
    ]  # fmt: skip
    return pa.Table.from_pylist(converted, schema=schema)


@pytest.fixture(scope="session")
def build(models, schemas, tmp_path_factory) -> ModelRun:
    """`build("gold.tag_coverage", given={"silver.costs": rows})`: write rows, run the model, read rows."""
    return ModelRun(models, schemas, lambda: tmp_path_factory.mktemp("lake") / "lake")


ORGANIZATION = "0a0a0a0a-0000-4000-8000-000000000001"
PROJECT = "0b0b0b0b-0000-4000-8000-000000000001"


def money(value: str, currency: str = "EUR") -> dict[str, Any]:
    """Money as the API writes it: units and nanos, both with the sign."""
    nanos = int(Decimal(value) * 10**9)
    sign = -1 if nanos < 0 else 1
    return {"currency_code": currency, "units": sign * (abs(nanos) // 10**9), "nanos": sign * (abs(nanos) % 10**9)}


class AnsweredLake:
    """A lake that is filled by answers and built as a run would."""

    def __init__(self, folder, models, answered) -> None:
        self.lake = Lake(parse_address(str(folder)))
        self.models = models
        self._answered = answered

    def answer(self, table: str, source: str, items: Sequence[dict], **how: Any) -> None:
        """One listing, recorded; see `answered` for `how`."""
        record(self.lake, table, [self._answered(source, items, **how)])

    def charges(self, day: str, *items: dict, at: datetime | None = None) -> None:
        """The charges of a UTC day, as one clamped answer."""
        record(self.lake, "bronze.charges", [self.day(day, *items, at=at)])

    def day(self, day: str, *items: dict, at: datetime | None = None) -> Any:
        """The same answer, not yet recorded."""
        start = date.fromisoformat(day)
        return self._answered(
            "billing.charges",
            items,
            at=at or datetime(start.year, start.month, start.day, 6, tzinfo=UTC) + timedelta(days=1),
            month=day[:7],
            parameters={
                "start_date_after": f"{day}T00:00:00Z",
                "end_date_before": f"{start + timedelta(days=1)}T00:00:00Z",
            },
        )

    def build(self, *tables: str, months: Sequence[str] = ()) -> None:
        """Bring these tables, and all they are made from, up to date."""
        wanted: set[str] = set()
        for table in tables:
            self._add(table, wanted)
        catalog = self.catalog()
        for model in self.models:
            if model.table in wanted:
                build_model(catalog, model, months)

    def _add(self, table: str, wanted: set[str]) -> None:
        wanted.add(table)
        model = self.models.by_name.get(table)
        for read in model.reads if model else ():
            self._add(read, wanted)

    def catalog(self) -> Catalog:
        return Catalog(self.lake, self.models, TABLES)

    def read(self, sql: str) -> list[dict[str, Any]]:
        """Rows of a select, or of a table by its name."""
        text = sql if " " in sql else f"select * from {sql}"
        return self.catalog().query(text).to_pylist()

    def built(self, table: str, *months: str) -> list[dict[str, Any]]:
        self.build(table, months=months)
        return self.read(table)


@pytest.fixture
def answers(tmp_path, models, answered) -> AnsweredLake:
    """An empty lake that takes answers."""
    return AnsweredLake(tmp_path / "lake", models, answered)


@pytest.fixture(scope="session")
def euros():
    return money


@pytest.fixture(scope="session")
def charge():
    """A charge of October 1 as the API gives it; keyword arguments replace or (with ...) remove fields."""

    def make(price: str | dict | None = "1.25", **fields: Any) -> dict[str, Any]:
        whole = {
            "organization_id": ORGANIZATION,
            "project_id": PROJECT,
            "sku": "/compute/dev1_s/run_par1",
            "invoice_id": "",
            "resource_id": "11111111-0000-4000-8000-000000000001",
            "resource_name": "web-1",
            "price": money(price) if isinstance(price, str) else price,
            "start_date": "2026-10-01T00:00:00Z",
            "end_date": "2026-10-01T23:59:59.999999Z",
            "updated_at": "2026-10-02T01:00:00Z",
        }
        return {name: value for name, value in {**whole, **fields}.items() if value is not ...}

    return make


@pytest.fixture(scope="session")
def answered_lake(models, answered):
    """`answered_lake(folder)`: a lake that may outlive a test."""
    return lambda folder: AnsweredLake(folder, models, answered)


@pytest.fixture(scope="session")
def selected(models, schemas):
    """`selected("gold.idle_share", given={table: rows})`: rows of a model's select over given rows, without a lake.

    Inputs that are not given are empty; a view among them is taken as given.
    """

    def run(table: str, given: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
        reads = models.by_name[table].reads
        assert set(given) <= reads, f"{table} does not read {set(given) - reads}"
        with connect() as connection:
            for layer in ("silver", "gold"):
                connection.execute(f"create schema {layer}")
            for name in sorted(reads):
                unknown = {column for row in given.get(name, ()) for column in row} - set(schemas[name].names)
                assert not unknown, f"{name} has no column {unknown}"
                connection.register("content", typed_rows(given.get(name, ()), schemas[name]))
                connection.execute(f"create table {name} as select * from content")
            return connection.execute(models.by_name[table].sql).to_arrow_table().to_pylist()

    return run
