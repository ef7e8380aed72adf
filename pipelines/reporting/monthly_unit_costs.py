"""What a unit of work cost in a month, with the month before; and the dearest tenants."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from pipelines.reporting.display import Cell, Column, Line, Table, name
from pipelines.reporting.kpi_cells import coverage, fold, of_row, reasons, source_of, unknown_line
from pipelines.reporting.kpi_rows import NO_PRODUCT, PRODUCTION, KpiMonth, KpiRow, change_ratio, product_of
from pipelines.reporting.kpi_words import amount_shown, ratio_cell, three_digits
from pipelines.reporting.money import NOTHING, MoneyFormat, count
from pipelines.reporting.sentence import month_name

EACH: Final = 4
"""Scopes of one figure that have a line of their own."""

_COLUMNS: Final = (
    Column("Unit", numeric=False),
    Column("Cost", lead=True),
    *(Column(label) for label in ("Month before", "Change", "Fully loaded", "Units", "Cost known")),
)


@dataclass(frozen=True)
class _Kind:
    """One sort of unit: its rows, what a row is called, words for one and several, and why there may be no row."""

    rows: tuple[KpiRow, ...]
    title: str
    called: Callable[[KpiRow], str]
    words: tuple[str, str]
    without: str


def units_table(kpis: KpiMonth, money: MoneyFormat) -> Table:
    """What one unit of work costs, each with the month before, and the reason where nobody can say."""
    lines = [line for kind in _kinds(kpis) for line in _lines(kind, kpis, money)]
    return Table("unit-costs", f"What a unit cost in {month_name(kpis.month)}", _COLUMNS, tuple(lines))


def _kinds(kpis: KpiMonth) -> tuple[_Kind, ...]:
    def kind(
        rows: tuple[KpiRow, ...], title: str, called: Callable[[KpiRow], str], words: tuple[str, str], without: str
    ) -> _Kind:
        return _Kind(rows, title, lambda row: f"{title}: {called(row)}".removesuffix(f": {NO_PRODUCT}"), words, without)

    tenants, deploys = kpis.of("cost_per_tenant", "all tenants"), kpis.of("cost_per_deploy", "all services")
    return (
        kind(
            production_requests(kpis) or kpis.of("cost_per_request")[:1],
            "Requests",
            product_of,
            ("product", "products"),
            "no product has a label, and no requests are counted",
        ),
        kind(tenants, "Tenant", lambda row: "on average", ("tenant", "tenants"), "no tenant is known"),
        kind(
            kpis.of("cost_per_gb"),
            "Storage",
            lambda row: row.scope.replace(" / ", ", "),
            ("class", "classes"),
            "no capacity was charged",
        ),
        kind(deploys, "Deploy", lambda row: "to production", ("service", "services"), "no deploys are known"),
        kind(
            _jobs(kpis),
            "Job",
            lambda row: row.scope.removeprefix("job "),
            ("job", "jobs"),
            "no runs of jobs are known",
        ),
        kind(
            kpis.of("cost_per_query"),
            "Queries",
            lambda row: row.scope,
            ("service", "services"),
            "no numbers of queries were imported",
        ),
    )


def production_requests(kpis: KpiMonth) -> tuple[KpiRow, ...]:
    """Those of a known product in production."""
    found = [row for row in kpis.of("cost_per_request") if row.scope.endswith(PRODUCTION)]
    return tuple(row for row in found if product_of(row) != NO_PRODUCT)


def _jobs(kpis: KpiMonth) -> tuple[KpiRow, ...]:
    """By job; the rows by window and of all would tell the same money again."""
    found = kpis.of("cost_per_job")
    return tuple(row for row in found if row.scope.startswith("job ")) or found


def _lines(kind: _Kind, kpis: KpiMonth, money: MoneyFormat) -> list[Line]:
    """The largest known ones, and one line for what is not known of the others; or the reason why none is."""
    known = [row for row in kind.rows if row.value is not None]
    unknown = [row for row in kind.rows if row.value is None]
    lines = [_unit_line(row, kpis, money, kind.called(row)) for row in known[:EACH]]
    if len(known) > EACH:
        lines.append(_fold(kind, known[EACH:], "more, in gold.kpis", "", money))
    if unknown:
        lines.append(_fold(kind, unknown, "more" if known else "", f"not known: {reasons(unknown)}", money))
    if not kind.rows:
        lines.append(fold(kind.title, f"not known: {kind.without}", len(_COLUMNS)))
    return lines


def _fold(kind: _Kind, rows: Sequence[KpiRow], more: str, note: str, money: MoneyFormat) -> Line:
    if len(rows) == 1 and not more:
        return unknown_line(name(kind.called(rows[0])).text, rows[0], len(_COLUMNS), money)
    words = kind.words[0] if len(rows) == 1 else kind.words[1]
    return fold(f"{kind.title}: {count(len(rows), money.locale)} {words} {more}".rstrip(), note, len(_COLUMNS))


def _unit_line(row: KpiRow, kpis: KpiMonth, money: MoneyFormat, called: str) -> Line:
    shown = name(called).text
    before = kpis.before(row)
    return Line(
        (
            Cell(shown, f"per {row.unit}" + ("" if row.is_complete else ", not complete")),
            Cell(amount_shown(row.value, money)),
            of_row(Cell(amount_shown(before.value if before else None, money)), before),
            ratio_cell(change_ratio(row, before), money),
            Cell(amount_shown(row.loaded_value, money)),
            Cell(three_digits(row.denominator, money.locale)),
            coverage(row, money),
        ),
        source_of(row),
    )


def tenants_table(kpis: KpiMonth, money: MoneyFormat) -> Table | None:
    """The dearest tenants by their whole cost; None where no tenant is known."""
    rows = [row for row in kpis.of("cost_per_tenant") if row.scope.startswith("tenant ") and row.value is not None]
    if not rows:
        return None
    ranked = sorted(rows, key=lambda row: (-(row.loaded_value or row.value or Decimal(0)), row.scope))
    lines = [
        Line(
            (
                name(row.scope.removeprefix("tenant ")),
                Cell(money.headline(row.loaded_value) if row.loaded_value is not None else NOTHING),
                ratio_cell(_loaded_change(row, kpis.before(row)), money),
                Cell(money.headline(row.value) if row.value is not None else NOTHING),
            ),
            source_of(row),
        )
        for row in ranked[: 2 * EACH]
    ]
    if len(ranked) > 2 * EACH:
        more = f"{count(len(ranked) - 2 * EACH, money.locale)} more tenants"
        lines.append(fold(more, "in gold.cost_per_tenant", 4))
    columns = (
        Column("Tenant", numeric=False),
        Column("Fully loaded", lead=True),
        Column("Change"),
        Column("Tagged alone"),
    )
    return Table("tenants", f"Dearest tenants in {month_name(kpis.month)}", columns, tuple(lines))


def _loaded_change(row: KpiRow, before: KpiRow | None) -> Decimal | None:
    if before is None or row.loaded_value is None or not before.loaded_value or before.loaded_value < 0:
        return None
    return row.loaded_value / before.loaded_value - 1
