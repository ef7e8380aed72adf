"""The anomalies of a month: what happened, what it cost, why, and whose it is."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from pipelines.reporting.anomaly_rows import COST, Anomalies, AnomalyRow
from pipelines.reporting.anomaly_tables import anomalies_table, answered_table, event_chart, precision_words
from pipelines.reporting.display import Chart, Table
from pipelines.reporting.money import MoneyFormat, count, total
from pipelines.reporting.monthly_rows import MonthlyInput
from pipelines.reporting.sentence import month_name

CHARTS = 2
"""How many of the largest have their days drawn."""


@dataclass(frozen=True)
class AnomaliesBlock:
    """The section, and what the page's head says of it."""

    chip: str
    lead: str
    precision: str
    table: Table
    charts: tuple[Chart, ...]
    answered: Table | None


def anomalies_block(report: MonthlyInput, money: MoneyFormat) -> AnomaliesBlock | None:
    """Anomalies with a day in the month; None where nothing was ever judged."""
    if report.anomalies is None:
        return None
    year, month = int(report.month[:4]), int(report.month[5:])
    rows = report.anomalies.between(date(year, month, 1), date(year, month, monthrange(year, month)[1]))
    to_act = [row for row in rows if row.is_actionable]
    quiet = [row for row in rows if not row.is_actionable]
    name = month_name(report.month)
    empty = f"No anomaly of {name} asks for action." if quiet else f"Nothing unusual was found in {name}."
    caption = f"Anomalies with a day in {name}, the largest first"
    return AnomaliesBlock(
        chip=anomalies_counted(len(to_act), money) if to_act else "",
        lead=_lead(to_act, name, money),
        precision=precision_words(to_act, money) if to_act else "",
        table=anomalies_table("anomalies", caption, to_act, money, year, empty, quiet),
        charts=leading_charts(to_act, report.anomalies, money, year),
        answered=answered_table(quiet, money, year) if quiet else None,
    )


def leading_charts(
    rows: Sequence[AnomalyRow], anomalies: Anomalies, money: MoneyFormat, year: int
) -> tuple[Chart, ...]:
    """The days of the largest ones."""
    charts = (event_chart(row, anomalies, money, year) for row in rows[:CHARTS])
    return tuple(chart for chart in charts if chart)


def anomalies_counted(number: int, money: MoneyFormat) -> str:
    """`1 anomaly`, `2 anomalies`."""
    return f"{count(number, money.locale)} anomal{'y' if number == 1 else 'ies'}"


def _lead(rows: list[AnomalyRow], name: str, money: MoneyFormat) -> str:
    """How many there are, what those of cost come to, how many go on."""
    if not rows:
        return ""
    told = f"{anomalies_counted(len(rows), money)} of {name} ask{'s' if len(rows) == 1 else ''} for action"
    impacts = [row.impact for row in rows if row.subject == COST and row.impact is not None]
    if impacts:
        whole = total(impacts)
        word = "more" if whole >= 0 else "less"
        told += f": {money.headline(abs(whole))} {word} than expected{' together' if len(impacts) > 1 else ''}"
    ongoing = sum(row.is_ongoing for row in rows)
    return f"{told}. {_going_on(ongoing, len(rows), money)}"


def _going_on(ongoing: int, number: int, money: MoneyFormat) -> str:
    if not ongoing:
        return "It has ended." if number == 1 else "All have ended."
    if ongoing == number:
        return "It goes on." if number == 1 else "All go on."
    return f"{count(ongoing, money.locale)} of them go{'es' if ongoing == 1 else ''} on."
