"""What must hold of a table once it is built: one row per grain, the queries of sql/checks, expectations at the gates.

The first two run in the step that built the table; a gate is a step of its own, since Great Expectations takes
seconds to start. Each judges what it has not judged before; of the same rows it says when they passed.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import dagster as dg
from dagster import DagsterInstance
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus as Status

from assets.gates import GATES, Gate
from assets.lens import Lens
from assets.resources import LakeResource
from pipelines.lake.build import views_of
from pipelines.lake.engine import Catalog
from pipelines.lake.sql_models import SqlCheck, SqlModel, tables_read

_SHOWN = 5
_JUDGED_ROWS = "judged_rows"
_JUDGED = "passed_contents"
_DATES = frozenset({"charge_date", "usage_date", "usage_hour", "window_start", "day", "period_start"})
"""A grain with one of these says the month too, so that no two months can hold the same row."""


@dataclass(frozen=True)
class TableCheck:
    """A query whose rows are the offending ones, about one table.

    `by_month` names its partition where each month can be judged for itself.
    """

    name: str
    description: str
    sql: str
    is_blocking: bool
    by_month: str | None = None

    def spec(self, key: dg.AssetKey) -> dg.AssetCheckSpec:
        """How Dagster announces it."""
        return dg.AssetCheckSpec(self.name, asset=key, description=self.description, blocking=self.is_blocking)

    def evaluate(self, lens: Lens, key: dg.AssetKey, instance: DagsterInstance) -> dg.AssetCheckResult:
        """Passed when the query finds nothing. What passed as it is now is not asked again."""
        judged = self._judged(lens.catalog)
        told = _told_when_passed(instance, dg.AssetCheckKey(key, self.name))
        passed = json.loads(told.get(_JUDGED, "{}"))
        if judged == passed:
            return self._result(key, 0, f"unchanged since it passed on {told['passed_at']}", judged, told["passed_at"])
        found = lens.query(self._narrowed(judged, passed))
        if not found.num_rows:
            return self._result(key, 0, "no row breaks it", judged, f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC")
        examples = "\n".join(f"- `{_words(row)}`" for row in found.slice(0, _SHOWN).to_pylist())
        broken = self._result(key, found.num_rows, f"{found.num_rows} rows break it", {}, "")
        more = {
            "examples": dg.MetadataValue.md(examples),
            "query": dg.MetadataValue.md(f"```sql\n{self.sql}\n```"),
        }
        return broken._replace(metadata={**broken.metadata, **more})

    def _judged(self, catalog: Catalog) -> dict[str, str]:
        """The query with the views it reads through, and the content of all that it reads."""
        reads = sorted(tables_read(self.sql))
        query = [self.sql, *(view.fingerprint for read in reads for view in views_of(catalog, read))]
        contents = {"query": hashlib.sha256("|".join(query).encode()).hexdigest()[:32]}
        for table in {stored for read in reads for stored in catalog.physical(read)}:
            for partition, state in catalog.state(table).partitions.items():
                contents[f"{table}/{partition}"] = state.content
        return contents

    def _narrowed(self, judged: Mapping[str, str], passed: Mapping[str, str]) -> str:
        """The query over the months that are not as they passed, where months can be judged apart."""
        if self.by_month is None or judged["query"] != passed.get("query"):
            return self.sql
        months = {name.partition("/")[2] for name, content in judged.items() if passed.get(name) != content}
        if not months:  # one that passed is gone
            return self.sql
        listed = ", ".join(repr(month) for month in sorted(months))
        return self.sql.replace(" group by all", f" where {self.by_month} in ({listed}) group by all")

    def _result(
        self, key: dg.AssetKey, rows: int, description: str, judged: Mapping[str, str], passed_at: str
    ) -> dg.AssetCheckResult:
        metadata: dict[str, Any] = {"offending_rows": rows}
        if not rows:
            # as JSON a page folds it away: it is for the next run, not for a reader
            metadata |= {"passed_at": passed_at, _JUDGED: dg.MetadataValue.json(dict(sorted(judged.items())))}
        severity = dg.AssetCheckSeverity.ERROR if self.is_blocking else dg.AssetCheckSeverity.WARN
        return dg.AssetCheckResult(
            passed=rows == 0,
            check_name=self.name,
            asset_key=key,
            severity=severity,
            description=description,
            metadata=metadata,
        )


def _words(row: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in row.items() if value is not None)[:300]


def table_checks(model: SqlModel, checks: Sequence[SqlCheck]) -> list[TableCheck]:
    """The checks of one table; a view is checked through the tables made of it."""
    if not model.is_stored:
        return []
    grain = grain_check(model.table, model.grain, model.partition_by)
    return [grain, *(_sql_check(check) for check in checks if check.table == model.table)]


def grain_check(table: str, grain: Sequence[str], partition_by: str | None) -> TableCheck:
    """One row per grain, blocking."""
    columns = ", ".join(grain)
    sql = f"select {columns}, count(*) as rows_of_it from {table} group by all having count(*) > 1"
    by_month = partition_by if partition_by in grain or _DATES & set(grain) else None
    return TableCheck("one_row_per_grain", f"One row per {columns}.", sql, is_blocking=True, by_month=by_month)


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
    told = _told_when_passed(instance, key)
    return told.get("passed_at", "") if told.get(_JUDGED_ROWS) == fingerprint else ""


def _told_when_passed(instance: DagsterInstance, key: dg.AssetCheckKey) -> dict[str, str]:
    """What the last verdict said, if it was that all holds."""
    verdicts = instance.event_log_storage.get_asset_check_execution_history(
        key, limit=1, status={Status.SUCCEEDED, Status.FAILED}
    )
    evaluation = verdicts[0].evaluation if verdicts else None
    if evaluation is None or not evaluation.passed:
        return {}
    return {name: _text(value) for name, value in evaluation.metadata.items()}


def _text(told: dg.MetadataValue[Any]) -> str:
    return json.dumps(told.value) if isinstance(told, dg.JsonMetadataValue) else str(told.value)
