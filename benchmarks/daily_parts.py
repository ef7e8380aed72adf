"""The programs that `benchmarks.daily_runs` starts, each in a process of its own."""

import json
import logging
import sys
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import structlog

from benchmarks.daily_runs import moment_of


def main(arguments: Sequence[str]) -> None:
    """Do one part on one lake; the last line on stdout is what it took to import, and the calls it made."""
    part, place, complete, day = arguments
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    calls, imports = {"run": _run, "inventory": _inventory}[part](Path(place), int(complete), date.fromisoformat(day))
    sys.stdout.write(f"\n{json.dumps({'imports': imports, 'calls': calls})}\n")


def _run(place: Path, complete: int, day: date) -> tuple[int, float]:
    """As `finops run` does on that day."""
    from assets.due import due_months
    from assets.opening import open_lake_of
    from assets.runs import run_build
    from assets.tables import open_catalog
    from pipelines.billing.periods import history
    from pipelines.settings import load_settings
    from pipelines.sources.asking import PatientCaller

    calls = 0
    get = PatientCaller.get

    def counted(*arguments: object) -> object:
        nonlocal calls
        calls += 1
        return get(*arguments)  # type: ignore[arg-type]

    PatientCaller.get = counted  # type: ignore[method-assign,assignment]
    imports = time.process_time()
    moment, lake = moment_of(day).isoformat(), str(place / "lake")
    settings = load_settings({"lake": lake})
    months = due_months(open_catalog(open_lake_of(settings)), history(day, complete).months, day, settings)
    outcome = run_build(months, place / "state", now=moment, lake=lake)
    for failure in outcome.failures:
        raise failure
    for line in outcome.missing:
        sys.stderr.write(f"missing: {line}\n")
    return calls, imports


def _inventory(place: Path, complete: int, day: date) -> tuple[int, float]:
    """Keep prices and inventory, as a run of that day did."""
    from assets.bronze import reading
    from assets.opening import open_lake_of, open_scaleway
    from pipelines.settings import load_settings

    settings = load_settings({"lake": str(place / "lake")})
    account = open_scaleway(settings, lambda: moment_of(day))
    for read in (reading.read_projects, reading.read_products, reading.read_resources):
        read(open_lake_of(settings), account)
    return account.counters.calls, time.process_time()


if __name__ == "__main__":
    main(sys.argv[1:])
