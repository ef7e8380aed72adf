"""The pretend Scaleway, and the three ways of reading it that faults are tried on."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from assets.bronze import reading, storage, telemetry
from benchmarks.fault_kinds import API, STORAGE, TELEMETRY
from finops.demo import PretendScaleway
from pipelines.billing.periods import Period
from pipelines.lake.address import parse_address
from pipelines.lake.store import Lake
from pipelines.settings import Settings, load_settings
from pipelines.sources.asking import Manners
from pipelines.sources.transport import Scaleway

SCENARIO = Path(__file__).with_name("fault_scenario.toml")
PATIENT, IMPATIENT = (5.0, 60.0), (5.0, 0.5)
"""Seconds for connecting and for an answer: to see what is there, and among faults."""

# two days of a history show all that a month of it does, in a fifteenth of the time
_SETTINGS = {
    "FINOPS_COCKPIT_HISTORY_DAYS": "2",
    "FINOPS_COCKPIT_REQUEST_HISTORY_DAYS": "2",
    "FINOPS_COCKPIT_METRIC_NAMES": "3",
    "FINOPS_OPENCOST_HISTORY_DAYS": "2",
}


@dataclass(frozen=True)
class Organisation:
    """Whoever is to be read: the address of the pretend Scaleway, and what it says of itself."""

    url: str
    told: Mapping[str, Any]
    timeout: tuple[float, float] = IMPATIENT
    waits: bool = False

    @property
    def now(self) -> datetime:
        """The clock stands still."""
        return datetime.fromisoformat(self.told["today"]).replace(hour=6, tzinfo=UTC)

    @property
    def months(self) -> list[str]:
        """All of its history."""
        return Period(datetime.fromisoformat(self.told["start"]).date(), self.now.date()).months

    def patient(self) -> "Organisation":
        """The same, answers of which may take long."""
        return replace(self, timeout=PATIENT)

    def waiting(self) -> "Organisation":
        """The same, asked with the pauses between attempts of a real run."""
        return replace(self, waits=True)

    def account(self, url: str) -> Scaleway:
        """The account behind another address, with no waiting between attempts unless it is asked for."""
        manners = self.manners
        return Scaleway(
            self.told["access_key"],
            self.told["secret_key"],
            self.told["organization_id"],
            url,
            manners.requests_per_second,
            manners.timeout,
            clock=manners.clock,
            sleep=manners.sleep,
            backoff=manners.backoff,
        )

    @property
    def manners(self) -> Manners:
        """How everybody is asked."""
        manners = Manners(0, self.timeout, clock=lambda: self.now)
        return manners if self.waits else replace(manners, backoff=(0.0, 0.0), sleep=_not)

    def sign_in(self, url: str, state: Path) -> None:
        """Make this process' settings lead to another address."""
        PretendScaleway(url, self.told).sign_in()
        os.environ.update(_SETTINGS, FINOPS_STATE=str(state))


Missing = Sequence[str]
Read = Callable[[Lake, Scaleway, Organisation, Settings], Missing]


@dataclass(frozen=True)
class Reader:
    """One of those that ask, as `fault_kinds` names it. In an outage each of `services` may say one line."""

    name: str
    read: Read
    services: int = 1

    def run(self, organisation: Organisation, url: str, folder: Path) -> Missing:
        """Read all into a lake; what could not be read is told, or raised."""
        organisation.sign_in(url, folder.with_suffix(".state"))
        lake = Lake(parse_address(str(folder)))
        return self.read(lake, organisation.account(url), organisation, load_settings())


def read_api(lake: Lake, scaleway: Scaleway, organisation: Organisation, _: Settings) -> Missing:
    """Everything the daily run asks of Scaleway's own API, in its order."""
    for monthly in (reading.read_charges, reading.read_consumptions, reading.read_taxes):
        monthly(lake, scaleway, organisation.months, organisation.now.date())
    snapshots = (
        *(reading.read_invoices, reading.read_discounts, reading.read_budgets),
        *(reading.read_products, reading.read_projects, reading.read_resources, reading.read_server_types),
    )
    return [line for snapshot in snapshots for line in snapshot(lake, scaleway).missing]


def read_telemetry(lake: Lake, scaleway: Scaleway, organisation: Organisation, settings: Settings) -> Missing:
    """Cockpit with its metrics, requests and logs, Edge Services and OpenCost."""
    lines: dict[str, None] = {}
    for read in (telemetry.read_usage, telemetry.read_requests, telemetry.read_telemetry, telemetry.read_allocations):
        measured = read(lake, scaleway, settings, organisation.now, organisation.manners)
        lines |= dict.fromkeys(line for each in measured.values() for line in each.missing)
    return list(lines)


def read_storage(lake: Lake, scaleway: Scaleway, organisation: Organisation, settings: Settings) -> Missing:
    """Object Storage."""
    measured = storage.read_storage(lake, scaleway, settings, organisation.now, organisation.manners)
    return list(dict.fromkeys(line for each in measured.values() for line in each.missing))


READERS = (Reader(API, read_api), Reader(TELEMETRY, read_telemetry, services=2), Reader(STORAGE, read_storage))
"""In the order of a run: the second and the third go by the projects that the first has found."""


@contextmanager
def simulated(scenario: str) -> Iterator[Organisation]:
    """A pretend Scaleway as a process of its own."""
    command = [sys.executable, "-m", "simulator", "serve", "--scenario", scenario, "--port", "0", "--exit-with-stdin"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        url = process.stdout.readline().split()[-1]
        yield Organisation(url, requests.get(f"{url}/simulator/clock", timeout=60).json())
    finally:
        process.stdin.close()
        process.wait(10)


def _not(_: float) -> None:
    """Not waited."""
