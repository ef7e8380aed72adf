"""Follows the command of a figure to charges and recorded answers, and says how far what is there makes the figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from assets.trace import made_from, made_tables
from pipelines.errors import FinopsError
from pipelines.lake.engine import Catalog
from pipelines.lake.sql_models import load_checks, tables_read
from pipelines.lake.trace import NotASum, trace
from pipelines.reporting.display import Command, Trace

CHARGES = "silver.labelled_costs"
_ROWS_OF = {
    "recommendations": ("gold.recommendations", "recommendation_id"),
    "anomalies": ("gold.anomalies", "anomaly_id"),
}
"""The table whose rows a command prints, and its key."""
SUMMED, MADE_AGAIN, COMPUTED = "summed", "made again", "computed"


@dataclass(frozen=True)
class Lead:
    """Where a command leads.

    `total` is what charges or lines add up to, where one figure of the rows is their sum. `kind` is how the others are
    shown: the models make the rows again from what was found alone, or code made them from it. `reason` says what is
    wrong, if anything.
    """

    reason: str = ""
    kind: str = COMPUTED
    total: Decimal | None = None


class Tracer:
    """Follows commands; the same one once."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self._connection = catalog.connect()
        self._registered: set[str] = set()
        self._sums: dict[str, Lead] = {}
        self._whole: dict[str, Lead] = {}
        self._together: dict[str, Lead] = {}

    def look_ahead(self, sources: Sequence[Trace | Command]) -> None:
        """Follow the rows that these are about together, table by table: each is made again, or all one by one."""
        by_table: dict[str, dict[str, Trace]] = {}
        for source in sources:
            for each in self._traces(source):
                if each.keys and each.table != CHARGES:
                    by_table.setdefault(each.table, {})[each.command] = each
        for table, traces in by_table.items():
            try:
                lead = self._lead(table, [dict(each.keys) for each in traces.values()])
            except FinopsError:
                continue
            if not lead.reason:
                self._together.update(dict.fromkeys(traces, lead))

    def sum_of(self, source: Trace | Command) -> Lead:
        """What charges behind it add up to; without a total where none of its figures is such a sum."""
        if source.command not in self._sums:
            self._sums[source.command] = self._sum_of(source)
        return self._sums[source.command]

    def made_of(self, source: Trace | Command) -> Lead:
        """What its rows are made from, whichever figure is meant."""
        if source.command not in self._whole:
            try:
                leads = [self._made_of(each) for each in self._traces(source)]
            except FinopsError as error:
                leads = [Lead(str(error))]
            wrong = next((each for each in leads if each.reason), None)
            kinds = {each.kind for each in leads}
            whole = Lead(kind=kinds.pop() if len(kinds) == 1 else COMPUTED) if leads else Lead("it leads to no row")
            self._whole[source.command] = wrong or whole
        return self._whole[source.command]

    def rows_of(self, source: Trace | Command) -> str:
        """The rows a command is about, as a select in brackets."""
        if isinstance(source, Trace):
            return f"(select * from {source.table} where {_where(source.keys)})"
        words = source.command.split()
        if words[1] == "sql":
            return f"({source.command.partition(chr(34))[2].rstrip(chr(34))})"
        table, key = _ROWS_OF[words[1]]
        if words[2:3] == ["--rule"]:
            return f"(select * from {table} where rule = '{words[3]}')"
        if len(words) > 2 and not words[2].startswith("--"):
            return f"(select * from {table} where {key} = '{words[-1]}')"
        return f"(select * from {table})"

    def query(self, sql: str) -> list[dict[str, Any]]:
        """The rows of a select over the lake; what it reads is looked up once."""
        if new := tables_read(sql) - self._registered:
            self.catalog.register(self._connection, sorted(new))
            self._registered |= new
        rows: list[dict[str, Any]] = self._connection.execute(sql).to_arrow_table().to_pylist()
        return rows

    def failed_checks(self) -> Decimal:
        """How many of the lake's own checks find an offending row."""
        found = [check.name for check in load_checks() if self.query(check.sql)]
        return Decimal(len(found))

    def _sum_of(self, source: Trace | Command) -> Lead:
        if not isinstance(source, Trace):
            if source.table != CHARGES:
                return Lead()
            found = self.query(f"select sum(billed_cost) as cost from {self.rows_of(source)}")
            return Lead(total=found[0]["cost"])
        try:
            found_sum = trace(self.catalog, source.table, [f"{name}={value}" for name, value in source.keys])
        except NotASum:
            return Lead()
        except FinopsError as error:
            return Lead(str(error))
        unread = sum(row is None for row in found_sum.evidence["answer_hash"].to_pylist())
        lead = Lead(total=found_sum.total)
        if not found_sum.adds_up:
            return replace(lead, reason=f"evidence adds up to {found_sum.total}, the figure is {found_sum.figure}")
        derived = {"borne by others", "gold.effective_savings_rate", "rounding"}
        if unread and not derived & set(found_sum.evidence["evidence"].to_pylist()):
            return replace(lead, reason=f"{unread} rows of evidence stand in no recorded answer")
        return lead

    def _made_of(self, source: Trace) -> Lead:
        if source.table == CHARGES:
            return Lead(kind=SUMMED)
        if source.command not in self._together:
            self._together[source.command] = self._lead(source.table, [dict(source.keys)])
        return self._together[source.command]

    def _lead(self, table: str, keys: Sequence[dict[str, str]]) -> Lead:
        found = made_from(self.catalog, table, keys)
        if found.is_made_again is False:
            return Lead("the models do not make its rows again from what they are traced to")
        if not found.inputs or not (found.charges.num_rows or found.recorded_in):
            return Lead("it leads to no charge and to no recorded answer")
        return Lead(kind=MADE_AGAIN if found.is_made_again else COMPUTED)

    def _traces(self, source: Trace | Command) -> list[Trace]:
        """One for each row that a command lists; a table that is listed whole is followed as one."""
        if isinstance(source, Trace):
            return [source]
        words = source.command.split()
        if words[1] in _ROWS_OF:
            table, key = _ROWS_OF[words[1]]
            rows = self.query(f"select {key} from {self.rows_of(source)}")
            return [Trace(table, ((key, row[key]),)) for row in rows]
        if source.table == CHARGES or " where " not in source.command:
            return [Trace(source.table, ())]
        grain = self._grain(source.table)
        rows = self.query(f"select distinct {', '.join(grain)} from {self.rows_of(source)}")
        return [Trace(source.table, _keys(row)) for row in rows]

    def _grain(self, table: str) -> Sequence[str]:
        model = self.catalog.models.by_name.get(table)
        return model.grain if model is not None else made_tables()[table].grain


def _keys(row: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((name, "" if value is None else str(value)) for name, value in row.items())


def _where(keys: Sequence[tuple[str, str]]) -> str:
    quoted = [(name, value.replace("'", "''")) for name, value in keys]
    return " and ".join(f"coalesce({name}::varchar, '') = '{value}'" for name, value in quoted) or "true"
