"""The weekly review as a letter: what is new and unusual, what moved, where the month ends."""

from collections.abc import Sequence

from pipelines.reporting.anomaly_tables import anomalies_table
from pipelines.reporting.display import Tile
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
from pipelines.reporting.money import DEFAULT_LOCALE, MoneyFormat
from pipelines.reporting.weekly import COMMAND
from pipelines.reporting.weekly_advice import new_table, week_advice
from pipelines.reporting.weekly_facts import chip, sentence, status, strip, tiles
from pipelines.reporting.weekly_rows import WeekAnomalies, WeeklyInput, week_anomalies
from pipelines.reporting.weekly_tables import movers_table

WEEKLY = "weekly"


def weekly_letter(reports: Sequence[WeeklyInput], locale: str = DEFAULT_LOCALE) -> Letter:
    """The letter of a week, one part a currency; a blocking check among theirs gives the one without figures."""
    first = reports[0]
    frame = Frame(
        report=WEEKLY,
        period=str(first.week),
        heading=f"Weekly review, {first.week}",
        organization_name=first.organization_name,
        as_of=first.as_of,
        product_version=first.product_version,
        command=f"{COMMAND} --period {first.week}",
        file_name=f"finops-{first.week}.html",
    )
    if delayed := delayed_letter(frame, (check for each in reports for check in each.checks_failed)):
        return delayed
    parts = tuple(_part(each, MoneyFormat(each.currency, locale)) for each in reports)
    return letter(frame, _subject(reports, locale), parts, strip(first, MoneyFormat(first.currency, locale)))


def _subject(reports: Sequence[WeeklyInput], locale: str) -> str:
    first, costs, chips = reports[0], [], []
    for each in reports:
        money = MoneyFormat(each.currency, locale)
        change = money.change_ratio(each.delta_cost, each.previous_cost) if each.previous_cost > 0 else ""
        costs.append(money.headline(each.cost) + (f" ({change})" if change else ""))
        chips.append(chip(_found(each), money))
    state = "" if first.is_complete else status(first)[0].lower()
    return subject_line(f"{first.organization_name} {first.week}: {', '.join(costs)}", *chips, state)


def _part(report: WeeklyInput, money: MoneyFormat) -> Part:
    state, note = status(report)
    found = _found(report)
    return Part(
        currency=report.currency,
        status=state,
        status_note=note,
        sentence=sentence(report, money),
        figures=_figures(report, found, money),
        sections=(
            *_unusual(report, found, money),
            section_of(movers_table(report, money), "What moved most", 4, more="More of it in the report."),
            *_advice(report, money),
        ),
    )


def _figures(report: WeeklyInput, found: WeekAnomalies | None, money: MoneyFormat) -> tuple[Tile, ...]:
    known = tiles(report, found, money)
    wanted = [tile for tile in known if tile.label not in ("Still open", "Answered")]
    return tuple([*wanted, *(tile for tile in known if tile not in wanted)][:FIGURES])


def _found(report: WeeklyInput) -> WeekAnomalies | None:
    return week_anomalies(report.anomalies, report.week) if report.anomalies else None


def _unusual(report: WeeklyInput, found: WeekAnomalies | None, money: MoneyFormat) -> tuple[Section, ...]:
    if found is None:
        return ()
    year, nothing = report.week.sunday.year, "Nothing that asks for action began in this week."
    table = anomalies_table("new", "New this week", found.new, money, year, nothing)
    return (section_of(table, "New and unusual", 4, more="All of it: finops anomalies list."),)


def _advice(report: WeeklyInput, money: MoneyFormat) -> tuple[Section, ...]:
    if report.advice is None:
        return ()
    table = new_table(week_advice(report.advice, report.week).new, money)
    return (section_of(table, "New advice: savings a month", 1, note=4, more="All of it: finops recommendations."),)
