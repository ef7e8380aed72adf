"""What a dated table says of one month, as a hash: what became known of other months does not make it another.

A whole table of dated rows (what existed, what things cost) grows every day, yet says the same of a month that is
over. A table built by month is therefore made anew when the rows that hold in that month differ, cut to its end.
"""

from __future__ import annotations

from datetime import date, timedelta

from pipelines.lake.engine import Catalog, reading


def holds_by_day(catalog: Catalog, table: str) -> bool:
    """Whether the rows of a table say from when until when they hold."""
    model = catalog.models.by_name.get(table)
    return model is not None and model.holds is not None and catalog.state(table).delta is not None


def content_in_month(catalog: Catalog, table: str, month: str) -> str:
    """Hash of the rows that hold on a day of `month` ('YYYY-MM'), whatever their order."""
    told = catalog.state(table).told
    if month not in told:
        told[month] = _content(catalog, table, month)
    return told[month]


def _content(catalog: Catalog, table: str, month: str) -> str:
    holds = catalog.models.by_name[table].holds
    assert holds is not None
    since = date(int(month[:4]), int(month[5:]), 1)
    until = (since + timedelta(days=32)).replace(day=1)
    cut = ", ".join(f"least(coalesce({name}, date '{until}'), date '{until}') as {name}" for name in holds.until)
    still = f"coalesce({holds.until[0]} > date '{since}', true)" if holds.until else f"{holds.since} >= date '{since}'"
    with catalog.connect() as connection, reading():
        catalog.register(connection, [table])
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
