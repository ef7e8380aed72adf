"""The weekly review: one self-contained HTML page of an ISO week, in the order of a review of a quarter of an hour."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from pipelines.errors import UsageError
from pipelines.reporting.anomaly_tables import anomalies_table, answered_table, precision_words
from pipelines.reporting.display import Chart, Fact, Table, Tile
from pipelines.reporting.money import DEFAULT_LOCALE, MoneyFormat
from pipelines.reporting.monthly_anomalies import leading_charts
from pipelines.reporting.monthly_evidence import freshness_table
from pipelines.reporting.page import delayed_page, render_page
from pipelines.reporting.sentence import unbroken
from pipelines.reporting.weekly_advice import WeekAdviceBlock, week_advice, week_advice_block
from pipelines.reporting.weekly_facts import Step, agenda, chip, sentence, status, strip, tiles
from pipelines.reporting.weekly_rows import WeekAnomalies, WeeklyInput, week_anomalies
from pipelines.reporting.weekly_tables import movers_table, spenders_table, week_before

COMMAND = "finops report weekly"


@dataclass(frozen=True)
class WeekAnomaliesBlock:
    """The part of the page about anomalies."""

    precision: str
    new: Table
    charts: tuple[Chart, ...]
    still_open: Table
    answered: Table


@dataclass(frozen=True)
class WeekBlock:
    """One currency's part of the page; currencies stand side by side and are never added."""

    currency: str
    status: str
    status_note: str
    is_complete: bool
    chip: str
    sentence: str
    tiles: tuple[Tile, ...]
    strip: tuple[Fact, ...]
    agenda: tuple[Step, ...]
    anomalies: WeekAnomaliesBlock | None
    advice: WeekAdviceBlock
    movers: Table
    spenders: Table
    before: str


def render_weekly(report: WeeklyInput | Sequence[WeeklyInput], locale: str = DEFAULT_LOCALE) -> str:
    """The review as HTML: of one currency, or of several of the same week, one block each.

    A blocking check among `checks_failed` gives the page that says so and shows no figure.
    """
    reports = (report,) if isinstance(report, WeeklyInput) else tuple(report)
    if not reports or len({(each.organization_name, each.week) for each in reports}) != 1:
        raise UsageError("a weekly review needs one organisation and one week; give each its own")
    first = reports[0]
    heading = f"Weekly review, {first.week}"
    failed = tuple(dict.fromkeys(check for each in reports for check in each.checks_failed))
    if any(check.is_blocking for check in failed):
        return delayed_page(
            heading=heading,
            period=str(first.week),
            command=COMMAND,
            organization_name=first.organization_name,
            as_of=first.as_of,
            product_version=first.product_version,
            checks_failed=failed,
        )
    blocks = [_block(each, MoneyFormat(each.currency, locale)) for each in reports]
    return render_page(
        "weekly.html",
        title=f"{first.organization_name}: {heading}",
        organization_name=first.organization_name,
        heading=heading,
        days=first.week.days,
        as_of=first.as_of,
        product_version=first.product_version,
        data_until=first.charges_until - timedelta(days=1),
        blocks=blocks,
        freshness=freshness_table(first.freshness, first.as_of, MoneyFormat(first.currency, locale)),
        has_charts=any(block.anomalies and block.anomalies.charts for block in blocks),
    )


def _block(report: WeeklyInput, money: MoneyFormat) -> WeekBlock:
    found = week_anomalies(report.anomalies, report.week) if report.anomalies else None
    state, note = status(report)
    return WeekBlock(
        currency=report.currency,
        status=state,
        status_note=note,
        is_complete=report.is_complete,
        chip=chip(found, money),
        sentence=unbroken(sentence(report, money)),
        tiles=tiles(report, found, money),
        strip=strip(report, money),
        agenda=agenda(found, week_advice(report.advice, report.week) if report.advice else None),
        anomalies=_anomalies(report, found, money) if found else None,
        advice=week_advice_block(report.advice, report.week, money),
        movers=movers_table(report, money),
        spenders=spenders_table(report, money),
        before=week_before(report),
    )


def _anomalies(report: WeeklyInput, found: WeekAnomalies, money: MoneyFormat) -> WeekAnomaliesBlock:
    assert report.anomalies is not None
    year = report.week.sunday.year
    others = len(found.quiet)
    nothing = f"Nothing that asks for action began in this week; {others} of little weight did."
    nothing = nothing if others else "Nothing unusual began in this week."
    return WeekAnomaliesBlock(
        precision=precision_words((*found.new, *found.still_open), money) if found.new or found.still_open else "",
        new=anomalies_table("new", "New this week", found.new, money, year, nothing, found.quiet),
        charts=leading_charts(found.new or found.still_open, report.anomalies, money, year),
        still_open=anomalies_table(
            "open", "Still open from before", found.still_open, money, year, "Nothing is open from before."
        ),
        answered=answered_table(
            found.answered,
            money,
            year,
            caption="Answered this week: explained, expected, closed or suppressed",
            empty="Nothing was explained, expected, closed or suppressed in this week.",
        ),
    )
