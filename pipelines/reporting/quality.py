"""The quality page: what was checked, what was found, how fresh each source is, what was set aside.

One self-contained HTML page of our own; it shows verdicts and judges nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from pipelines.reporting.display import Cell, Column, Line, Table, text
from pipelines.reporting.money import NOTHING
from pipelines.reporting.page import render_page
from pipelines.reporting.sources import is_inventory

_EXAMPLES = 3


@dataclass(frozen=True)
class Verdict:
    """One check of one table. `found` counts what breaks it: rows, or expectations."""

    table: str
    name: str
    promise: str
    kind: str
    is_blocking: bool
    found: int
    examples: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Nothing breaks it."""
        return self.found == 0


@dataclass(frozen=True)
class SourceAge:
    """What a source said last. `data_until` is the first day it does not speak of; `gaps` are places without data."""

    source: str
    last_answer_at: datetime | None
    data_until: date | None
    gaps: int = 0
    note: str = ""


@dataclass(frozen=True)
class SetAside:
    """Lines of an imported file: received is accepted and quarantined."""

    file: str
    accepted: int
    quarantined: int
    reason: str = ""


@dataclass(frozen=True)
class QualityInput:
    """Everything the page shows."""

    organization_name: str
    as_of: datetime
    product_version: str
    verdicts: Sequence[Verdict]
    sources: Sequence[SourceAge]
    imports: Sequence[SetAside]


def render_quality(report: QualityInput) -> str:
    """The page as HTML."""
    broken = [each for each in report.verdicts if not each.holds]
    blocking = [each for each in broken if each.is_blocking]
    return render_page(
        "quality.html",
        title=f"{report.organization_name}: data quality",
        organization_name=report.organization_name,
        as_of=report.as_of,
        product_version=report.product_version,
        sentence=_sentence(report, broken, blocking),
        status=_status(broken, blocking),
        is_good=not broken,
        found=_found_table(broken),
        freshness=_freshness_table(report.sources),
        imports=_imports_table(report.imports),
        checks=_checks_table(report.verdicts),
    )


def _status(broken: Sequence[Verdict], blocking: Sequence[Verdict]) -> str:
    return "Refused" if blocking else "To look at" if broken else "All checks hold"


def _sentence(report: QualityInput, broken: Sequence[Verdict], blocking: Sequence[Verdict]) -> str:
    tables = len({each.table for each in report.verdicts})
    whole = f"{len(report.verdicts)} checks on {tables} tables"
    if not report.verdicts:
        return "There is nothing to check yet: the lake holds no table."
    if not broken:
        said = f"All {whole} hold."
    elif blocking:
        said = f"{_count(blocking, 'check')} of {whole} refused the data, so nothing after {_them(blocking)} is built."
    else:
        said = f"{_count(broken, 'check')} of {whole} found something to look at; no figure is held back."
    behind = [each.source for each in report.sources if each.gaps]
    return said + (f" {_count(behind, 'source')} lack{'s' if len(behind) == 1 else ''} days." if behind else "")


def _count(things: Sequence[object], word: str) -> str:
    return f"{len(things)} {word}{'' if len(things) == 1 else 's'}"


def _them(broken: Sequence[Verdict]) -> str:
    tables = sorted({each.table for each in broken})
    return tables[0] if len(tables) == 1 else f"{tables[0]} and {len(tables) - 1} more"


def _found_table(broken: Sequence[Verdict]) -> Table:
    lines = [
        Line(
            (
                text(_words(each.name), note=each.table),
                text(each.promise),
                text("blocks" if each.is_blocking else "warns", tone="finding" if each.is_blocking else ""),
                Cell(f"{each.found:,}"),
                text("; ".join(each.examples[:_EXAMPLES])),
            )
        )
        for each in sorted(broken, key=lambda each: (not each.is_blocking, each.table, each.name))
    ]
    columns = (
        Column("Check", numeric=False),
        Column("What should hold", numeric=False),
        Column("Weight", numeric=False),
        Column("Rows that break it", lead=True),
        Column("Such as", numeric=False),
    )
    return Table("found", "What was found", columns, tuple(lines), empty="Nothing was found.")


def _freshness_table(sources: Sequence[SourceAge]) -> Table:
    folded = [each for each in sources if is_inventory(each.source) and not each.gaps]
    lines = [_source_line(text(each.source), each) for each in sources if each not in folded]
    if folded:
        newest = max((each.last_answer_at for each in folded if each.last_answer_at), default=None)
        products = len({each.source.partition(".")[0] for each in folded})
        told = text("inventory", note=f"{len(folded)} lists of {products} products")
        lines.append(_source_line(told, SourceAge("inventory", newest, None), "fold"))
    columns = (
        Column("Source", numeric=False),
        Column("Last said something new (UTC)", lead=True),
        Column("Data until"),
        Column("Places without data"),
        Column("Why", numeric=False),
    )
    return Table("sources", "How fresh each source is", columns, tuple(lines), empty="No source has answered yet.")


def _source_line(name: Cell, each: SourceAge, kind: str = "") -> Line:
    return Line(
        (
            name,
            Cell(f"{each.last_answer_at:%Y-%m-%d %H:%M}" if each.last_answer_at else NOTHING),
            Cell(each.data_until.isoformat() if each.data_until else NOTHING),
            Cell(str(each.gaps), tone="finding") if each.gaps else Cell("0", tone="quiet"),
            text(each.note),
        ),
        kind=kind,
    )


def _imports_table(imports: Sequence[SetAside]) -> Table:
    lines = [
        Line(
            (
                text(each.file),
                Cell(f"{each.accepted + each.quarantined:,}"),
                Cell(f"{each.accepted:,}"),
                Cell(f"{each.quarantined:,}", tone="finding" if each.quarantined else "quiet"),
                text(each.reason),
            )
        )
        for each in imports
    ]
    columns = (
        Column("File", numeric=False),
        Column("Lines received"),
        Column("Accepted", lead=True),
        Column("Set aside"),
        Column("First reason", numeric=False),
    )
    return Table("imports", "Imported files", columns, tuple(lines), empty="No file was imported.")


def _checks_table(verdicts: Sequence[Verdict]) -> Table:
    lines = [
        Line(
            (
                text(each.table),
                text(_words(each.name), note=each.kind),
                text(each.promise),
                text("blocks" if each.is_blocking else "warns"),
                text("holds", tone="good") if each.holds else text("found", tone="finding"),
            )
        )
        for each in sorted(verdicts, key=lambda each: (each.table, each.name))
    ]
    columns = (
        Column("Table", numeric=False),
        Column("Check", numeric=False),
        Column("What should hold", numeric=False),
        Column("Weight", numeric=False),
        Column("Verdict", numeric=False, lead=True),
    )
    return Table("checks", "Every check", columns, tuple(lines), empty="There is no table yet.")


def _words(name: str) -> str:
    return name.replace("_", " ")
