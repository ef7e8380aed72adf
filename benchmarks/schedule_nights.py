"""How many nights of a simulated organisation are classified as they truly were.

`python -m benchmarks.schedule_nights --seeds 3` plants misses, standby, failed starts, late charges, gaps of metrics
and excuses in the nights of machines that are switched on and off through the API, reads the pretend Scaleway over
HTTP, builds the tables, judges the nights and compares them with the plan. It prints a table by what was planted and
ends with 1 when a night is wrong.
"""

import argparse
import socket
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import requests
import uvicorn

from assets.bronze import reading, telemetry
from assets.bronze.reading_audit import read_audit_events
from assets.schedule_nights import update_schedule_nights
from assets.schedule_nights_tables import SCHEDULE_NIGHTS
from assets.settings_tables import all_rows, store
from assets.tables import TABLES
from benchmarks.fault_readers import Organisation
from benchmarks.schedule_injector import FREEZE, TAG_DAYS, Course, TrueNight, happening, planted
from pipelines.forecast.days import Holidays
from pipelines.lake.address import parse_address
from pipelines.lake.build import build
from pipelines.lake.engine import Catalog
from pipelines.lake.sql_models import Layered, load_models
from pipelines.lake.store import Lake
from pipelines.settings import load_settings
from pipelines.settings_schedules import Pause, ScheduleSetting
from simulator.instants import day_start, seconds
from simulator.loading import load
from simulator.server import create_app
from simulator.world import Clock, World

SCENARIO = Path(__file__).with_name("schedule_scenario.toml")
DAYS = 42
WRONG = 1
_TOLD = ("night_class", "reason", "missed_cost", "was_standby")
_EXACT = Decimal("0.000001")
_PAUSE = Pause(starts_on=date.fromisoformat(FREEZE[0]), ends_on=date.fromisoformat(FREEZE[1]), reason="deploy freeze")
SCHEDULES = (
    ScheduleSetting(
        name="office-hours", tags=("schedule=office-hours",), on_from="08:00", on_until="19:00", pauses=(_PAUSE,)
    ),
    ScheduleSetting(
        name="closing",
        tags=("schedule=closing",),
        on_from="08:00",
        on_until="19:00",
        month_end_days=1,
        pauses=(_PAUSE,),
    ),
)


@dataclass(frozen=True)
class Compared:
    """One true night beside what was said of it; None where nothing was."""

    truth: TrueNight | None
    said: Mapping[str, Any] | None
    true_cost: Decimal | None

    @property
    def is_right(self) -> bool:
        """The class, the standby and the euros of a miss are those of the plan."""
        if self.truth is None or self.said is None or self.said["night_class"] != self.truth.night_class:
            return False
        if self.said["was_standby"] != (
            self.truth.fault == "powered off from within" and self.said["missed_cost"] is not None
        ):
            return False
        cost: Decimal | None = self.said["missed_cost"]
        expected = self.true_cost if self.truth.night_class == "missed" else None
        return cost == expected if cost is None or expected is None else abs(cost - expected) <= _EXACT


def main(arguments: Sequence[str] | None = None) -> int:
    """Print how many nights are right, by what was planted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3, help="organisations to try")
    told = parser.parse_args(arguments)
    found: list[Compared] = []
    for seed in range(1, told.seeds + 1):
        with tempfile.TemporaryDirectory() as folder:
            found += nights_of(seed, Path(folder))
    sys.stdout.write("\n".join(table(found)) + "\n")
    return 0 if all(each.is_right for each in found) else WRONG


def nights_of(seed: int, folder: Path) -> list[Compared]:
    """Plant, read, judge and compare one organisation."""
    world, plans = planted(load(str(SCENARIO)), seed, DAYS)
    with happening(plans), _serving(world) as organisation:
        catalog = _read(organisation, folder)
    update_schedule_nights(catalog, SCHEDULES, Holidays.none, organisation.now.date())
    said = {
        (row["resource_id"], int(row["starts_at"].timestamp())): row
        for row in catalog.query(f"select * from {SCHEDULE_NIGHTS.name}").to_pylist()
    }
    return list(compared(world, plans, said))


def compared(
    world: World, plans: Mapping[str, Course], said: Mapping[tuple[str, int], Mapping[str, Any]]
) -> Iterator[Compared]:
    """Every night that was planted or said, that ended within the days whose bill is known."""
    until = day_start(seconds(world.scenario.today))
    since = until - DAYS * 86_400
    seen = set()
    for plan in plans.values():
        for night in plan.nights:
            if since < night.ends_at <= until:
                seen.add((night.machine, night.starts_at))
                yield Compared(night, said.get((night.machine, night.starts_at)), _cost(world, night))
    yield from (Compared(None, row, None) for key, row in said.items() if key not in seen)


def table(found: Sequence[Compared]) -> Iterator[str]:
    """Nights by what was planted: how many, and how many are right."""
    counted = Counter(
        (each.truth.fault or "as planned", each.truth.night_class) if each.truth else ("not planted", "-")
        for each in found
    )
    right = Counter(
        (each.truth.fault or "as planned", each.truth.night_class) for each in found if each.truth and each.is_right
    )
    yield f"{'planted':28}{'truth':10}{'nights':>8}{'right':>8}"
    for key in sorted(counted):
        yield f"{key[0]:28}{key[1]:10}{counted[key]:8}{right[key]:8}"
    yield f"{'all':38}{len(found):8}{sum(right.values()):8}"
    for each in [one for one in found if not one.is_right][:10]:
        said = {name: each.said[name] for name in _TOLD} if each.said else "nothing"
        yield f"wrong: {each.truth} said {said} true cost {each.true_cost}"


def _cost(world: World, night: TrueNight) -> Decimal:
    """What the window costs in the end, whether its charges are published yet or not."""
    nanos = 0
    for charge in world.overlapping(night.starts_at, night.ends_at):
        if charge.line.resource.id == night.machine:
            first, last = max(charge.start, night.starts_at), min(charge.end, night.ends_at)
            nanos += charge.nanos(first, last, night.ends_at)
    return Decimal(nanos) / 10**9


def _read(organisation: Organisation, folder: Path) -> Catalog:
    """What the daily run reads and builds of it, as far as nights need it."""
    organisation.sign_in(organisation.url, folder / "state")
    settings = load_settings({"cockpit.history_days": DAYS + 6})
    lake, scaleway = Lake(parse_address(str(folder / "lake"))), organisation.account(organisation.url)
    reading.read_charges(lake, scaleway, organisation.months, organisation.now.date())
    for snapshot in (reading.read_products, reading.read_projects, reading.read_resources):
        snapshot(lake, scaleway)
    _read_tags(organisation, lake)
    read_audit_events(lake, scaleway)
    telemetry.read_usage(lake, scaleway, settings, organisation.now, organisation.manners)
    store(lake, all_rows(settings))
    models = load_models()
    catalog = Catalog(lake, models, {**TABLES, SCHEDULE_NIGHTS.name: SCHEDULE_NIGHTS.table})
    wanted = _needed(models, SCHEDULE_NIGHTS.reads)
    for model in models:
        if f"{model.layer}.{model.name}" in wanted and model.is_stored:
            build(catalog, model, organisation.months)
    return catalog


def _read_tags(organisation: Organisation, lake: Lake) -> None:
    """The inventory as runs of the days on which tags changed saw it: no call tells what a tag was before."""
    clock = f"{organisation.url}/simulator/clock"
    for day in sorted(TAG_DAYS):
        earlier = replace(organisation, told={**organisation.told, "today": day})
        requests.put(clock, json={"now": f"{day}T06:00:00Z"}, timeout=60).raise_for_status()
        reading.read_resources(lake, earlier.account(organisation.url))
    requests.put(clock, json={"now": organisation.told["today"]}, timeout=60).raise_for_status()


def _needed(models: Layered, tables: Sequence[str]) -> set[str]:
    """The tables and all they are made from."""
    found: set[str] = set()
    for table in tables:
        if table not in found and table in models.by_name:
            found |= {table} | _needed(models, sorted(models.by_name[table].reads))
    return found


@contextmanager
def _serving(world: World) -> Iterator[Organisation]:
    """The pretend Scaleway in a thread of this process, so that what was planted holds in it."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(create_app(world, Clock(world.scenario.today)), log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        yield Organisation(url, requests.get(f"{url}/simulator/clock", timeout=60).json()).patient()
    finally:
        server.should_exit = True
        thread.join(10)


if __name__ == "__main__":
    sys.exit(main())
