"""`finops export xlsx|csv|openmetrics|markdown`: the review's figures in the formats of other tools."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from finops.commands.lake import Lake
from finops.commands.report import last_complete_month
from finops.streams import write_hint, write_line, write_table

Period = Annotated[str | None, typer.Option("--month", help="YYYY-MM; else the last complete month.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be written, and write nothing.")]


def export_xlsx(
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File; else finops-YYYY-MM.xlsx here.")] = None,
    month: Period = None,
    dry_run: DryRun = False,
    lake: Lake = None,
) -> None:
    """Write a month's review as one workbook: a sheet for each block, headers that stay, numbers as numbers."""
    from datetime import UTC, datetime

    from assets.exports import export_workbook
    from finops import catalog_of

    catalog = catalog_of(lake)
    chosen = _month(catalog, month)
    file = (out or Path(f"finops-{chosen}.xlsx")).absolute()
    if dry_run:
        write_line(f"Would write {file}; nothing was.")
        return
    pages = export_workbook(catalog, chosen, file, datetime.now(UTC))
    write_table([{"sheet": page.name, "table": page.table, "rows": page.rows.num_rows} for page in pages], "table")
    write_hint(f"Written: {file}")


def export_csv(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write.")] = Path("csv"),
    month: Period = None,
    dry_run: DryRun = False,
    lake: Lake = None,
) -> None:
    """Write a month's review as CSV files, one for each block: exact decimals, and no cell that is a formula."""
    from assets.exports import export_csv as write_files
    from finops import catalog_of

    catalog = catalog_of(lake)
    chosen = _month(catalog, month)
    if dry_run:
        write_line(f"Would write the files of {chosen} to {out.absolute()}; nothing was.")
        return
    written = write_files(catalog, chosen, out)
    write_table([{"file": name, "rows": rows} for name, rows in written.items()], "table")
    write_hint(f"Written: {out.absolute()}")


def export_openmetrics(
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File; else it is printed.")] = None,
    dashboard: Annotated[bool, typer.Option("--dashboard", help="The Grafana dashboard of them instead.")] = False,
    lake: Lake = None,
) -> None:
    """Write the newest figures as OpenMetrics text for Prometheus, or the Grafana dashboard that shows them."""
    from finops import catalog_of

    if dashboard:
        from pipelines.exports.grafana import dashboard_json

        text = dashboard_json()
    else:
        from assets.exports import export_metrics

        text = export_metrics(catalog_of(lake))
    _put(text, out)


def export_markdown(
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File; else it is printed.")] = None,
    month: Period = None,
    locale: Annotated[str | None, typer.Option("--locale", help="Such as en or fr_FR; else the settings'.")] = None,
    lake: Lake = None,
) -> None:
    """Write a month's review in short as Markdown, for a chat or an issue tracker."""
    from datetime import UTC, datetime

    from assets.reports import monthly_inputs
    from finops import catalog_of
    from pipelines.reporting.letter_markdown import letter_markdown
    from pipelines.reporting.letter_monthly import monthly_letter
    from pipelines.settings import load_settings

    catalog, settings = catalog_of(lake), load_settings()
    inputs = monthly_inputs(catalog, _month(catalog, month), datetime.now(UTC))
    letter = monthly_letter(inputs, locale or settings.locale)
    _put(letter_markdown(letter, settings.mail.address_of(letter.file_name)), out)


def _month(catalog: Any, month: str | None) -> str:
    from pipelines.billing.periods import month_start

    return f"{month_start(month):%Y-%m}" if month else last_complete_month(catalog)


def _put(text: str, out: Path | None) -> None:
    from pipelines.errors import UsageError

    if out is None:
        write_line(text.removesuffix("\n"))
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{out} cannot be written ({error.strerror}); name another file with --out") from None
    write_hint(f"Written: {out.absolute()}")


COMMANDS: tuple[tuple[str, Callable[..., Any]], ...] = (
    ("export xlsx", export_xlsx),
    ("export csv", export_csv),
    ("export openmetrics", export_openmetrics),
    ("export markdown", export_markdown),
)
