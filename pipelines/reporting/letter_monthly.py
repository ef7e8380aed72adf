"""The monthly review as a letter, for who reads it in half a minute."""

from collections.abc import Sequence

from pipelines.reporting.advice_tables import advice_table
from pipelines.reporting.display import Chart, Tile
from pipelines.reporting.letter import (
    FIGURES,
    Frame,
    Letter,
    Part,
    Section,
    delayed_letter,
    letter,
    section_of,
    subject_line,
)
from pipelines.reporting.money import DEFAULT_LOCALE, MoneyFormat, divided, percent
from pipelines.reporting.monthly_advice import NEXT_RUN
from pipelines.reporting.monthly_anomalies import AnomaliesBlock, anomalies_block
from pipelines.reporting.monthly_charts import bridge_chart, daily_chart
from pipelines.reporting.monthly_facts import status, tiles, trust_strip
from pipelines.reporting.monthly_rows import MonthlyInput
from pipelines.reporting.monthly_tables import movers_table
from pipelines.reporting.sentence import headline_sentence, month_name

MONTHLY = "monthly"
COMMAND = "finops report monthly"
_WANTED = ("Actual cost", "Vs previous month", "Vs previous, per day", "Budget", "Forecast, month end", "To be saved")
"""The figures a manager asks for first; those that are not known make room for the next of the report."""


def monthly_letter(reports: Sequence[MonthlyInput], locale: str = DEFAULT_LOCALE) -> Letter:
    """The letter of a month, one part a currency; a blocking check among theirs gives the one without figures."""
    first = reports[0]
    frame = Frame(
        report=MONTHLY,
        period=month_name(first.month),
        heading=f"Cloud cost, {month_name(first.month)}",
        organization_name=first.organization_name,
        as_of=first.as_of,
        product_version=first.product_version,
        command=f"{COMMAND} --period {first.month}",
        file_name=f"finops-{first.month}.html",
    )
    if delayed := delayed_letter(frame, (check for each in reports for check in each.checks_failed)):
        return delayed
    parts = tuple(_part(each, MoneyFormat(each.currency, locale)) for each in reports)
    return letter(frame, _subject(reports, locale), parts, trust_strip(first, MoneyFormat(first.currency, locale)))


def _subject(reports: Sequence[MonthlyInput], locale: str) -> str:
    """The cost of each currency, how it stands to the month before and to its budget, and what asks for action."""
    first = reports[0]
    costs = []
    for each in reports:
        money = MoneyFormat(each.currency, locale)
        notes = [note for note in (_change(each, money), _budget(each, money)) if note]
        costs.append(money.headline(each.summary.billed_cost) + (f" ({', '.join(notes)})" if notes else ""))
    state = "" if first.summary.is_final else f"{status(first)[0].lower()}"
    blocks = [anomalies_block(each, MoneyFormat(each.currency, locale)) for each in reports]
    chips = [block.chip for block in blocks if block and block.chip]
    what = f"{first.organization_name} {month_name(first.month)}: {', '.join(costs)}"
    return subject_line(what, *chips, state)


def _change(report: MonthlyInput, money: MoneyFormat) -> str:
    summary = report.summary
    if not summary.is_complete:
        ratio = summary.delta_per_day_ratio
        return f"{percent(ratio, money.locale, plus=True)} per day" if ratio is not None else ""
    return money.change_ratio(summary.delta_cost, summary.previous_cost) if summary.delta_cost is not None else ""


def _budget(report: MonthlyInput, money: MoneyFormat) -> str:
    row = report.outlook.budget_of(report.month, None, None) if report.outlook else None
    if row is None or not row.amount_as_cost:
        return ""
    return f"budget {percent(divided(report.summary.billed_cost, row.amount_as_cost), money.locale, decimals=0)}"


def _part(report: MonthlyInput, money: MoneyFormat) -> Part:
    state, note = status(report)
    return Part(
        currency=report.currency,
        status=state,
        status_note=note,
        sentence=headline_sentence(report, money),
        figures=_figures(tiles(report, money)),
        sections=(
            section_of(movers_table(report, money), "What moved most", 2, more="More of it in the report."),
            _to_do(report, money),
            *_unusual(anomalies_block(report, money)),
        ),
        picture=_picture(report, money),
    )


def _figures(known: Sequence[Tile]) -> tuple[Tile, ...]:
    wanted = [tile for label in _WANTED for tile in known if tile.label == label]
    others = [tile for tile in known if tile not in wanted]
    return tuple([*wanted, *others][:FIGURES])


def _to_do(report: MonthlyInput, money: MoneyFormat) -> Section:
    title = "What to do"
    if report.advice is None:
        return Section(title, (), empty=f"{NEXT_RUN} finops run.")
    return section_of(
        advice_table(report.advice, money),
        f"{title}: savings a month",
        1,
        note=6,
        more="All of it: finops recommendations.",
    )


def _unusual(block: AnomaliesBlock | None) -> tuple[Section, ...]:
    if block is None:
        return ()
    return (section_of(block.table, "What is unusual", 4, more="All of it: finops anomalies list."),)


def _picture(report: MonthlyInput, money: MoneyFormat) -> Chart | None:
    return bridge_chart(report, money) or daily_chart(report, money)
