"""Checks that stop a run: one row per grain, the queries of sql/checks, and expectations at the gates."""

from typing import Any

import dagster as dg

from assets.gates import GATES, Gate
from assets.resources import LakeResource
from assets.sql_tables import asset_key
from pipelines.lake.sql_models import Layered, SqlCheck, SqlModel

_SHOWN = 5


def asset_checks(models: Layered, checks: list[SqlCheck]) -> list[dg.AssetChecksDefinition]:
    """A grain check for every stored model, every file of sql/checks, every gate."""
    stored = [model for model in models if model.is_stored]
    return [
        *(_grain_check(model) for model in stored),
        *(_sql_check(check) for check in checks),
        *(_gate_check(gate) for gate in GATES),
    ]


def _grain_check(model: SqlModel) -> dg.AssetChecksDefinition:
    columns = ", ".join(model.grain)
    sql = f"select {columns}, count(*) as rows_of_it from {model.table} group by all having count(*) > 1"
    description = f"One row per {columns}."
    return _check(model.table, "one_row_per_grain", description, sql, is_blocking=True)


def _sql_check(check: SqlCheck) -> dg.AssetChecksDefinition:
    return _check(check.table, check.name, check.description, check.sql, check.is_blocking)


def _check(table: str, name: str, description: str, sql: str, is_blocking: bool) -> dg.AssetChecksDefinition:
    severity = dg.AssetCheckSeverity.ERROR if is_blocking else dg.AssetCheckSeverity.WARN

    @dg.asset_check(asset=asset_key(table), name=name, description=description, blocking=is_blocking)
    def offending_rows(lake: LakeResource) -> dg.AssetCheckResult:
        found = lake.catalog().query(sql)
        metadata: dict[str, Any] = {"offending_rows": found.num_rows}
        if found.num_rows:
            metadata["examples"] = dg.MetadataValue.md(
                "\n".join(f"- `{row}`" for row in found.slice(0, _SHOWN).to_pylist())
            )
        return dg.AssetCheckResult(passed=found.num_rows == 0, severity=severity, metadata=metadata)

    return offending_rows


def _gate_check(gate: Gate) -> dg.AssetChecksDefinition:
    @dg.asset_check(asset=asset_key(gate.table), name=gate.name, description=gate.description, blocking=True)
    def expectations(lake: LakeResource) -> dg.AssetCheckResult:
        verdict = gate.judge(lake.catalog().query(gate.sql).to_pandas())
        return dg.AssetCheckResult(
            passed=not verdict,
            severity=dg.AssetCheckSeverity.ERROR,
            metadata={"failed_expectations": dg.MetadataValue.json(verdict)},
        )

    return expectations
