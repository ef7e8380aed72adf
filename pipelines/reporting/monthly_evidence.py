"""The tables that let a reader check the monthly report: invoice, residual, labels, sources."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from pipelines.reporting.display import (
    Cell,
    Column,
    Line,
    Table,
    Trace,
    amount,
    effect,
    sentence_case,
    text,
    trace,
)
from pipelines.reporting.folding import cents_adding_up, shortened
from pipelines.reporting.money import NOTHING, MoneyFormat, count, percent, total
from pipelines.reporting.monthly_rows import FreshnessRow, MonthlyInput, WaterfallRow
from pipelines.reporting.sentence import month_name

HEADLINE_STEP = "consumption"
LATE = timedelta(days=1)
"""A source of complete days that speaks until less than so long ago has missed one."""

_LONGEST_REASON = 160


def waterfall_table(report: MonthlyInput, money: MoneyFormat) -> Table:
    """From list price to the taxed invoice, the headline's step marked."""
    lines = []
    for row in report.waterfall:
        is_basis = row.is_subtotal and row.step.strip().lower() == HEADLINE_STEP
        notes = [row.basis or "", _beside_charges(row, report, money) if is_basis else ""]
        label = text(sentence_case(row.step), note="; ".join(note for note in notes if note))
        value = amount(row.amount, money) if row.is_subtotal or row.amount is None else effect(row.amount, money)
        lines.append(Line((label, value), trace(row), "total" if row.is_subtotal else ""))
    columns = (Column("Step", numeric=False), Column("Amount", lead=True))
    return Table("waterfall", "From list price to the invoice", columns, tuple(lines))


def _beside_charges(row: WaterfallRow, report: MonthlyInput, money: MoneyFormat) -> str:
    """The headline is made of charges: where the bill's lines come to another sum, both are named."""
    charged = report.summary.billed_cost
    if row.amount is None or money.rounded(row.amount) == money.rounded(charged):
        return "the basis of this report"
    return f"the basis of this report, whose charges come to {money.exact(charged)}: see below"


def coverage_table(report: MonthlyInput, money: MoneyFormat) -> Table:
    """How much of the cost, and how many resources, carry each label."""
    lines = [
        Line(
            (
                text(row.label),
                Cell(percent(row.cost_coverage, money.locale)),
                amount(row.labelled_cost, money),
                amount(row.total_cost - row.labelled_cost, money),
                Cell(percent(row.resource_coverage, money.locale)),
                Cell(f"{count(row.labelled_resources, money.locale)} of {count(row.total_resources, money.locale)}"),
            ),
            trace(row),
        )
        for row in report.coverage
    ]
    columns = (
        Column("Label", numeric=False),
        Column("Of cost", lead=True),
        *(Column(label) for label in ("Labelled cost", "Without label", "Of resources", "Resources")),
    )
    return Table("coverage", f"Labels in {month_name(report.month)}", columns, tuple(lines))


def residual_table(report: MonthlyInput, money: MoneyFormat) -> Table:
    """Consumption minus charges by explanation; the lines add up to the whole residual."""
    grouped: dict[str | None, list[Decimal]] = defaultdict(list)
    for row in report.residuals:
        if row.residual:
            grouped[row.explanation].append(row.residual)
    sums = {reason: total(parts) for reason, parts in grouped.items()}
    ranked = sorted(sums, key=lambda reason: (-abs(sums[reason]), reason or ""))
    whole = total(sums.values())
    cents = cents_adding_up([sums[reason] for reason in ranked], whole, money)
    lines = []
    for reason, value in zip(ranked, cents, strict=True):
        keys = [("billing_month", report.month), ("billing_currency", report.currency)]
        keys += [("explanation", reason)] if reason else []
        label = text(reason) if reason else text("not explained", tone="finding")
        lines.append(
            Line(
                (label, Cell(count(len(grouped[reason]))), Cell(money.signed(value))),
                Trace("gold.reconciliation", tuple(keys)),
            )
        )
    if lines:
        source = Trace("gold.reconciliation", (("billing_month", report.month), ("billing_currency", report.currency)))
        lines.append(Line((text("Consumption − charges"), text(""), amount(whole, money)), source, kind="total"))
    columns = (Column("Explanation", numeric=False), Column("Lines"), Column("Amount", lead=True))
    equal = "Charges and consumption are equal on every line."
    empty = equal if report.residuals else "No charges have been set against consumption yet."
    return Table("residual", "Why charges and consumption differ", columns, tuple(lines), empty)


def freshness_table(freshness: Sequence[FreshnessRow], as_of: datetime, money: MoneyFormat) -> Table:
    """What each source said last, and when; the inventory's many lists in one line, and what is measured by the day in
    another, but for what is late or has gaps."""
    lists = [row for row in freshness if _is_inventory(row)]
    measured = [row for row in freshness if row.is_measured]
    lines = [
        Line((text(row.source, note=_trouble(row, as_of.date())), *_freshness_cells([row], money)), trace(row))
        for row in freshness
        if row not in lists and (row not in measured or _trouble(row, as_of.date()))
    ]
    if fine := [row for row in measured if not _trouble(row, as_of.date())]:
        places = max(row.places or 0 for row in fine)
        told = text("measured by the day", note=f"{len(fine)} sources of up to {places} places each; newest answer")
        lines.append(Line((told, *_freshness_cells(fine, money)), kind="fold"))
    if lists:
        products = len({row.source.partition(".")[0] for row in lists})
        told = text("inventory", note=f"{len(lists)} lists of {products} products; newest answer")
        lines.append(Line((told, *_freshness_cells(lists, money)), kind="fold"))
    columns = (
        Column("Source", numeric=False),
        Column("Last answer (UTC)", lead=True),
        Column("Data until"),
        Column("Answers kept"),
    )
    return Table("freshness", "Sources", columns, tuple(lines), empty="No source has answered yet.")


def _is_inventory(row: FreshnessRow) -> bool:
    api, dot, _ = row.source.partition(".")
    return bool(dot) and api not in ("billing", "catalog", "account") and not row.is_measured


def _trouble(row: FreshnessRow, today: date) -> str:
    """What is wrong with a measured source in a few words; nothing for one that is as it should be. Storage is told
    of only when it changed, so it is never late."""
    if row.gaps:
        reason = shortened(row.gap_notes or "no reason known", _LONGEST_REASON)
        return f"nothing from {row.gaps} of {row.places} places: {reason}"
    is_daily = row.is_measured and not row.source.startswith("storage.")
    if is_daily and (row.data_until is None or row.data_until < today - LATE):
        return "late"
    return ""


def _freshness_cells(rows: Sequence[FreshnessRow], money: MoneyFormat) -> tuple[Cell, Cell, Cell]:
    newest = max((row.last_answer_at for row in rows if row.last_answer_at), default=None)
    until = max((row.data_until for row in rows if row.data_until), default=None)
    return (
        Cell(f"{newest:%Y-%m-%d %H:%M}" if newest else NOTHING),
        Cell(until.isoformat() if until else NOTHING),
        Cell(count(sum(row.answers for row in rows), money.locale)),
    )
