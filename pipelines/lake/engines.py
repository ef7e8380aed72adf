"""Who runs a model's select: DuckDB here, Spark in `pipelines.lake.spark`, with the same rows in the same order.

An engine reads the lake's current files and answers rows; it writes nothing. What it answers has the columns and types
that DuckDB gives the select, so that a table's content hash does not tell which engine made it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from pipelines.errors import ConfigurationError
from pipelines.lake.engine import Catalog, Demand, reading
from pipelines.lake.sql_models import SqlModel

BATCH_ROWS = 8_192
BUILT_MONTHS = "built_months"
"""The variable that tells a select which months are asked for, where what it reads tells of others too."""


@dataclass(frozen=True)
class Question:
    """A model's rows of these partitions, from these of its inputs; without partitions all rows there are."""

    model: SqlModel
    demand: Demand
    partitions: Sequence[str] | None = None

    @property
    def months(self) -> Sequence[str] | None:
        """What `getvariable('built_months')` is; null where all are asked for."""
        return self.partitions if self.model.partition_by else None


class Engine(Protocol):
    """Answers the rows of a select, ordered by all their columns, nulls last."""

    name: str

    def rows(self, catalog: Catalog, question: Question) -> AbstractContextManager[pa.RecordBatchReader]:
        """The rows, in batches; read them before the context ends."""


class DuckDB:
    """The engine of one machine."""

    name = "duckdb"

    @contextmanager
    def rows(self, catalog: Catalog, question: Question) -> Iterator[pa.RecordBatchReader]:
        """In memory, with the threads that the size of the inputs is worth."""
        model = question.model
        with catalog.connect() as connection, reading():
            catalog.register(connection, sorted(model.reads), question.demand)
            chosen = ""
            if question.months is not None:
                values = ", ".join(f"'{month}'" for month in question.months)
                chosen = f"where {model.partition_by} in ({values})"
                connection.execute(f"set variable {BUILT_MONTHS} = [{values}]")
            select = f"select * from ({model.sql}) {chosen} order by all"
            yield connection.execute(select).to_arrow_reader(BATCH_ROWS)


def engine_named(name: str) -> Engine:
    """The engine of the settings: `duckdb` or `spark`. ConfigurationError when it is not installed."""
    if name == "duckdb":
        return DuckDB()
    if name == "spark":
        from pipelines.lake.spark.engine import Spark  # its packages are only installed where it is used

        return Spark()
    raise ConfigurationError(f"engine = {name!r} is not known; write duckdb or spark")
