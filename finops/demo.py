"""The main job against a pretend Scaleway: no account, no network, no key.

The demo behaves like an organisation that has run the product since its first month: the simulator's clock is
moved from month to month, and the price list and inventory of each are kept, with what the organisation counts itself;
then one run reads the bill. A `finops.toml` that lies beside the scenario is the organisation's, and holds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from finops.streams import step, write_hint, write_line
from pipelines.errors import SourceUnavailable, UsageError

if TYPE_CHECKING:
    from pipelines.lake.engine import Catalog
    from pipelines.settings import Settings

SNAPSHOT_HOUR = 6
_THE_PERSONS_OWN = frozenset({"lake", "lake_s3", "state", "locale", "time_zone", "report"})
"""Settings that are the person's, not the organisation's."""
_ANSWER_SECONDS = 120
_SOURCE = "import"
"""Whose numbers they are: as `finops import metrics` says it."""


@dataclass(frozen=True)
class PretendScaleway:
    """A running simulator, and the scenario it serves."""

    url: str
    scenario: Mapping[str, Any]

    @property
    def today(self) -> datetime:
        """The scenario's present."""
        return datetime.fromisoformat(self.scenario["today"])

    @property
    def start(self) -> date:
        """First day with costs."""
        return date.fromisoformat(self.scenario["start"])

    def sign_in(self) -> None:
        """Make this process' settings lead here, and to no real account."""
        organization = self.scenario["organization_id"]
        os.environ.update(
            SCW_ACCESS_KEY=self.scenario["access_key"],
            SCW_SECRET_KEY=self.scenario["secret_key"],
            SCW_DEFAULT_ORGANIZATION_ID=organization,
            SCW_API_URL=self.url,
            FINOPS_SCALEWAY_REQUESTS_PER_SECOND="0",
            FINOPS_COCKPIT_REQUESTS_PER_SECOND="0",
            FINOPS_COCKPIT_TOKENS=",".join(
                f"{place}={token}" for place, token in self.scenario.get("cockpit_tokens", {}).items()
            ),
            FINOPS_OPENCOST_CLUSTERS=json.dumps(
                {cluster: self.url + path for cluster, path in self.scenario.get("opencost", {}).items()}
            ),
            FINOPS_STORAGE_REQUESTS_PER_SECOND="0",
            FINOPS_STORAGE_ENDPOINT_URL=self.url + self.scenario.get("s3_endpoint", ""),
        )
        # nobody is to be told of what never happened
        for elsewhere in ("FINOPS_COCKPIT_TOKEN", "FINOPS_OPENCOST_TOKEN", "FINOPS_ALERT_URLS"):
            os.environ.pop(elsewhere, None)
        os.environ.pop("FINOPS_SCALEWAY_ORGANIZATION_ID", None)

    def take_settings(self, settings: Settings) -> None:
        """The organisation's finops.toml holds from now on; where things lie and how they look stays as it is here."""
        from pipelines.settings import all_keys
        from pipelines.settings_sources import variable_name

        if not self.scenario.get("settings_file"):
            return
        for key in all_keys():
            value = _at(settings, key)
            if key.partition(".")[0] in _THE_PERSONS_OWN and value is not None:
                os.environ[variable_name(key)] = str(value).lower() if isinstance(value, bool) else str(value)
        os.environ["FINOPS_CONFIG"] = self.scenario["settings_file"]

    def exports(self, folder: Path) -> list[tuple[str, Path]]:
        """What the organisation counts itself, as a file of each kind that has lines."""
        import requests

        found = []
        for kind, path in self.scenario.get("exports", {}).items():
            answer = requests.get(self.url + path, timeout=_ANSWER_SECONDS)
            answer.raise_for_status()
            if answer.content:
                file = folder / f"{kind}.csv"
                file.write_bytes(answer.content)
                found.append((kind, file))
        return found

    def set_clock(self, now: datetime) -> None:
        """Move the simulator to this moment."""
        import requests

        moment = now.astimezone(UTC).isoformat().replace("+00:00", "Z")
        requests.put(f"{self.url}/simulator/clock", json={"now": moment}, timeout=_ANSWER_SECONDS).raise_for_status()


def run_demo(scenario: str, months: int, lake: str | None, out: Path, dry_run: bool) -> None:
    """Simulate, read, build, check, report; ends with where to look."""
    from pipelines.settings import load_settings

    settings = load_settings({"lake": lake})
    if dry_run:
        write_line(f"Would simulate {scenario!r} and write to {settings.lake} and {out.absolute()}; nothing was done.")
        return
    with _simulator(scenario) as scaleway:
        scaleway.sign_in()
        scaleway.take_settings(settings)
        catalog = _own_lake(settings.lake, scaleway)
        wanted = _months(scaleway, months)
        with step(f"Keep prices and inventory of {len(wanted)} months"):
            _replay(catalog, scaleway, wanted)
        is_new = _bring_in(catalog, scaleway)
        with step(f"Read the bill, build and check {wanted[0]} to {wanted[-1]}"):
            from assets.runs import run_build

            moment = scaleway.today.isoformat()
            outcome = run_build(wanted, settings.state, now=moment, lake=settings.lake, trigger="demo")
            outcome.raise_if_failed()
        with step("Write the report"):
            report = _report(settings.lake, scaleway.today, out.absolute(), settings.locale)
    write_hint("" if is_new or outcome.tables_written else "Nothing was new; no table changed.")
    _tell(settings.lake, report)


@contextmanager
def _simulator(scenario: str) -> Iterator[PretendScaleway]:
    """The simulator as a process of its own, ended with this one."""
    command = [sys.executable, "-m", "simulator", "serve", "--scenario", scenario, "--port", "0", "--exit-with-stdin"]
    with step(f"Simulate the organisation {scenario!r}"):
        process = subprocess.Popen(  # noqa: S603 (our own module, arguments as a list)
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        if not line:
            _, complaint = process.communicate()
            reason = complaint.strip().splitlines()[-1] if complaint.strip() else "it ended without a word"
            raise UsageError(reason.removeprefix("simulator: "))
        scaleway = _described(line.split()[-1])
    try:
        yield scaleway
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _described(url: str) -> PretendScaleway:
    import requests

    response = requests.get(f"{url}/simulator/clock", timeout=_ANSWER_SECONDS)
    if response.status_code != requests.codes.ok:
        raise SourceUnavailable(f"{url}: the simulator answered HTTP {response.status_code}; run the demo again")
    return PretendScaleway(url, json.loads(response.text))


def _own_lake(lake: str, scaleway: PretendScaleway) -> Catalog:
    """The lake, unless it holds another organisation: a demo must not mix with a real bill."""
    from finops import catalog_of

    catalog = catalog_of(lake)
    if catalog.state("silver.costs").delta is not None:
        found = catalog.query("select distinct organization_id from silver.costs limit 2").to_pylist()
        others = [
            row["organization_id"] for row in found if row["organization_id"] != scaleway.scenario["organization_id"]
        ]
        if others:
            raise UsageError(
                f"{lake} holds the costs of organisation {others[0]}; give the demo its own: --lake FOLDER"
            )
    return catalog


def _months(scaleway: PretendScaleway, complete: int) -> list[str]:
    """The running month and so many complete ones, as far as the scenario reaches back."""
    from pipelines.billing.periods import Period, history

    wanted = history(scaleway.today.date(), complete)
    return Period(max(wanted.since, scaleway.start), wanted.until).months


def _replay(catalog: Catalog, scaleway: PretendScaleway, months: list[str]) -> None:
    """Keep what each month's first morning showed; what is kept already is the same again, and nothing is written."""
    from assets.bronze import reading
    from assets.opening import open_scaleway
    from pipelines.billing.periods import month_start
    from pipelines.settings import load_settings

    for month in months:
        first = max(month_start(month), scaleway.start)
        now = datetime(first.year, first.month, first.day, SNAPSHOT_HOUR, tzinfo=UTC)
        if now >= scaleway.today:
            continue
        scaleway.set_clock(now)
        opened = open_scaleway(load_settings(), partial(_moment, now))
        for read in (reading.read_projects, reading.read_products, reading.read_resources):
            read(catalog.lake, opened)
    scaleway.set_clock(scaleway.today)


def _bring_in(catalog: Catalog, scaleway: PretendScaleway) -> bool:
    """Import what the organisation counts itself; whether any of it was new."""
    from assets.import_metrics import import_metrics
    from pipelines.imports.kinds import kind_named
    from pipelines.imports.read import Request

    with TemporaryDirectory(prefix="finops-demo-") as folder:
        files = scaleway.exports(Path(folder))
        if not files:
            return False
        with step(f"Bring in {', '.join(kind for kind, _ in files)}"):
            imported = [
                found
                for kind, file in files
                for found in import_metrics(catalog.lake, [file], Request(kind_named(kind), _SOURCE), scaleway.today)
            ]
    return any(found.changed for found in imported)


def _at(settings: Settings, key: str) -> object:
    """The value of a dotted key."""
    value: object = settings
    for name in key.split("."):
        value = getattr(value, name)
    return value


def _moment(now: datetime) -> datetime:
    """A clock that stands still."""
    return now


def _report(lake: str, now: datetime, out: Path, locale: str) -> Path:
    from assets.reports import write_monthly_report
    from finops import catalog_of
    from finops.commands.report import last_complete_month

    catalog = catalog_of(lake)
    return write_monthly_report(catalog, last_complete_month(catalog), out, now, locale)


def _tell(lake: str, report: Path) -> None:
    """The month in four lines, then where to look."""
    from finops import catalog_of
    from finops.commands.report import last_complete_month

    catalog = catalog_of(lake)
    month = last_complete_month(catalog)
    rows = catalog.query(
        f"select * from gold.monthly_summary where billing_month = '{month}' order by billing_currency"
    ).to_pylist()
    bills = catalog.query(f"select * from gold.invoice_reconciliation where billing_month = '{month}'").to_pylist()
    for row in rows:
        change = "" if row["delta_cost"] is None else f", {row['delta_cost']:+.2f} against the month before"
        write_line(f"{month}: {row['billed_cost']:.2f} {row['billing_currency']}{change}")
    for bill in bills:
        if bill["consumption_residual"] is not None:
            write_line(
                f"The bill agrees with its invoice to {bill['consumption_residual']:.2f}; "
                f"{bill['alarms']} differences are unexplained"
            )
    write_line(f"Open: {report}")
    write_line(f'Ask:  finops sql "select * from gold.monthly_summary"{_lake_option(lake)}')
    write_line("See:  finops ui   then http://127.0.0.1:3000")
    write_line("Your own account: finops init, then finops doctor, then finops run")


def _lake_option(lake: str) -> str:
    from pipelines.settings import load_settings

    return "" if load_settings().lake == lake else f" --lake {lake}"
