"""What must hold of a table once it is built: one row per grain, the queries of sql/checks, expectations at the gates.

The first two run in the step that built the table; a gate is a step of its own, since Great Expectations takes
seconds to start.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from assets.gates import GATES, Gate
from assets.resources import LakeResource
from pipelines.lake.engine import Catalog
from pipelines.lake.sql_models import SqlCheck, SqlModel

_SHOWN = 5


@dataclass(frozen=True)
class TableCheck:
    """A query whose rows are the offending ones, about one table."""

    name: str
    description: str
    sql: str
    is_blocking: bool

    def spec(self, key: dg.AssetKey) -> dg.AssetCheckSpec:
        """How Dagster announces it."""
        return dg.AssetCheckSpec(self.name, asset=key, description=self.description, blocking=self.is_blocking)

    def evaluate(self, catalog: Catalog, key: dg.AssetKey) -> dg.AssetCheckResult:
        """Passed when the query finds nothing."""
        found = catalog.query(self.sql)
        metadata: dict[str, Any] = {"offending_rows": found.num_rows}
        if found.num_rows:
            examples = found.slice(0, _SHOWN).to_pylist()
            metadata["examples"] = dg.MetadataValue.md("\n".join(f"- `{row}`" for row in examples))
        severity = dg.AssetCheckSeverity.ERROR if self.is_blocking else dg.AssetCheckSeverity.WARN
        return dg.AssetCheckResult(
            passed=found.num_rows == 0, check_name=self.name, asset_key=key, severity=severity, metadata=metadata
        )


def table_checks(model: SqlModel, checks: Sequence[SqlCheck]) -> list[TableCheck]:
    """The checks of one table; a view is checked through the tables made of it."""
    if not model.is_stored:
        return []
    return [_grain_check(model), *(_sql_check(check) for check in checks if check.table == model.table)]


def _grain_check(model: SqlModel) -> TableCheck:
    columns = ", ".join(model.grain)
    sql = f"select {columns}, count(*) as rows_of_it from {model.table} group by all having count(*) > 1"
    return TableCheck("one_row_per_grain", f"One row per {columns}.", sql, is_blocking=True)


def _sql_check(check: SqlCheck) -> TableCheck:
    return TableCheck(check.name, check.description, check.sql, check.is_blocking)


def gate_checks() -> Iterator[dg.AssetChecksDefinition]:
    """The expectations at the gates, each blocking what comes after its table."""
    for gate in GATES:
        yield _gate_check(gate)


def _gate_check(gate: Gate) -> dg.AssetChecksDefinition:
    key = dg.AssetKey(gate.table.split("."))

    @dg.asset_check(asset=key, name=gate.name, description=gate.description, blocking=True)
    def expectations(lake: LakeResource) -> dg.AssetCheckResult:
        verdict = gate.judge(lake.catalog().query(gate.sql).to_pandas())
        return dg.AssetCheckResult(
            passed=not verdict,
            severity=dg.AssetCheckSeverity.ERROR,
            metadata={"failed_expectations": dg.MetadataValue.json(verdict)},
        )

    return expectations
