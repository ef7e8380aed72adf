"""The findings about units: what one costs over time and why, what is not known, what is fixed."""

from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pipelines.reporting.display import Cell, Column, Line, Table, name, text
from pipelines.reporting.figures import CATEGORY_COLOURS, LESS_COLOUR, MORE_COLOUR, REST_COLOUR
from pipelines.reporting.folding import largest
from pipelines.reporting.kpi_cells import coverage
from pipelines.reporting.kpi_figures import unit_cost_figure
from pipelines.reporting.kpi_rows import KpiMonth, KpiRow, change_ratio, kpi_month, previous_month, product_of
from pipelines.reporting.kpi_words import amount_shown, three_digits
from pipelines.reporting.money import MINUS, NOTHING, MoneyFormat, count, percent, total
from pipelines.reporting.monthly_input import typed
from pipelines.reporting.monthly_unit_costs import production_requests, units_table
from pipelines.reporting.notebook_charts import point_figure, ranked_figure
from pipelines.reporting.notebook_page import Finding, chart_of, finding_of
from pipelines.reporting.notebook_view import View
from pipelines.reporting.sentence import in_text, month_name

if TYPE_CHECKING:
    import polars as pl

SHOWN = 10
_NO_TABLE = Table("chart", "", (), ())
_NO_DRIVER = "Where one more costs less than its own error, or less than nothing, the units do not drive the cost."
_EFFECTS = ("price", "volume", "mix", "efficiency", "new", "gone", "not_separable")


def units(kpis: "pl.DataFrame", view: View) -> Finding:
    """What a unit of each kind of work cost, with coverage, and the reason where nobody can say: gold.kpis by month."""
    found, source = _kpis(kpis, view), view.source("gold.kpis")
    if found is None:
        return Finding(f"No key figure of {view.name} was worked out", source, {})
    rows = [row for row in found.current if row.kpi.startswith("cost_per")]
    known = [row for row in rows if row.value is not None]
    marked = [row for row in known if row.is_marked]
    title = f"{count(len(known))} of {count(len(rows))} costs of a unit are known"
    title += f"; {count(len(marked))} of them rest on less than 95 % of their cost" if marked else ""
    facts = {"rows": len(rows), "known": len(known), "marked": len(marked)}
    return Finding(title, source, facts, tables=(units_table(found, view.money),))


def over_time(kpis: "pl.DataFrame", view: View, kpi: str = "cost_per_request", scope: str | None = None) -> Finding:
    """One figure month by month; without a scope that of most cost which is known, in production where there is one."""
    found, source = _kpis(kpis, view), view.source(f"gold.kpis, {kpi}")
    rows = found.of(kpi, scope) if found else ()
    known = [row for row in rows if row.value is not None]
    if found is None or not known:
        reason = rows[0].reason if rows else "no such figure"
        return Finding(f"{kpi} is not known in {view.name}: {reason}", source, {})
    row = _largest(found, known)
    history, money = found.history(row), view.money
    change = change_ratio(row, found.before(row))
    title = f"{_one(row.unit)} of {in_text(product_of(row))} cost {amount_shown(row.value, money)}"
    if change is not None:
        before = month_name(previous_month(found.month), beside=found.month)
        title += f", {percent(abs(change), money.locale)} {'more' if change > 0 else 'less'} than in {before}"
    figure = unit_cost_figure([(each.month, each.value, each.is_complete) for each in history], row.unit, money)
    facts = {"scope": row.scope, "value": row.value, "numerator": row.numerator, "denominator": row.denominator}
    return finding_of(chart_of("units", title, source, figure, _NO_TABLE), facts, _history(history, row.unit, money))


def _largest(found: KpiMonth, known: Sequence[KpiRow]) -> KpiRow:
    """In production where there is one."""
    return next((each for each in production_requests(found) if each in known), known[0])


def _one(unit: str) -> str:
    return f"A {unit}" if unit.startswith("thousand") else f"One {unit}"


def _history(history: Sequence[KpiRow], unit: str, money: MoneyFormat) -> Table:
    lines = [
        Line(
            (
                text(month_name(row.month), note="" if row.is_complete else "not complete"),
                Cell(amount_shown(row.value, money), note=row.reason or ""),
                Cell(amount_shown(row.loaded_value, money)),
                Cell(NOTHING if row.numerator is None else money.exact(row.numerator)),
                Cell(three_digits(row.denominator, money.locale), note=row.units_source or ""),
                coverage(row, money),
            )
        )
        for row in history
    ]
    labels = ("Fully loaded", "Cost", "Units", "Cost known")
    columns = (Column("Month", numeric=False), Column("One", lead=True), *(Column(label) for label in labels))
    return Table("history", f"Cost per {unit}", columns, tuple(lines))


def unknown(kpis: "pl.DataFrame", view: View) -> Finding:
    """Which figures have no value, and why: the most frequent reason is what to put right first."""
    found, source = _kpis(kpis, view), view.source("gold.kpis")
    rows = [row for row in found.current if row.value is None] if found else []
    every = len(found.current) if found else 0
    facts = {"rows": every, "unknown": len(rows)}
    if not rows:
        return Finding(f"Every one of {count(every)} key figures of {view.name} has a value", source, facts)
    reasons = Counter((row.kpi, row.reason or "no reason was given") for row in rows)
    ranked = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    (kpi, reason), most = ranked[0]
    title = f"{count(len(rows))} of {count(every)} key figures have no value; {count(most)} of {kpi}: {reason}"
    lines = [Line((text(reason, note=kpi), Cell(count(number)))) for (kpi, reason), number in ranked]
    table = Table("unknown", "Reasons", (Column("Why", numeric=False), Column("Figures", lead=True)), tuple(lines))
    return Finding(title, source, facts, tables=(table,))


def fixed_and_marginal(
    drivers: "pl.DataFrame", days: "pl.DataFrame", view: View, kpi: str = "cost_per_request", scope: str | None = None
) -> Finding:
    """What a day costs whatever happens, and one more unit: gold.unit_cost_drivers, with the days of gold.kpis."""
    rows = [row for row in drivers.to_dicts() if row["billing_currency"] == view.currency]
    source, money = view.source("gold.unit_cost_drivers", "gold.kpis"), view.money
    known = [row for row in rows if row["marginal_cost"] is not None]
    table = _drivers(known, money)
    untold = len(rows) - len(known)
    notes = (_NO_DRIVER, *([f"Of {count(untold)} more nothing can be told: {_most_common(rows)}."] if untold else []))
    wanted = [row for row in known if row["kpi"] == kpi and scope in (None, row["scope"])]
    facts: dict[str, Any] = {"rows": len(rows), "known": len(known)}
    if not wanted:
        return Finding(f"What is fixed of {kpi} cannot be told", source, facts, tables=(table,), notes=notes)
    row = max(wanted, key=lambda each: each["r2"] or Decimal(0))
    fixed, marginal = row["fixed_cost_per_day"], row["marginal_cost"]
    title = (
        f"{in_text(row['scope'])} costs {money.headline(fixed)} a day whatever happens, and "
        f"{amount_shown(marginal, money)} (±{amount_shown(row['marginal_cost_error'], money)}) per {row['unit']}; "
        f"that explains {percent(row['r2'], money.locale)} of what its days differ by"
    )
    points = [
        (day["denominator"], day["numerator"])
        for day in days.to_dicts()
        if (day["kpi"], day["scope"], day["billing_currency"]) == (row["kpi"], row["scope"], view.currency)
        and row["first_date"] <= day["period_start"] <= row["last_date"]
        and None not in (day["denominator"], day["numerator"])
    ]
    facts |= {"scope": row["scope"], "fixed_cost_per_day": fixed, "marginal_cost": marginal, "points": len(points)}
    if not points:
        return Finding(title, source, facts, tables=(table,), notes=notes)
    figure = point_figure(points, lambda count_: fixed + marginal * count_, row["unit"], money)
    legend = (("a day", REST_COLOUR), ("fixed + marginal", CATEGORY_COLOURS[0]))
    return finding_of(chart_of("fixed", title, source, figure, _NO_TABLE, *legend), facts, table, notes=notes)


def _drivers(rows: list[dict[str, Any]], money: MoneyFormat) -> Table:
    def both(row: dict[str, Any], column: str, write: Callable[[Decimal], str]) -> Cell:
        error = row[f"{column}_error"]
        return Cell(write(row[column]), note="" if error is None else f"± {write(error)}")

    lines = [
        Line(
            (
                name(row["scope"], note=f"per {row['unit']}"),
                both(row, "fixed_cost_per_day", money.exact),
                both(row, "marginal_cost", lambda each: _signed_unit(each, money)),
                Cell(percent(row["r2"], money.locale)),
                Cell(count(row["days"])),
            )
        )
        for row in sorted(rows, key=lambda row: (-(row["r2"] or Decimal(0)), row["kpi"], row["scope"]))
    ]
    labels = (Column("Fixed a day"), Column("One more", lead=True), Column("Explained"), Column("Days"))
    return Table("drivers", "Fixed and marginal cost", (Column("Of what", numeric=False), *labels), tuple(lines))


def _most_common(rows: list[dict[str, Any]]) -> str:
    return str(Counter(row["reason"] for row in rows if row["marginal_cost"] is None).most_common(1)[0][0])


def why_changed(
    bridge: "pl.DataFrame", kpis: "pl.DataFrame", view: View, kpi: str = "cost_per_request", scope: str | None = None
) -> Finding:
    """Why a figure is another than in the month before, effect by effect: rows of gold.kpi_bridge.

    Without a scope, that of the figure which `over_time` shows, else the first.
    """
    rows = [row for row in bridge.to_dicts() if (row["billing_month"], row["kpi"]) == (view.month, kpi)]
    known = [row for row in rows if row["change"] is not None and row["billing_currency"] == view.currency]
    source, money = view.source(f"gold.kpi_bridge, {kpi}"), view.money
    chosen = scope or _same_scope(_kpis(kpis, view), kpi, sorted({row["scope"] for row in known}))
    parts = [row for row in known if row["scope"] == chosen]
    if not parts:
        reason = next((row["reason"] for row in rows if row["reason"]), "nothing of it is known")
        return Finding(f"The change of {kpi} in {view.name} cannot be split: {reason}", source, {})
    first, unit = parts[0], parts[0]["unit"]
    effects = [(each, total(row[f"{each}_effect"] for row in parts)) for each in _EFFECTS]
    shown = [(each.replace("_", " "), amount) for each, amount in effects if amount]
    whole = total(row["change"] for row in parts)
    before, now = (amount_shown(first[each], money) for each in ("previous_value", "value"))
    title = f"{_one(unit)} of {in_text(str(chosen))} went from {before} to {now}"
    if shown:
        leading = max(shown, key=lambda item: abs(item[1]))
        title += f": {leading[0]} {_signed_unit(leading[1], money, plus=True)}"
    facts = {"scope": chosen, "previous_value": first["previous_value"], "value": first["value"], "change": whole}
    bars = [
        (label, (max(each, Decimal(0)), min(each, Decimal(0)))) for label, each in [*shown, ("total change", whole)]
    ]
    figure = ranked_figure(
        bars, (("more", MORE_COLOUR), ("less", LESS_COLOUR)), lambda each: _signed_unit(each, money, plus=True)
    )
    return finding_of(chart_of("why", title, source, figure, _NO_TABLE), facts, _parts(parts, money))


def _same_scope(found: KpiMonth | None, kpi: str, scopes: Sequence[str]) -> str | None:
    known = [row for row in found.of(kpi) if row.value is not None] if found else []
    wanted = f"product {product_of(_largest(found, known))}" if found and known else None
    return wanted if wanted in scopes else next(iter(scopes), None)


def _parts(rows: list[dict[str, Any]], money: MoneyFormat) -> Table:
    folded = largest(rows, lambda row: abs(row["change"]), SHOWN)
    lines = [
        Line(
            (name(row["item"] or "all", note=row["reason"] or ""), Cell(_signed_unit(row["change"], money, plus=True)))
        )
        for row in folded.shown
    ]
    if folded.folded:
        rest = total(row["change"] for row in folded.folded)
        lines.append(
            Line(
                (text(f"… and {count(len(folded.folded))} more"), Cell(_signed_unit(rest, money, plus=True))),
                kind="fold",
            )
        )
    return Table(
        "parts",
        "Which parts changed most",
        (Column("Part", numeric=False), Column("Change of one", lead=True)),
        tuple(lines),
    )


def _signed_unit(amount: Decimal, money: MoneyFormat, *, plus: bool = False) -> str:
    """Three significant digits with a sign."""
    sign = MINUS if amount < 0 else "+" if plus and amount > 0 else ""
    return sign + amount_shown(abs(amount), money)


def _kpis(kpis: "pl.DataFrame", view: View) -> KpiMonth | None:
    rows = [typed(KpiRow, row) for row in kpis.to_dicts() if row["billing_currency"] in (view.currency, None)]
    return kpi_month(rows, view.month)
