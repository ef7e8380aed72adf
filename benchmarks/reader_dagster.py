"""Dagster's pages as an operator sees them: lineage, an asset, and a check that failed on a lake that was spoiled."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from deltalake import DeltaTable

from benchmarks.reader_pages import Look
from pipelines.errors import LakeUnavailable

_START_SECONDS: Final = 120
_END_SECONDS: Final = 20
_SETTLE_MS: Final = 9000
_SPOILED: Final = "reconciliation"
_CHECK: Final = "bill_reconciles"


@contextmanager
def dagster_pages(variables: Mapping[str, str], state: Path, lake: Path) -> Iterator[list[Look]]:
    """`finops ui` on a free port of this machine while the block lasts; `state` and `lake` are written to."""
    _spoil(lake, state)
    port = _free_port()
    command = [sys.executable, "-m", "finops.cli", "ui", "--port", str(port)]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, env=dict(variables), stdout=quiet, stderr=quiet)  # noqa: S603 - ours
    try:
        _wait(port, process)
        yield [
            _look("lineage", port, "/asset-groups"),
            _look("asset-lineage", port, "/assets/gold/monthly_summary?view=lineage&lineageScope=neighbors"),
            _look("asset", port, "/assets/gold/monthly_summary?view=overview"),
            _look("failed-check", port, f"/assets/gold/{_SPOILED}?view=checks&checkDetail={_CHECK}"),
        ]
    finally:
        process.terminate()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()


def _look(name: str, port: int, path: str) -> Look:
    return Look(f"dagster-{name}", f"http://127.0.0.1:{port}{path}", 1440, 900, is_ours=False, settle_ms=_SETTLE_MS)


def _spoil(lake: Path, state: Path) -> None:
    """One line of the bill that nothing explains; the check judges it, and the history keeps what it said."""
    import dagster as dg

    from assets.checks import table_checks
    from assets.lens import Lens
    from assets.state import prepare_state
    from assets.tables import open_catalog
    from pipelines.lake.address import parse_address
    from pipelines.lake.sql_models import load_checks
    from pipelines.lake.store import Lake

    table = DeltaTable(str(lake / "gold" / _SPOILED))
    month = max(table.to_pyarrow_table(columns=["billing_month"]).column(0).to_pylist())
    table.update(updates={"is_alarm": "true", "residual": "12.34"}, predicate=f"billing_month = '{month}'")
    prepare_state(state)
    key = dg.AssetKey(["gold", _SPOILED])
    catalog = open_catalog(Lake(parse_address(str(lake))))
    [check] = [
        each for each in table_checks(catalog.models.by_name[f"gold.{_SPOILED}"], load_checks()) if each.name == _CHECK
    ]
    with dg.DagsterInstance.from_config(str(state)) as instance, Lens(catalog) as lens:
        result = check.evaluate(lens, key, dg.DagsterInstance.ephemeral())  # with no verdict to repeat
        if result.passed:
            raise LakeUnavailable(f"{_CHECK} passed on {lake}, which was spoiled; is gold.{_SPOILED} empty?")
        instance.report_runless_asset_event(
            dg.AssetCheckEvaluation(
                asset_key=key, check_name=_CHECK, passed=False, metadata=result.metadata,
                severity=result.severity, description=result.description,
            )
        )  # fmt: skip


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/server_info", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise LakeUnavailable(f"`finops ui` did not answer on port {port} within {_START_SECONDS} s")
