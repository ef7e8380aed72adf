"""Runs a model on Spark: the same files, the same select translated, the same rows in the same order.

DuckDB only tells the types here: of what the select reads, and of what it answers. What Spark answers goes through
Parquet in a folder of its own, so that it never lies in memory as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.errors import ConfigurationError, LakeUnavailable
from pipelines.lake.engine import Catalog, Demand, reading
from pipelines.lake.engines import BATCH_ROWS, BUILT_MONTHS, Question
from pipelines.lake.spark.session import spark_session
from pipelines.lake.spark.translate import NotPortable, spark_name, spark_type, translate

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


class Spark:
    """The engine of what one machine cannot hold."""

    name = "spark"

    @contextmanager
    def rows(self, catalog: Catalog, question: Question) -> Iterator[pa.RecordBatchReader]:
        """Sorted by Spark; LakeUnavailable with its reason when it fails, ConfigurationError for a bucket."""
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException

        if catalog.lake.address.is_s3:
            raise ConfigurationError(
                "engine = 'spark' reads a lake in a folder: pyspark comes without the jars for a bucket; "
                "see docs/how-to/larger-than-one-machine.md"
            )
        with catalog.connect() as connection, reading(), TemporaryDirectory(prefix="finops-spark-") as folder:
            catalog.register(connection, sorted(question.model.reads), question.demand)
            try:
                schema = _Run(catalog, question.demand, connection, spark_session().newSession()).write(
                    question, f"{folder}/rows"
                )
            except (PySparkException, Py4JError) as error:
                reason = " ".join(str(error).split())[:300]
                raise LakeUnavailable(
                    f"{question.model.table}: Spark: {reason}; run it with engine = 'duckdb'"
                ) from error
            yield pa.RecordBatchReader.from_batches(schema, _batches(Path(folder, "rows"), schema))


class _Run:
    """One question, in a session of its own: its views have the names of tables, and only the files asked for."""

    def __init__(
        self, catalog: Catalog, demand: Demand, connection: duckdb.DuckDBPyConnection, session: SparkSession
    ) -> None:
        self._catalog, self._demand, self._connection, self._session = catalog, demand, connection, session
        self._known: dict[str, Mapping[str, str]] = {}

    def write(self, question: Question, folder: str) -> pa.Schema:
        """The rows as Parquet files that follow each other in the order of their names; their Arrow schema."""
        model, months = question.model, question.months
        for table in sorted(model.reads):
            self._register(table)
        select = self._translated(model.table, model.sql, model.reads, {BUILT_MONTHS: months})
        if months is not None:
            values = ", ".join(f"'{month}'" for month in months)
            self._connection.execute(f"set variable {BUILT_MONTHS} = [{values}]")
        answered = self._described(f"({model.sql})")
        columns = ", ".join(f"CAST(`{name}` AS {spark_type(kind)}) AS `{name}`" for name, kind in answered.items())
        chosen = f"WHERE {model.partition_by} IN ({values})" if months is not None else ""
        order = ", ".join(f"`{name}` NULLS LAST" for name in answered)
        rows = self._session.sql(f"SELECT {columns} FROM ({select}) {chosen} ORDER BY {order}")
        rows.write.parquet(folder)
        schema: pa.Schema = self._connection.execute(f"select * from ({model.sql}) limit 0").to_arrow_table().schema
        return schema

    def _register(self, table: str, behind_view: bool = False) -> None:
        if table in self._known:
            return
        self._known[table] = self._described(table)
        model = self._catalog.models.by_name.get(table)
        if model is not None and self._catalog.is_made_when_read(table, behind_view):
            for read in sorted(model.reads):
                self._register(read, behind_view=True)
            rows = self._session.sql(self._translated(table, model.sql, model.reads, {}))
        else:
            rows = self._stored(table)
        rows.createOrReplaceTempView(spark_name(table))

    def _stored(self, table: str) -> DataFrame:
        """The files of the version, as they are; a column that they lack is null."""
        columns = {name: spark_type(kind) for name, kind in self._known[table].items()}
        state = self._catalog.state(table)
        files = state.files(self._demand.get(table))
        if not files:
            nothing = ", ".join(f"CAST(NULL AS {kind}) AS `{name}`" for name, kind in columns.items())
            return self._session.sql(f"SELECT {nothing} WHERE FALSE")
        schema = ", ".join(f"`{name}` {kind}" for name, kind in columns.items())
        reader = self._session.read.schema(schema).option("basePath", state.folder)
        return reader.parquet(*map(_literal, files))

    def _translated(
        self, table: str, sql: str, reads: Iterable[str], variables: Mapping[str, Sequence[str] | None]
    ) -> str:
        try:
            return translate(sql, {read: self._known[read] for read in reads}, variables)
        except NotPortable as error:
            raise ConfigurationError(f"{table}: {error}; run it with engine = 'duckdb'") from error

    def _described(self, relation: str) -> dict[str, str]:
        told = self._connection.execute(f"describe from {relation}").fetchall()
        return {name: kind for name, kind, *_ in told}


def _literal(path: str) -> str:
    """Spark takes a path for a pattern."""
    return re.sub(r"([\\*?\[\]{}])", r"\\\1", path)


def _batches(folder: Path, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for file in sorted(folder.glob("part-*.parquet")):
        with pq.ParquetFile(file) as rows:
            for batch in rows.iter_batches(BATCH_ROWS):
                yield from pa.Table.from_batches([batch]).cast(schema).to_batches()
