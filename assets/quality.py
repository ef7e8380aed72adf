"""Judges every table as it is now: one row per grain, the queries of sql/checks, the expectations at the gates."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any

from assets.checks import TableCheck, table_checks
from assets.gates import GATES, Gate
from assets.lens import Lens
from assets.reports import organization_name
from pipelines.errors import UsageError
from pipelines.lake.engine import Catalog
from pipelines.lake.sql_models import SqlModel, load_checks
from pipelines.reporting.quality import QualityInput, SetAside, SourceAge, Verdict, render_quality

FILE_NAME = "finops-quality.html"
_EXAMPLES = 3
_LONGEST = 240


def write_quality_page(catalog: Catalog, folder: Path, now: datetime) -> Path:
    """One HTML file about the whole lake; an existing one is replaced."""
    with Lens(catalog) as lens:
        page = render_quality(
            QualityInput(
                organization_name(catalog),
                now,
                version("scaleway-finops"),
                tuple(verdicts(lens)),
                tuple(source_ages(lens)),
                tuple(set_aside(lens)),
            )
        )
    file = folder / FILE_NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be written ({error.strerror}); name another folder with --out") from None
    return file


def verdicts(lens: Lens) -> Iterator[Verdict]:
    """Every check of every table that exists."""
    checks = load_checks()
    for model in lens.catalog.models:
        if model.is_stored and _exists(lens, model.table):
            yield from (_of_query(lens, model, check) for check in table_checks(model, checks))
    for gate in GATES:
        if _exists(lens, gate.table):
            yield from _of_gate(lens, gate)


def source_ages(lens: Lens) -> Iterator[SourceAge]:
    """What each source said last."""
    for row in lens.query("select * from gold.data_freshness order by source").to_pylist():
        yield SourceAge(
            row["source"], row["last_answer_at"], row["data_until"], row.get("gaps") or 0, row.get("note") or ""
        )


def set_aside(lens: Lens) -> Iterator[SetAside]:
    """Accepted and quarantined lines of each imported file."""
    for kind, (lines, quarantine) in _IMPORTS.items():
        rows = lens.query(_SET_ASIDE.format(lines=lines, quarantine=quarantine)).to_pylist()
        for row in rows:
            yield SetAside(f"{row['file']} ({kind})", row["accepted"], row["quarantined"], row["reason"] or "")


_IMPORTS = {
    "FOCUS": ("bronze.focus_lines", "bronze.focus_quarantine"),
    "numbers": ("bronze.business_numbers", "bronze.business_quarantine"),
}
_SET_ASIDE = """
    select
        source_file as file,
        cast(sum(accepted) as bigint) as accepted,
        cast(sum(quarantined) as bigint) as quarantined,
        min(reason) as reason
    from (
        select source_file, 1 as accepted, 0 as quarantined, null as reason from {lines}
        union all
        select source_file, 0, 1, reason from {quarantine}
    )
    group by source_file
    order by source_file
"""


def _exists(lens: Lens, table: str) -> bool:
    return lens.catalog.state(table).delta is not None


def _of_query(lens: Lens, model: SqlModel, check: TableCheck) -> Verdict:
    found = lens.query(check.sql)
    kind = "grain" if check.name == "one_row_per_grain" else f"sql/checks/{check.name}.sql"
    examples = tuple(_spelled(row) for row in found.slice(0, _EXAMPLES).to_pylist())
    return Verdict(model.table, check.name, check.description, kind, check.is_blocking, found.num_rows, examples)


def _of_gate(lens: Lens, gate: Gate) -> Iterator[Verdict]:
    failed: Sequence[dict[str, Any]] = gate.judge(lens.query(gate.sql))
    examples = tuple(_spelled(each) for each in failed[:_EXAMPLES])
    kind = f"{len(gate.expectations)} expectations"
    yield Verdict(gate.table, gate.name, gate.description, kind, True, len(failed), examples)


def _spelled(row: dict[str, Any]) -> str:
    return ", ".join(f"{name} {_plain(value)}" for name, value in row.items() if value is not None)[:_LONGEST]


def _plain(value: object) -> object:
    """A decimal without the zeros at its end."""
    return f"{value.normalize():f}" if isinstance(value, Decimal) else value
