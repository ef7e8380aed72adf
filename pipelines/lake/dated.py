"""What a dated table says of one month, as a hash: what became known of other months does not make it another.

A whole table of dated rows (what existed, what things cost) grows every day, yet says the same of a month that is
over. A table built by month is therefore made anew when the rows that hold in that month differ, cut to its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from duckdb import DuckDBPyConnection

from pipelines.lake.engine import Catalog, reading
from pipelines.lake.sql_models import SqlModel


def holds_by_day(catalog: Catalog, table: str) -> bool:
    """Whether the rows of a table say from when until when they hold."""
    model = catalog.models.by_name.get(table)
    return model is not None and model.holds is not None and catalog.state(table).delta is not None


def content_in_month(catalog: Catalog, table: str, month: str) -> str:
    """Hash of the rows that hold on a day of `month` ('YYYY-MM'), whatever their order."""
    learn_months(catalog, table, [month])
    return catalog.state(table).told[month]


def learn_months(catalog: Catalog, table: str, months: Sequence[str]) -> None:
    """Work out what `content_in_month` is going to be asked for, reading the table once."""
    told = catalog.state(table).told
    asked = [month for month in months if month not in told]
    if not asked:
        return
    with catalog.connect() as connection, reading():
        catalog.register(connection, [table])
        held = table
        if len(asked) > 1:
            connection.execute(f"create temp table held_rows as select * from {table}")
            held = "held_rows"
        for month in asked:
            told[month] = _content(connection, catalog.models.by_name[table], held, month)


def _content(connection: DuckDBPyConnection, model: SqlModel, table: str, month: str) -> str:
    holds = model.holds
    assert holds is not None
    since = date(int(month[:4]), int(month[5:]), 1)
    until = (since + timedelta(days=32)).replace(day=1)
    cut = ", ".join(f"least(coalesce({name}, date '{until}'), date '{until}') as {name}" for name in holds.until)
    still = f"coalesce({holds.until[0]} > date '{since}', true)" if holds.until else f"{holds.since} >= date '{since}'"
    found = connection.execute(
        f"""
        select sum(hash(held)::hugeint), bit_xor(hash(held)), count(*)
        from (
            select * {f"replace ({cut})" if cut else ""} from {table}
            where {holds.since} < date '{until}' and {still}
        ) as held
        """
    ).fetchone()
    return " ".join(map(str, found or ()))
