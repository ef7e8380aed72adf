"""DuckDB over the current files of Delta tables.

A table is read by its file list, never by a glob: a Delta folder also holds the files of older versions. All files of
a version have the same columns, so the first tells them; to look into each would cost more with every day of history.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Literal

import duckdb
import pyarrow as pa
import pyarrow.types as kinds

from pipelines.errors import LakeUnavailable, UsageError
from pipelines.lake.address import Address
from pipelines.lake.sql_models import Layered, SqlModel, tables_read
from pipelines.lake.store import Lake, TableState
from pipelines.lake.tables import PYTHON_TABLES, PythonTable

Demand = Mapping[str, Sequence[str] | None]
"""Which partitions of each table are wanted; None means all."""


BYTES_PER_THREAD = 64 * 1024**2
"""Less Parquet than this is read by one thread: a second one costs more CPU than it saves time."""


def connect(address: Address | None = None, threads: int | None = None) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB in UTC that downloads nothing; for a lake on S3 it holds the key in this connection only.

    It has `threads`, else one for each core.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    if threads is not None:
        config["threads"] = threads
    if address is not None and address.s3 is not None:
        _checked_httpfs()
        config["allow_unsigned_extensions"] = "true"
    connection = duckdb.connect(":memory:", config=config)
    connection.execute("set TimeZone = 'UTC'")
    if connection.execute("select current_setting('enable_progress_bar')").fetchone() == (True,):
        connection.execute("set enable_progress_bar = false")  # it would stand in the middle of a result
    if address is not None and address.s3 is not None:
        _sign_in(connection, address)
    return connection


@cache
def _checked_httpfs() -> str:
    """Path of the packaged httpfs; its signature is checked once a process, since that takes longest by far."""
    import duckdb_extension_httpfs

    folder = Path(duckdb_extension_httpfs.__file__).parent / "extensions" / f"v{duckdb.__version__}"
    file = str(folder / "httpfs.duckdb_extension")
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"load {_quoted(file)}")
    return file


def _sign_in(connection: duckdb.DuckDBPyConnection, address: Address) -> None:
    connection.execute(f"load {_quoted(_checked_httpfs())}")
    s3 = address.s3
    assert s3 is not None
    connection.execute(
        f"""
        create secret lake (
            type s3, key_id {_quoted(s3.access_key)}, secret {_quoted(s3.secret_key)},
            region {_quoted(s3.region)}, endpoint {_quoted(s3.host)}, url_style 'path',
            use_ssl {str(s3.uses_tls).lower()}
        )
        """
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def reading() -> Iterator[None]:
    """Turn DuckDB's error about a file of the lake into one line with the remedy."""
    try:
        yield
    except (duckdb.IOException, OSError) as error:  # the second, when rows are handed over bit by bit
        reason = str(error).splitlines()[0][:300]
        raise LakeUnavailable(f"{reason}; `finops lake check` names the tables that lost files") from error


class Catalog:
    """Registers tables and views of the lake in a DuckDB connection, as far as a query asks for them."""

    def __init__(
        self,
        lake: Lake,
        models: Layered,
        declared: Mapping[str, PythonTable] = PYTHON_TABLES,
        engine: Literal["duckdb", "spark"] = "duckdb",
    ) -> None:
        self.lake = lake
        self.engine = engine
        self.models = models
        self.declared = declared
        self._states: dict[str, TableState] = {}
        self._fed: dict[str, bool] = {}

    def state(self, table: str) -> TableState:
        """The table's current version, read once per catalogue."""
        if table not in self._states:
            self._states[table] = self.lake.state(table)
        return self._states[table]

    def forget(self, table: str) -> None:
        """Read this table's version anew next time; call after writing it."""
        self._states.pop(table, None)
        self._fed.clear()

    def names(self) -> list[str]:
        """Every table a query may name."""
        return sorted({*self.models.by_name, *self.declared})

    def physical(self, table: str) -> set[str]:
        """The stored tables a name stands for: itself, or what a view reads."""
        model = self.models.by_name.get(table)
        if model is None or model.is_stored:
            return {table}
        return {name for read in model.reads for name in self.physical(read)}

    def connect(self) -> duckdb.DuckDBPyConnection:
        """A connection of one thread; `register` gives it more when there is much to read."""
        return connect(self.lake.address, threads=1)

    def register(
        self, connection: duckdb.DuckDBPyConnection, tables: Iterable[str], demand: Demand | None = None
    ) -> None:
        """Make `tables` (and what views among them read) readable by name."""
        done: set[str] = set()
        for table in tables:
            self._register(connection, table, demand or {}, done)
        stored = (self.state(table).files_in((demand or {}).get(table)) for table in done if table in self._states)
        size = sum(file.size for files in stored for file in files)
        if size >= BYTES_PER_THREAD:
            cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
            connection.execute(f"set threads = {min(cores, 1 + size // BYTES_PER_THREAD)}")

    def _register(
        self,
        connection: duckdb.DuckDBPyConnection,
        table: str,
        demand: Demand,
        done: set[str],
        behind_view: bool = False,
    ) -> None:
        if table in done:
            return
        done.add(table)
        connection.execute(f"create schema if not exists {table.split('.')[0]}")
        model = self.models.by_name.get(table)
        if model is not None and self.is_made_when_read(table, behind_view):
            for read in sorted(model.reads):
                self._register(connection, read, demand, done, behind_view=True)
            try:
                self._make_view(connection, model)
            except duckdb.BinderException as error:
                raise UsageError(
                    f"{table}: what it is made of was written by an earlier version; `finops run` brings it up to date"
                ) from error
        else:
            self._register_stored(connection, table, model, demand.get(table))

    def is_made_when_read(self, table: str, behind_view: bool = False) -> bool:
        """Whether a table is its select and no files: a view, and what a view reads that was never built."""
        model = self.models.by_name.get(table)
        # a view reads what there is: imported bills, say, where no account was ever read
        return model is not None and (not model.is_stored or (behind_view and self.state(table).delta is None))

    def _make_view(self, connection: duckdb.DuckDBPyConnection, model: SqlModel) -> None:
        made = model.sql
        if not self._is_fed(model.table):
            # worked out once: DuckDB would bind all that is behind it anew wherever it is read
            connection.execute(f'create or replace temp table "{model.table}" as {model.sql}')
            made = f'select * from temp."{model.table}"'
        connection.execute(f"create or replace view {model.table} as {made}")

    def _is_fed(self, table: str) -> bool:
        """Whether anything stored is behind a table or view; without, it holds what its select makes of nothing."""
        if table not in self._fed:
            model = self.models.by_name.get(table)
            reads = () if model is None else model.reads
            is_stored = model is None or model.is_stored
            stored = is_stored and self.state(table).delta is not None
            self._fed[table] = stored or any(map(self._is_fed, reads))
        return self._fed[table]

    def _register_stored(
        self,
        connection: duckdb.DuckDBPyConnection,
        table: str,
        model: SqlModel | None,
        partitions: Sequence[str] | None,
    ) -> None:
        state = self.state(table)
        files = state.files(partitions)
        if not files:
            columns = ", ".join(_nothing(column) for column in self._schema(table, model, state))
            connection.execute(f"create or replace view {table} as select {columns} where false")
            return
        hive = ""
        if state.partition_by is not None:
            hive = f", hive_partitioning = true, hive_types = {{'{state.partition_by}': varchar}}"
        listed = ", ".join(map(_quoted, files))
        columns = ", ".join([f'"{name}"' for name in state.schema.names] + self._lacking(table, state))
        connection.execute(f"create or replace view {table} as select {columns} from read_parquet([{listed}]{hive})")

    def _lacking(self, table: str, state: TableState) -> list[str]:
        """Columns a table of Python has by now and an earlier version did not write: null until the next write."""
        declared = self.declared.get(table)
        known = {*state.schema.names}
        schema = () if declared is None else declared.schema
        return [_nothing(column) for column in schema if column.name not in known]

    def _schema(self, table: str, model: SqlModel | None, state: TableState) -> pa.Schema:
        if state.delta is not None:
            return state.schema
        declared = self.declared.get(table)
        if declared is not None:
            return declared.schema
        if model is None:
            named = " ".join(table.split())[:100]
            raise UsageError(f"no table is called {named}{self._meant(table)}; `finops lake tables` lists them")
        raise UsageError(f"{table} was not built yet; run `finops demo`, or `finops run` on your account")

    def _meant(self, table: str) -> str:
        close = get_close_matches(table, self.names(), n=1)
        return f"; did you mean {close[0]}?" if close else ""

    def query(self, sql: str) -> pa.Table:
        """Answer one select over the lake's tables by name."""
        with self.connect() as connection, reading():
            self.register(connection, sorted(tables_read(sql)))
            return connection.execute(sql).to_arrow_table()


def _nothing(column: pa.Field) -> str:
    return f'cast(null as {duckdb_type(column.type)}) as "{column.name}"'


def duckdb_type(kind: pa.DataType) -> str:
    """The type by its name. Handing over an empty table instead would load pandas, for its types."""
    if kinds.is_decimal(kind):
        return f"decimal({kind.precision}, {kind.scale})"
    if kinds.is_timestamp(kind):
        return "timestamptz" if kind.tz else "timestamp"
    if kinds.is_list(kind):
        return f"{duckdb_type(kind.value_type)}[]"
    if kinds.is_struct(kind):
        fields = (f'"{kind.field(at).name}" {duckdb_type(kind.field(at).type)}' for at in range(kind.num_fields))
        return f"struct({', '.join(fields)})"
    if kinds.is_map(kind):
        return f"map({duckdb_type(kind.key_type)}, {duckdb_type(kind.item_type)})"
    return _TYPES[str(kind)]


_TYPES = {
    "string": "varchar",
    "large_string": "varchar",
    "binary": "blob",
    "bool": "boolean",
    "int8": "tinyint",
    "int16": "smallint",
    "int32": "integer",
    "int64": "bigint",
    "float": "float",
    "double": "double",
    "date32[day]": "date",
    "null": "integer",
}
