"""Answers one select of a person over the lake's tables, and nothing but that."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from pipelines.errors import UsageError
from pipelines.lake.engine import Catalog, connect, reading
from pipelines.lake.sql_models import tables_read


def select(catalog: Catalog, sql: str) -> pa.Table:
    """Rows of one `select`; anything else is a UsageError, and so is what DuckDB cannot answer.

    The connection may read the lake and no other file or host.
    """
    checked = _only_a_select(sql)
    with connect(catalog.lake.address) as connection, reading():
        catalog.register(connection, sorted(tables_read(checked)))
        connection.execute("set allowed_directories = [$folder]", {"folder": catalog.lake.address.readable + "/"})
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        try:
            return connection.execute(checked).to_arrow_table()
        except duckdb.Error as error:
            raise UsageError(f"sql: {' '.join(str(error).split())[:300]}") from None


def _only_a_select(sql: str) -> str:
    try:
        statements = [statement for statement in sqlglot.parse(sql, dialect="duckdb") if statement is not None]
    except SqlglotError as error:
        reason = " ".join(str(error).split())[:200]
        raise UsageError(f"sql: not understood: {reason}") from None
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        found = statements[0].key if statements else "nothing"
        shown = f"{len(statements)} statements" if len(statements) > 1 else found
        raise UsageError(f"sql: one select is answered, and this is {shown}; write `select … from gold.monthly_costs`")
    if any(statements[0].find_all(exp.Into, exp.Insert, exp.Update, exp.Delete, exp.Drop, exp.Create)):
        raise UsageError("sql: a select that writes is not answered; the lake is written by `finops run` only")
    return sql.strip().rstrip(";")
