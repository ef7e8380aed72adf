"""From a figure that is no sum of charges to what it was made from: table by table to charges and recorded answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import duckdb
import pyarrow as pa
import sqlglot
from sqlglot import exp

from pipelines.errors import UsageError
from pipelines.lake.engine import Catalog, connect
from pipelines.lake.sql_models import SqlEvidence, load_evidence, tables_read
from pipelines.lake.trace_inputs import ASKED, Inputs, Taken, columns_of

CHARGES = "silver.labelled_costs"
_OF_CHARGES = (CHARGES, "silver.costs")


@dataclass(frozen=True)
class MadeBy:
    """What is known of a table that Python makes: its grain, what it reads, and how many months back."""

    grain: tuple[str, ...]
    reads: tuple[str, ...]
    months_back: int = 0


@dataclass(frozen=True)
class Input:
    """Rows that others are made from: of which table, for which, how many, what they agree in, where recorded."""

    table: str
    feeds: str
    rows: int
    agree_in: tuple[str, ...]
    recorded_in: tuple[str, ...]


@dataclass(frozen=True)
class Behind:
    """The rows asked for, what they are made from step by step, and all charges among that.

    `is_made_again` tells that at every step the models made the same rows from these inputs alone; it is None from
    where Python makes a table, whose code is not run. `charges` is empty where nothing charged is behind the rows.
    """

    table: str
    keys: tuple[Mapping[str, str], ...]
    rows: pa.Table
    inputs: tuple[Input, ...]
    charges: pa.Table
    is_made_again: bool | None

    @property
    def recorded_in(self) -> tuple[str, ...]:
        """The tables of recorded answers, readings and settings that all of it goes back to."""
        return tuple(sorted({name for each in self.inputs for name in each.recorded_in}))


def behind(catalog: Catalog, table: str, keys: Sequence[Mapping[str, str]], made: Mapping[str, MadeBy]) -> Behind:
    """What the rows that have the values of one of `keys` come from; UsageError where none has those of one of them.

    An empty value means null. `made` tells of the tables that Python makes.
    """
    order = _order(catalog, table, made)
    evidence = load_evidence()
    inside = {name for each in order if each in evidence for name in tables_read(evidence[each].sql)}
    with connect(catalog.lake.address) as connection:
        catalog.register(connection, sorted({*order, *inside, CHARGES}))
        columns = columns_of(connection, table)
        connection.execute(f"create temp table first as select * from {table} where false")
        for each in keys:
            _choose(connection, table, each, columns)
        rows = connection.execute("select * from first").to_arrow_table()
        walk = _Walk(catalog, connection, made)
        walk.pieces[table] = ["first"]
        for name in order:
            walk.follow(name)
        return Behind(table, tuple(keys), rows, tuple(walk.inputs), walk.charges(), walk.is_made_again)


def _choose(
    connection: duckdb.DuckDBPyConnection, table: str, keys: Mapping[str, str], columns: Mapping[str, str]
) -> None:
    """Put the rows that have these values into `first`, each once."""
    if unknown := sorted(set(keys) - set(columns)):
        raise UsageError(f"{table} has no column {unknown[0]}; it has {', '.join(sorted(columns))}")
    where = " and ".join(f"coalesce({name}::varchar, '') = ?" for name in keys) or "true"
    chosen = f"from {table} where {where}"
    found = connection.execute(f"select count(*) {chosen}", list(keys.values())).fetchone()
    if found == (0,):
        told = ", ".join(f"{name}={value}" for name, value in keys.items())
        raise UsageError(f"{table} has no row with {told}; check the keys")
    connection.execute(f"insert into first select * {chosen} except select * from first", list(keys.values()))


class _Walk:
    """From a table down, each table once, after all that are made from it."""

    def __init__(self, catalog: Catalog, connection: duckdb.DuckDBPyConnection, made: Mapping[str, MadeBy]) -> None:
        self.catalog = catalog
        self.connection = connection
        self.made = made
        self.evidence = load_evidence()
        self.pieces: dict[str, list[str]] = {}
        self.inputs: list[Input] = []
        self.is_made_again: bool | None = True
        self._charges: list[str] = []

    def follow(self, table: str) -> None:
        """Take the inputs of the rows that are asked of a table of gold."""
        pieces = self.pieces.get(table)
        if not pieces or not _leads_on(self.catalog, table):
            return
        together = " union ".join(f"select * from {each}" for each in pieces)
        self.connection.execute(f"create or replace temp table {ASKED} as {together}")
        model, made, told = self.catalog.models.by_name.get(table), self.made.get(table), self.evidence.get(table)
        name = f"of_{table.replace('.', '_')}"
        is_first = pieces == ["first"] and made is not None
        if told is not None and told.reads_chosen and not is_first:
            self._take_evidence(table, name, told)
        elif model is not None and self.is_made_again is not None:
            taken, is_same = Inputs(self.connection, model.grain, name).of_model(model)
            self.is_made_again = self.is_made_again and is_same
            self._note(table, taken)
        elif model is not None:
            reads = {read: model.months_back.get(read, 0) for read in model.reads}
            self._note(table, Inputs(self.connection, model.grain, name).as_narrow(reads))
        elif made is not None:
            self.is_made_again = None if self.is_made_again else self.is_made_again
            reads = dict.fromkeys(made.reads, made.months_back)
            self._note(table, Inputs(self.connection, made.grain, name).as_narrow(reads))

    def _note(self, table: str, taken: Sequence[Taken]) -> None:
        for each in taken:
            self.pieces.setdefault(each.table, []).append(each.held_in)
            leads_on = _leads_on(self.catalog, each.table)
            recorded = () if leads_on else tuple(sorted(_recorded(self.catalog, each.table)))
            self.inputs.append(Input(each.table, table, each.rows, each.agree_in, recorded))
            if each.table in _OF_CHARGES:
                self._charges.append(f"select charge_key from {each.held_in}")

    def _take_evidence(self, table: str, name: str, told: SqlEvidence) -> None:
        """What a query of `sql/trace` finds is enough where it adds up to the rows' own figure."""
        self.connection.execute(f"create or replace temp view chosen as select * from {ASKED}")
        self.connection.execute(f"create or replace temp table {name} as {told.sql}")
        sums = f"(select sum(amount) from {name}) is not distinct from (select sum({told.figure}) from {ASKED})"
        keys = f"select evidence_key as charge_key from {name} where evidence like 'charge%'"
        found = self.connection.execute(f"select count(*), {sums} from ({keys})").fetchone()
        rows, adds_up = found or (0, False)
        self.is_made_again = self.is_made_again and bool(adds_up)
        self._charges.append(keys)
        self.inputs.append(Input(CHARGES, table, rows, ("its trace",), tuple(sorted(_recorded(self.catalog, CHARGES)))))

    def charges(self) -> pa.Table:
        """All that were taken, the largest first."""
        keys = " union ".join(self._charges) or "select null::varchar as charge_key where false"
        return self.connection.execute(
            f"""
            select 'charge' as evidence, costs.charge_key as evidence_key, costs.charge_date, costs.project_name,
                costs.sku, costs.resource_name, costs.billed_cost as amount, costs.billing_currency, costs.answer_hash
            from {CHARGES} as costs
            where costs.charge_key in (select charge_key from ({keys}))
            order by abs(amount) desc nulls last, evidence_key
            """
        ).to_arrow_table()


def _order(catalog: Catalog, table: str, made: Mapping[str, MadeBy]) -> list[str]:
    """The table and all that it is made from, down to silver, each after those made from it.

    Where two are made from each other, as advice and what was said of it, the one met first comes first.
    """
    found: dict[str, None] = {}
    entered: set[str] = set()

    def enter(name: str) -> None:
        entered.add(name)
        model = catalog.models.by_name.get(name)
        if _leads_on(catalog, name):
            reads = model.reads if model is not None else made[name].reads if name in made else ()
            for read in sorted(set(reads) - entered):
                if read not in entered:
                    enter(read)
        found[name] = None

    enter(table)
    return list(found)[::-1]


def _leads_on(catalog: Catalog, table: str) -> bool:
    """Whether its rows have charges behind them: all of gold, and of silver what adds charges up."""
    if table.startswith("gold."):
        return True
    model = catalog.models.by_name.get(table)
    if model is None or table in _OF_CHARGES or not _reads_charges(catalog, table):
        return False
    return any(name.endswith("cost") or name == "*" for name in _columns_made(model.sql))


def _reads_charges(catalog: Catalog, table: str) -> bool:
    model = catalog.models.by_name.get(table)
    reads = model.reads if model is not None else frozenset()
    return any(name in _OF_CHARGES or _reads_charges(catalog, name) for name in reads)


@lru_cache(maxsize=512)
def _columns_made(sql: str) -> tuple[str, ...]:
    query = sqlglot.parse_one(sql, dialect="duckdb")
    return tuple(query.named_selects) if isinstance(query, exp.Query) else ()


def _recorded(catalog: Catalog, table: str) -> set[str]:
    """The tables of recorded answers, readings and settings behind a table of bronze or silver."""
    if table.startswith("bronze."):
        return {table}
    model = catalog.models.by_name.get(table)
    return {name for read in (model.reads if model is not None else ()) for name in _recorded(catalog, read)}
