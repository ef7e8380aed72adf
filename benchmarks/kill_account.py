"""A small account that is read on two days, and the assets of its graph, each to be run in a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.kill_moments import Counted, Course, Moment
from benchmarks.storage_server import free_ports

SCENARIO = "small"
SNAPSHOTS = (date(2026, 5, 1), date(2026, 6, 1))
OLD, NEW = date(2026, 7, 1), date(2026, 7, 5)
"""Between them charges come late and are restated, and the invoice of June arrives."""
MONTHS = ["2026-06", "2026-07"]
SOURCES = ("billing", "inventory", "metrics", "telemetry", "storage")
FAILED = 70
KILLED = -int(signal.SIGKILL)
_SETTINGS = """
[mail]
host = "127.0.0.1"
port = {port}
security = "none"
sender = "finops@example.org"
monthly_to = ["a@example.org", "b@example.org"]
weekly_to = ["a@example.org"]
pictures = false

[report]
out = "{out}"
"""


@dataclass(frozen=True)
class Unit:
    """What the graph makes in one step: a job's asset, or several that are made together."""

    job: str
    name: str
    keys: tuple[Any, ...]


@dataclass(frozen=True)
class Ended:
    """How a run of a unit ended: its exit code, or minus the signal it died by, and what it did."""

    code: int
    course: Course


class Account:
    """The pretend Scaleway at a day, and the lake that is read from it, in `folder/lake`."""

    def __init__(self, folder: Path, url: str, port: int) -> None:
        self.folder = folder
        self.lake = folder / "lake"
        self._url = url
        self._told = folder / "told"
        (folder / "finops.toml").write_text(_SETTINGS.format(port=port, out=folder / "reports"))
        os.environ |= {"FINOPS_CONFIG": str(folder / "finops.toml"), "FINOPS_STATE": str(folder / "state")}
        self._definitions = _definitions(self.lake)

    def set_day(self, day: date) -> None:
        """Move the clock."""
        from benchmarks.daily_runs import _set_clock

        _set_clock(self._url, day)

    def grow(self) -> None:
        """A lake that was read until the older day; the clock is left at the newer one."""
        for day in SNAPSHOTS:
            self.set_day(day)
            self._forked(lambda day=day: _keep_inventory(self.lake, day), None)
        for day in (OLD, NEW):
            self.set_day(day)
            if day == OLD and (code := self.run_whole(day).code):
                raise SystemExit(f"the first run ended with {code}")

    def units(self) -> list[Unit]:
        """All that the jobs make, in an order in which they can be made."""
        graph = self._definitions.resolve_asset_graph()
        found: list[Unit] = []
        seen: set[Any] = set()
        for job in ("build", "monthly_report_job", "weekly_review_job"):
            own = self._definitions.resolve_job_def(job).asset_layer.executable_asset_keys
            for key in (key for key in graph.toposorted_asset_keys if key in own and key not in seen):
                keys = tuple(sorted(graph.get(key).execution_set_asset_keys))
                seen.update(keys)
                found.append(Unit(job, key.to_user_string(), keys))
        return found

    def run(self, unit: Unit, moment: Moment | None = None) -> Ended:
        """One unit, as the job runs it."""
        return self._forked(lambda: self._run_unit(unit), moment)

    def run_whole(self, day: date = NEW) -> Ended:
        """The daily run, all of it."""
        return self._forked(lambda: _run_build(self.lake, day), None)

    def read_sources(self, day: date) -> Ended:
        """What a run reads on a day, and nothing made of it."""
        return self._forked(lambda: _run_build(self.lake, day, SOURCES), None)

    def put_back(self, kept: Path) -> None:
        """Make the lake, the reports and what is known of mails as they were; files are shared, since none changes."""
        for name in ("lake", "reports"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
            if (kept / name).exists():
                _linked(kept / name, self.folder / name)

    def keep(self, kept: Path) -> None:
        """Keep them as they are."""
        kept.mkdir(parents=True)
        for name in ("lake", "reports"):
            if (self.folder / name).exists():
                _linked(self.folder / name, kept / name)

    def _run_unit(self, unit: Unit) -> int:
        from assets.schedules import range_tags
        from assets.state import dagster_instance

        months = MONTHS[:1] if unit.job == "monthly_report_job" else MONTHS
        with dagster_instance(self.folder / "state") as instance:
            result = self._definitions.resolve_job_def(unit.job).execute_in_process(
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                instance=instance,
                tags={} if unit.job == "weekly_review_job" else range_tags(months),
                raise_on_error=False,
                asset_selection=[*unit.keys],
            )
        for event in result.all_events:
            if event.is_step_failure and event.step_failure_data.error:
                sys.stderr.write(event.step_failure_data.error.to_string())
        return 0 if result.success else 1

    def _forked(self, work: Any, moment: Moment | None) -> Ended:
        started = time.perf_counter()
        self._told.unlink(missing_ok=True)
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            self._in_child(work, moment)
        _, status = os.waitpid(child, 0)
        commits, files = json.loads(self._told.read_text()) if self._told.exists() else (0, 0)
        return Ended(os.waitstatus_to_exitcode(status), Course(commits, files, time.perf_counter() - started))

    def _in_child(self, work: Any, moment: Moment | None) -> None:
        """In a fork, which ends here whatever happens."""
        with (self.folder / "log").open("ab") as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        code = FAILED
        try:
            counted = Counted(moment)
            code = int(work() or 0)
            self._told.write_text(json.dumps((counted.commits, counted.files)))
        finally:
            if code == FAILED:
                traceback.print_exc()
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)


@contextmanager
def account(folder: Path) -> Iterator[Account]:
    """A pretend Scaleway and a mail server, each a process of its own, and nothing read yet."""
    from benchmarks.daily_runs import _sign_in, _simulator

    for name in [name for name in os.environ if name.startswith(("FINOPS_", "SCW_"))]:
        del os.environ[name]
    _import_everything()
    [port] = free_ports(1)
    with ExitStack() as stack:
        url, told = stack.enter_context(_simulator(SCENARIO))
        _sign_in(url, told)
        command = [sys.executable, "-m", "aiosmtpd", "-n", "-c", "aiosmtpd.handlers.Sink", "-l", f"127.0.0.1:{port}"]
        mail = stack.enter_context(subprocess.Popen(command, stderr=subprocess.DEVNULL))  # noqa: S603
        stack.callback(mail.kill)
        yield Account(folder, url, port)


def versions_of(lake: Path) -> dict[str, int]:
    """The newest version of each table there is."""
    logs: Sequence[Path] = sorted(lake.glob("*/*/_delta_log"))
    return {
        f"{log.parent.parent.name}.{log.parent.name}": max(int(each.stem) for each in log.glob("*[0-9].json"))
        for log in logs
        if any(log.glob("*[0-9].json"))
    }


def _definitions(lake: Path) -> Any:
    from assets.definitions import build_definitions
    from assets.partitions import billing_months

    return build_definitions(billing_months(NEW), _moment(NEW), str(lake))


def _moment(day: date) -> str:
    return datetime(day.year, day.month, day.day, 6, tzinfo=UTC).isoformat()


def _run_build(lake: Path, day: date, only: Sequence[str] = ()) -> int:
    from assets.runs import run_build

    months = ["2026-05", *MONTHS] if day == OLD else MONTHS
    outcome = run_build(months, Path(os.environ["FINOPS_STATE"]), now=_moment(day), lake=str(lake), only=only)
    return 1 if outcome.failures else 0


def _keep_inventory(lake: Path, day: date) -> None:
    from assets.bronze import reading
    from assets.opening import open_lake_of, open_scaleway
    from pipelines.settings import load_settings

    settings = load_settings({"lake": str(lake)})
    opened = open_scaleway(settings, lambda: datetime.fromisoformat(_moment(day)))
    for read in (reading.read_projects, reading.read_products, reading.read_resources):
        read(open_lake_of(settings), opened)


def _import_everything() -> None:
    """So that a fork starts at once; nothing here starts a thread."""
    import logging

    import structlog

    for name in ("assets.runs", "assets.reports", "assets.report_weekly", "assets.report_mails", "assets.tables"):
        import_module(name)
    for name in ("assets.bronze.reading", "pipelines.reporting.monthly", "pipelines.lake.store"):
        import_module(name)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))


def _linked(source: Path, target: Path) -> None:
    shutil.copytree(source, target, copy_function=_link_or_copy)


def _link_or_copy(source: str, target: str) -> None:
    """Files of tables are written once and never again; others, such as reports, may be written over."""
    if source.endswith(".parquet") or "_delta_log" in source:
        os.link(source, target)
    else:
        shutil.copy2(source, target)
