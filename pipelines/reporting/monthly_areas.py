"""Sections of the review made of advice alone, idle resources, rightsizing, rates: what was found, and whose."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from pipelines.reporting.advice_areas import (
    IDLE,
    OTHER,
    RATES,
    RIGHTSIZING,
    AreaAdvice,
    advice_of_area,
    waiting_cost,
)
from pipelines.reporting.advice_rows import RecommendationRow
from pipelines.reporting.advice_tables import owner_cell
from pipelines.reporting.display import ALL_ADVICE, Cell, Column, Command, Line, Table, amount, text
from pipelines.reporting.folding import cents_adding_up, remainder, shortened
from pipelines.reporting.money import NOTHING, MoneyFormat, count, total
from pipelines.reporting.monthly_rows import MonthlyInput
from pipelines.reporting.resource_kinds import kind_words
from pipelines.reporting.review_section import ReviewSection

MOST_FINDINGS = 8
NOT_ASKED = "What could be saved is not known yet: no rule has been asked."
_LONGEST_ACTION = 110
_TITLES = {
    IDLE: ("Idle resources", "Nothing is paid for that nobody uses, as far as rules can tell."),
    RIGHTSIZING: ("Rightsizing", "Nothing that is measured would do with less."),
    RATES: ("Rates and commitments", "No other contract would cost less for what runs."),
    OTHER: ("Other advice", ""),
}
FINDING_COLUMNS = (
    Column("Finding", numeric=False),
    Column("Costs a month"),
    Column("Saves a month", lead=True),
    Column("Waited so far"),
    Column("Effort", numeric=False),
    Column("Owner", numeric=False),
)


def idle_section(report: MonthlyInput, money: MoneyFormat) -> ReviewSection | None:
    """What nobody uses and is paid for."""
    return area_section(report, money, IDLE)


def rightsizing_section(report: MonthlyInput, money: MoneyFormat) -> ReviewSection | None:
    """What could be smaller, and what is too small."""
    return area_section(report, money, RIGHTSIZING)


def rates_section(report: MonthlyInput, money: MoneyFormat) -> ReviewSection | None:
    """What could have another price."""
    return area_section(report, money, RATES)


def other_section(report: MonthlyInput, money: MoneyFormat) -> ReviewSection | None:
    """Advice of rules that have no section; None where there is none."""
    advice = report.advice
    if advice is None or not advice_of_area(advice, OTHER).rows:
        return None
    return area_section(report, money, OTHER)


def area_section(report: MonthlyInput, money: MoneyFormat, area: str) -> ReviewSection | None:
    """The section of an area: its rules with their euros, then the largest findings, each with its owner.

    None where no rule was asked yet: the page says so once, above.
    """
    title, nothing = _TITLES[area]
    if report.advice is None:
        return None
    found = advice_of_area(report.advice, area)
    if not found.rows:
        return ReviewSection(area, title, nothing=nothing)
    today = report.as_of.date()
    tables = (rules_table(found, money), findings_table(found.saving, money, today, area))
    return ReviewSection(
        name=area,
        title=title,
        lead=area_lead(found, money),
        tables=tuple(table for table in tables if table.lines),
        notes=notes_of(found, money),
    )


def area_lead(found: AreaAdvice, money: MoneyFormat) -> str:
    """How much can be saved by how many findings, and how many have nobody to ask."""
    number = len(found.counted)
    if not number:
        return "Nothing here can be saved beside what is counted elsewhere."
    unowned = [row for row in found.counted if not (row.owner or row.team)]
    told = f"{count(number, money.locale)} finding{'' if number == 1 else 's'}"
    told += f" {'is' if number == 1 else 'are'} worth {money.headline(found.counted_saving)} a month"
    if not unowned:
        return f"{told}, each with an owner."
    amount_of = money.headline(total(row.monthly_saving for row in unowned))
    them = f"{count(len(unowned), money.locale)} of them, worth {amount_of}," if number > 1 else "it"
    return f"{told}; {them} {'has' if len(unowned) == 1 else 'have'} no owner."


def rules_table(found: AreaAdvice, money: MoneyFormat) -> Table:
    """One line a rule that saves, the largest first; what overlaps stands beside and is in no sum."""
    rules = list(dict.fromkeys(row.rule for row in found.saving))
    parts = {rule: [row for row in found.saving if row.rule == rule] for rule in rules}
    sums = {rule: total(row.monthly_saving for row in rows if row.is_counted) for rule, rows in parts.items()}
    ranked = sorted(rules, key=lambda rule: (-sums[rule], rule))
    cents = cents_adding_up([sums[rule] for rule in ranked], found.counted_saving, money)
    lines = [_rule_line(parts[rule], saved, money) for rule, saved in zip(ranked, cents, strict=True)]
    if len(lines) > 1:
        whole = _rule_line(found.saving, found.counted_saving, money, "Total")
        lines.append(Line(whole.cells, ALL_ADVICE, kind="total"))
    columns = (
        Column("What was found", numeric=False),
        Column("Findings"),
        Column("Saves a month", lead=True),
        Column("Overlaps, not added"),
        Column("Without an owner"),
    )
    return Table("rules", "By what was found", columns, tuple(lines))


def _rule_line(rows: Sequence[RecommendationRow], saved: Decimal, money: MoneyFormat, label: str = "") -> Line:
    apart = total(row.monthly_saving for row in rows if not row.is_counted)
    unowned = sum(not (row.owner or row.team) for row in rows)
    return Line(
        (
            text(label or rows[0].title),
            Cell(count(len(rows), money.locale)),
            amount(saved or None, money),
            amount(apart or None, money),
            Cell(count(unowned, money.locale), tone="finding") if unowned else Cell(NOTHING, tone="quiet"),
        ),
        Command(f"finops recommendations --rule {rows[0].rule}"),
    )


def findings_table(
    rows: Sequence[RecommendationRow], money: MoneyFormat, today: date, name: str, caption: str = "The largest of them"
) -> Table:
    """The largest that count, each with what it costs, what waiting has cost, and its owner; the rest folded."""
    counted = [row for row in rows if row.is_counted]
    keep = MOST_FINDINGS + 1 if len(counted) == MOST_FINDINGS + 1 else MOST_FINDINGS
    shown, rest = counted[:keep], counted[keep:]
    lines = [finding_line(row, money, today) for row in shown]
    whole = total(row.monthly_saving for row in counted)
    left = remainder(whole, [row.monthly_saving for row in shown], money)
    if rest or left:
        label = f"… and {count(len(rest), money.locale)} more" if rest else "… rounding"
        cells = (text(""), Cell(money.exact(left)), *[text("")] * 3)
        lines.append(Line((text(label), *cells), ALL_ADVICE, kind="fold"))
    if len(lines) > 1:
        blank = text("")
        waited = Cell(money.exact(total(waiting_cost(row, today) for row in counted)))
        lines.append(Line((text("Total"), blank, Cell(money.exact(whole)), waited, blank, blank), ALL_ADVICE, "total"))
    return Table(f"{name}-findings", caption, FINDING_COLUMNS, tuple(lines))


def finding_line(row: RecommendationRow, money: MoneyFormat, today: date) -> Line:
    """One finding: what to do, on what, for how much, since when, whose."""
    days = max((today - row.first_seen).days, 0)
    waited = waiting_cost(row, today)
    since = f"{count(days, money.locale)} day{'' if days == 1 else 's'}" if days else "new"
    return Line(
        (
            Cell(shortened(row.action, _LONGEST_ACTION), _place(row), code=f"finops plan {row.recommendation_id}"),
            amount(row.monthly_cost, money),
            Cell(money.exact(row.monthly_saving)),
            Cell(money.exact(waited), since) if waited else Cell(since, tone="quiet"),
            Cell(row.effort, f"{row.risk} risk"),
            owner_cell(row),
        ),
        Command(f"finops recommendations {row.recommendation_id}"),
    )


def _place(row: RecommendationRow) -> str:
    """What kind of thing it is, and where it stands."""
    return ", ".join(each for each in (kind_words(row.resource_type), row.environment or "") if each)


def notes_of(found: AreaAdvice, money: MoneyFormat) -> tuple[str, ...]:
    """What here asks for more money, or only prevents: it stands with the advice to spend."""
    others = found.others
    if not others:
        return ()
    more = -total(row.monthly_saving for row in others)
    number = f"{count(len(others), money.locale)} more finding{'' if len(others) == 1 else 's'}"
    verb = "asks" if len(others) == 1 else "ask"
    what = f"for {money.headline(more)} a month more" if more > 0 else "for a limit or an order, and cost nothing"
    where = "it stands" if len(others) == 1 else "they stand"
    return (f"{number} {verb} {what}, so that nothing breaks; {where} under “What to do” above.",)
