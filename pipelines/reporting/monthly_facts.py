"""The key figures and the trust strip of the monthly report."""

from datetime import timedelta
from decimal import Decimal

from pipelines.reporting.display import Command, Fact, Tile, Trace, sentence_case, trace
from pipelines.reporting.money import NOTHING, MoneyFormat, arrow, count, percent, total
from pipelines.reporting.monthly_advice import saving_tile
from pipelines.reporting.monthly_outlook_tiles import budget_tile, forecast_tile
from pipelines.reporting.monthly_rows import MonthlyInput
from pipelines.reporting.sentence import compared_with, days_in, month_name


def status(report: MonthlyInput) -> tuple[str, str]:
    """The state of the month's figures in a word or two, and a sentence for it."""
    summary = report.summary
    state = summary.invoice_state or "not issued yet"
    if not summary.is_complete:
        return "Month to date", f"{summary.charged_days} of {days_in(report.month)} days; charges still arrive."
    if summary.is_final:
        return "Final", f"The invoice is {state}."
    return "Preliminary", f"The month is over, its invoice is {state}; figures can still change."


def tiles(report: MonthlyInput, money: MoneyFormat) -> tuple[Tile, ...]:
    """Six figures, and where there are any budget, forecast and savings, each with its basis and its period."""
    return (
        *_cost_tiles(report, money),
        *(tile for tile in (budget_tile(report, money), forecast_tile(report, money)) if tile),
        _change_tile(report, money),
        _year_tile(report, money),
        _invoice_tile(report, money),
        _owner_tile(report, money),
        *(tile for tile in (saving_tile(report, money),) if tile),
    )


def _cost_tiles(report: MonthlyInput, money: MoneyFormat) -> tuple[Tile, Tile]:
    summary, source = report.summary, trace(report.summary)
    name = month_name(report.month)
    days = f"{summary.charged_days} of {days_in(report.month)} days"
    period = name if summary.is_complete else f"{name}, {days}"
    before = summary.previous_cost_per_day
    day = money.headline(summary.cost_per_day) if summary.cost_per_day is not None else NOTHING
    detail = f"{money.headline(before)} the month before" if before is not None else "no month before"
    return (
        Tile("Actual cost", money.headline(summary.billed_cost), sentence_case(report.headline_basis), period, source),
        Tile("Per day", day, detail, f"{name}, {days}", source),
    )


def _change_tile(report: MonthlyInput, money: MoneyFormat) -> Tile:
    """In an open month the change of the day stands in for that of the month."""
    summary, before = report.summary, report.previous
    open_month = not summary.is_complete
    delta = summary.delta_cost_per_day if open_month else summary.delta_cost
    base = summary.previous_cost_per_day if open_month else summary.previous_cost
    label = "Vs previous, per day" if open_month else "Vs previous month"
    if delta is None or before is None:
        return Tile(label, NOTHING, "no month before", month_name(report.month), trace(summary))
    detail = f"{money.change_ratio(delta, base)} {arrow(delta)}"
    if not open_month and summary.delta_per_day_ratio is not None:
        detail += f", per day {percent(summary.delta_per_day_ratio, money.locale, plus=True)}"
    tone = "more" if delta > 0 else "less" if delta < 0 else ""
    period = f"{month_name(report.month)} against {compared_with(report)}"
    return Tile(label, money.signed_headline(delta), detail, period, trace(summary), tone)


def _year_tile(report: MonthlyInput, money: MoneyFormat) -> Tile:
    summary = report.summary
    first = f"{report.month[:4]}-01"
    name = month_name(report.month)
    known = summary.year_known_from
    first = max(first, f"{known:%Y-%m}") if known else first
    period = name if report.month == first else f"{month_name(first, beside=report.month)} to {name}"
    value = money.headline(summary.year_to_date_cost) if summary.year_to_date_cost is not None else NOTHING
    return Tile("Year to date", value, "Calendar year, UTC", period, trace(summary))


def _invoice_tile(report: MonthlyInput, money: MoneyFormat) -> Tile:
    fact, row = invoice_fact(report, money), report.invoice
    source = fact.trace or Trace("gold.invoice_reconciliation", ())
    detail = "no invoice yet"
    if row and fact.state != "quiet":
        detail = f"Consumption − invoice, {'reconciled to the cent' if fact.state == 'good' else 'not reconciled'}"
    if row and row.alarms:
        detail += f"; {count(row.alarms)} {'alarm' if row.alarms == 1 else 'alarms'}"
    tone = "finding" if fact.state == "finding" else ""
    return Tile("Vs invoice", fact.value, detail, month_name(report.month), source, tone)


def _owner_tile(report: MonthlyInput, money: MoneyFormat) -> Tile:
    row = next((row for row in report.coverage if row.label == "owner"), None)
    name = month_name(report.month)
    if row is None:
        value = percent(report.summary.owned_cost_ratio, money.locale)
        return Tile("Cost with an owner", value, "of cost", name, trace(report.summary))
    by_count = f"of cost; {percent(row.resource_coverage, money.locale)} of resources"
    detail = f"{by_count} ({count(row.labelled_resources)} of {count(row.total_resources)})"
    return Tile("Has an owner", percent(row.cost_coverage, money.locale), detail, name, trace(row))


def trust_strip(report: MonthlyInput, money: MoneyFormat) -> tuple[Fact, ...]:
    """What a reader needs to know before believing a figure."""
    return (
        data_until_fact(report),
        _last_answer_fact(report),
        invoice_fact(report, money),
        _residual_fact(report, money),
        _alarm_fact(report),
        _checks_fact(report),
    )


def data_until(report: MonthlyInput) -> str:
    """The last day whose charges are in, in words; the table's date is exclusive."""
    until = report.summary.charges_until
    if until is None:
        return "unknown"
    last = until - timedelta(days=1)
    return f"{last.day} {month_name(f'{last:%Y-%m}')}"


def data_until_fact(report: MonthlyInput) -> Fact:
    known = report.summary.charges_until is not None
    return Fact(
        "Data until", data_until(report), "end of day, UTC", "good" if known else "finding", trace(report.summary)
    )


def _last_answer_fact(report: MonthlyInput) -> Fact:
    answered = [row for row in report.freshness if row.last_answer_at]
    if not answered:
        return Fact("Last answer", NOTHING, "no source has answered", "finding")
    # of sources that answered in the same run, the bill is the one to name
    newest = max(answered, key=lambda row: (row.last_answer_at or report.as_of, row.source.startswith("billing")))
    assert newest.last_answer_at is not None
    when = f"{newest.last_answer_at:%Y-%m-%d %H:%M} UTC"
    return Fact("Last answer", when, f"from {newest.source}", "good", trace(newest))


def invoice_fact(report: MonthlyInput, money: MoneyFormat) -> Fact:
    """Consumption against the invoice; before there is one, that it is awaited."""
    row, label = report.invoice, "Consumption − invoice"
    if row is None:
        return Fact(label, NOTHING, "nothing to compare yet", "quiet")
    if row.invoiced_cost is None or row.consumption_residual is None:
        consumed = money.headline(row.consumed_cost) if row.consumed_cost is not None else NOTHING
        return Fact(label, NOTHING, f"no invoice yet; consumption is {consumed}", "quiet", trace(row))
    equal = money.rounded(row.consumption_residual) == 0
    detail = f"invoice {row.invoice_state or 'without state'}, {money.exact(row.invoiced_cost)} before discounts"
    detail += ", equal to the cent" if equal else ", not equal"
    return Fact(label, money.exact(row.consumption_residual), detail, "good" if equal else "finding", trace(row))


def _residual_fact(report: MonthlyInput, money: MoneyFormat) -> Fact:
    rows = [row for row in report.residuals if row.residual]
    whole = total(row.residual or Decimal(0) for row in rows)
    unexplained = [row for row in rows if row.is_alarm or not row.explanation]
    label, source = "Consumption − charges", Trace("gold.reconciliation", (("billing_month", report.month),))
    if not report.residuals:
        return Fact(label, NOTHING, "nothing to compare yet", "quiet", source)
    if unexplained:
        value = money.exact(total(row.residual or Decimal(0) for row in unexplained))
        return Fact(label, money.exact(whole), f"{value} of it not explained", "finding", source)
    detail = f"explained on all {count(len(rows))} differing lines" if rows else "equal on every line"
    return Fact(label, money.exact(whole), detail, "good", source)


def _alarm_fact(report: MonthlyInput) -> Fact:
    listed = sum(row.is_alarm for row in report.residuals)
    alarms = report.invoice.alarms if report.invoice else listed
    detail = "reconciliation lines beyond tolerance"
    if report.invoice is None and not report.residuals:
        return Fact("Alarms", NOTHING, "nothing to compare yet", "quiet")
    source = Trace("gold.reconciliation", (("billing_month", report.month),))
    return Fact("Alarms", count(alarms), detail, "finding" if alarms else "good", source)


def _checks_fact(report: MonthlyInput) -> Fact:
    failed = report.checks_failed
    detail = ", ".join(f"{check.check_name} on {check.table_name}" for check in failed) or "all checks passed"
    return Fact(
        "Failed checks", count(len(failed)), detail, "finding" if failed else "good", Command("finops report quality")
    )
