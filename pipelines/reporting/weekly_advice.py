"""Recommendations in the weekly review: what is new in the week, what was done, accepted or declined in it."""

from dataclasses import dataclass

from pipelines.reporting.advice_rows import Advice, RecommendationRow
from pipelines.reporting.advice_tables import MOST_LINES, first_sentence, line_of, owner_cell, saving_cell
from pipelines.reporting.display import Cell, Column, Command, Line, Table, text
from pipelines.reporting.folding import shortened
from pipelines.reporting.money import MoneyFormat, count, total
from pipelines.reporting.monthly_advice import NEXT_RUN, advice_lead
from pipelines.reporting.weeks import Week

_LONGEST = 110
_ANSWERS = ("done", "verified", "accepted", "rejected", "suppressed")


@dataclass(frozen=True)
class WeekAdvice:
    """The recommendations a week's review speaks of; each stands once."""

    new: tuple[RecommendationRow, ...]
    answered: tuple[RecommendationRow, ...]


@dataclass(frozen=True)
class WeekAdviceBlock:
    """The part of the page about recommendations; `missing` alone where no rule was asked yet."""

    missing: str = ""
    lead: str = ""
    new: Table | None = None
    answered: Table | None = None


def week_advice(advice: Advice, week: Week) -> WeekAdvice:
    """What somebody answered or did in the week; and what was first advised in it, or again, and still waits."""
    answered = [
        row
        for row in advice.rows
        if row.status in _ANSWERS and row.status_since and week.monday <= row.status_since <= week.sunday
    ]
    new = [
        row
        for row in advice.to_do
        if row not in answered and week.monday <= (row.returned_on or row.first_seen) <= week.sunday
    ]
    return WeekAdvice(tuple(new), tuple(sorted(answered, key=lambda row: (_ANSWERS.index(row.status), row.rank))))


def week_advice_block(advice: Advice | None, week: Week, money: MoneyFormat) -> WeekAdviceBlock:
    """The section; the sentence is of the day the page was written, the tables are of the week."""
    if advice is None:
        return WeekAdviceBlock(missing=NEXT_RUN)
    found = week_advice(advice, week)
    lead = advice_lead(advice, money)
    return WeekAdviceBlock(
        lead=f"{lead}." if lead else "",
        new=new_table(found.new, money),
        answered=done_table(found.answered, money),
    )


def new_table(rows: tuple[RecommendationRow, ...], money: MoneyFormat) -> Table:
    """One line each, the largest first; the rest is counted. What overlaps says so, and nothing is added up."""
    keep = MOST_LINES + 1 if len(rows) == MOST_LINES + 1 else MOST_LINES
    lines = [_new_line(row, money) for row in rows[:keep]]
    if rest := rows[keep:]:
        saved = total(row.monthly_saving for row in rest if row.is_counted)
        label = Cell(f"… and {count(len(rest), money.locale)} more", "finops recommendations")
        lines.append(Line((label, Cell(money.exact(saved)), *[text("")] * 3), kind="fold"))
    columns = (
        Column("Action", numeric=False),
        Column("Saves a month", lead=True),
        Column("Effort", numeric=False),
        Column("Risk", numeric=False),
        Column("Owner", numeric=False),
    )
    empty = "No recommendation is new in this week."
    return Table("new-advice", "New this week", columns, tuple(lines), empty)


def _new_line(row: RecommendationRow, money: MoneyFormat) -> Line:
    what, saving, _, effort, risk, _, owner = line_of(row, money).cells
    if row.returned_on:
        what = Cell(what.text, f"It is back. {what.note}", code=what.code)
    if not row.is_counted and row.monthly_saving > 0:
        note = "; ".join(each for each in (saving.note, "overlaps with another") if each)
        saving = Cell(saving.text, note)
    return Line((what, saving, effort, risk, owner), Command(f"finops recommendations {row.recommendation_id}"))


def done_table(rows: tuple[RecommendationRow, ...], money: MoneyFormat) -> Table:
    """What was done first, then what was accepted and declined, each with who said it and why."""
    lines = [_done_line(row, money) for row in rows[:MOST_LINES]]
    if rest := rows[MOST_LINES:]:
        label = Cell(f"… and {count(len(rest), money.locale)} more", "finops recommendations --all")
        lines.append(Line((label, *[text("")] * 3), kind="fold"))
    columns = (
        Column("Action", numeric=False),
        Column("Would save a month", lead=True),
        Column("State", numeric=False),
        Column("Owner", numeric=False),
    )
    empty = "Nothing was done, accepted or declined in this week."
    return Table("answered-advice", "Done, accepted or declined this week", columns, tuple(lines), empty)


def _done_line(row: RecommendationRow, money: MoneyFormat) -> Line:
    told = "; ".join(each for each in (row.status_owner or "", row.status_reason or "") if each)
    return Line(
        (
            Cell(shortened(row.action, _LONGEST), first_sentence(row.reason)),
            saving_cell(row, money),
            Cell(row.status, shortened(told, _LONGEST)),
            owner_cell(row),
        ),
        Command(f"finops recommendations {row.recommendation_id}"),
    )
