"""Which rows of what a table is made from belong to some rows of it, shown by making these again from nothing else.

A model says in its select what it reads. Of that the rows are taken that agree with the rows asked for in keys and
days, and the select is run over them alone. When it makes the same rows, the rest of the lake had no part in them; when
not, more is taken, step by step up to all of it. No table says twice what it comes from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import duckdb
import sqlglot
from sqlglot import exp

from pipelines.lake.sql_models import ALL, NOW, SqlModel

Columns = Mapping[str, str]
"""The names of columns with their types."""

ASKED = "asked"
"""The temporary table of the rows whose inputs are wanted."""
_THINGS = ("charge_key", "recommendation_id", "resource_id", "bucket", "data_source_id", "run_id")
_PLACES = ("sku", "service_name", "project_id", "model", "budget_name", "billing_currency")
_LABELS = ("environment", "product", "tenant", "team", "owner")
_DAYS = ("charge_date", "usage_date", "cost_date", "usage_hour")
_MONTHS = ("billing_month", "usage_month")
_OF_TIME = {*_DAYS, *_MONTHS, "made_on", "known_until"}
_SINGLE = {*_THINGS, "metric_name"}
"""What is paid for or measured with another thing is found by the other keys."""


@dataclass(frozen=True)
class Step:
    """How narrowly inputs are taken: by which keys, also rows that name none, of which months."""

    without: frozenset[str] = frozenset()
    only: frozenset[str] | None = None
    takes_unnamed: bool = True
    is_dated: bool = True
    earlier: int = 0

    def keeps(self, key: str) -> bool:
        """Whether rows must agree in it."""
        return key not in self.without and (self.only is None or key in self.only)


_TELLING = {*_SINGLE, *_PLACES} - {"billing_currency"}
_MOST_HALVED = 10_000
_CURRENCY = frozenset({"billing_currency"})
STEPS = (
    Step(takes_unnamed=False),
    Step(),
    Step(earlier=1),
    Step(without=frozenset(_SINGLE)),
    Step(only=_CURRENCY),
    Step(only=_CURRENCY, earlier=1),
    Step(only=_CURRENCY, is_dated=False),
)


@dataclass(frozen=True)
class Taken:
    """The rows taken of an input: the temporary table that holds them, how many, and what they agree in."""

    table: str
    held_in: str
    rows: int
    agree_in: tuple[str, ...]


class Inputs:
    """The inputs of the rows in `asked`, in a connection that has them registered."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, grain: Sequence[str], name: str) -> None:
        self.connection = connection
        self.grain = tuple(grain)
        self.name = name
        self.columns = columns_of(connection, ASKED)
        self.span = self._span()
        self._compared = self.columns

    def of_model(self, model: SqlModel) -> tuple[list[Taken], bool]:
        """The inputs without which the model does not make the rows; and whether it makes them at all.

        Of silver, what costs is made again: the charges are wanted, and its other columns say what was known that day.
        """
        if model.layer == "silver":
            self._compared = {name: kind for name, kind in self.columns.items() if name.endswith("cost")}
        taken: list[Taken] = []
        sql = _reading(model.sql, tuple((read, self._fed(read)) for read in sorted(model.reads)))
        for at, step in enumerate(STEPS):
            taken = [self._take(read, step, model.months_back.get(read, 0)) for read in sorted(model.reads)]
            for each in taken:
                self._feed(each)
            if self._makes_them(sql):
                needed = [each for each in taken if self._is_needed(each, sql)]
                tight = [
                    self._tightened(each, model.months_back.get(each.table, 0), STEPS[:at], sql) for each in needed
                ]
                return [self._halved(each, sql) for each in tight], True
        return taken, False

    def as_narrow(self, reads: Mapping[str, int]) -> list[Taken]:
        """Of each input, which is read so many months back, the rows agreeing in most; nothing is made again."""
        taken = []
        for read in sorted(reads):
            for step in STEPS:
                found = self._take(read, step, reads[read])
                if found.rows:
                    taken.append(found)
                    break
        return taken

    def _span(self) -> tuple[date, date] | None:
        """First and last day the rows speak of; None where they speak of no time."""
        days = _days(self.columns, ASKED)
        if days is None:
            return None
        found = self.connection.execute(f"select min({days[0]}), max({days[1]}) from {ASKED}").fetchone()
        return None if found is None or found[0] is None or found[1] is None else (found[0], found[1])

    def _is_of_months(self) -> bool:
        """Whether the rows speak of whole months."""
        if self.span is None:
            return False
        first, last = self.span
        return first.day == 1 and (last + timedelta(days=1)).day == 1

    def _take(self, read: str, step: Step, months_back: int) -> Taken:
        columns = columns_of(self.connection, read)
        keys = [name for name in dict.fromkeys((*self.grain, *_THINGS, *_PLACES, *_LABELS)) if name not in _OF_TIME]
        agree = [name for name in keys if name in columns and name in self.columns]
        agree = [name for name in agree if step.keeps(name) and self._is_named(name)]
        unnamed = "or given.{0} is null" if step.takes_unnamed else ""
        wanted = [
            f"(given.{name}::varchar in (select {name}::varchar from {ASKED}) {unnamed.format(name)})" for name in agree
        ]
        days = _days(columns, "given", by_month=self._is_of_months())
        if step.is_dated and days is not None and self.span is not None and months_back not in (ALL, NOW):
            first, last = self.span
            since = f"date '{first}'"
            if months_back or step.earlier or not set(_DAYS) & set(columns):
                since = f"date_trunc('month', {since}) - interval {max(months_back, step.earlier)} month"
            wanted.append(f"{days[1]} >= {since} and {days[0]} <= last_day(date '{last}')")
            agree = [*agree, "days"]
        held_in = f"{self.name}_{read.replace('.', '_')}_{STEPS.index(step)}"
        where = " and ".join(wanted) or "true"
        self.connection.execute(
            f"create or replace temp table {held_in} as select * from {read} as given where {where}"
        )
        return Taken(read, held_in, _count(self.connection, held_in), tuple(agree))

    def _is_named(self, name: str) -> bool:
        """Whether each of the rows says it; a row that does not is about all there are."""
        found = self.connection.execute(f"select count(*) = count({name}) from {ASKED}").fetchone()
        return found == (True,)

    def _fed(self, read: str) -> str:
        """What the select reads instead of a table."""
        return f"{self.name}_{read.replace('.', '_')}_fed"

    def _feed(self, taken: Taken, rows: str = "") -> None:
        """Make the select read the rows taken, or those of a select."""
        rows = rows or f"select * from {taken.held_in}"
        self.connection.execute(f"create or replace temp view {self._fed(taken.table)} as {rows}")

    def _is_needed(self, taken: Taken, sql: str) -> bool:
        """Leaves an input out for good where the same rows are made without it."""
        if not taken.rows:
            return False
        self._feed(taken, f"select * from {taken.held_in} where false")
        if self._makes_them(sql):
            return False
        self._feed(taken)
        return True

    def _tightened(self, taken: Taken, months_back: int, steps: Sequence[Step], sql: str) -> Taken:
        """Taken as narrowly as the same rows are still made, beside the other inputs as they are."""
        for step in steps:
            narrower = self._take(taken.table, step, months_back)
            if 0 < narrower.rows < taken.rows:
                self._feed(narrower)
                if self._makes_them(sql):
                    return narrower
        self._feed(taken)
        return taken

    def _halved(self, taken: Taken, sql: str) -> Taken:
        """Of rows that agree in no name, halves are left out as long as the other half makes the same rows."""
        if set(taken.agree_in) & _TELLING or taken.rows > _MOST_HALVED:
            return taken
        rows, halves = taken.rows, f"{taken.held_in}_halves"
        numbered = f"select *, row_number() over () as at_row from (select * from {taken.held_in} order by all)"
        self.connection.execute(f"create or replace temp table {halves} as {numbered}")
        first = 1
        while rows > 1:
            for start, length in ((first, rows // 2), (first + rows // 2, rows - rows // 2)):
                of_half = f"from {halves} where at_row >= {start} and at_row < {start + length}"
                half = f"select * exclude (at_row) {of_half}"
                self._feed(taken, half)
                if self._makes_them(sql):
                    first, rows = start, length
                    break
            else:
                break
        least = f"select * exclude (at_row) from {halves} where at_row >= {first} and at_row < {first + rows}"
        self.connection.execute(f"create or replace temp table {taken.held_in} as {least}")
        self._feed(taken)
        return Taken(taken.table, taken.held_in, rows, taken.agree_in)

    def _makes_them(self, sql: str) -> bool:
        """Whether the select makes each of the rows asked for again, of fractions but their last digits."""
        same_row = " and ".join(f"made.{name} is not distinct from {ASKED}.{name}" for name in self.grain)
        alike = " and ".join(_alike(name, kind) for name, kind in self._compared.items())
        try:
            found = self.connection.execute(
                f"""
                with made as materialized ({sql})
                select count(*) = (select count(*) from {ASKED}) from {ASKED} inner join made on {same_row}
                where {alike}
                """
            ).fetchone()
        except duckdb.ConversionException:  # a quotient of what was not taken
            return False
        return found == (True,)


def columns_of(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    """The columns of a table or view by name."""
    return {str(row[0]): str(row[1]) for row in connection.execute(f"describe {table}").fetchall()}


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    found = connection.execute(f"select count(*) from {table}").fetchone()
    return 0 if found is None else int(found[0])


def _alike(name: str, kind: str) -> str:
    mine, made = f"{ASKED}.{name}", f"made.{name}"
    if kind in ("DOUBLE", "FLOAT"):
        near = f"abs({mine} - {made}) <= 1e-9 * greatest(abs({mine}), abs({made}))"
        return f"({mine} is not distinct from {made} or coalesce({near}, false))"
    if "DOUBLE" in kind:  # of lists the sums' last digits depend on the order, too
        return f"len({mine}::varchar) > 0 is not distinct from len({made}::varchar) > 0"
    return f"{mine} is not distinct from {made}"


def _days(columns: Columns, table: str, *, by_month: bool = False) -> tuple[str, str] | None:
    """First and last day a row speaks of, as expressions, by its month where it has one; None where it holds no day."""
    if "period" in columns and "period_start" in columns:
        start = f"{table}.period_start"
        return start, f"case {table}.period when 'month' then last_day({start}) else {start} end"
    if {"known_from", "known_until"} <= set(columns):
        return f"{table}.known_from::date", f"{table}.known_until::date"
    for name in () if by_month and set(_MONTHS) & set(columns) else _DAYS:
        if name in columns:
            return f"{table}.{name}::date", f"{table}.{name}::date"
    for name in _MONTHS:
        if name in columns:
            start = f"cast({table}.{name} || '-01' as date)"
            return start, f"last_day({start})"
    return None


@lru_cache(maxsize=256)
def _reading(sql: str, instead: tuple[tuple[str, str], ...]) -> str:
    """The select reading other tables, each under the name it has for it."""
    names = dict(instead)
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    for table in list(tree.find_all(exp.Table)):
        other = names.get(f"{table.db}.{table.name}".lower())
        if other is not None:
            table.replace(exp.alias_(exp.to_table(other), table.alias or table.name, table=True))
    return tree.sql(dialect="duckdb")
