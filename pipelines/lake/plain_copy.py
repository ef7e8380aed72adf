"""A table as plain Parquet files that any tool can glob: only the current rows, in folders by partition."""

from __future__ import annotations

from pathlib import Path

from pipelines.errors import UsageError
from pipelines.lake.engine import Catalog, connect


def copy_table(catalog: Catalog, table: str, out: Path, dry_run: bool = False) -> int:
    """Write `table` under `out/<layer>/<name>`, which must be empty or absent; rows are returned."""
    folder = out / table.replace(".", "/")
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty; name another folder with --out, or remove it")
    connection = connect(catalog.lake.address)
    with connection:
        catalog.register(connection, [table])
        counted = connection.execute(f"select count(*) from {table}").fetchone()
        rows = int(counted[0]) if counted else 0
        if not dry_run and rows:
            folder.mkdir(parents=True, exist_ok=True)
            target = str(folder).replace("'", "''")
            columns = {row[0] for row in connection.execute(f"describe {table}").fetchall()}
            if "billing_month" in columns:
                connection.execute(f"copy {table} to '{target}' (format parquet, partition_by (billing_month))")
            else:
                connection.execute(f"copy {table} to '{target}/data.parquet' (format parquet)")
    return rows
