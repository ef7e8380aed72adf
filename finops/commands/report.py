"""`finops report monthly|weekly|quality`: the files people read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from finops.commands.lake import Lake
from finops.commands.report_mail import Review, deliver_review
from finops.streams import write_hint, write_line
from pipelines.errors import UsageError

Send = Annotated[bool, typer.Option("--send", help="Send the e-mail to mail.monthly_to or mail.weekly_to, once each.")]


def monthly(
    period: Annotated[str | None, typer.Option("--period", help="YYYY-MM; else the last complete month.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder; else report.out of the settings.")] = None,
    locale: Annotated[str | None, typer.Option("--locale", help="Such as en or fr_FR; else the settings'.")] = None,
    send: Send = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Name the files, and write and send nothing.")] = False,
    lake: Lake = None,
) -> None:
    """Write the review of a month as one HTML file, and its e-mail: what was spent, why it changed, what to do."""
    from datetime import UTC, datetime

    from assets.report_mails import monthly_mail
    from assets.reports import monthly_inputs, write_monthly_page
    from finops import catalog_of
    from pipelines.billing.periods import month_start
    from pipelines.settings import load_settings

    settings = load_settings()
    catalog = catalog_of(lake)
    month = f"{month_start(period):%Y-%m}" if period else last_complete_month(catalog)
    folder = (out or settings.report.out).absolute()
    if dry_run:
        write_line(_would(folder / f"finops-{month}.html", settings.mail.monthly_to if send else None))
        return
    now, shown = datetime.now(UTC), locale or settings.locale
    inputs = monthly_inputs(catalog, month, now)
    page = write_monthly_page(inputs, month, folder, shown)
    if period is None:
        write_hint(f"The last complete month is {month}; --period names another.")
    review = Review(page, monthly_mail(inputs, settings, shown), settings.mail.monthly_to, [month])
    deliver_review(catalog, settings, review, now, send=send)


def weekly(
    period: Annotated[str | None, typer.Option("--period", help="YYYY-Www; else the last complete week.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder; else report.out of the settings.")] = None,
    locale: Annotated[str | None, typer.Option("--locale", help="Such as en or fr_FR; else the settings'.")] = None,
    send: Send = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Name the files, and write and send nothing.")] = False,
    lake: Lake = None,
) -> None:
    """Write the review of a week as one HTML file, and its e-mail: anomalies, movers, where the month ends."""
    from datetime import UTC, datetime

    from assets.report_mails import weekly_mail
    from assets.report_weekly import charges_until, chosen_week, file_name, weekly_inputs, write_weekly_page
    from finops import catalog_of
    from pipelines.reporting.weeks import parse_week
    from pipelines.settings import load_settings

    settings = load_settings()
    named = parse_week(period) if period else None
    catalog = catalog_of(lake)
    week = chosen_week(named, charges_until(catalog))
    folder = (out or settings.report.out).absolute()
    if dry_run:
        write_line(_would(folder / file_name(week), settings.mail.weekly_to if send else None))
        return
    now, shown = datetime.now(UTC), locale or settings.locale
    inputs = weekly_inputs(catalog, week, now)
    page = write_weekly_page(inputs, week, folder, shown)
    if period is None:
        write_hint(f"The last complete week is {week}; --period names another.")
    review = Review(page, weekly_mail(inputs, settings, shown), settings.mail.weekly_to, week.months)
    deliver_review(catalog, settings, review, now, send=send)


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


def _would(page: Path, recipients: Sequence[str] | None) -> str:
    told = f"Would write {page} and {page.with_suffix('.eml').name}"
    if recipients is None:
        return f"{told}; nothing was."
    return f"{told}, and send to {', '.join(recipients) or 'nobody'}; nothing was."


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
