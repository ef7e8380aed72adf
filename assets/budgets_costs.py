"""What budgets, vouchers and commitments are measured with: daily costs of whatever they bound, known and to come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from assets.forecasts_rows import SHARE, money
from assets.forecasts_series import grid_from, part_of
from assets.forecasts_words import method_of, reason_of
from assets.lens import Lens
from pipelines.budgets.budget import Scope, ScopeKind
from pipelines.budgets.burn_down import Outlook
from pipelines.budgets.chance import Estimate
from pipelines.forecast.days import Holidays
from pipelines.forecast.parts import Part, Told, tell, window
from pipelines.forecast.series import LEAST_VALUES

Costs = Mapping[date, Decimal]
ALLOCATED = "gold.allocated_costs"
_ZERO = Decimal(0)


@dataclass(frozen=True)
class Known:
    """Which days of the bill were read, and until when."""

    read: frozenset[date]

    @property
    def until(self) -> date:
        """The first day that is not known."""
        return max(self.read) + timedelta(days=1)

    def of(self, costs: Costs) -> dict[date, Decimal]:
        """Every read day with its cost; one without charges cost nothing."""
        return {day: costs.get(day, _ZERO) for day in self.read}


@dataclass(frozen=True)
class Ahead:
    """The cost from the first unknown day up to and including each day to come, or why it is not known."""

    outlooks: tuple[Outlook, ...]
    method: str | None = None
    reason: str | None = None
    is_measured: bool = True
    """Whether the bounds come from errors that were measured; else they are a guess and not to be shown."""


def costs_of(lens: Lens, scope: Scope, currency: str) -> Costs | str:
    """Daily costs of what a budget bounds, or why there are none to be known.

    A team and a product bear what is allocated to them, shared costs included; a tag what its resources cost.
    """
    table, chosen = "gold.daily_series", ""
    if scope.kind is ScopeKind.project:
        chosen = f"and (project_id = {_text(scope.value)} or project_name = {_text(scope.value)})"
    elif scope.kind in (ScopeKind.team, ScopeKind.product):
        table, chosen = ALLOCATED, f"and {scope.kind} = {_text(scope.value)}"
        if table not in lens.catalog.names() or lens.catalog.state(table).delta is None:
            return f"costs are not allocated to a {scope.kind} yet; `finops run` does it"
    elif scope.kind is ScopeKind.tag:
        key, _, value = scope.value.partition("=")
        path = _text('$."' + key.replace('"', '\\"') + '"')
        table, chosen = "silver.labelled_costs", f"and json_extract_string(tags_json, {path}) = {_text(value)}"
    rows = lens.query(
        f"select charge_date, cast(sum(billed_cost) as decimal(38, 12)) as cost from {table} "
        f"where billing_currency = {_text(currency)} and billed_cost is not null {chosen} group by charge_date"
    ).to_pylist()
    if not rows:
        return f"no cost in {currency} is known of {scope.kind} {scope.value}".rstrip() + "; check its name"
    return {row["charge_date"]: row["cost"] for row in rows}


def told_ahead(lens: Lens, scope: Scope, currency: str, known_until: date, costs: Costs) -> Ahead | None:
    """What `gold.forecast_days` says of the organisation or a project, so that both tables tell one figure.

    Where it says no bounds, they are guessed to be as wide as days differed.
    """
    if scope.kind not in (ScopeKind.organization, ScopeKind.project):
        return None
    whose = f"level = '{scope.kind}'"
    if scope.kind is ScopeKind.project:
        whose += f" and (project_id = {_text(scope.value)} or project_name = {_text(scope.value)})"
    newest = "made_on = (select max(made_on) from gold.forecasts)"
    chosen = f"{newest} and {whose} and billing_currency = {_text(currency)} and known_until = date '{known_until}'"
    rows = lens.query(
        "select charge_date, expected_to_date, low_to_date, high_to_date from gold.forecast_days "
        f"where {chosen} and expected_to_date is not null order by charge_date"
    ).to_pylist()
    said = lens.query(
        f"select method, reason from gold.forecasts where {chosen} and period = 'month_end' limit 1"
    ).to_pylist()
    if not rows or not said:
        return None
    spread = max(costs.values(), default=_ZERO) - min(min(costs.values(), default=_ZERO), _ZERO)
    outlooks, is_measured = [], True
    for days, row in enumerate(rows, 1):
        expected, low, high = row["expected_to_date"], row["low_to_date"], row["high_to_date"]
        if low is None or high is None:
            is_measured = False
            low, high = expected - days * spread, expected + days * spread
            low = max(low, min(expected, _ZERO)) if min(costs.values()) >= 0 else low
        outlooks.append(Outlook(row["charge_date"], Estimate(expected, low, high, SHARE)))
    return Ahead(tuple(outlooks), said[0]["method"], said[0]["reason"], is_measured)


def forecast_ahead(costs: Costs, known: Known, until: date, holidays: Holidays) -> Ahead:
    """The forecast of any daily cost, from the first unknown day to before `until`."""
    part, told = forecast_of(costs, known, until, holidays)
    if told is None:
        return Ahead((), reason=_too_short(part))
    outlooks = []
    reached = _ZERO
    for number in range((until - known.until).days):
        reached += money(told.shown.final[number])
        found = window(told, 0, number + 1, SHARE)
        cost = Estimate(reached, min(money(found.low), reached), max(money(found.high), reached), SHARE)
        outlooks.append(Outlook(known.until + timedelta(days=number), cost))
    last = window(told, 0, len(outlooks), SHARE)
    return Ahead(tuple(outlooks), method_of(told), reason_of(told, last), last.is_measured)


def points_ahead(costs: Costs, known: Known, until: date, holidays: Holidays) -> tuple[dict[date, Decimal], str | None]:
    """The forecast of each single day, without bounds, or why there is none."""
    part, told = forecast_of(costs, known, until, holidays)
    if told is None:
        return {}, _too_short(part)
    days = range((until - known.until).days)
    return {known.until + timedelta(days=number): money(told.shown.final[number]) for number in days}, None


def _too_short(part: Part) -> str:
    return f"{part.days} days of history; a forecast needs {LEAST_VALUES}"


def forecast_of(costs: Costs, known: Known, until: date, holidays: Holidays) -> tuple[Part, Told | None]:
    """The series from the bill's first day on, and its forecast to before `until`; None for too short a bill."""
    first = min(known.read)
    part = part_of(costs, first, known.until, known.read)
    if len(part.values) < LEAST_VALUES:
        return part, None
    return part, tell(part, grid_from(first), (until - known.until).days, holidays)


def total(costs: Costs, days: Sequence[date]) -> Decimal:
    """The cost of these days."""
    return sum((costs.get(day, _ZERO) for day in days), _ZERO)


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
