"""The action register: how far advice has come, what it costs to wait, and what waits although it was accepted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from pipelines.reporting.advice_areas import DAYS_PER_MONTH, waiting_cost
from pipelines.reporting.advice_rows import TO_DO, Advice, RecommendationRow
from pipelines.reporting.display import Cell, Column, Command, Line, Table, text
from pipelines.reporting.folding import shortened
from pipelines.reporting.money import NOTHING, MoneyFormat, count, divided, percent, total
from pipelines.reporting.monthly_rows import MonthlyInput

ACCEPTED, DONE, VERIFIED = "accepted", "done", "verified"
LATE_DAYS = 30
"""Accepted for longer than a month and not done is late: it was on the last review's list."""
_DECLINED = ("rejected", "suppressed")
_ALL = Command("finops recommendations --all")
_MOST = 10
_LONGEST_ACTION = 90


@dataclass(frozen=True)
class Stage:
    """How much advice came so far, and what it saves by the month; of verified ones what was measured."""

    name: str
    actions: int
    saving: Decimal


@dataclass(frozen=True)
class RegisterBlock:
    """The register's own part; what was saved and how far it is proved stands below it."""

    delay: str
    funnel: Table
    accepted: Table | None


def register_block(report: MonthlyInput, money: MoneyFormat) -> RegisterBlock | None:
    """None where no rule was asked yet."""
    advice = report.advice
    if advice is None:
        return None
    today = report.as_of.date()
    return RegisterBlock(
        delay_words(advice, money, today), funnel_table(advice, money), accepted_table(advice, money, today)
    )


def stages(advice: Advice) -> tuple[Stage, ...]:
    """Found, accepted, done: each a part of the one before, as predicted; verified as measured. Overlaps count once."""
    saving = [row for row in advice.rows if row.monthly_saving > 0 and (row.is_counted or row.status not in TO_DO)]
    accepted = [row for row in saving if row.status in (ACCEPTED, DONE, VERIFIED)]
    done = [row for row in accepted if row.status != ACCEPTED]
    verified = sum(row.counted_saving > 0 for row in advice.savings or ())
    return (
        _stage("Found", saving),
        _stage("Accepted", accepted),
        _stage("Done", done),
        Stage("Verified on the bill", verified, advice.proved_saving),
    )


def _stage(label: str, rows: Sequence[RecommendationRow]) -> Stage:
    return Stage(label, len(rows), total(row.monthly_saving for row in rows))


def funnel_table(advice: Advice, money: MoneyFormat) -> Table:
    """The stages, then what was declined and what is gone."""
    found, *_ = steps = stages(advice)
    lines = [_stage_line(step, found, money) for step in steps]
    for label, states in (("Declined or put aside", _DECLINED), ("Gone before it was done", ("gone",))):
        rows = [row for row in advice.rows if row.monthly_saving > 0 and row.status in states]
        if rows:
            lines.append(_stage_line(_stage(label, rows), found, money))
    columns = (
        Column("How far advice has come", numeric=False),
        Column("Actions"),
        Column("Saves a month", lead=True),
        Column("Of what was found"),
    )
    return Table("funnel", "From found to verified", columns, tuple(lines))


def _stage_line(step: Stage, found: Stage, money: MoneyFormat) -> Line:
    share = percent(divided(step.saving, found.saving), money.locale, decimals=0) if found.saving > 0 else NOTHING
    return Line(
        (text(step.name), Cell(count(step.actions, money.locale)), Cell(money.exact(step.saving)), Cell(share)), _ALL
    )


def delay_words(advice: Advice, money: MoneyFormat, today: date) -> str:
    """What each day costs on which nothing is done, and what waiting has cost so far."""
    if not advice.counted:
        return "Nothing that saves is waiting, so that waiting costs nothing."
    day = divided(advice.counted_saving, DAYS_PER_MONTH)
    so_far = total(waiting_cost(row, today) for row in advice.counted)
    told = f"Each day that nothing is done costs {money.headline(day)}"
    first = min(row.first_seen for row in advice.counted)
    if not so_far:
        return f"{told}; all of it was found on {first.day} {first:%b %Y}."
    since = f"Since {first.day} {first:%b %Y}, when the first of it was found"
    return f"{told}. {since}, waiting has cost {money.headline(so_far)}."


def accepted_table(advice: Advice, money: MoneyFormat, today: date) -> Table | None:
    """What somebody accepted and nobody did yet, the longest waiting first; None where there is none."""
    rows = [row for row in advice.rows if row.status == ACCEPTED]
    if not rows:
        return None
    ranked = sorted(rows, key=lambda row: (row.status_since or today, row.rank))
    lines = [_accepted_line(row, money, today) for row in ranked[:_MOST]]
    if rest := ranked[_MOST:]:
        lines.append(Line((text(f"… and {count(len(rest), money.locale)} more"), *[text("")] * 4), _ALL, kind="fold"))
    columns = (
        Column("Accepted, and not done yet", numeric=False),
        Column("Saves a month", lead=True),
        Column("Since", numeric=False),
        Column("Waited so far"),
        Column("By", numeric=False),
    )
    return Table("accepted", "Accepted, and not done yet", columns, tuple(lines))


def _accepted_line(row: RecommendationRow, money: MoneyFormat, today: date) -> Line:
    since = row.status_since or today
    days = max((today - since).days, 0)
    state = "late" if days > LATE_DAYS else "in time"
    who = row.status_owner or row.owner or row.team
    return Line(
        (
            Cell(shortened(row.action, _LONGEST_ACTION), row.project_name or ""),
            Cell(money.exact(row.monthly_saving)),
            Cell(
                f"{since.day} {since:%b %Y}",
                f"{count(days, money.locale)} days, {state}",
                "finding" if days > LATE_DAYS else "",
            ),
            Cell(money.exact(waiting_cost(row, today))),
            Cell(who, "") if who else Cell("nobody", tone="finding"),
        ),
        Command(f"finops recommendations {row.recommendation_id}"),
    )
