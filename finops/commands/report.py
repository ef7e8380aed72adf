"""`finops report monthly|weekly|quality`: the files people read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from finops.commands.lake import Lake
from finops.streams import write_hint, write_line
from pipelines.errors import UsageError


def monthly(
    period: Annotated[str | None, typer.Option("--period", help="YYYY-MM; else the last complete month.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder; else report.out of the settings.")] = None,
    locale: Annotated[str | None, typer.Option("--locale", help="Such as en or fr_FR; else the settings'.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Name the file, and write nothing.")] = False,
    lake: Lake = None,
) -> None:
    """Write the review of a month as one HTML file: what was spent, why it changed, whether the bill agrees."""
    from datetime import UTC, datetime

    from assets.reports import write_monthly_report
    from finops import catalog_of
    from pipelines.billing.periods import month_start
    from pipelines.settings import load_settings

    settings = load_settings()
    catalog = catalog_of(lake)
    month = f"{month_start(period):%Y-%m}" if period else last_complete_month(catalog)
    folder = (out or settings.report.out).absolute()
    if dry_run:
        write_line(f"Would write {folder / f'finops-{month}.html'}; nothing was.")
        return
    file = write_monthly_report(catalog, month, folder, datetime.now(UTC), locale or settings.locale)
    if period is None:
        write_hint(f"The last complete month is {month}; --period names another.")
    write_line(str(file))


def weekly(
    period: Annotated[str | None, typer.Option("--period", help="YYYY-Www; else the last complete week.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder; else report.out of the settings.")] = None,
    locale: Annotated[str | None, typer.Option("--locale", help="Such as en or fr_FR; else the settings'.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Name the file, and write nothing.")] = False,
    lake: Lake = None,
) -> None:
    """Write the review of a week as one HTML file: anomalies, what moved, who spends most, where the month ends."""
    from datetime import UTC, datetime

    from assets.report_weekly import charges_until, chosen_week, file_name, write_weekly_report
    from finops import catalog_of
    from pipelines.reporting.weeks import parse_week
    from pipelines.settings import load_settings

    settings = load_settings()
    named = parse_week(period) if period else None
    catalog = catalog_of(lake)
    week = chosen_week(named, charges_until(catalog))
    folder = (out or settings.report.out).absolute()
    if dry_run:
        write_line(f"Would write {folder / file_name(week)}; nothing was.")
        return
    file = write_weekly_report(catalog, week, folder, datetime.now(UTC), locale or settings.locale)
    if period is None:
        write_hint(f"The last complete week is {week}; --period names another.")
    write_line(str(file))


def quality(
    out: Annotated[Path | None, typer.Option("--out", help="Folder; else report.out of the settings.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Name the file, and write nothing.")] = False,
    lake: Lake = None,
) -> None:
    """Check every table as it is now and write what was found, and how fresh each source is, as one HTML file."""
    from datetime import UTC, datetime

    from assets.quality import FILE_NAME, write_quality_page
    from finops import catalog_of
    from pipelines.settings import load_settings

    folder = (out or load_settings().report.out).absolute()
    if dry_run:
        write_line(f"Would write {folder / FILE_NAME}; nothing was.")
        return
    write_line(str(write_quality_page(catalog_of(lake), folder, datetime.now(UTC))))


def last_complete_month(catalog: Any) -> str:
    """Newest month of the lake that is over; when none is, the newest."""
    rows = catalog.query(
        "select billing_month from gold.monthly_summary order by is_complete desc, billing_month desc limit 1"
    ).to_pylist()
    if not rows:
        raise UsageError("the lake holds no month yet; run `finops demo`, or `finops run` on your account")
    return str(rows[0]["billing_month"])


COMMANDS: tuple[tuple[str, Callable[..., Any]], ...] = (
    ("report monthly", monthly),
    ("report weekly", weekly),
    ("report quality", quality),
)
