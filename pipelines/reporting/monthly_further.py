"""Further ahead than the month, and how good such forecasts were."""

from datetime import date
from decimal import Decimal

from pipelines.reporting.display import Cell, Column, Line, Table, amount, name, text, trace, traced
from pipelines.reporting.folding import largest, remainder
from pipelines.reporting.money import NOTHING, MoneyFormat, count, percent
from pipelines.reporting.outlook_rows import AccuracyRow, ForecastRow, Outlook
from pipelines.reporting.sentence import month_name

MOST_PROJECTS = 12
_TARGETS = {"day 1": "1 day ahead", "day 7": "7 days ahead", "day 30": "30 days ahead"}
_UNKNOWN = Cell(NOTHING, tone="quiet")


def later_table(outlook: Outlook, money: MoneyFormat) -> Table:
    """Next month and next quarter, per project and in total, with their bands."""
    months, quarters = outlook.of("project", "next_month"), outlook.of("project", "next_quarter")
    of_quarter = {(row.project_id, row.project_name): row for row in quarters}
    folded = largest(months, lambda row: row.expected_cost, MOST_PROJECTS)
    lines = [
        _later_line(row, of_quarter.get((row.project_id, row.project_name)), row.project_name or "no project", money)
        for row in folded.shown
    ]
    month, quarter = outlook.whole("next_month"), outlook.whole("next_quarter")
    if month is None or quarter is None:
        return Table("later", "", (), ())
    rest = [
        remainder(whole.expected_cost, [row.expected_cost for row in rows if row is not None], money)
        for whole, rows in (
            (month, list(folded.shown)),
            (quarter, [of_quarter.get((row.project_id, row.project_name)) for row in folded.shown]),
        )
    ]
    if folded.folded or any(rest):
        label = f"… and {count(len(folded.folded))} more" if folded.folded else "… rounding"
        cells = (Cell(money.exact(rest[0])), text(""), Cell(money.exact(rest[1])), text(""))
        lines.append(Line((text(label), *cells), trace(month), kind="fold"))
    total = _later_line(month, quarter, "Total", money)
    lines.append(Line(total.cells, trace(month), kind="total"))
    band = f"{month.interval_percent} % between"
    columns = (
        Column("Project", numeric=False),
        Column(month_name(f"{month.period_start:%Y-%m}"), lead=True),
        Column(band),
        Column(_quarter(quarter.period_start)),
        Column(band),
    )
    return Table("later", "Next month and next quarter", columns, tuple(lines))


def _later_line(row: ForecastRow, quarter: ForecastRow | None, label: str, money: MoneyFormat) -> Line:
    cells = [name(label)]
    for each in (row, quarter):
        band = _UNKNOWN if each is None else band_cell(each.low_cost, each.high_cost, money)
        source = None if each in (None, row) else trace(each)
        cost = amount(None if each is None else each.expected_cost, money)
        cells += [traced(cost, source), traced(band, source)]
    return Line(tuple(cells), trace(row))


def band_cell(low: Decimal | None, high: Decimal | None, money: MoneyFormat) -> Cell:
    """The interval; one without any width comes from forecasts that were exact so far."""
    if low is None or high is None:
        return Cell("not measured", tone="quiet")
    if money.rounded(low) == money.rounded(high):
        return Cell("exact so far", tone="quiet")
    return Cell(f"{money.headline(low)} – {money.headline(high)}")


def changes_table(outlook: Outlook, money: MoneyFormat) -> Table | None:
    """What is known to change and what it does to each period; None where nothing is known."""
    whole = [outlook.whole(period) for period in ("month_end", "next_month", "next_quarter")]
    rows = {
        row.period: {each.known_change: each for each in outlook.of("known_change", row.period)} for row in whole if row
    }
    first = next(iter(rows.values()), {})
    if not first:
        return None
    ranked = sorted(first.values(), key=lambda row: -max(abs(_effect(rows, row, period)) for period in rows))
    folded = largest(ranked, lambda row: max(abs(_effect(rows, row, period)) for period in rows), MOST_PROJECTS)
    lines = [
        Line(
            (
                name(row.known_change or "", note="; ".join(each for each in (row.method, row.reason) if each)),
                *(Cell(money.signed(_effect(rows, row, period))) for period in rows),
            ),
            trace(row),
        )
        for row in folded.shown
    ]
    source = next(trace(row) for row in whole if row)
    totals = {row.period: row.known_changes_cost or Decimal(0) for row in whole if row}
    rest = [remainder(totals[period], [_effect(rows, row, period) for row in folded.shown], money) for period in totals]
    if folded.folded or any(rest):
        label = f"… and {count(len(folded.folded))} more" if folded.folded else "… rounding"
        lines.append(Line((text(label), *(Cell(money.signed(each)) for each in rest)), source, kind="fold"))
    lines.append(Line((text("Total"), *(Cell(money.signed(each)) for each in totals.values())), source, kind="total"))
    titles = {"next_quarter": _quarter}
    columns = (
        Column("What is known to change", numeric=False),
        *(
            Column(
                titles[row.period](row.period_start)
                if row.period in titles
                else month_name(f"{row.period_start:%Y-%m}")
            )
            for row in whole
            if row
        ),
    )
    return Table("known-changes", "Known changes, in the figures above", columns, tuple(lines))


def _effect(rows: dict[str, dict[str | None, ForecastRow]], row: ForecastRow, period: str) -> Decimal:
    found = rows[period].get(row.known_change)
    return Decimal(0) if found is None else found.expected_cost


def _quarter(start: date) -> str:
    return f"Q{(start.month - 1) // 3 + 1} {start.year}"


def accuracy_table(outlook: Outlook, whole: ForecastRow, money: MoneyFormat) -> Table:
    """The organisation's back-test: errors of forecasts made as of earlier days."""
    titles = _TARGETS | {
        "month_end": f"rest of the month ({(whole.period_end - whole.known_until).days} days)",
        "next_month": "next month",
        "next_quarter": "next quarter",
    }
    rows = {row.target: row for row in outlook.accuracy if row.level == "organization"}
    lines = [_accuracy_line(rows[target], title, money) for target, title in titles.items() if target in rows]
    columns = (
        Column("Forecasts of", numeric=False),
        Column("Error", lead=True),
        *(Column(label) for label in ("Bias", f"In the {whole.interval_percent} % band", "Run-rate's error")),
        *(Column(label) for label in ("Last week's error", "How many")),
    )
    caption = "How good such forecasts were, made as of earlier days"
    return Table("accuracy", caption, columns, tuple(lines), empty="No forecast of this length has an outcome yet.")


def _accuracy_line(row: AccuracyRow, title: str, money: MoneyFormat) -> Line:
    def shown(value: float | None, *, plus: bool = False) -> Cell:
        if value is None:
            return _UNKNOWN
        return Cell(percent(Decimal(repr(value)), money.locale, plus=plus))

    note = row.reason or ("" if row.beats_naive else "no better than the last week again")
    cells = (
        text(title, note=note),
        shown(row.wape),
        shown(row.bias, plus=True),
        shown(row.coverage),
        shown(row.run_rate_wape),
        shown(row.seasonal_naive_wape),
        Cell(count(row.forecasts, money.locale)),
    )
    return Line(cells, trace(row))
