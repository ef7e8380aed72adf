"""Job definitions and their runs as the API lists them."""

from collections.abc import Iterator
from typing import Any

from simulator.instants import DAY, day_start, zulu
from simulator.jobs_runs import Run
from simulator.jobs_scenario import Job
from simulator.resources import Resource
from simulator.service_parts import Placed, Services

DAYS_OF_RUNS = 60


class JobShapes:
    """Writes jobs as Scaleway would."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._jobs = services.world.jobs

    def definitions(self, now: int) -> Iterator[Placed]:
        for row, spec in self._living(now):
            hours = ",".join(str(hour) for hour in sorted(spec.hours))
            yield self._services.in_region(row, {
                **self._services.common(row),
                **_limits(spec),
                "cron_schedule": {"schedule": f"0 {hours} * * {'1-5' if spec.workdays else '*'}", "timezone": "UTC"},
                "image_uri": self._image(row, spec),
                "job_timeout": f"{spec.timeout}s",
                "description": "",
            })  # fmt: skip

    def runs(self, now: int) -> Iterator[Placed]:
        """Runs are kept for 60 days; the newest come first."""
        oldest = day_start(now) - DAYS_OF_RUNS * DAY
        for row, spec in self._living(now):
            for run in reversed(self._jobs.runs[row.id]):
                if oldest <= run.created <= now:
                    yield self._services.in_region(row, self._run(run, spec, now))

    def run_id(self, run: Run) -> str:
        return self._services.uuid("run", run.job.id, run.created)

    def _living(self, now: int) -> Iterator[tuple[Resource, Job]]:
        for row in self._services.world.living(now):
            if row.id in self._jobs.specs and row.kind == "service":
                yield row, self._jobs.specs[row.id]

    def _image(self, row: Resource, spec: Job) -> str:
        return f"rg.{self._services.region(row)}.scw.cloud/registry/{spec.image or row.name}:latest"

    def _run(self, run: Run, spec: Job, now: int) -> dict[str, Any]:
        state = run.state(now)
        is_over = run.ended <= now
        item = {
            **_limits(spec),
            "id": self.run_id(run),
            "job_definition_id": run.job.id,
            "state": state,
            "created_at": zulu(run.created, 679_932),
            "started_at": None if state == "queued" else zulu(run.started, 500_000),
            "terminated_at": zulu(run.ended, 500_000) if is_over else None,
            "run_duration": f"{run.seconds}s" if is_over else None,
            "updated_at": zulu(run.ended if is_over else max(run.created, min(run.started, now)), 920_572),
        }
        return item | ({"reason": run.reason} if is_over and run.reason else {})


def _limits(spec: Job) -> dict[str, Any]:
    return {
        "cpu_limit": spec.cpu,
        "memory_limit": spec.memory,
        "local_storage_capacity": 5_120,
        "environment_variables": {},
        "command": "",
        "startup_command": [],
        "args": [],
    }
