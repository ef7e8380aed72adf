"""Why a unit costs more or less than in the month before: price, volume, mix, efficiency, new, gone."""

from dataclasses import dataclass
from decimal import Decimal

from pipelines.reporting.display import Cell, Column, Line, Table, Trace, name, sentence_case
from pipelines.reporting.folding import digits_adding_up, shortened
from pipelines.reporting.kpi_bridge_rows import FigureBridge, KpiBridgeRow, figure_bridges
from pipelines.reporting.kpi_cells import fold
from pipelines.reporting.money import NOTHING, MoneyFormat, arrow, count, percent, quantized
from pipelines.reporting.monthly_rows import MonthlyInput
from pipelines.reporting.monthly_tables import CAUSES
from pipelines.reporting.sentence import in_text, month_name

EACH = 4
"""Figures of one sort that have a line of their own: those that changed most."""

UNCHANGED = Decimal("0.0005")
"""A smaller change than this, relative to the figure, is none on paper."""

_FIGURES = {
    "cost_per_request": "Requests",
    "cost_per_tenant": "Tenant",
    "cost_per_gb": "Storage",
    "cost_per_deploy": "Deploy",
    "cost_per_job": "Job",
    "cost_per_query": "Queries",
}
_WHOLE = ("production", "tenants", "services")
"""Scopes that stand for all of their sort."""

_DIGITS_OF_A_VALUE, _DIGITS_OF_A_CHANGE = 3, 2


@dataclass(frozen=True)
class KpiBridgeBlock:
    """The section: a sentence about the leading figure and the figures with their causes."""

    lead: str
    table: Table


def kpi_bridge_block(report: MonthlyInput, money: MoneyFormat) -> KpiBridgeBlock | None:
    """The figures of the month that changed; None where no figure was ever set against the month before."""
    figures = sorted(figure_bridges(report.kpi_bridge), key=_place)
    if not figures:
        return None
    moved = [each for each in figures if each.ratio is not None and abs(each.ratio) >= UNCHANGED]
    shown = [each for kpi in _kinds(figures) for each in [one for one in moved if one.kpi == kpi][:EACH]]
    lines = [_line(each, report.month, money) for each in shown]
    lines += _folds(figures, moved, len(shown), money)
    before = month_name(report.month_before, beside=report.month)
    labels = (Column(before), Column(month_name(report.month, beside=report.month)), Column("Change", lead=True))
    columns = (Column("Unit", numeric=False), *labels, *(Column(label) for label in CAUSES))
    return KpiBridgeBlock(
        lead=_lead(shown[0], before, money) if shown else "",
        table=Table("kpi-bridge", f"Cost of one unit against {before}, and why", columns, tuple(lines)),
    )


def _kinds(figures: list[FigureBridge]) -> list[str]:
    return list(dict.fromkeys(each.kpi for each in figures))


def _place(figure: FigureBridge) -> tuple[int, bool, Decimal, str]:
    """Sorts of figures in the order of the table of unit costs; of one sort the whole, then what changed most."""
    order = list(_FIGURES)
    at = order.index(figure.kpi) if figure.kpi in order else len(order)
    return at, figure.scope not in _WHOLE, -abs(figure.ratio or Decimal(0)), figure.scope


def called(figure: FigureBridge) -> str:
    """`Requests: shop`, `Storage: object`."""
    title = _FIGURES.get(figure.kpi, sentence_case(figure.kpi.replace("_", " ")))
    scope = f"all of {figure.scope}" if figure.scope == "production" else figure.scope.removeprefix("product ")
    return title if figure.scope in ("tenants", "services") else f"{title}: {scope}"


def digits_of(figure: FigureBridge) -> int:
    """Digits after the point with which the figure has three significant ones and its change two."""
    assert figure.now is not None
    assert figure.change is not None
    places = [(figure.now, _DIGITS_OF_A_VALUE), (figure.change, _DIGITS_OF_A_CHANGE)]
    return max(0, *(digits - 1 - value.adjusted() for value, digits in places if value))


def _line(figure: FigureBridge, month: str, money: MoneyFormat) -> Line:
    """Both values, their difference and its causes, with as many digits as make the row add up."""
    assert figure.before is not None
    assert figure.now is not None
    digits = digits_of(figure)
    change = quantized(figure.now, digits) - quantized(figure.before, digits)
    effects = digits_adding_up(figure.effects, change, digits)
    tone = "more" if change > 0 else "less" if change < 0 else "quiet"
    ratio = percent(figure.ratio, money.locale, plus=True)
    cells = (
        Cell(name(called(figure)).text, f"per {figure.unit}"),
        Cell(money.with_digits(figure.before, digits)),
        Cell(money.with_digits(figure.now, digits)),
        Cell(money.with_digits(change, digits, plus=True), ratio, tone, arrow(change)),
        *(
            Cell(money.with_digits(each, digits, plus=True)) if each else Cell(NOTHING, tone="quiet")
            for each in effects
        ),
    )
    keys = (
        ("billing_month", month),
        ("kpi", figure.kpi),
        ("scope", figure.scope),
        ("billing_currency", money.currency),
    )
    return Line(cells, Trace(KpiBridgeRow.TABLE, keys))


def _folds(figures: list[FigureBridge], moved: list[FigureBridge], shown: int, money: MoneyFormat) -> list[Line]:
    """What has no line: smaller changes, none, and no split with the reason."""
    columns = 4 + len(CAUSES)
    lines = []
    if len(moved) > shown:
        more = f"{count(len(moved) - shown, money.locale)} more that changed less"
        lines.append(fold(more, "in gold.kpi_bridge", columns))
    same = [each for each in figures if each.change is not None and each not in moved]
    if same:
        names = shortened(", ".join(called(each) for each in same), 120)
        lines.append(fold(f"{count(len(same), money.locale)} as before", names, columns))
    for reason in dict.fromkeys(each.reason or "no reason was given" for each in figures if each.change is None):
        held = [each for each in figures if each.change is None and (each.reason or "no reason was given") == reason]
        label = called(held[0]) if len(held) == 1 else f"{count(len(held), money.locale)} figures"
        lines.append(fold(label, f"not split: {reason}", columns))
    return lines


def _lead(figure: FigureBridge, before: str, money: MoneyFormat) -> str:
    """The first figure in a sentence: by how much, and the effects that made most of it."""
    assert figure.change is not None
    assert figure.ratio is not None
    digits = digits_of(figure)
    word = "more" if figure.change > 0 else "less"
    one = in_text(called(figure))
    told = f"{one} cost {percent(abs(figure.ratio), money.locale)} {word} each than in {before}"
    effects = sorted(zip(CAUSES, figure.effects, strict=True), key=lambda item: -abs(item[1]))
    leading = [f"{label.lower()} {money.with_digits(each, digits, plus=True)}" for label, each in effects[:2] if each]
    return f"{told}: {' and '.join(leading)} per {figure.unit}." if leading else f"{told}."
