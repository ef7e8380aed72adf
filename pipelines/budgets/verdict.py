"""Whether a run fails on its budgets, and the lines that say why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from pipelines.budgets.budget import ScopeKind
from pipelines.budgets.standing import Standing, State

_ORDER = tuple(State)


@dataclass(frozen=True)
class Verdict:
    """Budgets that are broken, worst first, and those that could not be judged; one line each."""

    broken: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def fails(self) -> bool:
        return bool(self.broken)


def verdict(standings: Iterable[Standing], fails_from: State = State.expected_over) -> Verdict:
    """Broken is every budget whose state is `fails_from` or worse; one that is not known is not broken."""
    held = sorted(standings, key=lambda each: (-_ORDER.index(each.state), each.budget.name, each.budget.month))
    judged = [each for each in held if each.state is not State.unknown]
    broken = tuple(_line(each) for each in judged if _ORDER.index(each.state) >= _ORDER.index(fails_from))
    unknown = tuple(
        f"budget '{each.budget.name}' is not known: {each.reason}" for each in held if each.state is State.unknown
    )
    return Verdict(broken, unknown)


def _line(each: Standing) -> str:
    is_kpi = each.budget.scope.kind is ScopeKind.kpi
    told = [f"{_shown(each.to_date, is_kpi)} of {_shown(each.limit, is_kpi)} {each.budget.currency}"]
    if each.month_end is not None and each.state is not State.over:
        told.append(f"{_shown(each.month_end.expected, is_kpi)} expected ({each.variance_percent:+.1f} %)")
    breach = each.burn.breach if each.burn else None
    if breach is not None and breach.expected is not None:
        told.append(f"above it {'since' if breach.is_past else 'on'} {breach.expected}")
    return f"budget '{each.budget.name}' of {each.budget.month} is {each.state}: {', '.join(told)}"


def _shown(value: Decimal | None, is_kpi: bool) -> str:
    if value is None:
        return "an unreachable limit"
    return f"{value:,.6f}" if is_kpi else f"{value:,.2f}"
