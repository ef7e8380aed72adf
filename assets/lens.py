"""One connection for all the questions a step asks about the tables it knows."""

from types import TracebackType
from typing import Self

import pyarrow as pa

from pipelines.lake.engine import Catalog, reading
from pipelines.lake.sql_models import tables_read


class Lens:
    """Answers selects over the catalogue's tables, as current when each is asked."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self._connection = catalog.connect()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._connection.close()

    def query(self, sql: str) -> pa.Table:
        """Rows of one select."""
        with reading():
            self.catalog.register(self._connection, sorted(tables_read(sql)))
            return self._connection.execute(sql).to_arrow_table()

    def columns(self, table: str) -> dict[str, str]:
        """Name and DuckDB type of each column."""
        self.catalog.register(self._connection, [table])
        return {row[0]: row[1].lower() for row in self._connection.execute(f"describe {table}").fetchall()}
