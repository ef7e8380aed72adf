"""What must hold of a table once it is built: one row per grain, the queries of sql/checks, expectations at the gates.

The first two run in the step that built the table; a gate is a step of its own, since Great Expectations takes
seconds to start. It judges rows it has not judged before; of the same rows it says when they passed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import dagster as dg
from dagster import DagsterInstance
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus as Status

from assets.gates import GATES, Gate
from assets.lens import Lens
from assets.resources import LakeResource
from pipelines.lake.sql_models import SqlCheck, SqlModel

_SHOWN = 5
_JUDGED_ROWS = "judged_rows"


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

    def evaluate(self, lens: Lens, key: dg.AssetKey) -> dg.AssetCheckResult:
        """Passed when the query finds nothing."""
        found = lens.query(self.sql)
        metadata: dict[str, Any] = {"offending_rows": found.num_rows}
        if found.num_rows:
            examples = found.slice(0, _SHOWN).to_pylist()
            metadata["examples"] = dg.MetadataValue.md("\n".join(f"- `{_words(row)}`" for row in examples))
            metadata["query"] = dg.MetadataValue.md(f"```sql\n{self.sql}\n```")
        severity = dg.AssetCheckSeverity.ERROR if self.is_blocking else dg.AssetCheckSeverity.WARN
        return dg.AssetCheckResult(
            passed=found.num_rows == 0,
            check_name=self.name,
            asset_key=key,
            severity=severity,
            description=f"{found.num_rows} rows break it" if found.num_rows else "no row breaks it",
            metadata=metadata,
        )


def _words(row: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in row.items() if value is not None)[:300]


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
    def expectations(context: dg.AssetCheckExecutionContext, lake: LakeResource) -> dg.AssetCheckResult:
        with Lens(lake.catalog()) as lens:
            rows = lens.query(gate.sql)
        fingerprint = gate.fingerprint(rows)
        passed_at = _passed_at(context.instance, dg.AssetCheckKey(key, gate.name), fingerprint)
        verdict = [] if passed_at else gate.judge(rows)
        judged = f"unchanged since it passed on {passed_at}" if passed_at else "judged in this run"
        return dg.AssetCheckResult(
            passed=not verdict,
            severity=dg.AssetCheckSeverity.ERROR,
            description=f"{len(verdict)} of {len(gate.expectations)} expectations failed" if verdict else judged,
            metadata={
                "failed_expectations": dg.MetadataValue.json(verdict),
                "expectations": len(gate.expectations),
                "rows": rows.num_rows,
                "judged": judged,
                "passed_at": passed_at or f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
                _JUDGED_ROWS: fingerprint,
            },
        )

    return expectations


def _passed_at(instance: DagsterInstance, key: dg.AssetCheckKey, fingerprint: str) -> str:
    """When exactly these rows passed, if that is the last verdict there is; else nothing."""
    verdicts = instance.event_log_storage.get_asset_check_execution_history(
        key, limit=1, status={Status.SUCCEEDED, Status.FAILED}
    )
    evaluation = verdicts[0].evaluation if verdicts else None
    if evaluation is None or not evaluation.passed:
        return ""
    told = {name: str(value.value) for name, value in evaluation.metadata.items()}
    return told.get("passed_at", "") if told.get(_JUDGED_ROWS) == fingerprint else ""
