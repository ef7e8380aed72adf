"""Why the month cost more or less: the causes of the whole change as a waterfall, in euros and in euros per day."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from pipelines.reporting.display import Cell, Chart, Column, Line, Table, Trace, change, effect, text, trace
from pipelines.reporting.figures import bridge_figure, script_json
from pipelines.reporting.folding import cents_adding_up, shortened
from pipelines.reporting.money import MoneyFormat, count, total
from pipelines.reporting.monthly_charts import is_comparable
from pipelines.reporting.monthly_facts import data_until
from pipelines.reporting.monthly_rows import MonthlyInput, MoverRow
from pipelines.reporting.sentence import compared_with, month_name

MEANINGS = {
    "Price": "the unit prices that were paid",
    "Volume": "more or less in use; in euros a longer month too",
    "Mix": "dearer or cheaper kinds of the same thing",
    "Efficiency": "more or less used for each request",
    "New": "what was not there before",
    "Gone": "what is not there any more",
    "Other": "no price is known, so price and usage cannot be told apart",
}
"""What each cause stands for; the last takes up all that has no other."""

_LEADING = 2
_LONGEST_REASON = 140


def causes_chart(report: MonthlyInput, money: MoneyFormat) -> Chart | None:
    """From nothing to the total change, cause by cause; a cause without an amount has no bar."""
    if not is_comparable(report) or report.summary.delta_cost is None:
        return None
    causes = dict(zip(MEANINGS, _causes(report), strict=True))
    bars = [(name, amount) for name, amount in causes.items() if money.rounded(amount)]
    figure = bridge_figure(bars, ("Total change", report.summary.delta_cost), money)
    source = f"Source: gold.total_bridge · {report.currency} · data until {data_until(report)}, UTC"
    return Chart(
        "causes",
        _title(bars, report, money),
        source,
        script_json(figure),
        int(figure.layout.height),
        causes_table(report, money),
    )


def causes_table(report: MonthlyInput, money: MoneyFormat) -> Table:
    """The causes with what each means; both columns add up to the cent."""
    whole, per_day = report.summary.delta_cost or Decimal(0), report.summary.delta_cost_per_day
    amounts = _causes(report)
    by_day = [total(parts) for parts in zip(*(row.effects_per_day() for row in report.movers), strict=True)]
    cents = cents_adding_up(amounts, whole, money)
    day_cents = cents_adding_up(by_day, total(by_day), money)
    source = Trace(MoverRow.TABLE, (("billing_month", report.month), ("billing_currency", report.currency)))
    lines = []
    for name, amount, day in zip(MEANINGS, cents, day_cents, strict=True):
        if amount or day:
            note = MEANINGS[name] if name != "Other" else _why_other(report) or MEANINGS[name]
            lines.append(Line((text(name, note=note), effect(amount, money), effect(day, money)), source))
    day_total = change(per_day, money) if per_day is not None else Cell(money.signed(total(by_day)))
    lines.append(Line((text("Total change"), change(whole, money), day_total), trace(report.summary), kind="total"))
    columns = (Column("Cause", numeric=False), Column("Change", lead=True), Column("Per day"))
    return Table("causes", f"Causes of the change against {compared_with(report)}", columns, tuple(lines))


def _causes(report: MonthlyInput) -> list[Decimal]:
    """Amounts in the order of MEANINGS; a change that no row explains is in the last."""
    amounts = [total(parts) for parts in zip(*(row.effects() for row in report.movers), strict=True)]
    whole = report.summary.delta_cost or Decimal(0)
    amounts[-1] = total((amounts[-1], whole, -total(amounts)))
    return amounts


def _why_other(report: MonthlyInput) -> str:
    """The reasons of the changes that could not be split, the most frequent first."""
    found = Counter(reason for row in report.movers if row.not_separable_effect for reason in _reasons(row.reason))
    told = [
        f"{reason} ({count(number)})" for reason, number in sorted(found.items(), key=lambda one: (-one[1], one[0]))
    ]
    return shortened("; ".join(told), _LONGEST_REASON)


def _reasons(reason: str | None) -> Sequence[str]:
    return reason.split("; ") if reason else ()


def _unbroken(amount: str) -> str:
    """With its sign joined to it, so that no line ends between them."""
    return f"{amount[:1]}\u2060{amount[1:]}"


def _title(bars: Sequence[tuple[str, Decimal]], report: MonthlyInput, money: MoneyFormat) -> str:
    """The largest causes by name, whichever way they point."""
    month = month_name(report.month, beside=report.month) + ("" if report.summary.is_complete else " so far")
    if not bars:
        return f"{month}: nothing changed against {compared_with(report)}"
    leading = sorted(bars, key=lambda bar: (-abs(bar[1]), bar[0]))[:_LEADING]
    words = " and ".join(f"{name.lower()} {_unbroken(money.signed_headline(amount))}" for name, amount in leading)
    return f"{month} against {compared_with(report)}: mostly {words}"
