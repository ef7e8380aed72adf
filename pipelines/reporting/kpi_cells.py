"""What the tables of key figures have in common: reasons, coverage, where a figure comes from."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from pipelines.reporting.display import Cell, Line, Trace, trace, traced
from pipelines.reporting.folding import shortened
from pipelines.reporting.kpi_rows import KpiRow
from pipelines.reporting.money import NOTHING, MoneyFormat, percent

_LONGEST_REASON: Final = 150


def _reason(row: KpiRow) -> str:
    return row.reason or "no reason was given"


def reasons(rows: Sequence[KpiRow]) -> str:
    """The reasons, the most frequent first."""
    found = Counter(_reason(row) for row in rows)
    ranked = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return "; ".join(reason if len(ranked) == 1 else f"{reason} ({number})" for reason, number in ranked)


def coverage(row: KpiRow, money: MoneyFormat) -> Cell:
    """The share of the spend in scope that is attributed; too little of it is a finding."""
    if row.cost_coverage is None:
        return Cell(NOTHING, tone="quiet")
    return Cell(percent(row.cost_coverage, money.locale), tone="finding" if row.is_marked else "")


def source_of(row: KpiRow) -> Trace:
    """The rows behind a share of the cost; other figures are no sum of charges alone, and lead to their own row."""
    keys = (("period", row.period), ("period_start", row.period_start.isoformat()))
    currency = (("billing_currency", str(row.billing_currency)),)
    if row.kpi in ("environment_share", "non_production_share"):
        is_sum = (("is_sum", str(row.kpi == "non_production_share").lower()),)
        return Trace("gold.environment_share", (*keys, ("environment", row.scope), *is_sum, *currency))
    if row.kpi in ("tag_coverage_by_cost", "tag_coverage_by_count"):
        return Trace("gold.tag_coverage", (("billing_month", row.month), ("label", row.scope), *currency))
    return trace(row)


def of_row(cell: Cell, row: KpiRow | None) -> Cell:
    """A figure of another row than the line's, such as that of the month before."""
    return cell if row is None else traced(cell, source_of(row))


def not_known(row: KpiRow) -> str:
    """The reason why a figure has no value, short enough for a line."""
    return shortened(f"not known: {_reason(row)}", _LONGEST_REASON)


def unknown_line(label: str, row: KpiRow, columns: int, money: MoneyFormat) -> Line:
    """A figure without a value: its reason, dashes, and the coverage in the last column."""
    dashes = [Cell(NOTHING, tone="quiet")] * (columns - 2)
    return Line((Cell(label, not_known(row)), *dashes, coverage(row, money)), source_of(row))


def fold(label: str, note: str, columns: int) -> Line:
    """What has no line of its own."""
    return Line((Cell(label, shortened(note, _LONGEST_REASON)), *[Cell("")] * (columns - 1)), kind="fold")
