"""`finops run`, `finops backfill` and `finops demo`: the main job."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finops.commands.anomalies import refuse_open_anomalies
from finops.commands.budgets import refuse_broken_budgets
from finops.commands.days import day_of
from finops.commands.lake import Lake
from finops.streams import step, write_hint, write_json, write_line
from pipelines.errors import UsageError

if TYPE_CHECKING:
    from assets.runs import Outcome
    from pipelines.settings import Settings

Since = Annotated[
    str | None, typer.Option("--since", help="First day, YYYY-MM-DD; its whole month is read. Default: what is due.")
]
Until = Annotated[str | None, typer.Option("--until", help="Day after the last, YYYY-MM-DD; else today.")]
Only = Annotated[
    list[str] | None,
    typer.Option(
        "--only", help="billing, inventory, metrics, telemetry, storage, models or decisions; repeatable; else all."
    ),
]
FailOn = Annotated[
    list[str] | None,
    typer.Option(
        "--fail-on",
        help="`budget`: exit 10 when one is over, or expected to be; `anomalies`: when somebody should act on one; "
        "repeatable.",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be read, and do nothing.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_POLICIES: Mapping[str, Callable[[str], None]] = {
    "budget": refuse_broken_budgets,
    "anomalies": refuse_open_anomalies,
}
"""What `--fail-on` accepts, and what looks at the lake at this address."""


def run(
    since: Since = None,
    until: Until = None,
    only: Only = None,
    fail_on: FailOn = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Read what is new, rebuild what it changes, check it. Months whose invoice is out are not asked for again."""
    _refuse_other_policies(fail_on or [])
    _build(since, until, only or [], again=False, dry_run=dry_run, json=json, fail_on=fail_on or [])


def backfill(since: Since = None, until: Until = None, dry_run: DryRun = False, json: Json = False) -> None:
    """As run, but ask once more for every month in the range, whether its invoice is out or not."""
    if since is None:
        raise UsageError("a backfill needs its first day; write --since YYYY-MM-DD")
    _build(since, until, [], again=True, dry_run=dry_run, json=json)


def demo(
    scenario: Annotated[str, typer.Option("--scenario", help="Scenario file, or the name of one we ship.")] = "demo",
    months: Annotated[int, typer.Option("--months", min=1, max=120, help="Complete months of history.")] = 13,
    out: Annotated[Path, typer.Option("--out", help="Folder of the report.")] = Path("reports"),
    fail_on: FailOn = None,
    dry_run: DryRun = False,
    lake: Lake = None,
) -> None:
    """Do the whole main job against a simulated organisation: no account, no network, no key."""
    from finops.demo import run_demo
    from pipelines.settings import load_settings

    _refuse_other_policies(fail_on or [])
    address = load_settings({"lake": lake}).lake
    run_demo(scenario, months, lake, out, dry_run)
    if not dry_run:
        _keep_policies(fail_on or [], address)


def _build(
    since: str | None,
    until: str | None,
    only: list[str],
    *,
    again: bool,
    dry_run: bool,
    json: bool,
    fail_on: Sequence[str] = (),
) -> None:
    from pipelines.settings import load_settings

    settings = load_settings()
    months = _months(since, until, settings)
    if dry_run:
        write_line(f"Would read {months[0]} to {months[-1]} into {settings.lake}; nothing was done.")
        return
    settings.credentials()
    from assets.runs import run_build

    with step(f"Read and build {months[0]} to {months[-1]}") as reading:
        outcome = run_build(months, settings.state, only=only, again=again)
        reading.failed = bool(outcome.failures)
    tell(outcome, json, fails=partial(_keep_policies, fail_on, settings.lake))


def _refuse_other_policies(names: Sequence[str]) -> None:
    for name in names:
        if name not in _POLICIES:
            raise UsageError(
                f"--fail-on {name!r} is not understood; write --fail-on {' or --fail-on '.join(_POLICIES)}"
            )


def _keep_policies(names: Sequence[str], lake: str) -> None:
    """Raises PolicyThreshold for the first policy that is broken."""
    for name in dict.fromkeys(names):
        _POLICIES[name](lake)


def _months(since: str | None, until: str | None, settings: Settings) -> list[str]:
    """The months of the days somebody named, else those that are due."""
    from datetime import UTC, datetime

    from pipelines.billing.periods import Period, history

    today = datetime.now(UTC).date()
    known = history(today, settings.billing.history_months)
    period = Period(day_of(since, "--since") or known.since, min(day_of(until, "--until") or today, today))
    if not period.months:
        raise UsageError(f"no day lies between {period.since} and {period.until}; widen --since and --until")
    if since or until:
        return period.months
    from assets.due import due_months
    from finops import catalog_of

    return due_months(catalog_of(settings.lake), period.months, today, settings)


def tell(outcome: Outcome, json: bool, fails: Callable[[], None] | None = None) -> None:
    """What the run did on stdout, what is missing as the exit code says it; a run that did not fail may still be made
    to by a policy, before what is missing."""
    if json:
        write_json(
            {
                "tables_written": list(outcome.tables_written),
                "rows_written": outcome.rows_written,
                "months_read": list(outcome.months_read),
                "missing": list(outcome.missing),
                "failures": [str(failure) for failure in outcome.failures],
                "warnings": list(outcome.warnings),
            }
        )
    else:
        written = f"{outcome.rows_written} rows in {len(outcome.tables_written)} tables"
        write_line(f"Written: {written}" if outcome.tables_written else "Nothing was new; no table changed.")
        for line in (*outcome.missing, *map(str, outcome.failures[1:])):
            write_hint(f"missing: {line}")
        for warning in outcome.warnings:
            write_hint(f"look at: {warning}")
    if fails is not None and not outcome.failures:
        fails()
    outcome.raise_if_failed()


COMMANDS: tuple[tuple[str, Callable[..., Any]], ...] = (
    ("run", run),
    ("backfill", backfill),
    ("demo", demo),
)
