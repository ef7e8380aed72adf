"""One run of the build job, in this process."""

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg

from assets.bronze.sources import READ_AGAIN_TAG
from assets.definitions import BUILD_JOB, build_definitions
from assets.forecasts_assets import DECISIONS
from assets.outcome import Outcome, outcome_of
from assets.partitions import billing_months
from assets.schedules import range_tags
from assets.state import dagster_instance, end_dead_runs, prepare_state, run_alive
from pipelines.errors import UsageError

__all__ = ["GROUPS", "Outcome", "prepare_state", "run_build"]

log = logging.getLogger("finops.runs")

GROUPS: dict[str, list[str]] = {
    "billing": [
        *("bronze/charges", "bronze/consumptions", "bronze/taxes"),
        *("bronze/invoices", "bronze/discounts", "bronze/budgets"),
    ],
    "inventory": [
        *("bronze/products", "bronze/projects", "bronze/resources", "bronze/server_types", "bronze/audit_events"),
        "bronze/footprints",
    ],
    "metrics": ["bronze/usage_hourly", "bronze/metric_findings", "bronze/cluster_allocations"],
    "telemetry": ["bronze/telemetry_daily", "bronze/requests_daily"],
    "storage": [f"bronze/storage_{name}" for name in ("buckets", "listings", "histograms", "uploads")],
    "models": [
        *("bronze/unit_settings", "bronze/kpi_settings", "bronze/savings_plans", "bronze/savings_plan_terms"),
        "bronze/pseudonym_salts",
        *(f"bronze/allocation_{name}" for name in ("label_keys", "rules", "pools", "policy", "terms")),
    ],
    DECISIONS: [],
}
"""What `--only` accepts; models are every table of silver and gold, decisions what Python decides from them."""


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
    definitions = build_definitions(billing_months(_today(now)), now, lake)
    job = definitions.resolve_job_def(BUILD_JOB)
    selection = _selection(only, definitions)
    with dagster_instance(state) as instance, run_alive(instance, state) as run_id:
        end_dead_runs(instance, state)
        result = job.execute_in_process(
            run_config=_quiet() if not log.isEnabledFor(logging.DEBUG) else None,
            instance=instance,
            run_id=run_id,
            tags=_tags(months, trigger, again),
            raise_on_error=False,
            asset_selection=selection,
        )
    return outcome_of(result)


def _tags(months: Sequence[str], trigger: str, again: bool) -> Mapping[str, str]:
    """What the list of runs shows; the person who started it repeats it, not the daemon."""
    tags = {**range_tags(list(months)), "finops/trigger": trigger, "dagster/max_retries": "0"}
    return tags | {READ_AGAIN_TAG: "true"} if again else tags


def _quiet() -> dict[str, Any]:
    """Dagster tells its steps to its history, not to the terminal; a failure becomes one line of ours."""
    return {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def _today(now: str) -> date:
    return (datetime.fromisoformat(now) if now else datetime.now(UTC)).astimezone(UTC).date()


def _selection(only: Sequence[str], definitions: dg.Definitions) -> list[dg.AssetKey] | None:
    if not only:
        return None
    chosen: list[dg.AssetKey] = []
    for group in only:
        if group not in GROUPS:
            raise UsageError(f"--only {group!r} is not a group; write one of {', '.join(GROUPS)}")
        chosen += [dg.AssetKey(key.split("/")) for key in GROUPS[group]]
    graph = definitions.resolve_asset_graph()
    decided = {key for key in graph.materializable_asset_keys if graph.get(key).group_name == DECISIONS}
    if "models" in only:
        keys = graph.materializable_asset_keys - decided
        chosen += [key for key in keys if key.path[0] in ("silver", "gold")]
    return chosen + sorted(decided) if DECISIONS in only else chosen
