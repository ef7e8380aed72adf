"""One run of the build job, in this process, and what became of it in words and an exit code."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copyfile
from typing import Any

import dagster as dg

from assets.bronze.sources import READ_AGAIN_TAG
from assets.definitions import BUILD_JOB, build_definitions
from assets.schedules import range_tags
from pipelines import errors

log = logging.getLogger("finops.runs")

DAGSTER_YAML = Path(__file__).parents[1] / "dagster.yaml"

GROUPS: dict[str, list[str]] = {
    "billing": [
        *("bronze/charges", "bronze/consumptions", "bronze/taxes"),
        *("bronze/invoices", "bronze/discounts", "bronze/budgets"),
    ],
    "inventory": ["bronze/products", "bronze/projects", "bronze/resources", "bronze/server_types"],
    "models": [],
}
"""What `--only` accepts; models are every table of silver and gold."""


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


@contextmanager
def dagster_instance(state: Path) -> Iterator[dg.DagsterInstance]:
    """The instance whose history `finops ui` shows, in the state folder."""
    prepare_state(state)
    with dg.DagsterInstance.from_config(str(state)) as instance:
        yield instance


def prepare_state(state: Path) -> None:
    """Make the state folder with its dagster.yaml."""
    try:
        state.mkdir(parents=True, exist_ok=True)
        copyfile(DAGSTER_YAML, state / "dagster.yaml")
    except OSError as error:
        raise errors.ConfigurationError(
            f"state = {str(state)!r} cannot be written ({error.strerror}); set FINOPS_STATE to a folder of yours"
        ) from error


def run_build(
    months: Sequence[str],
    state: Path,
    *,
    now: str = "",
    lake: str = "",
    only: Sequence[str] = (),
    again: bool = False,
    trigger: str = "command line",
) -> Outcome:
    """Read, build and check `months` in one run."""
    today = _today(now)
    definitions = build_definitions(today, now, lake)
    job = definitions.resolve_job_def(BUILD_JOB)
    tags = {**range_tags(list(months)), "finops/trigger": trigger, **({READ_AGAIN_TAG: "true"} if again else {})}
    with dagster_instance(state) as instance:
        result = job.execute_in_process(
            run_config=_quiet() if not log.isEnabledFor(logging.DEBUG) else None,
            instance=instance,
            tags=tags,
            raise_on_error=False,
            asset_selection=_selection(only, definitions),
        )
    return _outcome(result)


def _quiet() -> dict[str, Any]:
    """Dagster tells its steps to its history, not to the terminal; a failure becomes one line of ours."""
    return {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def _today(now: str) -> Any:
    from datetime import UTC, datetime

    return (datetime.fromisoformat(now) if now else datetime.now(UTC)).astimezone(UTC).date()


def _selection(only: Sequence[str], definitions: dg.Definitions) -> list[dg.AssetKey] | None:
    if not only:
        return None
    chosen: list[dg.AssetKey] = []
    for group in only:
        if group not in GROUPS:
            raise errors.UsageError(f"--only {group!r} is not a group; write one of {', '.join(GROUPS)}")
        chosen += [dg.AssetKey(key.split("/")) for key in GROUPS[group]]
    if "models" in only:
        keys = definitions.resolve_asset_graph().get_all_asset_keys()
        chosen += [key for key in keys if key.path[0] in ("silver", "gold")]
    return chosen


def _outcome(result: dg.ExecuteInProcessResult) -> Outcome:
    tables: dict[str, int] = {}
    missing: dict[str, None] = {}
    months: dict[str, None] = {}
    failures: list[errors.FinopsError] = []
    warnings: dict[str, None] = {}
    for event in result.all_events:
        if event.is_step_failure:
            failures.append(_failure(event))
        elif event.is_step_materialization:
            told = event.step_materialization_data.materialization.metadata
            metadata: dict[str, Any] = {key: value.value for key, value in told.items()}
            rows = int(metadata.get("rows_written", metadata.get("new_rows", 0)) or 0)
            if rows or metadata.get("new_answers"):
                tables["/".join(event.asset_key.path)] = rows  # type: ignore[union-attr]
            missing.update(dict.fromkeys(metadata.get("missing", [])))
            months.update(dict.fromkeys(filter(None, str(metadata.get("months_read", "")).split(", "))))
        elif event.event_type_value == "ASSET_CHECK_EVALUATION":
            evaluation: Any = event.event_specific_data
            if not evaluation.passed:
                warnings[f"{'.'.join(evaluation.asset_key.path)}: {evaluation.check_name}"] = None
    return Outcome(
        sorted(tables), sum(tables.values()), sorted(months), tuple(missing), tuple(failures), tuple(warnings)
    )


def _failure(event: dg.DagsterEvent) -> errors.FinopsError:
    """The error behind a failed step, as the class it was raised with."""
    error: Any = event.step_failure_data.error
    while error.cause is not None:
        error = error.cause
    message = error.message.strip().removeprefix(f"{error.cls_name}: ").splitlines()[0]
    name = str(error.cls_name).rpartition(".")[2]
    if name == "DagsterAssetCheckFailedError":
        return errors.QualityGateError(f"{event.step_key}: a blocking check refused the data; {message}")
    kind = getattr(errors, name.rpartition(".")[2], None)
    if isinstance(kind, type) and issubclass(kind, errors.FinopsError):
        return kind(message.partition(": ")[2] if message.startswith("pipelines.errors.") else message)
    return errors.FinopsError(f"{event.step_key}: {name}: {message}; run again with --debug")
