"""What became of a run, in words and an exit code."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from pipelines import errors


@dataclass(frozen=True)
class Outcome:
    """What a run did. `missing` names what could not be read, `failures` what went wrong and its exit code."""

    tables_written: Sequence[str]
    rows_written: int
    months_read: Sequence[str]
    missing: Sequence[str] = field(default_factory=tuple)
    failures: Sequence[errors.FinopsError] = field(default_factory=tuple)
    warnings: Sequence[str] = field(default_factory=tuple)

    def raise_if_failed(self) -> None:
        """The first failure; a run that only lacks parts is a PartialResult."""
        if self.failures:
            raise self.failures[0]
        if self.missing:
            raise errors.PartialResult("; ".join(self.missing))


def outcome_of(result: dg.ExecuteInProcessResult) -> Outcome:
    """Read from the events of a run that ended."""
    tables: dict[str, int] = {}
    missing: dict[str, None] = {}
    months: dict[str, None] = {}
    refused: dict[str, list[str]] = {}
    failed: list[dg.DagsterEvent] = []
    warnings: dict[str, None] = {}
    for event in result.all_events:
        if event.is_step_failure:
            failed.append(event)
        elif event.is_step_materialization:
            told = event.step_materialization_data.materialization.metadata
            metadata: dict[str, Any] = {key: value.value for key, value in told.items()}
            rows = int(metadata.get("rows_written", metadata.get("new_rows", 0)) or 0)
            if metadata.get("written") or metadata.get("new_answers"):
                tables["/".join(event.asset_key.path)] = rows  # type: ignore[union-attr]
            missing.update(dict.fromkeys(metadata.get("missing", [])))
            months.update(dict.fromkeys(filter(None, str(metadata.get("months_read", "")).split(", "))))
        elif event.event_type_value == "ASSET_CHECK_EVALUATION":
            evaluation: Any = event.event_specific_data
            if not evaluation.passed:
                found = f"{'.'.join(evaluation.asset_key.path)}: {evaluation.check_name}: {_found(evaluation)}"
                if evaluation.blocking and evaluation.severity == dg.AssetCheckSeverity.ERROR:
                    refused.setdefault(str(event.step_key), []).append(found)
                else:
                    warnings[found] = None
    failures = [_failure(event, refused.get(str(event.step_key), [])) for event in failed]
    return Outcome(
        sorted(tables), sum(tables.values()), sorted(months), tuple(missing), tuple(failures), tuple(warnings)
    )


def _found(evaluation: Any) -> str:
    """What the check saw, and the first example of it."""
    told = {name: value.value for name, value in evaluation.metadata.items()}
    example = str(told.get("examples") or told.get("failed_expectations") or "").strip().splitlines()
    return f"{evaluation.description}, such as {example[0].removeprefix('- ')}" if example else evaluation.description


def _failure(event: dg.DagsterEvent, refused: Sequence[str]) -> errors.FinopsError:
    """The error behind a failed step, as the class it was raised with."""
    if refused:
        return errors.QualityGateError(f"{'; '.join(refused)}; nothing after it was built")
    error: Any = event.step_failure_data.error
    while error.cause is not None and _kind(error) is None:
        error = error.cause
    name = str(error.cls_name).rpartition(".")[2]
    message = error.message.strip().splitlines()[0].removeprefix(f"{error.cls_name}: ")
    kind = _kind(error)
    if kind is not None:
        return kind(message.removeprefix(f"{kind.__module__}.{name}: "))
    return errors.FinopsError(f"{event.step_key}: {name}: {message}; run again with --debug")


def _kind(error: Any) -> type[errors.FinopsError] | None:
    """Our class of that name; what caused one of ours is told by its message already."""
    kind = getattr(errors, str(error.cls_name).rpartition(".")[2], None)
    return kind if isinstance(kind, type) and issubclass(kind, errors.FinopsError) else None
