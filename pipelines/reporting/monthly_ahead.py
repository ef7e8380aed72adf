"""Heads-up: what ends; and what was forecast for the month beside what it cost."""

from dataclasses import dataclass
from decimal import Decimal

from pipelines.reporting.ahead_rows import Ahead, ToldRow
from pipelines.reporting.display import Cell, Column, Line, Table, Trace, amount, change, text
from pipelines.reporting.ending_tables import day_words, ending_table, next_end
from pipelines.reporting.money import MoneyFormat, divided, percent
from pipelines.reporting.monthly_further import band_cell
from pipelines.reporting.monthly_rows import MonthlyInput
from pipelines.reporting.sentence import month_name

NO_CALENDAR = "Nothing is known to end: commitments, contracts, vouchers and offers that are given up would stand here."


@dataclass(frozen=True)
class AheadBlock:
    """What to know before it happens. `calendar` is None where nothing is known to end."""

    lead: str
    calendar: Table | None


@dataclass(frozen=True)
class ToldBlock:
    """What was said of the month, against what came. `missing` where nothing was, or the month is not over."""

    lead: str = ""
    missing: str = ""
    table: Table | None = None


def ahead_block(report: MonthlyInput, money: MoneyFormat) -> AheadBlock:
    """What ends, soonest first, as of the newest day."""
    rows = (report.ahead or Ahead()).ends
    if not rows:
        return AheadBlock(NO_CALENDAR, None)
    return AheadBlock(f"{next_end(rows)}.", ending_table(rows, money))


def told_block(report: MonthlyInput, money: MoneyFormat) -> ToldBlock:
    """Forecasts of this month, made before it and in it, beside its cost; only of a whole month."""
    month = month_name(report.month)
    if not report.summary.is_complete:
        return ToldBlock(missing=f"{month} is not over: what was forecast of it is held against its cost then.")
    told = _chosen((report.ahead or Ahead()).told)
    if not told:
        return ToldBlock(
            missing=f"No forecast of {month} was made before it was over, so there is none to hold against its cost; "
            "the errors above are those of forecasts made as of earlier days."
        )
    actual = report.summary.billed_cost
    first = told[0]
    miss = actual - first.expected_cost
    lead = (
        f"On {day_words(first.made_on)} {money.headline(first.expected_cost)} was expected of {month}; "
        f"it cost {money.headline(actual)}, {money.change(miss, first.expected_cost)}."
    )
    lines = tuple(_line(row, actual, money) for row in told)
    columns = (
        Column("Forecast of", numeric=False),
        Column("Expected"),
        Column(f"{first.interval_percent} % between"),
        Column("It cost", lead=True),
        Column("Missed by"),
        Column("Of what came"),
    )
    return ToldBlock(lead, table=Table("told", f"What was forecast of {month}, and what it cost", columns, lines))


def _chosen(rows: tuple[ToldRow, ...]) -> list[ToldRow]:
    """Of many days the first before the month, the last before it, and the first and the middle one in it."""
    before = [row for row in rows if row.made_on < row.period_start]
    within = [row for row in rows if row.period_start <= row.made_on < row.period_end]
    picked = [*before[:1], *before[-1:], *within[:1], *within[len(within) // 2 : len(within) // 2 + 1]]
    return sorted(dict.fromkeys(picked), key=lambda row: row.made_on)


def _line(row: ToldRow, actual: Decimal, money: MoneyFormat) -> Line:
    known = max((row.known_until - row.period_start).days, 0)
    note = f"{known} days of it were known" if known else "before it began"
    miss = actual - row.expected_cost
    return Line(
        (
            Cell(day_words(row.made_on), note),
            amount(row.expected_cost, money),
            band_cell(row.low_cost, row.high_cost, money),
            Cell(money.exact(actual)),
            change(miss, money),
            text(percent(divided(miss, actual), money.locale, plus=True) if actual > 0 else ""),
        ),
        Trace("gold.forecasts", (*row.keys(), ("level", "organization"))),
    )
