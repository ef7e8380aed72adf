"""The findings about what is to come: forecasts beside the simple ones, budgets, vouchers, what ends."""

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pipelines.reporting.display import Table
from pipelines.reporting.figures import CATEGORY_COLOURS, REST_COLOUR
from pipelines.reporting.money import percent
from pipelines.reporting.monthly_further import accuracy_table, later_table
from pipelines.reporting.monthly_outlook import outlook_block
from pipelines.reporting.monthly_outlook_tiles import known_days
from pipelines.reporting.notebook_budgets import newest_of_each_month
from pipelines.reporting.notebook_charts import Path, Span, path_figure, span_figure
from pipelines.reporting.notebook_page import Facts, Finding, chart_of, finding_of
from pipelines.reporting.notebook_share_charts import grouped_figure
from pipelines.reporting.notebook_view import View
from pipelines.reporting.outlook_rows import ForecastRow
from pipelines.reporting.sentence import month_name

if TYPE_CHECKING:
    import polars as pl

_RUN_RATE, _LAST_WEEK = ("at the rate so far", CATEGORY_COLOURS[1]), ("the last week again", CATEGORY_COLOURS[2])
_EXPECTED = ("forecast", CATEGORY_COLOURS[0])
_MONTHS = ("month_end", "next_month")
_TARGETS = {
    "day 1": "1 day",
    "day 7": "7 days",
    "day 30": "30 days",
    "month_end": "Month end",
    "next_month": "Next month",
    "next_quarter": "Next quarter",
}
_NO_TABLE = Table("chart", "", (), ())


def expected(forecasts: "pl.DataFrame", budgets: "pl.DataFrame", view: View) -> Finding:
    """Where month, next month and next quarter end, beside the simple forecasts: gold.forecasts with gold.budgets."""
    report = view.with_rows(forecasts=_newest(forecasts, view, "made_on"), budgets=newest_of_each_month(budgets))
    outlook, money, source = report.outlook, view.money, view.newest_source("gold.forecasts", "gold.budgets")
    whole = outlook.whole("month_end") if outlook else None
    if outlook is None or whole is None:
        return Finding("No forecast has been made; `finops run` makes one of every lake with charges", source, {})
    month = month_name(f"{whole.period_start:%Y-%m}")
    title = f"{month} is expected to end at {money.headline(whole.expected_cost)}"
    if whole.low_cost is not None and whole.high_cost is not None:
        title += f", between {money.headline(whole.low_cost)} and {money.headline(whole.high_cost)}"
        title += f" in {whole.interval_percent} % of cases"
    spans = [_span(row) for row in map(outlook.whole, _MONTHS) if row is not None]
    figure = span_figure(spans, (_RUN_RATE, _LAST_WEEK), money)
    chart = chart_of("expected", title, source, figure, _NO_TABLE, _EXPECTED, _RUN_RATE, _LAST_WEEK)
    block = outlook_block(report, money)
    tables = (block.projects, later_table(outlook, money)) if block else ()
    facts: Facts = {
        "known_cost": whole.known_cost,
        "expected_cost": whole.expected_cost,
        "low_cost": whole.low_cost,
        "high_cost": whole.high_cost,
    }
    return finding_of(
        chart, facts, *tables, notes=(f"{known_days(whole).capitalize()}.", *(block.notes if block else ()))
    )


def _span(row: ForecastRow) -> Span:
    simple = ((_RUN_RATE[0], row.run_rate_cost), (_LAST_WEEK[0], row.seasonal_naive_cost))
    marks = tuple((called, value) for called, value in simple if value is not None)
    low = row.expected_cost if row.low_cost is None else row.low_cost
    high = row.expected_cost if row.high_cost is None else row.high_cost
    return Span(month_name(f"{row.period_start:%Y-%m}"), low, row.expected_cost, high, marks)


def day_by_day(days: "pl.DataFrame", costs: "pl.DataFrame", view: View) -> Finding:
    """The days to come beside those before: the organisation's rows of gold.forecast_days, and sums by charge_date."""
    newest = _newest(days, view, "made_on").sort("charge_date").to_dicts()
    rows = [row for row in newest if row["level"] == "organization"]
    source, money = view.newest_source("gold.forecast_days", "gold.daily_costs"), view.money
    if not rows:
        return Finding("No day to come has a forecast", source, {})
    known = {
        row["charge_date"]: row["billed_cost"] for row in costs.to_dicts() if row["billing_currency"] == view.currency
    }
    past = sorted(day for day in known if day < rows[0]["known_until"])[-len(rows) :]
    dearest, cheapest = max(rows, key=_of_day), min(rows, key=_of_day)
    title = (
        f"A day to come is expected to cost between {money.headline(cheapest['expected_cost'])} ({_day(cheapest)}) "
        f"and {money.headline(dearest['expected_cost'])} ({_day(dearest)})"
    )
    dates = [row["charge_date"] for row in rows]
    paths = (
        Path("known", past, [known[day] for day in past], REST_COLOUR),
        Path("forecast", dates, [row["expected_cost"] for row in rows], CATEGORY_COLOURS[0]),
        Path(_LAST_WEEK[0], dates, [row["seasonal_naive_cost"] for row in rows], _LAST_WEEK[1], "dot"),
    )
    bound = [row for row in rows if row["low_cost"] is not None and row["high_cost"] is not None]
    band_days, low, high = ([row[each] for row in bound] for each in ("charge_date", "low_cost", "high_cost"))
    legend = ((path.name, path.colour) for path in paths)
    chart = chart_of("days", title, source, path_figure(paths, (band_days, low, high), money), _NO_TABLE, *legend)
    facts: Facts = {"days": len(rows), "first_day": f"{dates[0]}", "expected_cost": rows[0]["expected_cost"]}
    return finding_of(chart, facts)


def _of_day(row: Mapping[str, Any]) -> Decimal:
    return Decimal(row["expected_cost"])


def _day(row: Mapping[str, Any]) -> str:
    return f"{row['charge_date'].day} {row['charge_date']:%b}"


def accurate(accuracy: "pl.DataFrame", forecasts: "pl.DataFrame", view: View) -> Finding:
    """How good such forecasts were, beside the simple ones: gold.forecast_accuracy of the organisation."""
    report = view.with_rows(
        forecasts=_newest(forecasts, view, "made_on"), forecast_accuracy=accuracy.filter(level="organization")
    )
    outlook, source = report.outlook, view.newest_source("gold.forecast_accuracy")
    whole = outlook.whole("month_end") if outlook else None
    rows = {row.target: row for row in outlook.accuracy if row.level == "organization"} if outlook else {}
    shown = [rows[target] for target in _TARGETS if target in rows and rows[target].wape is not None]
    if outlook is None or whole is None or not shown:
        return Finding("No forecast has an outcome yet to be measured against", source, {})
    judged = next((row for row in shown if row.target == "month_end"), shown[0])
    locale = view.money.locale
    title = (
        f"Forecasts of the {_TARGETS[judged.target].lower()} were off by {_share(judged.wape, locale)}; "
        f"the rate so far by {_share(judged.run_rate_wape, locale)}, "
        f"the last week again by {_share(judged.seasonal_naive_wape, locale)}"
    )
    series = [
        (_EXPECTED[0], [_decimal(row.wape) for row in shown], _EXPECTED[1]),
        (_RUN_RATE[0], [_decimal(row.run_rate_wape) for row in shown], _RUN_RATE[1]),
        (_LAST_WEEK[0], [_decimal(row.seasonal_naive_wape) for row in shown], _LAST_WEEK[1]),
    ]
    figure = grouped_figure([_TARGETS[row.target] for row in shown], series, locale)
    chart = chart_of("accurate", title, source, figure, _NO_TABLE, _EXPECTED, _RUN_RATE, _LAST_WEEK)
    note = "The error is the sum of absolute errors over the sum of what came; the bars show it, lower is better."
    facts: Facts = {"target": judged.target, "wape": repr(judged.wape), "forecasts": judged.forecasts}
    return finding_of(chart, facts, accuracy_table(outlook, whole, view.money), notes=(note,))


def _newest(frame: "pl.DataFrame", view: View, column: str) -> "pl.DataFrame":
    found = frame.filter(billing_currency=view.currency)
    return found.filter(found[column] == found[column].max()) if found.height else found


def _decimal(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(repr(value))


def _share(value: float | None, locale: str) -> str:
    return "an unknown share" if value is None else percent(_decimal(value), locale)
