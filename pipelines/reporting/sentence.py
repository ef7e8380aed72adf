"""The report's first sentence, from data and without adjectives."""

from calendar import monthrange
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from pipelines.reporting.folding import shortened
from pipelines.reporting.money import MoneyFormat, divided, is_flat, percent, total
from pipelines.reporting.monthly_rows import MonthlyInput, MoverRow, SummaryRow

MONTH_NAMES = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
NO_PROJECT = "no project"
NAME_IN_TEXT = 44  # a longer name would bury the sentence it stands in
SECOND_DRIVER = Decimal("0.1")  # a second name is given from a tenth of the change on


def month_name(month: str, beside: str | None = None) -> str:
    """`October 2026`; only `September` beside a month of the same year."""
    name = MONTH_NAMES[int(month[5:]) - 1]
    return name if beside and beside[:4] == month[:4] else f"{name} {month[:4]}"


def days_in(month: str) -> int:
    """Calendar days of a `YYYY-MM` month."""
    return monthrange(int(month[:4]), int(month[5:]))[1]


def compared_with(report: MonthlyInput) -> str:
    """What a change is measured against: `September`, or in an open month `the first 17 days of October`."""
    name = month_name(report.month_before, beside=report.month)
    days = report.summary.previous_days
    if report.summary.is_complete or days is None or days >= days_in(report.month_before):
        return name
    return f"the first {days} days of {name}" if days > 1 else f"the first day of {name}"


def in_text(name: str) -> str:
    """A name as it stands in a sentence or a title."""
    return shortened(name, NAME_IN_TEXT)


def unbroken(text: str) -> str:
    """The text with each sign joined to its amount, so that no line ends between them."""
    return text.replace("+", "+\u2060").replace("−", "−\u2060")


def headline_sentence(report: MonthlyInput, money: MoneyFormat) -> str:
    """What was spent, how that differs from the month before, per day too, and what explains it."""
    summary = report.summary
    if not summary.is_complete:
        return _open_month(report, money)
    if report.previous is None or summary.previous_cost is None or summary.delta_cost is None:
        return _first_month(report, money)
    return " ".join(
        part
        for part in (
            _comparison(summary, report.previous, money),
            _per_day(summary, report.previous, money),
            _drivers(report, money),
        )
        if part
    )


@dataclass(frozen=True)
class Contribution:
    """One project's part in the change of the month."""

    name: str
    amount: Decimal
    project_id: str | None


def project_contributions(movers: Sequence[MoverRow]) -> tuple[Contribution, ...]:
    """The change per project: mover rows of one project put together, by name."""
    grouped: dict[tuple[str, str | None], list[Decimal]] = defaultdict(list)
    for row in movers:
        grouped[row.project_name or row.project_id or NO_PROJECT, row.project_id].append(row.delta_cost)
    parts = (Contribution(name, total(amounts), key) for (name, key), amounts in grouped.items())
    return tuple(sorted(parts, key=lambda part: (part.name, part.project_id or "")))


def _spent(summary: SummaryRow, money: MoneyFormat) -> str:
    month = month_name(summary.billing_month)
    if summary.billed_cost < 0:
        return f"Credits exceeded charges in {month}: the month comes to {money.headline(summary.billed_cost)}"
    return f"You spent {money.headline(summary.billed_cost)} in {month}"


def _comparison(summary: SummaryRow, previous: SummaryRow, money: MoneyFormat) -> str:
    before = month_name(previous.billing_month, beside=summary.billing_month)
    delta, base = summary.delta_cost, summary.previous_cost
    assert delta is not None
    assert base is not None
    if delta == 0:
        return f"{_spent(summary, money)}, exactly as much as in {before}."
    ratio = money.change_ratio(delta, base)
    if base > 0 and is_flat(divided(delta, base)):
        change = f"{money.signed_headline(delta)}, {ratio}"
        return f"{_spent(summary, money)}, about the same as in {before} ({change})."
    word = "more" if delta > 0 else "less"
    note = f" ({ratio})" if ratio[-1] == "%" else ""
    return f"{_spent(summary, money)}, {money.headline(abs(delta))} {word} than in {before}{note}."


def _per_day(summary: SummaryRow, previous: SummaryRow, money: MoneyFormat) -> str:
    """Said only where the months differ in days: there the total says less than the day does."""
    before_days = summary.previous_days or previous.charged_days
    more = summary.charged_days - before_days
    ratio = summary.delta_per_day_ratio
    if more == 0 or ratio is None:
        return ""
    this = month_name(summary.billing_month, beside=summary.billing_month)
    other = month_name(previous.billing_month, beside=summary.billing_month)
    whole = summary.charged_days == days_in(summary.billing_month)
    if whole and before_days == days_in(previous.billing_month):
        size = "a day" if abs(more) == 1 else f"{abs(more)} days"
        reason = f"since {this} has {size} {'more' if more > 0 else 'fewer'}"
    else:
        reason = f"since {this} has {summary.charged_days} days with charges and {other} {before_days}"
    shown = percent(ratio, money.locale, plus=True)
    return f"Per day it is {'the same' if shown == percent(Decimal(0), money.locale) else shown}, {reason}."


def _drivers(report: MonthlyInput, money: MoneyFormat) -> str:
    """The one or two projects that moved most in the direction of the total."""
    delta, base = report.summary.delta_cost, report.summary.previous_cost
    if not delta or (base and base > 0 and is_flat(divided(delta, base))):
        return ""
    size = abs(delta)
    moved = [(abs(part.amount), part.name) for part in project_contributions(report.movers) if part.amount * delta > 0]
    moved.sort(key=lambda part: (-part[0], part[1]))
    moved = [part for i, part in enumerate(moved[:2]) if i == 0 or part[0] >= SECOND_DRIVER * size]
    if not moved:
        return ""
    together = total(amount for amount, _ in moved)
    share = divided(together, size)
    who, word = " and ".join(in_text(name) for _, name in moved), "increase" if delta > 0 else "decrease"
    if share > 1:
        verb = ("rose" if delta > 0 else "fell") + " by "
        back = "fell" if delta > 0 else "rose"
        amount = money.headline(together) + (" together" if len(moved) > 1 else "")
        return f"{who} {verb}{amount}, more than the whole {word}; others {back}."
    return f"{who} {'explain' if len(moved) > 1 else 'explains'} {_share(share, money)} of the {word}."


def _share(share: Decimal, money: MoneyFormat) -> str:
    """A share in running text carries no decimals, and says 100 % only when it is exactly so."""
    if share < Decimal("0.01"):
        return percent(share, money.locale)
    return percent(share if share == 1 else min(share, Decimal("0.99")), money.locale, decimals=0)


def _first_month(report: MonthlyInput, money: MoneyFormat) -> str:
    summary = report.summary
    if summary.billed_cost == 0:
        return f"Nothing was charged in {month_name(summary.billing_month)}."
    text = f"{_spent(summary, money)}; there is no month before it to compare with."
    if summary.cost_per_day is not None:
        text += f" That is {money.headline(summary.cost_per_day)} per day."
    return text


def _open_month(report: MonthlyInput, money: MoneyFormat) -> str:
    """A part of a month is never compared with a whole one: only the cost of a day is."""
    summary, days = report.summary, days_in(report.month)
    window = f"month to date, {summary.charged_days} of {days} days"
    text = f"{_spent(summary, money)} so far ({window})."
    if summary.cost_per_day is None:
        return text
    text += f" That is {money.headline(summary.cost_per_day)} per day"
    ratio = summary.delta_per_day_ratio
    if ratio is None or report.previous is None or summary.delta_cost_per_day is None:
        return text + "."
    name = compared_with(report)
    if is_flat(ratio):
        return text + f", about the same as in {name} ({percent(ratio, money.locale, plus=True)})."
    word = "more" if ratio > 0 else "less"
    gap = money.headline(abs(summary.delta_cost_per_day))
    return text + f", {gap} {word} than in {name} ({percent(ratio, money.locale, plus=True)})."
