"""Whether the product itself is well, as an asset: runs, watchers, data and the lake, as numbers that Dagster plots."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

import dagster as dg

from assets.failure_messages import late_sources
from assets.resources import ClockResource, LakeResource
from pipelines.lake.engine import Catalog

PLATFORM_HEALTH = dg.AssetKey(["platform", "platform_health"])
_DAYS: Final = 7
_MOST_RUNS: Final = 500
_MOST_TICKS: Final = 200
_DESCRIPTION = """How this installation does: runs that failed, schedules and sensors, late sources, size of the lake.

- **Grain**: one materialization a day
- **Source**: Dagster's own store, `gold.data_freshness`, the tables of the lake
- **Kept**: as metadata of the materialization; Dagster plots each number over time
- **Used by**: people: whoever runs this installation
- **Made by**: the job `platform_health_job`"""


def platform_health_asset() -> dg.AssetsDefinition:
    """One asset, and it fails nothing: a bad state is told by its check."""
    check = dg.AssetCheckSpec("is_well", asset=PLATFORM_HEALTH, description="No run, schedule or source is in trouble.")

    @dg.asset(
        key=PLATFORM_HEALTH,
        description=_DESCRIPTION,
        group_name="platform",
        owners=["team:platform"],
        kinds={"dagster"},
        deps=[dg.AssetKey(["gold", "data_freshness"])],
        check_specs=[check],
    )
    def platform_health(
        context: dg.AssetExecutionContext, lake: LakeResource, clock: ClockResource
    ) -> Iterator[dg.MaterializeResult[Any]]:
        now = clock.read()
        runs = runs_told(context.instance, now)
        ticks = failed_ticks(context.instance, now)
        late = late_sources(lake.catalog(), now.date())
        troubles = [
            *(f"{number} runs of {job} failed" for job, number in sorted(runs["failed"].items())),
            *(f"{name} failed {number} times" for name, number in sorted(ticks.items())),
            *(f"{source} has data until {until}" for source, until in late),
        ]
        told: dict[str, Any] = {
            "runs": sum(runs["all"].values()),
            "failed_runs": sum(runs["failed"].values()),
            "failed_ticks": sum(ticks.values()),
            "late_sources": len(late),
            **_lake(lake.catalog()),
            "troubles": dg.MetadataValue.md("\n".join(f"- {each}" for each in troubles) or "none"),
        }
        passed = dg.AssetCheckResult(
            check_name="is_well",
            passed=not troubles,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"found": len(troubles)},
        )
        yield dg.MaterializeResult(metadata=told, check_results=[passed])

    return platform_health


def runs_told(instance: dg.DagsterInstance, now: datetime) -> dict[str, Counter[str]]:
    """Runs of the last seven days by job: all that ended, and those that failed for good."""
    records = instance.get_run_records(dg.RunsFilter(updated_after=now - timedelta(days=_DAYS)), limit=_MOST_RUNS)
    ended = [each.dagster_run for each in records if each.dagster_run.is_finished]
    failed = [run for run in ended if run.is_failure and run.tags.get("dagster/will_retry") != "true"]
    return {"all": Counter(run.job_name for run in ended), "failed": Counter(run.job_name for run in failed)}


def failed_ticks(instance: dg.DagsterInstance, now: datetime) -> Counter[str]:
    """Schedules and sensors that raised in the last seven days, by name."""
    from dagster._core.scheduler.instigation import TickStatus

    after = (now - timedelta(days=_DAYS)).timestamp()
    found: Counter[str] = Counter()
    for state in instance.all_instigator_state():
        ticks = instance.get_ticks(
            state.instigator_origin_id, state.selector_id, after=after, limit=_MOST_TICKS, statuses=[TickStatus.FAILURE]
        )
        if ticks:
            found[state.instigator_name] += len(ticks)
    return found


def _lake(catalog: Catalog) -> dict[str, int]:
    """How many stored tables there are, of how many current files and bytes."""
    states = [state for state in map(catalog.state, catalog.names()) if state.delta is not None]
    files = [file for state in states for file in state.data_files]
    return {"tables": len(states), "files": len(files), "bytes": sum(file.size for file in files)}
