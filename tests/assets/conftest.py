"""A small organisation that was read once, and what Dagster remembers of it."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

NOW = "2026-07-10T06:00:00+00:00"
MONTHS = ("2026-05", "2026-06", "2026-07")


@dataclass(frozen=True)
class Place:
    """A lake and the state folder of its runs."""

    lake: Path
    state: Path

    def build(self, months: Sequence[str] = MONTHS, **options: Any) -> Any:
        from assets.runs import run_build

        return run_build(months, self.state, now=NOW, lake=str(self.lake), **options)

    @property
    def catalog(self) -> Any:
        from assets.resources import LakeResource

        return LakeResource(address=str(self.lake)).catalog()

    def rows(self, sql: str) -> list[dict[str, Any]]:
        return self.catalog.query(sql).to_pylist()

    def versions(self, *tables: str) -> dict[str, int]:
        return {table: self.catalog.state(table).version for table in tables}

    def instance(self) -> Any:
        from assets.state import dagster_instance

        return dagster_instance(self.state)

    def told(self, table: str, month: str | None = None) -> Mapping[str, Any]:
        """Metadata of the newest materialisation, of one month or whichever came last."""
        import dagster as dg

        with self.instance() as instance:
            records = instance.fetch_materializations(
                dg.AssetRecordsFilter(dg.AssetKey(table.split(".")), asset_partitions=[month] if month else None),
                limit=1,
            ).records
        assert records, f"{table} {month or ''} was never materialised"
        return {name: value.value for name, value in records[0].asset_materialization.metadata.items()}


@dataclass(frozen=True)
class First:
    """The first run of all, and where."""

    place: Place
    outcome: Any

    def copy(self, folder: Path) -> Place:
        """The same lake elsewhere, with no runs in its history."""
        shutil.copytree(self.place.lake, folder / "lake")
        return Place(folder / "lake", folder / "state")


def sign_in(patch: pytest.MonkeyPatch, url: str) -> None:
    """This process' settings lead to the simulator."""
    with urlopen(f"{url}/simulator/clock") as answer:
        scenario = json.load(answer)
    patch.setenv("SCW_ACCESS_KEY", scenario["access_key"])
    patch.setenv("SCW_SECRET_KEY", scenario["secret_key"])
    patch.setenv("SCW_DEFAULT_ORGANIZATION_ID", scenario["organization_id"])
    patch.setenv("SCW_API_URL", url)
    for product in ("SCALEWAY", "COCKPIT", "STORAGE"):
        patch.setenv(f"FINOPS_{product}_REQUESTS_PER_SECOND", "0")
    tokens = ",".join(f"{place}={token}" for place, token in scenario["cockpit_tokens"].items())
    patch.setenv("FINOPS_COCKPIT_TOKENS", tokens)
    patch.setenv("FINOPS_STORAGE_ENDPOINT_URL", url + scenario["s3_endpoint"])


@pytest.fixture(scope="module")
def scaleway():
    """The small organisation, served for all tests of a module."""
    command = [sys.executable, "-m", "simulator", "serve", "--scenario", "small", "--port", "0", "--exit-with-stdin"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process, pytest.MonkeyPatch.context() as patch:
        url = process.stdout.readline().split()[-1]
        sign_in(patch, url)
        yield url
        process.stdin.close()


@pytest.fixture(scope="module")
def first(scaleway, tmp_path_factory) -> First:
    """Three months, read and built in one run."""
    folder = tmp_path_factory.mktemp("small")
    place = Place(folder / "lake", folder / "state")
    return First(place, place.build())
